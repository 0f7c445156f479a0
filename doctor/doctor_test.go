package doctor

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/durable"
	"daybook/view/ledger"
	"daybook/view/session"
)

func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// now is the book's clock in the tests.
func now() time.Time { return time.Date(2025, 11, 8, 22, 30, 0, 0, time.UTC) }

// place is a book that tests do something to.
type place struct {
	t    *testing.T
	dir  string // of the book
	root string // of the vault
	sys  *System
	fs   durable.FS
	now  func() time.Time
	held []*durable.Lock
}

// healthy returns a vault with two boards, or a camera's book, in which nothing is wrong, on a machine where all is well.
func healthy(t *testing.T, camera bool) *place {
	p := &place{t: t, root: t.TempDir(), fs: durable.OS(), now: now}
	p.dir = filepath.Join(p.root, daybook.VaultDir)
	settings := &daybook.Settings{Zone: "Europe/Berlin", Rules: daybook.RulesVault, Views: []string{"session", "ledger"}}
	if camera {
		p.dir = filepath.Join(p.root, "data", "events")
		settings = nil
	}
	p.sys = &System{
		Now: time.Now, Local: time.UTC,
		Space:      func(string) (Space, error) { return Space{50e9, 100e9, 9e5, 1e6}, nil },
		FileSystem: func(string) (string, bool) { return "local", true },
		Inotify:    func() (Inotify, bool) { return Inotify{Watches: 8192, Instances: 128, Events: 16384}, true },
		Holders:    func(string) []string { return []string{"process 7 (other)"} },
		Owner:      func(string) (Owner, error) { return Owner{"ada", true}, nil },
	}
	if zone, err := time.LoadLocation("Europe/Berlin"); err == nil {
		p.sys.Local = zone
	}
	opts := &daybook.Options{Sync: daybook.SyncNone, Now: now, Settings: settings}
	posting := ledger.New(ledger.Options{})
	if !camera {
		opts.Views = []daybook.View{session.New(session.Options{}), posting}
	}
	b, err := daybook.Open(p.dir, opts)
	try(t, err)
	for _, day := range []string{"2025-11-05", "2025-11-06", "2025-11-07", "2025-11-08"} {
		p.put(b, day, "e-"+day, "1")
		d, err := daybook.ParseDay(day)
		try(t, err)
		_, err = b.Settle(context.Background(), d) // so that there is a mark
		try(t, err)
	}
	if !camera {
		_, err = posting.CatchUp(context.Background())
		try(t, err)
		for _, name := range []string{"a.canvas", "Folder/b.canvas"} {
			p.write("../"+name, `{"nodes":[]}`)
			p.write(fmt.Sprintf("baseline/%032x.json", filepath.Base(name)[0]), "{}")
		}
		lock := p.hold("watch.lock")
		p.write("watch.json", `{"vault":"v","host":"desk","pid":7,"since":"2025-11-08T10:00:00Z"}`)
		t.Cleanup(func() { lock.Close() })
	}
	try(t, b.Close())
	return p
}

func (p *place) put(b *daybook.Book, day, id, color string) {
	p.t.Helper()
	e, err := daybook.ParseEvent(fmt.Appendf(nil, `{"event_id":%q,"timestamp":"%sT10:00:00Z","canvas_id":"a.canvas","event_type":"node_color_change",`+
		`"details":{"node_id":"n","old_color":"","new_color":%q}}`, id, day, color))
	try(p.t, err)
	_, err = b.Append(context.Background(), e)
	try(p.t, err)
}

// append appends an event by a program without views.
func (p *place) append(day, id, color string) {
	p.t.Helper()
	b, err := daybook.Open(p.dir, &daybook.Options{Sync: daybook.SyncNone, Now: p.now})
	try(p.t, err)
	p.put(b, day, id, color)
	try(p.t, b.Close())
}

func (p *place) file(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

func (p *place) write(name, text string) {
	p.t.Helper()
	try(p.t, os.MkdirAll(filepath.Dir(p.file(name)), 0o755))
	try(p.t, os.WriteFile(p.file(name), []byte(text), 0o644))
}

// retire compresses days.
func (p *place) retire(days ...string) {
	p.t.Helper()
	b, err := daybook.Open(p.dir, &daybook.Options{Sync: daybook.SyncNone, Now: p.now})
	try(p.t, err)
	for _, s := range days {
		day, err := daybook.ParseDay(s)
		try(p.t, err)
		_, err = b.Retire(context.Background(), day, daybook.KeepPacked, func(context.Context, daybook.Extent) error { return nil })
		try(p.t, err)
	}
	try(p.t, b.Close())
}

// fill gives a day so many megabytes of events.
func (p *place) fill(day string, megabytes int) {
	p.t.Helper()
	var text strings.Builder
	for n := range megabytes * 100 {
		head := fmt.Sprintf(`{"event_id":"%d","timestamp":"%sT10:00:00Z","text":"`, n, day)
		text.WriteString(head + strings.Repeat("x", 10_000-len(head)-3) + "\"}\n")
	}
	p.write(day+"/events.json", text.String())
}

func (p *place) read(name string) string {
	p.t.Helper()
	text, err := os.ReadFile(p.file(name))
	try(p.t, err)
	return string(text)
}

func (p *place) hold(name string) *durable.Lock {
	p.t.Helper()
	lock := durable.NewLock(durable.OS(), p.file(name), "")
	try(p.t, lock.Acquire(context.Background(), time.Second))
	p.held = append(p.held, lock)
	return lock
}

func (p *place) alter(statement string) {
	p.t.Helper()
	vfs, err := ledger.VFS()
	try(p.t, err)
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(p.file("ledger.db"))+"?vfs="+vfs)
	try(p.t, err)
	_, err = db.Exec(statement)
	try(p.t, errors.Join(err, db.Close()))
}

func (p *place) examine() []Finding {
	p.t.Helper()
	found, err := Examine(context.Background(), p.dir, Options{FS: p.fs, Now: p.now, System: p.sys})
	try(p.t, err)
	return found
}

// TestHealthy: where all is well there are no notes, and the output is what programs rely on.
func TestHealthy(t *testing.T) {
	for _, test := range []struct {
		camera bool
		golden string
	}{{false, "vault.golden"}, {true, "camera.golden"}} {
		p := healthy(t, test.camera)
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		for _, f := range p.examine() {
			try(t, enc.Encode(f))
		}
		if os.Getenv("UPDATE_SCRIPTS") != "" {
			try(t, os.WriteFile(filepath.Join("testdata", test.golden), out.Bytes(), 0o644))
		}
		want, err := os.ReadFile(filepath.Join("testdata", test.golden))
		try(t, err)
		if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.golden, diff)
		}
		if entries, err := filepath.Glob(p.file("doctor*")); err != nil || len(entries) > 0 {
			t.Errorf("left in the book: %q, %v", entries, err)
		}
	}
}

// TestTroubles: each trouble is found, with its remedy, and nothing else.
func TestTroubles(t *testing.T) {
	for _, test := range troubles() {
		t.Run(test.name, func(t *testing.T) {
			if test.unix && runtime.GOOS == "windows" {
				t.Skip("there are no modes, and what is open is locked")
			}
			t.Parallel()
			p := healthy(t, test.camera)
			test.make(p)
			var got []string
			for _, f := range p.examine() {
				if f.State == OK {
					continue
				}
				got = append(got, fmt.Sprintf("%s %s: %s", f.State, f.Check, f.Text))
				if f.Remedy == "" {
					t.Errorf("no remedy for %s", f.Text)
				}
			}
			if len(got) != len(test.want) {
				t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			for i := range got {
				if !strings.HasPrefix(got[i], test.want[i]) {
					t.Errorf("got\n%s\nwant\n%s", got[i], test.want[i])
				}
			}
		})
	}
}

// lockless is a file system on which everybody gets every lock.
type lockless struct{ durable.FS }

type locklessFile struct{ durable.File }

func (l lockless) Create(name string) (durable.File, bool, error) {
	f, made, err := l.FS.Create(name)
	return locklessFile{f}, made, err
}

func (l lockless) Open(name string, write bool) (durable.File, error) {
	f, err := l.FS.Open(name, write)
	if err != nil {
		return nil, err
	}
	return locklessFile{f}, nil
}

func (locklessFile) TryLock() (bool, error) { return true, nil }
func (locklessFile) Unlock() error          { return nil }

// TestNoBook: a directory without a book is none.
func TestNoBook(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := Examine(context.Background(), dir, Options{}); !errors.Is(err, daybook.ErrNoBook) {
			t.Errorf("got %v, want daybook.ErrNoBook", err)
		}
	}
}

// TestThisSystem: what this machine says makes sense.
func TestThisSystem(t *testing.T) {
	s := thisSystem()
	room, err := s.Space(t.TempDir())
	if err == nil && (room.All == 0 || room.Free > room.All || room.FreeInodes > room.Inodes) {
		t.Errorf("space: %+v", room)
	} else if err != nil {
		t.Logf("space: %v", err)
	}
	if _, err := s.Space(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no such directory has space")
	}
	if i, ok := s.Inotify(); ok != (runtime.GOOS == "linux") || ok && i.Watches == 0 {
		t.Errorf("inotify: %+v, %v", i, ok)
	}
	file := filepath.Join(t.TempDir(), "x.lock")
	lock := durable.NewLock(durable.OS(), file, "")
	try(t, lock.Acquire(context.Background(), time.Second))
	if list := s.Holders(file); runtime.GOOS == "linux" && (len(list) != 1 || !strings.Contains(list[0], fmt.Sprint(os.Getpid()))) {
		t.Logf("holders: %q, want this process, unless /proc is another's", list)
	}
	if s.Owner != nil {
		if o, err := s.Owner(file); err != nil || o.Name == "" || !o.Writable {
			t.Errorf("owner: %+v, %v", o, err)
		}
	}
	try(t, lock.Close())
}
