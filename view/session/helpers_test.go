package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

func day(t testing.TB, s string) daybook.Day {
	t.Helper()
	d, err := daybook.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// clock is the clock of the tests: late on 2025-11-08, the day of most events.
func clock() time.Time { return time.Date(2025, 11, 8, 22, 30, 0, 0, time.UTC) }

// openBook opens a book in Berlin's zone with the views.
func openBook(t testing.TB, dir string, log *bytes.Buffer, views ...daybook.View) *daybook.Book {
	t.Helper()
	opts := &daybook.Options{
		Sync: daybook.SyncNone, Views: views, Now: clock,
		Settings: &daybook.Settings{Zone: "Europe/Berlin", Rules: daybook.RulesVault},
	}
	if log != nil {
		opts.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
	b, err := daybook.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

func appendLines(t testing.TB, b *daybook.Book, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if _, err := b.Append(t.Context(), event(t, line)); err != nil {
			t.Fatalf("Append(%s): %v", line, err)
		}
	}
}

func event(t testing.TB, line string) daybook.Event {
	t.Helper()
	e, err := daybook.ParseEvent([]byte(line))
	if err != nil {
		t.Fatalf("ParseEvent(%s): %v", line, err)
	}
	return e
}

// recolor is a node_color_change at a time such as 2025-11-08T10:00:00.
func recolor(id, at, canvas, old, new string) string {
	return fmt.Sprintf(`{"event_id":%q,"timestamp":"%s+01:00","canvas_id":%q,"event_type":"node_color_change",`+
		`"details":{"node_id":"n","node_type":"text","save":"s","old_color":%q,"new_color":%q}}`, id, at, canvas, old, new)
}

func created(id, at, canvas, colors string) string {
	return fmt.Sprintf(`{"event_id":%q,"timestamp":"%s+01:00","canvas_id":%q,"event_type":"canvas_created",`+
		`"details":{"save":"s","nodes":4,"edges":0,"colors":%s}}`, id, at, canvas, colors)
}

func file(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func sessionFile(dir, day string) string { return filepath.Join(dir, "session_"+day+".json") }

// scratch returns the documents computed from the book alone: in a copy that has no documents.
func scratch(t testing.TB, b *daybook.Book, wanted ...daybook.Day) []string {
	t.Helper()
	dir := t.TempDir()
	days, err := b.Days()
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range days {
		if err := os.Mkdir(filepath.Join(dir, day.String()), 0o755); err != nil {
			t.Fatal(err)
		}
		data := file(t, filepath.Join(b.Dir(), day.String(), "events.json"))
		if err := os.WriteFile(filepath.Join(dir, day.String(), "events.json"), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	settings := file(t, filepath.Join(b.Dir(), "daybook.json"))
	if err := os.WriteFile(filepath.Join(dir, "daybook.json"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	other, err := daybook.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() // nothing was written
	texts := make([]string, len(wanted))
	for i, d := range wanted {
		text, err := Document(t.Context(), other, d, learning.Palette{})
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return texts
}

// wantDocument compares the document on disk with the one computed from the book.
func wantDocument(t testing.TB, b *daybook.Book, days ...string) {
	t.Helper()
	for _, s := range days {
		got, want := file(t, sessionFile(b.Dir(), s)), scratch(t, b, day(t, s))[0]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("document of %s (-computed +on disk):\n%s", s, diff)
		}
		if !json.Valid([]byte(got)) {
			t.Fatalf("document of %s is no JSON:\n%s", s, got)
		}
		checkFrame(t, got)
		now, err := Document(t.Context(), b, day(t, s), learning.Palette{})
		if err != nil || string(now) != got {
			t.Fatalf("Document(%s): %v; (-on disk +got):\n%s", s, err, cmp.Diff(got, string(now)))
		}
	}
}

// kept returns the documents that were kept aside.
func kept(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.kept-*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// rewriter is a program that writes a document anew, slowly and without a lock, with a file that may be renamed meanwhile.
type rewriter struct {
	durable.File
	t  *testing.T
	at int64
}

func rewriting(t *testing.T, path string) *rewriter {
	t.Helper()
	f, err := durable.OS().Open(path, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	return &rewriter{f, t, 0}
}

func (r *rewriter) add(part []byte) {
	r.t.Helper()
	n, err := r.WriteAt(part, r.at)
	if r.at += int64(n); err != nil {
		r.t.Fatal(err)
	}
}

// hasLinks reports whether symbolic links can be made here.
func hasLinks(t *testing.T) bool {
	t.Helper()
	name := filepath.Join(t.TempDir(), "link")
	if os.Symlink("nowhere", name) != nil {
		return false
	}
	to, err := os.Readlink(name) // Wine's are none
	return err == nil && to == "nowhere"
}
