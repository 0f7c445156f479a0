package vault

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// setBook is a real book with a clock that the test sets.
type setBook struct {
	*daybook.Book
	now time.Time
}

func newSetBook(t *testing.T, zone string, now time.Time) *setBook {
	t.Helper()
	b := &setBook{now: now}
	book, err := daybook.Open(t.TempDir(), &daybook.Options{
		Settings: &daybook.Settings{Zone: zone, Rules: daybook.RulesVault}, Now: func() time.Time { return b.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := book.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	b.Book = book
	return b
}

// TestClockIsSet: the time of an event is never ahead of the clock and never older than what was recorded last, unless
// the clock itself was set back; it decides the day.
func TestClockIsSet(t *testing.T) {
	noon := time.Date(2025, 11, 8, 12, 0, 0, 0, time.UTC) // 13:00 in Berlin
	book := newSetBook(t, "Europe/Berlin", noon)
	var got []daybook.Event
	r, err := NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.tell = func(all []Recorded) {
		for _, r := range all {
			got = append(got, r.Event)
		}
	}
	for i, step := range []struct {
		name       string
		clock      time.Duration // since noon
		file, want time.Duration // the modification time, and that of the event, since noon
	}{
		{"first sight", 0, -time.Hour, 0},
		{"an edit", time.Hour, time.Hour - time.Second, time.Hour - time.Second},
		{"the clock an hour back", 10 * time.Minute, 9 * time.Minute, 10 * time.Minute},
		{"and going on", 11 * time.Minute, 11*time.Minute - time.Second, 11*time.Minute - time.Second},
		{"a file ahead of the clock", 12 * time.Minute, time.Hour, 12 * time.Minute},
		{"back to yesterday", -14 * time.Hour, -14*time.Hour - time.Second, -14 * time.Hour},
		{"a day forward", 24 * time.Hour, 24*time.Hour - time.Second, 24*time.Hour - time.Second},
		{"two years back", -17520 * time.Hour, -17520*time.Hour - time.Second, -17520 * time.Hour},
		{"forward again, and a file of meanwhile", time.Hour, -time.Hour, -time.Hour},
		{"an older file", 2 * time.Hour, -2 * time.Hour, 2 * time.Hour},
	} {
		book.now = noon.Add(step.clock)
		board := parse(t, boardOf([]string{"n:" + string(rune('a'+i))}))
		if err := r.Record(t.Context(), Save{Path: "a.canvas", Board: board, Time: noon.Add(step.file)}); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if len(got) != i+1 {
			t.Fatalf("%s: got %d events, want %d", step.name, len(got), i+1)
		}
		e := got[i]
		if want := noon.Add(step.want); !e.Time().Equal(want) || e.Time().After(book.now) {
			t.Errorf("%s: got the time %v, want %v", step.name, e.Time(), want)
		}
		if !holds(t, book, book.DayOf(noon.Add(step.want)), e.ID()) {
			t.Errorf("%s: the event is not on %s", step.name, book.DayOf(noon.Add(step.want)))
		}
	}
	if s := r.Summary(); s.Lost > 0 {
		t.Errorf("the book refused %d events", s.Lost)
	}
}

func holds(t *testing.T, book *setBook, day daybook.Day, id string) bool {
	t.Helper()
	for e, err := range book.Events(t.Context(), daybook.Query{From: day, To: day}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.ID() == id {
			return true
		}
	}
	return false
}

// TestClockSetBackBeforeTheEvents: a board was seen while the clock was days ahead, and a crash came before its event was
// appended. With the clock set right, the event gets its time, and the snapshot lies beside it.
func TestClockSetBackBeforeTheEvents(t *testing.T) {
	now := time.Date(2025, 11, 8, 12, 0, 0, 0, time.UTC)
	book := newSetBook(t, "UTC", now.Add(72*time.Hour))
	fsys := &faultFS{FS: durable.OS()}
	fsys.dieAfter("rename", intentSuffix)
	opts := (&Options{}).withDefaults(nil)
	opts.fsys = fsys
	r, err := openRecorder(book, opts)
	if err != nil {
		t.Fatal(err)
	}
	board := parse(t, boardOf([]string{"n:1"}))
	if err := r.Record(t.Context(), Save{Path: "a.canvas", Board: board}); !errors.Is(err, errDead) {
		t.Fatalf("the recorder that dies: got %v", err)
	}
	book.now = now
	var got []daybook.Event
	r, err = NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.tell = func(all []Recorded) {
		for _, r := range all {
			got = append(got, r.Event)
		}
	}
	if err := r.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || !got[0].Time().Equal(now) {
		t.Fatalf("got %v, want one event of %v", got, now)
	}
	var e struct {
		Details struct {
			Snapshot string `json:"snapshot"`
		} `json:"details"`
	}
	if err := json.Unmarshal(got[0].Line(), &e); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(book.Dir(), book.DayOf(now).String(), e.Details.Snapshot)
	if data, err := os.ReadFile(name); err != nil || string(data) != string(board.Encode()) {
		t.Errorf("the snapshot beside the event: got %q, %v", data, err)
	}
}
