package report

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"daybook"
	"daybook/learning"
	"daybook/learning/review"
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
	names, events, damage, err := eventsOf(ctx, s, board, to)
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

// end notes where the board lost the name, if it had it until then.
func (n *named) end(at place) {
	if n.till == (place{}) {
		n.till = at
	}
}

// track is a board and the names that it has had, the last one at the end.
type track struct{ names []named }

func (t *track) last() *named { return &t.names[len(t.names)-1] }

// tracks follows which board has which name, by the events that tell of boards.
type tracks struct {
	live learning.Shelf[*track]
	by   map[string]*track // by each name, who got it last
}

// begin makes a board known. One that comes back under the name that it had when it was deleted is the same.
func (t *tracks) begin(name string, at place) *track {
	board, was := t.by[name]
	switch {
	case !was:
		board = &track{[]named{{name: name}}} // what stands before, under this name, is its, too
	case board.last().name == name:
		board.last().till = place{}
	default:
		board = &track{[]named{{name: name, since: at}}}
	}
	t.by[name] = board
	return board
}

func (t *tracks) follow(e learning.Event, at place) {
	switch e.Type {
	case "canvas_created":
		if _, known := t.live.Get(e.Canvas); !known {
			t.live.Put(e.Canvas, t.begin(e.Canvas, at))
		}
	case "canvas_deleted":
		if board, ok := t.live.Delete(e.Canvas); ok {
			board.last().till = at
		}
	case "canvas_renamed":
		old := learning.OldName(e)
		if old == "" || old == e.Canvas {
			return
		}
		if there, taken := t.live.Get(e.Canvas); taken { // two swap their names: its own follows
			there.last().till = at
		}
		board, ok, lost := t.live.Rename(old, e.Canvas)
		for _, l := range lost {
			l.last().end(at)
		}
		if !ok {
			board = t.begin(old, at)
			t.live.Put(e.Canvas, board)
		}
		board.last().end(at)
		board.names = append(board.names, named{name: e.Canvas, since: at})
		t.by[e.Canvas] = board
	}
}

// placed is an event and where it stands.
type placed struct {
	glimpse
	place
}

// boardReader reads the events of a board.
type boardReader struct {
	*reading
	ctx    context.Context // of the call that makes the report
	board  string
	to     daybook.Day
	tracks tracks
	found  []placed // under the board's last name, whoever had that then
}

// eventsOf returns the names that the board has had that is called so, or was called so last, up to a day, the last one
// first; and what happened to it, in the order of the book. Without events it is not known.
func eventsOf(ctx context.Context, s Source, board string, to daybook.Day) (names []named, all []glimpse, damage int, err error) {
	b := boardReader{reading: newReading(s, review.FSRS), ctx: ctx, board: board, to: to, tracks: tracks{by: map[string]*track{}}}
	b.close = func(daybook.Day) bool { return true }
	for e, err := range daybook.ExtractIf(ctx, s.Book, daybook.Query{To: to}, b.may, b.place) {
		if err := b.harmless(err); err != nil {
			return nil, nil, 0, err
		}
		b.tracks.follow(e.Event, e.place)
		if e.Canvas == board {
			b.found = append(b.found, e)
		}
	}
	names = []named{{name: board}}
	if of, ok := b.tracks.by[board]; ok {
		names = slices.Clone(of.names)
		slices.Reverse(names)
	}
	damage = b.damage // other searches meet the same
	all, err = b.under(names)
	return names, all, damage, err
}

// harmless counts damage, and returns any other error.
func (b *boardReader) harmless(err error) error {
	var damage *daybook.DamageError
	if errors.As(err, &damage) {
		b.damage++
		b.source.tell(damage)
		return nil
	}
	return err
}

// under returns what happened to the board while it had each of its names.
func (b *boardReader) under(names []named) (all []glimpse, err error) {
	var events []placed
	for _, n := range names {
		found := b.found
		if n.name != b.board {
			if found, err = b.search(n.name); err != nil {
				return nil, err
			}
		}
		for _, e := range found {
			if n.holds(e.place) {
				events = append(events, e)
			}
		}
	}
	slices.SortFunc(events, func(a, b placed) int { return a.place.compare(b.place) })
	for _, e := range events {
		all = append(all, e.glimpse)
	}
	return all, nil
}

func (n named) holds(p place) bool {
	return (n.since == (place{}) || p.compare(n.since) >= 0) && (n.till == (place{}) || p.compare(n.till) < 0)
}

// search returns all events of a name.
func (b *boardReader) search(name string) (found []placed, err error) {
	where := daybook.Condition{Member: "canvas_id", Value: name}
	for e, err := range daybook.Extract(b.ctx, b.source.Book, daybook.Query{To: b.to}, b.place, where) {
		if err := b.harmless(err); err != nil {
			return nil, err
		}
		if e.Canvas == name { // not so of what is damaged
			found = append(found, e)
		}
	}
	return found, nil
}

func (b *boardReader) place(e daybook.Entry) placed {
	return placed{b.read(e), place{e.Position.Day, e.Position.Offset}}
}

// may reports whether a line may be one of the board, or one that tells which boards there are. Several goroutines call it at
// once.
func (b *boardReader) may(line []byte) bool {
	head, rest, ok := bytes.Cut(line, []byte(`"canvas_id":"`))
	if !ok || bytes.LastIndexByte(head, '{') > 0 { // it may be a member of another member
		return true
	}
	canvas, rest, _ := bytes.Cut(rest, []byte(`"`))
	if bytes.IndexByte(canvas, '\\') >= 0 || string(canvas) == b.board {
		return true
	}
	kind, ok := bytes.CutPrefix(rest, []byte(`,"event_type":"`)) // so it is in the lines of the watcher
	return !ok || bytes.HasPrefix(kind, []byte("canvas_"))
}
