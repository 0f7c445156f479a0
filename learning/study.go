package learning

import (
	"slices"
	"time"
)

// MaxGap is the longest time between two events that counts as study, unless a palette says otherwise. Whoever did longer
// nothing was away.
const MaxGap = 15 * time.Minute

// Sitting is a stretch of study: events of which none is further than the idle gap from the next.
type Sitting struct {
	Start, End time.Time // of its earliest and its latest event
	Events     int
}

// study is the time that was studied, whatever the order in which the events come. It keeps only sittings; they are sorted,
// disjoint and more than gap apart, so a day has 96 at most with a gap of 15 minutes.
type study struct {
	gap      time.Duration
	sittings []Sitting
}

// add takes one event's time in.
func (s *study) add(t time.Time) {
	// The sittings that t is near enough to join: those from i up to j, two at most.
	i, _ := slices.BinarySearchFunc(s.sittings, t.Add(-s.gap), func(x Sitting, near time.Time) int {
		return x.End.Compare(near)
	})
	j := i
	joined := Sitting{t, t, 1}
	for ; j < len(s.sittings) && !s.sittings[j].Start.After(t.Add(s.gap)); j++ {
		joined.Start = earlier(joined.Start, s.sittings[j].Start)
		joined.End = later(joined.End, s.sittings[j].End)
		joined.Events += s.sittings[j].Events
	}
	s.sittings = slices.Replace(s.sittings, i, j, joined)
}

// active returns the length of all sittings.
func (s *study) active() (d time.Duration) {
	for _, x := range s.sittings {
		d += x.End.Sub(x.Start)
	}
	return d
}

// bounds returns the earliest and the latest time, zero if there is none.
func (s *study) bounds() (first, last time.Time) {
	if n := len(s.sittings); n > 0 {
		return s.sittings[0].Start, s.sittings[n-1].End
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
