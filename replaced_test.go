package daybook

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daybook/internal/dayfile"
)

// TestReplacedWhileOpen holds promises 3 and 7: whatever file the path of the day names by now is the day. No line of
// it is lost, duplicates are judged by it, new lines go behind its own, and what it lacks of what was durable is
// reported, once.
func TestReplacedWhileOpen(t *testing.T) {
	line := func(id string) string { return lineOf(id) + "\n" }
	byRename := func(t *testing.T, dir, contents string) {
		name := filepath.Join(dir, testDay, "events.json")
		try(t, os.WriteFile(name+".new", []byte(contents), 0o644))
		try(t, os.Rename(name+".new", name))
	}
	inPlace := func(t *testing.T, dir, contents string) {
		try(t, os.WriteFile(filepath.Join(dir, testDay, "events.json"), []byte(contents), 0o644))
	}
	wholeDay := func(t *testing.T, dir, contents string) { // its mark has gone, too
		try(t, os.RemoveAll(filepath.Join(dir, testDay)))
		try(t, os.Mkdir(filepath.Join(dir, testDay), 0o755))
		inPlace(t, dir, contents)
	}
	for _, c := range []struct {
		name, contents string
		report         string
	}{
		{"the same", line("a") + line("b") + line("c"), ""},
		{"more lines", line("a") + line("b") + line("c") + line("x") + line("y"), ""},
		{"fewer lines", line("a"), dayfile.CutReason},
		{"nothing", "", dayfile.CutReason},
		{"a longer line missing", line("a") + line("c") + line("x") + line("y"), dayfile.OtherReason},
		{"other lines", line("x") + line("y") + line("z"), dayfile.OtherReason},
	} {
		for how, replace := range map[string]func(t *testing.T, dir, contents string){
			"renamed": byRename, "in place": inPlace, "with its day": wholeDay,
		} {
			t.Run(c.name+" "+how, func(t *testing.T) {
				dir := t.TempDir()
				var log bytes.Buffer
				book := open(t, dir, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
				for _, id := range []string{"a", "b", "c"} {
					mustAppend(t, book, lineOf(id))
				}
				replace(t, dir, c.contents)
				want := c.contents
				for _, id := range []string{"new", "a", "b", "c", "x"} {
					had := strings.Contains(want, line(id))
					if pos := mustAppend(t, book, lineOf(id)); pos.Duplicate != had {
						t.Errorf("append of %s: duplicate %v, want %v", id, pos.Duplicate, had)
					}
					if !had {
						want += line(id)
					}
					if got := dayFile(t, dir, testDay); got != want {
						t.Fatalf("day file after %s\n got %q\nwant %q", id, got, want)
					}
				}
				wantReport(t, log.String(), c.report)
				for f, err := range book.Verify(t.Context(), Query{}) {
					t.Errorf("verify: %v, %v", f, err)
				}
			})
		}
	}
}

// wantReport expects the reason to be logged once, or nothing of that kind if it is "".
func wantReport(t *testing.T, log, reason string) {
	t.Helper()
	want := 1
	if reason == "" {
		want = 0
	}
	if n := strings.Count(log, "level=WARN msg=\"damaged bytes"); n != want || !strings.Contains(log, reason) {
		t.Errorf("log: got %q, want %q %d times", log, reason, want)
	}
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRemovedWhileOpen: what somebody removes under an open Book is made again, by the next append, and lost lines are
// reported once.
func TestRemovedWhileOpen(t *testing.T) {
	for _, c := range []struct {
		name, report string
		remove       func(dir string) error
	}{
		{"day", dayfile.CutReason, func(dir string) error { return os.RemoveAll(filepath.Join(dir, testDay)) }},
		{"day file", dayfile.CutReason, func(dir string) error { return os.Remove(filepath.Join(dir, testDay, "events.json")) }},
		{"book", dayfile.CutReason, os.RemoveAll},
		{"book and what it is in", dayfile.CutReason, func(dir string) error { return os.RemoveAll(filepath.Dir(dir)) }},
		{"locks", "", func(dir string) error {
			if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
				return err
			}
			return os.Remove(filepath.Join(dir, turnName))
		}},
		{"mark", "", func(dir string) error { return os.Remove(filepath.Join(dir, testDay, "events.mark")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data", "events")
			var log bytes.Buffer
			book := open(t, dir, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Settings: &Settings{Zone: "Asia/Tokyo"}})
			mustAppend(t, book, lineOf("a"))
			want := lineOf("a") + "\n"
			try(t, c.remove(dir))
			if c.report != "" {
				want = ""
			}
			for _, id := range []string{"b", "c"} {
				mustAppend(t, book, lineOf(id))
				want += lineOf(id) + "\n"
			}
			if got := dayFile(t, dir, testDay); got != want {
				t.Errorf("day file\n got %q\nwant %q", got, want)
			}
			wantReport(t, log.String(), c.report)
			other := open(t, dir, &Options{MustExist: true})
			if got := other.Settings().Zone; got != "Asia/Tokyo" {
				t.Errorf("zone of the settings: got %q", got)
			}
			mustAppend(t, other, lineOf("d"))
			if pos := mustAppend(t, book, lineOf("d")); !pos.Duplicate {
				t.Errorf("an event of another Book: got %+v, want a duplicate", pos)
			}
		})
	}
}

// TestMovedWhileOpen: a book that is moved away and back is the same book; what is appended meanwhile is in the one
// that the path names.
func TestMovedWhileOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "events")
	var log bytes.Buffer
	book := open(t, dir, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	mustAppend(t, book, lineOf("a"))
	try(t, os.Rename(dir, dir+".away"))
	try(t, os.Rename(dir+".away", dir))
	if pos := mustAppend(t, book, lineOf("a")); !pos.Duplicate {
		t.Errorf("moved and back: got %+v, want a duplicate", pos)
	}
	wantReport(t, log.String(), "")

	try(t, os.Rename(dir, dir+".away"))
	mustAppend(t, book, lineOf("b"))
	wantReport(t, log.String(), dayfile.CutReason)
	if got, want := dayFile(t, dir+".away", testDay), lineOf("a")+"\n"; got != want {
		t.Errorf("the book that was moved away: got %q, want %q", got, want)
	}
	log.Reset()
	try(t, os.RemoveAll(dir))
	try(t, os.Rename(dir+".away", dir))
	mustAppend(t, book, lineOf("b"))
	if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"+lineOf("b")+"\n"; got != want {
		t.Errorf("the book that is back: got %q, want %q", got, want)
	}
}
