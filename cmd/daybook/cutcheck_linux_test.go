package main

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
	"syscall"
)

// afterCut are the events that have a round's four days written.
func afterCut(round int) (ids []string) {
	for _, n := range []int{9, 10, 60, 120} {
		ids = append(ids, fmt.Sprintf("r%dw99-%d", round, n))
	}
	return ids
}

// cutBook is what the harness knows of a book, and checks without any of Daybook's code.
type cutBook struct {
	dir     string
	replace bool
	watched bool

	must  map[string]bool   // acknowledged before a cut
	begun map[string]int    // by writer: how many events it may have begun
	lines map[string]string // of the watcher's events, as it has printed them
	scars map[string]string // damaged lines by place: beyond the mark when they were found
	raw   map[string]string // the day files as the cut has left them
	seen  map[string]int    // how often each id stands there, as of the last check

	faults map[string][]string // what is wrong, by kind
}

func newCutBook(dir string) *cutBook {
	return &cutBook{
		dir: dir, must: map[string]bool{}, begun: map[string]int{}, lines: map[string]string{}, scars: map[string]string{},
		raw: map[string]string{}, faults: map[string][]string{},
	}
}

func (b *cutBook) fault(kind, format string, args ...any) {
	b.faults[kind] = append(b.faults[kind], fmt.Sprintf(format, args...))
}

// days reads the day files.
func (b *cutBook) days() map[string]string {
	all := map[string]string{}
	names, _ := filepath.Glob(filepath.Join(b.dir, "????-??-??")) // the pattern is good
	for _, dir := range names {
		data, err := os.ReadFile(filepath.Join(dir, "events.json"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			b.fault("unreadable", "%v", err)
		} else if err == nil {
			all[filepath.Base(dir)] = string(data)
		}
	}
	return all
}

// look takes note of what the cut has left, before anybody opens the book: marks are bounds of what is durable, and what is
// damaged lies beyond them; a day that is replaced whole has whole commits.
func (b *cutBook) look() {
	b.raw = b.days()
	for day, text := range b.raw {
		bound := b.mark(day, text)
		if b.replace && text != "" && !strings.HasSuffix(text, "\n") {
			b.fault("damaged", "%s is replaced whole and has an unfinished line: %.100q",
				day, text[strings.LastIndexByte(text, '\n')+1:])
		}
		at := 0
		for line := range strings.Lines(text) {
			place := fmt.Sprintf("%s at %d", day, at)
			if _, ok := b.id(line); !ok && strings.HasSuffix(line, "\n") && b.scars[place] != line {
				if b.replace || at < bound {
					b.fault("damaged", "%s, before the mark at %d: %.100q", place, bound, line)
				}
				b.scars[place] = line
			}
			at += len(line)
		}
	}
}

// mark checks the day's commit mark (docs/format.md) and returns the size that it tells of; 0 if it tells nothing.
func (b *cutBook) mark(day, text string) int {
	data, err := os.ReadFile(filepath.Join(b.dir, day, "events.mark"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	var inode uint64
	var size int
	var sum, check uint32
	n, serr := fmt.Sscanf(string(data), "daybook-mark v1: %016x %016x %08x %08x\n", &inode, &size, &sum, &check)
	table := crc32.MakeTable(crc32.Castagnoli)
	if err != nil || serr != nil || n != 4 || len(data) != 69 || crc32.Checksum(data[:60], table) != check {
		return 0
	}
	info, err := os.Stat(filepath.Join(b.dir, day, "events.json"))
	if err != nil {
		b.fault("unreadable", "%v", err)
		return 0
	}
	if info.Sys().(*syscall.Stat_t).Ino != inode {
		return 0
	}
	if size > len(text) {
		b.fault("mark", "%s has %d bytes, and its mark tells of %d durable ones", day, len(text), size)
		return len(text)
	}
	if crc32.Checksum([]byte(text[:size]), table) != sum {
		b.fault("mark", "%s: the first %d bytes are not those of its mark", day, size)
	}
	return size
}

// id returns the id of a line that may stand in the book.
func (b *cutBook) id(line string) (string, bool) {
	text, whole := strings.CutSuffix(line, "\n")
	rest, ok := strings.CutPrefix(text, `{"event_id":"`)
	id, _, closed := strings.Cut(rest, `"`)
	if !whole || !ok || !closed {
		return "", false
	}
	if want := cutLine(id); want != "" {
		return id, text == want
	}
	printed, known := b.lines[id]
	return id, b.watched && json.Valid([]byte(text)) && (!known || text == printed)
}

// check reads the book when it has been opened and written again.
func (b *cutBook) check() {
	seen := map[string]int{}
	b.seen = seen
	after := b.days()
	for day, text := range after {
		at := 0
		for line := range strings.Lines(text) {
			id, ok := b.id(line)
			place := fmt.Sprintf("%s at %d", day, at)
			at += len(line)
			if !ok {
				if b.scars[place] != line {
					b.fault("damaged", "%s: %.200q", place, line)
				}
				continue
			}
			if seen[id]++; seen[id] == 2 {
				b.fault("twice", "%s", id)
			}
			if writer, number, ours := strings.Cut(id, "-"); ours && cutLine(id) != "" {
				n := 0
				if fmt.Sscan(number, &n); n >= b.begun[writer] {
					b.fault("invented", "%s: its writer has begun %d", id, b.begun[writer])
				}
			}
		}
	}
	for id := range b.must {
		if seen[id] == 0 {
			b.fault("lost", "%s", id)
		}
	}
	for day, raw := range b.raw {
		b.checkKept(day, raw, after[day])
	}
	filepath.WalkDir(b.dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || strings.Contains(name, ".daybook-tmp") {
			b.fault("left over", "%s %v", name, err)
		}
		return nil
	})
}

// checkKept sees to it that no byte is gone that the cut had left: an unfinished line is completed or in quarantine.
func (b *cutBook) checkKept(day, raw, after string) {
	end := strings.LastIndexByte(raw, '\n') + 1
	if !strings.HasPrefix(after, raw[:end]) {
		b.fault("thrown away", "%s: its first %d bytes are others now", day, end)
		return
	}
	tail := raw[end:]
	if tail == "" || strings.HasPrefix(after[end:], tail+"\n") {
		return
	}
	names, _ := filepath.Glob(filepath.Join(b.dir, day, "quarantine", "*.raw")) // the pattern is good
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && bytes.Equal(data, []byte(tail)) {
			return
		}
	}
	b.fault("thrown away", "%s: the unfinished line of %d bytes at %d is not in quarantine", day, len(tail), end)
}

// unacknowledged counts the events that are there without a promise; their ids begin with prefix.
func (b *cutBook) unacknowledged(prefix string) (n int) {
	for id := range b.seen {
		if strings.HasPrefix(id, prefix) && !b.must[id] {
			n++
		}
	}
	return n
}
