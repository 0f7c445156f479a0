// Package dayfile keeps the bytes of one day: lines of JSON that are appended so that no crash tears what was promised.
//
// It knows bytes and offsets, not what an event is. The rules that it follows are the numbered promises of
// docs/durability.md.
package dayfile

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"

	"daybook/internal/durable"
)

// The names of a day's files in its directory.
const (
	DataName       = "events.json"
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

	size    int64    // bytes seen; all lines up to here end with a newline
	sum     uint32   // CRC32C of them
	durable int64    // how many of them are known to be durable
	sumThen uint32   // CRC32C of those
	marked  bool     // there is a valid mark: it was written before the first byte or after a sync
	named   bool     // the file's name is known to be durable
	failed  bool     // the mark says that what is not durable may be others' bytes on the disk
	last    [64]byte // the last bytes before size, as many as there are

	seen [markLen]byte     // the last mark that was read,
	says Mark              // and what it says
	room [markLen + 1]byte // scratch: of a mark, or of the last bytes
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

// New returns the File of the day whose directory is dir. Temporary files are made in temp, a directory of the same file
// system. If replace is set, each Append replaces the day file by a copy that has the lines too (promise 10). Nothing is
// opened yet.
func New(fsys durable.FS, dir, temp string, replace bool, to Observer) *File {
	return &File{fsys: fsys, dir: dir, path: filepath.Join(dir, DataName), temp: temp, replaces: replace, to: to}
}

// Size returns the number of bytes as of the last Refresh or Append: whole lines only.
func (f *File) Size() int64 { return f.size }

// ID returns the identity of the day file as of the last Refresh or Append.
func (f *File) ID() durable.FileID { return f.id }

// Durable returns how many bytes are known to be on stable storage, as of the last Refresh, Append or Sync.
func (f *File) Durable() int64 { return f.durable }

// Doubtful reports whether bytes that are not durable may be others on the disk, as of the last Refresh: a write or a sync
// has failed, in this process or in another one, and none has succeeded since. Append makes them durable then, or fails.
func (f *File) Doubtful() bool { return f.failed && f.durable < f.size }

// Path returns the path of the day file.
func (f *File) Path() string { return f.path }

// ReadAt reads from the open day file. It may be called without the book's lock.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if f.data == nil {
		return 0, io.EOF
	}
	return f.data.ReadAt(p, off)
}

// Refresh makes sure that the File is the one that its path names, and takes note of everything that has come to it since:
// the steps that promise 3 demands before a write. An unfinished last line is completed if it is a whole object, else
// put into quarantine and cut off (promise 5). Without a day file it makes one if create is set; else the File is
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
	if f.isKnown() && (info.ID != f.id || info.Size < f.size) {
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
	name := filepath.Join(f.dir, MarkName)
	if f.mark, err = f.fsys.Open(name, true); errors.Is(err, fs.ErrNotExist) {
		f.mark, _, err = f.fsys.Create(name)
	}
	return err
}

// isKnown reports whether the File knows a day file, open or at rest.
func (f *File) isKnown() bool { return f.data != nil || f.rests }

// known is what the File knows to be durable, as a mark of the file it has open; of none if it is not sure.
func (f *File) known() Mark {
	if !f.isKnown() || f.durable != f.size {
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
// missing are reported (promise 7).
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
	if f.replaces && !made {
		_ = f.sweep() // what stays costs nothing but room
	}
	f.mark, _, err = f.fsys.Create(filepath.Join(f.dir, MarkName))
	if err != nil {
		return err
	}
	m, valid := f.readMark()
	ours := valid && m.Inode == f.id.Inode // catchUp compares what it tells of
	if !ours && was.Size > m.Size {
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

// catchUp reads what lies between the bytes seen and the end, which is at size.
//
// Calls: read mark, read the new bytes; for an unfinished last line, see mendTail.
func (f *File) catchUp(size int64) error {
	m, marked := f.readMark()
	marked = marked && m.Inode == f.id.Inode
	f.failed = marked && m.Failed
	marked = marked && m.Size <= size
	fits, tail, err := f.read(size, m, marked)
	if err == nil && !fits { // the mark is for other bytes: all of them are in doubt
		f.to.Damage(Damage{File: f.Path(), Length: m.Size, Reason: OtherReason})
		f.to.Reset()
		f.size, f.sum, f.durable, f.sumThen, marked = 0, 0, 0, 0, false
		_, tail, err = f.read(size, m, marked)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Path(), err)
	}
	f.marked = marked
	if marked && m.Size > f.durable {
		f.durable, f.sumThen = m.Size, m.Sum
	}
	f.named = f.named || f.durable > 0
	if tail.Length > 0 {
		return f.mendTail(tail)
	}
	return nil
}

// read tells the observer of the lines from f.size to size and returns the unfinished last one, if any. Those before the
// mark are taken as they are, those beyond it are parsed (promise 5). fits is false if the mark's checksum is that of
// other bytes.
func (f *File) read(size int64, m Mark, marked bool) (fits bool, tail Line, err error) {
	fits = true
	at, sum := f.size, f.sum
	see := func(b []byte) { // runs ahead of the lines
		if n := m.Size - at; marked && n > 0 && n <= int64(len(b)) {
			fits = crc32.Update(sum, castagnoli, b[:n]) == m.Sum
		}
		sum = crc32.Update(sum, castagnoli, b)
		at += int64(len(b))
	}
	err = scan(f.data, f.size, size, see, func(l Line) error {
		if !l.Whole {
			tail = l
			tail.Text = append([]byte(nil), l.Text...)
			return nil
		}
		f.size = l.Offset + l.Length
		f.noteEnd(l.Text)
		f.noteEnd([]byte{'\n'})
		if !marked || f.size > m.Size {
			if reason := LineFault(l); reason != "" {
				f.to.Damage(Damage{File: f.Path(), Offset: l.Offset, Length: l.Length, Reason: reason})
				return nil
			}
		}
		f.to.Line(l)
		return nil
	})
	f.sum = sum
	return fits, tail, err
}

// reportLost reports what is missing of the bytes that m tells of, if the file has size bytes; unless sizeOnly is set
// also that they are others.
func (f *File) reportLost(m Mark, size int64, sizeOnly bool) {
	switch {
	case m.Size > size:
		f.to.Damage(Damage{File: f.Path(), Offset: size, Length: m.Size - size, Reason: CutReason})
	case !sizeOnly:
		if sum, err := f.sumOf(m.Size); err == nil && sum != m.Sum { // one that cannot be read is an error a moment later
			f.to.Damage(Damage{File: f.Path(), Length: m.Size, Reason: OtherReason})
		}
	}
}

// OtherReason is the Reason of Damage where the file was replaced or rewritten from outside and does not begin with the
// bytes that were durable: lines may be missing. Which, the file does not tell.
const OtherReason = "other bytes stand where durable ones stood; lines may be missing"

// CutReason is the Reason of Damage that is missing bytes: the file was cut, or replaced by a shorter one, from outside.
const CutReason = "durable bytes have been cut off"

// LineFault says what is wrong with a line apart from a missing newline, or "".
func LineFault(l Line) string {
	if l.Text == nil && l.Length > 1 {
		return fmt.Sprintf("longer than %d bytes", LongestLine)
	}
	if err := Check(l.Text); err != nil {
		return err.Error()
	}
	return ""
}

// mendTail deals with an unfinished last line (promise 5). A whole object that lacks only its newline is completed.
// Anything else is put into quarantine, and only then cut off. Before that NULs take its place, durably: a power cut may
// bring back the size that the file had, and bytes of what is written there next, together with old ones, might make up
// an event that nobody has given.
//
// Calls to complete: write newline. Calls to cut: those of Quarantine, then write NULs, sync, truncate.
func (f *File) mendTail(tail Line) error {
	reason := "unfinished last line"
	if tail.Text != nil && Check(tail.Text) == nil {
		if _, err := f.data.WriteAt([]byte{'\n'}, tail.Offset+tail.Length); err != nil {
			return fmt.Errorf("complete the last line of %s: %w", f.Path(), err)
		}
		f.sum = crc32.Update(f.sum, castagnoli, []byte{'\n'})
		f.noteEnd(tail.Text)
		f.noteEnd([]byte{'\n'})
		tail.Length++
		tail.Whole = true
		f.size = tail.Offset + tail.Length
		f.to.Line(tail)
		return nil
	}
	kept, err := Quarantine(f.fsys, f.dir, f.temp, f.data, tail.Offset, tail.Length, reason)
	if err != nil {
		return err
	}
	if err := f.wipe(tail.Offset, tail.Length); err != nil {
		return fmt.Errorf("cut off the unfinished last line of %s: %w", f.Path(), err)
	}
	if f.sum, err = f.sumOf(tail.Offset); err != nil {
		return err
	}
	f.to.Damage(Damage{File: f.Path(), Offset: tail.Offset, Length: tail.Length, Reason: reason, Kept: kept})
	return nil
}

// wipe cuts n bytes off the end, which begin at offset off and are in quarantine.
func (f *File) wipe(off, n int64) error {
	nul := make([]byte, min(chunk, n))
	for at := off; at < off+n; at += int64(len(nul)) {
		if _, err := f.data.WriteAt(nul[:min(int64(len(nul)), off+n-at)], at); err != nil {
			return reason(err)
		}
	}
	if err := f.data.Sync(); err != nil {
		return reason(err)
	}
	return f.data.Truncate(off)
}

// sumOf reads the first n bytes again for their checksum.
func (f *File) sumOf(n int64) (uint32, error) {
	sum, err := sumOf(f.data, n)
	if err != nil {
		err = fmt.Errorf("read %s: %w", f.Path(), err)
	}
	return sum, err
}
