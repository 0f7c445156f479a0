package peer

import (
	"os"
	"runtime"
	"sync"

	"daybook/bench/event"

	"golang.org/x/sys/unix"
)

// Group is an ideal group commit: all who wait share one write and one fdatasync. It looks at nothing, takes no lock
// that another process would see, and knows no ids.
func Group() Kind {
	return Kind{Name: "group-commit", Many: true, Open: func(dir string, c Config) (Log, error) {
		data, err := create(dir, "events.json")
		if err != nil {
			return nil, err
		}
		return &group{sync: c.Sync, data: data, next: newBatch()}, nil
	}}
}

// group is a Log whose appends lead in turns: the first of a batch writes it, once the batch before is done.
type group struct {
	sync   bool
	data   *os.File
	events []event.Event

	leading sync.Mutex // held by who writes a batch
	at      int64

	mu   sync.Mutex // guards next
	next *batch
}

// batch is what is written together.
type batch struct {
	buf  []byte
	done chan struct{} // closed when it is written; err is set then
	err  error
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

func (g *group) Fill(events []event.Event) error { return fill(g.data, &g.at, events) }

func (g *group) Prepare(events []event.Event) error {
	g.events = events
	return nil
}

func (g *group) Append(i int) error {
	g.mu.Lock()
	b := g.next
	leads := len(b.buf) == 0
	b.buf = append(b.buf, g.events[i].Line...)
	g.mu.Unlock()
	if !leads {
		<-b.done
		return b.err
	}
	g.leading.Lock()
	defer g.leading.Unlock()
	runtime.Gosched() // whose batch has just been written comes along: fewer, larger batches are faster
	g.mu.Lock()
	g.next = newBatch()
	g.mu.Unlock()
	b.err = g.write(b.buf)
	close(b.done)
	return b.err
}

func (g *group) write(lines []byte) error {
	fd := int(g.data.Fd())
	n, err := unix.Pwrite(fd, lines, g.at)
	g.at += int64(n)
	if err != nil || !g.sync {
		return err
	}
	return unix.Fdatasync(fd)
}

func (g *group) Close() error { return g.data.Close() }
