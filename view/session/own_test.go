package session

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ownLines are events of one day.
func ownLines(book string, n int) (lines []string) {
	for i := range n {
		lines = append(lines, recolor(fmt.Sprintf("%s-%d", book, i), fmt.Sprintf("2025-11-08T09:%02d:00", i), "a.canvas", "1", "3"))
	}
	return lines
}

// What damage does to the bytes of a document that Daybook has written never becomes an event: the document is made again from
// the book, and what was damaged is kept aside unless nothing of it would be lost.
func TestDamageIsNotAdopted(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	appendLines(t, b, ownLines("x", 6)...)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	name, lines := sessionFile(dir, "2025-11-08"), filepath.Join(dir, "2025-11-08", "events.json")
	sound, events := file(t, name), file(t, lines)
	random := rand.New(rand.NewPCG(1, 2))
	adopted, keeps := 0, 0
	for n := range 400 {
		text := []byte(sound)
		from := strings.Index(sound, separator)
		at := from + random.IntN(strings.Index(sound, "start_time")-from)
		what := ""
		switch n % 4 {
		case 0, 1:
			text[at] ^= 1 << random.IntN(8)
			what = "flip"
		case 2:
			text[at] = byte(random.IntN(256))
			text[min(at+1, len(text)-1)] ^= 1
			what = "two bytes"
		case 3:
			clear(text[at:min(at+8, len(text))])
			what = "zeros"
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
		b := openBook(t, dir, nil, New(Options{}))
		if lacking, _, err := Foreign(t.Context(), b, day(t, "2025-11-08")); err != nil || lacking > 0 {
			t.Errorf("%s at %d: %d events are to be adopted: %v", what, at, lacking, err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if got := file(t, lines); got != events {
			t.Errorf("%s at %d: adopted: %s", what, at, got[len(events):])
			adopted++
			if err := os.WriteFile(lines, []byte(events), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := file(t, name); got != sound && adopted == 0 {
			t.Errorf("%s at %d: the document was not made again", what, at)
		}
		names := kept(t, dir)
		keeps += len(names)
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if keeps < 300 {
		t.Errorf("%d of 400 damaged documents were kept", keeps)
	}
}

// A document of another book in the place of a day's own, as a wrong copy leaves it, is kept aside and adds nothing; one that
// goes on from the day's own events, as a copy of this book on another machine does, is adopted.
func TestDocumentOfAnotherBook(t *testing.T) {
	text := func(lines ...string) string {
		dir := t.TempDir()
		b := openBook(t, dir, nil, New(Options{}))
		appendLines(t, b, lines...)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		return file(t, sessionFile(dir, "2025-11-08"))
	}
	own, other := ownLines("x", 3), ownLines("y", 4)
	sameIDs := []string{strings.Replace(own[0], "a.canvas", "b.canvas", 1), ownLines("x", 5)[4]}
	for _, test := range []struct {
		name     string
		has, got []string
		events   int
		kept     int
	}{
		{"another book's", own, other, 3, 1},
		{"another book's with the same ids", own, sameIDs, 3, 1},
		{"this book's, further on", own, ownLines("x", 5), 5, 0},
		{"a day without events", nil, other, 4, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			b := openBook(t, dir, nil, New(Options{}))
			appendLines(t, b, test.has...)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(sessionFile(dir, "2025-11-08"), []byte(text(test.got...)), 0o644); err != nil {
				t.Fatal(err)
			}
			b = openBook(t, dir, nil, New(Options{}))
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(file(t, filepath.Join(dir, "2025-11-08", "events.json")), "\n"); n != test.events {
				t.Errorf("the day has %d events, want %d", n, test.events)
			}
			if n := len(kept(t, dir)); n != test.kept {
				t.Errorf("%d documents are kept, want %d", n, test.kept)
			}
		})
	}
}
