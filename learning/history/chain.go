package history

import (
	"slices"
	"time"

	"daybook/learning"
	"daybook/learning/steady"
)

// Link is what Chain needs of an event.
type Link struct {
	Time   time.Time
	Canvas string
	Old    string    // of canvas_renamed, the name before
	After  time.Time // learning.After; zero if the event stands where it belongs
	Note   bool      // it changes no board
}

// LinkOf returns the Link of an event.
func LinkOf(e learning.Event) Link {
	after, _ := learning.After(e.Details)
	return Link{
		Time: e.Time, Canvas: e.Canvas, Old: learning.OldName(e), After: after,
		Note: e.Type == "card_reviewed" || e.Type == "card_snoozed",
	}
}

// Chain puts events, given in the order of the book's days and lines (see Order), into the order in which they are to be
// followed, and returns it, and when they happened.
//
// That is the same, and their times, unless a clock was wrong. Of a board with a save that stands before the one that it
// follows, or lies after now, the saves are put one behind the other, with times that never run backwards (see
// steady.Times) and are not after now, and by these among the other events.
func Chain[E any](events []E, now time.Time, about func(E) Link) ([]E, []time.Time) {
	times := make([]time.Time, len(events))
	links := make([]Link, len(events))
	wrong := false
	for i, e := range events {
		links[i] = about(e)
		times[i] = links[i].Time
		wrong = wrong || links[i].wrong(now)
	}
	if !wrong {
		return events, times
	}
	var others, moved []int
	boards := groups(links, now)
	for i, l := range links {
		if group, ok := boards[l.Canvas]; ok && !l.Note {
			group.add(i, l)
		} else {
			others = append(others, i)
		}
	}
	seen := map[*group]bool{}
	for _, l := range links {
		if g := boards[l.Canvas]; g != nil && !seen[g] {
			seen[g] = true
			moved = append(moved, g.order(links, times, now)...)
		}
	}
	slices.SortStableFunc(moved, func(a, b int) int { return times[a].Compare(times[b]) })
	out, outTimes := make([]E, 0, len(events)), make([]time.Time, 0, len(events))
	for len(moved)+len(others) > 0 {
		from := &others
		if len(others) == 0 || len(moved) > 0 && !times[moved[0]].After(times[others[0]]) {
			from = &moved
		}
		i := (*from)[0]
		*from = (*from)[1:]
		out, outTimes = append(out, events[i]), append(outTimes, times[i])
	}
	return out, outTimes
}

// wrong reports whether a clock was wrong, as far as the event alone tells.
func (l Link) wrong(now time.Time) bool {
	return !l.After.IsZero() || !l.Note && l.Canvas != "" && l.Time.After(now)
}

// group is the events of the boards that have shared names, as their numbers, and their places.
type group struct {
	events []int
	places []time.Time
	last   time.Time // the last place of an event that stands where it belongs
}

// groups returns the groups by the names of their boards: those in which a clock was wrong.
func groups(links []Link, now time.Time) map[string]*group {
	parent := map[string]string{}
	var root func(string) string
	root = func(name string) string {
		up, ok := parent[name]
		if !ok || up == name {
			return name
		}
		up = root(up)
		parent[name] = up
		return up
	}
	for _, l := range links {
		if l.Old != "" && l.Canvas != "" {
			parent[root(l.Old)] = root(l.Canvas)
		}
	}
	all, wrong := map[string]*group{}, map[string]*group{}
	for _, l := range links {
		if l.wrong(now) {
			all[root(l.Canvas)] = &group{}
		}
	}
	for _, l := range links {
		for _, name := range []string{l.Canvas, l.Old} {
			if g := all[root(name)]; g != nil && name != "" {
				wrong[name] = g
			}
		}
	}
	return wrong
}

func (g *group) add(i int, l Link) {
	place := l.Time
	if !l.After.IsZero() {
		place = l.After.Add(time.Microsecond)
	} else if place.Before(g.last) {
		place = g.last // a clock that was set back within a day
	} else {
		g.last = place
	}
	g.events, g.places = append(g.events, i), append(g.places, place)
}

// order returns the events in the order of their places, and sets when they happened.
func (g *group) order(links []Link, times []time.Time, now time.Time) []int {
	by := make([]int, len(g.events))
	for n := range by {
		by[n] = n
	}
	slices.SortStableFunc(by, func(a, b int) int { return g.places[a].Compare(g.places[b]) })
	moments := make([]steady.Moment, len(by), len(by)+1)
	ordered := make([]int, len(by))
	for n, at := range by {
		ordered[n] = g.events[at]
		if t := links[ordered[n]].Time; !t.After(now) {
			moments[n].Time = t
		}
	}
	steadied := steady.Times(time.Time{}, append(moments, steady.Moment{Time: now}))
	for n, i := range ordered {
		times[i] = steadied[n]
	}
	return ordered
}
