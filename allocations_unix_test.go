//go:build unix

package daybook

import "testing"

// TestAppendAllocates: an append needs hardly any memory of its own, and no more when the day holds more.
func TestAppendAllocates(t *testing.T) {
	book := open(t, t.TempDir(), &Options{Sync: SyncNone})
	for _, held := range []int{0, 5000} {
		fill(t, book, held)
		var events []Event
		for n := range 600 {
			events = append(events, benchEvent(t, held+n))
		}
		n := 0
		allocs := testing.AllocsPerRun(500, func() {
			if _, err := book.Append(t.Context(), events[n]); err != nil {
				t.Fatal(err)
			}
			n++
		})
		if allocs > 3 {
			t.Errorf("%d events held: %v allocations an append, want 3 at most", held, allocs)
		}
	}
}
