package crashtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Ledger is what a test has given to the program and what it was told, to be compared with what is on the disk.
type Ledger struct {
	given  map[event]promise
	pieces []piece
	files  map[string]string // that have been acknowledged, by their paths

	foreign map[string]bool // files that are not compared
	gone    map[event]bool  // may be gone where a day says that it was deleted
	failed  bool            // a write or a sync has failed
}

// event is a line of a day's file, without its newline.
type event struct{ day, line string }

// promise is how much has been said of an event.
type promise int

const (
	open   promise = iota // given, and nothing said: it may be there
	kernel                // acknowledged; a power cut may take it
	stable                // acknowledged and on stable storage
)

// piece is bytes of a day file that are no events and must not go, but into quarantine.
type piece struct{ day, bytes string }

// NewLedger returns one without an entry.
func NewLedger() *Ledger {
	return &Ledger{given: map[event]promise{}, files: map[string]string{}, foreign: map[string]bool{}, gone: map[event]bool{}}
}

// Clone returns a copy: what is written to one is not in the other.
func (l *Ledger) Clone() *Ledger {
	return &Ledger{maps.Clone(l.given), slices.Clone(l.pieces), maps.Clone(l.files), maps.Clone(l.foreign), maps.Clone(l.gone), l.failed}
}

// Give takes note that a line, as it is to be stored, is being handed to the program.
func (l *Ledger) Give(day, line string) {
	e := event{day, line}
	if _, ok := l.given[e]; !ok {
		l.given[e] = open
	}
}

// Ack takes note that the program has acknowledged a line; durable says that it has promised it to be on stable storage.
func (l *Ledger) Ack(day, line string, durable bool) {
	e, p := event{day, line}, kernel
	switch {
	case durable:
		p = stable
	case l.failed: // A3: a copy that is in the kernel only may be one that a failed sync has dropped
		p = open
	}
	l.given[e] = max(l.given[e], p)
}

// Stable takes note that all that was acknowledged is on stable storage now.
func (l *Ledger) Stable() {
	for e, p := range l.given {
		if p == kernel {
			l.given[e] = stable
		}
	}
}

// Forget takes note that what was acknowledged and is not on stable storage may be gone: the power was cut, or a sync
// failed.
func (l *Ledger) Forget() {
	for e, p := range l.given {
		if p == kernel {
			l.given[e] = open
		}
	}
}

// Fail takes note that a write or a sync has failed: what was cut back then may be mixed with what comes in its place
// (docs/durability.md, a failed write or sync).
func (l *Ledger) Fail() { l.failed = true }

// mayBeMixed reports whether a line that nobody has given may be a mixture of lines that were given and never
// acknowledged: it has the event_id of one of them.
func (l *Ledger) mayBeMixed(e event) bool {
	var mix struct {
		ID string `json:"event_id"`
	}
	if !l.failed || json.Unmarshal([]byte(e.line), &mix) != nil {
		return false
	}
	for g, p := range l.given {
		if g.day == e.day && p == open && strings.Contains(g.line, fmt.Sprintf(`"event_id":%q`, mix.ID)) {
			return true
		}
	}
	return false
}

// Delete takes note that the lines of a day are about to be deleted on purpose.
func (l *Ledger) Delete(day string) {
	for e := range l.given {
		if e.day == day {
			l.gone[e] = true
		}
	}
}

// Keep takes note of bytes in a day's file that are no event and are on stable storage.
func (l *Ledger) Keep(day, bytes string) { l.pieces = append(l.pieces, piece{day, bytes}) }

// AckFile takes note that the program has acknowledged a whole file, which is on stable storage.
func (l *Ledger) AckFile(path string, data []byte) {
	if !l.foreign[path] {
		l.files[path] = string(data)
	}
}

// DropFile takes back AckFile for good: the file is going to be changed from outside.
func (l *Ledger) DropFile(path string) {
	delete(l.files, path)
	l.foreign[path] = true
}

// Unsettled returns the lines that were given and never acknowledged, by their days, in an order of their own.
func (l *Ledger) Unsettled() (days, lines []string) {
	var list []event
	for e, p := range l.given {
		if p == open && !l.gone[e] {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b event) int {
		return slices.Compare([]string{a.day, a.line}, []string{b.day, b.line})
	})
	for _, e := range list {
		days, lines = append(days, e.day), append(lines, e.line)
	}
	return days, lines
}

// Days returns the days of all lines, in their order.
func (l *Ledger) Days() []string {
	days := map[string]bool{}
	for e := range l.given {
		days[e.day] = true
	}
	return slices.Sorted(maps.Keys(days))
}

func (e event) String() string { return fmt.Sprintf("%s: %.60q", e.day, e.line) }
