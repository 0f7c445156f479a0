package dayfile

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
)

// Append writes whole lines, each ended by its newline, at the end, after a Refresh(true) under the same hold of the lock.
// With sync it returns nil only when they, and all bytes before them, are on stable storage. A File that replaces does so
// in either case; see replace.
//
// After an error nothing of lines is left, as far as the file system lets itself be told so (promise 6): they are cut off
// again without quarantine, for they were never acknowledged and their writer still has them. Bytes of others
// that are not durable yet are kept, and written again before the next sync, since a failed one may have dropped them.
// The mark says so until a sync has succeeded, and until then every Append syncs.
//
// Calls: write lines, and with sync: sync, write mark. Bytes in doubt before them (beyond the mark): read, write first.
// After an error: write mark, truncate.
func (f *File) Append(lines []byte, sync bool) error {
	if f.data == nil {
		return errors.New("append to a day file that is not open")
	}
	if f.replaces {
		return f.replace(lines)
	}
	start := f.size
	sync = sync || f.failed
	if sync {
		if err := f.rewrite(); err != nil {
			return err
		}
	}
	if _, err := f.data.WriteAt(lines, start); err != nil {
		return f.cutBack(start, fmt.Errorf("append to %s at offset %d: %w", f.Path(), start, reason(err)))
	}
	f.size += int64(len(lines))
	f.sum = crc32.Update(f.sum, castagnoli, lines)
	f.noteEnd(lines)
	if !sync {
		return nil
	}
	if err := f.syncAll(); err != nil {
		return f.cutBack(start, err)
	}
	return nil
}

// Sync makes all bytes durable that are there, whoever wrote them, after a Refresh under the same hold of the lock.
//
// Calls: read and write the bytes beyond the mark, sync, write mark.
func (f *File) Sync() error {
	if f.data == nil || f.durable == f.size && f.named {
		return nil
	}
	if err := f.rewrite(); err != nil {
		return err
	}
	return f.syncAll()
}

// rewrite writes the bytes beyond the mark once more where they stand. A sync that failed, in any process, may have left
// them clean in memory and missing on the disk; written again they are the next sync's business (promise 6). Without
// a valid mark that may be all bytes; but a file that has replaced another one was synced before it got its name.
//
// They must be the bytes that have been seen: those that a failed sync has left clean are read as they were only until
// memory is short.
func (f *File) rewrite() error {
	if f.durable == f.size || f.replaces && !f.marked {
		return nil
	}
	buf := make([]byte, min(chunk, f.size-f.durable))
	sum := f.sumThen
	for at := f.durable; at < f.size; {
		n, err := f.data.ReadAt(buf[:min(int64(len(buf)), f.size-at)], at)
		if err != nil && err != io.EOF {
			return fmt.Errorf("read %s again: %w", f.Path(), err)
		}
		if n == 0 {
			return fmt.Errorf("read %s again: it is shorter than it was", f.Path())
		}
		if _, err := f.data.WriteAt(buf[:n], at); err != nil {
			return fmt.Errorf("write %s again at offset %d: %w", f.Path(), at, reason(err))
		}
		sum = crc32.Update(sum, castagnoli, buf[:n])
		at += int64(n)
	}
	if sum != f.sum {
		return fmt.Errorf("write %s again: it is not what it was a moment ago", f.Path())
	}
	return nil
}

// syncAll makes the file durable up to its size, and its name, and writes the mark.
func (f *File) syncAll() error {
	if err := f.data.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", f.Path(), reason(err))
	}
	if err := f.syncNames(); err != nil {
		return err
	}
	f.durable, f.sumThen, f.marked, f.failed = f.size, f.sum, true, false
	// A mark that cannot be written is an older one, and a lower bound still: no reason to refuse what is durable.
	f.writeMark()
	return nil
}

// syncNames makes the file's name and its day's durable: a mark says that they are, too (promise 9).
func (f *File) syncNames() error {
	if f.named {
		return nil
	}
	for _, dir := range []string{f.dir, filepath.Dir(f.dir)} {
		if err := f.fsys.SyncDir(dir); err != nil {
			return fmt.Errorf("sync %s: %w", dir, err)
		}
	}
	f.named = true
	return nil
}

func (f *File) writeMark() error {
	_, err := f.mark.WriteAt(Mark{Inode: f.id.Inode, Size: f.durable, Sum: f.sum}.append(f.room[:0]), 0)
	return err
}

// reason is err without the path that the operating system's errors name: ours do.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// cutBack undoes an append that failed for cause, so that the file ends at size again. What is cut off may stand on the
// disk all the same, and come to light if a later sync of what is written in its place fails too and memory forgets
// that: so the mark says first that this has happened, which survives this process.
func (f *File) cutBack(size int64, cause error) error {
	// A mark that cannot be written is no reason to leave what was not acknowledged.
	f.mark.WriteAt(Mark{f.id.Inode, f.durable, f.sumThen, true}.Encode(), 0)
	err := f.data.Truncate(size)
	// Read again what is there now: the next Refresh begins from nothing.
	return errors.Join(cause, err, f.forget())
}
