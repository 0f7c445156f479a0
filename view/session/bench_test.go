package session

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"daybook"
)

func benchEvent(b *testing.B, n int) daybook.Event {
	line := recolor(fmt.Sprintf("evt_%032d", n), "2025-11-08T09:00:00", fmt.Sprintf("board %d.canvas", n%5), "1", "3")
	e, err := daybook.ParseEvent([]byte(line))
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// benchBook returns a book without views that holds some events, and a View of it that has posted them.
func benchBook(b *testing.B, held int) (*daybook.Book, *View, daybook.Day) {
	book := openBook(b, b.TempDir(), nil)
	events := make([]daybook.Event, held+1)
	for i := range events {
		events[i] = benchEvent(b, i)
	}
	for _, verdict := range book.AppendAll(context.Background(), events) {
		if verdict.Err != nil {
			b.Fatal(verdict.Err)
		}
	}
	v := New(Options{})
	if err := v.Open(context.Background(), book); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { v.Close() })
	d := day(b, "2025-11-08")
	if err := v.Post(context.Background(), d); err != nil {
		b.Fatal(err)
	}
	return book, v, d
}

// BenchmarkPost measures what the session document costs for each event: Post alone, without the append before it.
func BenchmarkPost(b *testing.B) {
	for _, held := range []int{0, 30_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			book, v, d := benchBook(b, held)
			var took []time.Duration
			for n := held + 1; b.Loop(); n++ {
				if _, err := book.Append(context.Background(), benchEvent(b, n)); err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				if err := v.Post(context.Background(), d); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			report(b, took)
		})
	}
}

// BenchmarkPostInTurns is BenchmarkPost with two Views that post in turns.
func BenchmarkPostInTurns(b *testing.B) {
	for _, held := range []int{0, 30_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			book, v, d := benchBook(b, held)
			other := New(Options{})
			if err := other.Open(context.Background(), book); err != nil {
				b.Fatal(err)
			}
			defer other.Close()
			if err := other.Post(context.Background(), d); err != nil { // the first compares the document as a whole
				b.Fatal(err)
			}
			views := []*View{v, other}
			var took []time.Duration
			for n := held + 1; b.Loop(); n++ {
				if _, err := book.Append(context.Background(), benchEvent(b, n)); err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				if err := views[n%2].Post(context.Background(), d); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			report(b, took)
		})
	}
}

// BenchmarkFirstTouch measures the first Post of a process: the document is compared with the book as a whole.
func BenchmarkFirstTouch(b *testing.B) {
	book, _, d := benchBook(b, 30_000)
	for b.Loop() {
		v := New(Options{})
		if err := v.Open(context.Background(), book); err != nil {
			b.Fatal(err)
		}
		if err := v.Post(context.Background(), d); err != nil {
			b.Fatal(err)
		}
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	var sum time.Duration
	for _, d := range took {
		sum += d
	}
	b.ReportMetric(0, "ns/op") // the whole loop, with the append
	b.ReportMetric(float64(sum.Nanoseconds())/float64(len(took)), "ns/post")
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "median-ns/post")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns/post")
}
