//go:build !unix

package main

import (
	"errors"

	"github.com/rogpeppe/go-internal/testscript"
)

// holdLock is the script command `lock FILE`, where there is none.
func holdLock(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("lock: only on Unix; put [!unix] stop before it")
}

// lockHolder is a program for tests that run on Unix only.
func lockHolder([]string) error { return errors.ErrUnsupported }
