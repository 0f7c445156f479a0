package dayfile

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"

	"daybook/internal/durable"
)

// Cut is a piece that Repair takes out of a day file.
type Cut struct {
	Offset, Length int64 // in the file as it was
	Reason         string
	Break          bool   // a newline takes its place; its length may be 0
	Kept           string // path of the bytes in quarantine; set by Repair, "" if there are none
}

// Finder returns the pieces to take out between two offsets of r, both of them beginnings of lines, ascending. It is called
// for ranges that follow on each other; with from 0 all begins anew.
type Finder func(r io.ReaderAt, from, to int64) ([]Cut, error)

// errChanged says that a file has become another one while it was read.
var errChanged = errors.New("another program has changed it at this moment: programs that write need the book's lock")

// Repair puts a file in the day file's place that lacks the pieces that find names, which are durable in quarantine by
// then, and mends an unfinished last line as Refresh does. It is called without the book's lock; lock takes it and
// returns what gives it back. The lock is held only while the tail is mended, and from when what has been appended
// meanwhile is looked at until the new file is in place, so that writers go on. The File is closed when Repair returns.
//
// After an error, or a crash, the day file is the old one or the new one, whole; pieces may be in quarantine that
// still stand in it. Done again it ends in the same state.
//
// The mark says nothing of either file from before the rename on until the new file's is written: one of the old
// file would tell of bytes that are missing now. So it is emptied, for the new file, and synced before the rename.
//
// Calls: those of Refresh; if there is something to take out: create temp, lock temp, write temp for each piece,
// those of Quarantine for each piece, sync temp, those of Refresh, read all, write temp for what has come, write mark,
// sync mark, sync temp, rename temp events.json, syncdir day, write mark.
func (f *File) Repair(ctx context.Context, find Finder, lock func() (release func(), err error)) ([]Cut, error) {
	for try := 1; ; try++ {
		cuts, err := f.repair(ctx, find, lock)
		err = errors.Join(err, f.forget())
		if !errors.Is(err, errChanged) || try == 4 {
			return cuts, err
		}
	}
}

func (f *File) repair(ctx context.Context, find Finder, lock func() (func(), error)) (cuts []Cut, err error) {
	release, err := lock()
	if err != nil {
		return nil, err
	}
	err = f.Refresh(false)
	release()
	if err != nil || f.data == nil {
		return nil, err
	}
	if err := f.sweepAll(); err != nil {
		return nil, err
	}
	size := f.size
	cuts, err = find(f.data, 0, size)
	if err != nil || len(cuts) == 0 {
		return nil, err
	}
	c := copier{ctx: ctx}
	held := false
	var made durable.FileID
	err = durable.ReplaceWith(f.fsys, f.temp, f.Path(), func(temp durable.File) error {
		if c.to != nil {
			return errChanged // another process has swept the first one: begin again
		}
		c.to = temp
		if err := f.cutOut(&c, cuts, 0, size); err != nil {
			return err
		}
		if err := temp.Sync(); err != nil { // the most of it, without the lock
			return reason(err)
		}
		if err := f.Rest(); err != nil { // who has the lock may have to replace the file
			return err
		}
		if release, err = lock(); err != nil {
			return err
		}
		held = true
		more, err := f.cutRest(&c, find, size)
		if err != nil {
			return err
		}
		cuts = append(cuts, more...)
		made, err = f.emptyMark(temp)
		return err
	})
	if held {
		defer release()
	}
	if err != nil {
		return nil, fmt.Errorf("repair %s: %w", f.Path(), err)
	}
	if err := f.syncNames(); err != nil {
		return nil, err
	}
	f.id, f.size, f.sum, f.durable = made, c.at, c.sum, c.at
	f.writeMark() // if it cannot be written, the day is read whole by whoever opens it
	return cuts, nil
}

// cutRest copies what has come behind the byte size since, under the lock, and makes sure that what has been copied is what
// stands there still.
func (f *File) cutRest(c *copier, find Finder, size int64) ([]Cut, error) {
	if err := f.Refresh(false); err != nil {
		return nil, err
	}
	if f.data == nil || f.size < size {
		return nil, errChanged
	}
	if sum, err := f.sumOf(size); err != nil || sum != c.seen {
		return nil, errors.Join(err, errChanged)
	}
	more, err := find(f.data, size, f.size)
	if err != nil {
		return nil, err
	}
	if err := f.cutOut(c, more, size, f.size); err != nil {
		return nil, err
	}
	if info, err := f.data.Stat(); err != nil || info.Size != f.size {
		return nil, errors.Join(err, errChanged)
	}
	return more, nil
}

// cutOut copies the bytes between two offsets, and puts the cuts into quarantine instead.
func (f *File) cutOut(c *copier, cuts []Cut, from, to int64) error {
	for i := range cuts {
		cut := &cuts[i]
		if err := c.copy(f.data, from, cut.Offset, true); err != nil {
			return err
		}
		from = cut.Offset + cut.Length
		if err := c.copy(f.data, cut.Offset, from, false); err != nil {
			return err
		}
		if cut.Break {
			if err := c.write([]byte{'\n'}); err != nil {
				return err
			}
		}
		if cut.Length == 0 {
			continue
		}
		kept, err := Quarantine(f.fsys, f.dir, f.temp, f.data, cut.Offset, cut.Length, cut.Reason)
		if err != nil {
			return err
		}
		cut.Kept = kept
	}
	return c.copy(f.data, from, to, true)
}

// emptyMark makes the mark one of the file temp, of which it says nothing yet, and closes the day file: Windows and some
// network shares rename nothing over a file that is open.
func (f *File) emptyMark(temp durable.File) (durable.FileID, error) {
	info, err := temp.Stat()
	if err != nil {
		return info.ID, err
	}
	if _, err := f.mark.WriteAt(Mark{Inode: info.ID.Inode}.Encode(), 0); err != nil {
		return info.ID, fmt.Errorf("write the commit mark: %w", reason(err))
	}
	if err := f.mark.Sync(); err != nil {
		return info.ID, fmt.Errorf("sync the commit mark: %w", reason(err))
	}
	err = f.data.Close()
	f.data = nil
	return info.ID, err
}

// sweepAll removes what a crash has left where no Open looks: beside the target of a symbolic link, and in quarantine if
// that is another file system than the book's.
func (f *File) sweepAll() error {
	err := f.sweep()
	quarantine := filepath.Join(f.dir, QuarantineName)
	if _, serr := f.fsys.Stat(quarantine); serr == nil {
		_, serr = durable.Sweep(f.fsys, quarantine)
		err = errors.Join(err, serr)
	}
	return err
}

// copier copies a day file piece by piece.
type copier struct {
	ctx  context.Context
	to   durable.File
	at   int64  // bytes written
	sum  uint32 // CRC32C of them
	seen uint32 // CRC32C of the bytes read, the left out ones too
	buf  []byte
}

// copy reads the bytes between two offsets and writes them if keep is set.
func (c *copier) copy(r io.ReaderAt, from, to int64, keep bool) error {
	if c.buf == nil {
		c.buf = make([]byte, chunk)
	}
	for from < to {
		if err := context.Cause(c.ctx); err != nil {
			return err
		}
		n, err := r.ReadAt(c.buf[:min(int64(len(c.buf)), to-from)], from)
		if n == 0 {
			return fmt.Errorf("read at offset %d: %w", from, errors.Join(err, io.ErrUnexpectedEOF))
		}
		c.seen = crc32.Update(c.seen, castagnoli, c.buf[:n])
		if keep {
			if err := c.write(c.buf[:n]); err != nil {
				return err
			}
		}
		from += int64(n)
	}
	return nil
}

func (c *copier) write(p []byte) error {
	if _, err := c.to.WriteAt(p, c.at); err != nil {
		return reason(err)
	}
	c.at += int64(len(p))
	c.sum = crc32.Update(c.sum, castagnoli, p)
	return nil
}
