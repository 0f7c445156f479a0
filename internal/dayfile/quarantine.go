package dayfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"

	"daybook/internal/durable"
)

// Quarantine keeps the n bytes at offset off of r, the day file of the directory day: the raw bytes in one file of
// day/quarantine, offset, length and reason in another beside it, both durable when it returns. Temporary files go to
// temp. Nobody may read them who may not read the day file. Done again for the same bytes it leaves both files as they are; other bytes of the same offset and checksum get
// files of their own. Memory is bounded, however many bytes there are.
//
// Calls: mkdir quarantine, syncdir day, those of Replace twice; of what is there already, syncdir quarantine instead.
func Quarantine(fsys durable.FS, day, temp string, r io.ReaderAt, off, n int64, reason string) (kept string, err error) {
	dir := filepath.Join(day, QuarantineName)
	if err := durable.MkdirAll(fsys, dir); err != nil {
		return "", err
	}
	sum, err := sumOf(io.NewSectionReader(r, off, n), n)
	if err != nil {
		return "", fmt.Errorf("read %s at offset %d: %w", filepath.Join(day, DataName), off, err)
	}
	base, err := keep(fsys, dir, temp, filepath.Join(day, DataName), r, off, n, sum)
	if err != nil {
		return "", fmt.Errorf("quarantine: %w", err)
	}
	if _, err := fsys.Stat(base + ".json"); err == nil {
		return base + ".raw", fsys.SyncDir(dir) // a crash may have come before
	}
	note, err := json.Marshal(struct {
		File   string `json:"file"`
		Offset int64  `json:"offset"`
		Length int64  `json:"length"`
		Sum    string `json:"crc32c"`
		Reason string `json:"reason"`
	}{DataName, off, n, fmt.Sprintf("%08x", sum), reason})
	if err != nil {
		return "", err
	}
	err = durable.ReplaceWithLike(fsys, temp, base+".json", filepath.Join(day, DataName), func(to durable.File) error {
		_, err := to.WriteAt(append(note, '\n'), 0)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("quarantine: %w", err)
	}
	return base + ".raw", nil
}

// keep makes the raw file, which nobody may read who may not read the file model, unless it is there already, and returns its path without the ending.
func keep(fsys durable.FS, dir, temp, model string, r io.ReaderAt, off, n int64, sum uint32) (base string, err error) {
	for i := 1; ; i++ {
		base = filepath.Join(dir, fmt.Sprintf("%012d-%08x", off, sum))
		if i > 1 {
			base += fmt.Sprintf("-%d", i)
		}
		there, err := fsys.Open(base+".raw", false)
		if errors.Is(err, fs.ErrNotExist) {
			return base, durable.ReplaceWithLike(fsys, temp, base+".raw", model, func(to durable.File) error {
				return copyRange(to, r, off, n, sum)
			})
		}
		if err != nil {
			return "", err
		}
		same, err := sameBytes(there, r, off, n)
		there.Close() // nothing was written
		if same || err != nil {
			return base, err
		}
	}
}

// copyRange writes the n bytes at offset off of r, whose checksum is sum, to the beginning of to.
func copyRange(to io.WriterAt, r io.ReaderAt, off, n int64, sum uint32) error {
	h := crc32.New(castagnoli)
	from := io.TeeReader(io.NewSectionReader(r, off, n), h)
	copied, err := io.CopyBuffer(io.NewOffsetWriter(to, 0), from, make([]byte, min(chunk, max(n, 1))))
	if err == nil && (copied != n || h.Sum32() != sum) {
		err = errChanged
	}
	return reason(err)
}

// sameBytes reports whether f holds just the n bytes at offset off of r.
func sameBytes(f durable.File, r io.ReaderAt, off, n int64) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size != n {
		return false, err
	}
	a, b := make([]byte, min(chunk, n)), make([]byte, min(chunk, n))
	for at := int64(0); at < n; at += int64(len(a)) {
		k := min(int64(len(a)), n-at)
		for _, part := range []struct {
			r   io.ReaderAt
			p   []byte
			off int64
		}{{f, a[:k], at}, {r, b[:k], off + at}} {
			if got, err := part.r.ReadAt(part.p, part.off); int64(got) < k {
				return false, err
			}
		}
		if !bytes.Equal(a[:k], b[:k]) {
			return false, nil
		}
	}
	return true, nil
}
