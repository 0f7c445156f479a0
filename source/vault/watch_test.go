package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/durable"
)

// TestRealFiles watches with the system's own notices, in real time.
func TestRealFiles(t *testing.T) {
	s := newStage(t, t.TempDir())
	events := make(chan Recorded, 1000)
	v, err := Open(s.root, s.book, &Options{
		Debounce: 30 * time.Millisecond, Absence: 150 * time.Millisecond,
		Consumers: into(events),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		sum, err := v.Run(ctx)
		if err == nil && (sum.Boards != 52 || sum.Lost != 0) {
			err = fmt.Errorf("the summary is %+v", sum)
		}
		ended <- err
	}()
	await := func(what string, want ...string) {
		t.Helper()
		awaitEvents(ctx, t, what, events, ended, want)
	}
	do := func(words ...string) {
		t.Helper()
		if err := s.do(words, ""); err != nil {
			t.Fatal(err)
		}
	}
	do("board", "first.canvas", "n1", "n2", "n3")
	await("a new board", "first.canvas canvas_created nodes=3 edges=0")
	do("mkdir", "a/b/c")
	do("board", "a/b/c/x.canvas", "k1", "k2", "k3")
	await("nested new directories", "a/b/c/x.canvas canvas_created nodes=3 edges=0")
	do("mv", "a", "z")
	await("a renamed directory", "z/b/c/x.canvas canvas_renamed id=a/b/c/x.canvas")
	do("board", "z/b/c/x.canvas", "k1:1", "k2", "k3")
	await("an edit below a renamed directory", "z/b/c/x.canvas node_color_change k1 >1")
	do("backup-replace", "first.canvas", "n1:1", "n2", "n3")
	await("a replaced board", "first.canvas node_color_change n1 >1")
	var want []string
	for i := range 50 {
		do("board", fmt.Sprintf("many%d.canvas", i), fmt.Sprintf("m%d", i))
		want = append(want, fmt.Sprintf("many%d.canvas canvas_created nodes=1 edges=0", i))
	}
	await("fifty boards at once", want...)
	do("board", "gone.canvas", "g1")
	await("a board", "gone.canvas canvas_created nodes=1 edges=0")
	do("rm", "gone.canvas")
	await("a deleted board", "gone.canvas canvas_deleted nodes=1 edges=0")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := errors.Join(v.Close(), v.Close()); err != nil {
		t.Error(err)
	}
}

// into is a consumer that sends what it gets to events.
func into(events chan<- Recorded) []Consumer {
	return []Consumer{{Name: "test", Consume: func(_ context.Context, r Recorded) error {
		events <- r
		return nil
	}}}
}

// awaitEvents waits until the events want have come, in any order, and none else.
func awaitEvents(ctx context.Context, t *testing.T, what string, events <-chan Recorded, ended <-chan error, want []string) {
	t.Helper()
	missing := map[string]bool{}
	for _, w := range want {
		missing[w] = true
	}
	for len(missing) > 0 {
		select {
		case r := <-events:
			got := notation(t, string(r.Event.Line()))
			if !missing[got] {
				t.Fatalf("%s: unexpected event %q", what, got)
			}
			delete(missing, got)
		case <-ctx.Done():
			t.Fatalf("%s: never recorded: %v", what, missing)
		case err := <-ended:
			t.Fatalf("%s: the watching has ended: %v", what, err)
		}
	}
}

// TestFiftyBoards saves fifty boards at once, twenty times: every board's colours form one unbroken chain.
func TestFiftyBoards(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		const boards, saves = 50, 20
		for save := range saves {
			for b := range boards {
				if err := s.do([]string{"board", fmt.Sprintf("b%d.canvas", b), fmt.Sprintf("n%d:%d", b, save)}, ""); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(3 * time.Second)
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		last := map[string]string{}
		for _, line := range s.book.lines() {
			d, board := details(t, line), member(t, line, "canvas_id")
			if old, ok := d["old_color"]; ok {
				if old != last[board] {
					t.Errorf("%s goes from %v, but was %v", board, old, last[board])
				}
				last[board] = fmt.Sprint(d["new_color"])
			} else {
				last[board] = "0"
			}
		}
		if got, want := len(s.book.lines()), boards*saves; got != want || s.book.calls != want {
			t.Errorf("%d events in %d appends, want %d in as many", got, s.book.calls, want)
		}
	})
}

// TestStopsInTime ends the watching while the book hangs, while the disk is full and while boards are settling.
func TestStopsInTime(t *testing.T) {
	for name, prepare := range map[string]func(*stage){
		"the book hangs":   func(s *stage) { s.book.block = make(chan struct{}) },
		"the disk is full": func(s *stage) { s.book.setFull(true) },
		"nothing is wrong": func(*stage) {},
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, dir)
			prepare(s)
			if err := s.start(); err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				if err := s.do([]string{"board", fmt.Sprintf("%d.canvas", i), fmt.Sprintf("n%d", i)}, ""); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(450 * time.Millisecond)
			if err := s.stop(); err != nil { // it fails after two seconds
				t.Errorf("%s: %v", name, err)
			}
			if s.book.block != nil {
				close(s.book.block)
			}
			s.book.setFull(false)
			if err := s.once(); err != nil {
				t.Fatal(err)
			}
			if got := len(s.book.lines()); got != 20 {
				t.Errorf("%s: %d boards recorded in the end, want 20", name, got)
			}
		})
	}
}

// TestSecondWatcher is told who watches.
func TestSecondWatcher(t *testing.T) {
	s := newStage(t, t.TempDir())
	v, err := Open(s.root, s.book, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(s.root, s.book, nil)
	var watched *WatchedError
	if !errors.Is(err, ErrWatched) || !errors.Is(err, daybook.ErrLocked) || !errors.As(err, &watched) {
		t.Fatalf("got %v, want a WatchedError", err)
	}
	if watched.PID != os.Getpid() || watched.Host == "" || watched.Since.IsZero() || watched.Vault != s.root {
		t.Errorf("it says %+v", watched)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.root, s.book, nil)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestOpenErrors refuses what is no vault.
func TestOpenErrors(t *testing.T) {
	s := newStage(t, t.TempDir())
	if _, err := Open(filepath.Join(s.root, "nowhere"), s.book, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such directory: %v", err)
	}
	if err := s.write("file", "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(s.root, "file"), s.book, nil); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file: %v", err)
	}
	if _, err := Open(s.root, s.book, &Options{Ignore: []string{"["}}); err == nil || !strings.Contains(err.Error(), `"["`) {
		t.Errorf("a bad pattern: %v", err)
	}
}

// TestNoRoomForWatches goes on by comparing, and says how to get more.
func TestNoRoomForWatches(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var log bytes.Buffer
		s.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
		o := s.options()
		o.notify = func() (notifier, error) {
			s.tells.refuses = fmt.Errorf("%w: no space left on device", errNoRoom)
			return s.tells, nil
		}
		v, err := Open(s.root, s.book, o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, err := v.Run(ctx)
			ended <- err
		}()
		synctest.Wait()
		for _, items := range [][]string{{"board", "a.canvas", "n1"}, {"board", "a.canvas", "n1:1"}} {
			if err := s.do(items, ""); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		cancel()
		if err := errors.Join(<-ended, v.Close()); err != nil {
			t.Fatal(err)
		}
		want := []string{"a.canvas canvas_created nodes=1 edges=0", "a.canvas node_color_change n1 >1"}
		if diff := cmp.Diff(want, told(t, s.book)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if got := strings.Count(log.String(), "max_user_watches"); got != 1 {
			t.Errorf("the remedy is named %d times, want once:\n%s", got, log.String())
		}
	})
}

// TestOnceGivesUp returns what cannot be recorded instead of waiting for ever.
func TestOnceGivesUp(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		s.book.full = true
		if err := s.do([]string{"board", "a.canvas", "n1"}, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.once(); !durable.IsFull(err) {
			t.Errorf("got %v, want that the disk is full", err)
		}
	})
}

// TestOldNameComesBack records a copy, not a renaming, when the old board is there again at the last moment.
func TestOldNameComesBack(t *testing.T) {
	s := newStage(t, t.TempDir())
	v, err := Open(s.root, s.book, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, e := range []errand{{path: "a.canvas"}, {path: "b.canvas", settled: true, from: "a.canvas"}} {
		if err := s.write(e.path, boardOf([]string{"n1", "n2"})); err != nil {
			t.Fatal(err)
		}
		if out := v.look(ctx, e); out.err != nil || !out.finished {
			t.Fatalf("look at %s: %+v", e.path, out)
		}
	}
	want := []string{"a.canvas canvas_created nodes=2 edges=0", "b.canvas canvas_created nodes=2 edges=0"}
	if diff := cmp.Diff(want, told(t, s.book)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}
