package killtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tail is an unfinished last line of a day file, as the dead have left it.
type tail struct {
	file   string
	offset int
	text   string
}

// Found is what there was to be seen in a book.
type Found struct {
	Events int // in the day files
	Pieces int // in quarantine
	Tails  int // met at the end of a day file while nobody was at work
}

func (f Found) String() string {
	return fmt.Sprintf("%d events, %d pieces in quarantine, %d torn tails met at rest", f.Events, f.Pieces, f.Tails)
}

func dayFiles(dir string) []string {
	names, _ := filepath.Glob(filepath.Join(dir, "????-??-??", "events.json")) // the pattern is a good one
	return names
}

// noteTails remembers the unfinished last lines, which nothing may make go away but quarantine or a newline.
func (b *Book) noteTails(t *testing.T) {
	t.Helper()
	for _, name := range dayFiles(b.Dir) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.LastIndexByte(data, '\n') + 1
		if at < len(data) {
			b.tails = append(b.tails, tail{name, at, string(data[at:])})
		}
	}
}

// Check reads the book with nothing of Daybook's, after Finish. Every acknowledged event is there once, byte for byte,
// every line was given by somebody, what was cut off is in quarantine, and no temporary file is left.
func (b *Book) Check() (Found, error) {
	c := checker{count: map[string]int{}, pieces: map[tail]bool{}}
	err := filepath.WalkDir(b.Dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(name, ".daybook-tmp"):
			c.fault("a temporary file is left: %s", name)
		case filepath.Base(name) == "events.json":
			return c.day(name)
		case filepath.Base(filepath.Dir(name)) == "quarantine" && strings.HasSuffix(name, ".raw"):
			return c.piece(name)
		}
		return nil
	})
	if err != nil {
		return Found{}, err
	}
	c.wipes()
	for id, n := range c.count {
		if n != 1 {
			c.fault("stored %d times: %s", n, id)
		}
	}
	for s, acked := range b.acked {
		for n := range acked {
			if c.count[s.ID(n)] == 0 {
				c.fault("acknowledged and lost: %s", s.ID(n))
			}
		}
	}
	for _, tail := range b.tails {
		data, err := os.ReadFile(tail.file)
		if err != nil {
			return Found{}, err
		}
		if !c.pieces[tail] && !strings.HasPrefix(string(data[min(tail.offset, len(data)):]), tail.text+"\n") {
			c.fault("a torn line of %d bytes at %d of %s is neither completed nor in quarantine",
				len(tail.text), tail.offset, tail.file)
		}
	}
	return Found{len(c.count), len(c.pieces), len(b.tails)}, errors.Join(c.faults...)
}

type checker struct {
	count  map[string]int
	pieces map[tail]bool
	faults []error
}

func (c *checker) fault(format string, args ...any) {
	if len(c.faults) < 20 {
		c.faults = append(c.faults, fmt.Errorf(format, args...))
	}
}

func (c *checker) day(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	offset := 0
	for line := range strings.Lines(string(data)) {
		text, whole := strings.CutSuffix(line, "\n")
		var e struct {
			ID   string `json:"event_id"`
			Time string `json:"timestamp"`
		}
		source, n, _ := Source{}, 0, false
		err := json.Unmarshal([]byte(text), &e)
		if err == nil {
			source, n, _ = parseID(e.ID)
		}
		switch {
		case !whole:
			c.fault("unfinished last line of %d bytes at %d of %s", len(line), offset, name)
		case err != nil:
			c.fault("does not parse: line at %d of %s: %w: %.100q", offset, name, err, line)
		case source.Name == "" || text != source.Line(n):
			c.fault("given by nobody: line at %d of %s: %.100q", offset, name, line)
		case !strings.HasPrefix(e.Time, filepath.Base(filepath.Dir(name))):
			c.fault("in a foreign day: line at %d of %s: %.100q", offset, name, line)
		default:
			c.count[e.ID]++
		}
		offset += len(line)
	}
	return nil
}

// piece looks at bytes in quarantine: they are the beginning of a line that somebody has given, or see wipes, and the note
// beside them says where they stood.
func (c *checker) piece(name string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(strings.TrimSuffix(name, "raw") + "json")
	if errors.Is(err, fs.ErrNotExist) { // the process was killed in between; the next one had nothing to cut off
		c.fault("a piece without a note: %s", name)
		return nil
	}
	if err != nil {
		return err
	}
	var note struct {
		File   string `json:"file"`
		Offset int    `json:"offset"`
		Length int    `json:"length"`
		Sum    string `json:"crc32c"`
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(text, &note); err != nil {
		c.fault("does not parse: %s: %w", name, err)
		return nil
	}
	sum := fmt.Sprintf("%08x", crc32.Checksum(raw, crc32.MakeTable(crc32.Castagnoli)))
	if note.Length != len(raw) || note.Sum != sum || note.File != "events.json" || note.Reason == "" {
		c.fault("%s is not what its note tells: %s", name, text)
	}
	if !beginsLine(string(raw)) && !strings.HasPrefix(string(raw), "\x00") {
		c.fault("given by nobody: %s: %.100q", name, raw)
	}
	day := filepath.Dir(filepath.Dir(name))
	c.pieces[tail{filepath.Join(day, note.File), note.Offset, string(raw)}] = true
	return nil
}

// wipes looks at the pieces that begin with NULs: a process was killed while it put them into the place of a line that it
// had taken into quarantine before. So that line is a piece, too.
func (c *checker) wipes() {
	for wiped := range c.pieces {
		rest := strings.TrimLeft(wiped.text, "\x00")
		if rest == wiped.text {
			continue
		}
		whole := false
		for line := range c.pieces {
			whole = whole || line.file == wiped.file && line.offset == wiped.offset && len(line.text) == len(wiped.text) &&
				beginsLine(line.text) && strings.HasSuffix(line.text, rest)
		}
		if !whole {
			c.fault("given by nobody: NULs in quarantine, from %d of %s, without the line that they stood for", wiped.offset, wiped.file)
		}
	}
}

// beginsLine reports whether text is the beginning of a source's line, and not all of it.
func beginsLine(text string) bool {
	const head = `{"event_id":"`
	rest, ok := strings.CutPrefix(text, head)
	if !ok {
		return strings.HasPrefix(head, text)
	}
	id, _, ended := strings.Cut(rest, `"`)
	if !ended {
		return true
	}
	source, n, ok := parseID(id)
	return ok && strings.HasPrefix(source.Line(n), text) && source.Line(n) != text
}
