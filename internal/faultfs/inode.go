package faultfs

import (
	"io/fs"
	"math/rand/v2"
	"slices"

	"daybook/internal/durable"
)

// inode is a file or a directory of a Disk.
type inode struct {
	number  uint64
	mode    fs.FileMode
	changed int64
	named   bool // it has a name now
	open    int  // how often
	lock    *diskFile

	// Of a file: the bytes that processes see, those that are on the disk, and the writes and truncations since the last
	// sync, which the cache has and the disk may lack. base is what the cache had before these; nil is the same as disk.
	// Bytes of disk and base are never changed in place, those of cache not while they are shared.
	cache, disk []byte
	base        []byte
	dirty       []fileChange
	shared      bool

	// Of a directory: the names that processes see, and those that are on the disk.
	names, stable map[string]*inode
}

// fileChange is a write or, without data, a truncation.
type fileChange struct {
	data []byte
	at   int64 // offset, or the size
}

func (n *inode) isDir() bool { return n.mode.IsDir() }

func (n *inode) info() durable.Info {
	return durable.Info{
		ID: durable.FileID{Device: 1, Inode: n.number}, Size: int64(len(n.cache)), ModTime: n.changed, Mode: n.mode,
	}
}

func (n *inode) write(p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	n.apply(fileChange{slices.Clone(p), off})
}

func (n *inode) truncate(size int64) { n.apply(fileChange{nil, size}) }

func (n *inode) apply(c fileChange) {
	if n.shared {
		n.cache, n.shared = slices.Clone(n.cache), false
	}
	n.dirty = append(n.dirty, c)
	n.cache = c.apply(n.cache)
}

func (c fileChange) apply(b []byte) []byte {
	if c.data == nil {
		return resize(b, c.at)
	}
	b = resize(b, max(int64(len(b)), c.at+int64(len(c.data))))
	copy(b[c.at:], c.data)
	return b
}

// share returns the cache's bytes, which stay as they are.
func (n *inode) share() []byte {
	n.shared = true
	return n.cache
}

// resize cuts b off or has NULs follow it.
func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size]
	}
	k := len(b)
	b = slices.Grow(b, int(size)-k)[:size]
	clear(b[k:]) // what stood there before it was cut off
	return b
}

// sync makes the disk have what the cache has, of all sectors that have been written to.
func (n *inode) sync() {
	n.disk = n.flush(len(n.dirty), func() bool { return true })
	if n.base != nil {
		n.base = n.share()
	}
	n.dirty = nil
}

// lose returns what the disk may have after a power cut: the size after one of the changes, and of each sector that a
// change has written to, what the disk had or what the cache had then.
func (n *inode) lose(r *rand.Rand) []byte {
	if len(n.dirty) == 0 {
		return n.disk // what the size is the disk knows, too
	}
	sized := r.IntN(len(n.dirty) + 1)
	if r.IntN(3) == 0 {
		sized = len(n.dirty)
	}
	rate := r.IntN(5) // of four sectors so many arrive
	return n.flush(sized, func() bool { return r.IntN(4) < rate })
}

// flush writes to a copy of the disk. Of the first changes, sized of them, the size arrives, of any change each sector
// for which arrives says so.
func (n *inode) flush(sized int, arrives func() bool) []byte {
	disk := slices.Clone(n.disk)
	before := n.base
	if before == nil {
		before = n.disk
	}
	cache, size := slices.Clone(before), int64(len(n.disk))
	for i, c := range n.dirty {
		cache = c.apply(cache)
		if i < sized {
			size = int64(len(cache))
		}
		if c.data == nil {
			if i < sized {
				disk = disk[:min(int64(len(disk)), c.at)]
			}
			continue
		}
		last := c.at + int64(len(c.data))
		for from := c.at / sectorSize * sectorSize; from < last; from += sectorSize {
			if to := min(from+sectorSize, int64(len(cache))); arrives() {
				disk = resize(disk, max(int64(len(disk)), to))
				copy(disk[from:to], cache[from:to])
			}
		}
	}
	return resize(disk, size)
}

// fail is a sync that fails (A3).
func (n *inode) fail(r *rand.Rand) {
	n.disk = n.lose(r)
	n.base, n.dirty = n.share(), nil
}

// evict forgets what the cache has and a sync that failed did not bring to the disk. The size stays.
func (n *inode) evict() {
	if n.base != nil && len(n.dirty) == 0 {
		n.cache = resize(slices.Clone(n.disk), int64(len(n.cache)))
		n.base = nil
		if n.shared = false; len(n.disk) != len(n.cache) {
			n.base = n.share()
		}
	}
}
