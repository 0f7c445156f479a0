package session

import (
	"fmt"
	"testing"

	"daybook"
	"daybook/internal/faultfs"
)

// Events of many days in one append, new days among old ones, in any order: each document is as if it had been posted alone, and
// the calls of the file system grow with the days, not with their square.
func TestManyDaysAtOnce(t *testing.T) {
	calls := func(n int) int {
		dir := t.TempDir()
		v := New(Options{})
		count := 0
		v.fsys = &faultfs.FS{Fault: func(faultfs.Call) faultfs.Fault { count++; return faultfs.Fault{} }}
		b := openBook(t, dir, nil, v)
		appendLines(t, b, created("first", "2024-01-02T09:00:00", "a.canvas", `{"1":3}`), recolor("last", "2024-12-01T09:00:00", "a.canvas", "1", "3"))
		count = 0
		var events []daybook.Event
		for i := range n {
			at := fmt.Sprintf("2024-%02d-%02dT09:00:00", 1+(i*7%n)/20, 3+(i*7%n)%20)
			events = append(events, event(t, recolor(fmt.Sprint("e", i), at, "a.canvas", "1", "3")))
		}
		for _, verdict := range b.AppendAll(t.Context(), events) {
			if verdict.Err != nil {
				t.Fatal(verdict.Err)
			}
		}
		took := count
		for i := range n {
			wantDocument(t, b, fmt.Sprintf("2024-%02d-%02d", 1+i/20, 3+i%20))
		}
		wantDocument(t, b, "2024-12-01")
		return took
	}
	few, many := calls(20), calls(80)
	if many > 5*few {
		t.Errorf("20 days take %d calls, 80 days %d", few, many)
	}
}
