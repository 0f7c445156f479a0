package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/canvas"
	"daybook/learning"
	"daybook/learning/history"
)

// bookReader reads the events of boards. Damage is told on the way, once, and left out.
type bookReader struct {
	ctx  context.Context // of the command: a bookReader does not outlive it
	env  env
	book *daybook.Book

	told      map[string]bool // damaged pieces
	snapshots map[string]*canvas.Board
}

// dated is an event, and the day that it is in.
type dated struct {
	learning.Event
	day    daybook.Day
	offset int64
	at     time.Time // when it happened, by history.Chain
}

// search returns the events of which one of the conditions holds, each once, in the book's order; all without conditions.
func (r *bookReader) search(conditions ...daybook.Condition) ([]dated, error) {
	var all []dated
	for _, c := range conditions {
		for entry, err := range r.book.Search(r.ctx, daybook.Query{}, c) {
			if err != nil {
				if err := r.harmless(err); err != nil {
					return nil, err
				}
				continue
			}
			all = append(all, dated{
				learning.ParseEvent(entry.Event.Time(), entry.Event.Member), entry.Position.Day, entry.Position.Offset, time.Time{},
			})
		}
	}
	return r.inOrder(all), nil
}

// inOrder puts events into the book's order, each once, and that into the order in which they are followed.
func (r *bookReader) inOrder(all []dated) []dated {
	slices.SortFunc(all, func(a, b dated) int { return cmp.Or(a.day.Compare(b.day), cmp.Compare(a.offset, b.offset)) })
	all = slices.CompactFunc(all, func(a, b dated) bool { return a.day == b.day && a.offset == b.offset })
	for start := 0; start < len(all); {
		end := start
		for end < len(all) && all[end].day == all[start].day {
			end++
		}
		history.Order(all[start:end], func(d dated) (time.Time, bool) { return d.Time, d.Event.FromGit() })
		start = end
	}
	all, times := history.Chain(all, r.book.Now(), func(d dated) history.Link { return history.LinkOf(d.Event) })
	for i, at := range times {
		all[i].at = at
	}
	return all
}

func (r *bookReader) tell(damage *daybook.DamageError) {
	r.say(fmt.Sprintf("%s %d", damage.File, damage.Offset), damage)
}

// say tells of something that is left out, once.
func (r *bookReader) say(key string, err error) {
	if r.told[key] {
		return
	}
	if r.told == nil {
		r.told = map[string]bool{}
	}
	r.told[key] = true
	r.env.say("error", "%v", err)
}

// left is the error for what was left out.
func (r *bookReader) left() error {
	if len(r.told) == 0 {
		return nil
	}
	return damageLeftOut(len(r.told))
}

// follow applies an event, with its snapshot at hand.
func (r *bookReader) follow(f *history.Follower, d dated) {
	f.Apply(d.Event, func(name string) (*canvas.Board, error) { return r.snapshot(d.day, name) })
}

func (r *bookReader) snapshot(day daybook.Day, name string) (*canvas.Board, error) {
	key := day.String() + "/" + name
	if b := r.snapshots[key]; b != nil {
		return b, nil
	}
	b, err := readSnapshot(r.book, day, name)
	if err != nil {
		r.say(day.String()+"/"+name, err)
		return nil, err
	}
	if r.snapshots == nil {
		r.snapshots = map[string]*canvas.Board{}
	}
	r.snapshots[key] = b
	return b, nil
}

func readSnapshot(book *daybook.Book, day daybook.Day, name string) (*canvas.Board, error) {
	data, err := book.ReadSnapshot(day, name)
	if err != nil {
		return nil, err
	}
	b, err := canvas.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("the snapshot %s of %s: %w", name, day, err)
	}
	return b, nil
}

// bookBoards are the boards that a book tells of.
type bookBoards struct {
	names  []string        // all that boards have or had, sorted
	now    map[string]bool // those that they have now
	events []dated         // those of the boards themselves: created, renamed, deleted

	complete bool // names has those too of which only cards are told
}

// boards reads which boards there are and were.
func (r *bookReader) boards() (*bookBoards, error) {
	events, err := r.search(eventTypes("canvas_created", "canvas_renamed", "canvas_deleted")...)
	if err != nil {
		return nil, err
	}
	b := &bookBoards{now: map[string]bool{}, events: events}
	f := history.New(nil)
	for _, d := range events {
		f.Apply(d.Event, nil)
	}
	names := map[string]bool{}
	for _, board := range f.Boards() {
		for _, name := range board.Names {
			names[name] = true
		}
		if board.Deleted.IsZero() {
			b.now[board.Name] = true
		}
	}
	b.names = slices.Sorted(maps.Keys(names))
	return b, nil
}

func eventTypes(types ...string) []daybook.Condition {
	conditions := make([]daybook.Condition, len(types))
	for i, t := range types {
		conditions[i] = daybook.Condition{Member: "event_type", Value: t}
	}
	return conditions
}

// noBoard is the error of a name that is no board's.
type noBoard struct{ name string }

func (n *noBoard) Error() string {
	return fmt.Sprintf("there is and was no board %q in the book", n.name)
}

// sharing returns the names of a board and of those that have shared a name with it; nil for "".
func (b *bookBoards) sharing(board string) map[string]bool {
	if board == "" {
		return nil
	}
	var own []learning.Event
	for _, d := range b.events {
		own = append(own, d.Event)
	}
	return history.Names(own, board)
}

// exact returns the canvas_id that a person has given with or without .canvas.
func (b *bookBoards) exact(given string) (string, bool) {
	for _, name := range []string{given, given + ".canvas"} {
		if _, ok := slices.BinarySearch(b.names, name); ok {
			return name, true
		}
	}
	return "", false
}

// resolve returns the canvas_id that a person means: the name itself, or one that ends like it, whatever its case and
// with or without .canvas. It is a noBoard if there is none.
func (b *bookBoards) resolve(given string) (string, error) {
	if name, ok := b.exact(given); ok {
		return name, nil
	}
	var fits []func(name string) bool
	given = strings.TrimPrefix(strings.ReplaceAll(given, `\`, "/"), "./")
	low := strings.TrimSuffix(strings.ToLower(given), ".canvas")
	bare := func(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".canvas") }
	fits = append(fits,
		func(name string) bool { return name == given },
		func(name string) bool { return bare(name) == low },
		func(name string) bool { return strings.HasSuffix(bare(name), "/"+low) })
	for _, fit := range fits {
		var found []string
		for _, name := range b.names {
			if fit(name) {
				found = append(found, name)
			}
		}
		if len(found) > 1 { // one that is there comes before those that are gone
			if now := slices.DeleteFunc(slices.Clone(found), func(n string) bool { return !b.now[n] }); len(now) == 1 {
				found = now
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return "", usage("name the one that is meant with its folder", "%q is the name of several boards: %s",
				given, strings.Join(found, ", "))
		}
	}
	return "", &failure{exitUsage, &noBoard{given}, b.like(given)}
}

// resolve is bookBoards.resolve. A board that is found nowhere else is looked for in all events: another program's may tell of
// cards on boards whose beginning nobody has told.
func (r *bookReader) resolve(b *bookBoards, given string) (string, error) {
	name, err := b.resolve(given)
	var none *noBoard
	if !errors.As(err, &none) || b.complete {
		return name, err
	}
	read := func(entry daybook.Entry) string {
		return strings.Clone(learning.ParseEvent(entry.Event.Time(), entry.Event.Member).Canvas)
	}
	names := map[string]bool{}
	for _, n := range b.names {
		names[n] = true
	}
	for canvas, err := range daybook.Extract(r.ctx, r.book, daybook.Query{}, read) {
		if err := r.harmless(err); err != nil {
			return "", err
		}
		if canvas != "" {
			names[canvas] = true
		}
	}
	b.names, b.complete = slices.Sorted(maps.Keys(names)), true
	return b.resolve(given)
}

// like is a hint at boards whose names have something of a name.
func (b *bookBoards) like(given string) string {
	if len(b.names) == 0 {
		return "the book tells of no board yet: `daybook watch` records them"
	}
	stem := strings.TrimSuffix(strings.ToLower(path.Base(given)), ".canvas")
	var found []string
	for _, name := range b.names {
		low := strings.ToLower(name)
		if strings.Contains(low, stem) || strings.Contains(stem, strings.TrimSuffix(path.Base(low), ".canvas")) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		found = b.names
	}
	more := ""
	if len(found) > 5 {
		found, more = found[:5], ", …"
	}
	return "the boards are called: " + strings.Join(found, ", ") + more
}
