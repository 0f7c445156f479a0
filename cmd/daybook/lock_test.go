package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/rogpeppe/go-internal/testscript"

	"daybook/internal/faultfs"
)

// holdLock is the script command `lock FILE`.
func holdLock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lock FILE")
	}
	f, err := locked(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { f.Close() }) // closing gives the lock back
}

// lockHolder is a program that takes the lock of FILE, says so, and holds it until it is dead: `daybook-hold FILE`.
func lockHolder(args []string) error {
	if _, err := locked(args[0]); err != nil {
		return err
	}
	fmt.Println("held")
	select {}
}

// locked returns a file whose lock is taken.
func locked(name string) (io.Closer, error) {
	f, _, err := (&faultfs.FS{}).Create(name)
	if err != nil {
		return nil, err
	}
	if ok, err := f.TryLock(); err != nil || !ok {
		return nil, errors.Join(err, f.Close(), fmt.Errorf("the lock of %s is taken", name))
	}
	return f, nil
}
