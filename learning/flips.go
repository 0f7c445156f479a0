package learning

import (
	"slices"
	"time"
)

// misclickTime is within which time a change that is taken back was none: the learner has clicked on the wrong colour.
const misclickTime = time.Minute

// mostFlips is how many changes of a card are remembered. Nobody takes back more within a minute.
const mostFlips = 16

// Flip is a change of a card's code, with what somebody keeps of it.
type Flip[T any] struct {
	Time     time.Time
	Old, New string
	Of       T
}

// Flips are the changes of one card's code in the last minute, as far as they stand. They tell which changes were
// mis-clicks. The zero Flips are none.
type Flips[T any] struct {
	recent []Flip[T] // the latest, in the order of the book
}

// NewFlips returns the Flips that have these changes, as Recent returned them.
func NewFlips[T any](recent []Flip[T]) Flips[T] { return Flips[T]{recent} }

// Recent returns the changes that may still be taken back. They are the Flips' own.
func (s *Flips[T]) Recent() []Flip[T] { return s.recent }

// Add takes in the next change in the order of the book. It reports whether it takes back, within a minute, the last one
// that stands, and returns that one: then neither has been.
func (s *Flips[T]) Add(f Flip[T]) (undone Flip[T], ok bool) {
	if f.Time.IsZero() {
		s.recent = nil
		return undone, false
	}
	s.recent = slices.DeleteFunc(s.recent, func(x Flip[T]) bool { return f.Time.Sub(x.Time).Abs() > misclickTime })
	if n := len(s.recent); n > 0 && s.recent[n-1].Old == f.New && s.recent[n-1].New == f.Old && f.Old != f.New {
		undone, s.recent = s.recent[n-1], s.recent[:n-1]
		return undone, true
	}
	if len(s.recent) == mostFlips {
		s.recent = slices.Delete(s.recent, 0, 1)
	}
	s.recent = append(s.recent, f)
	return undone, false
}
