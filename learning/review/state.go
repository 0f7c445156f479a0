package review

import (
	"time"

	"daybook/learning"
)

// begin takes in a card that is new. One that is understood in part or wholly is learned from now on.
func (p *Plan) begin(at time.Time, c *card) {
	c.state = state{role: c.board.palette.Role(c.code), since: at}
	switch c.role {
	case learning.Mastered:
		p.rate(&c.state, at, Good)
	case learning.Partial:
		p.rate(&c.state, at, Hard)
	}
}

// flip takes in that a card has another code. One that is taken back within a minute has not been.
func (p *Plan) flip(at time.Time, c *card, old, new string) {
	before := c.state
	c.code = new
	if old == new {
		return
	}
	if undone, ok := c.flips.Add(learning.Flip[state]{Time: at, Old: old, New: new, Of: before}); ok {
		c.state = undone.Of
		return
	}
	was, is := c.role, c.board.palette.Role(new)
	if was == is {
		return
	}
	c.role, c.since, c.snoozed, c.before = is, at, 0, nil
	rating := p.rating(was, is)
	c.regressed, c.from = time.Time{}, ""
	if rating == Again {
		c.regressed, c.from = at, old
	}
	if rating != 0 {
		p.rate(&c.state, at, rating)
	}
}

// rating is what a change of role says of how well the learner remembered; 0 is nothing.
func (p *Plan) rating(was, is learning.Role) Rating {
	switch {
	case is == learning.Mastered:
		return Good
	case is == learning.Partial && was == learning.Mastered:
		return Again
	case is == learning.Partial:
		return Hard
	case is == learning.NotUnderstood && (was == learning.Mastered || was == learning.Partial):
		return Again
	}
	return 0
}

// review takes in that the learner has looked at a card. Of several reviews of one day the last one counts.
func (p *Plan) review(at time.Time, c *card, r Rating) {
	if c.before != nil && p.day(c.reviewed) == p.day(at) {
		c.progress = *c.before
	} else {
		before := c.progress
		c.before = &before
	}
	p.rate(&c.state, at, r)
	c.reviewed, c.regressed, c.from, c.snoozed = at, time.Time{}, "", 0
}

// rate brings a card further by the schedule.
func (p *Plan) rate(s *state, at time.Time, r Rating) {
	day := p.day(at)
	elapsed := 0
	if s.rated != 0 {
		elapsed = max(0, day-s.rated)
	}
	s.due = day + max(1, p.schedule.next(&s.progress, elapsed, r))
	s.rated = day
}
