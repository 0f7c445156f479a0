package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

var _ daybook.View = (*View)(nil)

func TestDocument(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	appendLines(
		t, b,
		created("e0", "2025-11-07T20:00:00", "a.canvas", `{"1":3,"":1}`),
		created("e1", "2025-11-08T10:00:00.5", "离散数学.canvas", `{"2":2}`),
		recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
		`{"event_id":"e3","timestamp":"2025-11-08T09:10:00Z","canvas_id":"a.canvas","event_type":"node_moved","details":{}}`,
	)
	want := `{
  "session_id": "session_2025-11-08",
  "daybook_base": {"a.canvas":{"":1,"1":3}},
  "events": [
    {"event_id":"e1","timestamp":"2025-11-08T10:00:00.5+01:00","canvas_id":"离散数学.canvas","event_type":"canvas_created","details":{"save":"s","nodes":4,"edges":0,"colors":{"2":2}}},
    {"event_id":"e2","timestamp":"2025-11-08T09:00:00+01:00","canvas_id":"a.canvas","event_type":"node_color_change","details":{"node_id":"n","node_type":"text","save":"s","old_color":"1","new_color":"3"}},
    {"event_id":"e3","timestamp":"2025-11-08T09:10:00Z","canvas_id":"a.canvas","event_type":"node_moved","details":{}}
  ],
  "start_time": "2025-11-08T09:00:00.000000+01:00",
  "last_update": "2025-11-08T10:10:00.000000+01:00",
  "stats": {
    "total_events": 3,
    "canvases_modified": [
      "离散数学.canvas",
      "a.canvas"
    ],
    "color_transitions": {
      "red_to_purple": 1
    },
    "event_types": {
      "canvas_created": 1,
      "node_color_change": 1,
      "node_moved": 1
    },
    "color_distribution": {
      "green": 2,
      "none": 1,
      "purple": 1,
      "red": 2
    },
    "learning_events": {
      "understanding_improving": 1
    },
    "understanding_rate": 1,
    "misclicks": 0,
    "own_words_delta": 0,
    "explanations": {},
    "learning_duration_seconds": 4200,
    "active_seconds": 599.5,
    "sittings": [
      {"start":"2025-11-08T09:00:00.000000+01:00","end":"2025-11-08T09:00:00.000000+01:00","events":1},
      {"start":"2025-11-08T10:00:00.500000+01:00","end":"2025-11-08T10:10:00.000000+01:00","events":2}
    ],
    "boards": {
      "a.canvas": {"total_events":2,"color_transitions":{"red_to_purple":1},"learning_events":{"understanding_improving":1},"understanding_rate":1,"active_seconds":0}
    }
  },
  "daybook": {"format": 1, "head":              98, "tail":             613, "length":            2048, "book":             501, "days_before":               1, "bytes_before":             176, "palette": "00000000dd32469d", "events_crc32c": "b6132a4d", "crc32c": "61b59b4b"}
}
`
	if diff := cmp.Diff(want, file(t, sessionFile(dir, "2025-11-08"))); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	wantDocument(t, b, "2025-11-07", "2025-11-08")
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

// Story 11.2's schema: every member is there, in its shape, on a day with events and on one without.
func TestStorySchema(t *testing.T) {
	b := openBook(t, t.TempDir(), nil, New(Options{}))
	appendLines(t, b, recolor("e", "2025-11-08T09:15:30", "a.canvas", "1", "3"))
	for _, d := range []string{"2025-11-08", "2025-11-09"} {
		text, err := Document(t.Context(), b, day(t, d), learning.Palette{})
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			SessionID  string `json:"session_id"`
			StartTime  string `json:"start_time"`
			LastUpdate string `json:"last_update"`
			Events     []struct {
				EventID   string          `json:"event_id"`
				Timestamp string          `json:"timestamp"`
				CanvasID  string          `json:"canvas_id"`
				EventType string          `json:"event_type"`
				Details   json.RawMessage `json:"details"`
			} `json:"events"`
			Stats struct {
				TotalEvents      *int           `json:"total_events"`
				CanvasesModified []string       `json:"canvases_modified"`
				ColorTransitions map[string]int `json:"color_transitions"`
			} `json:"stats"`
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		if doc.SessionID != "session_"+d || doc.Events == nil || doc.Stats.TotalEvents == nil ||
			doc.Stats.CanvasesModified == nil || doc.Stats.ColorTransitions == nil {
			t.Errorf("%s: a member is missing in\n%s", d, text)
		}
		for _, s := range []string{doc.StartTime, doc.LastUpdate} {
			if _, err := time.Parse(time.RFC3339Nano, s); err != nil || !strings.HasSuffix(s, "+01:00") {
				t.Errorf("%s: time %q: %v, want RFC 3339 with a numeric offset", d, s, err)
			}
		}
	}
}

func TestEmptyDayAndMidnight(t *testing.T) {
	dir := t.TempDir()
	v := New(Options{})
	b := openBook(t, dir, nil, v)
	if _, err := os.Stat(filepath.Join(dir, "metadata.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("metadata.json of a book without sessions: got %v, want none", err)
	}
	for _, s := range []string{"2025-11-08", "2025-11-09", "2025-11-08"} {
		if err := b.Post(t.Context(), day(t, s)); err != nil {
			t.Fatal(err)
		}
	}
	wantDocument(t, b, "2025-11-08", "2025-11-09")
	text := file(t, sessionFile(dir, "2025-11-08"))
	if want := "\"events\": [],\n  \"start_time\": \"2025-11-08T00:00:00.000000+01:00\",\n  \"last_update\": \"2025-11-08T00:00:00.000000+01:00\""; !strings.Contains(text, want) {
		t.Errorf("empty document: want %s in\n%s", want, text)
	}
	appendLines(t, b, created("e", "2025-11-08T10:00:00", "a.canvas", `{"1":3}`))
	wantDocument(t, b, "2025-11-08", "2025-11-09") // the next day begins with this event's colours
	if want := `"red": 3`; !strings.Contains(file(t, sessionFile(dir, "2025-11-09")), want) {
		t.Errorf("the day after does not carry %s on", want)
	}
	info, err := os.Stat(sessionFile(dir, "2025-11-08"))
	if err != nil || info.Mode().Perm() != 0o644 && runtime.GOOS != "windows" { // which has no modes
		t.Errorf("mode: got %v, %v, want 0644", info.Mode(), err)
	}
}

func TestStats(t *testing.T) {
	b := openBook(t, t.TempDir(), nil)
	appendLines(
		t, b,
		created("e0", "2025-11-07T20:00:00", "a.canvas", `{"1":3}`),
		recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "4"),
		recolor("e3", "2025-11-08T09:00:01.25", "a.canvas", "", "2"),
	)
	const noSteps = `"learning_events":{},"understanding_rate":0,"misclicks":0,"own_words_delta":0,"explanations":{},`
	for d, want := range map[string]string{
		"2025-11-06": `{"session_id":"session_2025-11-06","date":"2025-11-06","total_events":0,"canvases_modified":[],` +
			`"color_transitions":{},"color_distribution":{},"event_types":{},` + noSteps + `"start_time":null,"last_update":null,` +
			`"learning_duration_seconds":0,"active_seconds":0,"sittings":[],"boards":{}}`,
		"2025-11-08": `{"session_id":"session_2025-11-08","date":"2025-11-08","total_events":2,"canvases_modified":["a.canvas"],` +
			`"color_transitions":{"none_to_green":1,"red_to_4":1},"color_distribution":{"4":1,"green":1,"red":2},` +
			`"event_types":{"node_color_change":2},` + noSteps + `"start_time":"2025-11-08T09:00:00.000000+01:00",` +
			`"last_update":"2025-11-08T09:00:01.250000+01:00","learning_duration_seconds":1.25,"active_seconds":1.25,` +
			`"sittings":[{"start":"2025-11-08T09:00:00.000000+01:00","end":"2025-11-08T09:00:01.250000+01:00","events":2}],` +
			`"boards":{"a.canvas":{"total_events":2,"color_transitions":{"none_to_green":1,"red_to_4":1},"learning_events":{},` +
			`"understanding_rate":0,"active_seconds":1.25}}}`,
		"2025-11-10": `{"session_id":"session_2025-11-10","date":"2025-11-10","total_events":0,"canvases_modified":[],` +
			`"color_transitions":{},"color_distribution":{"4":1,"green":1,"red":2},"event_types":{},` + noSteps +
			`"start_time":null,"last_update":null,"learning_duration_seconds":0,"active_seconds":0,"sittings":[],"boards":{}}`,
	} {
		s, err := Stats(t.Context(), b, day(t, d), learning.Palette{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(s)
		if err != nil || string(got) != want {
			t.Errorf("Stats(%s): %v\n got %s\nwant %s", d, err, got, want)
		}
	}
}

func TestPalette(t *testing.T) {
	dir := t.TempDir()
	p, err := learning.Profile("jsoncanvas")
	if err != nil {
		t.Fatal(err)
	}
	line := recolor("e", "2025-11-08T09:00:00", "a.canvas", "1", "2")
	appendLines(t, openBook(t, dir, nil, New(Options{Palette: p})), line)
	if want := `"red_to_orange": 1`; !strings.Contains(file(t, sessionFile(dir, "2025-11-08")), want) {
		t.Errorf("want %s in the document", want)
	}
	// Another palette is no damage: the document is written anew where it stands.
	b := openBook(t, dir, nil, New(Options{}))
	appendLines(t, b, recolor("f", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
	wantDocument(t, b, "2025-11-08")
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

func TestUnusualText(t *testing.T) {
	b := openBook(t, t.TempDir(), nil, New(Options{}))
	for i, canvas := range []string{"离散数学.canvas", "a\u2028b\u2029.canvas", `q"\<&>`, "\x7f\t\u0000", "\\ud800", "é🎈"} {
		name, err := json.Marshal(canvas)
		if err != nil {
			t.Fatal(err)
		}
		appendLines(t, b, fmt.Sprintf(`{"event_id":"e%d","timestamp":"2025-11-08T09:00:00Z","canvas_id":%s,"event_type":"canvas_created","details":{"colors":{%s:1}}}`, i, name, name),
			fmt.Sprintf(`{"event_id":"f%d","timestamp":"2025-11-08T09:00:00Z","canvas\u005fid":"%s","event_type":"node_moved","details":{}}`, i, "raw \u2028 é"))
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	v := New(Options{})
	again := openBook(t, b.Dir(), nil, v) // the base of the next day is read from JSON
	if err := again.Post(t.Context(), day(t, "2025-11-09")); err != nil {
		t.Fatal(err)
	}
	wantDocument(t, again, "2025-11-08", "2025-11-09")
	if n := len(kept(t, b.Dir())); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

// Damaged lines of the book, and lines of other programs, do not confuse the cursor.
func TestDamagedBook(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
	for i, garbage := range []string{
		"garbage\n", "\n\n", "{\"half\":\n",
		" { \"event_id\" : \"white\", \"timestamp\":\"2025-11-08T10:00:00Z\", \"canvas_id\":\"w\", \"event_type\":\"x\", \"details\":{} }\n",
		`{"event_id":"torn","timestamp":"2025-11-08T10:`,
		`{"event_id":"whole","timestamp":"2025-11-08T10:00:00Z","canvas_id":"a","event_type":"x","details":{}}`,
	} {
		f, err := os.OpenFile(filepath.Join(dir, "2025-11-08", "events.json"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(garbage); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			appendLines(t, b, recolor(fmt.Sprintf("f%d-%d", i, n), "2025-11-08T09:00:00", "a.canvas", "1", "2"))
			wantDocument(t, b, "2025-11-08")
		}
	}
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

func TestLockedDocument(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	b := openBook(t, dir, &log, New(Options{LockTimeout: time.Millisecond}))
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
	lock := durable.NewLock(durable.OS(), sessionFile(dir, "2025-11-08")+".lock", "")
	if err := lock.Acquire(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	before := file(t, sessionFile(dir, "2025-11-08"))
	appendLines(t, b, recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "2")) // the event is stored all the same
	if got := file(t, sessionFile(dir, "2025-11-08")); got != before {
		t.Errorf("a document whose lock is held has been written:\n%s", got)
	}
	if want := "view is behind"; !strings.Contains(log.String(), want) {
		t.Errorf("log: got %q, want %q in it", log.String(), want)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	// The next Post catches up, of whatever day it is.
	appendLines(t, b, recolor("e3", "2025-11-09T09:00:00", "a.canvas", "1", "2"))
	wantDocument(t, b, "2025-11-08", "2025-11-09")
}

func TestNotOpen(t *testing.T) {
	v := New(Options{})
	d := day(t, "2025-11-08")
	for name, err := range map[string]error{
		"Post":   v.Post(t.Context(), d),
		"TakeIn": v.TakeIn(t.Context(), d),
		"Remove": func() error { _, err := v.Remove(t.Context(), d); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), "not open") {
			t.Errorf("%s before Open: %v, want that it is not open", name, err)
		}
	}
	if got := v.Changed(); len(got) > 0 {
		t.Errorf("Changed before Open: %v, want no day", got)
	}
	if err := v.Close(); err != nil {
		t.Errorf("Close before Open: %v", err)
	}
	b := openBook(t, t.TempDir(), nil, v)
	if err := v.Open(t.Context(), b); err == nil {
		t.Error("a second Open: no error")
	}
}

// What stands in the way of a document is told, and does not touch the book.
func TestInTheWay(t *testing.T) {
	dir := t.TempDir()
	v := New(Options{})
	b := openBook(t, dir, nil, v)
	d := day(t, "2025-11-08")
	for _, name := range []string{"session_2025-11-08.json", "metadata.json"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
	if err := v.Post(t.Context(), d); err == nil {
		t.Error("Post with a directory in the document's place: no error")
	}
	if err := v.Post(t.Context(), d); err == nil || !strings.Contains(err.Error(), "metadata.json") {
		t.Errorf("Post with a directory in the place of metadata.json: got %v", err)
	}
	for _, name := range []string{"session_2025-11-08.json", "metadata.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	appendLines(t, b, recolor("e2", "2025-11-09T09:00:00", "a.canvas", "1", "2"))
	wantDocument(t, b, "2025-11-08", "2025-11-09")
	if _, err := os.Stat(filepath.Join(dir, "metadata.json")); err != nil {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	v := New(Options{})
	b := openBook(t, t.TempDir(), nil)
	appendLines(
		t, b,
		recolor("e1", "2025-11-07T09:00:00", "a.canvas", "1", "2"),
		recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "2"),
	)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	_, document := Document(ctx, b, day(t, "2025-11-07"), learning.Palette{})
	_, stats := Stats(ctx, b, day(t, "2025-11-08"), learning.Palette{})
	for name, err := range map[string]error{"Document": document, "Stats": stats, "Open": v.Open(ctx, b)} {
		if !errors.Is(err, cause) {
			t.Errorf("%s: got %v, want the context's cause", name, err)
		}
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}
