//go:build unix

package main

import (
	"errors"
	"io/fs"
	"syscall"

	"daybook"
)

// whereRoom says how to see what room there is.
const whereRoom = ", in bytes (`df -h`) or in files (`df -i`)"

// remedy says what can be done about what a file system refuses; "" if that is not known.
func remedy(err error) string {
	switch {
	case daybook.IsFull(err):
		return "make room on the disk that holds the book" + whereRoom
	case errors.Is(err, syscall.EROFS):
		return "the file system is mounted read-only: mount it writable (`mount -o remount,rw`), " +
			"or name another book with --book"
	case errors.Is(err, fs.ErrPermission):
		return "look who owns the book's directory and its files, and with which mode (`ls -l`, `lsattr`)"
	case errors.Is(err, syscall.ENAMETOOLONG):
		return "name a book with a shorter path"
	case errors.Is(err, syscall.ELOOP):
		return "symbolic links lead in a circle: remove one of them"
	}
	return ""
}

// isClosedPipe reports whether err means that the reader of a pipe has gone.
func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
