package daybook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// DamageError tells of bytes in a day file that are no event. The events before and after them are not touched by it. Lines
// that follow on each other and of which none begins to be an event are one DamageError.
type DamageError struct {
	File           string   // path of the day file, or of the packed file of a retired day
	Offset, Length int64    // in that file, in bytes
	Lines          int      // how many lines these bytes are; 0 if the day as a whole is not what it was
	Reason         string   // of several lines the first one's
	Position       Position // of the lines, as an event's

	hopeless bool // no line can hold an event
}

func (e *DamageError) Error() string {
	if e.Lines == 0 {
		return e.File + ": " + e.Reason
	}
	if e.Lines > 1 {
		return fmt.Sprintf("%s: %d damaged lines, %d bytes at offset %d; the first: %s", e.File, e.Lines, e.Length, e.Offset, e.Reason)
	}
	return fmt.Sprintf("%s: %d damaged bytes at offset %d: %s", e.File, e.Length, e.Offset, e.Reason)
}

// join makes next, which was read after e, a part of e, or reports false: it is another piece of damage. e may be nil.
func (e *DamageError) join(next *DamageError) bool {
	if e == nil || next == nil || !e.hopeless || !next.hopeless || e.File != next.File || e.Offset+e.Length != next.Offset {
		return false
	}
	e.Length += next.Length
	e.Lines += next.Lines
	e.Position.Length += next.Position.Length
	return true
}

func asDamage(err error) (harm *DamageError) {
	errors.As(err, &harm)
	return harm
}

func isDamage(err error) bool { return asDamage(err) != nil }

// UnreadableError tells of a day that cannot be read, or not to its end: something else stands in its file's place, this
// process may not read it, or the disk fails. The other days can be read.
type UnreadableError struct {
	Day  Day
	File string // path of the day file
	Err  error  // the file system's error, or what stands in the file's place
}

func (e *UnreadableError) Error() string {
	if strings.Contains(e.Err.Error(), e.File) {
		return e.Err.Error()
	}
	return e.File + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *UnreadableError) Unwrap() error { return e.Err }

// unreadable returns err, which reading a day has met, as an *UnreadableError if it is the day's own: if it has to do
// neither with the caller nor with the book or the machine as a whole.
func (b *Book) unreadable(day Day, err error) error {
	for _, other := range []error{
		errStop, context.Canceled, context.DeadlineExceeded, ErrLocked, ErrClosed, ErrNoBook,
		syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM,
	} {
		if errors.Is(err, other) {
			return err
		}
	}
	if err == nil || isDamage(err) || IsFull(err) {
		return err
	}
	return &UnreadableError{Day: day, File: b.dayPath(day), Err: err}
}

// isUnreadable reports whether err is an *UnreadableError.
func isUnreadable(err error) bool {
	var day *UnreadableError
	return errors.As(err, &day)
}
