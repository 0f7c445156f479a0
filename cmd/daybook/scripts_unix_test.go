//go:build unix

package main

import "testing"

// TestScriptsOnUnix runs testdata/unix/*.txtar: what a shell does, and what only Unix systems have.
func TestScriptsOnUnix(t *testing.T) { runScripts(t, "testdata/unix") }
