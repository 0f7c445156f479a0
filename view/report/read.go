package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"daybook"
	"daybook/canvas"
	"daybook/learning"
	"daybook/learning/course"
	"daybook/learning/history"
	"daybook/learning/review"
)

// glimpse is what a report needs of one event. What it does not need is missing.
type glimpse struct {
	learning.Event
	day   daybook.Day
	facts learning.Facts
	fact  *review.Fact // nil if the event says nothing for the review
	lost  error        // that of a snapshot: nothing is known yet of what is on the board
}

// reading follows the events of a book and keeps what a report tells of them.
//
// A year has some 180,000 events, and half of them tell of cards that are moved, and of edges. Of those a report needs no
// more than the time, and of most days at that: they are passed over before they are parsed.
type reading struct {
	source   Source
	schedule review.Schedule
	course   *course.Course
	plan     *review.Plan
	close    func(daybook.Day) bool                 // whether a day is looked at closely; may be called at any time
	closed   func(daybook.Day, learning.Statistics) // is given the figures of each such day
	event    func(glimpse)                          // is given each event of such a day

	day    daybook.Day
	tally  *learning.Tally // of the day, if it is looked at closely
	facts  []*review.Fact  // of the day
	tell   func(error)     // is given what is left out
	damage int
	lost   bool // a snapshot could not be read
	wrong  bool // a clock was: the plan is to be made of the whole book
	now    time.Time

	keepUntil daybook.Day // the day with whose end the standing is to be kept; zero if it is not
	made      []dayFiles  // the days up to then, as they were before they were read

	mu     sync.Mutex
	passed []passed
}

// passed is an event that was passed over.
type passed struct {
	day daybook.Day
	at  time.Time
}

func newReading(s Source, schedule review.Schedule) *reading {
	return &reading{
		source: s, schedule: schedule, now: s.Book.Now(),
		course: course.New(s.Palette),
		plan:   review.New(s.Palette, schedule, s.Book.Zone()),
		tell:   func(error) {},
	}
}

// Plan returns what the events of the whole book tell of when to look at which card. tell is given what could not be read and was
// left out, a *daybook.DamageError or the error of a snapshot, by one goroutine at a time.
func Plan(ctx context.Context, s Source, schedule review.Schedule, tell func(error)) (*review.Plan, error) {
	r := newReading(s, schedule)
	r.tell = tell
	days, err := s.Book.Days()
	if err != nil || len(days) == 0 {
		return r.plan, err
	}
	last := days[len(days)-1]
	return r.plan, r.until(ctx, last.Add(1), last)
}

// add takes in the next event, in the order of the book.
func (r *reading) add(g glimpse) {
	if g.day != r.day {
		r.keep(g.day)
		r.end()
		r.day = g.day
		r.course.Begin(g.day.String())
		if r.close(g.day) {
			r.tally = learning.NewTally(r.course.Colors(), r.source.Palette)
		}
	}
	if r.tally != nil {
		r.tally.AddWith(g.Event, g.facts)
		r.event(g)
	}
	r.course.Add(g.Event, g.facts)
	if g.fact != nil {
		r.facts = append(r.facts, g.fact)
		l := g.fact.Link()
		r.wrong = r.wrong || !l.After.IsZero() || l.Time.After(r.now)
	}
	if g.lost != nil {
		r.lost = true
		r.tell(g.lost)
	}
}

// end ends a day.
func (r *reading) end() {
	history.Order(r.facts, (*review.Fact).About)
	for _, f := range r.facts {
		r.plan.Apply(f)
	}
	r.facts = r.facts[:0]
	if r.tally != nil {
		r.closed(r.day, r.tally.Statistics())
		r.tally = nil
	}
}

// read returns what is needed of an entry. Several goroutines call it at once.
func (r *reading) read(e daybook.Entry) glimpse {
	g := glimpse{day: e.Position.Day}
	event := learning.ParseEvent(e.Event.Time(), e.Event.Member)
	g.Time = event.Time
	g.fact, g.lost = review.Read(event, r.source.Palette, func(name string) (*canvas.Board, error) {
		data, err := r.source.Book.ReadSnapshot(g.day, name)
		if err != nil {
			return nil, err
		}
		b, err := canvas.Parse(data)
		if err != nil {
			err = fmt.Errorf("the snapshot %s of %s: %w", name, g.day, err)
		}
		return b, err
	})
	if r.close(g.day) || r.course.Tells(event.Type) {
		event.Details = bytes.Clone(event.Details)
		g.Event, g.facts = event, r.source.Palette.Facts(event)
	}
	return g
}

// until reads all days up to one, of which those from first on are looked at closely.
func (r *reading) until(ctx context.Context, first, to daybook.Day) error {
	r.close = func(d daybook.Day) bool { return d.Compare(first) >= 0 }
	from, err := r.resume(first, to)
	if err != nil {
		return err
	}
	for g, err := range daybook.ExtractIf(ctx, r.source.Book, daybook.Query{From: from, To: to}, r.may, r.read) {
		if err := r.take(g, err); err != nil {
			return err
		}
	}
	r.keep(to.Add(1))
	r.end()
	r.pass(to)
	if r.wrong {
		return r.replan(ctx, to)
	}
	return nil
}

// replan makes the plan of what happened until the end of a day, wherever it stands in the book: a clock was wrong.
func (r *reading) replan(ctx context.Context, to daybook.Day) error {
	var facts, day []*review.Fact
	var last daybook.Day
	end := func() {
		history.Order(day, (*review.Fact).About)
		facts, day = append(facts, day...), day[:0]
	}
	for g, err := range daybook.ExtractIf(ctx, r.source.Book, daybook.Query{}, r.may, r.read) {
		var damage *daybook.DamageError
		if errors.As(err, &damage) {
			continue // it has been told
		}
		if err != nil {
			return err
		}
		if g.day != last {
			end()
			last = g.day
		}
		if g.fact != nil {
			day = append(day, g.fact)
		}
	}
	end()
	r.plan = review.New(r.source.Palette, r.schedule, r.source.Book.Zone())
	facts, times := history.Chain(facts, r.now, (*review.Fact).Link)
	for i, f := range facts {
		if r.source.Book.DayOf(times[i]).Compare(to) <= 0 {
			f.At(times[i])
			r.plan.Apply(f)
		}
	}
	return nil
}

// pass takes in what was passed over of the days up to one, all of which have been read.
func (r *reading) pass(to daybook.Day) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var day daybook.Day
	var name string
	r.passed = slices.DeleteFunc(r.passed, func(p passed) bool { // those of one day stand together, nearly
		if p.day.Compare(to) > 0 {
			return false
		}
		if p.day != day {
			day, name = p.day, p.day.String()
		}
		r.course.Pass(name, p.at)
		return true
	})
}

// may reports whether a line is to be read, and notes the time of one that is not. It says no only to lines in the form
// that Daybook writes. Several goroutines call it at once.
func (r *reading) may(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte(`{"event_id":"`))
	if !ok {
		return true
	}
	_, rest, _ = bytes.Cut(rest, []byte(`","timestamp":"`))
	head, rest, ok := bytes.Cut(rest, []byte(`"event_type":"`))
	if !ok || bytes.IndexByte(head, '{') >= 0 { // it may be a member of another member
		return true
	}
	if !bytes.HasPrefix(rest, []byte(`node_moved"`)) && !bytes.HasPrefix(rest, []byte(`edge_`)) {
		return true
	}
	stamp, _, _ := bytes.Cut(head, []byte(`"`))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return true
	}
	day := r.source.Book.DayOf(at)
	if r.close(day) {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passed = append(r.passed, passed{day, at})
	return false
}

// take takes in what an iteration yields; damage is counted.
func (r *reading) take(g glimpse, err error) error {
	var damage *daybook.DamageError
	switch {
	case errors.As(err, &damage):
		r.damage++
		r.source.tell(damage)
		r.tell(err)
		return nil
	case err != nil:
		return err
	}
	r.add(g)
	return nil
}
