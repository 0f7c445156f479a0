package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"daybook/internal/dayfile"
)

// Problem is the kind of a Finding.
type Problem string

const (
	// ProblemDamaged: bytes that are no event.
	ProblemDamaged Problem = "damaged"
	// ProblemUnfinished: the last line has no newline. The next append completes it or puts it into quarantine.
	ProblemUnfinished Problem = "unfinished"
	// ProblemTwice: the day holds this event already, byte for byte.
	ProblemTwice Problem = "twice"
	// ProblemConflict: the day holds another event of this event_id already.
	ProblemConflict Problem = "conflict"
	// ProblemWrongDay: the event's timestamp belongs to another day.
	ProblemWrongDay Problem = "wrong_day"
	// ProblemCut: bytes that were durable are missing at the file's end.
	ProblemCut Problem = "cut"
	// ProblemReplaced: the file begins with other bytes than those that were durable. Lines may be missing.
	ProblemReplaced Problem = "replaced"
)

// Finding is something that is wrong in a day file.
type Finding struct {
	Problem Problem `json:"problem"`
	Day     Day     `json:"-"`
	File    string  `json:"file"`
	Line    int     `json:"line"`   // counted from 1
	Offset  int64   `json:"offset"` // of the first byte in question
	Length  int64   `json:"length"` // in bytes
	EventID string  `json:"event_id,omitempty"`
	Reason  string  `json:"reason"`
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: line %d, offset %d, %d bytes: %s", f.File, f.Line, f.Offset, f.Length, f.Reason)
}

// Verify reads every line of the days that q names and yields what is wrong: damaged lines, ids that stand twice, events in
// the wrong day, bytes cut off. It changes nothing and may run while others append. The error is the file system's or the
// context's, and the last thing that is yielded.
func (b *Book) Verify(ctx context.Context, q Query) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		days, err := b.Days()
		if err != nil {
			yield(Finding{}, err)
			return
		}
		for _, day := range days {
			if !q.holds(day) {
				continue
			}
			v := verifier{b: b, day: day, path: b.dayPath(day), ids: make(map[string]int64), yield: yield}
			if err := v.run(ctx); err != nil {
				if !errors.Is(err, errStop) {
					yield(Finding{}, err)
				}
				return
			}
		}
	}
}

var errStop = errors.New("stop")

// verifier checks one day. ids holds the offset of the first line of each event_id.
type verifier struct {
	b    *Book
	day  Day
	path string
	ids  map[string]int64
	line int
	file interface {
		ReadAt([]byte, int64) (int, error)
	}
	yield func(Finding, error) bool
}

func (v *verifier) run(ctx context.Context) error {
	f, size, err := v.b.openDay(v.day)
	if err != nil || f == nil {
		return err
	}
	defer f.Close() // nothing was written
	v.file = f
	err = dayfile.Scan(f, 0, size, func(l dayfile.Line) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		v.line++
		return v.check(l)
	})
	if err != nil {
		return err
	}
	d, lost, err := dayfile.Lost(v.b.fsys, v.b.dayDir(v.day), f)
	if err != nil || !lost {
		return err
	}
	p := ProblemCut
	if v.line++; d.Reason == dayfile.OtherReason {
		p, v.line = ProblemReplaced, 1
	}
	return v.report(p, d.Offset, d.Length, "", d.Reason)
}

func (v *verifier) report(p Problem, off, n int64, id, reason string) error {
	if !v.yield(Finding{p, v.day, v.path, v.line, off, n, id, reason}, nil) {
		return errStop
	}
	return nil
}

func (v *verifier) check(l dayfile.Line) error {
	entry, err := v.b.entry(v.day, l)
	if !l.Whole {
		reason := "unfinished last line; the next append puts it into quarantine"
		if l.Text != nil && dayfile.Check(l.Text) == nil {
			reason = "the last line lacks its newline; the next append completes it"
			if err != nil {
				reason += ", but it is no event: " + err.Error()
			}
		}
		return v.report(ProblemUnfinished, l.Offset, l.Length, "", reason)
	}
	if err != nil {
		var damage *DamageError
		if !errors.As(err, &damage) {
			return err
		}
		return v.report(ProblemDamaged, l.Offset, l.Length, "", damage.Reason)
	}
	id := entry.Event.ID()
	if day := v.b.DayOf(entry.Event.Time()); day != v.day {
		reason := fmt.Sprintf("the event belongs to %s by its timestamp (zone %s)", day, v.b.zone)
		if err := v.report(ProblemWrongDay, l.Offset, l.Length, id, reason); err != nil {
			return err
		}
	}
	first, twice := v.ids[id]
	if !twice {
		v.ids[id] = l.Offset
		return nil
	}
	other := make([]byte, len(l.Text)+1)
	n, _ := v.file.ReadAt(other, first) // what cannot be read differs
	if bytes.Equal(other[:n], append(bytes.Clone(l.Text), '\n')) {
		return v.report(ProblemTwice, l.Offset, l.Length, id,
			fmt.Sprintf("the event %q stands at offset %d already", id, first))
	}
	return v.report(ProblemConflict, l.Offset, l.Length, id,
		fmt.Sprintf("another event with the event_id %q stands at offset %d", id, first))
}
