// Package dayfile keeps the bytes of one day: lines of JSON that are appended so that no crash tears what was promised.
//
// It knows bytes and offsets, not what an event is. The rules that it follows are the numbered promises of
// docs/durability.md.
package dayfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"daybook/internal/durable"
)

// The names of a day's files in its directory.
const (
	DataName       = "events.json"
	PackedName     = "events.json.zst" // of a retired day; of two files the content is this one's and what the other has more
	MarkName       = "events.mark"
	QuarantineName = "quarantine"
)

// File is one day's file, open for appending. Unless a method says otherwise, its caller holds the book's lock: it is
// what makes the steps of several processes come one after the other. A File serves one goroutine at a time.
type File struct {
	fsys durable.FS
	dir  string // of the day
	path string // of the day file
	temp string // where temporary files go
	to   Observer
	// replaces says that nothing is appended in place: each Append replaces the file (promise 10).
	replaces bool

	data durable.File // nil: not open
	id   durable.FileID
	mark durable.File
	// rests says that the files are closed, and that the next Refresh goes on with what is known of them.
	rests bool
	opens int // how often a day file was opened, or made, of which nothing was known

	size    int64    // bytes seen; all lines up to here end with a newline
	sum     uint32   // CRC32C of them
	durable int64    // how many of them are known to be durable
	sumThen uint32   // CRC32C of those
	marked  bool     // there is a valid mark: it was written before the first byte or after a sync
	named   bool     // the file's name is known to be durable
	failed  bool     // the mark says that what is not durable may be others' bytes on the disk
	last    [64]byte // the last bytes before size, as many as there are

	seen [markLen]byte // the last mark that was read,
	says Mark          // and what it says
	room [markLen]byte // scratch: of a mark, or of the last bytes
}

// Observer is told what a File finds in the bytes that it has not seen yet.
type Observer interface {
	// Reset says that the file is another one: everything that Line told is void.
	Reset()
	// Line tells of a line that ends with a newline. Lines beyond the commit mark obey the grammar; of those before
	// it, damage may have been done to them since, nobody has looked.
	Line(Line)
	// Damage tells of bytes that are no line, and of what has been done about it.
	Damage(Damage)
}

// Damage is a piece of a day file that is no line.
type Damage struct {
	File           string // path
	Offset, Length int64  // in bytes
	Reason         string
	Kept           string // where the bytes were put, if they were cut off; "" if they stand where they stood
}

// New returns the File of the day whose directory is dir. Temporary files are made in temp, a directory of the same
// file system. If replace is set, each Append replaces the day file by a copy that has the lines too (promise 10).
// Nothing is opened yet.
func New(fsys durable.FS, dir, temp string, replace bool, to Observer) *File {
	return &File{fsys: fsys, dir: dir, path: filepath.Join(dir, DataName), temp: temp, replaces: replace, to: to}
}

// Size returns the number of bytes as of the last Refresh or Append: whole lines only.
func (f *File) Size() int64 { return f.size }

// ID returns the identity of the day file as of the last Refresh or Append.
func (f *File) ID() durable.FileID { return f.id }

// Durable returns how many bytes are known to be on stable storage, as of the last Refresh, Append or Sync.
func (f *File) Durable() int64 { return f.durable }

// Doubtful reports whether bytes that are not durable may be others on the disk, as of the last Refresh: a write or a
// sync has failed, in this process or in another one, and none has succeeded since. Append makes them durable then, or
// fails.
func (f *File) Doubtful() bool { return f.failed && f.durable < f.size }

// Opens counts the day files that were opened: while it stays, the File is the same or one that has replaced it with
// the same bytes at its beginning.
func (f *File) Opens() int { return f.opens }

// Path returns the path of the day file.
func (f *File) Path() string { return f.path }

// ReadAt reads from the open day file. It may be called without the book's lock.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if f.data == nil {
		return 0, io.EOF
	}
	return f.data.ReadAt(p, off)
}

// Refresh makes sure that the File is the one that its path names, and takes note of everything that has come to it
// since: the steps that promise 3 demands before a write. An unfinished last line is completed if it is a whole object,
// else put into quarantine and cut off (promise 5). Without a day file it makes one if create is set; else the File is
// empty.
//
// Calls when nothing has changed: stat path, read the last 64 bytes.
func (f *File) Refresh(create bool) error {
	was := f.known()
	info, err := f.fsys.Stat(f.Path())
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.forget(); err != nil || !create {
			return err
		}
		return f.open(true, was)
	}
	if err != nil {
		return err
	}
	if f.IsKnown() && (info.ID != f.id || info.Size < f.size) {
		// Replaced by a sync client, a repair or the replace mode; or cut.
		if err := f.forget(); err != nil {
			return err
		}
	}
	if f.rests {
		if err := f.wake(); err != nil {
			return err
		}
	}
	if f.data == nil {
		return f.open(false, was)
	}
	if f.size > 0 {
		k := min(f.size, int64(len(f.last)))
		b := f.room[:k]
		n, err := f.data.ReadAt(b, f.size-k)
		if err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", f.Path(), err)
		}
		if n < len(b) || !bytes.Equal(b, f.last[len(f.last)-len(b):]) { // rewritten in place
			if err := f.forget(); err != nil {
				return err
			}
			return f.open(false, was)
		}
	}
	if info.Size > f.size {
		return f.catchUp(info.Size)
	}
	if f.size == 0 {
		return nil
	}
	return f.learnMark()
}

// IsKnown reports whether the File knows a day file, open or at rest.
func (f *File) IsKnown() bool { return f.data != nil || f.rests }

// known is what the File knows to be durable, as a mark of the file it has open; of none if it is not sure.
func (f *File) known() Mark {
	if !f.IsKnown() || f.durable != f.size {
		return Mark{}
	}
	return Mark{Inode: f.id.Inode, Size: f.size, Sum: f.sum}
}

// noteEnd remembers the last bytes of b, which end at f.size.
func (f *File) noteEnd(b []byte) {
	n := copy(f.last[:], f.last[min(len(b), len(f.last)):])
	copy(f.last[n:], b[max(0, len(b)-len(f.last)):])
}

// learnMark takes over what another process has made durable. Calls: read mark, if anything is in doubt.
func (f *File) learnMark() error {
	if f.durable == f.size {
		return nil
	}
	m, ok := f.readMark()
	if ok = ok && m.Inode == f.id.Inode; ok {
		f.failed = m.Failed
	}
	if ok && m.Size > f.durable && m.Size <= f.size {
		if m.Size == f.size && m.Sum != f.sum {
			return nil // a mark for other bytes is none
		}
		f.durable, f.sumThen, f.marked, f.named = m.Size, m.Sum, true, true
	}
	return nil
}

// Drop removes the day file of the directory day, and its mark: what it held is elsewhere, durably. The mark is emptied
// before, durably: one that a power cut brought back would tell of bytes that are missing. The caller holds the book's
// lock, and no File has the day open that may have to write.
//
// Calls: write mark, sync mark, remove events.json, remove events.mark, syncdir day. Without a mark the first two are
// left out.
func Drop(fsys durable.FS, day string) error {
	info, err := fsys.Stat(filepath.Join(day, DataName))
	if err != nil {
		return err
	}
	name := filepath.Join(day, MarkName)
	mark, err := fsys.Open(name, true)
	if err == nil {
		if _, err = mark.WriteAt(Mark{Inode: info.ID.Inode}.Encode(), 0); err == nil {
			err = mark.Sync()
		}
		err = errors.Join(err, mark.Close())
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("empty the commit mark: %w", reason(err))
	}
	for _, n := range []string{filepath.Join(day, DataName), name} {
		if err := fsys.Remove(n); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fsys.SyncDir(day)
}
