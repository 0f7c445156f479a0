package crashtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"daybook/internal/faultfs"
)

// Files are all files of a disk, by their paths.
type Files = map[string]faultfs.FileState

// The checkers read what is on the disk with the standard library only: they share no code with what has written it.

// ErrMixed is what Check returns for an event that may be a mixture of two that were never acknowledged, after a write or
// a sync has failed. It is the one thing that the book does not exclude.
var ErrMixed = errors.New("an event may be a mixture of two that were never acknowledged")

var dayName = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

// Check compares the books below root with the ledger, at any moment: every acknowledged event is there, once and byte for
// byte; no event is there that was not given; nothing that was kept has gone; marks say what is true; and files that
// are replaced whole are whole.
func Check(files Files, root string, l *Ledger) error {
	var errs []error
	found := map[event]int{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := files[name].Data
		day := path.Base(path.Dir(name))
		switch base := path.Base(name); {
		case !strings.HasPrefix(name, root+"/"):
		case base == "events.json" && dayName.MatchString(day):
			if _, ok := files[name+".zst"]; !ok {
				errs = append(errs, checkDay(name, data, day, l, found))
			}
			errs = append(errs, checkMark(files, name))
		case base == "events.json.zst" && dayName.MatchString(day):
			errs = append(errs, checkPacked(name, data, files[strings.TrimSuffix(name, ".zst")].Data, day, l, found))
		case strings.HasSuffix(base, ".daybook-tmp"), strings.HasPrefix(base, "session_"), strings.Contains(base, ".lock"):
		case strings.HasSuffix(base, ".canvas"):
			if sum := fmt.Sprintf("%x.canvas", sha256.Sum256(data)); base != sum {
				errs = append(errs, fmt.Errorf("%s has not the bytes that it is named by: %.80q", name, data))
			}
		case strings.HasSuffix(base, ".json"):
			if !json.Valid(data) {
				errs = append(errs, fmt.Errorf("%s is no JSON: %.80q", name, data))
			}
		}
	}
	for e, p := range l.given {
		if p > open && found[e] == 0 && !(l.gone[e] && deleted(files, root, e.day)) {
			errs = append(errs, fmt.Errorf("lost: acknowledged (%s) and not there: %s", p, e))
		}
	}
	for name, want := range l.files {
		if f, ok := files[name]; !ok || string(f.Data) != want {
			errs = append(errs, fmt.Errorf("%s was acknowledged and is not as it was: %.80q", name, f.Data))
		}
	}
	for _, p := range l.pieces {
		if !kept(files, p.day, p.bytes, true) {
			errs = append(errs, fmt.Errorf("bytes have gone that stood in the file of %s: %.60q", p.day, p.bytes))
		}
	}
	return errors.Join(errs...)
}

// deleted reports whether a day says that what it held was deleted on purpose, and holds none of it.
func deleted(files Files, root, day string) bool {
	dir := path.Join(root, day)
	return strings.Contains(string(files[dir+"/SHA256SUMS"].Data), "\n# deleted ")
}

// Pack compresses as any program does.
func Pack(data []byte) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer e.Close() // nothing is streamed
	return e.EncodeAll(data, nil), nil
}

// Unpack is what any program makes of a packed day.
func Unpack(data []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(data, nil)
}

// checkPacked looks at every line of a day that has been retired: those of the packed file, and those of the day file, of
// which the first ones may be in the packed one, too, if the retirement has not come to its end.
func checkPacked(name string, data, plain []byte, day string, l *Ledger, found map[event]int) error {
	all, err := Unpack(data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(all) > 0 && all[len(all)-1] != '\n' {
		return fmt.Errorf("%s ends in the midst of a line", name)
	}
	in := map[string]bool{}
	for line := range bytes.Lines(all) {
		in[string(line)] = true
	}
	for line := range bytes.Lines(plain) {
		if !in[string(line)] {
			break
		}
		plain = plain[len(line):]
	}
	return checkDay(name, append(all, plain...), day, l, found)
}

func (p promise) String() string { return [...]string{"open", "in the kernel", "on stable storage"}[p] }

// checkDay looks at every line of a day file.
func checkDay(name string, data []byte, day string, l *Ledger, found map[event]int) error {
	var errs []error
	for len(data) > 0 {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		data = rest
		e := event{day, string(line)}
		if _, ok := l.given[e]; ok && whole {
			if found[e]++; found[e] == 2 {
				errs = append(errs, fmt.Errorf("stored twice: %s", e))
			}
		} else if whole && isEvent(line) && l.mayBeMixed(e) {
			errs = append(errs, ErrMixed)
		} else if whole && isEvent(line) {
			errs = append(errs, fmt.Errorf("invented: nobody has given %s", e))
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("%s: %w", name, errors.Join(errs...))
	}
	return nil
}

// isEvent reports whether a reader would take the line for an event: an object, no member twice, with an event_id.
func isEvent(line []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(line))
	id := false
	if json.Valid(line) && unique(dec, func(name string) { id = id || name == "event_id" }) {
		_, err := dec.Token()
		return id && err == io.EOF && line[0] == '{'
	}
	return false
}

// unique reports whether no object of the next value, itself included, has two members of one name.
func unique(dec *json.Decoder, see func(string)) bool {
	t, err := dec.Token()
	if err != nil {
		return false
	}
	open, ok := t.(json.Delim)
	if !ok {
		return true
	}
	names := map[string]bool{}
	for dec.More() {
		if open == '{' {
			t, err := dec.Token()
			name, ok := t.(string)
			if err != nil || !ok || names[name] {
				return false
			}
			names[name] = true
			see(name)
		}
		if !unique(dec, func(string) {}) {
			return false
		}
	}
	_, err = dec.Token()
	return err == nil
}

// checkMark reports a valid mark of the day file that promises what is not so.
func checkMark(files Files, name string) error {
	mark := string(files[path.Join(path.Dir(name), "events.mark")].Data)
	var inode, size uint64
	var sum, check uint32
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	n, err := fmt.Sscanf(strings.Replace(mark, "v1! ", "v1: ", 1), "daybook-mark v1: %16x %16x %8x %8x\n", &inode, &size, &sum, &check)
	if err != nil || n != 4 || len(mark) != 69 || crc32.Checksum([]byte(mark[:60]), castagnoli) != check {
		return nil // none
	}
	f := files[name]
	switch {
	case inode != f.Inode:
		return nil // another file's
	case size > uint64(len(f.Data)):
		return fmt.Errorf("%s: the mark promises %d bytes, there are %d", name, size, len(f.Data))
	case crc32.Checksum(f.Data[:size], castagnoli) != sum:
		return fmt.Errorf("%s: the mark promises %d bytes, there are others", name, size)
	}
	return nil
}

// kept reports whether bytes are in one piece in the quarantine of a day, or, if inFile is set, in its file.
func kept(files Files, day, piece string, inFile bool) bool {
	for name, f := range files {
		dir, base := path.Split(name)
		if inFile && base == "events.json" && path.Base(dir) == day && bytes.Contains(f.Data, []byte(piece)) {
			return true
		}
		if strings.HasSuffix(dir, day+"/quarantine/") && strings.HasSuffix(base, ".raw") && bytes.Contains(f.Data, []byte(piece)) {
			return true
		}
	}
	return false
}

// CheckOpened reports temporary files below root: a book has been opened there since the crash.
func CheckOpened(files Files, root string) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, root+"/") && (strings.Contains(name, "tmp") || strings.HasSuffix(name, "~")) {
			return fmt.Errorf("a temporary file outlives the next open: %s", name)
		}
	}
	return nil
}

// CheckCut compares a day file as a crash has left it with what the next writers have made of it: nothing is gone but an
// unfinished last line, and that is complete now, or in quarantine.
func CheckCut(before, after Files) error {
	var errs []error
	for name, was := range before {
		day := path.Base(path.Dir(name))
		if path.Base(name) != "events.json" || !dayName.MatchString(day) {
			continue
		}
		whole := bytes.LastIndexByte(was.Data, '\n') + 1
		now, ok := bytes.CutPrefix(after[name].Data, was.Data[:whole])
		tail := was.Data[whole:]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%s: whole lines have been changed or cut off", name))
		case len(tail) > 0 && !bytes.HasPrefix(now, tail) && !kept(after, day, string(tail), false):
			errs = append(errs, fmt.Errorf("%s: an unfinished last line has gone and is not in quarantine: %.60q", name, tail))
		}
	}
	return errors.Join(errs...)
}

// CheckEnds reports day files whose last line lacks its newline: somebody has appended to them since, or nobody has been
// killed in the midst of a write.
func CheckEnds(files Files, torn func(size int) bool) error {
	var errs []error
	for name, f := range files {
		day := path.Base(path.Dir(name))
		if path.Base(name) == "events.json" && dayName.MatchString(day) && len(f.Data) > 0 &&
			f.Data[len(f.Data)-1] != '\n' && !torn(len(f.Data)) {
			errs = append(errs, fmt.Errorf("%s ends in the midst of a line, at %d", name, len(f.Data)))
		}
	}
	return errors.Join(errs...)
}

// CheckQuarantine reports pieces in quarantine without a note that says where they stood.
func CheckQuarantine(files Files) error {
	for name, f := range files {
		base, raw := strings.CutSuffix(name, ".raw")
		if !raw {
			continue
		}
		var note struct {
			Offset *int64
			Length int
			Reason string
		}
		err := json.Unmarshal(files[base+".json"].Data, &note)
		if err != nil || note.Offset == nil || note.Length != len(f.Data) || note.Reason == "" {
			return fmt.Errorf("%s: its note does not say where it stood: %v %.200q", name, err, files[base+".json"].Data)
		}
	}
	return nil
}
