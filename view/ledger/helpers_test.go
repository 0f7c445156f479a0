package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"daybook"
)

func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newBook returns an empty book.
func newBook(t testing.TB, settings *daybook.Settings) *daybook.Book {
	t.Helper()
	b, err := daybook.Open(t.TempDir(), &daybook.Options{Sync: daybook.SyncNone, Settings: settings})
	try(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

func put(t testing.TB, b *daybook.Book, lines ...string) {
	t.Helper()
	events := make([]daybook.Event, len(lines))
	for i, line := range lines {
		e, err := daybook.ParseEvent([]byte(line))
		try(t, err)
		events[i] = e
	}
	for _, v := range b.AppendAll(context.Background(), events) {
		try(t, v.Err)
	}
}

// newView returns a View of a book, as if the book had been opened with it.
func newView(t testing.TB, b *daybook.Book, opts Options) *View {
	t.Helper()
	v := New(opts)
	try(t, v.Open(context.Background(), b))
	t.Cleanup(func() { v.Close() })
	return v
}

func catchUp(t testing.TB, v *View) Summary {
	t.Helper()
	done, err := v.CatchUp(context.Background())
	try(t, err)
	return done
}

// stored is a row of events, as far as the book has it.
type stored struct{ Day, ID, Line string }

// scan reads the day files by plain means: what lines there are that are an event.
func scan(t testing.TB, dir string) []stored {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "????-??-??", "events.json"))
	try(t, err)
	slices.Sort(files)
	var list []stored
	for _, file := range files {
		data, err := os.ReadFile(file)
		try(t, err)
		list = append(list, events(filepath.Base(filepath.Dir(file)), data)...)
	}
	return list
}

// events are the lines of a day's file that are whole events.
func events(day string, data []byte) (list []stored) {
	for line := range bytes.Lines(data) {
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		var e struct {
			ID string `json:"event_id"`
		}
		if whole && utf8.Valid(text) && json.Unmarshal(text, &e) == nil {
			list = append(list, stored{day, e.ID, string(text)})
		}
	}
	return list
}

// rows reads the ledger through a connection of database/sql.
func rows(t testing.TB, dir string) []stored {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, Name)+"?mode=ro")
	try(t, err)
	defer db.Close()
	found, err := db.Query("SELECT day, event_id, line FROM events ORDER BY id")
	try(t, err)
	defer found.Close()
	var list []stored
	for found.Next() {
		var s stored
		try(t, found.Scan(&s.Day, &s.ID, &s.Line))
		list = append(list, s)
	}
	try(t, found.Err())
	var ok string
	try(t, db.QueryRow("PRAGMA integrity_check").Scan(&ok))
	if ok != "ok" {
		t.Errorf("integrity_check: %s", ok)
	}
	return list
}

// openRaw opens a ledger as Rebuild does.
func openRaw(t testing.TB, file string) *conn {
	t.Helper()
	data, err := os.ReadFile(file)
	try(t, err)
	c, err := open(context.Background(), file, "mode=rw", looked{sums: hasSums(data[:min(len(data), headSize)])})
	try(t, err)
	return c
}

// older makes the ledger of a book one of an older version.
func older(t testing.TB, b *daybook.Book, version int) {
	t.Helper()
	file := filepath.Join(b.Dir(), Name)
	try(t, os.Rename(file, file+".made"))
	schema, err := os.ReadFile(filepath.Join("testdata", "version_3.sql"))
	try(t, err)
	db, err := sql.Open("sqlite", "file:"+file)
	try(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, query := range []string{string(schema), indexes, "ATTACH '" + file + ".made' AS made"} {
		_, err := db.Exec(query)
		try(t, err)
	}
	for _, table := range []string{"events", "cursors", "glances", "days", "counts", "learned"} {
		_, err := db.Exec("INSERT INTO main." + table + " SELECT * FROM made." + table)
		try(t, err)
	}
	_, err = db.Exec("DETACH made")
	try(t, err)
	if version == 1 {
		for _, query := range []string{
			"ALTER TABLE cursors DROP COLUMN base", "ALTER TABLE cursors DROP COLUMN retired", "ALTER TABLE cursors DROP COLUMN retired_sum",
		} {
			_, err := db.Exec(query)
			try(t, err)
		}
	}
	if version < 3 {
		_, err := db.Exec(fmt.Sprintf("DROP TABLE glances; DELETE FROM schema_version WHERE version > %d; PRAGMA user_version = %[1]d", version))
		try(t, err)
	}
	try(t, os.Remove(file+".made"))
}

// compare has the rows be the lines of the days: no more, no less, in their order, byte for byte.
func compare(t testing.TB, dir string) {
	t.Helper()
	if err := differ(scan(t, dir), rows(t, dir)); err != nil {
		t.Error(err)
	}
}

func differ(want, got []stored) error {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Errorf("row %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
	if len(want) != len(got) {
		return fmt.Errorf("got %d rows, want %d", len(got), len(want))
	}
	return nil
}

// ask returns what a query yields, a row a line, values divided by |.
func ask(t testing.TB, b *daybook.Book, query string) string {
	t.Helper()
	c, err := openToRead(context.Background(), b.FS(), filepath.Join(b.Dir(), Name))
	try(t, err)
	defer c.close()
	var out strings.Builder
	try(t, c.each(query, nil, func(values []driver.Value) error {
		for i, v := range values {
			if i > 0 {
				out.WriteByte('|')
			}
			fmt.Fprint(&out, v)
		}
		out.WriteByte('\n')
		return nil
	}))
	return out.String()
}
