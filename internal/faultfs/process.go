package faultfs

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"syscall"

	"daybook/internal/durable"
)

// Process is what one process sees of a Disk, as a durable.FS. Its open files and locks end when it is killed.
type Process struct {
	d      *Disk
	dead   bool
	dieIn  int // calls that change something until it dies; 0: it does not
	opened map[*diskFile]struct{}
}

// Process starts a process.
func (d *Disk) Process() *Process { return &Process{d: d, opened: map[*diskFile]struct{}{}} }

// Kill ends the process. From then on its calls have no effect and return ErrDead.
func (p *Process) Kill() {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	p.kill()
}

// KillIn has the process die in the nth call from now on that changes something, of which a part may have happened; 0
// takes that back.
func (p *Process) KillIn(n int) {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	p.dieIn = n
}

// Dead reports whether the process has been killed.
func (p *Process) Dead() bool {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	return p.dead
}

func (p *Process) kill() {
	p.dead = true
	for f := range p.opened {
		f.close()
	}
}

// Changes reports whether a call may change what is on the disk or who holds a lock. Between two such calls a crash
// leaves the same, whatever is read.
func (c Call) Changes() bool {
	switch c.Op {
	case "read", "stat", "open", "readdir", "close":
		return false
	}
	return true
}

// begin announces a call, has it fail if it is to, and reports whether the process dies in it. Without an error the
// Disk is locked when it returns.
func (p *Process) begin(op, name string, w flight) (f Fault, dies bool, err error) {
	d := p.d
	d.mu.Lock()
	d.calls++
	c := Call{d.calls, op, filepath.Base(name)}
	if p.dead {
		d.mu.Unlock()
		return f, false, pathError(op, name, ErrDead)
	}
	before := d.flight
	if c.Changes() { // others may read while a write is in flight
		d.flight = w
	}
	d.mu.Unlock()
	if d.Before != nil {
		d.Before(c)
	}
	if d.Fault != nil {
		f = d.Fault(c)
	}
	d.mu.Lock()
	if c.Changes() {
		d.flight = before
	}
	if p.dead { // Before has ended it
		d.mu.Unlock()
		return f, false, pathError(op, name, ErrDead)
	}
	if p.dieIn > 0 && c.Changes() {
		p.dieIn--
		dies = p.dieIn == 0
	}
	return f, dies, nil
}

// do makes a call.
func (p *Process) do(op, name string, apply func() error) error {
	f, dies, err := p.begin(op, name, flight{})
	if err != nil {
		return err
	}
	defer p.d.mu.Unlock()
	if dies {
		if p.d.rand.IntN(2) == 0 {
			_ = apply() // nobody learns of it
		}
		p.kill()
		return pathError(op, name, ErrDead)
	}
	if f.Err == nil || f.Applied {
		err = apply()
	}
	if err == nil {
		err = f.Err
	}
	return pathError(op, name, err)
}

func (p *Process) file(n *inode, name string, write bool) *diskFile {
	f := &diskFile{p: p, n: n, name: name, write: write}
	n.open++
	p.opened[f] = struct{}{}
	return f
}

// open makes a call that opens a file. One that fails opens none.
func (p *Process) open(op, name string, apply func() (*diskFile, error)) (durable.File, error) {
	var file *diskFile
	err := p.do(op, name, func() (err error) { file, err = apply(); return err })
	if err != nil {
		if file != nil {
			p.d.mu.Lock()
			file.close()
			p.d.mu.Unlock()
		}
		return nil, err
	}
	return file, nil
}

// Open implements durable.FS.
func (p *Process) Open(name string, write bool) (durable.File, error) {
	return p.open("open", name, func() (*diskFile, error) {
		n, err := p.d.find(name)
		if err != nil {
			return nil, err
		}
		if n.isDir() && write {
			return nil, syscall.EISDIR
		}
		return p.file(n, name, write), nil
	})
}

// Create implements durable.FS.
func (p *Process) Create(name string) (f durable.File, made bool, err error) {
	f, err = p.open("create", name, func() (*diskFile, error) {
		n, err := p.d.find(name)
		switch {
		case err == nil && n.isDir():
			return nil, syscall.EISDIR
		case err == nil:
			return p.file(n, name, true), nil
		}
		made = true
		return p.make(name, 0o644)
	})
	return f, made && err == nil, err
}

// CreateLock implements durable.FS.
func (p *Process) CreateLock(name string) (durable.File, error) {
	return p.open("create", name, func() (*diskFile, error) {
		n, err := p.d.find(name)
		switch {
		case err == nil && n.isDir():
			return nil, syscall.EISDIR
		case err == nil:
			return p.file(n, name, true), nil
		}
		return p.make(name, 0o600)
	})
}

// CreateLike implements durable.FS.
func (p *Process) CreateLike(name, model string) (durable.File, error) {
	return p.open("create", name, func() (*diskFile, error) {
		if _, err := p.d.find(name); err == nil {
			return nil, fs.ErrExist
		}
		mode := fs.FileMode(0o644)
		if m, err := p.d.find(model); err == nil && !m.isDir() {
			mode = m.mode
		}
		return p.make(name, mode)
	})
}

// make makes a file that is missing.
func (p *Process) make(name string, mode fs.FileMode) (*diskFile, error) {
	dir, base, err := p.d.place(name)
	if err != nil {
		return nil, err
	}
	n := p.d.newInode(mode)
	p.d.change(nameChange{dir, base, n})
	return p.file(n, name, true), nil
}

// Mkdir implements durable.FS.
func (p *Process) Mkdir(name string) (made bool, err error) {
	err = p.do("mkdir", name, func() error {
		n, err := p.d.find(name)
		if err == nil {
			if !n.isDir() {
				return fs.ErrExist
			}
			return nil
		}
		dir, base, err := p.d.place(name)
		if err != nil {
			return err
		}
		made = true
		p.d.change(nameChange{dir, base, p.d.newInode(fs.ModeDir | 0o755)})
		return nil
	})
	return made && err == nil, err
}

// Rename implements durable.FS.
func (p *Process) Rename(from, to string) error {
	return p.do("rename", to, func() error {
		n, err := p.d.find(from)
		if err != nil {
			return err
		}
		if old, err := p.d.find(to); err == nil && old.isDir() && old != n {
			return fs.ErrExist
		} else if err == nil && old != n && p.d.pins(old) {
			return fs.ErrPermission
		}
		source, name, err := p.d.place(from)
		if err != nil {
			return err
		}
		target, base, err := p.d.place(to)
		name = p.d.listed(source, name)
		if err != nil || source == target && name == base {
			return err
		}
		changes := []nameChange{{target, base, n}, {source, name, nil}}
		if old := p.d.listed(target, base); old != base && target.names[old] != n {
			changes = append(changes, nameChange{target, old, nil})
		}
		p.d.change(changes...)
		n.named = true
		return nil
	})
}

// Remove implements durable.FS.
func (p *Process) Remove(name string) error {
	return p.do("remove", name, func() error {
		n, err := p.d.find(name)
		if err != nil {
			return err
		}
		if len(n.names) > 0 {
			return errors.New("directory not empty")
		}
		if p.d.pins(n) {
			return fs.ErrPermission
		}
		dir, base, err := p.d.place(name)
		if err == nil {
			p.d.change(nameChange{dir, p.d.listed(dir, base), nil})
		}
		return err
	})
}

// ReadDir implements durable.FS.
func (p *Process) ReadDir(name string) (entries []fs.DirEntry, err error) {
	err = p.do("readdir", name, func() error {
		n, err := p.d.find(name)
		if err != nil {
			return err
		}
		if !n.isDir() {
			return syscall.ENOTDIR
		}
		for _, base := range slices.Sorted(maps.Keys(n.names)) {
			entries = append(entries, dirEntry{base, n.names[base].mode})
		}
		return nil
	})
	return entries, err
}

// dirEntry is a name in a directory; it knows no more of a file than a directory does.
type dirEntry struct {
	name string
	mode fs.FileMode
}

func (e dirEntry) Name() string               { return e.name }
func (e dirEntry) IsDir() bool                { return e.mode.IsDir() }
func (e dirEntry) Type() fs.FileMode          { return e.mode.Type() }
func (e dirEntry) Info() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }

// Pins implements durable.FS.
func (p *Process) Pins() bool { return p.d.Pinned }

// pins reports whether a file may not lose its name.
func (d *Disk) pins(n *inode) bool { return d.Pinned && n.open > 0 }

// Resolve implements durable.FS. There are no symbolic links.
func (p *Process) Resolve(name string) string { return name }

// Stat implements durable.FS.
func (p *Process) Stat(name string) (info durable.Info, err error) {
	err = p.do("stat", name, func() error {
		n, err := p.d.find(name)
		if err == nil {
			info = n.info()
		}
		return err
	})
	return info, err
}

// SyncDir implements durable.FS.
func (p *Process) SyncDir(name string) error {
	return p.do("syncdir", name, func() error {
		n, err := p.d.find(name)
		if err == nil && !n.isDir() {
			err = syscall.ENOTDIR
		}
		if err == nil {
			p.d.syncDir(n)
		}
		return err
	})
}
