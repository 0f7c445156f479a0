package vault

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/durable"
)

// slowRead is a stage on which reading the board slow takes 200 ms the next time that slow is set. The board a is known.
func slowRead(t *testing.T, dir string) (s *stage, slow *atomic.Value) {
	s, slow = newStage(t, dir), &atomic.Value{}
	slow.Store("")
	odd := &oddFS{FS: osFS()}
	odd.open = func(name string) (durable.File, error) {
		if slow.CompareAndSwap(filepath.Base(name), "") {
			defer time.Sleep(200 * time.Millisecond)
		}
		return osFS().Open(name, false)
	}
	s.fsys = &faultFS{FS: odd, fast: true}
	s.play("script", "start\nboard a.canvas n1 n2\nwait\nexpect\n\ta.canvas canvas_created nodes=2 edges=0")
	return s, slow
}

// renamedAndSaved has the board a renamed to b, and saved again while it is read.
const renamedAndSaved = `
mv a.canvas b.canvas
wait 600ms
board b.canvas n1:1 n2
`

const renamedAndRecorded = `
expect
	b.canvas canvas_renamed id=a.canvas
	b.canvas node_color_change n1 >1
`

// TestSavedWhileRead: a renamed board that is saved again while it is read does not wait for itself.
func TestSavedWhileRead(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, slow := slowRead(t, dir)
		slow.Store("b.canvas")
		play(t, s, renamedAndSaved+"wait 1s"+renamedAndRecorded)
	})
}

// TestOccupiedWhileRead is the same for a board whose file may hold another one by now.
func TestOccupiedWhileRead(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, slow := slowRead(t, dir)
		s.play("script", "board b.canvas k1\nwait\nexpect\n\tb.canvas canvas_created nodes=1 edges=0")
		slow.Store("b.canvas")
		play(t, s, renamedAndSaved+`wait 1s
expect
	b.canvas node_added n1
	b.canvas node_added n2
	b.canvas node_removed k1
`)
	})
}

// TestStoppedWhileRead stops while such a board waits to be known: it is recorded all the same, and at once.
func TestStoppedWhileRead(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, slow := slowRead(t, dir)
		slow.Store("b.canvas")
		s.play("script", renamedAndSaved+"wait 200ms")
		began := time.Now()
		if err := s.stop(); err != nil || time.Since(began) > time.Second {
			t.Errorf("stopping took %v (%v)", time.Since(began), err)
		}
		s.play("script", renamedAndRecorded)
	})
}

// TestStopLimit ends when the limit has passed, also when nothing else happens at that moment: here a new board waits for
// one of which nothing is heard.
func TestStopLimit(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		if err := s.open(); err != nil {
			t.Fatal(err)
		}
		e := newEngine(s.vault, true)
		ctx, cancel := context.WithCancel(t.Context())
		var end context.CancelCauseFunc
		e.work, end = outlast(ctx, stopLimit)
		defer end(nil)
		e.quit = ctx.Done()
		e.agenda.busy["a.canvas"], e.agenda.busy["b.canvas"] = true, true
		e.newcomers["b.canvas"] = &newcomer{errand: errand{path: "b.canvas"}, since: time.Now()}
		cancel()
		began := time.Now()
		e.loop(ctx)
		if took := time.Since(began); took != stopLimit {
			t.Errorf("stopping took %v, want %v", took, stopLimit)
		}
		if err := s.vault.Close(); err != nil {
			t.Error(err)
		}
	})
}
