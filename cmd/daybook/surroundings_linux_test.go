package main

import (
	"testing"

	"daybook/internal/rerun"
)

// TestScriptsAsNobody runs testdata/nobody/*.txtar as a user whom modes of files restrict.
func TestScriptsAsNobody(t *testing.T) {
	if rerun.AsNobody(t, "testdata/nobody") {
		runScripts(t, "testdata/nobody")
	}
}

// TestScriptsWithMounts runs testdata/mounts/*.txtar where a script may mount what it likes.
func TestScriptsWithMounts(t *testing.T) {
	if rerun.WithMounts(t) {
		runScripts(t, "testdata/mounts")
	}
}
