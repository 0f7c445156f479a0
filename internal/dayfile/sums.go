package dayfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"daybook/internal/durable"
)

// SumsName is the name of the file, in a day's directory, that says what the day's files were when it was sealed.
const SumsName = "SHA256SUMS"

// Sums is what SHA256SUMS says: the hashes of a sealed day's files.
type Sums struct {
	Size  int64  // of the day file, in bytes; -1 if it is not said
	Holds *Holds // what the packed file holds; nil if it is not said
	// Deleted is what was deleted when the day was retired, the earliest first.
	Deleted []Deleted
	Files   []Sum // in the order of the file
}

// Holds is the content of a packed file, or of a day.
type Holds struct {
	Size int64 // bytes
	Hash [sha256.Size]byte
}

// Deleted is what a day held when it was deleted on purpose.
type Deleted struct {
	Time string // RFC 3339
	Holds
}

// Unpack returns what a packed file of so many bytes holds, and how many bytes that is.
type Unpack func(f durable.File, size int64) (io.ReaderAt, int64, error)

// Sum is the hash of one file.
type Sum struct {
	Name string // seen from the day's directory, with /
	Hash [sha256.Size]byte
}

const (
	sumsTitle = "# A sealed day. In this directory: sha256sum -c " + SumsName + "\n"
	sizeIntro = "# size "
	holdIntro = "# content "
	goneIntro = "# deleted "
)

// Encode returns the sums as `sha256sum -c` reads them. It passes over lines that begin with #, in silence, with
// --strict and --warn too; the second of them says how many bytes of the day file are hashed, the third one what the
// packed file holds. A day has one of the two as a rule.
//
//	# A sealed day. In this directory: sha256sum -c SHA256SUMS
//	# size 1234 events.json
//	# content 5678 HASH events.json.zst
//	# deleted 2026-11-30T03:10:00Z 1234 HASH events.json
//	HASH  events.json
//	HASH  events.json.zst
//	HASH  boards/NAME.canvas
func (s Sums) Encode() []byte {
	b := []byte(sumsTitle)
	if s.Size >= 0 {
		b = fmt.Appendf(b, "%s%d %s\n", sizeIntro, s.Size, DataName)
	}
	if s.Holds != nil {
		b = fmt.Appendf(b, "%s%d %x %s\n", holdIntro, s.Holds.Size, s.Holds.Hash, PackedName)
	}
	for _, d := range s.Deleted {
		b = fmt.Appendf(b, "%s%s %d %x %s\n", goneIntro, d.Time, d.Size, d.Hash, DataName)
	}
	for _, f := range s.Files {
		b = fmt.Appendf(b, "%x  %s\n", f.Hash, f.Name)
	}
	return b
}

// ParseSums reads what Encode or sha256sum has written.
func ParseSums(data []byte) (Sums, error) {
	s := Sums{Size: -1}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		text := strings.TrimRight(string(line), "\r\n")
		if size, ok := strings.CutPrefix(text, sizeIntro); ok {
			size, ok = strings.CutSuffix(size, " "+DataName)
			v, err := strconv.ParseInt(size, 10, 64)
			if !ok || err != nil || v < 0 || s.Size >= 0 {
				return s, fmt.Errorf("line %d gives no size of %s", n, DataName)
			}
			s.Size = v
			continue
		}
		if held, ok := strings.CutPrefix(text, holdIntro); ok {
			if s.Holds, ok = parseHolds(held, PackedName); !ok {
				return s, fmt.Errorf("line %d does not say what %s holds", n, PackedName)
			}
			continue
		}
		if gone, ok := strings.CutPrefix(text, goneIntro); ok {
			when, gone, _ := strings.Cut(gone, " ")
			holds, ok := parseHolds(gone, DataName)
			if _, err := time.Parse(time.RFC3339, when); err != nil || !ok {
				return s, fmt.Errorf("line %d does not say what was deleted", n)
			}
			s.Deleted = append(s.Deleted, Deleted{when, *holds})
			continue
		}
		if text == "" || text[0] == '#' {
			continue
		}
		f, ok := parseSum(text)
		if !ok {
			return s, fmt.Errorf("line %d is no hash and name of a file of the day", n)
		}
		s.Files = append(s.Files, f)
	}
	return s, nil
}

func parseHolds(text, name string) (*Holds, bool) {
	text, ok := strings.CutSuffix(text, " "+name)
	size, digits, _ := strings.Cut(text, " ")
	v, err := strconv.ParseInt(size, 10, 64)
	hash, herr := hex.DecodeString(digits)
	if !ok || err != nil || herr != nil || v < 0 || len(hash) != sha256.Size {
		return nil, false
	}
	return &Holds{v, [sha256.Size]byte(hash)}, true
}

func parseSum(line string) (f Sum, ok bool) {
	const digits = 2 * sha256.Size
	if len(line) < digits+3 || line[digits] != ' ' || line[digits+1] != ' ' && line[digits+1] != '*' {
		return f, false
	}
	f.Name = line[digits+2:]
	for strings.HasPrefix(f.Name, "./") {
		f.Name = f.Name[2:]
	}
	_, err := hex.Decode(f.Hash[:], []byte(line[:digits]))
	return f, err == nil && filepath.IsLocal(filepath.FromSlash(f.Name))
}

// TakeSums hashes the files of the directory day that are part of the truth: of the day file data, if it is not nil,
// its first size bytes, the packed file and what it holds, unless unpack is nil, and the snapshots and what is in
// quarantine, as far as Daybook has named them.
func TakeSums(
	ctx context.Context, fsys durable.FS, day string, data io.ReaderAt, size int64, unpack Unpack,
) (Sums, error) {
	old, _ := ReadSums(fsys, day) // one that says nothing is a finding of Verify
	s := Sums{Size: -1, Deleted: old.Deleted}
	if data != nil {
		s.Size = size
		hash, err := hashOf(ctx, data, size)
		if err != nil {
			return s, fmt.Errorf("read %s: %w", filepath.Join(day, DataName), err)
		}
		s.Files = append(s.Files, Sum{DataName, hash})
	}
	if unpack != nil {
		if err := s.takePacked(ctx, fsys, day, unpack); err != nil {
			return s, err
		}
	}
	names, err := besides(fsys, day)
	for _, name := range names {
		if err != nil {
			break
		}
		var f Sum
		if f, err = takeSum(ctx, fsys, day, name); err == nil {
			s.Files = append(s.Files, f)
		}
	}
	return s, err
}

// takePacked hashes the packed file, if there is one.
func (s *Sums) takePacked(ctx context.Context, fsys durable.FS, day string, unpack Unpack) error {
	path := filepath.Join(day, PackedName)
	if _, err := fsys.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	sum, err := takeSum(ctx, fsys, day, PackedName)
	if err != nil {
		return err
	}
	f, err := fsys.Open(path, false)
	if err != nil {
		return err
	}
	defer f.Close() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, n, err := unpack(f, info.Size)
	if err == nil {
		s.Holds = &Holds{Size: n}
		s.Holds.Hash, err = hashOf(ctx, r, n)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	s.Files = append(s.Files, sum)
	return nil
}

func takeSum(ctx context.Context, fsys durable.FS, day, name string) (Sum, error) {
	path := filepath.Join(day, filepath.FromSlash(name))
	f, err := fsys.Open(path, false)
	if err != nil {
		return Sum{}, err
	}
	defer f.Close() // nothing was written
	info, err := f.Stat()
	if err == nil && !info.Mode.IsRegular() {
		err = errors.New("it is no regular file: move it away")
	}
	var hash [sha256.Size]byte
	if err == nil {
		hash, err = hashOf(ctx, f, info.Size)
	}
	if err != nil {
		err = fmt.Errorf("read %s: %w", path, err)
	}
	return Sum{name, hash}, err
}

// hashOf returns the SHA-256 of the first n bytes.
func hashOf(ctx context.Context, r io.ReaderAt, n int64) (hash [sha256.Size]byte, err error) {
	h := sha256.New()
	_, err = io.CopyBuffer(h, &boundReader{ctx, io.NewSectionReader(r, 0, n)}, make([]byte, min(chunk, max(n, 1))))
	h.Sum(hash[:0])
	return hash, err
}

// boundReader ends with its context.
type boundReader struct {
	ctx context.Context
	r   io.Reader
}

func (b *boundReader) Read(p []byte) (int, error) {
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	return b.r.Read(p)
}

// besides lists the files of a day that Daybook has put beside the day file for good: their names say what is in them.
func besides(fsys durable.FS, day string) ([]string, error) {
	var names []string
	for _, dir := range []struct{ name, pattern string }{
		{BoardsName, `^[0-9a-f]{64}\.canvas$`},
		{QuarantineName, `^[0-9]{12,}-[0-9a-f]{8}(-[0-9]+)?\.(raw|json)$`},
	} {
		entries, err := fsys.ReadDir(filepath.Join(day, dir.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		pattern := regexp.MustCompile(dir.pattern)
		for _, e := range entries {
			if pattern.MatchString(e.Name()) {
				names = append(names, dir.name+"/"+e.Name())
			}
		}
	}
	return names, nil
}

// Marked returns how many bytes of the day file were durable by the mark of the directory day, whichever file it is
// for; 0 if there is no mark.
func Marked(fsys durable.FS, day string) int64 {
	f, err := fsys.Open(filepath.Join(day, MarkName), false)
	if err != nil {
		return 0
	}
	defer f.Close() // nothing was written
	m, _ := readMark(f)
	return m.Size
}

// Durable returns the day file's mark, which says how much of it is durable, and what the file is. The zero Mark stands
// for one that is missing, no good, or for another file. Without a day file the error is fs.ErrNotExist. It takes no
// lock.
func Durable(fsys durable.FS, day string) (Mark, durable.Info, error) {
	info, err := fsys.Stat(filepath.Join(day, DataName))
	if err != nil {
		return Mark{}, info, err
	}
	f, err := fsys.Open(filepath.Join(day, MarkName), false)
	if err != nil {
		return Mark{}, info, nil // the same as a mark that is no good
	}
	defer f.Close() // nothing was written
	m, ok := readMark(f)
	if !ok || m.Inode != info.ID.Inode || m.Size > info.Size {
		return Mark{}, info, nil
	}
	return m, info, nil
}

// Settle makes the first size bytes of the day file in the directory day durable, unless its mark says that they are.
// The caller holds the book's lock.
//
// Calls if it does not: those of Refresh and of Sync.
func Settle(fsys durable.FS, day, temp string, size int64) error {
	f := New(fsys, day, temp, false, silent{}) // Verify has found nothing that it could tell of
	info, err := fsys.Stat(f.Path())
	if err != nil {
		return err
	}
	if mark, err := fsys.Open(filepath.Join(day, MarkName), false); err == nil {
		m, ok := readMark(mark)
		mark.Close() // nothing was written
		if ok && m.Inode == info.ID.Inode && m.Size >= size && m.Size <= info.Size {
			return nil
		}
	}
	if err = f.Refresh(false); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// silent is an Observer that does not care.
type silent struct{}

func (silent) Reset()        {}
func (silent) Line(Line)     {}
func (silent) Damage(Damage) {}
