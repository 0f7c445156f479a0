package daybook

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

func (w *bare) append(b testing.TB, line []byte) {
	if ok, err := w.lock.TryLock(); !ok || err != nil {
		b.Fatal(ok, err)
	}
	if _, err := w.data.WriteAt(line, w.at); err != nil {
		b.Fatal(err)
	}
	w.at += int64(len(line))
	if err := w.data.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := w.lock.Unlock(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAppend measures a durable append by one writer and the bare system calls alternately; "ratio" is the bar.
func BenchmarkAppend(b *testing.B) {
	for _, held := range []int{0, 30_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			dir := b.TempDir()
			book := open(b, dir, nil)
			fill(b, book, held)
			w := newBare(b, dir)
			var ours, theirs time.Duration
			n := held
			for b.Loop() {
				e := benchEvent(b, n)
				line := append([]byte(nil), e.Line()...)
				line = append(line, '\n')
				n++
				t0 := time.Now()
				if _, err := book.Append(context.Background(), e); err != nil {
					b.Fatal(err)
				}
				t1 := time.Now()
				w.append(b, line)
				theirs += time.Since(t1)
				ours += t1.Sub(t0)
			}
			b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/append")
			b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "ns/bare")
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
		})
	}
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

// BenchmarkAppendUnsynced measures an append that does not wait for the disk.
func BenchmarkAppendUnsynced(b *testing.B) {
	book := open(b, b.TempDir(), &Options{Sync: SyncNone})
	events := make([]Event, 0, 1<<20)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n == len(events) {
			b.StopTimer()
			for range 10_000 {
				events = append(events, benchEvent(b, len(events)))
			}
			b.StartTimer()
		}
		if _, err := book.Append(context.Background(), events[n]); err != nil {
			b.Fatal(err)
		}
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
