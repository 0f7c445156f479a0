package vault

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"daybook"
)

// BenchmarkSave is one save of a board from the end of the debounce: the file is read, compared and recorded in a real
// book, each on disk. Ten cards are recoloured. The larger board has 5 MB.
func BenchmarkSave(b *testing.B) {
	for _, c := range []struct{ cards, words int }{{200, 12}, {5000, 120}} {
		b.Run(fmt.Sprintf("cards=%d", c.cards), func(b *testing.B) { benchSave(b, c.cards, strings.Repeat("a_word___", c.words)) })
	}
}

func benchSave(b *testing.B, cards int, text string) {
	root := b.TempDir()
	book, err := daybook.Open(filepath.Join(root, ".learning_sessions"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer book.Close()
	v, err := Open(root, book, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	file := filepath.Join(root, "a.canvas")
	save := func(round int) {
		items := make([]string, cards)
		for i := range items {
			items[i] = fmt.Sprintf("n%d:%d:%s", i, 1+i%5, text)
			if i < 10 {
				items[i] = fmt.Sprintf("n%d:%d", i, round%6)
			}
		}
		if err := os.WriteFile(file, []byte(boardOf(items)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	ctx := context.Background()
	save(0)
	if out := v.look(ctx, errand{path: "a.canvas"}); out.err != nil || !out.finished {
		b.Fatal(out.err)
	}
	round := 0
	for b.Loop() {
		b.StopTimer()
		round++
		save(round)
		b.StartTimer()
		if out := v.look(ctx, errand{path: "a.canvas"}); out.err != nil || !out.finished {
			b.Fatal(out.err)
		}
	}
}

// BenchmarkThousandBoards watches a vault of 1,000 boards of 40 cards and reports the memory that it takes.
func BenchmarkThousandBoards(b *testing.B) {
	root := b.TempDir()
	for i := range 1000 {
		items := make([]string, 40)
		for j := range items {
			items[j] = fmt.Sprintf("n%d-%d:%d:%s", i, j, j%6, "some_words_on_a_card_as_long_as_they_are_on_the_average,_which_is_about_a_hundred_or_so")
		}
		if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("%d.canvas", i)), []byte(boardOf(items)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	book := newFakeBook(filepath.Join(root, ".learning_sessions"))
	book.forgets = true
	for b.Loop() {
		b.StopTimer()
		if err := os.RemoveAll(book.dir); err != nil {
			b.Fatal(err)
		}
		if err := os.Mkdir(book.dir, 0o755); err != nil {
			b.Fatal(err)
		}
		v, err := Open(root, book, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if sum, err := v.CatchUp(context.Background()); err != nil || sum.Boards != 1000 {
			b.Fatal(sum, err)
		}
		b.StopTimer()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		began := time.Now()
		if _, err := v.Run(ctx); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "watched-s")
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.Sys-m.HeapReleased)/(1<<20), "MB-resident")
		debug.FreeOSMemory()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MB-live")
		cancel()
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
