package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// TestUnusable: a database that is no ledger of ours, damaged, or held by somebody, is reported for what it is and stays as it
// is, byte for byte.
func TestUnusable(t *testing.T) {
	statement := func(queries ...string) func(t *testing.T, file string) {
		return func(t *testing.T, file string) {
			db, err := sql.Open("sqlite", "file:"+file)
			try(t, err)
			for _, q := range queries {
				_, err := db.Exec(q)
				try(t, err)
			}
			try(t, db.Close())
		}
	}
	for _, test := range []struct {
		name string
		make func(t *testing.T, file string)
		want Problem
		says string
	}{
		{"notes", func(t *testing.T, file string) { try(t, os.WriteFile(file, []byte("notes"), 0o644)) }, Foreign, "no SQLite"},
		{"a directory", func(t *testing.T, file string) { try(t, os.Mkdir(file, 0o755)) }, Foreign, "no regular file"},
		{"another database", statement("CREATE TABLE x (y)"), Foreign, "another program's"},
		{"another application", statement("CREATE TABLE x (y)", "PRAGMA application_id = 7"), Foreign, "application_id 7"},
		{"an old ledger, of a newer version", statement("PRAGMA application_id = 1684163655", "CREATE TABLE x (y)",
			"PRAGMA user_version = 99"), Newer, "version 99"},
		{"half of its pages are garbage", func(t *testing.T, file string) {
			b := newBook(t, nil)
			for i := range 200 {
				put(t, b, camera(fmt.Sprint(i), "2025-11-08T10:00:00Z", "text"))
			}
			catchUp(t, newView(t, b, Options{}))
			data, err := os.ReadFile(filepath.Join(b.Dir(), Name))
			try(t, err)
			for i := 4096; i < len(data); i++ {
				data[i] = byte(i * 7)
			}
			try(t, os.WriteFile(file, data, 0o644))
		}, Damaged, "damaged"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBook(t, nil)
			put(t, b, camera("a", "2025-11-08T10:00:00Z", "text"))
			file := filepath.Join(b.Dir(), Name)
			test.make(t, file)
			before, berr := os.ReadFile(file)
			v := newView(t, b, Options{})
			for what, do := range map[string]func() error{
				"CatchUp": func() error { _, err := v.CatchUp(context.Background()); return err },
				"Ask": func() error {
					return Ask(context.Background(), b, "SELECT * FROM events", func([]string) error { return nil }, func([]any) error { return nil })
				},
			} {
				var wrong *Error
				if err := do(); !errors.As(err, &wrong) || wrong.Problem != test.want || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%s: got %v, want one that is %s and says %q", what, err, test.want, test.says)
				}
			}
			after, aerr := os.ReadFile(file)
			if string(after) != string(before) || (aerr == nil) != (berr == nil) {
				t.Errorf("it was changed: %d bytes, then %d", len(before), len(after))
			}
			r, err := v.Rebuild(context.Background())
			if test.want == Newer {
				if err == nil {
					t.Error("Rebuild replaced a newer ledger")
				}
				return
			}
			try(t, err)
			if kept, err := os.ReadFile(r.Kept); r.Kept == "" || err == nil && string(kept) != string(before) {
				t.Errorf("kept as %q: %d bytes, want %d", r.Kept, len(kept), len(before))
			}
			compare(t, b.Dir())
		})
	}
}

// TestLocked: somebody who holds the database or the ledger's lock for long.
func TestLocked(t *testing.T) {
	b := newBook(t, nil)
	put(t, b, camera("a", "2025-11-08T10:00:00Z", "text"))
	v := newView(t, b, Options{LockTimeout: time.Millisecond})
	lock := durable.NewLock(b.FS(), filepath.Join(b.Dir(), Name+".lock"), "")
	try(t, lock.Acquire(context.Background(), time.Second))
	_, err := v.CatchUp(context.Background())
	var wrong *Error
	if !errors.Is(err, daybook.ErrLocked) || !errors.As(err, &wrong) || wrong.Problem != Busy {
		t.Errorf("the lock is held: got %v, want daybook.ErrLocked", err)
	}
	try(t, lock.Release())
	try(t, lock.Close())
	catchUp(t, v)
	compare(t, b.Dir())
}

// TestPragmas: what a connection is told is what it has, and what SQLite would pass over in silence is an error.
func TestPragmas(t *testing.T) {
	b := newBook(t, nil)
	file := filepath.Join(b.Dir(), Name)
	c, err := openToWrite(context.Background(), b.FS(), file)
	try(t, err)
	for _, p := range [][3]string{{"synchronus", "FULL", "2"}, {"journal_mode", "WAL2", "wal2"}} {
		if err := c.tell([][3]string{p}); err == nil {
			t.Errorf("%v: no error", p)
		}
	}
	for pragma, want := range map[string]string{"journal_mode": "truncate", "synchronous": "2"} {
		if got, err := c.value("PRAGMA " + pragma); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, %v, want %s", pragma, got, err, want)
		}
	}
	try(t, c.close())
	info, err := os.Stat(file)
	try(t, err)
	if got := info.Mode().Perm(); got != 0o644 && runtime.GOOS != "windows" { // where modes say who may write, no more
		t.Errorf("mode: got %v, want 0644", got)
	}
	r, err := openToRead(context.Background(), b.FS(), file)
	try(t, err)
	defer r.close()
	if err := r.exec("DELETE FROM events"); codeOf(err) == 0 {
		t.Errorf("a connection for reading: got %v, want an error of SQLite's", err)
	}
}

// TestOddNames: a book in a directory whose name would mean something in a URI.
func TestOddNames(t *testing.T) {
	for _, name := range []string{"a b", "50%", "what?", "#1", "%41", "ä你", "a&mode=memory", "semi;colon"} {
		dir := filepath.Join(t.TempDir(), name)
		b, err := daybook.Open(dir, nil)
		if err != nil {
			t.Logf("%s: there can be no directory of this name here: %v", name, err)
			continue
		}
		put(t, b, camera("a", "2025-11-08T10:00:00Z", "text"))
		catchUp(t, newView(t, b, Options{}))
		if got := ask(t, b, "SELECT event_id FROM events"); got != "a\n" {
			t.Errorf("%s: got %q", name, got)
		}
		if _, err := os.Stat(filepath.Join(dir, Name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		try(t, b.Close())
	}
}

// TestOnlyDurable: what no mark vouches for is not posted by Run, and synced first by CatchUp. It cites promise 4.
func TestOnlyDurable(t *testing.T) {
	dir := t.TempDir()
	b, err := daybook.Open(dir, nil)
	try(t, err)
	put(t, b, camera("a", "2025-11-08T10:00:00Z", "text"))
	try(t, b.Close())
	b, err = daybook.Open(dir, &daybook.Options{Sync: daybook.SyncNone})
	try(t, err)
	defer b.Close()
	put(t, b, camera("b", "2025-11-08T10:00:00Z", "text"))
	v := newView(t, b, Options{})
	_, err = v.catchUp(context.Background(), false)
	try(t, err)
	if got := ask(t, b, "SELECT event_id FROM events"); got != "a\n" {
		t.Errorf("before the sync: got %q, want a", got)
	}
	day, err := daybook.ParseDay("2025-11-08")
	try(t, err)
	if v.Posted(day) {
		t.Error("the day counts as posted")
	}
	catchUp(t, v)
	compare(t, dir)
	if !v.Posted(day) {
		t.Error("the day does not count as posted")
	}
}

// TestRebuildCarries: days that the book no longer has are taken over, with their figures, and the others are the book's.
func TestRebuildCarries(t *testing.T) {
	b := newBook(t, nil)
	board := func(id, at, old, new string) string {
		return fmt.Sprintf(`{"event_id":%q,"timestamp":%q,"canvas_id":"a.canvas","event_type":"node_color_change","details":`+
			`{"node_id":"n","old_color":%q,"new_color":%q}}`, id, at, old, new)
	}
	put(t, b, board("a", "2025-11-07T10:00:00Z", "", "1"), board("b", "2025-11-08T10:00:00Z", "1", "3"), board("c", "2025-11-09T10:00:00Z", "3", "2"))
	v := newView(t, b, Options{})
	catchUp(t, v)
	try(t, os.RemoveAll(filepath.Join(b.Dir(), "2025-11-08")))
	if got := catchUp(t, v); !got.Nothing() {
		t.Errorf("after a day has left: got %+v, want nothing", got)
	}
	before := ask(t, b, "SELECT * FROM events") + ask(t, b, "SELECT * FROM days") + ask(t, b, "SELECT * FROM counts") + ask(t, b, "SELECT * FROM learned")
	r, err := v.Rebuild(context.Background())
	try(t, err)
	if r.Carried != 1 || r.Kept != "" || r.Events != 2 {
		t.Errorf("got %+v, want 1 day taken over and 2 events posted", r)
	}
	after := ask(t, b, "SELECT * FROM events") + ask(t, b, "SELECT * FROM days") + ask(t, b, "SELECT * FROM counts") + ask(t, b, "SELECT * FROM learned")
	if before != after {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	sound(t, b)
	if got := catchUp(t, newView(t, b, Options{})); !got.Nothing() {
		t.Errorf("again: got %+v, want nothing", got)
	}
}
