package ledger

import (
	"maps"
	"slices"
	"strings"

	"daybook/learning"
)

// figures compares the rows of days, counts and learned.
func (c *comparison) figures(fig *figures) error {
	got, err := c.k.c.read("SELECT * FROM days WHERE day = ?", c.day.String())
	if err != nil {
		return err
	}
	defer got.rows.Close() // nothing is written by it
	s := fig.tally.Statistics()
	want, err := fig.dayRow(s)
	switch {
	case err != nil:
		return err
	case got.ended && fig.events > 0:
		c.differs(-1, "", "days: the row of the day is missing")
		return nil
	case got.ended:
	case fig.events == 0:
		c.differs(-1, "", "days: there is a row of a day without events")
	case !same(got.values[16], want[16]) || !same(got.values[18], want[18]): // see View.refresh
		c.behind("the figures are of another palette, or of other colours before them; the next posting computes them again")
		return nil
	default:
		c.columns("days", -1, "", got, want)
	}
	if err := c.counts(fig.allCounts(s), fig.events == 0); err != nil {
		return err
	}
	return c.learned(fig.learned)
}

// counts compares the rows of counts.
func (c *comparison) counts(want map[count]int, none bool) error {
	if none {
		want = map[count]int{}
	}
	got := map[count]int{}
	r, err := c.k.c.read("SELECT n, kind, name FROM counts WHERE kind IN ('"+strings.Join(kinds(), "','")+"') AND day = ?", c.day.String())
	if err != nil {
		return err
	}
	defer r.rows.Close() // nothing is written by it
	for ; !r.ended && err == nil; err = r.next() {
		got[count{asText(r.values[1]), asText(r.values[2])}] = int(r.id())
	}
	if err != nil || maps.Equal(got, want) {
		return err
	}
	for _, k := range append(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got))...) {
		if got[k] != want[k] {
			c.differs(-1, "", "counts: %s %q is %d and not %d", k.kind, k.name, got[k], want[k])
			return nil
		}
	}
	c.differs(-1, "", "counts: there are %d rows and not %d", len(got), len(want))
	return nil
}

// learned compares the rows of learned.
func (c *comparison) learned(want map[int64]learning.Outcome) error {
	from, to := c.from, c.to
	got, err := c.k.c.read("SELECT * FROM learned WHERE id BETWEEN ? AND ? ORDER BY id", from, to)
	if err != nil {
		return err
	}
	defer got.rows.Close() // nothing is written by it
	for _, id := range slices.Sorted(maps.Keys(want)) {
		for ; got.id() < id && err == nil; err = got.next() {
			c.differs(got.id()-from, "", "learned: there is a row of an event that says nothing")
		}
		if err != nil {
			return err
		}
		if got.id() != id {
			c.differs(id-from, "", "learned: the row is missing")
			continue
		}
		c.columns("learned", id-from, "", got, learnedRow(id, want[id]))
		if err := got.next(); err != nil {
			return err
		}
	}
	for ; !got.ended && err == nil; err = got.next() {
		c.differs(got.id()-from, "", "learned: there is a row of an event that says nothing")
	}
	return err
}
