package main

import (
	"errors"
	"io/fs"
	"syscall"

	"golang.org/x/sys/windows"

	"daybook"
)

// whereRoom says how to see what room there is.
const whereRoom = " (`Get-PSDrive`)"

// remedy says what can be done about what a file system refuses; "" if that is not known.
func remedy(err error) string {
	switch {
	case daybook.IsFull(err):
		return "make room on the disk that holds the book" + whereRoom
	case errors.Is(err, windows.ERROR_WRITE_PROTECT):
		return "the disk is write-protected: take the protection away, or name another book with --book"
	case errors.Is(err, windows.ERROR_SHARING_VIOLATION):
		return "another program has the file open: close it there, and try again"
	case errors.Is(err, fs.ErrPermission):
		return "look who may write to the book's directory and its files (`icacls`), and whether another program, " +
			"a virus scanner say, has one of them open"
	case errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE):
		return "name a book with a shorter path"
	}
	return ""
}

// isClosedPipe reports whether err means that the reader of a pipe has gone.
func isClosedPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, syscall.EPIPE)
}
