package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

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
		"many":  {10, 10_100, queueLimit},
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
			text := strings.Repeat("x", c.text)
			line := `{"event_id":"1","timestamp":"2026-01-01T00:00:00Z","text":"` + text + `"}`
			event, err := daybook.ParseEvent([]byte(line))
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

// TestOneOrder hands what is recorded at once to all consumers in the same order, the events of a save together.
func TestOneOrder(t *testing.T) {
	var got [3][]string
	var consumers []Consumer
	for i := range got {
		consumers = append(consumers, Consumer{Name: fmt.Sprint(i), Consume: func(_ context.Context, r Recorded) error {
			got[i] = append(got[i], r.Type)
			return nil
		}})
	}
	consumers, err := prepareConsumers(consumers)
	if err != nil {
		t.Fatal(err)
	}
	all := startFeeds(t.Context(), consumers, slog.New(slog.DiscardHandler))
	var boards sync.WaitGroup
	const saves, events = 200, 4
	for b := range 4 {
		boards.Go(func() {
			for i := range saves {
				var save []Recorded
				for range events {
					save = append(save, Recorded{Type: fmt.Sprintf("%d/%d", b, i)})
				}
				all.tell(save)
			}
		})
	}
	boards.Wait()
	all.close()
	if len(got[0]) != 4*saves*events {
		t.Fatalf("%d events, want %d", len(got[0]), 4*saves*events)
	}
	for i, save := range got[0] {
		if save != got[0][i/events*events] {
			t.Fatalf("event %d is of save %s, in the midst of %s", i, save, got[0][i/events*events])
		}
	}
	for i := range got {
		if diff := cmp.Diff(got[0], got[i]); diff != "" {
			t.Fatalf("consumer %d got another order than consumer 0", i)
		}
	}
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
