package ledger

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"daybook/internal/durable"
)

// Name is what the file is called in the book's directory.
const Name = "ledger.db"

// appID marks a database as a ledger: "dbLG", the application_id of SQLite.
const appID = 0x64624c47

//go:embed schema.sql
var schema string

//go:embed indexes.sql
var indexes string

const noIndexes = "DROP INDEX events_of_canvas; DROP INDEX events_of_camera; DROP INDEX events_of_node; DROP INDEX events_of_day"

// version is that of the ledgers that this program makes, and the newest that it uses. Older ones are read as they are, and made
// again, by the book and what only they have, when something is next posted. From firstChecked on pages have checksums.
const (
	version      = 4
	firstChecked = 4
)

// busyTimeout is how long a connection waits for others.
const busyTimeout = 10 * time.Second

// pragmas are what a connection that writes is told, and what it must say afterwards: one that SQLite does not know, or
// does not obey, it passes over in silence.
//
// The journal is a rollback journal, not a write-ahead log: a ledger is one file then, at rest, that may lie on any file
// system, and be read from a read-only one. FULL: what is committed outlives a power cut.
func pragmas() [][3]string {
	return [][3]string{
		{"journal_mode", "TRUNCATE", "truncate"},
		{"synchronous", "FULL", "2"},
		{"foreign_keys", "ON", "1"},
		{"trusted_schema", "OFF", "0"},
		{"cell_size_check", "ON", "1"},
		{"temp_store", "FILE", "1"},
		{"cache_size", "-32768", "-32768"},
	}
}

// openToWrite opens the ledger, and makes it if there is none. What is no ledger, or one of another version, stays as it is: the
// error is an *Error, or errOlder.
func openToWrite(ctx context.Context, fsys durable.FS, file string) (*conn, error) {
	found, err := look(fsys, file)
	if isMissing(err) {
		if err := durable.Replace(fsys, file, emptyPage()); err != nil {
			return nil, refused(file, err)
		}
		found, err = look(fsys, file)
	}
	if err != nil {
		return nil, err
	}
	c, err := open(ctx, file, "mode=rw", found)
	if err != nil {
		return nil, err
	}
	v, err := c.known() // before anything is said to it that might be written down
	if err == nil && 0 < v && v < version {
		err = errOlder
	}
	if err == nil {
		err = c.tell(pragmas())
	}
	if err == nil && v == 0 {
		err = c.transaction(func() error {
			return c.exec(fmt.Sprintf("%s\nPRAGMA application_id = %d; PRAGMA user_version = %d;", schema, appID, version))
		})
	}
	if err == nil { // a first posting may have been cut short
		err = c.exec(indexes)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// errOlder is a ledger of an older version, which is to be made again.
var errOlder = errors.New("the ledger is of an older version")

// openToRead opens the ledger so that nothing can be written by it.
func openToRead(ctx context.Context, fsys durable.FS, file string) (*conn, error) {
	found, err := look(fsys, file)
	if err != nil {
		return nil, err
	}
	return openLooked(ctx, file, "-32768", found)
}

// openLooked is openToRead of a file that was looked at, with a cache of its own size.
func openLooked(ctx context.Context, file, cache string, found looked) (*conn, error) {
	c, err := open(ctx, file, "mode=ro", found)
	if err != nil {
		return nil, err
	}
	v, err := c.known()
	if err == nil {
		err = c.tell([][3]string{
			{"query_only", "ON", "1"},
			{"trusted_schema", "OFF", "0"},
			{"cache_size", cache, cache},
			{"temp_store", "MEMORY", "2"},
		})
	}
	if err == nil && v == 0 {
		err = &Error{file, Missing, "there is no ledger yet", nil}
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func isMissing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Problem == Missing
}

// looked is what a ledger looks like from outside.
type looked struct{ sums bool }

// look refuses what cannot be a ledger, before SQLite opens it, and what SQLite would open besides. No connection of this process
// may be open: to close a file gives back the locks that the process has on it.
func look(fsys durable.FS, file string) (looked, error) {
	info, err := fsys.Stat(file)
	if err == nil && !info.Mode.IsRegular() {
		return looked{}, &Error{file, Foreign, "it is no regular file", nil}
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size == 0 {
		return looked{}, &Error{file, Missing, "there is no ledger", nil}
	}
	if err != nil {
		return looked{}, refused(file, err)
	}
	for _, suffix := range []string{journalSuffix, "-wal", "-shm"} {
		beside, err := fsys.Stat(file + suffix)
		if err == nil && !beside.Mode.IsRegular() {
			return looked{}, &Error{file, Blocked, filepath.Base(file) + suffix + " beside it is no regular file", nil}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return looked{}, refused(file+suffix, err)
		}
	}
	f, err := fsys.Open(file, false)
	if err != nil {
		return looked{}, refused(file, err)
	}
	defer f.Close() // nothing was written
	head := make([]byte, headSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return looked{}, fmt.Errorf("read %s: %w", file, err)
	}
	head = head[:n]
	if sums := hasSums(head); sums || strings.HasPrefix(string(head), sqliteMagic) {
		return looked{sums}, nil // of one that has checksums SQLite finds whether the beginning is right
	}
	return looked{}, &Error{file, Foreign, "it is no SQLite database", nil}
}

func refused(file string, err error) error {
	var known *Error
	if durable.IsRefused(err) && !errors.As(err, &known) {
		return &Error{file, ReadOnly, fmt.Sprintf("it cannot be opened: %v", err), err}
	}
	return err
}

// known returns the version of a ledger, 0 of an empty database, which will be one. It refuses other databases, and newer ledgers.
func (c *conn) known() (int64, error) {
	id, err := c.value("PRAGMA application_id")
	if err != nil {
		return 0, err
	}
	v, err := c.value("PRAGMA user_version")
	if err != nil {
		return 0, err
	}
	tables, err := c.value("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return 0, err
	}
	n, _ := v.(int64)
	switch {
	case id == int64(0) && n == 0 && tables == int64(0):
		return 0, nil
	case id != int64(appID):
		return 0, &Error{c.file, Foreign, fmt.Sprintf("it is another program's database (application_id %v)", id), nil}
	case n > version || n < 1:
		return 0, &Error{c.file, Newer, fmt.Sprintf(
			"the ledger has version %v, this program knows versions up to %d: use a newer daybook", v, version), nil}
	}
	return n, nil
}

// tell sets pragmas and reads them back.
func (c *conn) tell(list [][3]string) error {
	for _, p := range list {
		if err := c.exec("PRAGMA " + p[0] + " = " + p[1]); err != nil {
			return err
		}
		got, err := c.value("PRAGMA " + p[0])
		if err != nil {
			return err
		}
		if text := strings.ToLower(fmt.Sprint(got)); text != p[2] {
			return fmt.Errorf("%s: SQLite has %s %s and not %s", c.file, p[0], text, p[2])
		}
	}
	return nil
}

// transaction commits what f does if it returns nil, and takes it back otherwise. It waits for other writers first, not in
// its midst.
func (c *conn) transaction(f func() error) error {
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = c.exec("COMMIT")
	}
	if err != nil {
		// After some errors SQLite has rolled back already, and says so: nothing is open then either.
		_ = c.rollback()
	}
	return err
}
