package learning

import (
	"slices"
	"time"
)

// misclickTime is within which time a change that is taken back was none: the learner has clicked on the wrong colour.
const misclickTime = time.Minute

// card is what the day's events tell of one card.
type card struct {
	code  string
	known bool
	save  string // the save in which the code last changed, "" if that is not known
	flips []flip // the latest changes of the last minute that stand, in the order of the book
}

// mostFlips is how many changes of a card are remembered. Nobody takes back more within a minute.
const mostFlips = 16

// flip is a change of a card's code and where it was counted.
type flip struct {
	at         time.Time
	old, new   string
	board      *board
	transition string
	step       StepKind
}

// misclick reports whether f takes back the last change of the card that stands, within a minute, and takes that one from
// the card. Otherwise f is the last one now.
func (c *card) misclick(f flip) (undone flip, ok bool) {
	if f.at.IsZero() {
		c.flips = nil
		return flip{}, false
	}
	c.flips = slices.DeleteFunc(c.flips, func(x flip) bool { return f.at.Sub(x.at).Abs() > misclickTime })
	if n := len(c.flips); n > 0 && c.flips[n-1].old == f.new && c.flips[n-1].new == f.old && f.old != f.new {
		undone, c.flips = c.flips[n-1], c.flips[:n-1]
		return undone, true
	}
	if len(c.flips) == mostFlips {
		c.flips = slices.Delete(c.flips, 0, 1)
	}
	c.flips = append(c.flips, f)
	return flip{}, false
}
