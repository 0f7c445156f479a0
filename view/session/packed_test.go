package session

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"daybook"
)

// TestPackedDay: the document of a day stays as it is when the day is packed, by who wrote it last and by who opens it then;
// late events come behind, and it is made again from what is packed.
func TestPackedDay(t *testing.T) {
	const of = "2025-11-07"
	dir := t.TempDir()
	view := New(Options{})
	b := openBook(t, dir, nil, view)
	appendLines(t, b, created("e1", of+"T10:00:00", "a.canvas", `{"1":1}`), recolor("e2", of+"T11:00:00", "a.canvas", "1", "2"))
	appendLines(t, b, recolor("e3", "2025-11-08T10:00:00", "a.canvas", "2", "3"))
	d, err := daybook.ParseDay(of)
	if err != nil {
		t.Fatal(err)
	}
	retire := func(b *daybook.Book) {
		t.Helper()
		if r, err := b.Retire(context.Background(), d, daybook.KeepPacked, nil); err != nil || r.Status != daybook.RetirePacked {
			t.Fatalf("retire: %+v, %v", r, err)
		}
	}
	before := file(t, sessionFile(dir, of))
	retire(b)
	if err := b.Post(context.Background(), d); err != nil {
		t.Error(err)
	}
	other := openBook(t, dir, nil, New(Options{}))
	if err := other.Post(context.Background(), d); err != nil {
		t.Error(err)
	}
	if got := file(t, sessionFile(dir, of)); got != before {
		t.Errorf("packed, it is another document:\n%s\nwas\n%s", got, before)
	}
	appendLines(t, b, recolor("e4", of+"T12:00:00", "a.canvas", "2", "3"))
	appendLines(t, other, recolor("e5", of+"T12:01:00", "a.canvas", "3", "2"))
	wantSame := func(events int) {
		t.Helper()
		if list := compared(t, b, daybook.Query{}, view.palette); len(list) > 0 {
			t.Errorf("compared: %v", list)
		}
		if want := fmt.Sprintf(`"total_events": %d,`, events); !strings.Contains(file(t, sessionFile(dir, of)), want) {
			t.Errorf("the document has not %s:\n%s", want, file(t, sessionFile(dir, of)))
		}
	}
	wantSame(4)
	retire(other)
	appendLines(t, b, recolor("e6", of+"T12:02:00", "a.canvas", "2", "1"))
	wantSame(5)
	if list := kept(t, dir); len(list) > 0 {
		t.Errorf("kept aside: %v", list)
	}
}
