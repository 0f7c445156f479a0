// Package review says which cards a learner should look at on a day, by what the events of a book tell of them.
//
// It folds values into values; it opens no file and knows no clock. The same events give the same plan, whatever was asked
// before, and with another palette another one.
package review

import (
	"time"

	"daybook/learning"
)

// How long a card may be what it is before it is pointed out, in days.
const (
	MaxNotUnderstood = 3
	MaxPartial       = 7
)

// Plan is what is known of all cards after the events that it was given. docs/cli.md, "review", says by which rules. It is not
// safe for use by several goroutines at once.
type Plan struct {
	palette  learning.Palette
	schedule scheduler
	zone     *time.Location
	boards   learning.Shelf[*board]
	all      []*card
	gone     map[string][]*card // that are on no board, by their id, those that went last at the end
	live     map[string][]*card // that are on one, by their id
}

// New returns the Plan of no events. Its days are those of zone.
func New(p learning.Palette, s Schedule, zone *time.Location) *Plan {
	return &Plan{
		palette: p, schedule: newScheduler(s), zone: zone,
		gone: map[string][]*card{}, live: map[string][]*card{},
	}
}

// board is one board of the vault.
type board struct {
	name    string
	palette learning.Palette
	cards   map[string]*card // by their id
}

// card is one card; several of one id on one board count as one.
type card struct {
	id, kind, words string
	code            string
	board           *board
	copies          int
	came            time.Time // onto this board
	fresh           bool      // it was on no other board before
	seen            bool      // it was there when this board was first seen
	flips           learning.Flips[state]
	state
}

// state is how far the learner has come with a card.
type state struct {
	role      learning.Role
	since     time.Time // when the role began; zero if that is not known
	progress            // by the schedule
	regressed time.Time // when the learner forgot it, if nothing has been done about it since
	from      string    // the code that it had before that
	reviewed  time.Time // when it was last looked at
	before    *progress // as it was before that, for a second review on the same day
	snoozed   int       // until which day; 0 is none
}

// Apply takes in one event. Events come in the order of the book (history.Order).
func (p *Plan) Apply(f *Fact) {
	switch f.kind {
	case created:
		p.created(f)
	case deleted:
		if b, ok := p.boards.Delete(f.canvas); ok {
			p.end(f, b)
		}
	case renamed:
		b, ok, lost := p.boards.Rename(f.was, f.canvas)
		for _, l := range lost {
			p.end(f, l)
		}
		if ok {
			p.rename(b, f.canvas)
		}
	case added:
		p.arrives(f, p.board(f.canvas), f.cards[0])
	case removed:
		b := p.board(f.canvas)
		if c := b.cards[f.card]; c != nil {
			p.leaves(f, c)
		}
	case recolored, retexted, reviewed, snoozed:
		p.changed(f)
	}
}

func (p *Plan) board(name string) *board {
	b, ok := p.boards.Get(name)
	if !ok {
		b = &board{name: name, palette: p.palette.For(name), cards: map[string]*card{}}
		p.boards.Put(name, b)
	}
	return b
}

// created takes in a board that is seen for the first time. One that there is already is looked at anew.
func (p *Plan) created(f *Fact) {
	b := p.board(f.canvas)
	if f.unknown {
		return // what is on it is not known; what was, may be
	}
	seen := map[string]int{}
	for _, s := range f.cards {
		seen[s.id]++
		c := b.cards[s.id]
		if c == nil || seen[s.id] > 1 {
			p.arrives(f, b, s)
			continue
		}
		c.kind, c.words, c.copies = s.kind, s.words, 1
		p.flip(f.time, c, c.code, s.code)
	}
	for id, c := range b.cards {
		if seen[id] == 0 {
			c.copies = 1
			p.leaves(f, c)
		}
	}
}

func (p *Plan) end(f *Fact, b *board) {
	for _, c := range b.cards {
		c.copies = 1
		p.leaves(f, c)
	}
}

// rename gives a board its new name, and its cards the meaning that their codes have there.
func (p *Plan) rename(b *board, name string) {
	b.name = name
	palette := p.palette.For(name)
	if len(p.palette.Boards) > 0 {
		for _, c := range b.cards {
			c.role = palette.Role(c.code)
		}
	}
	b.palette = palette
}

// changed takes in what happens to a card that is there.
func (p *Plan) changed(f *Fact) {
	b := p.board(f.canvas)
	c := b.cards[f.card]
	if c == nil {
		if f.kind != recolored || f.card == "" {
			return
		}
		p.arrives(f, b, cardFact{id: f.card, code: f.was}) // another program tells of it first
		if c = b.cards[f.card]; c == nil {
			return
		}
	}
	switch f.kind {
	case recolored:
		p.flip(f.time, c, f.was, f.is)
	case retexted:
		c.words = f.is
	case reviewed:
		p.review(f.time, c, f.rating)
	case snoozed:
		c.snoozed = f.until
	}
}

// arrives takes in a card that is on a board now.
func (p *Plan) arrives(f *Fact, b *board, s cardFact) {
	if s.id == "" {
		return // nobody could tell which of those without an id is meant
	}
	if c := b.cards[s.id]; c != nil {
		c.copies++
		return
	}
	c := p.returns(b, s)
	if c == nil {
		c = &card{id: s.id, fresh: true}
		p.all = append(p.all, c)
	}
	c.kind, c.words, c.board, c.copies, c.came, c.seen = s.kind, s.words, b, 1, f.time, f.kind == created
	b.cards[s.id] = c
	p.live[s.id] = append(p.live[s.id], c)
	if c.fresh {
		c.code = s.code
		p.begin(f.time, c)
		return
	}
	p.flip(f.time, c, c.code, s.code)
}

// returns takes the card that has been away and is here again, nil if there is none; by the rules of history.Card.
func (p *Plan) returns(b *board, s cardFact) *card {
	away := p.gone[s.id]
	best := -1
	for i, c := range away {
		if c.board == b || (best < 0 || away[best].board != b) && s.same(c) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	c := away[best]
	p.gone[s.id] = without(away, c)
	c.fresh = false
	return c
}

// leaves takes a card off its board.
func (p *Plan) leaves(f *Fact, c *card) {
	if c.copies--; c.copies > 0 {
		return
	}
	delete(c.board.cards, c.id)
	p.live[c.id] = without(p.live[c.id], c)
	for _, to := range p.live[c.id] { // it has come to another board a moment ago: that one goes on
		s := cardFact{id: to.id, kind: to.kind, words: to.words}
		if to.fresh && learning.Moved(to.came, f.time, to.seen, f.kind == deleted || f.kind == renamed) && s.same(c) {
			code := to.code
			to.state, to.flips, to.code, to.fresh = c.state, c.flips, c.code, false
			p.flip(to.came, to, to.code, code)
			return
		}
	}
	p.gone[c.id] = append(p.gone[c.id], c)
}

func without(cards []*card, c *card) []*card {
	var rest []*card
	for _, o := range cards {
		if o != c {
			rest = append(rest, o)
		}
	}
	return rest
}

// day returns the number of a day, and with it the days between two.
func (p *Plan) day(t time.Time) int { return dayOf(t.In(p.zone)) }

func dayOf(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// dayString writes the number of a day as 2025-11-08.
func dayString(day int) string {
	return time.Unix(int64(day)*24*60*60, 0).UTC().Format(time.DateOnly)
}
