package vault

import (
	"testing"
	"time"
)

// TestAgenda plays touches, in milliseconds after the start, and says when the board is due.
func TestAgenda(t *testing.T) {
	for _, test := range []struct {
		name    string
		touches []int
		due     int
	}{
		{"one change", []int{0}, 500},
		{"left alone since the last change", []int{0, 100, 400}, 900},
		{"keeps changing", []int{0, 400, 800, 1200, 1600, 2000, 2400, 2800, 3200, 3600, 4000, 4400, 4800}, 5000},
		{"not before the last change has settled", []int{0, 499}, 999},
	} {
		start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		a := newAgenda(500*time.Millisecond, 5*time.Second)
		for _, ms := range test.touches {
			a.touch("a.canvas", start.Add(time.Duration(ms)*time.Millisecond))
		}
		due := start.Add(time.Duration(test.due) * time.Millisecond)
		if got, ok := a.next(); !ok || !got.Equal(due) {
			t.Errorf("%s: due after %v, want %v", test.name, got.Sub(start), due.Sub(start))
		}
		if _, _, ok := a.take(due.Add(-1)); ok {
			t.Errorf("%s: handed out too early", test.name)
		}
		if _, _, ok := a.take(due); !ok {
			t.Errorf("%s: not handed out when it was due", test.name)
		}
	}
}

// TestAgendaOneAtATime hands out no board a second time while it is being looked at, and forgets no change meanwhile.
func TestAgendaOneAtATime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := newAgenda(time.Second, 5*time.Second)
	a.found("a.canvas", now, true)
	path, it, ok := a.take(now)
	if !ok || path != "a.canvas" || !it.late {
		t.Fatalf("take gives %q %v %v", path, it, ok)
	}
	a.touch("a.canvas", now)
	if _, _, ok := a.take(now.Add(time.Minute)); ok {
		t.Error("handed out while it was busy")
	}
	if _, ok := a.next(); ok {
		t.Error("a busy board is due")
	}
	a.done("a.canvas")
	if _, it, ok := a.take(now.Add(time.Second)); !ok || it.late {
		t.Errorf("after it was done: %v, late %v; want it, and no longer late", ok, it.late)
	}
}

// TestAgendaAgain looks again at the earlier of two times, and a change puts that off.
func TestAgendaAgain(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := newAgenda(time.Second, 5*time.Second)
	a.again("a.canvas", now.Add(3*time.Second), false)
	a.again("a.canvas", now.Add(2*time.Second), false)
	a.again("a.canvas", now.Add(4*time.Second), false)
	if at, _ := a.next(); at.Sub(now) != 2*time.Second {
		t.Errorf("due after %v, want 2s", at.Sub(now))
	}
	a.touch("a.canvas", now.Add(1900*time.Millisecond))
	if at, _ := a.next(); at.Sub(now) != 2900*time.Millisecond {
		t.Errorf("due after %v, want 2.9s: a change has to settle", at.Sub(now))
	}
	a.again("b.canvas", now.Add(time.Hour), false)
	a.hurry(now)
	if _, _, ok := a.take(now); !ok {
		t.Error("a changed board is not due at the end")
	}
	if at, ok := a.next(); ok {
		t.Errorf("at the end something is due at %v: what was only to be looked at again should be dropped", at)
	}
}
