// Package steady orders times of things whose order is known better than their times: clocks are wrong now and then.
package steady

import (
	"slices"
	"time"
)

// Moment is when something is said to have happened. Else is what counts where Time cannot be. The zero Time is unknown.
type Moment struct{ Time, Else time.Time }

// Times returns when things have happened, one after the other, from a time on: times that never run backwards. As many as
// possible have the Time that is said of them. Where as many speak for one as for another, those are believed that are
// nearer to the others: the earlier of two times at the end, where one is ahead, and the later at the beginning, where
// one is behind. An outlier gets its Else if that fits between its neighbours, and otherwise the time between them that
// is nearest to its own; before the first believed time, that one. A time stays zero only if nothing is known that
// comes before or after it.
//
// The times of a tail of the moments are the same when they are asked for alone, from the time of what comes before them.
func Times(from time.Time, moments []Moment) []time.Time {
	kept := chain(from, moments)
	given := make([]time.Time, len(moments))
	last := from
	for i, m := range moments {
		for len(kept) > 0 && kept[0] < i {
			kept = kept[1:]
		}
		var next time.Time // zero: there is no end
		if len(kept) > 0 {
			next = moments[kept[0]].Time
		}
		given[i] = between(m, last, next, len(kept) > 0 && kept[0] == i)
		last = given[i]
	}
	return given
}

// between returns the time of a moment between two others, each of which may be unknown.
func between(m Moment, last, next time.Time, kept bool) time.Time {
	fits := func(t time.Time) bool {
		return !t.IsZero() && !t.Before(last) && (next.IsZero() || !t.After(next))
	}
	t := m.Time
	switch {
	case kept:
		return t
	case last.IsZero() && !next.IsZero():
		return next
	case fits(m.Else):
		return m.Else
	case t.IsZero():
		t = m.Else
	}
	if !next.IsZero() && t.After(next) {
		return next
	}
	if t.Before(last) {
		return last
	}
	return t
}

// chain returns the moments that keep their times, as their places.
func chain(from time.Time, moments []Moment) []int {
	// levels[n] are the moments with which a chain of n+1 moments begins that never runs backwards, and no longer one. The
	// later of them have the earlier times, or it would be longer.
	var levels [][]int
	for i := len(moments) - 1; i >= 0; i-- {
		t := moments[i].Time
		if t.IsZero() || t.Before(from) {
			continue
		}
		low, high := 0, len(levels)
		for low < high { // the first level whose latest time is before t
			mid := (low + high) / 2
			if of := levels[mid]; moments[of[len(of)-1]].Time.Before(t) {
				high = mid
			} else {
				low = mid + 1
			}
		}
		if low == len(levels) {
			levels = append(levels, nil)
		}
		levels[low] = append(levels[low], i)
	}
	var kept []int
	for n := len(levels) - 1; n >= 0; n-- {
		// Its last moment, which has the earliest time, comes first.
		i := slices.IndexFunc(levels[n], func(i int) bool { return !moments[i].Time.Before(from) })
		if from.IsZero() {
			i = len(levels[n]) - 1
		}
		kept = append(kept, levels[n][i])
		from = moments[levels[n][i]].Time
	}
	return kept
}
