package session

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"daybook"
)

// TestWriteReplace: the documents of a book whose days are replaced at every append, by two Books at once, are those that
// are computed from the book.
func TestWriteReplace(t *testing.T) {
	dir := t.TempDir()
	made, err := daybook.Open(dir, &daybook.Options{Settings: &daybook.Settings{
		Zone: "Europe/Berlin", Rules: daybook.RulesVault, Write: daybook.WriteReplace,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	var books [2]*daybook.Book
	for i := range books {
		books[i] = openBook(t, dir, nil, New(Options{LockTimeout: time.Minute}))
	}
	line := func(name string, n int) string {
		at := fmt.Sprintf("2025-11-%02dT09:00:%02d", 8-n%3/2, n) // today and, sometimes, the day before
		return recolor(fmt.Sprint(name, n), at, "a.canvas", "1", "2")
	}
	days := []string{"2025-11-07", "2025-11-08"}
	for n := range 12 {
		appendLines(t, books[n%2], line("turn", n))
		if n >= 2 {
			wantDocument(t, books[n%2], days...)
		}
	}
	var wg sync.WaitGroup
	for i, b := range books {
		wg.Go(func() {
			for n := range 20 {
				if _, err := b.Append(context.Background(), event(t, line(fmt.Sprint("book", i, "-"), n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantDocument(t, books[0], days...)
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}
