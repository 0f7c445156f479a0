package dayfile

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"

	"daybook/internal/durable"
)

// replace is Append for a book whose days are replaced whole (promise 10): the day is copied, the lines are added, and
// the copy takes the day file's place. It is always synced first: one that is not could take the place of durable
// bytes.
//
// After an error the day file is the one that it was or, if only its name was not made durable, the new one. The File
// is closed then, and the next Refresh reads what is there.
//
// Calls: open events.json, create temp, lock temp, write temp for each piece, sync temp, rename temp events.json,
// syncdir day, open events.json, write mark.
func (f *File) replace(lines []byte) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("append to %s at offset %d: %w", f.Path(), f.size, err), f.forget())
		}
	}()
	// Windows and some network shares rename nothing over a file that is open.
	err = f.data.Close()
	f.data = nil
	if err != nil {
		return err
	}
	var made durable.FileID
	err = durable.ReplaceWith(f.fsys, f.temp, f.Path(), func(temp durable.File) error {
		made, err = f.copyTo(temp, lines)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.syncNames(); err != nil {
		return err
	}
	f.size += int64(len(lines))
	f.sum = crc32.Update(f.sum, castagnoli, lines)
	f.noteEnd(lines)
	f.durable, f.sumThen, f.marked = f.size, f.sum, true
	if !f.reopen(made) {
		// The lines are durable all the same. The next Refresh says what the matter is.
		_ = f.forget() // only the mark is open, and it has not been written to
		return nil
	}
	f.writeMark() // if it cannot be written, it is for another file: the day is read again by whoever opens it
	return nil
}

// copyTo writes the day and then lines to temp and returns what temp is. The day must have the bytes that the last
// Refresh has seen, and no more: their index and their checksum are going to be the new file's.
func (f *File) copyTo(temp durable.File, lines []byte) (made durable.FileID, err error) {
	old, err := f.fsys.Open(f.Path(), false)
	if err != nil {
		return made, err
	}
	defer old.Close() // nothing was written
	sum := uint32(0)
	buf := make([]byte, min(chunk, f.size))
	for at := int64(0); at < f.size; {
		n, err := old.ReadAt(buf[:min(int64(len(buf)), f.size-at)], at)
		if n == 0 {
			return made, fmt.Errorf("copy at offset %d: %w", at, errors.Join(err, io.ErrUnexpectedEOF))
		}
		if _, err := temp.WriteAt(buf[:n], at); err != nil {
			return made, reason(err)
		}
		sum = crc32.Update(sum, castagnoli, buf[:n])
		at += int64(n)
	}
	info, err := old.Stat()
	if err != nil {
		return made, err
	}
	if info.Size != f.size || sum != f.sum {
		return made, errChanged
	}
	if _, err := temp.WriteAt(lines, f.size); err != nil {
		return made, reason(err)
	}
	if info, err = temp.Stat(); err != nil {
		return made, err
	}
	// A mark says that the file's name is durable, too (promise 4). The new file may have got the inode number of one
	// that is gone, and the mark be still for that one, if those since could not be written: it is none for this file.
	if m, ok := f.readMark(); ok && m.Inode == info.ID.Inode {
		err = f.mark.Truncate(0)
	}
	return info.ID, err
}

// reopen opens the day file, which must be the file made.
func (f *File) reopen(made durable.FileID) bool {
	data, err := f.fsys.Open(f.Path(), true)
	if err != nil {
		return false
	}
	info, err := data.Stat()
	if err != nil || info.ID != made || info.Size != f.size {
		data.Close() // nothing was written
		return false
	}
	f.data, f.id = data, made
	return true
}

// sweep removes what a crash has left of a copy that could not stand in f.temp, which every Open sweeps: one beside the
// target of a symbolic link, or of a day in another file system.
func (f *File) sweep() error {
	_, err := durable.Sweep(f.fsys, filepath.Dir(f.fsys.Resolve(f.Path())))
	return err
}
