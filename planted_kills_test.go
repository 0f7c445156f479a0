package daybook

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"daybook/internal/durable"
	"daybook/internal/killtest"
)

// Aim is when a writer process kills itself: somewhere in a call of the file system that changes something. A random
// moment would seldom fall into one.
type Aim struct {
	At     int           // the number of the call, from 1; 0: never
	Data   bool          // count only writes to a day file, or to a copy of it
	Within time.Duration // after the call has begun
}

// aimedFS is a durable.FS whose process kills itself.
type aimedFS struct {
	durable.FS
	aim   Aim
	calls atomic.Int64
}

// call has the process killed a moment later, if this is the call that was aimed at.
func (a *aimedFS) call(data bool) {
	if a.aim.Data && !data || a.calls.Add(1) != int64(a.aim.At) {
		return
	}
	killSelfIn(a.aim.Within)
}

func (a *aimedFS) Open(name string, write bool) (durable.File, error) {
	f, err := a.FS.Open(name, write)
	return a.file(f, name), err
}

func (a *aimedFS) Create(name string) (durable.File, bool, error) {
	f, made, err := a.FS.Create(name)
	return a.file(f, name), made, err
}

func (a *aimedFS) CreateLock(name string) (durable.File, error) {
	f, err := a.FS.CreateLock(name)
	return a.file(f, name), err
}

func (a *aimedFS) CreateLike(name, model string) (durable.File, error) {
	f, err := a.FS.CreateLike(name, model)
	return a.file(f, name), err
}

func (a *aimedFS) file(f durable.File, name string) durable.File {
	if f == nil {
		return nil
	}
	return &aimedFile{f, a, strings.HasPrefix(filepath.Base(name), "events.json")}
}

func (a *aimedFS) Mkdir(name string) (bool, error) { a.call(false); return a.FS.Mkdir(name) }
func (a *aimedFS) Rename(from, to string) error    { a.call(false); return a.FS.Rename(from, to) }
func (a *aimedFS) Remove(name string) error        { a.call(false); return a.FS.Remove(name) }
func (a *aimedFS) SyncDir(name string) error       { a.call(false); return a.FS.SyncDir(name) }

type aimedFile struct {
	durable.File
	a    *aimedFS
	data bool
}

func (f *aimedFile) WriteAt(p []byte, off int64) (int, error) {
	f.a.call(f.data)
	return f.File.WriteAt(p, off)
}

func (f *aimedFile) Truncate(size int64) error { f.a.call(false); return f.File.Truncate(size) }
func (f *aimedFile) Sync() error               { f.a.call(false); return f.File.Sync() }

// The faults that faultyFS, or a writer process, can have.
const (
	faultTail       = "no tail check"
	faultSplit      = "newline in a second write, and no tail check"
	faultLock       = "no lock"
	faultAck        = "acknowledged before the append"
	faultQuarantine = "cut off without quarantine"
	faultIndex      = "ids are not looked up"
	faultSweep      = "temporary files are not removed"
)

type plantedFault struct {
	fault, write string
	job          writerJob
	want         string // what is found first, in the words of killtest
}

func planted() []plantedFault {
	small, large := killtest.Source{Size: 330}, killtest.Source{Size: 300_000}
	return []plantedFault{
		{faultTail, "", writerJob{Sync: SyncNone, Source: small, Batch: 100}, "does not parse"},
		{faultTail, "", writerJob{Sync: SyncNone, Source: large}, "does not parse"},
		{faultSplit, "", writerJob{Sync: SyncNone, Source: small}, "does not parse"},
		{faultLock, "", writerJob{Sync: SyncNone, Source: small}, ""},
		{faultAck, "", writerJob{Sync: SyncNone, Source: small}, "acknowledged and lost"},
		{faultQuarantine, "", writerJob{Sync: SyncNone, Source: large}, "neither completed nor in quarantine"},
		{faultIndex, "", writerJob{Sync: SyncNone, Source: small, Batch: 100}, "times: "},
		{faultSweep, WriteReplace, writerJob{Source: small}, "a temporary file is left"},
	}
}

// faultyFS is a durable.FS that makes Daybook behave as if a part of it were missing.
type faultyFS struct {
	durable.FS
	fault string
}

func (s faultyFS) Open(name string, write bool) (durable.File, error) {
	f, err := s.FS.Open(name, write)
	return s.file(f, name), err
}

func (s faultyFS) Create(name string) (durable.File, bool, error) {
	f, made, err := s.FS.Create(name)
	return s.file(f, name), made, err
}

func (s faultyFS) CreateLock(name string) (durable.File, error) {
	f, err := s.FS.CreateLock(name)
	return s.file(f, name), err
}

func (s faultyFS) CreateLike(name, model string) (durable.File, error) {
	f, err := s.FS.CreateLike(name, model)
	return s.file(f, name), err
}

func (s faultyFS) Rename(from, to string) error {
	if s.fault == faultQuarantine && strings.HasSuffix(to, ".raw") {
		return s.FS.Remove(from)
	}
	return s.FS.Rename(from, to)
}

func (s faultyFS) Remove(name string) error {
	if s.fault == faultSweep && strings.HasSuffix(name, ".daybook-tmp") {
		return nil
	}
	return s.FS.Remove(name)
}

func (s faultyFS) file(f durable.File, name string) durable.File {
	if f == nil {
		return nil
	}
	return faultyFile{f, s.fault, filepath.Base(name) == "events.json"}
}

type faultyFile struct {
	durable.File
	fault string
	data  bool
}

func (f faultyFile) TryLock() (bool, error) {
	if f.fault == faultLock {
		return true, nil
	}
	return f.File.TryLock()
}

// Unlock gives back what is not held, too.
func (f faultyFile) Unlock() error { return f.File.Unlock() }

func (f faultyFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if !f.data {
		return n, err
	}
	switch f.fault {
	case faultTail, faultSplit: // an unfinished last line looks finished
		info, serr := f.Stat()
		if serr == nil && n > 0 && off+int64(n) == info.Size {
			p[n-1] = '\n'
		}
	case faultIndex:
		if n > 128 {
			copy(p, bytes.ReplaceAll(p[:n], []byte(`{"event_id":`), []byte(`{"event_ix":`)))
		}
	}
	return n, err
}

func (f faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if f.fault != faultSplit || !f.data {
		return f.File.WriteAt(p, off)
	}
	n, err := f.File.WriteAt(p[:len(p)-1], off)
	if err != nil {
		return n, err
	}
	k, err := f.File.WriteAt(p[n:], off+int64(n))
	return n + k, err
}
