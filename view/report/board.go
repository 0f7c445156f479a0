package report

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"daybook"
	"daybook/learning"
)

// ErrNoBoard is returned for a board that the book tells nothing of.
var ErrNoBoard = errors.New("the book tells nothing of the board")

// OfBoard makes the report of a board, which is called so (by its canvas_id) or was called so last, in the days from one to
// another; a zero Day leaves that end open. What happened under its earlier names is in it.
func OfBoard(ctx context.Context, s Source, board string, from, to daybook.Day) (*Report, error) {
	today := s.today()
	if to.IsZero() || to.Compare(today) > 0 {
		to = today
	}
	names, err := namesOf(ctx, s.Book, board, to)
	if err != nil {
		return nil, err
	}
	events, damage, err := eventsOf(ctx, s, names, to)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, ErrNoBoard
	}
	if from.IsZero() {
		from = events[0].day
	}
	r := s.report(KindBoard, from, to)
	r.Name, r.Board = boardFile(board), board
	for _, n := range names[1:] {
		r.Names = append(r.Names, n.name)
	}
	m := newMaker(s, r)
	m.close = func(daybook.Day) bool { return true }
	m.damage = damage
	for _, g := range events {
		m.add(g)
	}
	m.end()
	m.finish(from, to)
	r.Boards = []Board{}
	return r, nil
}

// place is where an event stands in the book.
type place struct {
	day    daybook.Day
	offset int64
}

func (p place) compare(q place) int {
	return cmp.Or(p.day.Compare(q.day), cmp.Compare(p.offset, q.offset))
}

// named is a name of a board and from where to where it had it; the first place is its own, the last one is not.
type named struct {
	name        string
	since, till place // zero is open
}

// namesOf follows a board back through its names, the last one first.
func namesOf(ctx context.Context, b *daybook.Book, board string, to daybook.Day) ([]named, error) {
	type renaming struct {
		place
		old, new string
	}
	read := func(e daybook.Entry) renaming {
		l := learning.ParseEvent(e.Event.Time(), e.Event.Member)
		return renaming{place{e.Position.Day, e.Position.Offset}, learning.OldName(l), l.Canvas}
	}
	where := daybook.Condition{Member: "event_type", Value: "canvas_renamed"}
	var all []renaming
	for r, err := range daybook.Extract(ctx, b, daybook.Query{To: to}, read, where) {
		var damage *daybook.DamageError // eventsOf counts it
		if errors.As(err, &damage) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if r.old != r.new && r.old != "" {
			all = append(all, r)
		}
	}
	names := []named{{name: board}}
	for _, r := range slices.Backward(all) {
		last := &names[len(names)-1]
		switch {
		case r.new == last.name:
			last.since = r.place
			names = append(names, named{name: r.old, till: r.place})
		case r.old == last.name && len(names) == 1 && last.till == (place{}):
			last.till = r.place // it is called otherwise now
		}
	}
	return names, nil
}

// eventsOf reads what happened to a board under its names, in the order of the book.
func eventsOf(ctx context.Context, s Source, names []named, to daybook.Day) (all []glimpse, damage int, err error) {
	r := newReading(s)
	r.close = func(daybook.Day) bool { return true }
	type placed struct {
		glimpse
		place
	}
	var found []placed
	read := func(e daybook.Entry) placed {
		return placed{r.read(e), place{e.Position.Day, e.Position.Offset}}
	}
	for _, n := range names {
		where := daybook.Condition{Member: "canvas_id", Value: n.name}
		damage = 0 // each search meets the same
		for g, err := range daybook.Extract(ctx, s.Book, daybook.Query{To: to}, read, where) {
			var harm *daybook.DamageError
			switch {
			case errors.As(err, &harm):
				damage++
			case err != nil:
				return nil, 0, err
			case n.since != (place{}) && g.place.compare(n.since) < 0:
			case n.till != (place{}) && g.place.compare(n.till) >= 0:
			default:
				found = append(found, g)
			}
		}
	}
	slices.SortFunc(found, func(a, b placed) int { return a.place.compare(b.place) })
	for _, g := range found {
		all = append(all, g.glimpse)
	}
	return all, damage, nil
}
