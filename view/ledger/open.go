package ledger

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"daybook/internal/durable"
)

// Name is what the file is called in the book's directory.
const Name = "ledger.db"

// appID marks a database as a ledger: "dbLG", the application_id of SQLite.
const appID = 0x64624c47

//go:embed schema.sql
var schema string

//go:embed schema_2.sql
var schema2 string

//go:embed schema_3.sql
var schema3 string

//go:embed indexes.sql
var indexes string

const noIndexes = "DROP INDEX events_of_canvas; DROP INDEX events_of_camera; DROP INDEX events_of_node; DROP INDEX events_of_day"

// migrations lead from each version to the next. One that has been released never changes.
func migrations() []string { return []string{schema, schema2, schema3} }

// version is that of the ledgers that this program makes, and the newest that it uses.
func version() int64 { return int64(len(migrations())) }

// busyTimeout is how long SQLite waits for other connections, in milliseconds.
const busyTimeout = 10_000

// pragmas are what a connection that writes is told, and what it must say afterwards: one that SQLite does not know, or
// does not obey, it passes over in silence.
//
// The journal is a rollback journal, not a write-ahead log: a ledger is one file then, at rest, that may lie on any file
// system, and be read from a read-only one. FULL: what is committed outlives a power cut.
func pragmas() [][3]string {
	return [][3]string{
		{"journal_mode", "TRUNCATE", "truncate"},
		{"synchronous", "FULL", "2"},
		{"busy_timeout", fmt.Sprint(busyTimeout), fmt.Sprint(busyTimeout)},
		{"foreign_keys", "ON", "1"},
		{"trusted_schema", "OFF", "0"},
		{"cell_size_check", "ON", "1"},
		{"temp_store", "FILE", "1"},
		{"cache_size", "-32768", "-32768"},
	}
}

// openToWrite opens the ledger, makes it if there is none, and brings its schema up to date. What is no ledger stays as it is.
func openToWrite(fsys durable.FS, file string) (*conn, error) {
	if err := look(fsys, file); err != nil && !isMissing(err) {
		return nil, err
	}
	// SQLite would make the file with the umask's mode.
	f, _, err := fsys.Create(file)
	if err != nil {
		return nil, refused(file, err)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	c, err := open(file, "mode=rw")
	if err != nil {
		return nil, err
	}
	// The page size is that of a new file only. Rows have some 600 bytes: on larger pages posting takes a fifth less.
	err = c.exec(fmt.Sprintf("PRAGMA busy_timeout = %d; PRAGMA page_size = 8192", busyTimeout))
	if err == nil {
		err = c.known() // before anything is said to it that might be written down
	}
	if err == nil {
		err = c.tell(pragmas())
	}
	if err == nil {
		err = c.migrate()
	}
	if err == nil { // a first posting may have been cut short
		err = c.exec(indexes)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// openToRead opens the ledger so that nothing can be written by it.
func openToRead(fsys durable.FS, file string) (*conn, error) {
	if err := look(fsys, file); err != nil {
		return nil, err
	}
	return openLooked(file, "-32768")
}

// openLooked is openToRead of a file that was looked at, with a cache of its own size.
func openLooked(file, cache string) (*conn, error) {
	c, err := open(file, "mode=ro")
	if err != nil {
		return nil, err
	}
	err = c.tell([][3]string{
		{"busy_timeout", fmt.Sprint(busyTimeout), fmt.Sprint(busyTimeout)},
		{"query_only", "ON", "1"},
		{"trusted_schema", "OFF", "0"},
		{"cache_size", cache, cache},
		{"temp_store", "MEMORY", "2"},
	})
	if err == nil {
		err = c.known()
	}
	var v any
	if err == nil {
		v, err = c.value("PRAGMA user_version")
	}
	if err == nil && v == int64(0) {
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

// look refuses what cannot be a ledger, before SQLite opens it. No connection of this process may be open: to close a file
// gives back the locks that the process has on it.
func look(fsys durable.FS, file string) error {
	info, err := fsys.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{file, Missing, "there is no ledger", nil}
	}
	if err != nil {
		return refused(file, err)
	}
	if !info.Mode.IsRegular() {
		return &Error{file, Foreign, "it is no regular file", nil}
	}
	f, err := fsys.Open(file, false)
	if err != nil {
		return refused(file, err)
	}
	defer f.Close() // nothing was written
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if n > 0 && string(head[:n]) != "SQLite format 3\x00" {
		return &Error{file, Foreign, "it is no SQLite database", nil}
	}
	return nil
}

func refused(file string, err error) error {
	if durable.IsRefused(err) {
		return &Error{file, ReadOnly, fmt.Sprintf("it cannot be opened: %v", err), err}
	}
	return err
}

// known refuses databases that are no ledger, or a newer one. An empty one will be a ledger.
func (c *conn) known() error {
	id, err := c.value("PRAGMA application_id")
	if err != nil {
		return err
	}
	v, err := c.value("PRAGMA user_version")
	if err != nil {
		return err
	}
	tables, err := c.value("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	switch {
	case id == int64(appID):
	case id == int64(0) && v == int64(0) && tables == int64(0):
		return nil
	default:
		return &Error{c.file, Foreign, fmt.Sprintf("it is another program's database (application_id %v)", id), nil}
	}
	if n, ok := v.(int64); !ok || n > version() || n < 1 {
		return &Error{c.file, Newer, fmt.Sprintf(
			"the ledger has version %v, this program knows versions up to %d: use a newer daybook", v, version()), nil}
	}
	return nil
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

// migrate brings the schema up to date: each step in a transaction of its own, with the version that it leads to.
func (c *conn) migrate() error {
	for {
		v, err := c.value("PRAGMA user_version")
		if err != nil || v == version() {
			return err
		}
		err = c.transaction(func() error {
			v, err := c.value("PRAGMA user_version") // another process may have been faster
			n, ok := v.(int64)
			if err != nil || !ok || n >= version() {
				return err
			}
			return c.exec(fmt.Sprintf("%s\nINSERT INTO schema_version VALUES (%d);\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;",
				migrations()[n], n+1, appID, n+1))
		})
		if err != nil {
			return fmt.Errorf("bring the ledger's schema up to date: %w", err)
		}
	}
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
		_ = c.exec("ROLLBACK")
	}
	return err
}
