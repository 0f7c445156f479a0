package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
)

// logged is a log that goroutines may write and read at once.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// count counts the lines of the log that have all the words.
func (l *logged) count(words ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for line := range strings.Lines(l.buf.String()) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			n++
		}
	}
	return n
}

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

func ignore(context.Context, Recorded) error { return nil }

// TestConsumersApart: what one consumer does harms neither the others nor the recording, and is counted.
func TestConsumersApart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		const saves = 30
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
			Consumer{Name: "failing", Consume: func(context.Context, Recorded) error { return errors.New("no room\nhere") }},
			Consumer{Name: "panicking", Consume: func(context.Context, Recorded) error {
				var none map[string]int
				none["x"] = 1
				return nil
			}},
			Consumer{Name: "hanging", Consume: func(context.Context, Recorded) error { <-release; return errors.New("much later") }},
			Consumer{Name: "slow", Consume: func(context.Context, Recorded) error { time.Sleep(3 * time.Second); return nil }},
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
			want = append(want, arrival{fmt.Sprintf("a.canvas node_color_change n %s>%d", was, i+1), 500 * time.Millisecond})
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
			{Name: "hanging", Calls: 1, Unfinished: 1, Slow: 1, Missed: saves - 1, Total: 29600 * time.Millisecond, Longest: 29600 * time.Millisecond},
			{Name: "slow", Calls: 10, Unfinished: 1, Slow: 10, Missed: 20, Total: 29600 * time.Millisecond, Longest: 3 * time.Second},
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
			{"consumer=panicking", "nil map", "consumer_test.go:", "vault.TestConsumersApart"},
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
		want := []ConsumerSummary{{
			Name: "heeds", Calls: 2, Failed: 1, Slow: 1, Total: time.Hour + 2*time.Second, Longest: time.Hour + 2*time.Second,
		}}
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
			Consumer{Name: "quick enough", Consume: func(context.Context, Recorded) error { time.Sleep(time.Second / 3); return nil }},
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
			{Name: "steady", Consume: func(context.Context, Recorded) error { time.Sleep(time.Second); return nil }},
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
		catchUp(
			ConsumerSummary{Name: "steady", Calls: 1, Total: time.Second, Longest: time.Second},
			ConsumerSummary{
				Name: "hanging", Calls: 1, Unfinished: 1, Slow: 1, Total: 2100 * time.Millisecond, Longest: 2100 * time.Millisecond,
			},
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

// TestConsumerTakesItsTurn: a run that goes on while a call of the run before returns makes its calls then.
func TestConsumerTakesItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var got []string
		consumers, err := prepareConsumers([]Consumer{{Name: "late", Consume: func(_ context.Context, r Recorded) error {
			<-release
			got = append(got, r.Type)
			return nil
		}}})
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		first := startFeeds(t.Context(), consumers, log)
		first.tell([]Recorded{{Type: "1"}, {Type: "2"}})
		synctest.Wait()
		first.close()
		second := startFeeds(t.Context(), consumers, log)
		second.tell([]Recorded{{Type: "3"}, {Type: "4"}})
		synctest.Wait()
		close(release)
		synctest.Wait()
		want := []ConsumerSummary{{Name: "late", Calls: 2}}
		if diff := cmp.Diff(want, second.close()); diff != "" {
			t.Errorf("the second run (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"1", "3", "4"}, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestQueueIsBounded keeps a limited number and a limited size of events for a consumer that is stuck, and hands these
// over in their order when it goes on.
func TestQueueIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		text         int // bytes of each event's text
		events, kept int
	}{
		"many":  {10, 12_000, queueLimit},
		"large": {1 << 20, 100, 31},
		"huge":  {33 << 20, 3, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			var got, good int
			consumers, err := prepareConsumers([]Consumer{
				{Name: "stuck", Consume: func(_ context.Context, r Recorded) error {
					<-release
					if want := fmt.Sprint(got); r.Type != want {
						t.Errorf("%s: got event %s, want %s", name, r.Type, want)
					}
					got++
					return nil
				}},
				{Name: "good", Consume: func(context.Context, Recorded) error { good++; return nil }},
			})
			if err != nil {
				t.Fatal(err)
			}
			var log logged
			all := startFeeds(t.Context(), consumers, slog.New(slog.NewTextHandler(&log, nil)))
			event, err := daybook.ParseEvent([]byte(`{"event_id":"1","timestamp":"2026-01-01T00:00:00Z","text":"` + strings.Repeat("x", c.text) + `"}`))
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.events {
				all.tell([]Recorded{{Event: event, Type: fmt.Sprint(i)}})
				if i%100 == 0 || c.text > 10 {
					synctest.Wait() // the first event is with the stuck consumer, the good one has them all
				}
			}
			f := all.feeds[0]
			if n, size := len(f.queue), f.bytes; n != c.kept || n > 1 && size > queueBytes {
				t.Errorf("%s: %d events of %d bytes wait, want %d", name, n, size, c.kept)
			}
			if n := log.count("too far behind", "consumer=stuck"); n != 1 && c.kept+1 < c.events {
				t.Errorf("%s: that it is behind is logged %d times, want once", name, n)
			}
			close(release)
			sums := all.close()
			want := ConsumerSummary{Name: "stuck", Calls: c.kept + 1, Missed: c.events - c.kept - 1}
			if diff := cmp.Diff(want, sums[0]); diff != "" || got != c.kept+1 {
				t.Errorf("%s: got %d events (-want +got):\n%s", name, got, diff)
			}
			if f.bytes != 0 || good != c.events || sums[1].Missed != 0 {
				t.Errorf("%s: %d bytes are left, and the good one got %d of %d events", name, f.bytes, good, c.events)
			}
		})
	}
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

// TestTroublesAreLoggedOnce, each different one, and not without end when each is another.
func TestTroublesAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logged
		i := 0
		consumers, err := prepareConsumers([]Consumer{
			{Name: "two", Consume: func(_ context.Context, r Recorded) error {
				i++
				return []error{nil, errors.New("one"), errors.New("other")}[i%3]
			}},
			{Name: "many", Consume: func(_ context.Context, r Recorded) error { return fmt.Errorf("event %s", r.Type) }},
		})
		if err != nil {
			t.Fatal(err)
		}
		all := startFeeds(t.Context(), consumers, slog.New(slog.NewTextHandler(&log, nil)))
		for i := range 3000 {
			all.tell([]Recorded{{Type: fmt.Sprint(i)}})
		}
		sums := all.close()
		if sums[0].Failed != 2000 || sums[1].Failed != 3000 {
			t.Errorf("%d and %d calls failed, want 2000 and 3000", sums[0].Failed, sums[1].Failed)
		}
		for _, c := range []struct {
			words []string
			want  int
		}{
			{[]string{"consumer=two", "error=one"}, 1},
			{[]string{"consumer=two", "error=other"}, 1},
			{[]string{"consumer=many", "a consumer failed"}, troubles},
			{[]string{"consumer=many", "only counted"}, 1},
			{nil, troubles + 3},
		} {
			if got := log.count(c.words...); got != c.want {
				t.Errorf("%d lines with %q, want %d", got, c.words, c.want)
			}
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

// TestConsumersRefused names what is wrong with them.
func TestConsumersRefused(t *testing.T) {
	for _, c := range []struct {
		consumers []Consumer
		want      string
	}{
		{[]Consumer{{"a", ignore, nil}, {"", ignore, nil}}, "consumer 2 has no name"},
		{[]Consumer{{"a", nil, nil}}, `consumer "a" has no function`},
		{[]Consumer{{"a", ignore, nil}, {"b", ignore, nil}, {"a", ignore, nil}}, `two consumers are called "a"`},
	} {
		s := newStage(t, t.TempDir())
		_, err := Open(s.root, s.book, &Options{Consumers: c.consumers})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		v, err := Open(s.root, s.book, nil) // it is not being watched
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestRecorded tells what an event is about without its JSON.
func TestRecorded(t *testing.T) {
	for _, lengths := range []bool{false, true} {
		s := newStage(t, t.TempDir())
		var got []string
		s.opts = Options{TextLengths: lengths, Consumers: []Consumer{{Name: "test", Consume: func(_ context.Context, r Recorded) error {
			before, after := r.Change()
			file, err := filepath.Rel(s.root, r.File)
			got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%s",
				r.CanvasID, filepath.ToSlash(file), r.Type, r.NodeID, r.NodeType, r.EdgeID, before, after))
			return err
		}}}}
		v, err := Open(s.root, s.book, s.options())
		if err != nil {
			t.Fatal(err)
		}
		from := ""
		for i, board := range []string{
			`{"nodes":[{"id":"n","type":"text","text":"old","x":0}],"edges":[{"id":"e","label":"l"}]}`,
			`{"nodes":[{"id":"n","type":"text","text":"new","x":1,"color":"1"},{"id":"m","type":"file"}],"edges":[{"id":"e"},{"id":"f"}]}`,
			`{"nodes":[{"id":"m","type":"file"}],"edges":[{"id":"e"}]}`,
			`{"nodes":[{"id":"m","type":"file"}],"edges":[{"id":"e"}]}`,
			``,
		} {
			save := Save{Path: "sub/a.canvas", From: from}
			if board != "" {
				save.Board = parse(t, board)
			}
			if i == 3 {
				save.Path, save.From, from = "b.canvas", "sub/a.canvas", "b.canvas"
			}
			if i == 4 {
				save.Path, save.From = "b.canvas", ""
			}
			all := startFeeds(t.Context(), v.opts.Consumers, s.opts.withDefaults().Logger)
			v.rec.tell = all.tell
			if err := v.rec.Record(t.Context(), save); err != nil {
				t.Fatal(err)
			}
			all.close()
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		text, node, edge := "old|new", `{"id":"n","type":"text","text":"new","x":1,"color":"1"}`, `{"label":"l"}`
		if lengths {
			text, node, edge = "|", `{"id":"n","type":"text","text_length":3,"x":1,"color":"1"}`, `{"label_length":1}`
		}
		want := []string{
			"sub/a.canvas|sub/a.canvas|canvas_created|||||",
			"sub/a.canvas|sub/a.canvas|node_color_change|n|text|||1",
			"sub/a.canvas|sub/a.canvas|node_text_change|n|text||" + text,
			`sub/a.canvas|sub/a.canvas|node_moved|n|text||{"x":0}|{"x":1}`,
			`sub/a.canvas|sub/a.canvas|node_added|m|file|||{"id":"m","type":"file"}`,
			`sub/a.canvas|sub/a.canvas|edge_changed|||e|` + edge + `|{}`,
			`sub/a.canvas|sub/a.canvas|edge_added|||f||{"id":"f"}`,
			`sub/a.canvas|sub/a.canvas|node_removed|n|text||` + node + `|`,
			`sub/a.canvas|sub/a.canvas|edge_removed|||f|{"id":"f"}|`,
			"b.canvas|b.canvas|canvas_renamed||||sub/a.canvas|b.canvas",
			"b.canvas|b.canvas|canvas_deleted|||||",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("lengths %v: events (-want +got):\n%s", lengths, diff)
		}
	}
	if before, after := (Recorded{}).Change(); before != "" || after != "" {
		t.Errorf("the zero Recorded has changed from %q to %q", before, after)
	}
}
