package faultfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Crash kinds.
const (
	Kill CrashKind = iota // all processes are killed: the page cache survives
	Cut                   // the power is cut: what is not synced may be lost
)

// CrashKind is a way to end.
type CrashKind int

// String returns kill or cut.
func (k CrashKind) String() string { return [...]string{"kill", "cut"}[k] }

// Crash returns the disk as it may be found after all processes have ended in this way at this moment. The Disk itself
// stays as it is: the same moment may end in many ways, which differ by seed. Of a call that is being made, anything from
// nothing to all has happened.
func (d *Disk) Crash(kind CrashKind, seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := NewDisk(seed)
	c.Pinned, c.Fold = d.Pinned, d.Fold
	copies := copier{}
	c.root = copies.inode(d.root)
	for _, op := range d.ops {
		c.ops = append(c.ops, copies.op(op))
	}
	for number, op := range d.freed {
		if copied, ok := copies[op].(*nameOp); ok {
			c.freed[number] = copied
		}
	}
	c.clock = d.clock
	if f := d.flight; f.file != nil && copies[f.file] != nil {
		n, size := copies[f.file].(*inode), len(f.data)
		if kind == Kill {
			size = tear(c.rand, f.off, size)
		}
		n.write(f.data[:size], f.off)
	}
	if kind == Cut {
		c.loseNames()
	}
	c.used = map[uint64]bool{}
	c.settle(c.root, kind)
	return c
}

// tear returns how much of a write is done when its process is killed (A6).
func tear(r *rand.Rand, off int64, size int) int {
	sizes := []int{0, size}
	for end := pageSize - int(off%pageSize); end < size; end += pageSize {
		sizes = append(sizes, end)
	}
	return sizes[r.IntN(len(sizes))]
}

// loseNames loses some of the changes of directories that are not synced (A4).
func (d *Disk) loseNames() {
	kept, stuck := map[*nameOp]bool{nil: true}, map[*inode]bool{}
	journal, rate := d.rand.IntN(2) == 0, 1+d.rand.IntN(6)
	for _, op := range d.ops {
		ok := d.rand.IntN(rate+1) != 0 && (kept[op.after] || !slices.Contains(d.ops, op.after))
		for _, c := range op.changes {
			ok = ok && !stuck[c.dir]
		}
		if kept[op] = ok; ok {
			continue
		}
		if journal {
			break
		}
		for _, c := range op.changes {
			stuck[c.dir] = true
		}
	}
	d.keep(kept)
	d.ops, d.freed = nil, map[uint64]*nameOp{}
}

// settle ends all that processes have had, from the directory on, and in a power cut what was not synced.
func (d *Disk) settle(n *inode, kind CrashKind) {
	n.lock, n.open = nil, 0
	d.used[n.number] = true
	if !n.isDir() {
		if kind == Cut {
			n.disk = n.lose(d.rand)
			n.cache, n.base, n.dirty, n.shared = n.disk, nil, nil, true
		} else if d.rand.IntN(2) == 0 {
			n.evict()
		}
		return
	}
	if kind == Cut {
		n.names = maps.Clone(n.stable)
	}
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		n.names[name].named = true
		d.settle(n.names[name], kind)
	}
}

// copier copies inodes and operations, each once.
type copier map[any]any

func (c copier) inode(n *inode) *inode {
	if n == nil {
		return nil
	}
	if done, ok := c[n].(*inode); ok {
		return done
	}
	n.share()
	m := *n
	c[n] = &m
	m.lock, m.open, m.dirty = nil, 0, slices.Clip(n.dirty)
	if n.isDir() {
		m.names, m.stable = c.names(n.names), c.names(n.stable)
	}
	return &m
}

func (c copier) names(names map[string]*inode) map[string]*inode {
	out := make(map[string]*inode, len(names))
	for name, n := range names {
		out[name] = c.inode(n)
	}
	return out
}

func (c copier) op(op *nameOp) *nameOp {
	if op == nil {
		return nil
	}
	if done, ok := c[op].(*nameOp); ok {
		return done
	}
	o := &nameOp{after: c.op(op.after)}
	c[op] = o
	for _, ch := range op.changes {
		o.changes = append(o.changes, nameChange{c.inode(ch.dir), ch.name, c.inode(ch.to)})
	}
	return o
}
