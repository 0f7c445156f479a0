//go:build !windows

package main

import "context"

// untilStopped gives work a context that ends when the program has to stop, and returns its exit status.
func untilStopped(work func(context.Context) int) int { return untilSignal(work) }
