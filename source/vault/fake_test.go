package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"daybook"
	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

var _ Book = (*daybook.Book)(nil)

// fakeBook is a book in memory: it obeys the rules of identity, and fails and dies on demand.
type fakeBook struct {
	dir     string
	zone    *time.Location
	maxLine int

	mu        sync.Mutex
	stored    []string          // lines in the order of their arrival
	byID      map[string]string // event_id to line
	snapshots map[string]string
	calls     int // of AppendAll
	again     int // events acknowledged as duplicates
	conflicts int
	full      bool
	dieAfter  int // events of the next AppendAll to store before dies is called; -1: all
	dieAtCall int // of AppendAll to which that applies; 0: the next one
	dies      func()
	dead      bool
	forgets   bool          // nothing is kept
	block     chan struct{} // if not nil, AppendAll waits until it is closed or its context ends
}

func newFakeBook(dir string) *fakeBook {
	return &fakeBook{
		dir: dir, zone: time.FixedZone("", 3600), maxLine: 1 << 20,
		byID: map[string]string{}, snapshots: map[string]string{},
	}
}

var errDead = errors.New("the process is dead")

func (b *fakeBook) AppendAll(ctx context.Context, events []daybook.Event) []daybook.Verdict {
	verdicts := make([]daybook.Verdict, len(events))
	refuse := func(err error) []daybook.Verdict {
		for i := range verdicts {
			verdicts[i].Err = err
		}
		return verdicts
	}
	if b.block != nil {
		select {
		case <-b.block:
		case <-ctx.Done():
			return refuse(context.Cause(ctx))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	switch {
	case b.dead:
		return refuse(errDead)
	case b.full:
		return refuse(fmt.Errorf("append: %w", faultfs.ENOSPC))
	}
	dies := b.dies != nil && (b.dieAtCall == 0 || b.dieAtCall == b.calls)
	for i, e := range events {
		if dies && i == b.dieAfter {
			b.dead = true
		}
		if b.dead {
			verdicts[i].Err = errDead
			continue
		}
		if b.forgets {
			continue
		}
		line := string(e.Line())
		old, known := b.byID[e.ID()]
		switch {
		case len(line) > b.maxLine:
			verdicts[i].Err = &daybook.RuleError{Rule: "the line is too long"}
		case known && old == line:
			b.again++
			verdicts[i].Position.Duplicate = true
		case known:
			b.conflicts++
			verdicts[i].Err = daybook.ErrConflict
		default:
			b.byID[e.ID()] = line
			b.stored = append(b.stored, line)
		}
	}
	if dies && b.dieAfter < 0 {
		b.dead = true
	}
	if b.dead && b.dies != nil {
		b.dies()
	}
	return verdicts
}

func (b *fakeBook) Snapshot(_ daybook.Day, data []byte) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return "", faultfs.ENOSPC
	}
	sum := sha256.Sum256(data)
	name := "boards/" + hex.EncodeToString(sum[:]) + ".canvas"
	if !b.forgets {
		b.snapshots[name] = string(data)
	}
	return name, nil
}

func (b *fakeBook) DayOf(t time.Time) daybook.Day { return daybook.DayOf(t.In(b.zone)) }
func (b *fakeBook) Now() time.Time                { return time.Now().In(b.zone) }
func (b *fakeBook) Dir() string                   { return b.dir }

func (b *fakeBook) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.stored...)
}

func (b *fakeBook) setFull(full bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = full
}

// dieIn lets the process die in the next AppendAll, after n events.
func (b *fakeBook) dieIn(n int, dies func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dieAfter, b.dies = n, dies
}

// revive is the book in the hands of the next process.
func (b *fakeBook) revive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dead, b.dies = false, nil
}

// fakeNotify is a notifier that the test tells what to tell.
type fakeNotify struct {
	notices chan notice
	errs    chan error

	mu      sync.Mutex
	dirs    map[string]bool
	refuses error  // what Add returns
	deaf    string // of this directory it says that it has no watch
	folds   bool   // a directory has one watch by whatever spelling, as on Windows, and keeps that by which it got it
}

func newFakeNotify() *fakeNotify {
	return &fakeNotify{notices: make(chan notice, 1000), errs: make(chan error, 10), dirs: map[string]bool{}}
}

func (n *fakeNotify) Add(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refuses != nil {
		return n.refuses
	}
	n.dirs[n.spelled(dir)] = dir != n.deaf
	return nil
}

// spelled is the spelling by which a directory got its watch.
func (n *fakeNotify) spelled(dir string) string {
	for other := range n.dirs {
		if n.folds && foldKey(other) == foldKey(dir) {
			return other
		}
	}
	return dir
}

func (n *fakeNotify) Remove(dir string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.dirs, n.spelled(dir))
	return nil
}

func (n *fakeNotify) watches(dir string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dirs[n.spelled(dir)]
}

func (n *fakeNotify) Watched() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Keys(n.dirs)), func(dir string) bool { return !n.dirs[dir] })
}

func (n *fakeNotify) Notices() <-chan notice { return n.notices }
func (n *fakeNotify) Errors() <-chan error   { return n.errs }
func (n *fakeNotify) Close() error           { return nil }

// faultFS is a file system of which the process that uses it can die: from then on nothing that it does has an effect.
type faultFS struct {
	durable.FS

	mu      sync.Mutex
	calls   int // of those that change something
	log     []string
	dieAt   int    // the call to die at; 0: never
	applied bool   // that call still takes effect
	op, end string // die after the first call op on a name that ends so
	dead    bool
	failAt  int  // the call that fails once; 0: none
	fast    bool // nothing is synced
	fails   func(op, name string) error
}

func osFS() durable.FS { return durable.OS() }

func (f *faultFS) die() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}

func (f *faultFS) isDead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

func (f *faultFS) dieAfter(op, end string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.op, f.end = op, end
}

// failIn has the nth call from now on fail once.
func (f *faultFS) failIn(n int, applied bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failAt, f.applied = f.calls+n, applied
}

// change does one call that changes something.
func (f *faultFS) change(op, name string, do func() error) error {
	f.mu.Lock()
	if f.dead {
		f.mu.Unlock()
		return errDead
	}
	if f.fails != nil {
		if err := f.fails(op, name); err != nil {
			f.mu.Unlock()
			return err
		}
	}
	f.calls++
	if f.calls == f.failAt && !f.applied {
		f.mu.Unlock()
		return faultfs.EIO
	}
	f.log = append(f.log, op+" "+name)
	dies := f.calls == f.dieAt
	last := dies || f.op == op && strings.HasSuffix(name, f.end) && (f.end != baseSuffix || !strings.HasSuffix(name, intentSuffix))
	if f.op == "" {
		last = dies
	}
	f.dead = last
	f.mu.Unlock()
	if dies && !f.applied {
		return errDead
	}
	err := do()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case last:
		return errDead
	case f.calls == f.failAt && err == nil:
		f.failAt = 0
		return faultfs.EIO
	}
	return err
}

func (f *faultFS) Create(name string) (file durable.File, made bool, err error) {
	file, err = f.create(name, func() (file durable.File, err error) {
		file, made, err = f.FS.Create(name)
		return file, err
	})
	return file, made, err
}

func (f *faultFS) CreateLock(name string) (durable.File, error) {
	return f.create(name, func() (durable.File, error) { return f.FS.CreateLock(name) })
}

func (f *faultFS) CreateLike(name, model string) (durable.File, error) {
	return f.create(name, func() (durable.File, error) { return f.FS.CreateLike(name, model) })
}

func (f *faultFS) create(name string, do func() (durable.File, error)) (file durable.File, err error) {
	err = f.change("create", name, func() error {
		file, err = do()
		return err
	})
	if err != nil && file != nil {
		file.Close()
		file = nil
	}
	if file != nil {
		file = &faultFile{file, f, name}
	}
	return file, err
}

func (f *faultFS) Mkdir(name string) (made bool, err error) {
	err = f.change("mkdir", name, func() error {
		made, err = f.FS.Mkdir(name)
		return err
	})
	return made, err
}

func (f *faultFS) Rename(from, to string) error {
	return f.change("rename", to, func() error { return f.FS.Rename(from, to) })
}

func (f *faultFS) Remove(name string) error {
	return f.change("remove", name, func() error { return f.FS.Remove(name) })
}

func (f *faultFS) SyncDir(name string) error {
	return f.change("syncdir", name, func() error {
		if f.fast {
			return nil
		}
		return f.FS.SyncDir(name)
	})
}

type faultFile struct {
	durable.File
	fs   *faultFS
	name string
}

func (f *faultFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.fs.change("write", f.name, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

func (f *faultFile) Sync() error {
	if f.fs.fast {
		return f.fs.change("sync", f.name, func() error { return nil })
	}
	return f.fs.change("sync", f.name, f.File.Sync)
}
