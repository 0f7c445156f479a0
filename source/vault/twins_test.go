package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/internal/faultfs"
)

// TestTwins names, where several cards or edges have one id, the one that has changed by all that it was.
func TestTwins(t *testing.T) {
	const (
		one = `{"id":"1","type":"text","text":"one","color":"1"}`
		two = `{"id":"1","type":"text","text":"two","color":"2"}`
		old = `{"nodes":[` + one + `,` + two + `,{"id":"2","type":"text","text":"x"}],` +
			`"edges":[{"id":"e","fromNode":"1"},{"id":"e","fromNode":"2"}]}`
		swapped = `{"nodes":[` + two + `,` + one + `,{"id":"2","type":"text","text":"x"}],` +
			`"edges":[{"id":"e","fromNode":"2"},{"id":"e","fromNode":"1"}]}`
		changed = `{"nodes":[` + two + `,{"id":"1","type":"text","text":"one","color":"5"},{"id":"2","type":"text","text":"y"}],` +
			`"edges":[{"id":"e","fromNode":"2"},{"id":"e","fromNode":"7"}]}`
	)
	for lengths, want := range map[bool][]string{
		false: {
			`node_color_change {"id":"1","type":"text","text":"one","color":"1"}`, `node_text_change `,
			`edge_changed {"id":"e","fromNode":"1"}`,
		},
		true: {
			`node_color_change {"id":"1","type":"text","text_length":3,"color":"1"}`, `node_text_change `,
			`edge_changed {"id":"e","fromNode":"1"}`,
		},
	} {
		book := newFakeBook(t.TempDir())
		r, err := NewRecorder(book, &Options{TextLengths: lengths})
		if err != nil {
			t.Fatal(err)
		}
		for _, board := range []string{old, swapped, changed} {
			if err := r.Record(context.Background(), Save{Path: "a.canvas", Board: parse(t, board)}); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, line := range book.lines()[1:] {
			var ev struct {
				Type    string `json:"event_type"`
				Details struct {
					Node  json.RawMessage `json:"old_node"`
					Edge  json.RawMessage `json:"old_edge"`
					Index *int
				}
			}
			if err := json.Unmarshal([]byte(line), &ev); err != nil || ev.Details.Index != nil {
				t.Fatalf("%v: %s", err, line)
			}
			got = append(got, ev.Type+" "+string(ev.Details.Node)+string(ev.Details.Edge))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("lengths %v (-want +got):\n%s", lengths, diff)
		}
	}
}

// TestTwinsBothChange gives the changes of two cards of one id two ids.
func TestTwinsBothChange(t *testing.T) {
	book := newFakeBook(t.TempDir())
	r, err := NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, items := range [][]string{{"n:1:a", "n:2:b"}, {"n:3:a", "n:3:b"}} {
		if err := r.Record(context.Background(), Save{Path: "a.canvas", Board: parse(t, boardOf(items))}); err != nil {
			t.Fatal(err)
		}
	}
	if got := told(t, book); len(got) != 3 || book.conflicts+book.again > 0 {
		t.Errorf("events %v, %d conflicts, %d duplicates", got, book.conflicts, book.again)
	}
}

// TestTwinsAdded records every card and edge that one save adds, also where several have one id, or none, and the same
// content; wherever a crash comes in between, each is recorded once.
func TestTwinsAdded(t *testing.T) {
	const (
		card = `{"type":"text","text":"one"}`
		edge = `{"id":"e","fromNode":"1"}`
		full = `{"nodes":[` + card + `,{"type":"text","text":"two"},` + card + `,{"id":"n"},{"id":"n"}],` +
			`"edges":[` + edge + `,` + edge + `,{"id":"e"}]}`
		added = 8
	)
	for death := -1; death <= added; death++ {
		book := newFakeBook(t.TempDir())
		fs := &faultFS{FS: osFS(), fast: true}
		r, err := NewRecorder(book, &Options{fsys: fs})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Record(t.Context(), Save{Path: "a.canvas", Board: parse(t, `{}`)}); err != nil {
			t.Fatal(err)
		}
		if death >= 0 {
			book.dieIn(death, fs.die)
		}
		err = r.Record(t.Context(), Save{Path: "a.canvas", Board: parse(t, full)})
		if (err != nil) != (death >= 0 && death < added) {
			t.Errorf("death after %d events: %v", death, err)
		}
		book.revive()
		if r, err = NewRecorder(book, nil); err != nil {
			t.Fatal(err)
		}
		for _, board := range []string{full, `{}`} {
			if err := r.Record(t.Context(), Save{Path: "a.canvas", Board: parse(t, board)}); err != nil {
				t.Fatal(err)
			}
		}
		kinds := map[string]int{}
		for _, line := range book.lines() {
			kinds[member(t, line, "event_type")]++
		}
		want := map[string]int{"canvas_created": 1, "node_added": 5, "edge_added": 3, "node_removed": 5, "edge_removed": 3}
		if diff := cmp.Diff(want, kinds); diff != "" || book.conflicts > 0 {
			t.Errorf("death after %d events: %d conflicts, (-want +got):\n%s", death, book.conflicts, diff)
		}
	}
}

// TestWordsOfTwins: who is told of an event gets the words of the card that it is about.
func TestWordsOfTwins(t *testing.T) {
	book := newFakeBook(t.TempDir())
	r, err := NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	r.tell = func(events []Recorded) {
		for _, e := range events {
			got = append(got, e.Type+" "+e.Words)
		}
	}
	for _, items := range [][]string{
		{}, {"n@0,0::one", "n@1,0::two"}, {"n@0,0:1:one", "n@1,0::two"}, {"n@1,0::two"},
	} {
		if err := r.Record(t.Context(), Save{Path: "a.canvas", Board: parse(t, boardOf(items))}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"canvas_created ", "node_added one", "node_added two", "node_color_change one", "node_removed one",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUnsettled counts the boards whose latest state is not recorded at the end.
func TestUnsettled(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var log bytes.Buffer
		s.opts.Logger = slog.New(slog.NewJSONHandler(&log, nil))
		catchUp := func(want ...string) {
			t.Helper()
			v, err := Open(s.root, s.book, s.options())
			if err != nil {
				t.Fatal(err)
			}
			sum, err := v.CatchUp(t.Context())
			var got []string
			for _, w := range sum.Waiting {
				got = append(got, w.CanvasID+": "+w.Reason)
			}
			if diff := cmp.Diff(want, got); diff != "" || sum.Unsettled != len(want) {
				t.Errorf("got %+v, %v; waiting (-want +got):\n%s", sum, err, diff)
			}
			if err := v.Close(); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}
		put := func(rel, content string) {
			t.Helper()
			if err := s.write(rel, content); err != nil {
				t.Fatal(err)
			}
		}
		full := ": append event 1 of 1: append: " + faultfs.ENOSPC.Error()
		put("a.canvas", boardOf([]string{"n1"}))
		put("b.canvas", boardOf([]string{"m1"}))
		catchUp()
		put("a.canvas", boardOf([]string{"n1:1"}))
		put("b.canvas", "")
		s.book.setFull(true)
		catchUp("a.canvas"+full, "b.canvas"+full)
		s.book.setFull(false)
		catchUp("b.canvas: empty")
		catchUp("b.canvas: empty")
		put("b.canvas", boardOf([]string{"m1"}))
		catchUp()
		if strings.Contains(log.String(), `\n`) {
			t.Errorf("a message of several lines:\n%s", log.String())
		}
	})
}

// TestOneLine keeps the operator's messages in one line.
func TestOneLine(t *testing.T) {
	err := oneLine(errors.Join(errors.New("one"), errors.New("two")))
	if got, want := err.Error(), "one; two"; got != want || oneLine(nil) != nil {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEarlierIntent finishes what an earlier version had begun to record, wherever it died: its events are recorded as
// they were, and those of one id that it could not tell apart are added.
func TestEarlierIntent(t *testing.T) {
	data, err := os.ReadFile("testdata/earlier/lines.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	earlier := strings.Split(strings.TrimSpace(string(data)), "\n")
	for stored := range len(earlier) + 1 {
		dir := t.TempDir()
		if err := os.CopyFS(filepath.Join(dir, "baseline"), os.DirFS("testdata/earlier")); err != nil {
			t.Fatal(err)
		}
		book := newFakeBook(dir)
		for _, line := range earlier[:stored] {
			book.byID[member(t, line, "event_id")] = line
			book.stored = append(book.stored, line)
		}
		r, err := NewRecorder(book, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines := book.lines()
		for _, line := range earlier {
			if !slices.Contains(lines, line) {
				t.Errorf("after %d events: this one is missing:\n%s", stored, line)
			}
		}
		if book.conflicts > 0 || book.again != stored || len(lines) != len(earlier)+3 {
			t.Errorf("after %d events: %d conflicts, %d duplicates, %d events, want 0, %d, %d",
				stored, book.conflicts, book.again, len(lines), stored, len(earlier)+3)
		}
	}
}
