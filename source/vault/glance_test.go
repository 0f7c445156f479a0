package vault

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// writeFile writes a board of which nobody is told, with a modification time by the clock of the bubble.
func writeFile(t *testing.T, name string, items ...string) {
	t.Helper()
	now := time.Now()
	err := errors.Join(os.WriteFile(name, []byte(boardOf(items)), 0o644), os.Chtimes(name, now, now))
	if err != nil {
		t.Fatal(err)
	}
}

// TestLinkedBoards: boards that are links to files elsewhere are recorded within seconds of each change there.
func TestLinkedBoards(t *testing.T) {
	skipOnWindows(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		file := filepath.Join(dir, "real.canvas")
		writeFile(t, file, "n1")
		s.play("script", "ln ../real.canvas a.canvas\nln ../later.canvas b.canvas\nln ../dir d\nstart\nwait\n"+
			"expect\n\ta.canvas canvas_created nodes=1 edges=0")
		for _, step := range []struct {
			name   string
			items  []string
			expect string
		}{
			{"real.canvas", []string{"n1:1"}, "a.canvas node_color_change n1 >1"},
			{"real.canvas", []string{"n1:2"}, "a.canvas node_color_change n1 1>2"},
			{"later.canvas", []string{"m1"}, "b.canvas canvas_created nodes=1 edges=0"},
			{"later.canvas", []string{"m1:1"}, "b.canvas node_color_change m1 >1"},
		} {
			writeFile(t, filepath.Join(dir, step.name), step.items...)
			s.play(step.name, "wait 4s\nexpect\n\t"+step.expect)
		}
		s.play("made", "ln ../real.canvas c.canvas\nwait 4s\nexpect\n\tc.canvas canvas_created nodes=1 edges=0")
		writeFile(t, file, "n1:3")
		s.play("both", "wait 4s\nexpect\n\ta.canvas node_color_change n1 2>3\n\tc.canvas node_color_change n1 2>3")
		if err := errors.Join(os.Mkdir(filepath.Join(dir, "dir"), 0o755), os.Remove(filepath.Join(dir, "later.canvas"))); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, "dir", "e.canvas"), "k1")
		play(t, s, "wait 6s\nexpect\n\tb.canvas canvas_deleted nodes=1 edges=0\n\td/e.canvas canvas_created nodes=1 edges=0\n"+
			"board d/e.canvas k1:1\nwait 1s\nexpect\n\td/e.canvas node_color_change k1 >1")
	})
}

// TestMountsComeAndGo: what is mounted in the vault goes away and comes back while the system tells of changes.
func TestMountsComeAndGo(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var log logged
		s.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
		var mounted atomic.Bool
		mounted.Store(true)
		disk, elsewhere := s.path("disk"), filepath.Join(dir, "elsewhere")
		s.fsys = &faultFS{FS: otherDevice(disk, mounted.Load), fast: true}
		// The watches of a file system end with it, and nothing is told.
		mount := func(from, to string, there bool) {
			t.Helper()
			if err := errors.Join(os.Rename(disk, to), os.Rename(from, disk)); err != nil {
				t.Fatal(err)
			}
			mounted.Store(there)
			for _, d := range []string{disk, filepath.Join(disk, "s")} {
				if err := s.tells.Remove(d); err != nil {
					t.Fatal(err)
				}
			}
		}
		bare := filepath.Join(dir, "bare")
		if err := os.Mkdir(bare, 0o755); err != nil {
			t.Fatal(err)
		}
		s.play("mounted", "mkdir disk/s\nboard disk/a.canvas n1\nboard disk/s/b.canvas m1\nstart\nwait\nexpect\n"+
			"\tdisk/a.canvas canvas_created nodes=1 edges=0\n\tdisk/s/b.canvas canvas_created nodes=1 edges=0")
		mount(bare, elsewhere, false)
		s.play("bare", "wait\nexpect\nboard disk/c.canvas k1\nwait 2s\nexpect\n\tdisk/c.canvas canvas_created nodes=1 edges=0")
		writeFile(t, filepath.Join(elsewhere, "a.canvas"), "n1:1")
		mount(elsewhere, bare, true)
		s.play("back", "wait 5s\nexpect\n\tdisk/a.canvas node_color_change n1 >1\n\tdisk/c.canvas canvas_deleted nodes=1 edges=0\n"+
			"board disk/s/b.canvas m1:1\nwait 1s\nexpect\n\tdisk/s/b.canvas node_color_change m1 >1")
		if n := log.count("was mounted in the vault has gone"); n != 1 || log.count() != 1 {
			t.Errorf("that it has gone is said %d times in %d messages, want once, and nothing else:\n%s", n, log.count(), log.buf.String())
		}
		// Between two glances it goes and comes back, with the numbers that it had.
		mount(elsewhere, elsewhere, true)
		writeFile(t, filepath.Join(disk, "a.canvas"), "n1:2")
		play(t, s, "wait 5s\nexpect\n\tdisk/a.canvas node_color_change n1 1>2\n"+
			"board disk/s/b.canvas m1:2\nwait 1s\nexpect\n\tdisk/s/b.canvas node_color_change m1 1>2")
	})
}

// TestGlancesAreCheap: an unchanged vault is not compared for what glances see, not even where a directory gets no watch.
func TestGlancesAreCheap(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var lists atomic.Int64
		odd := &oddFS{FS: osFS()}
		odd.readDir = func(name string) ([]os.DirEntry, error) {
			if name == s.path("empty") { // others are read when a board is looked for, too
				lists.Add(1)
			}
			return osFS().ReadDir(name)
		}
		s.fsys = &faultFS{FS: odd, fast: true}
		s.play("script", "mkdir empty\nmkdir sub\nboard sub/a.canvas n1\nstart\nwait 1m")
		s.tells.deaf = s.path("sub")
		if err := s.tells.Remove(s.path("sub")); err != nil {
			t.Fatal(err)
		}
		lists.Store(0)
		play(t, s, "wait 3m")
		if n := lists.Load(); n != 1 {
			t.Errorf("compared %d times, want once, for the watch that ended", n)
		}
	})
}
