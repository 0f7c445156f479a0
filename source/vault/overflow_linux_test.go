package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// gated is the system's own notifier, whose reader is held up until the gate is opened: what happens meanwhile fills
// the kernel's queue.
type gated struct {
	notifier
	gate     chan struct{}
	overflow chan struct{} // capacity 1: the notifier has said that notices were lost
	quit     chan struct{}
	notices  chan notice
	errs     chan error
}

func newGated() (*gated, error) {
	n, err := newFSNotify()
	if err != nil {
		return nil, err
	}
	return &gated{
		notifier: n, gate: make(chan struct{}), overflow: make(chan struct{}, 1), quit: make(chan struct{}),
		notices: make(chan notice), errs: make(chan error),
	}, nil
}

func (g *gated) Notices() <-chan notice { return g.notices }
func (g *gated) Errors() <-chan error   { return g.errs }

// forward passes on what the notifier says, from the opening of the gate on.
func (g *gated) forward() {
	<-g.gate
	for {
		select {
		case n := <-g.notifier.Notices():
			select {
			case g.notices <- n:
			case <-g.quit:
				return
			}
		case err := <-g.notifier.Errors():
			if errors.Is(err, errOverflow) {
				g.overflow <- struct{}{}
			}
			select {
			case g.errs <- err:
			case <-g.quit:
				return
			}
		case <-g.quit:
			return
		}
	}
}

// TestRealOverflow has more happen than the kernel keeps notices of, and then every board change, of which therefore
// nobody tells: the last state of each is recorded all the same.
func TestRealOverflow(t *testing.T) {
	data, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Fatal(err)
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, t.TempDir())
	do := func(words ...string) {
		t.Helper()
		if err := s.do(words, ""); err != nil {
			t.Fatal(err)
		}
	}
	const boards = 40
	var created, changed []string
	do("mkdir", "sub")
	for i := range boards {
		name := fmt.Sprintf("sub/%d.canvas", i)
		do("board", name, fmt.Sprintf("n%d", i))
		created = append(created, name+" canvas_created nodes=1 edges=0")
		changed = append(changed, fmt.Sprintf("%s node_color_change n%d >6", name, i))
	}
	do("board", "sub/gone.canvas", "g1")
	created = append(created, "sub/gone.canvas canvas_created nodes=1 edges=0")
	changed = append(changed, "sub/gone.canvas canvas_deleted nodes=1 edges=0")
	changed = append(changed, "sub/new.canvas canvas_created nodes=1 edges=0")
	for _, name := range []string{"ping", "pong"} {
		if err := s.write("sub/"+name, ""); err != nil {
			t.Fatal(err)
		}
	}
	held, err := newGated()
	if err != nil {
		t.Fatal(err)
	}
	forwarded := make(chan struct{})
	go func() { defer close(forwarded); held.forward() }()
	events := make(chan Recorded, 1000)
	var log bytes.Buffer // read when the watching has ended
	v, err := Open(s.root, s.book, &Options{
		Debounce: 30 * time.Millisecond, Absence: 150 * time.Millisecond, Rescan: time.Hour,
		Consumers: into(events),
		Logger:    slog.New(slog.NewTextHandler(&log, nil)),
		notify:    func() (notifier, error) { return held, nil },
		kindOf:    func(string) kind { return kind{name: "local"} },
		fsys:      &faultFS{FS: osFS(), fast: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := v.Run(ctx)
		ended <- err
	}()
	awaitEvents(ctx, t, "the boards", events, ended, created)

	// The kernel joins equal notices that follow each other, so two files take turns. Besides its queue there is room in
	// fsnotify's, and in the buffer that fsnotify reads into.
	ping, pong := s.path("sub/ping"), s.path("sub/pong")
	for i := 0; i < limit+16<<10; i += 2 {
		if err := errors.Join(os.Truncate(ping, int64(i)), os.Truncate(pong, int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range boards {
		do("board", fmt.Sprintf("sub/%d.canvas", i), fmt.Sprintf("n%d:5", i))
		do("backup-replace", fmt.Sprintf("sub/%d.canvas", i), fmt.Sprintf("n%d:6", i))
	}
	do("rm", "sub/gone.canvas")
	do("board", "sub/new.canvas", "k1")
	close(held.gate)
	select {
	case <-held.overflow:
	case <-ctx.Done():
		t.Fatal("the queue never overflowed")
	}
	awaitEvents(ctx, t, "the last states", events, ended, changed)
	// From here on the system tells again.
	do("board", "sub/0.canvas", "n0:1")
	awaitEvents(ctx, t, "an edit afterwards", events, ended, []string{"sub/0.canvas node_color_change n0 6>1"})
	cancel()
	if err := errors.Join(<-ended, v.Close()); err != nil {
		t.Error(err)
	}
	close(held.quit)
	<-forwarded
	if got := strings.Count(log.String(), "the whole vault is compared"); got < 1 {
		t.Errorf("nothing is said of the overflow:\n%s", log.String())
	}
}
