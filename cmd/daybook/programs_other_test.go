//go:build !windows

package main

// systemPrograms are what tests on this system start besides daybook.
func systemPrograms() map[string]func() { return nil }
