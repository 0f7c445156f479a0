package dayfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"daybook/internal/durable"
)

// Wrong is a file that is not what it was.
type Wrong struct {
	Name    string // seen from the day's directory, with /
	Missing bool
	Size    int64 // bytes in question; 0 if that is not known
	Reason  string
}

// Broken compares the files of the directory day with its SHA256SUMS, if there is one, and its snapshots with their
// names. A day file that has only grown is sound, and so are files that are not listed. It takes no lock: since the
// list is read first, whatever is appended or sealed meanwhile changes nothing. A retirement writes a list of what
// there will be, and then removes the day file: what is missed while the list becomes another one is looked at again.
func Broken(ctx context.Context, fsys durable.FS, day string, unpack Unpack) ([]Wrong, error) {
	for try := 1; ; try++ {
		list, err := sumsFile(fsys, day)
		if err != nil {
			return nil, err
		}
		wrong, err := broken(ctx, fsys, day, list, unpack)
		if err != nil || len(wrong) == 0 || try == 4 {
			return wrong, err
		}
		if now, err := sumsFile(fsys, day); err != nil || bytes.Equal(now, list) {
			return wrong, err
		}
	}
}

// ReadSums reads the SHA256SUMS of the directory day. Without one it says nothing.
func ReadSums(fsys durable.FS, day string) (Sums, error) {
	data, err := sumsFile(fsys, day)
	if err != nil {
		return Sums{Size: -1}, err
	}
	return ParseSums(data)
}

// Note takes down that what data holds in its first size bytes is about to be deleted, unless that is the last thing
// that was said: it has been tried before.
func (s *Sums) Note(ctx context.Context, when time.Time, data io.ReaderAt, size int64) error {
	hash, err := hashOf(ctx, data, size)
	if err != nil {
		return err
	}
	d := Deleted{when.UTC().Format(time.RFC3339), Holds{size, hash}}
	if n := len(s.Deleted); n == 0 || s.Deleted[n-1].Holds != d.Holds {
		s.Deleted = append(s.Deleted, d)
	}
	return nil
}

func sumsFile(fsys durable.FS, day string) ([]byte, error) {
	data, err := durable.ReadFile(fsys, filepath.Join(day, SumsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// broken is Broken by a list.
func broken(ctx context.Context, fsys durable.FS, day string, list []byte, unpack Unpack) ([]Wrong, error) {
	listed := make(map[string]bool)
	var wrong []Wrong
	sums, perr := ParseSums(list)
	if perr != nil {
		wrong = append(wrong, Wrong{Name: SumsName, Reason: "it cannot be read: " + perr.Error()})
	}
	for _, s := range sums.Files {
		listed[s.Name] = true
		if s.Name == MarkName || s.Name == SumsName {
			continue // another program's list: they change
		}
		w, err := compare(ctx, fsys, day, s, sums.Size)
		if err == nil && s.Name == PackedName && !w.Missing {
			err = w.unpacked(ctx, fsys, day, sums.Holds, unpack)
		}
		if err != nil {
			return nil, err
		}
		if w.Reason != "" {
			wrong = append(wrong, w)
		}
	}
	names, err := besides(fsys, day)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		want, snapshot := strings.CutPrefix(name, BoardsName+"/")
		if !snapshot || listed[name] {
			continue
		}
		s, err := takeSum(ctx, fsys, day, name)
		if err != nil {
			return nil, err
		}
		if fmt.Sprintf("%x.canvas", s.Hash) != want {
			wrong = append(wrong, Wrong{Name: name, Reason: "its bytes do not have the hash that is its name"})
		}
	}
	return wrong, nil
}

// unpacked looks closer at a packed file: one that holds what it held, and more, has only grown.
func (w *Wrong) unpacked(ctx context.Context, fsys durable.FS, day string, holds *Holds, unpack Unpack) error {
	if holds == nil {
		return nil
	}
	path := filepath.Join(day, PackedName)
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
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if n < holds.Size {
		w.Reason = fmt.Sprintf("it holds %d bytes; it held %d when the day was sealed", n, holds.Size)
		return nil
	}
	hash, err := hashOf(ctx, r, holds.Size)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	switch {
	case hash != holds.Hash:
		w.Reason = "what it holds is not what it held when the day was sealed"
	case n > holds.Size:
		w.Reason = ""
	case w.Reason != "":
		w.Reason = "its bytes are others than when the day was sealed, but it holds the same"
	}
	return nil
}

// compare compares one file with its sum; size is how many bytes of the day file the sum is of.
func compare(ctx context.Context, fsys durable.FS, day string, s Sum, size int64) (Wrong, error) {
	w := Wrong{Name: s.Name}
	path := filepath.Join(day, filepath.FromSlash(s.Name))
	info, err := fsys.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		w.Missing, w.Reason = true, "the file is missing; it was there when the day was sealed"
		return w, nil
	}
	if err == nil && !info.Mode.IsRegular() {
		w.Reason = "it is no regular file any more"
		return w, nil
	}
	if err != nil {
		return w, err
	}
	if s.Name != DataName || size < 0 {
		size = info.Size
	}
	w.Size = size
	f, err := fsys.Open(path, false)
	if err != nil {
		return w, err
	}
	defer f.Close() // nothing was written
	hash, err := hashOf(ctx, f, size)
	if err != nil {
		return w, fmt.Errorf("read %s: %w", path, err)
	}
	switch {
	case hash == s.Hash && info.Size >= size:
		return w, nil
	case s.Name == DataName && info.Size < size:
		w.Reason = fmt.Sprintf("the file has %d bytes; it had %d when the day was sealed", info.Size, size)
	default:
		w.Reason = "its bytes are others than when the day was sealed"
	}
	return w, nil
}
