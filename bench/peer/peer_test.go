package peer

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"daybook/bench/event"
)

// Every kind stores what it is given: those of Fill and those of Append, synced and not, by one writer and by eight.
func TestStores(t *testing.T) {
	for _, kind := range All() {
		for _, sync := range []bool{false, true} {
			for _, writers := range []int{1, 8} {
				if !kind.Suits(sync, writers) {
					continue
				}
				t.Run(fmt.Sprintf("%s/sync=%v/writers=%d", kind.Name, sync, writers), func(t *testing.T) {
					dir := t.TempDir()
					store(t, kind, dir, Config{Sync: sync, Writers: writers})
					text := contents(t, dir)
					for n := range 24 {
						if id := event.Make(kind.Shape, n, 430).ID; !strings.Contains(text, id) {
							t.Errorf("%s is not stored", id)
						}
					}
				})
			}
		}
	}
}

// store fills a log with 8 events and appends 16 more.
func store(t *testing.T, kind Kind, dir string, c Config) {
	log, err := kind.Open(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	for n := range 24 {
		events = append(events, event.Make(kind.Shape, n, 430))
	}
	if err := log.Fill(events[:8]); err != nil {
		t.Fatal(err)
	}
	if err := log.Prepare(events[8:]); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range c.Writers {
		wg.Go(func() {
			for i := w; i < 16; i += c.Writers {
				if err := log.Append(i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// contents is what all files of a directory hold.
func contents(t *testing.T, dir string) string {
	var all []byte
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		all = append(all, data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}
