package daybook

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"time"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
	"daybook/internal/packed"
)

// content is what a day holds: what is in its packed file and, behind that, what its day file has more. Offsets of a
// day are those in its content, which retiring it does not change. Of most days it is the day file and nothing else. It
// may be read by several goroutines at once.
type content struct {
	path  string         // of the day file,
	plain io.ReaderAt    // which is this one; nil if there is none
	info  durable.Info   // of it, when it was opened
	files []durable.File // that are open

	packed     *packed.Reader // nil if there is none
	packedPath string
	packedInfo durable.Info

	skip int64 // so many bytes of the day file are in the packed one, too: a retirement was interrupted between the two
	base int64 // where in the content the day file's first byte would stand
	size int64 // where it all ends
}

// openDay opens a day for reading. It returns nil, and no error, for one that has nothing. A line that is just being
// written may be seen in part: openDay waits a few milliseconds for its end.
//
// The day file is opened first: a retirement makes the packed one before that goes. So whatever it does meanwhile,
// nothing is missed.
func (b *Book) openDay(day Day) (*content, error) {
	c := &content{path: b.dayPath(day), packedPath: b.packedPath(day)}
	err := b.openPlain(day, c)
	if err == nil {
		err = b.openPacked(day, c)
	}
	if err == nil {
		err = c.join()
	}
	if err != nil {
		c.Close() // nothing was written
		return nil, err
	}
	if c.plain == nil && c.packed == nil {
		return nil, nil
	}
	return c, nil
}

// openBehind is openDay with f, of which there are size bytes, as the day file.
func (b *Book) openBehind(day Day, f io.ReaderAt, size int64) (*content, error) {
	c := &content{path: b.dayPath(day), packedPath: b.packedPath(day), plain: f, info: durable.Info{Size: size}}
	err := b.openPacked(day, c)
	if err == nil {
		err = c.join()
	}
	if err != nil {
		c.Close() // nothing was written
		return nil, err
	}
	return c, nil
}

// openPlain opens the day file, if there is one.
func (b *Book) openPlain(day Day, c *content) error {
	info, err := b.fsys.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		if link := b.strayLink(day); link != "" {
			return errStray(link)
		}
		return nil
	}
	if err == nil && !info.Mode.IsRegular() { // to open a pipe is to wait for its writer
		err = fmt.Errorf("%s is no regular file: move it away", c.path)
	}
	if err != nil {
		return err
	}
	f, err := b.fsys.Open(c.path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // retired at this moment
	}
	if err != nil {
		return err
	}
	c.files = append(c.files, f)
	c.plain = f
	for try := 0; ; try++ {
		c.info, err = f.Stat()
		if err == nil && c.info.Size > 0 {
			var last [1]byte
			_, err = f.ReadAt(last[:], c.info.Size-1)
			// A writer may be at work: on the line's end, or cutting a line back that has failed.
			if (err == io.EOF || err == nil && last[0] != '\n') && try < 5 {
				time.Sleep(time.Millisecond << try)
				continue
			}
			if err == io.EOF { // it is cut again and again; where it ends is seen by reading
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", c.path, err)
		}
		return nil
	}
}

// openPacked opens the packed file, if there is one.
func (b *Book) openPacked(day Day, c *content) error {
	info, err := b.statPacked(day)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode.IsRegular() {
		err = fmt.Errorf("%s is no regular file: move it away", c.packedPath)
	}
	if err != nil {
		return err
	}
	f, err := b.fsys.Open(c.packedPath, false)
	if err != nil {
		return err
	}
	c.files = append(c.files, f)
	if c.packedInfo, err = f.Stat(); err == nil {
		c.packed, err = packed.NewReader(&b.codec, f, c.packedInfo.Size)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", c.packedPath, err)
	}
	return nil
}

// Close closes the files.
func (c *content) Close() {
	for _, f := range c.files {
		f.Close() // nothing was written
	}
	c.files = nil
}

// packedSize returns how much is in the packed file.
func (c *content) packedSize() int64 {
	if c.packed == nil {
		return 0
	}
	return c.packed.Size()
}

// join finds out how the files go together.
func (c *content) join() (err error) {
	if c.packed != nil && c.plain != nil {
		err = c.overlap()
	}
	c.base = c.packedSize() - c.skip
	c.size = c.base + c.info.Size
	return err
}

// overlap finds out how much of the day file's beginning is in the packed file: whole lines that stand there just so,
// from where a day file began that was packed.
func (c *content) overlap() error {
	note, ok := c.packed.Note()
	if !ok {
		note.Joins = []packed.Join{{}}
	}
	first, err := firstLine(c.plain, c.info.Size)
	if err != nil {
		return fmt.Errorf("read %s: %w", c.path, err)
	}
	sum := crc32.Checksum(first, crc32.MakeTable(crc32.Castagnoli))
	for _, j := range note.Joins {
		if len(first) == 0 || ok && j.Line != sum {
			continue
		}
		n, err := sameLines(c.plain, io.NewSectionReader(c.packed, j.Offset, c.packed.Size()-j.Offset), c.info.Size)
		if err != nil {
			return err
		}
		c.skip = max(c.skip, n)
	}
	return nil
}

// firstLine returns the first line of r, its newline included; nothing if it is unfinished.
func firstLine(r io.ReaderAt, size int64) ([]byte, error) {
	var line []byte
	err := dayfile.Scan(r, 0, size, func(l dayfile.Line) error {
		if l.Whole {
			line = append(bytes.Clone(l.Text), '\n')
		}
		return errStop
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return line, err
}

// sameLines returns how many bytes, at the beginning of a, are whole lines that b begins with, too. a has size bytes.
func sameLines(a, b io.ReaderAt, size int64) (same int64, err error) {
	p, q := make([]byte, 4<<10), make([]byte, 4<<10) // the usual case is that nothing is the same
	for at := int64(0); at < size; {
		n, err := a.ReadAt(p, at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		m, err := b.ReadAt(q[:n], at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		k := 0
		for k < m && p[k] == q[k] {
			k++
		}
		if i := bytes.LastIndexByte(p[:k], '\n'); i >= 0 {
			same = at + int64(i) + 1
		}
		if at += int64(n); k < n || n < len(p) {
			break
		}
		if len(p) < 256<<10 {
			p, q = make([]byte, 256<<10), make([]byte, 256<<10)
		}
	}
	return same, nil
}

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, off int64) (n int, err error) {
	if end := c.packedSize(); off < end {
		if n, err = c.packed.ReadAt(p[:min(int64(len(p)), end-off)], off); err != nil || n == len(p) {
			return n, err
		}
	}
	if c.plain == nil {
		return n, io.EOF
	}
	m, err := c.plain.ReadAt(p[n:], off+int64(n)-c.base)
	return n + m, err
}

// inPlain reports whether what stands at an offset stands in the day file.
func (c *content) inPlain(off int64) bool { return c.packed == nil || off >= c.packed.Size() }

// place says where damaged bytes are, which have been read: the file, and where in it. Of what is damaged in the
// content of a sound packed file, that is the offset in what it holds.
func (c *content) place(off, n int64, reason string) (file string, at, length int64, why string) {
	if c.inPlain(off) {
		return c.path, off - c.base, n, reason
	}
	if f, ok := c.packed.Fault(off, off+n); ok {
		return c.packedPath, f.Offset, f.Length, f.Reason
	}
	return c.packedPath, off, n, "in what it holds: " + reason
}

// where says where a line stands.
func (c *content) where(off int64) string {
	if c.inPlain(off) {
		return fmt.Sprintf("offset %d", off-c.base)
	}
	return fmt.Sprintf("offset %d of what %s holds", off, dayfile.PackedName)
}

// linesBefore returns how many lines the day file has that are in the packed file, too.
func (c *content) linesBefore() (n int, err error) {
	err = dayfile.Scan(c.plain, 0, c.skip, func(dayfile.Line) error {
		n++
		return nil
	})
	return n, err
}

// now returns where the content ends at this moment.
func (c *content) now() (int64, error) {
	if f, ok := c.plain.(durable.File); ok {
		info, err := f.Stat()
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", c.path, err)
		}
		return c.base + info.Size, nil
	}
	return c.size, nil
}

// sum goes on with the CRC32C of the bytes between two offsets.
func (c *content) sum(sum uint32, from, to int64) (uint32, error) {
	table := crc32.MakeTable(crc32.Castagnoli)
	if note, ok := c.note(); ok && from == 0 && sum == 0 && to >= note.Size {
		from, sum = note.Size, note.Sum
	}
	buf := make([]byte, min(256<<10, max(0, to-from)))
	for from < to {
		n, err := c.ReadAt(buf[:min(int64(len(buf)), to-from)], from)
		sum = crc32.Update(sum, table, buf[:n])
		if from += int64(n); from < to && (err != nil || n == 0) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, fmt.Errorf("read %s at offset %d: %w", c.path, from-c.base, err)
		}
	}
	return sum, nil
}

// note returns what the packed file says of its content, if it says that.
func (c *content) note() (n packed.Note, ok bool) {
	if c.packed == nil {
		return n, false
	}
	return c.packed.Note()
}

// isStill reports whether the files of a day are those of c: the same ones and, if all is set, as they were.
func (b *Book) isStill(day Day, c *content, all bool) (bool, error) {
	for _, f := range []struct {
		name string
		was  durable.Info
	}{{b.dayPath(day), c.info}, {b.packedPath(day), c.packedInfo}} {
		info, err := b.fsys.Stat(f.name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		if info.ID != f.was.ID || all && (info.Size != f.was.Size || info.ModTime != f.was.ModTime) {
			return false, nil
		}
	}
	return true, nil
}

// exists reports whether there is something in the place of the day's events, if only something that cannot be looked at,
// or whether something was there and is missing: reading the day says what is wrong.
func (b *Book) exists(day Day) bool {
	for _, name := range []string{b.dayPath(day), b.packedPath(day)} {
		if _, err := b.fsys.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return b.strayLink(day) != "" || b.missing(day) != nil
}

// statPacked describes the day's packed file; the error is fs.ErrNotExist if there is none. A symbolic link in its place that
// leads nowhere is another error: it had one.
func (b *Book) statPacked(day Day) (durable.Info, error) {
	name := b.packedPath(day)
	info, err := b.fsys.Stat(name)
	if errors.Is(err, fs.ErrNotExist) && b.fsys.Resolve(name) != name {
		err = errStray(name)
	}
	return info, err
}

// errStray is the error for a symbolic link in the place of a day's file that leads to a file that is missing.
func errStray(link string) error {
	return fmt.Errorf("%s is a link that leads nowhere: bring back what it led to", link)
}

func (b *Book) packedPath(day Day) string { return filepath.Join(b.dayDir(day), dayfile.PackedName) }
