package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/learning"
)

// wantGlance checks that Glance says of a day what Stats says, and returns whether it said anything.
func wantGlance(t *testing.T, b *daybook.Book, d daybook.Day) bool {
	t.Helper()
	got, ok := Glance(b, d, learning.Palette{})
	if !ok {
		return false
	}
	want, err := Stats(t.Context(), b, d, learning.Palette{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("Glance(%s) (-Stats +Glance):\n%s", d, diff)
	}
	return true
}

func TestGlance(t *testing.T) {
	today, path := "2025-11-08", func(dir string) string { return filepath.Join(dir, "2025-11-08", "events.json") }
	rewrite := func(t *testing.T, name string, change func(string) string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(change(file(t, name))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	line := recolor("e9", "2025-11-08T09:30:00", "a.canvas", "3", "2")
	cases := []struct {
		name string
		do   func(t *testing.T, dir string)
		ok   bool
	}{
		{"current", func(*testing.T, string) {}, true},
		{"behind", func(t *testing.T, dir string) { appendLines(t, openBook(t, dir, nil), line) }, false},
		{"an earlier day has grown", func(t *testing.T, dir string) {
			appendLines(t, openBook(t, dir, nil), recolor("e8", "2025-11-07T09:30:00", "a.canvas", "", "2"))
		}, false},
		{"another program has added an event", func(t *testing.T, dir string) {
			rewrite(t, sessionFile(dir, today), func(s string) string {
				return strings.Replace(s, `"events": [`, `"events": [`+line+",", 1)
			})
		}, false},
		{"another day's document is another program's", func(t *testing.T, dir string) {
			rewrite(t, sessionFile(dir, "2025-11-07"), func(s string) string {
				return strings.Replace(s, `"events": [`, `"events": [`+line+",", 1)
			})
		}, false},
		{"a day's document is missing", func(t *testing.T, dir string) {
			if err := os.Remove(sessionFile(dir, "2025-11-07")); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"the tail has been changed", func(t *testing.T, dir string) {
			rewrite(t, sessionFile(dir, today), func(s string) string {
				return strings.Replace(s, `"total_events": 2`, `"total_events": 3`, 1)
			})
		}, false},
		{"damage that the document leaves out", func(t *testing.T, dir string) {
			rewrite(t, path(dir), func(s string) string { return s + "garbage\n" })
			if err := openBook(t, dir, nil, New(Options{})).Close(); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a line in another spelling", func(t *testing.T, dir string) {
			rewrite(t, path(dir), func(s string) string { return s + strings.Replace(line, ":", ": ", 1) + "\n" })
			if err := openBook(t, dir, nil, New(Options{})).Close(); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"somebody is writing a line", func(t *testing.T, dir string) {
			rewrite(t, path(dir), func(s string) string { return s + line[:20] })
		}, false},
		{"a document has just been kept aside", func(t *testing.T, dir string) {
			if err := os.WriteFile(sessionFile(dir, today)+".kept-0123456789abcdef", nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			b := openBook(t, dir, nil, New(Options{}))
			appendLines(
				t, b, created("e0", "2025-11-07T20:00:00", "a.canvas", `{"1":3,"":1}`),
				recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"), recolor("e2", "2025-11-08T09:10:00", "b.canvas", "1", "2"),
			)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			c.do(t, dir)
			b = openBook(t, dir, nil)
			for _, d := range []string{today, "2025-11-07"} {
				if ok := wantGlance(t, b, day(t, d)); ok != c.ok && (d == today || c.ok) {
					t.Errorf("Glance(%s): ok is %t, want %t", d, ok, c.ok)
				}
			}
		})
	}
}
