package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"daybook"
	"daybook/bench/event"
	"daybook/bench/peer"

	"golang.org/x/sys/unix"
)

// usual is the size of an event where sizes are not compared, in bytes.
const usual = 430

// BenchmarkLog appends to each kind of log: by the number of writers, by the size of an event, and by the number of
// events that the log holds already.
func BenchmarkLog(b *testing.B) {
	for _, sync := range []bool{true, false} {
		for _, writers := range []int{1, 8, 64} {
			for _, k := range peer.All() {
				if k.Suits(sync, writers) && !k.Grows {
					appendTo(b, k, peer.Config{Sync: sync, Writers: writers}, usual, 0)
				}
			}
		}
		for _, size := range []int{200, 4096, 65536} {
			for _, k := range []peer.Kind{
				peer.Locked(), peer.Daybook(), peer.Parsed(), peer.Written(), peer.Zerolog(), peer.Slog(),
				peer.BoltUpdate(), peer.SQLite(),
			} {
				if k.Suits(sync, 1) {
					appendTo(b, k, peer.Config{Sync: sync, Writers: 1}, size, 0)
				}
			}
		}
		for _, held := range []int{1000, 10_000, 100_000} {
			for _, k := range []peer.Kind{
				peer.Locked(), peer.Daybook(), peer.Plain(), peer.Document(), peer.BoltUpdate(), peer.SQLite(), peer.Copied(), peer.Dumped(),
			} {
				if !k.Grows || held <= 10_000 {
					appendTo(b, k, peer.Config{Sync: sync, Writers: 1}, usual, held)
				}
			}
		}
	}
}

// appendTo measures one kind of log. Beside the mean it reports the median and the 99th percentile of an append.
func appendTo(b *testing.B, k peer.Kind, c peer.Config, size, held int) {
	if testing.Short() && (held > 1000 || c.Writers == 8 || size > 4096) {
		return
	}
	mode := "no"
	if c.Sync {
		mode = "yes"
	}
	name := fmt.Sprintf("sync=%s/writers=%d/bytes=%d/held=%d/log=%s", mode, c.Writers, size, held, k.Name)
	var log peer.Log // opened once, though testing calls the function several times
	dir := b.TempDir()
	next := 0
	events := func(n int) []event.Event {
		made := make([]event.Event, n)
		for i := range made {
			made[i] = event.Make(k.Shape, next, size)
			next++
		}
		return made
	}
	b.Run(name, func(b *testing.B) {
		if log == nil {
			var err error
			if log, err = k.Open(dir, c); err != nil {
				b.Fatal(err)
			}
			for next < held {
				if err := log.Fill(events(min(50_000, held-next))); err != nil {
					b.Fatal(err)
				}
			}
			// What a log does once, such as reading what it holds, is done with the first append.
			if err := errors.Join(log.Prepare(events(1)), log.Append(0), syncFileSystem(dir)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportAllocs()
		took := make([]time.Duration, b.N)
		b.ResetTimer()
		for done := 0; done < b.N; {
			b.StopTimer()
			n := min(b.N-done, max(c.Writers, 16<<20/size))
			if err := log.Prepare(events(n)); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if err := appendAll(log, c.Writers, took[done:done+n]); err != nil {
				b.Fatal(err)
			}
			done += n
		}
		b.StopTimer()
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
		b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
		if err := syncFileSystem(dir); err != nil { // so that its writeback does not slow the next benchmark
			b.Fatal(err)
		}
	})
	if log != nil {
		if err := log.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// appendAll appends the prepared events by that many goroutines at once, and notes how long each append took.
func appendAll(log peer.Log, writers int, took []time.Duration) error {
	var next atomic.Int64
	ended := make(chan error, writers)
	write := func() error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(took) {
				return nil
			}
			began := time.Now()
			if err := log.Append(i); err != nil {
				return err
			}
			took[i] = time.Since(began)
		}
	}
	if writers == 1 {
		return write()
	}
	for range writers {
		go func() { ended <- write() }()
	}
	var errs []error
	for range writers {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// BenchmarkOpen opens a day for append, with the first append to it, and reads its file whole for comparison.
func BenchmarkOpen(b *testing.B) {
	for _, held := range []int{1000, 100_000} {
		if testing.Short() && held > 1000 {
			continue
		}
		dir := b.TempDir()
		log, err := peer.Daybook().Open(dir, peer.Config{Sync: true, Writers: 1})
		if err != nil {
			b.Fatal(err)
		}
		events := make([]event.Event, held)
		for i := range events {
			events[i] = event.Make(event.Camera, i, usual)
		}
		if err := errors.Join(log.Fill(events), log.Close()); err != nil {
			b.Fatal(err)
		}
		next := held
		b.Run(fmt.Sprintf("held=%d/what=file", held), func(b *testing.B) {
			for b.Loop() {
				if _, err := os.ReadFile(filepath.Join(dir, event.Day, "events.json")); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("held=%d/what=book", held), func(b *testing.B) {
			for b.Loop() {
				e, err := daybook.ParseEvent(event.Make(event.Camera, next, usual).Line)
				if err != nil {
					b.Fatal(err)
				}
				next++
				book, err := daybook.Open(dir, &daybook.Options{Sync: daybook.SyncNone})
				if err != nil {
					b.Fatal(err)
				}
				_, err = book.Append(b.Context(), e)
				if err := errors.Join(err, book.Close()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestKindNames: a name stands in a benchmark's name, whose parts a slash divides.
func TestKindNames(t *testing.T) {
	for _, k := range peer.All() {
		if k.Name == "" || strings.ContainsAny(k.Name, "/ =") {
			t.Errorf("%q cannot stand in a benchmark's name", k.Name)
		}
	}
}

// syncFileSystem waits until everything that was written to the file system of dir is on the disk.
func syncFileSystem(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return errors.Join(fmt.Errorf("sync the file system: %w", err), d.Close())
	}
	return d.Close()
}
