package vault

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"
)

const (
	slowCall   = 2 * time.Second
	queueLimit = 10_000   // events that wait for one consumer; beyond it they are only counted
	queueBytes = 32 << 20 // of their lines; one event may wait whatever its size
	troubles   = 20       // different ones of a consumer that are logged
)

// feeds are the consumers at work in one run.
type feeds struct {
	ctx    context.Context // of all calls: outlasts the run's by feedLimit
	cancel context.CancelCauseFunc

	mu    sync.Mutex // held while events are queued, so that all consumers get them in one order
	feeds []*feed
}

// startFeeds starts a goroutine for each consumer. close ends them, but for one that a call does not give back.
func startFeeds(ctx context.Context, consumers []Consumer, log *slog.Logger) *feeds {
	all := &feeds{}
	all.ctx, all.cancel = outlast(ctx, feedLimit)
	for _, c := range consumers {
		f := &feed{
			Consumer: c, ctx: all.ctx, log: log.With("consumer", c.Name),
			wake: make(chan struct{}, 1), stuckNow: make(chan struct{}, 1), ended: make(chan struct{}),
			sum: ConsumerSummary{Name: c.Name}, said: map[string]bool{},
		}
		all.feeds = append(all.feeds, f)
		select {
		case c.turn <- struct{}{}:
			go f.run()
		default: // a call of an earlier run is still under way
			f.stuck = true
			go f.runInTurn()
		}
	}
	return all
}

// tell queues the events of one save.
func (all *feeds) tell(events []Recorded) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, f := range all.feeds {
		for _, r := range events {
			f.add(r)
		}
	}
}

// close waits until every consumer has got everything, but for none that is in a call of over 2 s, and not beyond the
// end of all.ctx. Calls that do not return then either are left behind.
func (all *feeds) close() []ConsumerSummary {
	for _, f := range all.feeds {
		f.finish()
	}
	for _, f := range all.feeds {
		f.wait()
	}
	all.cancel(nil)
	grace := time.NewTimer(leaveLimit)
	defer grace.Stop()
	over := false
	var sums []ConsumerSummary
	for _, f := range all.feeds {
		if !over {
			select {
			case <-f.ended:
			case <-grace.C:
				over = true
			}
		}
		sums = append(sums, f.leave())
	}
	return sums
}

// feed hands events to one consumer. Its goroutine makes the calls, a timer counts those that are slow.
type feed struct {
	Consumer
	ctx      context.Context
	log      *slog.Logger
	wake     chan struct{} // capacity 1: there is something to do
	stuckNow chan struct{} // capacity 1: stuck has become true
	ended    chan struct{}

	mu    sync.Mutex
	queue []Recorded
	bytes int       // of the queue's lines
	last  bool      // nothing more will be queued
	left  bool      // the run has ended: what happens now counts no more
	began time.Time // of the call under way; zero between calls
	slow  bool      // that call has been counted as slow
	stuck bool      // that call, or one of an earlier run, takes so long that the end of the run does not wait for it
	sum   ConsumerSummary
	said  map[string]bool
}

// add queues an event, or counts it as missed.
func (f *feed) add(r Recorded) {
	size := len(r.Event.Line())
	f.mu.Lock()
	room := len(f.queue) == 0 || len(f.queue) < queueLimit && f.bytes+size <= queueBytes
	if room {
		f.queue = append(f.queue, r)
		f.bytes += size
	} else {
		f.sum.Missed++
	}
	waiting := len(f.queue)
	f.mu.Unlock()
	signal(f.wake)
	if !room {
		f.say(slog.LevelWarn, "a consumer is too far behind: it misses events", r, "waiting", waiting)
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// runInTurn is run once the call of an earlier run has returned, unless this run ends before.
func (f *feed) runInTurn() {
	select {
	case f.turn <- struct{}{}:
	case <-f.ctx.Done():
		close(f.ended)
		return
	}
	f.mu.Lock()
	f.stuck = false
	f.mu.Unlock()
	f.run()
}

// run makes the calls, in the consumer's turn.
func (f *feed) run() {
	done := false
	defer func() {
		if !done { // the consumer has ended our goroutine, as testing.T.FailNow does
			go f.run()
			return
		}
		<-f.turn
		close(f.ended)
	}()
	for {
		r, ok := f.next()
		if !ok {
			done = true
			return
		}
		f.call(r)
	}
}

// next waits for an event to hand over; it reports false when there will be none.
func (f *feed) next() (Recorded, bool) {
	for {
		f.mu.Lock()
		if f.left || f.ctx.Err() != nil || f.last && len(f.queue) == 0 {
			f.mu.Unlock()
			return Recorded{}, false
		}
		if len(f.queue) > 0 {
			r := f.queue[0]
			f.queue[0] = Recorded{} // the array lives on
			f.queue = f.queue[1:]
			f.bytes -= len(r.Event.Line())
			f.sum.Calls++
			f.began, f.slow = time.Now(), false
			f.mu.Unlock()
			return r, true
		}
		f.mu.Unlock()
		select {
		case <-f.wake:
		case <-f.ctx.Done():
		}
	}
}

// call hands one event over. It returns, or ends the goroutine, when the consumer does.
func (f *feed) call(r Recorded) {
	ctx, cancel := context.WithTimeout(f.ctx, slowCall)
	defer cancel()
	call := f.sum.Calls // this goroutine alone changes it
	timer := time.AfterFunc(slowCall, func() { f.overdue(r, call) })
	defer timer.Stop()
	var err error
	returned := false
	defer func() {
		panicked := recover()
		at := ""
		if panicked != nil {
			at = panicPlace()
		}
		f.end(r, call, result{err: err, returned: returned, panicked: panicked, at: at})
	}()
	err = f.Consume(ctx, r)
	returned = true
}

// result is how a call ended.
type result struct {
	err      error
	returned bool
	panicked any
	at       string // where it panicked
}

// overdue counts a call as slow if it is still under way.
func (f *feed) overdue(r Recorded, call int) {
	f.mu.Lock()
	late := !f.left && !f.slow && !f.began.IsZero() && f.sum.Calls == call
	if late {
		f.slow, f.stuck = true, true
		f.sum.Slow++
	}
	f.mu.Unlock()
	if late {
		signal(f.stuckNow)
		f.say(slog.LevelWarn, "a consumer takes long over an event", r, "limit", slowCall)
	}
}

// end counts a call that has come to its end. The result of one that was left behind concerns nobody any more.
func (f *feed) end(r Recorded, call int, got result) {
	f.mu.Lock()
	took := time.Since(f.began)
	if took >= slowCall {
		f.mu.Unlock()
		f.overdue(r, call) // the timer may come too late
		f.mu.Lock()
	}
	f.began, f.stuck = time.Time{}, false
	left := f.left
	if !left {
		f.sum.took(took)
		switch {
		case !got.returned:
			f.sum.Panicked++
		case got.err != nil:
			f.sum.Failed++
		}
	}
	f.mu.Unlock()
	switch {
	case left:
	case got.panicked != nil:
		// Sprint, also for errors: their own method may panic.
		f.say(slog.LevelError, "a consumer panicked", r, "panic", fmt.Sprint(got.panicked), "at", got.at)
	case !got.returned:
		f.say(slog.LevelError, "a consumer ended its goroutine", r)
	case got.err != nil:
		f.say(slog.LevelWarn, "a consumer failed", r, "error", fmt.Sprint(got.err))
	}
}

// took adds the time of a call.
func (s *ConsumerSummary) took(d time.Duration) {
	s.Total += d
	s.Longest = max(s.Longest, d)
}

// say logs a trouble with the event that it came up with: each different one once, and a limited number of them. What
// args say tells troubles apart, unless they are numbers.
func (f *feed) say(level slog.Level, message string, r Recorded, args ...any) {
	key := message
	for _, a := range args {
		if s, ok := a.(string); ok {
			s, _ = headOf(s, longestKept)
			key += "\x00" + s
		}
	}
	f.mu.Lock()
	known, n := f.said[key], len(f.said)
	if !known && n <= troubles {
		f.said[key] = true
	}
	f.mu.Unlock()
	switch {
	case known || n > troubles:
		return
	case n == troubles:
		f.log.Warn("a consumer has more and more different troubles: from now on they are only counted")
		return
	}
	for i, a := range args {
		if s, ok := a.(string); ok {
			s, _ = headOf(s, longestKept)
			args[i] = strings.ReplaceAll(s, "\n", "; ")
		}
	}
	args = append(args, "event_id", r.Event.ID(), "canvas_id", r.CanvasID)
	f.log.Log(context.WithoutCancel(f.ctx), level, message, args...)
}

// panicPlace is where the panic arose that is being recovered, as FUNCTION (FILE:LINE).
func panicPlace() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	thrown := false
	for {
		frame, more := frames.Next()
		ours := strings.HasPrefix(frame.Function, "runtime.")
		if thrown && !ours {
			return fmt.Sprintf("%s (%s:%d)", frame.Function, frame.File, frame.Line)
		}
		thrown = thrown || frame.Function == "runtime.gopanic"
		if !more {
			return ""
		}
	}
}

// finish says that nothing more will be queued.
func (f *feed) finish() {
	f.mu.Lock()
	f.last = true
	f.mu.Unlock()
	signal(f.wake)
}

// wait waits until everything is handed over, the consumer is stuck, or time is up.
func (f *feed) wait() {
	for {
		f.mu.Lock()
		stuck := f.stuck
		f.mu.Unlock()
		if stuck {
			return
		}
		select {
		case <-f.ended:
			return
		case <-f.stuckNow: // it may be so no more
		case <-f.ctx.Done():
			return
		}
	}
}

// leave ends the counting. A call that is under way is left behind.
func (f *feed) leave() ConsumerSummary {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = true
	if !f.began.IsZero() {
		f.sum.Unfinished++
		f.sum.took(time.Since(f.began))
	}
	f.sum.Missed += len(f.queue)
	f.queue, f.bytes = nil, 0
	return f.sum
}
