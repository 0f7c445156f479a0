package vault

import (
	"log/slog"
	"sync"
	"time"
)

const (
	slowTelling = 2 * time.Second
	untoldLimit = 10_000 // events that wait to be told; beyond it they are only counted
)

// teller calls Options.Recorded, one event at a time, so that one that hangs or panics holds nobody up.
type teller struct {
	call   func(Recorded)
	logger *slog.Logger
	ended  chan struct{}
	wake   chan struct{} // capacity 1: there is something to do

	mu           sync.Mutex
	queue        []Recorded
	closed       bool
	slow, untold int
}

// startTeller starts the teller's goroutine, which close ends. It returns nil if there is nobody to tell.
func startTeller(call func(Recorded), logger *slog.Logger) *teller {
	if call == nil {
		return nil
	}
	t := &teller{call: call, logger: logger, ended: make(chan struct{}), wake: make(chan struct{}, 1)}
	go t.run()
	return t
}

func (t *teller) tell(r Recorded) {
	if t == nil {
		return
	}
	t.mu.Lock()
	if len(t.queue) < untoldLimit {
		t.queue = append(t.queue, r)
	} else {
		t.untold++
	}
	t.mu.Unlock()
	t.signal()
}

func (t *teller) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *teller) run() {
	defer close(t.ended)
	for range t.wake {
		for {
			t.mu.Lock()
			if len(t.queue) == 0 {
				closed := t.closed
				t.mu.Unlock()
				if closed {
					return
				}
				break
			}
			next := t.queue[0]
			t.queue = t.queue[1:]
			t.mu.Unlock()
			t.one(next)
		}
	}
}

func (t *teller) one(r Recorded) {
	start := time.Now()
	defer func() {
		took, panicked := time.Since(start), recover()
		t.mu.Lock()
		defer t.mu.Unlock()
		if panicked != nil {
			t.untold++
			t.logger.Error("what is told of recorded events panicked", "panic", panicked)
		}
		if took > slowTelling {
			t.slow++
			t.logger.Warn("what is told of recorded events is slow", "took", took)
		}
	}()
	t.call(r)
}

// close waits up to limit until everything is told, and adds what went wrong to s. A call that hangs is left behind.
func (t *teller) close(limit time.Duration, s *Summary) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.signal()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	hung := 0
	select {
	case <-t.ended:
	case <-timer.C:
		hung = 1
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Slow += t.slow + hung
	s.Untold += t.untold + len(t.queue) + hung
	if hung > 0 {
		t.queue = nil
	}
}
