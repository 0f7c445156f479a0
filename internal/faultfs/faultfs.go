// Package faultfs has file systems for tests: FS records every call and fails the ones it is told to, Disk is in memory and
// forgets in a power cut what was not synced.
package faultfs

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"daybook/internal/durable"
)

// Call is one call that is about to be made.
type Call struct {
	N    int    // counted from 1 over the whole FS
	Op   string // open create mkdir rename remove readdir stat syncdir · read write truncate sync lock unlock close
	Name string // base name of the file or directory; of the target for rename
}

// String returns the operation and the name, as in "write events.json".
func (c Call) String() string { return c.Op + " " + c.Name }

// Fault says how a call fails.
type Fault struct {
	Err     error // nil: it does not
	Applied bool  // the call takes effect all the same
	Part    int   // of a write: so many bytes take effect, if not Applied
}

// FS passes calls on to Under, unless Fault says otherwise. Set the fields before the first call. It may be used by several
// goroutines at once if Under may, and calls Fault one at a time.
type FS struct {
	Under durable.FS       // nil: the system's
	Fault func(Call) Fault // nil: none fails

	mu    sync.Mutex
	calls []Call
}

// Calls returns the calls made since the last time it was asked, reads and stats left out.
func (s *FS) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.calls {
		switch c.Op {
		case "read", "stat", "close", "lock", "unlock", "open", "readdir":
		default:
			out = append(out, c.String())
		}
	}
	s.calls = nil
	return out
}

func (s *FS) under() durable.FS {
	if s.Under == nil {
		return durable.OS()
	}
	return s.Under
}

func (s *FS) call(op, name string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 1
	if len(s.calls) > 0 {
		n = s.calls[len(s.calls)-1].N + 1
	}
	c := Call{n, op, filepath.Base(name)}
	s.calls = append(s.calls, c)
	if s.Fault == nil {
		return Fault{}
	}
	return s.Fault(c)
}

// do makes the call unless it is to fail without effect.
func (s *FS) do(op, name string, apply func() error) error {
	f := s.call(op, name)
	if f.Err == nil {
		return apply()
	}
	if f.Applied {
		if err := apply(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s %s: %w", op, name, f.Err)
}

// file is what a call that opens a file returns: nothing open if it has failed, even if with effect.
func (s *FS) file(f durable.File, name string, err error) (durable.File, error) {
	if err == nil {
		return &file{f, s, name}, nil
	}
	if f != nil {
		f.Close() // nothing was written
	}
	return nil, err
}

// Open implements durable.FS.
func (s *FS) Open(name string, write bool) (f durable.File, err error) {
	err = s.do("open", name, func() error { f, err = s.under().Open(name, write); return err })
	return s.file(f, name, err)
}

// Create implements durable.FS.
func (s *FS) Create(name string) (f durable.File, made bool, err error) {
	err = s.do("create", name, func() error { f, made, err = s.under().Create(name); return err })
	f, err = s.file(f, name, err)
	return f, made && err == nil, err
}

// CreateLock implements durable.FS.
func (s *FS) CreateLock(name string) (f durable.File, err error) {
	err = s.do("create", name, func() error { f, err = s.under().CreateLock(name); return err })
	return s.file(f, name, err)
}

// CreateLike implements durable.FS.
func (s *FS) CreateLike(name, model string) (f durable.File, err error) {
	err = s.do("create", name, func() error { f, err = s.under().CreateLike(name, model); return err })
	return s.file(f, name, err)
}

// Mkdir implements durable.FS.
func (s *FS) Mkdir(name string) (made bool, err error) {
	err = s.do("mkdir", name, func() error { made, err = s.under().Mkdir(name); return err })
	return made, err
}

// Rename implements durable.FS.
func (s *FS) Rename(from, to string) error {
	return s.do("rename", to, func() error { return s.under().Rename(from, to) })
}

// Remove implements durable.FS.
func (s *FS) Remove(name string) error {
	return s.do("remove", name, func() error { return s.under().Remove(name) })
}

// ReadDir implements durable.FS.
func (s *FS) ReadDir(name string) (entries []fs.DirEntry, err error) {
	err = s.do("readdir", name, func() error { entries, err = s.under().ReadDir(name); return err })
	return entries, err
}

// Resolve implements durable.FS.
func (s *FS) Resolve(name string) string { return s.under().Resolve(name) }

// Stat implements durable.FS.
func (s *FS) Stat(name string) (info durable.Info, err error) {
	err = s.do("stat", name, func() error { info, err = s.under().Stat(name); return err })
	return info, err
}

// SyncDir implements durable.FS.
func (s *FS) SyncDir(name string) error {
	return s.do("syncdir", name, func() error { return s.under().SyncDir(name) })
}

// Pins implements durable.FS.
func (s *FS) Pins() bool { return s.under().Pins() }

// file records and fails the calls on one open file.
type file struct {
	durable.File
	s    *FS
	name string
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if fault := f.s.call("read", f.name); fault.Err != nil {
		return 0, fmt.Errorf("read %s: %w", f.name, fault.Err)
	}
	return f.File.ReadAt(p, off)
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	fault := f.s.call("write", f.name)
	if fault.Err == nil {
		return f.File.WriteAt(p, off)
	}
	part := min(fault.Part, len(p))
	if fault.Applied {
		part = len(p)
	}
	n, err := f.File.WriteAt(p[:part], off)
	if err == nil {
		err = fmt.Errorf("write %s: %w", f.name, fault.Err)
	}
	return n, err
}

func (f *file) Truncate(size int64) error {
	return f.s.do("truncate", f.name, func() error { return f.File.Truncate(size) })
}

func (f *file) Sync() error { return f.s.do("sync", f.name, f.File.Sync) }

func (f *file) TryLock() (ok bool, err error) {
	err = f.s.do("lock", f.name, func() error { ok, err = f.File.TryLock(); return err })
	return ok, err
}

func (f *file) Unlock() error { return f.s.do("unlock", f.name, f.File.Unlock) }
