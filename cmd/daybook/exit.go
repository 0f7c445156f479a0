package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"daybook"
	"daybook/view/ledger"
)

// The exit statuses: part of the program's interface, documented in docs/cli.md.
const (
	exitDone        = 0
	exitFailed      = 1   // something failed or was rejected
	exitUsage       = 2   // the command line is wrong
	exitDamage      = 3   // damage was found
	exitLocked      = 4   // the book's lock is held by somebody else
	exitNoBook      = 5   // there is no book here
	exitInterrupted = 130 // a signal cut the command short
	exitPipe        = 141 // nobody reads the output any more, as if SIGPIPE had ended the process
)

// failure is an error that knows its exit status or its remedy. The zero code leaves the status, and an empty hint
// the hint, to err; without err nothing is printed, because everything is said already.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string {
	if f.err == nil {
		return "failed"
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// usage is a wrong command line.
func usage(hint, format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...), hint}
}

// errOutput marks an error in writing to stdout.
var errOutput = errors.New("write the output")

func outputError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errOutput, err)
}

// output is a writer to stdout whose errors are marked so.
type output struct{ io.Writer }

func (o output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	return n, outputError(err)
}

// report tells what went wrong and how to mend it, and returns the exit status.
func report(e env, err error) int {
	code, hint := judge(err)
	var f *failure
	if code == exitDone || code == exitPipe || errors.As(err, &f) && f.err == nil {
		return code
	}
	e.say("error", "%v", err)
	if hint != "" {
		e.say("hint", "%s", hint)
	}
	return code
}

// judge is the one place that knows which error gives which exit status, and what the remedy is.
func judge(err error) (code int, hint string) {
	code, hint = judgeCause(err)
	var f *failure
	if errors.As(err, &f) {
		if f.code != 0 {
			code = f.code
		}
		if f.hint != "" {
			hint = f.hint
		}
	}
	return code, hint
}

func judgeCause(err error) (code int, hint string) {
	var damage *daybook.DamageError
	var wrong *ledger.Error
	var settings *daybook.SettingsError
	switch {
	case err == nil:
		return exitDone, ""
	case errors.Is(err, errOutput) && isClosedPipe(err):
		return exitPipe, ""
	case errors.Is(err, errOutput):
		return exitFailed, ""
	case errors.Is(err, context.Canceled):
		return exitInterrupted, ""
	case errors.As(err, &wrong):
		return judgeLedger(wrong)
	case errors.Is(err, daybook.ErrLocked):
		return exitLocked, "another program holds the lock for long: wait for it and try again"
	case errors.Is(err, daybook.ErrNoBook) && errors.As(err, &settings):
		return exitNoBook, "`daybook init --zone ZONE --rules RULES` makes it; `daybook verify` then says whether events are in other days"
	case errors.Is(err, daybook.ErrNoBook):
		return exitNoBook, "make a book with `daybook init`, or name one with --book DIR or DAYBOOK_DIR"
	case errors.As(err, &damage):
		return exitDamage, "`daybook verify` lists all damage; nothing was changed"
	case daybook.IsFull(err):
		return exitFailed, "make room on the disk that holds the book" + whereRoom + ", then try again"
	}
	return exitFailed, remedy(err)
}

// judgeLedger is judgeCause for what is wrong with a ledger, which stays as it is.
func judgeLedger(e *ledger.Error) (code int, hint string) {
	switch e.Problem {
	case ledger.Busy:
		return exitLocked, "another program posts to the ledger or reads it for long: wait for it and try again"
	case ledger.Damaged:
		return exitDamage, "`daybook sync --rebuild` makes a new one from the book and keeps this one aside"
	case ledger.Blocked:
		return exitFailed, "remove or rename it: SQLite would open it"
	case ledger.Foreign:
		return exitFailed, "move it away, or have `daybook sync --rebuild` keep it aside and make a ledger"
	case ledger.Newer:
		return exitFailed, "use the newer daybook, or move the file away and run `daybook sync`: it is made from the book"
	case ledger.ReadOnly:
		return exitFailed, "see who may write the file and its directory"
	case ledger.Full:
		return exitFailed, "make room on the disk that holds the book" + whereRoom + ", then try again"
	case ledger.Lacking:
		return exitDamage, "put back a copy of ledger.db that has them, or ask for the days that are there, with --from and --to"
	case ledger.Missing:
		return exitFailed, "`daybook sync` makes one from the book"
	}
	return exitFailed, ""
}
