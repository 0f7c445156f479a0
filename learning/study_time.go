package learning

import "time"

// Study collects the times of events into sittings, whatever their order. It is for who looks at many days and needs no
// other figure of them; a Tally does the same for its day.
type Study struct{ study }

// NewStudy returns a Study without events. The idle gap is the palette's.
func NewStudy(p Palette) *Study { return &Study{study{gap: p.idleGap()}} }

// Add takes in the time of one event; an unknown one, the zero Time, does not count.
func (s *Study) Add(t time.Time) {
	if !t.IsZero() {
		s.add(t)
	}
}

// Active returns the length of all sittings.
func (s *Study) Active() time.Duration { return s.active() }

// Sittings returns the sittings by their times. They are the Study's own until the next Add.
func (s *Study) Sittings() []Sitting { return s.sittings }

// Reset forgets all events.
func (s *Study) Reset() { s.sittings = s.sittings[:0] }
