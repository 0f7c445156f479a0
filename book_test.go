package daybook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// lineOf returns a valid event of the given id on testDay.
func lineOf(id string) string {
	return fmt.Sprintf(`{"event_id":%q,"timestamp":"1999-11-08T14:32:15Z","n":1}`, id)
}

func parse(t testing.TB, line string) Event {
	t.Helper()
	e, err := ParseEvent([]byte(line))
	if err != nil {
		t.Fatalf("ParseEvent(%s): %v", line, err)
	}
	return e
}

func open(t testing.TB, dir string, opts *Options) *Book {
	t.Helper()
	b, err := Open(dir, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

func mustAppend(t testing.TB, b *Book, line string) Position {
	t.Helper()
	pos, err := b.Append(t.Context(), parse(t, line))
	if err != nil {
		t.Fatalf("Append(%s): %v", line, err)
	}
	return pos
}

// dayFile returns the contents of a day's file.
func dayFile(t testing.TB, dir, day string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, day, "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAppendIsOnDiskAsWritten(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	mustAppend(t, b, ` { "b" : 0.870 , "timestamp" : "2025-11-08T14:32:15.123456Z", "e": 1e3, "event_id":"x", "s":"<&\u00e9 "} `)
	got := dayFile(t, dir, "2025-11-08")
	want := `{"event_id":"x","timestamp":"2025-11-08T14:32:15.123456Z","b":0.870,"e":1e3,"s":"<&\u00e9 "}` + "\n"
	if got != want {
		t.Errorf("day file\n got %s want %s", got, want)
	}
}

func TestDuplicateAndConflict(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	first := mustAppend(t, b, lineOf("a"))
	mustAppend(t, b, lineOf("b"))
	again := mustAppend(t, b, lineOf("a"))
	if !again.Duplicate || again.Offset != first.Offset || again.Length != first.Length {
		t.Errorf("second append of the same event: got %+v, want the duplicate of %+v", again, first)
	}
	_, err := b.Append(t.Context(), parse(t, strings.Replace(lineOf("a"), `"n":1`, `"n":2`, 1)))
	if !errors.Is(err, ErrConflict) {
		t.Errorf("another event with the same id: got %v, want ErrConflict", err)
	}
	// The same id spelled with an escape is the same id.
	_, err = b.Append(t.Context(), parse(t, strings.Replace(lineOf("a"), `"a"`, `"\u0061"`, 1)))
	if !errors.Is(err, ErrConflict) {
		t.Errorf("the same id in another spelling: got %v, want ErrConflict", err)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"+lineOf("b")+"\n"; got != want {
		t.Errorf("day file\n got %s want %s", got, want)
	}
}

func TestDuplicatesWithinOneGroup(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	v := b.AppendAll(t.Context(), []Event{
		parse(t, lineOf("a")), parse(t, lineOf("a")),
		parse(t, strings.Replace(lineOf("a"), `"n":1`, `"n":2`, 1)), parse(t, lineOf("b")),
	})
	if v[0].Err != nil || v[0].Position.Duplicate || v[1].Err != nil || !v[1].Position.Duplicate ||
		!errors.Is(v[2].Err, ErrConflict) || v[3].Err != nil {
		t.Errorf("verdicts: got %+v, want stored, duplicate, conflict, stored", v)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"+lineOf("b")+"\n"; got != want {
		t.Errorf("day file\n got %s want %s", got, want)
	}
}

func TestOneEventAppendedTwiceIsStoredOnce(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	e := parse(t, `{"n":1}`) // neither id nor timestamp: both are given once
	for i := range 2 {
		pos, err := b.Append(t.Context(), e)
		if err != nil || pos.Duplicate != (i == 1) {
			t.Errorf("append %d: got %+v, %v", i, pos, err)
		}
	}
}

func TestManyBooksAndGoroutines(t *testing.T) {
	dir := t.TempDir()
	const books, writers, each = 3, 4, 40
	var wg sync.WaitGroup
	for i := range books {
		b := open(t, dir, nil)
		for w := range writers {
			wg.Go(func() {
				for n := range each {
					id := fmt.Sprintf("%d-%d-%d", i, w, n)
					if _, err := b.Append(context.Background(), parse(t, lineOf(id))); err != nil {
						t.Errorf("append %s: %v", id, err)
					}
				}
			})
		}
	}
	wg.Wait()
	seen := map[string]int{}
	for e, err := range open(t, dir, nil).Events(t.Context(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		seen[e.ID()]++
	}
	if len(seen) != books*writers*each {
		t.Errorf("got %d events, want %d", len(seen), books*writers*each)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s stands %d times", id, n)
		}
	}
	for f, err := range open(t, dir, nil).Verify(t.Context(), Query{}) {
		t.Errorf("verify: %v %v", f, err)
	}
}

func TestDayEventsFromAnywhere(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	pos := mustAppend(t, b, lineOf("a"))
	mustAppend(t, b, lineOf("b"))
	for from, want := range map[int64]int{0: 2, pos.Offset + int64(pos.Length): 1, 2 * int64(pos.Length): 0, 1 << 40: 0} {
		n := 0
		for entry, err := range b.DayEvents(t.Context(), pos.Day, from) {
			if err != nil || string(entry.Raw) != string(entry.Event.Line()) {
				t.Errorf("from %d: got %s, %v", from, entry.Raw, err)
			}
			n++
		}
		if n != want {
			t.Errorf("from %d: got %d events, want %d", from, n, want)
		}
	}
}
