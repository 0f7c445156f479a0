package learning

import (
	"slices"
	"time"
)

// MaxGap is the longest time between two events that counts as study. Whoever did longer nothing was away.
const MaxGap = 15 * time.Minute

// study is the time that was studied, whatever the order in which the events come. It keeps only stretches: runs of
// events of which none is further than MaxGap from the next. They are sorted, disjoint and more than MaxGap apart, so a
// day has 96 at most.
type study struct{ stretches []stretch }

type stretch struct{ first, last time.Time }

// add takes one event's time in.
func (s *study) add(t time.Time) {
	// The stretches that t is near enough to join: those from i up to j, two at most.
	i, _ := slices.BinarySearchFunc(s.stretches, t.Add(-MaxGap), func(x stretch, near time.Time) int {
		return x.last.Compare(near)
	})
	j := i
	joined := stretch{t, t}
	for ; j < len(s.stretches) && !s.stretches[j].first.After(t.Add(MaxGap)); j++ {
		joined.first = earlier(joined.first, s.stretches[j].first)
		joined.last = later(joined.last, s.stretches[j].last)
	}
	s.stretches = slices.Replace(s.stretches, i, j, joined)
}

// active returns the length of all stretches.
func (s *study) active() (d time.Duration) {
	for _, x := range s.stretches {
		d += x.last.Sub(x.first)
	}
	return d
}

// bounds returns the earliest and the latest time, zero if there is none.
func (s *study) bounds() (first, last time.Time) {
	if n := len(s.stretches); n > 0 {
		return s.stretches[0].first, s.stretches[n-1].last
	}
	return first, last
}

// earlier returns the earlier of two times; later the later one. Of one instant in two offsets both return the one of
// the smaller offset, so that the order of the arguments never matters.
func earlier(a, b time.Time) time.Time {
	if c := a.Compare(b); c < 0 || c == 0 && offset(a) <= offset(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if c := a.Compare(b); c > 0 || c == 0 && offset(a) <= offset(b) {
		return a
	}
	return b
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}
