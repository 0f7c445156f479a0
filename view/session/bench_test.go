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

// BenchmarkShare measures what a live session document adds to an append: each event is appended to a book with the view
// and to one without, in turns, neither of which waits for the disk. The events are today's, as a learner's are.
func BenchmarkShare(b *testing.B) {
	for _, held := range []int{0, 30_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			var books [2]*daybook.Book
			today := time.Now().UTC().Format("2006-01-02")
			event := func(n int) daybook.Event {
				line := recolor(fmt.Sprintf("evt_%032d", n), today+"T01:30:00", fmt.Sprintf("board %d.canvas", n%5), "1", "3")
				e, err := daybook.ParseEvent([]byte(line))
				if err != nil {
					b.Fatal(err)
				}
				return e
			}
			for i := range books {
				opts := &daybook.Options{Sync: daybook.SyncNone, Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault}}
				if i == 0 {
					opts.Views = []daybook.View{New(Options{})}
				}
				book, err := daybook.Open(b.TempDir(), opts)
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { book.Close() })
				events := make([]daybook.Event, held+1)
				for n := range events {
					events[n] = event(n)
				}
				for _, v := range book.AppendAll(context.Background(), events) {
					if v.Err != nil {
						b.Fatal(v.Err)
					}
				}
				books[i] = book
			}
			var took [2][]time.Duration
			for n := held + 1; b.Loop(); n++ {
				e := event(n)
				for i, book := range books {
					start := time.Now()
					if _, err := book.Append(context.Background(), e); err != nil {
						b.Fatal(err)
					}
					took[i] = append(took[i], time.Since(start))
				}
			}
			for i := range took {
				slices.Sort(took[i])
			}
			middle := len(took[0]) / 2
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took[0][middle].Nanoseconds()), "median-ns/append")
			b.ReportMetric(float64((took[0][middle] - took[1][middle]).Nanoseconds()), "median-ns/document")
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
