package ledger

import (
	"errors"
	"fmt"

	sqlite "modernc.org/sqlite"

	"daybook/internal/durable"
)

// Problem is why a ledger cannot be used as it is.
type Problem string

const (
	Foreign  Problem = "foreign"  // the file is no ledger: another program's database, or no database
	Newer    Problem = "newer"    // a newer Daybook has made it
	Damaged  Problem = "damaged"  // SQLite finds it malformed
	Busy     Problem = "busy"     // another program holds it for long
	ReadOnly Problem = "readonly" // it cannot be written
	Full     Problem = "full"     // the disk has no room
	Blocked  Problem = "blocked"  // something else stands where SQLite would have a file of its own
	Lacking  Problem = "lacking"  // days that were retired by deletion are not in it
	Missing  Problem = "missing"  // there is none, and it was only to be read
)

// Error is a ledger that cannot be used. It stays as it is in any case. One that is Busy is also durable.ErrLocked.
type Error struct {
	File    string
	Problem Problem
	Reason  string // for people
	Err     error  // may be nil
}

func (e *Error) Error() string { return e.File + ": " + e.Reason }

func (e *Error) Unwrap() []error {
	list := []error{e.Err}
	if e.Problem == Busy {
		list = append(list, durable.ErrLocked)
	}
	if e.Err == nil {
		list = list[1:]
	}
	return list
}

// The primary result codes of SQLite that say something of the file (sqlite.org/rescode.html).
const (
	sqliteError      = 1
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadOnly   = 8
	sqliteStopped    = 9 // interrupted
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteConstraint = 19
	sqliteMismatch   = 20
	sqliteAuth       = 23
	sqliteNotADB     = 26
	// What was being written is to be taken back first, which who only reads cannot.
	sqliteReadOnlyRollback = 8 | 3<<8
	// A page's checksum is another: see checkedVFS.
	sqliteWrongSum = 10 | 32<<8
)

// codeOf returns SQLite's primary result code of an error, 0 if it is none of SQLite's.
func codeOf(err error) int { return extendedCode(err) & 0xff }

// extendedCode returns the extended one.
func extendedCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// explain makes of an error of SQLite's one that says what is wrong with the file.
func explain(file string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	wrong := func(p Problem, reason string) error { return &Error{file, p, reason, err} }
	if extendedCode(err) == sqliteWrongSum {
		return wrong(Damaged, "the database is damaged: a page is not what was written, by its checksum")
	}
	switch codeOf(err) {
	case 0:
		return err
	case sqliteBusy, sqliteLocked:
		return wrong(Busy, "another program has been using the database for long")
	case sqliteReadOnly:
		return wrong(ReadOnly, "the database cannot be written: it, or its directory, is read-only")
	case sqliteCorrupt, sqliteConstraint, sqliteMismatch: // what is posted goes into every ledger that is whole
		return wrong(Damaged, fmt.Sprintf("the database is damaged: %v", err))
	case sqliteNotADB:
		return wrong(Foreign, "it is no SQLite database")
	case sqliteFull:
		return wrong(Full, "there is no room for the database on the disk")
	case sqliteCantOpen:
		return wrong(ReadOnly, fmt.Sprintf("the database, or the journal beside it, cannot be opened: %v", err))
	}
	return fmt.Errorf("%s: %w", file, err)
}
