package faultfs

import (
	"io"
	"io/fs"
	"syscall"

	"daybook/internal/durable"
)

// diskFile is an open file of a Process.
type diskFile struct {
	p      *Process
	n      *inode
	name   string
	write  bool
	closed bool
}

// close ends the file, and its lock. The Disk is locked.
func (f *diskFile) close() {
	if f.closed {
		return
	}
	f.closed = true
	delete(f.p.opened, f)
	if f.n.lock == f {
		f.n.lock = nil
	}
	f.n.open--
	f.p.d.release(f.n)
}

func (f *diskFile) do(op string, apply func() error) error {
	return f.p.do(op, f.name, func() error {
		if f.closed {
			return fs.ErrClosed
		}
		return apply()
	})
}

func (f *diskFile) ReadAt(b []byte, off int64) (n int, err error) {
	err = f.do("read", func() error {
		if f.n.isDir() {
			return syscall.EISDIR
		}
		if f.n.base != nil && f.p.d.rand.IntN(8) == 0 {
			f.n.evict()
		}
		if off < int64(len(f.n.cache)) {
			n = copy(b, f.n.cache[off:])
		}
		return nil
	})
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}

func (f *diskFile) WriteAt(b []byte, off int64) (int, error) {
	fault, dies, err := f.p.begin("write", f.name, flight{f.n, b, off})
	if err != nil {
		return 0, err
	}
	d := f.p.d
	defer d.mu.Unlock()
	if f.closed || !f.write {
		return 0, pathError("write", f.name, fs.ErrClosed)
	}
	n := len(b)
	switch {
	case dies:
		n = tear(d.rand, off, n)
	case fault.Err != nil && !fault.Applied:
		n = min(n, fault.Part)
	}
	f.n.write(b[:n], off)
	d.touch(f.n)
	if dies {
		f.p.kill()
		return 0, pathError("write", f.name, ErrDead)
	}
	return n, pathError("write", f.name, fault.Err)
}

func (f *diskFile) Truncate(size int64) error {
	return f.do("truncate", func() error {
		if !f.write {
			return fs.ErrPermission
		}
		f.n.truncate(size)
		f.p.d.touch(f.n)
		return nil
	})
}

func (f *diskFile) Sync() error {
	fault, dies, err := f.p.begin("sync", f.name, flight{})
	if err != nil {
		return err
	}
	d := f.p.d
	defer d.mu.Unlock()
	switch {
	case f.closed:
		return pathError("sync", f.name, fs.ErrClosed)
	case dies:
		f.p.kill() // the cache has it all, whatever has reached the disk
		return pathError("sync", f.name, ErrDead)
	case fault.Err != nil && !fault.Applied:
		f.n.fail(d.rand)
	default:
		f.n.sync()
	}
	return pathError("sync", f.name, fault.Err)
}

func (f *diskFile) Stat() (info durable.Info, err error) {
	err = f.do("stat", func() error { info = f.n.info(); return nil })
	return info, err
}

func (f *diskFile) TryLock() (ok bool, err error) {
	err = f.do("lock", func() error {
		if ok = f.n.lock == nil || f.n.lock == f; ok {
			f.n.lock = f
		}
		return nil
	})
	return ok && err == nil, err
}

func (f *diskFile) Unlock() error {
	return f.do("unlock", func() error {
		if f.n.lock == f {
			f.n.lock = nil
		}
		return nil
	})
}

func (f *diskFile) Close() error {
	return f.do("close", func() error { f.close(); return nil })
}
