package vault

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/internal/durable"
)

// play has a stage's watcher started, does lines of a script, and ends it.
func play(t *testing.T, s *stage, script string) {
	t.Helper()
	defer func() {
		t.Helper()
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	s.play("script", script)
}

// TestWhoIsTold watches, polls or does both, by the kind of file system and on demand.
func TestWhoIsTold(t *testing.T) {
	local, share := kind{name: "local"}, kind{name: "NFS", silent: true}
	shunned := kind{name: "SMB", silent: true, shun: true}
	const note, many = "on this kind of file system", "keep each of them open"
	for _, test := range []struct {
		name      string
		opts      Options
		root, sub kind // of the vault, and of what is mounted in it
		asked     bool
		watched   []string
		found     bool   // what is not told of is found within ten seconds
		said      string // once
	}{
		{"local", Options{}, local, local, true, []string{".", "sub", "sub/deep"}, false, ""},
		{"a share", Options{}, share, share, true, []string{".", "sub", "sub/deep"}, true, note},
		{"a share that is not to be watched", Options{}, shunned, shunned, true, nil, true, note},
		{"a share in a vault", Options{}, local, share, true, []string{".", "sub", "sub/deep"}, true, note},
		{"a share in a vault, not to be watched", Options{}, local, shunned, true, []string{"."}, true, note},
		{"on demand", Options{Poll: 3 * time.Second}, share, local, false, nil, true, ""},
		{"open files, few enough", Options{held: 10}, local, local, true, []string{".", "sub", "sub/deep"}, false, ""},
		{"open files, too many", Options{held: 7}, local, local, true, nil, true, many},
	} {
		dir := t.TempDir()
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, dir)
				var log bytes.Buffer
				s.opts = test.opts
				s.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
				s.fsys = &faultFS{FS: otherDevice(s.path("sub"), func() bool { return true }), fast: true}
				s.opts.kindOf = func(dir string) kind {
					if strings.HasPrefix(dir, s.path("sub")) {
						return test.sub
					}
					return test.root
				}
				play(t, s, "mkdir sub/deep\nboard sub/deep/a.canvas n1\nboard b.canvas m1\nonce\n")
				if log.Len() > 0 {
					t.Errorf("somebody who only catches up is told: %s", log.String())
				}
				play(t, s, "start\nwait\nboard c.canvas k1\nwait 1m")
				var watched []string
				for _, d := range slices.Sorted(maps.Keys(s.tells.dirs)) {
					rel, err := filepath.Rel(s.root, d)
					if err != nil {
						t.Fatal(err)
					}
					watched = append(watched, filepath.ToSlash(rel))
				}
				if diff := cmp.Diff(test.watched, watched); diff != "" || s.asked != test.asked {
					t.Errorf("a notifier is made: %t, want %t; watched (-want +got):\n%s", s.asked, test.asked, diff)
				}
				if test.said != "" && strings.Count(log.String(), test.said) != 1 || test.said == "" && log.Len() > 0 {
					t.Errorf("want %q said once, and nothing else:\n%s", test.said, log.String())
				}
				play(t, s, "start\nwait\nquiet board sub/deep/a.canvas n1:1\nwait")
				if got := slices.Contains(told(t, s.book), "sub/deep/a.canvas node_color_change n1 >1"); got != test.found {
					t.Errorf("what is not told of is found: %t, want %t", got, test.found)
				}
			})
		})
	}
}

// TestNothingReadTwice: a board is read when its state has changed and once more after that, and never again, however
// often it is compared.
func TestNothingReadTwice(t *testing.T) {
	for _, test := range []struct {
		name        string
		poll, span  time.Duration
		comparisons int64 // in span, at least
	}{
		{"polling", 10 * time.Second, 10 * time.Minute, 58},
		{"the safety rescan", 0, time.Hour, 11},
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, dir)
			var reads, lists atomic.Int64
			odd := &oddFS{FS: osFS()}
			odd.open = func(name string) (durable.File, error) {
				if strings.HasSuffix(name, ".canvas") {
					reads.Add(1)
				}
				return osFS().Open(name, false)
			}
			odd.readDir = func(name string) ([]fs.DirEntry, error) {
				lists.Add(1)
				return osFS().ReadDir(name)
			}
			s.fsys, s.opts.Poll = &faultFS{FS: odd, fast: true}, test.poll
			boards := 30
			if testing.Short() {
				boards = 3
			}
			for i := range boards {
				age := []string{"-1000h", "-1s", "1000h"}[i%3] // the clock that it was by may be wrong
				s.play("script", fmt.Sprintf("board %d.canvas n%d\nmtime %d.canvas %s\n", i, i, i, age))
			}
			s.play("script", "once")
			reads.Store(0)
			play(t, s, "start\nwait 11m") // the clock of the bubble comes near to no board's time
			if got := len(s.book.lines()); got != boards || reads.Load() != int64(boards/3*(1+2+2)) {
				t.Errorf("%s: %d events, %d reads of %d boards", test.name, got, reads.Load(), boards)
			}
			if err := s.start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Minute)
			reads.Store(0)
			lists.Store(0)
			time.Sleep(test.span)
			if reads.Load() != 0 || lists.Load() < test.comparisons {
				t.Errorf("%s: %d boards read in %d comparisons of an unchanged vault, want none in at least %d",
					test.name, reads.Load(), lists.Load(), test.comparisons)
			}
			if err := s.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLostNotice takes one notice away: the safety rescan finds the change, and nothing before it does.
func TestLostNotice(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		play(t, newStage(t, dir), `
start
board a.canvas n1
board b.canvas m1
wait
expect
	a.canvas canvas_created nodes=1 edges=0
	b.canvas canvas_created nodes=1 edges=0
quiet board a.canvas n1:1
board b.canvas m1:1
wait 4m
expect
	b.canvas node_color_change m1 >1
wait 1m
expect
	a.canvas node_color_change n1 >1
`)
	})
}

// TestSlowPoll: comparing that takes longer than the pause never runs twice at once, and leaves a slow share time for
// others unless the pause was asked for.
func TestSlowPoll(t *testing.T) {
	const took = 20 * time.Second
	for _, test := range []struct {
		name string
		opts Options
		walk time.Duration // from the beginning of one to that of the next
	}{
		{"on demand", Options{Poll: time.Second, Rescan: took / 3}, took + time.Second},
		{"by itself", Options{kindOf: func(string) kind { return unsure("NFS") }}, (pollShare + 1) * took},
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, dir)
			var running, walks atomic.Int64
			var quick atomic.Bool
			odd := &oddFS{FS: osFS()}
			odd.readDir = func(name string) ([]fs.DirEntry, error) {
				if name != s.path("empty") { // others are read when a board is looked for, too
					return osFS().ReadDir(name)
				}
				if running.Add(1) > 1 {
					t.Errorf("%s: compared twice at once", test.name)
				}
				defer running.Add(-1)
				walks.Add(1)
				if !quick.Load() {
					time.Sleep(took)
				}
				return osFS().ReadDir(name)
			}
			s.opts, s.fsys = test.opts, &faultFS{FS: odd, fast: true}
			s.play("script", "mkdir empty\nstart\nwait 20m\nboard a.canvas n1\nwait 2m\nexpect\n\ta.canvas canvas_created nodes=1 edges=0")
			if got, want := walks.Load(), int64(22*time.Minute/test.walk); got < want-1 || got > want+1 {
				t.Errorf("%s: compared %d times in 22 min, want about %d", test.name, got, want)
			}
			quick.Store(true)
			play(t, s, "wait 2m")
		})
	}
}

// TestEditWhileRecording edits a board a second time while the recording of the first edit is held up, with the same
// size and the same modification time.
func TestEditWhileRecording(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		s.play("script", "start poll=1s\nboard a.canvas n1:1\nwait")
		s.shown = len(s.book.lines())
		held := make(chan struct{})
		s.book.block = held
		s.play("script", "board a.canvas n1:2\nwait 1600ms\nboard a.canvas n1:3\nmtime a.canvas -1600ms\nwait\nexpect")
		close(held)
		play(t, s, "wait\nexpect\n\ta.canvas node_color_change n1 1>2\n\ta.canvas node_color_change n1 2>3")
	})
}
