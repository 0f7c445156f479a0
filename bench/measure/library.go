package measure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"daybook"
	"daybook/bench/event"
	"daybook/bench/peer"
)

// Import is what it took `daybook append` to take the Library's events, as a whole process.
type Import struct {
	Events int     `json:"events"`
	Took   float64 `json:"took_ms"`
	RSS    int64   `json:"max_rss_bytes"`
}

// maxVault is how many events the book with a session document has at most: for more it is not made, and they
// are only filtered.
const maxVault = 200_000

// NewLibrary makes a Library of events in a directory that exists and is empty. The books are made by the program.
func NewLibrary(ctx context.Context, dir, program string, events, size int, say func(string)) (Library, Import, error) {
	l := Library{
		Daybook: program, Book: filepath.Join(dir, "book"),
		Vault: filepath.Join(dir, "vault", daybook.VaultDir), SQLite: filepath.Join(dir, "events.db"),
	}
	imported := Import{Events: events}
	lines := filepath.Join(dir, "events.jsonl")
	for _, book := range []struct {
		dir   string
		shape event.Shape
	}{{l.Vault, event.Board}, {l.Book, event.Camera}} {
		if book.shape == event.Board && events > maxVault {
			l.Vault = ""
			continue
		}
		say(fmt.Sprintf("reading: a book is given %d events", events))
		if err := writeLines(lines, book.shape, events, size); err != nil {
			return l, imported, err
		}
		zone := Command{Name: "daybook init", Args: []string{program, "init", "--book", book.dir, "--zone", "UTC"}}
		if _, err := run(ctx, zone); err != nil {
			return l, imported, err
		}
		args := []string{program, "append", "--book", book.dir, lines}
		p, err := run(ctx, Command{Name: "daybook append", Args: args, watch: func(pid int) {
			imported.RSS = 0
			for now := peak(pid); now > 0; now = peak(pid) { // none any more when the process has ended
				imported.RSS = now
				time.Sleep(5 * time.Millisecond)
			}
		}})
		if err != nil {
			return l, imported, err
		}
		imported.Took = millis(p.took) // in the end that of the book without views, as RSS
	}
	say(fmt.Sprintf("reading: SQLite is given %d events", events))
	err := errors.Join(fillSQLite(l.SQLite, events, size), os.Remove(lines), settle(dir))
	return l, imported, err
}

func writeLines(name string, shape event.Shape, n, size int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range n {
		w.Write(event.Make(shape, i, size).Line) // Flush tells the error
	}
	return errors.Join(w.Flush(), f.Close())
}

func fillSQLite(name string, n, size int) error {
	log, err := peer.OpenSQLite(name, 0)
	if err != nil {
		return err
	}
	for i := 0; i < n && err == nil; {
		var events []event.Event
		for ; i < n && len(events) < chunk; i++ {
			events = append(events, event.Make(event.Camera, i, size))
		}
		err = log.Fill(events)
	}
	return errors.Join(err, log.Close())
}
