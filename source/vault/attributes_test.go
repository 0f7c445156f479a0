package vault

import (
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"daybook/internal/durable"
)

// readCounter counts the reads of a file.
type readCounter struct {
	durable.File
	reads *atomic.Int64
}

func (f readCounter) ReadAt(p []byte, off int64) (int, error) {
	f.reads.Add(1)
	return f.File.ReadAt(p, off)
}

// TestAttributes: a board whose attributes have changed is read only if it looks changed, and one that can no longer be
// opened is noticed.
func TestAttributes(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var reads atomic.Int64
		var closed atomic.Bool
		odd := &oddFS{FS: osFS()}
		odd.open = func(name string) (durable.File, error) {
			if !strings.HasSuffix(name, ".canvas") {
				return osFS().Open(name, false)
			}
			if closed.Load() {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
			}
			f, err := osFS().Open(name, false)
			return readCounter{f, &reads}, err
		}
		s.fsys = &faultFS{FS: odd, fast: true}
		attr := func(name string) {
			s.tells.notices <- notice{name: s.path(name), attr: true}
			synctest.Wait()
		}
		s.play("script", "start\nboard a.canvas n1\nwait\nwait 1m\nexpect\n\ta.canvas canvas_created nodes=1 edges=0")
		reads.Store(0)
		for _, name := range []string{"a.canvas", ".", "none.canvas", "note.md", "a.canvas"} {
			attr(name)
			s.play("script", "wait")
		}
		if n := reads.Load(); n != 0 {
			t.Errorf("attributes alone have the board read %d times", n)
		}
		if err := os.Chmod(s.path("a.canvas"), 0o600); err != nil {
			t.Fatal(err)
		}
		attr("a.canvas")
		s.play("script", "wait")
		if n := reads.Load(); n == 0 && runtime.GOOS != "windows" { // where there are no modes
			t.Error("another mode does not have the board looked at")
		}
		closed.Store(true)
		attr("a.canvas")
		s.play("script", "wait\nexpect\n\ta.canvas canvas_unreadable reason=no permission")
		closed.Store(false)
		play(t, s, "board a.canvas n1:1\nwait\nexpect\n\ta.canvas node_color_change n1 >1")
	})
}
