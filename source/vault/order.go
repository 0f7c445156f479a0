package vault

import (
	"bytes"
	"context"
	"time"

	"daybook"
	"daybook/learning"
)

// order puts the save s in its place behind base, the state before it. Events are filed and followed by the days of their
// times, so a save with an earlier day than the one that it follows says behind which place it belongs, and so do all that
// follow until their times are later than that: a place of their own for each, one microsecond behind the last.
func (r *Recorder) order(s, base *state) {
	at, last := s.moment(), base.place()
	s.Place, s.Save.After = "", ""
	ordered := base.Save.After != ""
	if s.Save.Kind == saveCreated || s.Save.OldPath != "" { // what had the name before may be ahead, too
		if newest := r.newestPlace(at); newest.After(last) {
			last, ordered = newest, true
		}
	}
	ordered = ordered && !at.After(last)
	if ordered || r.book.DayOf(at).Compare(r.book.DayOf(last)) < 0 && !last.IsZero() {
		s.Save.After = last.In(at.Location()).Format(daybook.TimeLayout)
		last = last.Add(time.Microsecond)
		if board, err := s.board(); err == nil && board != nil {
			s.Save.Colors = board.Colors()
		}
	}
	if at.Before(last) {
		s.Place = last.In(at.Location()).Format(daybook.TimeLayout)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = r.wrong || s.Save.After != ""
	if place := s.place(); !r.newest.IsZero() && place.After(r.newest) {
		r.newest = place
	}
}

// newestPlace returns the last place of all events in the book if there is a later day than that of at, or the same and a save is out
// of order, else the zero Time.
// It reads the book once.
func (r *Recorder) newestPlace(at time.Time) time.Time {
	book, ok := r.book.(interface {
		Searcher
		Days() ([]daybook.Day, error)
	})
	if !ok || r.memory != nil {
		return time.Time{}
	}
	days, err := book.Days()
	if err != nil || len(days) == 0 {
		return time.Time{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// On the same day the lines are in order, but saves that are not may have places later than at.
	if ahead := days[len(days)-1].Compare(r.book.DayOf(at)); ahead < 0 || ahead == 0 && !r.wrong {
		return time.Time{}
	}
	if !r.newest.IsZero() {
		return r.newest
	}
	for entry, err := range book.Search(context.Background(), daybook.Query{}) {
		details, _ := entry.Event.Member("details")
		if err != nil || !bytes.Contains(details, []byte(`"save"`)) {
			continue
		}
		place := entry.Event.Time()
		if after, ok := learning.After(details); ok {
			place = after.Add(time.Microsecond)
		}
		if place.After(r.newest) {
			r.newest = place
		}
	}
	return r.newest
}

// place is the time by which the save stands in the order of the board's saves.
func (s *state) place() time.Time {
	if s.Place == "" {
		return s.moment()
	}
	t, err := time.Parse(daybook.TimeLayout, s.Place)
	if err != nil {
		return s.moment()
	}
	return t
}
