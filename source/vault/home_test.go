package vault

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestRootMovedAway moves a vault away and back under the system's own notices, and then makes it anew.
func TestRootMovedAway(t *testing.T) {
	skipOnWindows(t)
	s := newStage(t, t.TempDir())
	s.book.dir = t.TempDir()
	events := make(chan Recorded, 100)
	var log bytes.Buffer // read when the watching has ended
	v, err := Open(s.root, s.book, &Options{
		Debounce: 30 * time.Millisecond, Consumers: into(events),
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := v.Run(ctx)
		ended <- err
	}()
	await := func(what string, want ...string) {
		t.Helper()
		awaitEvents(ctx, t, what, events, ended, want)
	}
	do := func(words ...string) {
		if err := s.do(words, ""); err != nil {
			t.Fatal(err)
		}
	}
	do("mkdir", "sub")
	do("board", "a.canvas", "n1")
	do("board", "sub/b.canvas", "m1")
	await("new boards", "a.canvas canvas_created nodes=1 edges=0", "sub/b.canvas canvas_created nodes=1 edges=0")
	do("mv", ".", "../away")
	time.Sleep(500 * time.Millisecond) // the scan finds nothing
	do("mv", "../away", ".")
	time.Sleep(homeAway + 300*time.Millisecond)
	do("board", "a.canvas", "n1:1")
	do("board", "sub/b.canvas", "m1:1")
	await("edits after the return", "a.canvas node_color_change n1 >1", "sub/b.canvas node_color_change m1 >1")
	do("board", "new.canvas", "k1")
	await("a new board after the return", "new.canvas canvas_created nodes=1 edges=0")
	if err := errors.Join(os.Rename(s.root, s.root+".old"), os.Mkdir(s.root, 0o755)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	do("board", "other.canvas", "o1")
	await("a board in the directory made anew", "other.canvas canvas_created nodes=1 edges=0")
	cancel()
	if err := errors.Join(<-ended, v.Close()); err != nil {
		t.Error(err)
	}
	for _, what := range []string{"the vault has gone", "the vault is back", "another directory"} {
		if got := strings.Count(log.String(), what); got == 0 || got > 2 { // the second time may be too short to be seen
			t.Errorf("%q is said %d times, want once or twice:\n%s", what, got, log.String())
		}
	}
}

// TestBookAwayWithVault makes no new directory where the vault was, although a save waits to be recorded.
func TestBookAwayWithVault(t *testing.T) {
	skipOnWindows(t)
	s := newStage(t, t.TempDir())
	v, err := Open(s.root, s.book, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.root, s.root+".away"); err != nil {
		t.Fatal(err)
	}
	if err := v.rec.Record(t.Context(), Save{Path: "a.canvas", Board: parse(t, "{}")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that the vault has gone", err)
	}
	if _, err := os.Stat(s.root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was made where the vault was: %v", err)
	}
	if err := errors.Join(os.Rename(s.root+".away", s.root), v.Close()); err != nil {
		t.Error(err)
	}
}

func skipOnWindows(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows renames no directory in which a file is open")
	}
}
