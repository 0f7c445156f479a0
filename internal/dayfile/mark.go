package dayfile

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"strconv"

	"daybook/internal/durable"
)

// castagnoli is the CRC32C polynomial, which processors compute by themselves.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Mark is a day's commit mark: what of the file was durable when it was written. It is written after each sync and never
// synced itself, so what a power cut leaves of it may be old (a lower bound all the same) or torn (then its checksum
// tells, and the day is scanned).
type Mark struct {
	Inode uint64 // of the day file
	Size  int64  // bytes that are durable; the end of a line
	Sum   uint32 // CRC32C of these bytes
	// Failed says that a write or a sync of what lies beyond has failed since, and was cut back: the disk may have other
	// bytes there than those that are read, until a sync succeeds.
	Failed bool
}

// markLen is the length of an encoded mark, its newline included.
const markLen = 17 + 16 + 1 + 16 + 1 + 8 + 1 + 8 + 1

func markPrefix(failed bool) string {
	if failed {
		return "daybook-mark v1! "
	}
	return "daybook-mark v1: "
}

// Encode returns the mark as one line of text:
//
//	daybook-mark v1: INODE SIZE CRC32C CHECK
//
// all of them hexadecimal of fixed width, with "!" for the colon if Failed is set. CHECK is the CRC32C of everything
// before it.
func (m Mark) Encode() []byte { return m.append(make([]byte, 0, markLen)) }

// append puts the mark into b, which is empty.
func (m Mark) append(b []byte) []byte {
	b = append(b, markPrefix(m.Failed)...)
	b = appendHex(b, m.Inode, 16)
	b = appendHex(append(b, ' '), uint64(m.Size), 16)
	b = appendHex(append(b, ' '), uint64(m.Sum), 8)
	b = append(b, ' ')
	b = appendHex(b, uint64(crc32.Checksum(b, castagnoli)), 8)
	return append(b, '\n')
}

// ParseMark reads what Encode wrote.
func ParseMark(b []byte) (Mark, error) {
	var m Mark
	m.Failed = bytes.HasPrefix(b, []byte(markPrefix(true)))
	if len(b) != markLen || !bytes.HasPrefix(b, []byte(markPrefix(m.Failed))) || b[markLen-1] != '\n' {
		return Mark{}, fmt.Errorf("not a commit mark of %d bytes", markLen)
	}
	var err error
	field := func(at, width int) uint64 {
		v, perr := strconv.ParseUint(string(b[at:at+width]), 16, 64)
		if perr != nil && err == nil {
			err = fmt.Errorf("commit mark: %w", perr)
		}
		return v
	}
	m.Inode = field(17, 16)
	m.Size = int64(field(34, 16))
	m.Sum = uint32(field(51, 8))
	if check := uint32(field(60, 8)); err == nil && (check != crc32.Checksum(b[:60], castagnoli) || m.Size < 0) {
		err = fmt.Errorf("commit mark: its checksum does not fit")
	}
	if err == nil && !bytes.Equal(m.Encode(), b) {
		err = fmt.Errorf("commit mark: not spelled as it is written")
	}
	return m, err
}

func appendHex(b []byte, v uint64, width int) []byte {
	for shift := 4 * (width - 1); shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[v>>shift&15])
	}
	return b
}

// readMark returns the mark, or false if there is none or it is no good. Bytes behind it, which somebody else has appended,
// do not count: it is written over in place, and would never be valid again. It is a bound for the day file only if it has the
// file's inode; otherwise it tells of the file that was there before.
func readMark(f durable.File) (Mark, bool) {
	var b [markLen]byte
	n, _ := f.ReadAt(b[:], 0) // a mark that cannot be read is no mark
	m, err := ParseMark(b[:n])
	return m, err == nil
}

// readMark reads the file's mark. One that is spelled as the last one was says the same.
func (f *File) readMark() (Mark, bool) {
	n, _ := f.mark.ReadAt(f.room[:markLen], 0) // a mark that cannot be read is no mark
	if n == markLen && bytes.Equal(f.room[:n], f.seen[:]) {
		return f.says, true
	}
	m, err := ParseMark(f.room[:n])
	if err == nil {
		f.says = m
		copy(f.seen[:], f.room[:n])
	}
	return m, err == nil
}

// Lost tells whether bytes that were durable are missing in f, the open day file of the directory day, or have others
// in their place. Without a valid mark nothing is known of what was there, and nothing is lost. It takes no lock.
func Lost(fsys durable.FS, day string, f durable.File) (d Damage, lost bool, err error) {
	d.File = filepath.Join(day, DataName)
	file, err := fsys.Open(filepath.Join(day, MarkName), false)
	if err != nil {
		return d, false, nil // the same as a mark that is no good
	}
	defer file.Close() // nothing was written
	m, ok := readMark(file)
	if !ok {
		return d, false, nil
	}
	// The file may have grown while we read: its size, asked for after the mark was read, is never below the mark.
	info, err := f.Stat()
	if err != nil {
		return d, false, err
	}
	if info.Size < m.Size {
		d.Offset, d.Length, d.Reason = info.Size, m.Size-info.Size, CutReason
	} else {
		sum, err := sumOf(f, m.Size)
		if err != nil || sum == m.Sum {
			return d, false, err
		}
		d.Length, d.Reason = m.Size, OtherReason
	}
	now, err := fsys.Stat(d.File)
	if err != nil || now.ID != info.ID {
		return d, false, nil // replaced while we read: the mark may be the new file's
	}
	return d, true, nil
}

// sumOf returns the checksum of the first n bytes.
func sumOf(r io.ReaderAt, n int64) (uint32, error) {
	h := crc32.New(castagnoli)
	_, err := io.CopyBuffer(h, io.NewSectionReader(r, 0, n), make([]byte, max(1, min(chunk, n))))
	return h.Sum32(), err
}
