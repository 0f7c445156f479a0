package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// watching is a Run with consumers on a stage, and what it comes to.
type watching struct {
	*stage
	log logged
	end func() Summary // ends the Run, within 2 s
}

func watch(t *testing.T, dir string, consumers ...Consumer) *watching {
	t.Helper()
	w := &watching{stage: newStage(t, dir)}
	w.opts.Consumers = consumers
	w.opts.Logger = slog.New(slog.NewTextHandler(&w.log, nil))
	if err := w.open(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan Summary)
	go func() {
		sum, err := w.vault.Run(ctx)
		if err != nil {
			t.Errorf("Run: %v", err)
		}
		ended <- sum
	}()
	synctest.Wait()
	w.end = func() Summary {
		began := time.Now()
		cancel()
		sum := <-ended
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the run ended after %v, want within 2 s", took)
		}
		if err := w.vault.Close(); err != nil {
			t.Error(err)
		}
		return sum
	}
	return w
}

// save saves a board; a second from now it is recorded.
func (w *watching) save(items ...string) {
	w.t.Helper()
	if err := w.do(append([]string{"board", "a.canvas"}, items...), ""); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Second)
}

// takes is what a consumer does that takes its time and heeds no context.
func takes(d time.Duration) func(context.Context, Recorded) error {
	return func(context.Context, Recorded) error {
		time.Sleep(d)
		return nil
	}
}

// TestConsumersApart: what one consumer does harms neither the others nor the recording, and is counted.
func TestConsumersApart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		const saves, longest = 30, 29600 * time.Millisecond
		type arrival struct {
			event string
			delay time.Duration
		}
		var good [2][]arrival
		note := func(i int) Consumer {
			return Consumer{Name: fmt.Sprintf("good %d", i), Consume: func(_ context.Context, r Recorded) error {
				good[i] = append(good[i], arrival{notation(t, string(r.Event.Line())), time.Since(r.Event.Time())})
				return nil
			}}
		}
		release := make(chan struct{})
		w := watch(
			t, dir,
			note(0),
			Consumer{Name: "failing", Consume: func(context.Context, Recorded) error {
				return errors.New("no room\nhere")
			}},
			Consumer{Name: "panicking", Consume: func(_ context.Context, r Recorded) error {
				return []error{}[len(r.EdgeID)]
			}},
			Consumer{Name: "hanging", Consume: func(context.Context, Recorded) error {
				<-release
				return errors.New("much later")
			}},
			Consumer{Name: "slow", Consume: takes(3 * time.Second)},
			note(1),
		)
		w.save("n")
		want := []arrival{{"a.canvas canvas_created nodes=1 edges=0", 0}}
		for i := range saves - 1 {
			w.save(fmt.Sprintf("n:%d", i+1))
			was := fmt.Sprint(i)
			if i == 0 {
				was = ""
			}
			change := fmt.Sprintf("a.canvas node_color_change n %s>%d", was, i+1)
			want = append(want, arrival{change, 500 * time.Millisecond})
		}
		sum := w.end()
		for i, got := range good {
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(arrival{})); diff != "" {
				t.Errorf("what good consumer %d got (-want +got):\n%s", i, diff)
			}
		}
		// The first event came after 0.5 s, the end after 30 s, and 0.1 s later the calls under way were left behind.
		wantSum := []ConsumerSummary{
			{Name: "good 0", Calls: saves},
			{Name: "failing", Calls: saves, Failed: saves},
			{Name: "panicking", Calls: saves, Panicked: saves},
			{Name: "hanging", Calls: 1, Unfinished: 1, Slow: 1, Missed: saves - 1, Total: longest, Longest: longest},
			{Name: "slow", Calls: 10, Unfinished: 1, Slow: 10, Missed: 20, Total: longest, Longest: 3 * time.Second},
			{Name: "good 1", Calls: saves},
		}
		if diff := cmp.Diff(wantSum, sum.Consumers); diff != "" {
			t.Errorf("consumers (-want +got):\n%s", diff)
		}
		if sum.Events != saves || sum.Saves != saves || sum.Retries != 0 || sum.Lost != 0 {
			t.Errorf("the summary is %+v, want %d events", sum, saves)
		}
		close(release)
		time.Sleep(time.Minute)
		for _, c := range [][]string{
			{"consumer=failing", "a consumer failed", `error="no room; here"`, "canvas_id=a.canvas", "event_id=evt_"},
			{"consumer=panicking", "index out of range", "apart_test.go:", "vault.TestConsumersApart"},
			{"consumer=hanging", "takes long"},
			{"consumer=slow", "takes long"},
		} {
			if n := w.log.count(c...); n != 1 {
				t.Errorf("%d lines with %q, want 1", n, c)
			}
		}
		if n := w.log.count(""); n != 4 {
			t.Errorf("%d lines are logged, want 4:\n%s", n, w.log.buf.String())
		}
	})
}

// TestSlowAtOnce counts a call as slow when its 2 s pass, and ends its context then.
func TestSlowAtOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		w := watch(t, dir, Consumer{Name: "heeds", Consume: func(ctx context.Context, _ Recorded) error {
			if calls++; calls > 1 {
				return nil
			}
			began := time.Now()
			<-ctx.Done()
			if took := time.Since(began); took != 2*time.Second || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Errorf("the context ended after %v with %v, want after 2 s", took, ctx.Err())
			}
			time.Sleep(time.Hour)
			return ctx.Err()
		}})
		w.save("n") // the call begins after 0.5 s
		time.Sleep(1499 * time.Millisecond)
		if n := w.log.count("takes long"); n != 0 {
			t.Errorf("after 1.999 s the call counts as slow already")
		}
		time.Sleep(2 * time.Millisecond)
		if n := w.log.count("takes long", "limit=2s", "canvas_id=a.canvas"); n != 1 {
			t.Errorf("after 2.001 s the log has %d lines on it, want 1", n)
		}
		time.Sleep(2 * time.Hour)
		w.save("n:1")
		const took = time.Hour + 2*time.Second
		want := []ConsumerSummary{{Name: "heeds", Calls: 2, Failed: 1, Slow: 1, Total: took, Longest: took}}
		if diff := cmp.Diff(want, w.end().Consumers); diff != "" {
			t.Errorf("consumers (-want +got):\n%s", diff)
		}
	})
}

// TestRunEndsConsumers gives a consumer that has work left until shortly before the run must have ended, and then ends
// the context of its call.
func TestRunEndsConsumers(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := watch(
			t, dir,
			Consumer{Name: "quick enough", Consume: takes(time.Second / 3)},
			Consumer{Name: "not", Consume: func(ctx context.Context, _ Recorded) error {
				select {
				case <-time.After(1500 * time.Millisecond):
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}},
		)
		w.save("n1")
		w.save("n1:1", "n2", "n3", "n4")
		sum := w.end() // the first are at the second of five events, the others in the middle of it
		want := []ConsumerSummary{
			{Name: "quick enough", Calls: 5, Total: 5 * (time.Second / 3), Longest: time.Second / 3},
			{Name: "not", Calls: 3, Failed: 1, Missed: 2, Total: 3200 * time.Millisecond, Longest: 1500 * time.Millisecond},
		}
		if diff := cmp.Diff(want, sum.Consumers); diff != "" {
			t.Errorf("consumers (-want +got):\n%s", diff)
		}
		if n := w.log.count("a consumer failed", "context canceled"); n != 1 {
			t.Errorf("%d lines on the call that was ended, want 1:\n%s", n, w.log.buf.String())
		}
	})
}

// TestCatchUpWaits for consumers as long as they get on, whatever that takes, and for none that does not.
func TestCatchUpWaits(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		release := make(chan struct{})
		var calling, atOnce int
		s.opts.Consumers = []Consumer{
			{Name: "steady", Consume: takes(time.Second)},
			{Name: "hanging", Consume: func(context.Context, Recorded) error {
				calling++
				atOnce = max(atOnce, calling)
				<-release
				calling--
				return nil
			}},
		}
		v, err := Open(s.root, s.book, s.options())
		if err != nil {
			t.Fatal(err)
		}
		catchUp := func(want ...ConsumerSummary) {
			t.Helper()
			sum, err := v.CatchUp(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, sum.Consumers); diff != "" {
				t.Errorf("consumers (-want +got):\n%s", diff)
			}
		}
		edit := func(color string) {
			t.Helper()
			items := []string{"board", "a.canvas"}
			for i := range 20 {
				items = append(items, fmt.Sprintf("n%d%s", i, color))
			}
			if err := s.do(items, ""); err != nil {
				t.Fatal(err)
			}
		}
		edit("")
		const left = 2100 * time.Millisecond
		catchUp(
			ConsumerSummary{Name: "steady", Calls: 1, Total: time.Second, Longest: time.Second},
			ConsumerSummary{Name: "hanging", Calls: 1, Unfinished: 1, Slow: 1, Total: left, Longest: left},
		)
		// The call of the first run is still under way: there is no other one beside it.
		edit(":1")
		catchUp(
			ConsumerSummary{Name: "steady", Calls: 20, Total: 20 * time.Second, Longest: time.Second},
			ConsumerSummary{Name: "hanging", Missed: 20},
		)
		close(release)
		synctest.Wait()
		edit(":2")
		catchUp(
			ConsumerSummary{Name: "steady", Calls: 20, Total: 20 * time.Second, Longest: time.Second},
			ConsumerSummary{Name: "hanging", Calls: 20},
		)
		if atOnce != 1 {
			t.Errorf("%d calls at once, want 1", atOnce)
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
}

// nilError is an error whose own method panics.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// TestOddEnds survives errors that cannot be printed, nil panics and goroutines that are ended.
func TestOddEnds(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var broken *nilError
		calls := 0
		w := watch(t, dir, Consumer{Name: "odd", Consume: func(context.Context, Recorded) error {
			switch calls++; calls {
			case 1:
				return broken
			case 2:
				panic(nil)
			case 3:
				runtime.Goexit()
			case 4:
				panic(broken)
			}
			return nil
		}})
		for i := range 6 {
			w.save(fmt.Sprintf("n:%d", i))
		}
		want := []ConsumerSummary{{Name: "odd", Calls: 6, Failed: 1, Panicked: 3}}
		if diff := cmp.Diff(want, w.end().Consumers); diff != "" {
			t.Errorf("consumers (-want +got):\n%s", diff)
		}
		if n := w.log.count("ended its goroutine"); n != 1 {
			t.Errorf("the ended goroutine is logged %d times, want once:\n%s", n, w.log.buf.String())
		}
	})
}

// TestConsumerCloses its own vault, which does not wait for it.
func TestConsumerCloses(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var v *Vault
		closed := make(chan error, 1)
		s.opts.Consumers = []Consumer{{Name: "closes", Consume: func(context.Context, Recorded) error {
			closed <- v.Close()
			return nil
		}}}
		var err error
		if v, err = Open(s.root, s.book, s.options()); err != nil {
			t.Fatal(err)
		}
		if err := s.do([]string{"board", "a.canvas", "n"}, ""); err != nil {
			t.Fatal(err)
		}
		sum, err := v.Run(t.Context())
		if err != nil || sum.Events != 1 || sum.Consumers[0].Unfinished != 1 {
			t.Errorf("got %+v, %v; want one event, its call left behind", sum, err)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}
