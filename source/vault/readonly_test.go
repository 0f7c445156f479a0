package vault

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/durable"
)

// watchedFS notes what is done to files outside the book beyond reading them.
type watchedFS struct {
	durable.FS
	own string // the book's directory

	mu    sync.Mutex
	reads int // of files outside the book
	noted []string
}

type watchedFile struct {
	durable.File
	note func(what string)
}

func (f *watchedFS) note(what, name string) {
	if strings.HasPrefix(name, f.own) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if what == "" {
		f.reads++
		return
	}
	f.noted = append(f.noted, what+" "+filepath.Base(name))
}

func (f *watchedFS) watch(file durable.File, name string) durable.File {
	return watchedFile{file, func(what string) { f.note(what, name) }}
}

func (f *watchedFS) Open(name string, write bool) (durable.File, error) {
	f.note(map[bool]string{true: "open for writing"}[write], name)
	file, err := f.FS.Open(name, write)
	if err != nil {
		return nil, err
	}
	return f.watch(file, name), nil
}

func (f *watchedFS) Create(name string) (durable.File, bool, error) {
	f.note("create", name)
	file, made, err := f.FS.Create(name)
	if err != nil {
		return nil, made, err
	}
	return f.watch(file, name), made, nil
}

func (f *watchedFS) CreateLock(name string) (durable.File, error) {
	f.note("create", name)
	file, err := f.FS.CreateLock(name)
	if err != nil {
		return nil, err
	}
	return f.watch(file, name), nil
}

func (f *watchedFS) Mkdir(name string) (bool, error) { f.note("mkdir", name); return f.FS.Mkdir(name) }

func (f *watchedFS) Remove(name string) error { f.note("remove", name); return f.FS.Remove(name) }

func (f *watchedFS) Rename(from, to string) error {
	f.note("rename", from)
	f.note("rename to", to)
	return f.FS.Rename(from, to)
}

func (f watchedFile) WriteAt(p []byte, off int64) (int, error) {
	f.note("write")
	return f.File.WriteAt(p, off)
}

func (f watchedFile) Truncate(size int64) error { f.note("truncate"); return f.File.Truncate(size) }

func (f watchedFile) TryLock() (bool, error) { f.note("lock"); return f.File.TryLock() }

// TestBoardsAreOnlyRead: whatever becomes of a board, it is neither written nor locked, and nothing is made beside it:
// the learner's editor never waits for the watcher.
func TestBoardsAreOnlyRead(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		fsys := &watchedFS{FS: durable.OS(), own: s.book.dir}
		o := s.options()
		o.fsys = fsys
		v, err := Open(s.root, s.book, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range [][]string{
			{"board", "a.canvas", "n1", "n2"},
			{"board", "a.canvas", "n1:1", "n2"},
			{"backup-replace", "a.canvas", "n1:2", "n2"},
			{"mv", "a.canvas", "b.canvas"},
			{"board", "torn.canvas", "n3"},
			{"rm", "b.canvas"},
		} {
			if err := s.do(words, ""); err != nil {
				t.Fatal(err)
			}
			if _, err := v.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second) // in the bubble: no time passes
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		if len(fsys.noted) > 0 || fsys.reads < 4 || len(s.book.lines()) < 5 {
			t.Errorf("%d events, boards opened %d times for reading; done to them: %q", len(s.book.lines()), fsys.reads, fsys.noted)
		}
	})
}
