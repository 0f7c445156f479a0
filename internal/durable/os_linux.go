package durable

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// Sync is fdatasync: the contents and the size, not the times.
func (f osFile) Sync() error {
	for {
		switch err := unix.Fdatasync(int(f.File.Fd())); err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
		}
	}
}
