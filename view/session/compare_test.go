package session

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/faultfs"
	"daybook/learning"
)

// compared is what Compare finds, each as "problem day: reason".
func compared(t testing.TB, b *daybook.Book, q daybook.Query, p learning.Palette) (list []string) {
	t.Helper()
	for f, err := range Compare(t.Context(), b, q, p) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s %s: %s", f.Problem, f.Day, f.Reason))
	}
	return list
}

// TestCompare: a document that is not the computed one is behind, another program's, or wrong.
func TestCompare(t *testing.T) {
	swap := func(old, new string) func(string) string {
		return func(text string) string {
			if !strings.Contains(text, old) {
				panic("the document has no " + old)
			}
			return strings.Replace(text, old, new, 1)
		}
	}
	for _, test := range []struct {
		name    string
		palette string // "" is story
		edit    func(string) string
		lines   []string // that come without a View
		want    []string
	}{
		{name: "nothing"},
		{name: "a figure", edit: swap(`"total_events": 2`, `"total_events": 3`), want: []string{"foreign 2025-11-08: it will be made anew"}},
		{name: "a figure, and its checksum", edit: func(text string) string {
			return resealed(t, strings.Replace(text, `"total_events": 2`, `"total_events": 3`, 1))
		}, want: []string{"wrong 2025-11-08: its figures are not those that come of the book"}},
		{name: "the colours", edit: func(text string) string {
			return resealed(t, strings.Replace(text, `"daybook_base": {"a.canvas":{"1":3}}`, `"daybook_base": {"a.canvas":{"1":4}}`, 1))
		}, want: []string{"wrong 2025-11-08: the colours with which its day begins are not those of the book"}},
		{
			name: "an event", edit: swap(`"old_color":"1","new_color":"3"`, `"old_color":"1","new_color":"2"`),
			want: []string{"foreign 2025-11-08: a copy will be kept aside: it has the event \"e1\" otherwise than the book"},
		},
		{
			name: "an event's spelling", edit: swap(`"save":"s"`, `"save":"\u0073"`),
			want: []string{"foreign 2025-11-08: it will be made anew"},
		},
		{
			name: "an event's order", edit: swap(`"node_id":"n","node_type":"text"`, `"node_type":"text","node_id":"n"`),
			want: []string{"wrong 2025-11-08: its events are not the book's"},
		},
		{
			name: "one more event", edit: swap(`"events": [`, `"events": [`+recolor("e9", "2025-11-08T09:45:00", "a.canvas", "2", "3")+","),
			want: []string{"foreign 2025-11-08: 1 event that the book lacks will be taken in"},
		},
		{
			name: "cut off", edit: func(text string) string { return text[:len(text)/2] },
			want: []string{"foreign 2025-11-08: a copy will be kept aside: it does not parse: unexpected EOF"},
		},
		{name: "removed", edit: func(string) string { return "" }, want: nil},
		{
			name: "an event without it", lines: []string{recolor("e3", "2025-11-08T09:45:00", "a.canvas", "2", "3")},
			want: []string{"behind 2025-11-08: 202 bytes of the day are not in it yet"},
		},
		{
			name: "a late event", lines: []string{recolor("e3", "2025-11-07T09:45:00", "a.canvas", "2", "3")},
			want: []string{"behind 2025-11-07: 202 bytes of the day are not in it yet", "behind 2025-11-08: an earlier day has changed since"},
		},
		{
			name: "another palette", palette: "jsoncanvas",
			want: []string{"behind 2025-11-07: its figures are of another palette", "behind 2025-11-08: its figures are of another palette"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			b := openBook(t, dir, nil, New(Options{}))
			appendLines(
				t, b, created("e0", "2025-11-07T09:00:00", "a.canvas", `{"1":3}`),
				recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"), recolor("e2", "2025-11-08T09:30:00", "a.canvas", "3", "2"),
			)
			if len(test.lines) > 0 {
				other := openBook(t, dir, nil)
				appendLines(t, other, test.lines...)
			}
			path := sessionFile(dir, "2025-11-08")
			if test.edit != nil {
				text := test.edit(file(t, path))
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				old := clock().Add(-time.Hour)
				if err := os.Chtimes(path, old, old); err != nil {
					t.Fatal(err)
				}
				if text == "" {
					if err := os.Remove(path); err != nil {
						t.Fatal(err)
					}
				}
			}
			var p learning.Palette
			if test.palette != "" {
				p, _ = learning.Profile(test.palette) // there is one of this name
			}
			before := files(t, dir)
			if got := compared(t, b, daybook.Query{}, p); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			if diff := cmp.Diff(before, files(t, dir)); diff != "" {
				t.Errorf("Compare has changed the book's directory:\n%s", diff)
			}
			q := daybook.Query{From: day(t, "2025-11-07"), To: day(t, "2025-11-07")}
			want := slices.DeleteFunc(slices.Clone(test.want), func(s string) bool { return !strings.Contains(s, " 2025-11-07: ") })
			if got := compared(t, b, q, p); !slices.Equal(got, want) {
				t.Errorf("the first day: got %q, want %q", got, want)
			}
		})
	}
}

// resealed gives a document that was changed the checksum that Daybook would write.
func resealed(t testing.TB, text string) string {
	t.Helper()
	p, _, ok := parseTrailer([]byte(text[len(text)-trailerSize:]), int64(len(text)))
	if !ok {
		t.Fatal("the end is not Daybook's")
	}
	return text[:len(text)-len(trailerEnd)-sumWidth] +
		checksum(text[:p.head], text[p.tail:len(text)-len(trailerEnd)-sumWidth]) + trailerEnd
}

func checksum(parts ...string) string {
	return fmt.Sprintf("%08x", crc32.Checksum([]byte(strings.Join(parts, "")), castagnoli()))
}

// TestCompareFails: whatever call of the file system fails, Compare ends, and finds nothing wrong but what cannot be read.
func TestCompareFails(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	appendLines(t, b, created("e0", "2025-11-07T09:00:00", "a.canvas", `{"1":3}`), recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	appendLines(t, openBook(t, dir, nil), recolor("e2", "2025-11-08T09:30:00", "a.canvas", "3", "2"))
	for n := 1; ; n++ {
		calls, armed := 0, false
		fsys := &faultfs.FS{Fault: func(faultfs.Call) faultfs.Fault {
			if armed {
				if calls++; calls == n {
					return faultfs.Fault{Err: errors.New("planted")}
				}
			}
			return faultfs.Fault{}
		}}
		other, err := daybook.OpenOn(fsys, dir, &daybook.Options{MustExist: true, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		armed = true
		for f, err := range Compare(t.Context(), other, daybook.Query{From: day(t, "2025-11-08")}, learning.Palette{}) {
			if err == nil && f.Problem == Wrong && !strings.Contains(f.Reason, "cannot be read") {
				t.Errorf("call %d fails: %+v", n, f)
			}
		}
		if err := other.Close(); err != nil && calls < n {
			t.Error(err)
		}
		if calls < n {
			return
		}
	}
}
