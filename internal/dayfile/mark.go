package dayfile

import (
	"bytes"
	"fmt"
	"hash/crc32"
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
}

// markLen is the length of an encoded mark, its newline included.
const markLen = 17 + 16 + 1 + 16 + 1 + 8 + 1 + 8 + 1

// Encode returns the mark as one line of text:
//
//	daybook-mark v1: INODE SIZE CRC32C CHECK
//
// all of them hexadecimal of fixed width. CHECK is the CRC32C of everything before it.
func (m Mark) Encode() []byte {
	b := make([]byte, 0, markLen)
	b = append(b, "daybook-mark v1: "...)
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
	if len(b) != markLen || !bytes.HasPrefix(b, []byte("daybook-mark v1: ")) || b[markLen-1] != '\n' {
		return m, fmt.Errorf("not a commit mark of %d bytes", markLen)
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

// readMark returns the mark, or false if there is none or it is no good. It is a bound for the day file only if it has the
// file's inode; otherwise it tells of the file that was there before.
func readMark(f durable.File) (Mark, bool) {
	var b [markLen + 1]byte
	n, _ := f.ReadAt(b[:], 0) // a mark that cannot be read is no mark
	m, err := ParseMark(b[:n])
	return m, err == nil
}

// ReadMark returns how many bytes were durable in the directory day when its mark was written. The error says why there is
// no valid mark.
func ReadMark(fsys durable.FS, day string) (size int64, err error) {
	f, err := fsys.Open(filepath.Join(day, MarkName), false)
	if err != nil {
		return 0, err
	}
	defer f.Close() // nothing was written
	m, ok := readMark(f)
	if !ok {
		return 0, fmt.Errorf("%s: no valid mark", filepath.Join(day, MarkName))
	}
	return m.Size, nil
}
