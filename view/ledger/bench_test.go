package ledger

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook"
)

// cameraDays writes days of a camera's events, as another program might, and returns the book.
func cameraDays(b *testing.B, days, perDay int) *daybook.Book {
	b.Helper()
	dir := b.TempDir()
	words := strings.Fields("courier leaves a parcel beside the gate person walks dog past front door car stops near drive way child " +
		"plays with ball in garden cat sits on wall delivery van parks across street neighbour waves hello bird feeds")
	for d := range days {
		day := time.Date(2025, 1, 1+d, 0, 0, 0, 0, time.UTC)
		try(b, os.MkdirAll(filepath.Join(dir, day.Format(time.DateOnly)), 0o755))
		f, err := os.Create(filepath.Join(dir, day.Format(time.DateOnly), "events.json"))
		try(b, err)
		w := bufio.NewWriter(f)
		for i := range perDay {
			var text strings.Builder
			for k := range 8 {
				text.WriteString(words[(i*7+k*k*d+k)%len(words)] + " ")
			}
			at := day.Add(time.Duration(i) * 23 * time.Hour / time.Duration(perDay))
			fmt.Fprintln(w, camera(fmt.Sprintf("evt_%d_%04x", at.UnixMilli(), i%65536), at.Format(stampLayout), text.String()))
		}
		try(b, w.Flush())
		try(b, f.Close())
	}
	book, err := daybook.Open(dir, nil)
	try(b, err)
	b.Cleanup(func() { book.Close() })
	return book
}

// BenchmarkPost posts a hundred days of 1,000 events.
func BenchmarkPost(b *testing.B) {
	book := cameraDays(b, 100, 1000)
	catchUp(b, newView(b, book, Options{})) // the days are settled now
	for b.Loop() {
		try(b, os.Remove(filepath.Join(book.Dir(), Name)))
		if got := catchUp(b, newView(b, book, Options{})); got.Events != 100_000 {
			b.Fatalf("posted %+v", got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/event")
}
