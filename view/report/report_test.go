package report_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/learning"
	"daybook/view/report"
)

// now is the time of the tests' clock: the last day of testdata/book.jsonl.
func now() time.Time { return time.Date(2025, 11, 8, 17, 0, 0, 0, time.UTC) }

// newBook returns a source with a new book of a vault, which has these lines, at the time of a clock.
func newBook(t testing.TB, at time.Time, lines []byte) report.Source {
	t.Helper()
	vault := filepath.Join(t.TempDir(), "My Vault")
	book, err := daybook.Open(filepath.Join(vault, daybook.VaultDir), &daybook.Options{
		Sync: daybook.SyncNone, Now: func() time.Time { return at },
		Settings: &daybook.Settings{Zone: "Europe/Berlin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	for line := range bytes.Lines(lines) {
		e, err := daybook.ParseEvent(line)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := book.Append(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
	palette, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	return report.Source{Book: book, Palette: palette, Vault: vault}
}

func testBook(t testing.TB) report.Source {
	t.Helper()
	lines, err := os.ReadFile("testdata/book.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return newBook(t, now(), lines)
}

func day(t testing.TB, s string) daybook.Day {
	t.Helper()
	d, err := daybook.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// reports are all kinds of reports of the tests' book, by the names of their golden files.
func reports(t testing.TB) map[string]*report.Report {
	t.Helper()
	s := testBook(t)
	ctx := context.Background()
	must := func(r *report.Report, err error) *report.Report {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	return map[string]*report.Report{
		"daily":       must(report.Daily(ctx, s, day(t, "2025-11-08"))),
		"daily-past":  must(report.Daily(ctx, s, day(t, "2025-10-27"))),
		"daily-none":  must(report.Daily(ctx, s, day(t, "2025-11-02"))),
		"daily-first": must(report.Daily(ctx, s, day(t, "2025-10-01"))),
		"weekly":      must(report.Weekly(ctx, s, day(t, "2025-11-08"))),
		"board":       must(report.OfBoard(ctx, s, "Physics/Waves.canvas", daybook.Day{}, daybook.Day{})),
		"board-odd": must(report.OfBoard(ctx, s, "Notes/<b>\"odd\" & 'names'|*[x](y)`.canvas",
			daybook.Day{}, daybook.Day{})),
	}
}

// TestGolden compares all that is written of a report with files; with UPDATE_GOLDEN=1 it writes them.
func TestGolden(t *testing.T) {
	made := map[string]bool{}
	for name, r := range reports(t) {
		got := map[string]string{name + ".md": r.Markdown(), name + ".html": r.HTML(), name + ".note.md": r.Summary()}
		for file, svg := range r.Pictures() {
			got[name+strings.TrimPrefix(file, r.Name)] = svg
		}
		for file, text := range got {
			path := filepath.Join("testdata", "golden", file)
			made[file] = true
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Errorf("%v (UPDATE_GOLDEN=1 writes it)", err)
				continue
			}
			if diff := cmp.Diff(string(want), text); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
	}
	there, err := os.ReadDir(filepath.Join("testdata", "golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range there {
		if !made[e.Name()] {
			t.Errorf("testdata/golden/%s is part of no report any more: remove it", e.Name())
		}
	}
}

// wellFormed reports what is wrong with a text as XML.
func wellFormed(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func checkWellFormed(t *testing.T, r *report.Report) {
	t.Helper()
	if err := wellFormed(r.HTML()); err != nil {
		t.Errorf("the page of %s: %v", r.Name, err)
	}
	for name, svg := range r.Pictures() {
		if err := wellFormed(svg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWellFormed(t *testing.T) {
	if wellFormed("<a><b></a>") == nil || wellFormed("<a>\x07</a>") == nil {
		t.Fatal("the test takes anything for well-formed")
	}
	for _, r := range reports(t) {
		checkWellFormed(t, r)
	}
}

// The page is one file: nothing in it is fetched, and nothing runs.
func TestSelfContained(t *testing.T) {
	for name, r := range reports(t) {
		page := r.HTML()
		for _, bad := range []string{"<script", "<link", "<img", "<iframe", "@import", "src=", "url(http"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page has %s", name, bad)
			}
		}
	}
}

func TestFigures(t *testing.T) {
	r := reports(t)
	daily := r["daily"]
	want := report.Figures{
		Events: 9, Active: learning.Seconds(26 * time.Minute), Days: 1, SittingsCount: 2, Misclicks: 1, OwnWords: -11, Rate: 1,
		Steps: map[learning.StepKind]int{
			learning.KnowledgeAdded: 1, learning.Improving: 1, learning.MasteredNow: 1, learning.OwnWordsUpdated: 1,
		},
	}
	if diff := cmp.Diff(want, daily.Figures); diff != "" {
		t.Errorf("figures of the day (-want +got):\n%s", diff)
	}
	if got := r["weekly"].Before.Events; got != 7 {
		t.Errorf("the week before has %d events, want 7", got)
	}
	if got := r["weekly"].Hours[5][14].Events; got != 3 {
		t.Errorf("on Saturday from 14:00 to 15:00 there are %d events, want 3", got)
	}
	board := r["board"]
	if board.From != "2025-10-20" || !slices.Equal(board.Names, []string{"Physics/Draft.canvas"}) || board.Events != 19 {
		t.Errorf("the board has %d events since %s, and had the names %q", board.Events, board.From, board.Names)
	}
	if diff := cmp.Diff(map[learning.Role]int{"": 1, "not_understood": 1, "partial": 1, "mastered": 1, "explanation": 3}, board.Cards); diff != "" {
		t.Errorf("cards of the board (-want +got):\n%s", diff)
	}
}

// A report of the past knows nothing of what came later.
func TestPast(t *testing.T) {
	all, err := os.ReadFile("testdata/book.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var until []byte
	for line := range bytes.Lines(all) {
		if !bytes.Contains(line, []byte(`"timestamp":"2025-11`)) {
			until = append(until, line...)
		}
	}
	ctx := context.Background()
	whole, part := testBook(t), newBook(t, now(), until)
	for _, d := range []string{"2025-10-30", "2025-10-27"} {
		a, err := report.Daily(ctx, whole, day(t, d))
		if err != nil {
			t.Fatal(err)
		}
		b, err := report.Daily(ctx, part, day(t, d))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.Markdown(), a.Markdown()); diff != "" {
			t.Errorf("%s, without and with what came later:\n%s", d, diff)
		}
	}
}

// Lines that are passed over count as if they had been read: details before the type make any line one that is read.
func TestPassedOver(t *testing.T) {
	lines, err := os.ReadFile("testdata/book.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	turned := regexp.MustCompile(`("event_type":"[a-z_]+"),("details":.*)}`).ReplaceAll(lines, []byte("$2,$1}"))
	if bytes.Equal(lines, turned) {
		t.Fatal("no line was turned round")
	}
	quick, slow := newBook(t, now(), lines), newBook(t, now(), turned)
	for _, d := range []string{"2025-11-08", "2025-10-27", "2025-10-23"} {
		for _, make := range []func(context.Context, report.Source, daybook.Day) (*report.Report, error){report.Daily, report.Weekly} {
			got, err := make(context.Background(), quick, day(t, d))
			if err != nil {
				t.Fatal(err)
			}
			want, err := make(context.Background(), slow, day(t, d))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s (-all read +some passed over):\n%s", got.Kind, d, diff)
			}
		}
	}
}

// A board is followed through its names, also when two swap them, and one of them is deleted and comes back.
func TestNamesOfBoard(t *testing.T) {
	var lines strings.Builder
	n := 0
	event := func(board, kind, details string) {
		n++
		fmt.Fprintf(&lines, `{"event_id":"%03d","timestamp":"2025-11-01T10:%02d:00Z","canvas_id":%q,"event_type":%q,"details":%s}`+"\n",
			n, n, board, kind, details)
	}
	moved := func(board string, times int) {
		for range times {
			event(board, "node_moved", `{}`)
		}
	}
	moved("a.canvas", 1) // before anybody told of the board
	event("a.canvas", "canvas_created", `{}`)
	event("b.canvas", "canvas_created", `{}`)
	moved("a.canvas", 2)
	moved("b.canvas", 3)
	event("b.canvas", "canvas_renamed", `{"old_canvas_id":"a.canvas"}`) // they swap
	event("a.canvas", "canvas_renamed", `{"old_canvas_id":"b.canvas"}`)
	moved("a.canvas", 4)
	moved("b.canvas", 5)
	event("b.canvas", "canvas_deleted", `{}`)
	event("b.canvas", "canvas_created", `{}`)
	moved("b.canvas", 1)
	event("c.canvas", "canvas_renamed", `{"old_canvas_id":"b.canvas"}`)
	event("b.canvas", "canvas_created", `{}`) // another one
	moved("b.canvas", 6)
	moved("é.canvas", 1)
	spelled := strings.Replace(lines.String(), "é.canvas", `\u00e9.canvas`, 1)
	lines.Reset()
	lines.WriteString(spelled)
	moved("é.canvas", 1)
	s := newBook(t, now(), []byte(lines.String()))
	for _, test := range []struct {
		board  string
		events int
		names  []string
	}{
		{"a.canvas", 1 + 3 + 1 + 4, []string{"b.canvas"}},
		{"c.canvas", 1 + 1 + 2 + 1 + 5 + 2 + 1 + 1, []string{"b.canvas", "a.canvas"}},
		{"b.canvas", 1 + 6, nil},
		{"é.canvas", 2, nil},
	} {
		r, err := report.OfBoard(context.Background(), s, test.board, daybook.Day{}, daybook.Day{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Events != test.events || !slices.Equal(r.Names, test.names) {
			t.Errorf("%s has %d events and had the names %q, want %d and %q", test.board, r.Events, r.Names, test.events, test.names)
		}
	}
}

func TestNoBoard(t *testing.T) {
	if _, err := report.OfBoard(context.Background(), testBook(t), "none.canvas", daybook.Day{}, daybook.Day{}); !errors.Is(err, report.ErrNoBoard) {
		t.Errorf("got %v", err)
	}
}

// Damage is counted and left out.
func TestDamage(t *testing.T) {
	s := testBook(t)
	file := filepath.Join(s.Book.Dir(), "2025-11-08", "events.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append([]byte("rubbish\n"), data...), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, make := range []func() (*report.Report, error){
		func() (*report.Report, error) { return report.Daily(context.Background(), s, day(t, "2025-11-08")) },
		func() (*report.Report, error) {
			return report.OfBoard(context.Background(), s, "Physics/Waves.canvas", daybook.Day{}, daybook.Day{})
		},
	} {
		r, err := make()
		if err != nil {
			t.Fatal(err)
		}
		if r.Damaged != 1 || !strings.Contains(r.Markdown(), "1 piece of the book could not be read") {
			t.Errorf("%s: %d damaged pieces, want 1 that is told", r.Kind, r.Damaged)
		}
	}
}

// Write leaves what is the same alone, and takes away pictures that there are none of any more.
func TestWrite(t *testing.T) {
	s := testBook(t)
	r := reports(t)["daily"]
	name, err := r.Write(s.Book.FS(), filepath.Join(s.Vault, report.Dir), false)
	if err != nil {
		t.Fatal(err)
	}
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	stray := filepath.Join(filepath.Dir(name), "daily-2025-11-08-hours.svg")
	if err := errors.Join(os.Chtimes(name, old, old), os.WriteFile(stray, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Write(s.Book.FS(), filepath.Join(s.Vault, report.Dir), false); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("the same report was written again: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := append(slices.Sorted(maps.Keys(r.Pictures())), "daily-2025-11-08.md")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
