// Package peer has the ways of keeping events that are compared, each behind the same small interface.
package peer

import "daybook/bench/event"

// Log is one way of keeping events, opened on a directory of its own.
type Log interface {
	// Fill makes the log hold events, as quickly as it can: what is held before the measurement begins. It is called
	// before Prepare, any number of times.
	Fill(events []event.Event) error
	// Prepare is given the events of the next round, and does for them what a program would have done before it
	// appends. It is not measured.
	Prepare(events []event.Event) error
	// Append stores the i-th of the prepared events and returns when it is as durable as the log was opened for. It is
	// what is measured. Any number of goroutines may call it at once, each for events of its own.
	Append(i int) error
	// Close releases what the log holds.
	Close() error
}

// Config says how a Log is opened.
type Config struct {
	Sync    bool // Append returns when the event is on stable storage
	Writers int  // how many goroutines will append at once
}

// Kind is one of the ways.
type Kind struct {
	// Name is short and without spaces: it stands in the names of benchmarks.
	Name string
	// Shape is what kind of events it is given.
	Shape event.Shape
	// Open opens one in a directory that exists and is empty.
	Open func(dir string, c Config) (Log, error)
	// Grows is set if the cost of an event grows with what is held: such a one is only measured with one writer, and not
	// with more than a limit held.
	Grows bool
	// Unsynced is set if it has no way of waiting for the disk.
	Unsynced bool
	// One is set if it is for one writer, Many if it is for several. Neither: for any number.
	One, Many bool
}

// Suits reports whether a kind can be measured with so many writers, synced or not.
func (k Kind) Suits(sync bool, writers int) bool {
	switch {
	case sync && k.Unsynced, writers > 1 && (k.One || k.Grows), writers == 1 && k.Many:
		return false
	}
	return true
}

// All returns all kinds, the one that the others are compared with first.
func All() []Kind {
	return []Kind{
		Locked(), Daybook(), Group(), Written(), Parsed(), Plain(), Document(),
		Zerolog(), Slog(), BoltUpdate(), BoltBatch(), BoltSized(), SQLite(),
		Copied(), Dumped(),
	}
}
