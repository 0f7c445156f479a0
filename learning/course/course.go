// Package course tells how learning went on from day to day: how many cards of each role there were, and how long there
// was study.
//
// It folds values into values; it opens no file and knows no clock.
package course

import (
	"maps"
	"slices"
	"time"

	"daybook/learning"
)

// Day is what a Course tells of one day.
type Day struct {
	Name   string // as it was given
	Events int
	Active time.Duration // the gaps over the palette's idle gap left out
	// Cards are the cards of each role after the day's last event. Those without a role, also those without a colour, are
	// under "". There are no zeros. Days may share a map.
	Cards map[learning.Role]int
}

// Course follows the days of a book. It is not safe for use by several goroutines at once.
type Course struct {
	palette learning.Palette
	known   map[string]learning.Palette // of the boards asked for
	colors  learning.Colors
	fold    *learning.ColorFold // of the day
	days    map[string]*day
	today   *day // nil before the first and after the last
}

type day struct {
	events int
	active time.Duration // before study: of a Course that goes on from an earlier one
	study  *learning.Study
	cards  map[learning.Role]int // nil if nothing was told of cards
}

// New returns a Course before its first day. p says what the colours mean.
func New(p learning.Palette) *Course {
	return &Course{palette: p, known: map[string]learning.Palette{}, colors: learning.Colors{}, days: map[string]*day{}}
}

// Begin ends the day before, if there is one, and begins another, to which Add adds. Days come in their order, and their
// names are so that strings are in that order, too.
func (c *Course) Begin(name string) {
	c.end()
	c.today, c.fold = c.day(name), c.colors.Fold(c.palette)
}

func (c *Course) day(name string) *day {
	d := c.days[name]
	if d == nil {
		d = &day{study: learning.NewStudy(c.palette)}
		c.days[name] = d
	}
	return d
}

// Add takes in an event of the day that was begun, in the order of the book, with the facts that the palette finds in it.
func (c *Course) Add(e learning.Event, f learning.Facts) {
	c.today.pass(e.Time)
	if c.Tells(e.Type) {
		c.fold.AddWith(e, f)
	}
}

// Pass takes in an event of any day, at any time, that tells nothing of cards.
func (c *Course) Pass(day string, at time.Time) { c.day(day).pass(at) }

func (d *day) pass(at time.Time) {
	d.events++
	d.study.Add(at)
}

// Tells reports whether events of a type can change how many cards there are of a role.
func (c *Course) Tells(eventType string) bool {
	switch eventType {
	case "canvas_created", "canvas_deleted", "canvas_renamed", "node_added", "node_removed", "node_color_change":
		return true
	case "node_changed": // where codes stand in another member than color
		return c.palette.Member != "" ||
			slices.ContainsFunc(c.palette.Boards, func(b learning.BoardPalette) bool { return b.Member != "" })
	}
	return false
}

// Colors returns the state of the boards after the last event, as a Tally starts with. It is the Course's own: not to be
// changed, and another after the next Add.
func (c *Course) Colors() learning.Colors { return c.colors }

// Days returns the days that had events, in their order. The day that was begun last ends.
func (c *Course) Days() []Day {
	c.end()
	var out []Day
	var cards map[learning.Role]int
	for _, name := range slices.Sorted(maps.Keys(c.days)) {
		d := c.days[name]
		if d.cards != nil {
			cards = d.cards
		}
		if d.events > 0 {
			out = append(out, Day{Name: name, Events: d.events, Active: d.active + d.study.Active(), Cards: cards})
		}
	}
	return out
}

func (c *Course) end() {
	if c.today != nil {
		c.today.cards = c.count()
	}
	c.today = nil
}

// count returns how many cards of each role there are now.
func (c *Course) count() map[learning.Role]int {
	sum := map[learning.Role]int{}
	for name, counts := range c.colors.Boards() {
		p, ok := c.known[name]
		if !ok {
			p = c.palette.For(name)
			c.known[name] = p
		}
		for code, n := range counts {
			sum[p.Role(code)] += max(0, n)
		}
	}
	maps.DeleteFunc(sum, func(_ learning.Role, n int) bool { return n == 0 })
	return sum
}
