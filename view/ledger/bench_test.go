package ledger

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	book, err := daybook.Open(dir, &daybook.Options{Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesNone}})
	try(b, err)
	b.Cleanup(func() { book.Close() })
	return book
}

// BenchmarkPostBook posts a hundred days of 1,000 events.
func BenchmarkPostBook(b *testing.B) {
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

// BenchmarkAppendWhilePosting appends to a book that is posted to its ledger, and to the same when it is not, a thousand events
// in turns.
func BenchmarkAppendWhilePosting(b *testing.B) {
	v := New(Options{})
	book, err := daybook.Open(b.TempDir(), &daybook.Options{Views: []daybook.View{v}})
	try(b, err)
	defer book.Close()
	var took [2][]time.Duration
	stop := func() {}
	for n := 0; b.Loop(); n++ {
		posts := n / 1000 % 2
		if n%1000 == 0 {
			stop()
			if stop = func() {}; posts == 1 {
				stop = posting(v)
			}
		}
		e, err := daybook.ParseEvent([]byte(camera(strconv.Itoa(n), "2025-11-08T10:00:00Z", "Courier leaves a parcel beside the gate")))
		try(b, err)
		began := time.Now()
		_, err = book.Append(context.Background(), e)
		took[posts] = append(took[posts], time.Since(began))
		try(b, err)
	}
	stop()
	var sum [2]time.Duration
	for i := range took {
		for _, d := range took[i] {
			sum[i] += d / time.Duration(len(took[i]))
		}
		slices.Sort(took[i])
	}
	if len(took[1]) == 0 {
		return // so few that none was posted
	}
	alone, posted := took[0][len(took[0])/2], took[1][len(took[1])/2]
	b.ReportMetric(float64(alone.Microseconds()), "µs/alone")
	b.ReportMetric(float64(posted.Microseconds()), "µs/posted")
	b.ReportMetric(float64(posted)/float64(alone), "median-ratio")
	b.ReportMetric(float64(sum[1])/float64(sum[0]), "mean-ratio")
}

// posting has a View post until the function that it returns is called.
func posting(v *View) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.Run(ctx, nil)
	}()
	return func() { cancel(); <-done }
}

// BenchmarkPostThousand posts 1,000 new events to a day that has some.
func BenchmarkPostThousand(b *testing.B) {
	book := newBook(b, nil)
	v := newView(b, book, Options{})
	n := 0
	for b.Loop() {
		b.StopTimer()
		for range 1000 {
			put(b, book, camera(strconv.Itoa(n), fmt.Sprintf("2025-11-%02dT10:00:00Z", 1+n/2000%28), "Courier leaves a parcel beside the gate"))
			n++
		}
		b.StartTimer()
		catchUp(b, v)
	}
}

// BenchmarkGrowth asks, and posts, n and 4n events: what is linear takes four times as long, and what an index finds hardly more.
func BenchmarkGrowth(b *testing.B) {
	for _, kind := range []struct {
		name  string
		books func(b *testing.B, n int) *daybook.Book
	}{
		{"days", func(b *testing.B, n int) *daybook.Book { return cameraDays(b, n/100, 100) }},
		{"one day", func(b *testing.B, n int) *daybook.Book { return cameraDays(b, 1, n) }},
	} {
		for _, n := range []int{5_000, 20_000} {
			book := kind.books(b, n)
			v := newView(b, book, Options{})
			catchUp(b, v)
			query := func(q Question) func() error {
				return func() error {
					for _, err := range Find(context.Background(), book, q, func(err error) { b.Error(err) }) {
						if err != nil {
							return err
						}
					}
					return nil
				}
			}
			for _, do := range []struct {
				name string
				f    func() error
			}{
				{"sync anew", func() error { _, err := v.Rebuild(context.Background()); return err }},
				{"sync of nothing", func() error { _, err := newView(b, book, Options{}).CatchUp(context.Background()); return err }},
				{"verify", func() error { return v.compareAll(b, book) }},
				{"query", query(Question{})},
				{"query newest", query(Question{Newest: true})},
				{"query newest 100", query(Question{Newest: true, Limit: 100})},
				{"query camera newest 100", query(Question{Camera: "gate", Newest: true, Limit: 100})},
				{"query rare words", query(Question{Words: mustWords(b, `"0 courier leaves"`)})},
				{"sql counts", func() error {
					return Ask(context.Background(), book, "SELECT sum(n) FROM counts WHERE kind = 'camera'",
						func([]string) error { return nil }, func([]any) error { return nil })
				}},
				{"sql lines", func() error {
					return Ask(context.Background(), book, "SELECT line FROM events",
						func([]string) error { return nil }, func([]any) error { return nil })
				}},
			} {
				b.Run(fmt.Sprintf("%s/%s/n=%d", kind.name, do.name, n), func(b *testing.B) {
					for b.Loop() {
						try(b, do.f())
					}
				})
			}
		}
	}
}

func mustWords(b *testing.B, text string) Words {
	b.Helper()
	w, err := ParseWords(text)
	try(b, err)
	return w
}

func (v *View) compareAll(b *testing.B, book *daybook.Book) error {
	b.Helper()
	for d, err := range Compare(context.Background(), book, daybook.Query{}, v.palette) {
		if err != nil {
			return err
		}
		if !d.Behind {
			return d
		}
	}
	return nil
}
