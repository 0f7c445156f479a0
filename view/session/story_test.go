package session

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"daybook"
	"daybook/learning"
)

// storyDocument is what story 11.2's own readers take from a document.
type storyDocument struct {
	Events []struct {
		ID string `json:"event_id"`
	} `json:"events"`
	Stats struct {
		Total int `json:"total_events"`
	} `json:"stats"`
}

func readStoryDocument(t *testing.T, text string) storyDocument {
	t.Helper()
	var doc storyDocument
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return doc
}

// TestHundredInARow appends a hundred events one after the other, and reads the document after each: the event stands
// there as soon as its append has returned.
func TestHundredInARow(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	for i := range 100 {
		id := fmt.Sprint("e", i)
		appendLines(t, b, recolor(id, fmt.Sprintf("2025-11-08T09:00:%02d", i%60), "a.canvas", "1", "3"))
		doc := readStoryDocument(t, file(t, sessionFile(dir, "2025-11-08")))
		if n := len(doc.Events); n != i+1 || doc.Events[n-1].ID != id || doc.Stats.Total != n {
			t.Fatalf("after %d appends: %d events, total_events %d", i+1, n, doc.Stats.Total)
		}
	}
}

// TestThreadsAtOnce has the story's two crowds: five threads of five events, and ten of one. All have one store, as
// there.
func TestThreadsAtOnce(t *testing.T) {
	for _, c := range []struct {
		name          string
		threads, each int
	}{{"5 threads of 5", 5, 5}, {"10 threads of 1", 10, 1}} {
		t.Run(c.name, func(t *testing.T) {
			for range 10 { // threads do not meet every time
				crowd(t, c.threads, c.each)
			}
		})
	}
}

func crowd(t *testing.T, threads, each int) {
	t.Helper()
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	var want []string
	var wg sync.WaitGroup
	for i := range threads {
		var lines []string
		for n := range each {
			id := fmt.Sprintf("%d-%d", i, n)
			want = append(want, id)
			lines = append(lines, recolor(id, "2025-11-08T09:00:00", "a.canvas", "1", "3"))
		}
		wg.Go(func() {
			for _, line := range lines {
				e, err := daybook.ParseEvent([]byte(line))
				if err == nil {
					_, err = b.Append(context.Background(), e)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	doc := readStoryDocument(t, file(t, sessionFile(dir, "2025-11-08")))
	var got []string
	for _, e := range doc.Events {
		got = append(got, e.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || doc.Stats.Total != len(want) {
		t.Errorf("events %v, total_events %d, want %v", got, doc.Stats.Total, want)
	}
	s, err := Stats(t.Context(), b, day(t, "2025-11-08"), learning.Palette{})
	if err != nil || s.TotalEvents != len(want) {
		t.Errorf("Stats: got %d, %v, want %d", s.TotalEvents, err, len(want))
	}
}

// TestBusyDayIsSmall: the document of a day of 20,000 colour changes, far more than anybody makes, has less than the
// 10 MB that the story allows.
func TestBusyDayIsSmall(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	events := make([]daybook.Event, 20_000)
	for i := range events {
		at := time.Date(2025, 11, 8, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second)
		id := fmt.Sprintf("evt_%032x", i)
		events[i] = event(t, recolor(id, at.Format("2006-01-02T15:04:05"), "离散数学.canvas", "1", "3"))
	}
	for _, v := range b.AppendAll(t.Context(), events) {
		if v.Err != nil {
			t.Fatal(v.Err)
		}
	}
	text := file(t, sessionFile(dir, "2025-11-08"))
	if doc := readStoryDocument(t, text); len(doc.Events) != len(events) || len(text) >= 10_000_000 {
		t.Errorf("%d events in %d bytes, want %d in less than 10 MB", len(doc.Events), len(text), len(events))
	}
}

// BenchmarkAppendWithDocument measures story 11.2's write as a whole: the event on stable storage, and in the document.
func BenchmarkAppendWithDocument(b *testing.B) {
	for _, held := range []int{0, 30_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			dir := b.TempDir()
			settings := &daybook.Settings{Zone: "Europe/Berlin", Rules: daybook.RulesVault}
			book, err := daybook.Open(dir, &daybook.Options{Views: []daybook.View{New(Options{})}, Settings: settings, Now: clock})
			if err != nil {
				b.Fatal(err)
			}
			defer book.Close()
			events := make([]daybook.Event, held)
			for i := range events {
				events[i] = benchEvent(b, i)
			}
			for _, v := range book.AppendAll(context.Background(), events) {
				if v.Err != nil {
					b.Fatal(v.Err)
				}
			}
			var took []time.Duration
			for n := held; b.Loop(); n++ {
				e := benchEvent(b, n)
				start := time.Now()
				if _, err := book.Append(context.Background(), e); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			report(b, took)
		})
	}
}
