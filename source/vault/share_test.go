package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

// TestShareGoesAway: of a share that does not answer nothing counts as deleted or unreadable, that is said once, and
// when it is back the watching goes on. With the whole vault on the share, and with a part of it.
func TestShareGoesAway(t *testing.T) {
	answers := []syscall.Errno{syscall.ENOTCONN, faultfs.EACCES, syscall.ESTALE, faultfs.EIO}
	if testing.Short() {
		answers = answers[:1]
	}
	for _, errno := range answers {
		for _, share := range []string{".", "sub"} {
			for _, statFails := range []bool{true, false} {
				for name, poll := range map[string]time.Duration{"watched": 0, "polled": time.Second} {
					name := fmt.Sprintf("%v, %s, stat fails %t, %s", errno, share, statFails, name)
					dir := t.TempDir()
					t.Run(name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { shareGoesAway(t, dir, share, errno, statFails, poll) })
					})
				}
			}
		}
	}
}

func shareGoesAway(t *testing.T, dir, share string, errno syscall.Errno, statFails bool, poll time.Duration) {
	s := newStage(t, dir)
	s.book.dir = filepath.Join(dir, "book")
	if err := os.Mkdir(s.book.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var away atomic.Bool
	var asked atomic.Int64 // of a board of which nobody told, while nothing is known of its directory
	fails := func(op, name string, applies bool) error {
		if away.Load() && name == s.path("sub/c.canvas") {
			asked.Add(1)
		}
		if !applies || !away.Load() || !below(name, s.path(share)) {
			return nil
		}
		return &fs.PathError{Op: op, Path: name, Err: errno}
	}
	odd := &oddFS{FS: osFS()}
	odd.stat = func(name string) (durable.Info, error) {
		if err := fails("stat", name, statFails); err != nil {
			return durable.Info{}, err
		}
		return osFS().Stat(name)
	}
	odd.readDir = func(name string) ([]fs.DirEntry, error) {
		if err := fails("open", name, true); err != nil {
			return nil, err
		}
		return osFS().ReadDir(name)
	}
	odd.open = func(name string) (durable.File, error) {
		if err := fails("open", name, true); err != nil {
			return nil, err
		}
		return osFS().Open(name, false)
	}
	var log bytes.Buffer
	s.opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s.opts.Poll = poll
	s.fsys = &faultFS{FS: odd, fast: true}
	s.play("script", "mkdir sub/deep\nboard sub/a.canvas n1\nboard sub/deep/b.canvas m1\nboard sub/c.canvas k1\nonce")
	s.shown = len(s.book.lines())
	// One board is changed at the last moment, the notice of another's change comes when nothing can be read.
	s.play("script", "start\nwait\nboard sub/a.canvas n1:2")
	away.Store(true)
	s.play("script", "board sub/deep/b.canvas m1:1\nwait 2m\nquiet rm sub/c.canvas\nwait 2m\nexpect")
	if got := strings.Count(log.String(), "level="); got != 1 || !strings.Contains(log.String(), errno.Error()) {
		t.Errorf("%d things are said, want one, with the reason:\n%s", got, log.String())
	}
	if asked.Load() > 0 && errno != faultfs.EACCES {
		t.Errorf("a board on a share that does not answer is asked for %d times", asked.Load())
	}
	away.Store(false)
	s.play("script", `
wait 40s
expect
	sub/a.canvas node_color_change n1 >2
	sub/deep/b.canvas node_color_change m1 >1
	sub/c.canvas canvas_deleted nodes=1 edges=0
board sub/a.canvas n1:3
wait
expect
	sub/a.canvas node_color_change n1 2>3
`)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// TestUnlistable follows the known boards of a directory that may be entered but not listed.
func TestUnlistable(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var closed atomic.Bool
		var reads atomic.Int64
		s.fsys = &faultFS{fast: true, FS: &oddFS{
			FS: osFS(),
			readDir: func(name string) ([]fs.DirEntry, error) {
				if closed.Load() && name == s.path("sub") {
					return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
				}
				return osFS().ReadDir(name)
			},
			open: func(name string) (durable.File, error) {
				reads.Add(1)
				return osFS().Open(name, false)
			},
		}}
		s.play("script", "mkdir sub\nboard sub/a.canvas n1\nboard sub/b.canvas m1\nstart poll=1s\nwait")
		s.shown = len(s.book.lines())
		closed.Store(true)
		s.play("script", "board sub/a.canvas n1:1\nrm sub/b.canvas\nwait\nexpect\n\tsub/a.canvas node_color_change n1 >1")
		reads.Store(0)
		s.play("script", "wait 10m")
		if reads.Load() > 0 {
			t.Errorf("what is unchanged is read %d times", reads.Load())
		}
		closed.Store(false)
		play(t, s, "wait\nexpect\n\tsub/b.canvas canvas_deleted nodes=1 edges=0")
	})
}

// TestUnmounted deletes nothing when the directory where a share was mounted is there and empty.
func TestUnmounted(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var log bytes.Buffer
		s.opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		var mounted atomic.Bool
		mounted.Store(true)
		s.fsys = &faultFS{FS: otherDevice(s.path("sub"), mounted.Load), fast: true}
		s.opts.kindOf = func(string) kind { return unsure("FUSE") }
		s.play("script", "mkdir sub\nboard sub/a.canvas n1\nboard sub/b.canvas m1\nboard c.canvas k1\nstart\nwait")
		s.shown = len(s.book.lines())
		mounted.Store(false)
		if err := errors.Join(os.Rename(s.path("sub"), s.path("../share")), os.Mkdir(s.path("sub"), 0o755)); err != nil {
			t.Fatal(err)
		}
		s.tell("sub/a.canvas", false, true)
		s.play("script", "rm c.canvas\nwait 10m\nexpect\n\tc.canvas canvas_deleted nodes=1 edges=0")
		if got := strings.Count(log.String(), "level="); got != 1 {
			t.Errorf("%d things are said, want one:\n%s", got, log.String())
		}
		if err := errors.Join(os.Remove(s.path("sub")), os.Rename(s.path("../share"), s.path("sub"))); err != nil {
			t.Fatal(err)
		}
		mounted.Store(true)
		play(t, s, `
quiet board sub/a.canvas n1:1
wait
expect
	sub/a.canvas node_color_change n1 >1
quiet rm sub/b.canvas
wait
expect
	sub/b.canvas canvas_deleted nodes=1 edges=0
`)
	})
}

// otherDevice is the real file system with all that is below dir on another device, while something is mounted there.
func otherDevice(dir string, mounted func() bool) *oddFS {
	move := func(name string, info durable.Info, err error) (durable.Info, error) {
		if below(name, dir) && mounted() {
			info.ID.Device += 1000
		}
		return info, err
	}
	return &oddFS{
		FS: osFS(),
		stat: func(name string) (durable.Info, error) {
			info, err := osFS().Stat(name)
			return move(name, info, err)
		},
		open: func(name string) (durable.File, error) {
			f, err := osFS().Open(name, false)
			if err != nil {
				return nil, err
			}
			return oddFile{f, func() (durable.Info, error) {
				info, err := f.Stat()
				return move(name, info, err)
			}}, nil
		},
	}
}

// oddFile changes what a file says of itself.
type oddFile struct {
	durable.File
	stat func() (durable.Info, error)
}

func (f oddFile) Stat() (durable.Info, error) { return f.stat() }

func below(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+string(filepath.Separator))
}
