package review

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"daybook/learning"
)

// Why is a reason to look at a card. The zero Why is none.
type Why string

// The reasons, those that come first in a list first.
const (
	Regressed     Why = "regressed"      // it was understood better before
	Due           Why = "due"            // by the schedule
	NotUnderstood Why = "not_understood" // for more than MaxNotUnderstood days
	Partial       Why = "partial"        // for more than MaxPartial days
)

func whys() []Why { return []Why{Regressed, Due, NotUnderstood, Partial} }

// Reason is a Why and since when.
type Reason struct {
	Why   Why
	Since string // the day, as 2025-11-08
	Days  int    // from then to today
}

// Item is a card to look at.
type Item struct {
	Card    string // its id
	Canvas  string
	Words   string // the first of its text; "" if the book has none
	Code    string
	From    string // of a regression the code that it had before
	Role    learning.Role
	Reasons []Reason // at least one
	Due     string   // the day; "" if it is in no schedule yet
}

// Total is the sum of one board.
type Total struct {
	Canvas  string
	Listed  int         // cards to look at
	Reasons map[Why]int // never nil
	Learned int         // cards in the schedule
	Snoozed int         // cards that would be listed
}

// Today is what to look at on a day.
type Today struct {
	Day    string
	Items  []Item  // the most urgent first
	Boards []Total // those that have cards in the schedule or on the list, by their names
	// Next is the first day after today on which a card is due, and how many are then; "" if there is none.
	Next      string
	NextCards int
}

// List returns what to look at on the day of now.
func (p *Plan) List(now time.Time) Today {
	today := p.day(now)
	t := Today{Day: dayString(today)}
	totals := map[string]*Total{}
	next := 0
	for _, c := range p.all {
		if c.board == nil || c.board.cards[c.id] != c {
			continue
		}
		reasons := p.reasons(c, today)
		learned := c.learned()
		if len(reasons) == 0 && !learned {
			continue
		}
		total := totals[c.board.name]
		if total == nil {
			total = &Total{Canvas: c.board.name, Reasons: map[Why]int{}}
			totals[c.board.name] = total
		}
		if learned {
			total.Learned++
			if day := max(c.due, c.snoozed); day > today {
				if next == 0 || day < next {
					next, t.NextCards = day, 0
				}
				if day == next {
					t.NextCards++
				}
			}
		}
		if len(reasons) == 0 {
			continue
		}
		if c.snoozed > today {
			total.Snoozed++
			continue
		}
		total.Listed++
		for _, r := range reasons {
			total.Reasons[r.Why]++
		}
		t.Items = append(t.Items, p.item(c, reasons))
	}
	slices.SortStableFunc(t.Items, compare)
	for _, total := range totals {
		t.Boards = append(t.Boards, *total)
	}
	slices.SortFunc(t.Boards, func(a, b Total) int { return strings.Compare(a.Canvas, b.Canvas) })
	if next != 0 {
		t.Next = dayString(next)
	}
	return t
}

func (p *Plan) item(c *card, reasons []Reason) Item {
	it := Item{
		Card: c.id, Canvas: c.board.name, Words: c.words, Code: c.code, From: c.from, Role: c.role, Reasons: reasons,
	}
	if c.rated != 0 {
		it.Due = dayString(c.due)
	}
	return it
}

// learned reports whether a card is in the schedule: it is, or was, understood at least in part, and says now how well.
func (c *card) learned() bool {
	return c.rated != 0 && (c.role == learning.Mastered || c.role == learning.Partial || c.role == learning.NotUnderstood)
}

// reasons says why to look at a card on a day.
func (p *Plan) reasons(c *card, today int) (reasons []Reason) {
	add := func(w Why, since int) {
		reasons = append(reasons, Reason{w, dayString(since), today - since})
	}
	if !c.learned() && c.role != learning.NotUnderstood && c.role != learning.Partial {
		return nil
	}
	if !c.regressed.IsZero() {
		add(Regressed, p.day(c.regressed))
	}
	if c.learned() && c.due <= today {
		add(Due, c.due)
	}
	since := p.day(c.since)
	waiting := today - max(since, p.day(c.reviewed))
	switch {
	case c.since.IsZero():
	case c.role == learning.NotUnderstood && waiting > MaxNotUnderstood:
		add(NotUnderstood, since)
	case c.role == learning.Partial && waiting > MaxPartial:
		add(Partial, since)
	}
	return reasons
}

// compare orders items: by their first reason, those that wait longest first.
func compare(a, b Item) int {
	x, y := a.Reasons[0], b.Reasons[0]
	return cmp.Or(
		cmp.Compare(slices.Index(whys(), x.Why), slices.Index(whys(), y.Why)),
		cmp.Compare(y.Days, x.Days),
		strings.Compare(a.Canvas, b.Canvas),
		strings.Compare(a.Card, b.Card),
	)
}
