package dayfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"daybook/internal/durable"
)

// Rest closes the files until the next Refresh where an open file could not be replaced by others, or removed: a sync
// client, a repair, another process in the replace mode. It comes last under the hold of the lock.
//
// Calls on such a system: close events.json, close events.mark. The next Refresh: stat path, open events.json, open
// events.mark.
func (f *File) Rest() error {
	if f.data == nil || !f.fsys.Pins() {
		return nil
	}
	err := errors.Join(f.data.Close(), f.mark.Close())
	f.data, f.mark, f.rests = nil, nil, true
	return err
}

// wake opens the files again. If the day file is another one than it was a moment ago nothing is known of it.
func (f *File) wake() (err error) {
	f.rests = false
	defer func() {
		if err != nil {
			err = errors.Join(err, f.forget())
		}
	}()
	if f.data, err = f.fsys.Open(f.Path(), true); err != nil {
		f.data = nil
		return err
	}
	info, err := f.data.Stat()
	if err != nil {
		return err
	}
	if info.ID != f.id {
		return f.forget()
	}
	if name := filepath.Join(f.dir, MarkName); f.fsys.Resolve(name) == name {
		if f.mark, err = f.fsys.Open(name, true); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return f.openMark()
}

// openMark opens the mark and makes it if it is missing. A symbolic link in its place is removed: what it leads to is
// nobody's to write over.
func (f *File) openMark() (err error) {
	name := filepath.Join(f.dir, MarkName)
	if f.fsys.Resolve(name) != name {
		if err := f.fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f.mark, _, err = f.fsys.Create(name)
	return err
}

// forget closes the day file and everything known of it.
func (f *File) forget() error {
	if f.data == nil && f.mark == nil && !f.rests {
		return nil
	}
	f.to.Reset()
	var err error
	f.rests = false
	for _, file := range []durable.File{f.data, f.mark} {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	f.data, f.mark, f.size, f.sum, f.durable, f.sumThen = nil, nil, 0, 0, 0, 0
	f.marked, f.named, f.failed = false, false, false
	return err
}

// Close closes the files. It may be called without the book's lock. The File may be used again.
func (f *File) Close() error { return f.forget() }

// open opens the day file, makes what is missing if create is set, and reads it whole. was is what the File knew
// before of the file of this name: where no mark tells of the one that is there now, bytes of that one that are
// missing are reported (promise 7), unless the day has been retired.
//
// Calls for a new day: mkdir day, syncdir book, create events.json, create events.mark, write mark, syncdir day. So the
// mark, of size 0, is there before the first byte, and bytes of ours beyond it are known for what they are (promise 4).
func (f *File) open(create bool, was Mark) (err error) {
	if create {
		if err := durable.MkdirAll(f.fsys, f.dir); err != nil {
			return err
		}
	}
	var made bool
	if create {
		f.data, made, err = f.fsys.Create(f.Path())
	} else {
		f.data, err = f.fsys.Open(f.Path(), true)
	}
	if err != nil {
		f.data = nil
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.forget())
		}
	}()
	info, err := f.data.Stat()
	if err != nil {
		return err
	}
	if info.Mode.IsDir() {
		return fmt.Errorf("open %s: it is a directory: move it away", f.Path())
	}
	f.id = info.ID
	f.opens++
	if f.replaces && !made {
		_ = f.sweep() // what stays costs nothing but room
	}
	if err := f.openMark(); err != nil {
		return err
	}
	m, valid := f.readMark()
	ours := valid && m.Inode == f.id.Inode // catchUp compares what it tells of
	if !ours && was.Size > m.Size && !f.retired() {
		m = was
	}
	f.reportLost(m, info.Size, ours)
	if info.Size == 0 {
		if err := f.writeMark(); err != nil {
			return fmt.Errorf("write the commit mark of %s: %w", f.Path(), err)
		}
		f.marked = true
	}
	if made {
		if err := f.fsys.SyncDir(f.dir); err != nil {
			return err
		}
		f.named = true
		return nil
	}
	return f.catchUp(info.Size)
}

// retired reports whether what stood in the day file may be in the packed file now, or deleted on purpose.
func (f *File) retired() bool {
	if _, err := f.fsys.Stat(filepath.Join(f.dir, PackedName)); err == nil {
		return true
	}
	list, err := ReadSums(f.fsys, f.dir)
	return err == nil && len(list.Deleted) > 0
}
