package faultfs

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Disk is a disk in memory that can lose its power, and the page cache before it. Processes write to it; what they have
// not synced a power cut may take away, by the assumptions of docs/durability.md and no others:
//
//   - A1: of bytes that are not synced each sector of 512 bytes is, by itself, the old one, the new one or one in between.
//   - A2: what a sync has returned for is there, bytes and size. The size that is not synced is any that the file had since;
//     where it has grown and no sector was written there are NULs.
//   - A3: a sync that fails leaves of each sector the old one or the new one, and counts all of them as written. Reading
//     shows the new ones until the cache forgets them, and then what the disk has.
//   - A4: changes of a directory that are not synced are kept up to any one of them, in their order; a rename is kept in
//     both directories or in none. A synced file may have no name. What is known of journals is not used: the changes of
//     two directories are independent in one half of the cuts, and in one order in the other half.
//   - A5: locks are advisory; they end with the open file, and with the process.
//   - A6: a killed process loses nothing; a write that it is in may be cut short at a page boundary.
//
// The number of a file that is gone is the next new file's. There are no symbolic links and no permissions. Set the
// fields before the first call. A Disk may be used by several goroutines at once.
type Disk struct {
	// Before is called before each call, and may call Crash: then the call is being made. Goroutines that read at once
	// call it at once. nil: nothing.
	Before func(Call)
	// Pinned has a file that is open keep its name, as on Windows: it cannot be replaced, nor removed.
	Pinned bool
	// Fault says which calls fail, as in FS. A sync that fails drops what it should have written (A3), unless Applied.
	// nil: none fails.
	Fault func(Call) Fault
	// Fold makes one string of all spellings of a name, as file systems do for which a.txt and A.TXT are one file. A
	// directory lists the spelling by which a file was made or was last renamed, and every other leads there too; a
	// rename to another spelling changes what is listed. nil: each name has one spelling.
	Fold func(name string) string

	mu     sync.Mutex
	rand   *rand.Rand
	root   *inode
	ops    []*nameOp          // that are not synced, in their order
	freed  map[uint64]*nameOp // by inode number: what made it free
	used   map[uint64]bool    // inode numbers of files that have a name or are open
	calls  int
	clock  int64 // of the last change
	flight flight
}

const (
	sectorSize = 512
	pageSize   = 4096
)

// nameOp is one change of one or two directories, kept as a whole or not at all.
type nameOp struct {
	changes []nameChange
	after   *nameOp // made the inode number free that this one gives to a new file
}

type nameChange struct {
	dir  *inode
	name string
	to   *inode // nil: the name goes
}

// flight is the write that a process is making while Before is called.
type flight struct {
	file *inode
	data []byte
	off  int64
}

// NewDisk returns an empty disk with a root directory. All that it does by chance derives from seed.
func NewDisk(seed uint64) *Disk {
	d := &Disk{rand: rand.New(rand.NewPCG(seed, 0)), freed: map[uint64]*nameOp{}, used: map[uint64]bool{}}
	d.root = d.newInode(fs.ModeDir | 0o755)
	return d
}

// FileState is a file as everybody sees it now.
type FileState struct {
	Data  []byte // not to be changed
	Inode uint64
	Mode  fs.FileMode
}

// Files returns all files by their paths, with "/". It is the checkers' way to the bytes, apart from durable.FS.
func (d *Disk) Files() map[string]FileState {
	d.mu.Lock()
	defer d.mu.Unlock()
	files := make(map[string]FileState)
	var walk func(dir *inode, path string)
	walk = func(dir *inode, path string) {
		for name, n := range dir.names {
			if n.isDir() {
				walk(n, path+"/"+name)
			} else {
				files[path+"/"+name] = FileState{n.share(), n.number, n.mode}
			}
		}
	}
	walk(d.root, "")
	return files
}

// newInode makes a file or a directory with the lowest number that is free.
func (d *Disk) newInode(mode fs.FileMode) *inode {
	n := &inode{mode: mode, number: 2}
	for d.used[n.number] {
		n.number++
	}
	d.used[n.number] = true
	if n.isDir() {
		n.names, n.stable = map[string]*inode{}, map[string]*inode{}
	}
	d.touch(n)
	return n
}

// touch sets the time of the last change, which never comes twice.
func (d *Disk) touch(n *inode) {
	d.clock = max(d.clock+1, time.Now().UnixNano())
	n.changed = d.clock
}

// change changes names as one operation.
func (d *Disk) change(changes ...nameChange) {
	op := &nameOp{changes: changes}
	for _, c := range changes {
		d.touch(c.dir)
		if old := c.dir.names[c.name]; old != nil && old != c.to {
			old.named = false
			d.freed[old.number] = op
			defer d.release(old) // its name may be given elsewhere by this very operation
		}
		if c.to == nil {
			delete(c.dir.names, c.name)
			continue
		}
		if !c.to.named && op.after == nil {
			op.after = d.freed[c.to.number]
		}
		c.dir.names[c.name] = c.to
	}
	for _, c := range changes {
		if c.to != nil {
			c.to.named = true
		}
	}
	d.ops = append(d.ops, op)
}

// release makes the number of a file free that has no name and is not open.
func (d *Disk) release(n *inode) {
	if !n.named && n.open == 0 {
		delete(d.used, n.number)
	}
}

// syncDir keeps all changes of a directory, and what they depend on.
func (d *Disk) syncDir(dir *inode) {
	dirs, need := map[*inode]bool{dir: true}, map[*nameOp]bool{}
	for _, op := range slices.Backward(d.ops) {
		if need[op] || slices.ContainsFunc(op.changes, func(c nameChange) bool { return dirs[c.dir] }) {
			need[op], need[op.after] = true, true
			for _, c := range op.changes {
				dirs[c.dir] = true
			}
		}
	}
	d.keep(need)
}

// keep makes some of the operations last.
func (d *Disk) keep(need map[*nameOp]bool) {
	rest := d.ops[:0]
	for _, op := range d.ops {
		if need[op] {
			op.keep()
		} else {
			rest = append(rest, op)
		}
	}
	clear(d.ops[len(rest):])
	d.ops = rest
}

func (op *nameOp) keep() {
	op.after = nil // is kept, too
	for _, c := range op.changes {
		if c.to == nil {
			delete(c.dir.stable, c.name)
		} else {
			c.dir.stable[c.name] = c.to
		}
	}
}

// find returns what a path leads to; nil and an error if there is nothing.
func (d *Disk) find(name string) (*inode, error) {
	n := d.root
	for _, part := range parts(name) {
		if !n.isDir() {
			return nil, syscall.ENOTDIR
		}
		if n = n.names[d.listed(n, part)]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

// listed returns how a directory lists a name; the name itself if it does not.
func (d *Disk) listed(dir *inode, name string) string {
	if _, ok := dir.names[name]; ok || d.Fold == nil {
		return name
	}
	for other := range dir.names {
		if d.Fold(other) == d.Fold(name) {
			return other
		}
	}
	return name
}

// place returns the directory that a path is in, which must be there, and the last element of it.
func (d *Disk) place(name string) (dir *inode, base string, err error) {
	dir, err = d.find(filepath.Dir(name))
	if err == nil && !dir.isDir() {
		err = syscall.ENOTDIR
	}
	if all := parts(name); len(all) > 0 {
		base = all[len(all)-1]
	} else if err == nil {
		err = fs.ErrExist // the root
	}
	return dir, base, err
}

func parts(name string) []string {
	name = filepath.Clean(name)
	name = filepath.ToSlash(name[len(filepath.VolumeName(name)):])
	return strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// ErrDead is what the calls of a Process return that has been killed. Nothing is tried again after it.
var ErrDead = fmt.Errorf("the process is dead: %w", EROFS)
