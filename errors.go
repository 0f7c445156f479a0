package daybook

import (
	"errors"

	"daybook/internal/durable"
)

var (
	// ErrConflict is what Append returns when the day holds another event of the same event_id. Nothing is stored.
	ErrConflict = errors.New("the day holds another event with this event_id")
	// ErrLocked is what Append and Open return when somebody else held the book's lock until Options.LockTimeout.
	// Nothing is stored.
	ErrLocked = durable.ErrLocked
	// ErrNoBook is what Open returns for a directory without a daybook.json, if Options.MustExist is set or the directory
	// has days: then the error is also a *SettingsError.
	ErrNoBook = errors.New("no book here")
	// ErrClosed is what the methods of a Book return after Close.
	ErrClosed = errors.New("the book is closed")
)

// RuleError tells which rule of the book an event breaks (docs/format.md lists them). Nothing is stored.
type RuleError struct {
	Member string // the member, outer ones first, joined by dots; "" for the event as a whole
	Rule   string // what the rule demands
}

func (e *RuleError) Error() string {
	if e.Member == "" {
		return e.Rule
	}
	return e.Member + ": " + e.Rule
}

// SettingsError tells why a daybook.json cannot be obeyed.
type SettingsError struct {
	File   string
	Reason string

	missing bool // there is no such file
}

func (e *SettingsError) Error() string { return e.File + ": " + e.Reason }

// Is reports that a missing file is ErrNoBook.
func (e *SettingsError) Is(target error) bool { return e.missing && target == ErrNoBook }

// IsFull reports whether err means that there is no room: no space or quota left, or a file size limit reached.
func IsFull(err error) bool { return durable.IsFull(err) }
