package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/internal/durable"
	"daybook/internal/faultfs"
	"daybook/internal/killtest"
)

// unsynced leaves out the syncs: these tests are about calls that fail, not about power cuts.
type unsynced struct{ durable.FS }

type unsyncedFile struct{ durable.File }

func (u unsynced) Create(name string) (durable.File, bool, error) {
	f, made, err := u.FS.Create(name)
	if err != nil {
		return nil, false, err
	}
	return unsyncedFile{f}, made, nil
}

func (unsynced) SyncDir(string) error { return nil }
func (unsyncedFile) Sync() error      { return nil }

// faultRun is one run of a scenario in which calls of the view fail.
type faultRun struct {
	t    *testing.T
	dir  string
	fsys *faultfs.FS
	book *daybook.Book
	ids  map[string]bool // what must be in the book
}

func (r *faultRun) open() {
	if r.book != nil {
		_ = r.book.Close() // what fails in it is the view's
	}
	v := New(Options{LockTimeout: 5 * time.Millisecond}) // nobody else wants it; a fault may leave it locked
	v.fsys = r.fsys
	b, err := daybook.Open(r.dir, &daybook.Options{
		Sync: daybook.SyncNone, Views: []daybook.View{v}, Now: clock,
		Settings: &daybook.Settings{Zone: "Europe/Berlin", Rules: daybook.RulesVault},
	})
	if err != nil {
		r.t.Fatal(err) // a view never hinders that
	}
	r.book = b
}

func (r *faultRun) append(id, at string) {
	appendLines(r.t, r.book, recolor(id, at, "a.canvas", "1", "3")) // nor this
	r.ids[id] = true
}

// script adds an event to a document as another program does, if there is a document that parses.
func (r *faultRun) script(date, id, member string) {
	path := sessionFile(r.dir, date)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if f := parseForeign(text, day(r.t, date)); err != nil || f.broken {
		return
	}
	text = script(r.t, text, func(doc map[string]any) {
		adding(r.t, vaultEvent(fmt.Sprintf(`"event_id":%q,`, id)), vaultEvent(fmt.Sprintf(`"from":%q,`, id)))(doc)
		if member != "" {
			doc[member] = 1
		}
	})
	if err := os.WriteFile(path, text, 0o644); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, clock()); err != nil {
		r.t.Fatal(err)
	}
	r.ids[id] = true
	r.ids["from "+id] = true
}

// play is the scenario: all that a view does.
func (r *faultRun) play() {
	r.open()
	r.append("e1", "2025-11-07T09:00:00")
	r.append("e2", "2025-11-08T09:00:00")
	r.append("e3", "2025-11-08T09:00:01")
	r.append("late", "2025-11-06T09:00:00")
	r.script("2025-11-08", "s1", "")
	_ = r.book.Post(r.t.Context(), day(r.t, "2025-11-08")) // the error is the fault's
	r.append("e4", "2025-11-08T09:00:02")
	r.script("2025-11-07", "s2", "mood")
	r.open()
	r.append("e5", "2025-11-08T09:00:03")
	if err := os.WriteFile(filepath.Join(r.dir, "metadata.json"), []byte("{damaged"), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.append("e6", "2025-11-05T09:00:00")
	_ = r.book.Post(r.t.Context(), day(r.t, "2025-11-08")) // the error is the fault's
}

// check is what must hold when the calls succeed again.
func (r *faultRun) check() {
	r.fsys.Fault = nil
	// What was cut off just now may be somebody's work; a moment later it is not.
	names, err := filepath.Glob(filepath.Join(r.dir, "session_*.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Chtimes(name, time.Time{}, clock()); err != nil {
			r.t.Fatal(err)
		}
	}
	r.open()
	defer func() {
		if err := r.book.Close(); err != nil {
			r.t.Error(err)
		}
	}()
	got := make(map[string]int)
	for e, err := range r.book.Events(context.Background(), daybook.Query{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		id := e.ID()
		if from, ok := e.Member("from"); ok {
			id = "from " + strings.Trim(string(from), `"`)
		}
		got[id]++
	}
	for id := range r.ids {
		if got[id] != 1 {
			r.t.Errorf("event %s is %d times in the book, want once", id, got[id])
		}
		delete(got, id)
	}
	if len(got) > 0 {
		r.t.Errorf("in the book, from nowhere: %v", got)
	}
	wantDocument(r.t, r.book, "2025-11-05", "2025-11-06", "2025-11-07", "2025-11-08")
	if text := file(r.t, filepath.Join(r.dir, "metadata.json")); !strings.Contains(text, "session_2025-11-06") {
		r.t.Errorf("metadata.json: got %s", text)
	}
	if names, err := filepath.Glob(filepath.Join(r.dir, ".*tmp*")); err != nil || len(names) > 0 {
		r.t.Errorf("temporary files: %q %v", names, err)
	}
}

// TestEveryCallFails: each call of the file system that a view makes fails, once without effect, once with it, once in the
// midst of a write, and once with all calls after it, as when the process is killed. No append fails, no event is lost
// or doubled, and the documents are right when the calls succeed again. Of the calls each manner takes every third; with
// DAYBOOK_TEST_ALL in the environment each takes all.
func TestEveryCallFails(t *testing.T) {
	broken := errors.New("broken")
	step := 3
	if testing.Short() {
		step = 180
	}
	if os.Getenv("DAYBOOK_TEST_ALL") != "" {
		step = 1
	}
	for i, mode := range []struct {
		name  string
		fault faultfs.Fault
		after bool // all calls from there on
	}{
		{"without effect", faultfs.Fault{Err: broken}, false},
		{"with effect", faultfs.Fault{Err: broken, Applied: true}, false},
		{"half a write, and nothing after it", faultfs.Fault{Err: broken, Part: 70}, true},
	} {
		t.Run(mode.name, func(t *testing.T) {
			calls := 0
			for n := 1 + i%step; ; n += step {
				reached := false
				r := &faultRun{t: t, dir: killtest.TempDir(t), ids: make(map[string]bool)}
				made := ""
				r.fsys = &faultfs.FS{Under: unsynced{durable.OS()}, Fault: func(c faultfs.Call) faultfs.Fault {
					if c.N == n {
						reached, made = true, c.String()
					}
					if c.N == n || mode.after && c.N > n {
						return mode.fault
					}
					return faultfs.Fault{}
				}}
				r.play()
				r.check()
				if t.Failed() {
					t.Fatalf("call %d, %s, failed", n, made)
				}
				if !reached {
					break
				}
				calls = n
			}
			t.Logf("of %d calls one in %d failed, one in each run", calls, step)
			if calls < 100 {
				t.Errorf("only %d calls: the scenario does nothing", calls)
			}
		})
	}
}
