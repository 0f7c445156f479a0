package vault

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkPoll is one comparison of an unchanged vault of 5,000 boards in 200 directories, all of them recorded: what
// a vault that is polled costs every time.
func BenchmarkPoll(b *testing.B) {
	root := b.TempDir()
	for i := range 200 {
		dir := filepath.Join(root, fmt.Sprintf("directory %d", i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range 25 {
			name := filepath.Join(dir, fmt.Sprintf("board %d.canvas", j))
			if err := os.WriteFile(name, []byte(boardOf([]string{fmt.Sprintf("n%d-%d", i, j)})), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	book := newFakeBook(filepath.Join(root, ".learning_sessions"))
	if err := os.Mkdir(book.dir, 0o755); err != nil {
		b.Fatal(err)
	}
	v, err := Open(root, book, &Options{fsys: &faultFS{FS: osFS(), fast: true}})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	if sum, err := v.CatchUp(context.Background()); err != nil || sum.Boards != 5000 {
		b.Fatal(sum, err)
	}
	e := newEngine(v, true)
	e.scanned(e.walker().walk("."), true)
	for board := range e.seen { // as after the first looks
		s := e.seen[board]
		s.looked, s.at = s.info, time.Now().Add(time.Hour)
		e.seen[board] = s
	}
	e.agenda = newAgenda(v.opts.Debounce, v.opts.MaxDelay)
	for b.Loop() {
		w := e.walker()
		w.known = v.rec.paths()
		e.scanned(w.walk("."), false)
	}
	if len(e.agenda.items) > 0 {
		b.Fatalf("%d boards are to be looked at", len(e.agenda.items))
	}
}
