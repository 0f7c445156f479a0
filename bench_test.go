package daybook

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"daybook/internal/durable"
)

const benchTail = `","timestamp":"2025-11-08T14:32:15.123456Z","camera_id":"gate","llm_description":"Courier leaves a parcel beside the gate","image_path":"data/events/2025-11-08/evt.jpg","json_log_path":"data/events/2025-11-08/events.json","motion_confidence":0.71,"detected_objects":[{"label":"person","confidence":0.94,"bbox":{"x":64,"y":40,"width":150,"height":310}}],"metadata":{"frame_number":4410}}`

func benchEvent(b testing.TB, n int) Event {
	return parse(b, fmt.Sprintf(`{"event_id":"evt_%016d`, n)+benchTail)
}

// bare is the least that a durable append by several processes can be: lock, write, sync, unlock.
type bare struct {
	lock, data durable.File
	at         int64
}

func newBare(b testing.TB, dir string) *bare {
	lock, _, err := durable.OS().Create(filepath.Join(dir, "bare.lock"))
	if err != nil {
		b.Fatal(err)
	}
	data, _, err := durable.OS().Create(filepath.Join(dir, "bare.json"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { lock.Close(); data.Close() })
	return &bare{lock: lock, data: data}
}

func (w *bare) append(b testing.TB, line []byte, sync bool) {
	if ok, err := w.lock.TryLock(); !ok || err != nil {
		b.Fatal(ok, err)
	}
	if _, err := w.data.WriteAt(line, w.at); err != nil {
		b.Fatal(err)
	}
	w.at += int64(len(line))
	if sync {
		if err := w.data.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.lock.Unlock(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAppend measures an append by one writer and the bare system calls alternately; "ratio" is the bar. Durable ones,
// and some that do not wait for the disk.
func BenchmarkAppend(b *testing.B) {
	for _, held := range []int{0, 30_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) { benchAppend(b, SyncAlways, held) })
	}
}

func BenchmarkAppendUnsynced(b *testing.B) {
	for _, held := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) { benchAppend(b, SyncNone, held) })
	}
}

func benchAppend(b *testing.B, sync Sync, held int) {
	dir := b.TempDir()
	book := open(b, dir, &Options{Sync: sync})
	fill(b, book, held)
	w := newBare(b, dir)
	var ours, theirs []time.Duration
	for n := held; b.Loop(); n++ {
		e := benchEvent(b, n)
		line := append([]byte(nil), e.Line()...)
		line = append(line, '\n')
		t0 := time.Now()
		if _, err := book.Append(context.Background(), e); err != nil {
			b.Fatal(err)
		}
		t1 := time.Now()
		w.append(b, line, sync == SyncAlways)
		theirs = append(theirs, time.Since(t1))
		ours = append(ours, t1.Sub(t0))
	}
	mine, other := median(ours), median(theirs)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(mine.Nanoseconds()), "median-ns/append")
	b.ReportMetric(float64(other.Nanoseconds()), "median-ns/bare")
	b.ReportMetric(float64(mine)/float64(other), "ratio")
}

// BenchmarkAppendCrowd measures durable appends by many goroutines at once against an ideal group commit, in turns: its
// writers hand their lines to one goroutine that writes and syncs all that have come.
func BenchmarkAppendCrowd(b *testing.B) {
	for _, writers := range []int{8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			dir := b.TempDir()
			book := open(b, dir, nil)
			w := newBare(b, dir)
			const each = 50
			var took [2]time.Duration
			n := 0
			for b.Loop() {
				events := make([]Event, writers*each)
				for i := range events {
					events[i] = benchEvent(b, n)
					n++
				}
				crowd := func(append func(Event)) time.Duration {
					began := time.Now()
					var wg sync.WaitGroup
					for i := range writers {
						wg.Go(func() {
							for _, e := range events[i*each : (i+1)*each] {
								append(e)
							}
						})
					}
					wg.Wait()
					return time.Since(began)
				}
				took[0] += crowd(func(e Event) {
					if _, err := book.Append(context.Background(), e); err != nil {
						b.Error(err)
					}
				})
				g := group{w: w, lines: make(chan groupLine, writers)}
				done := make(chan struct{})
				go func() { g.run(b); close(done) }()
				took[1] += crowd(g.append)
				close(g.lines)
				<-done
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(n)/took[0].Seconds(), "events/s")
			b.ReportMetric(float64(n)/took[1].Seconds(), "ideal/s")
			b.ReportMetric(float64(took[1])/float64(took[0]), "ratio")
		})
	}
}

// group is an ideal group commit: no lock, no checks.
type group struct {
	w     *bare
	lines chan groupLine
}

type groupLine struct {
	line []byte
	done chan struct{}
}

func (g *group) append(e Event) {
	l := groupLine{e.Line(), make(chan struct{})}
	g.lines <- l
	<-l.done
}

func (g *group) run(b *testing.B) {
	var buf []byte
	for l := range g.lines {
		waiting := []groupLine{l}
		buf = append(append(buf[:0], l.line...), '\n')
		for more := true; more; {
			select {
			case l, more = <-g.lines:
				if more {
					waiting = append(waiting, l)
					buf = append(append(buf, l.line...), '\n')
				}
			default:
				more = false
			}
		}
		g.w.append(b, buf, true)
		for _, l := range waiting {
			close(l.done)
		}
	}
}

func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

func fill(b testing.TB, book *Book, n int) {
	events := make([]Event, n)
	for i := range events {
		events[i] = benchEvent(b, i)
	}
	for _, v := range book.AppendAll(context.Background(), events) {
		if v.Err != nil {
			b.Fatal(v.Err)
		}
	}
}

// BenchmarkAppendReplace measures a durable append to a book whose days are replaced whole (promise 10) and one to a book
// of the default alternately. The days are made anew after every 50 appends, so that they hold what they are said to.
func BenchmarkAppendReplace(b *testing.B) {
	for _, held := range []int{0, 1_000, 10_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			var books [2]*Book
			var took [2]time.Duration
			n, rounds := 0, 0
			begin := func() {
				for i, write := range []string{WriteReplace, WriteAppend} {
					books[i] = open(b, filepath.Join(b.TempDir(), "book"), &Options{Settings: &Settings{Write: write}})
					fill(b, books[i], held)
				}
				n = held
			}
			begin()
			for ; b.Loop(); rounds++ {
				if n == held+50 {
					b.StopTimer()
					begin()
					b.StartTimer()
				}
				e := benchEvent(b, n)
				n++
				for i, book := range books {
					began := time.Now()
					if _, err := book.Append(context.Background(), e); err != nil {
						b.Fatal(err)
					}
					took[i] += time.Since(began)
				}
			}
			b.ReportMetric(float64(took[0].Nanoseconds())/float64(rounds), "ns/replace")
			b.ReportMetric(float64(took[1].Nanoseconds())/float64(rounds), "ns/append")
			b.ReportMetric(float64(took[0])/float64(took[1]), "ratio")
		})
	}
}

// BenchmarkOpenDay measures the first append to a day of 100,000 events: its file is read whole.
func BenchmarkOpenDay(b *testing.B) {
	dir := b.TempDir()
	book := open(b, dir, nil)
	fill(b, book, 100_000)
	info, err := os.Stat(filepath.Join(dir, "2025-11-08", "events.json"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	n := 100_000
	for b.Loop() {
		again := open(b, dir, nil)
		if _, err := again.Append(context.Background(), benchEvent(b, n)); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

func BenchmarkParseEvent(b *testing.B) {
	line := benchEvent(b, 1).Line()
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseEvent(line); err != nil {
			b.Fatal(err)
		}
	}
}
