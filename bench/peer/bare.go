package peer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"daybook/bench/event"

	"golang.org/x/sys/unix"
)

// Locked is the least that an append by several processes can be: lock, write, fdatasync if it is to be durable,
// unlock.
func Locked() Kind {
	return Kind{Name: "locked-calls", Open: func(dir string, c Config) (Log, error) {
		return openBare(dir, c, true)
	}}
}

// Written is the least that an append by one process can be: write, and fdatasync if it is to be durable.
func Written() Kind {
	return Kind{Name: "calls", Open: func(dir string, c Config) (Log, error) { return openBare(dir, c, false) }}
}

// bare is a Log of bare system calls.
type bare struct {
	sync, locks bool
	next        []event.Event

	mu   sync.Mutex // held during an append
	lock *os.File
	data *os.File
	at   int64
}

func openBare(dir string, c Config, locks bool) (Log, error) {
	data, err := create(dir, "events.json")
	if err != nil {
		return nil, err
	}
	lock, err := create(dir, "lock")
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	return &bare{sync: c.Sync, locks: locks, lock: lock, data: data}, nil
}

func (b *bare) Fill(events []event.Event) error { return fill(b.data, &b.at, events) }

func (b *bare) Prepare(events []event.Event) error {
	b.next = events
	return nil
}

func (b *bare) Append(i int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.locks {
		return b.write(b.next[i].Line)
	}
	fd := int(b.lock.Fd())
	if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return errors.Join(b.write(b.next[i].Line), unix.Flock(fd, unix.LOCK_UN))
}

func (b *bare) write(line []byte) error {
	fd := int(b.data.Fd())
	n, err := unix.Pwrite(fd, line, b.at)
	b.at += int64(n)
	if err != nil || !b.sync {
		return err
	}
	return unix.Fdatasync(fd)
}

func (b *bare) Close() error { return errors.Join(b.lock.Close(), b.data.Close()) }

// create opens an empty file for reading and writing. Its Fd may be used for system calls that block.
func create(dir, name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make a file: %w", err)
	}
	return f, nil
}

// fill writes the lines of events with one write behind what is there, and moves at behind them.
func fill(f *os.File, at *int64, events []event.Event) error {
	var lines []byte
	for _, e := range events {
		lines = append(lines, e.Line...)
	}
	n, err := f.WriteAt(lines, *at)
	*at += int64(n)
	if err != nil {
		return fmt.Errorf("fill a file: %w", err)
	}
	return nil
}
