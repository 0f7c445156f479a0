package review

import (
	"fmt"
	"math"

	"github.com/open-spaced-repetition/go-fsrs/v4"
)

// Schedule is how the days are computed on which a card is due.
type Schedule string

// The schedules.
const (
	FSRS  Schedule = "fsrs"  // FSRS 6 with its default weights, for nine of ten cards remembered
	Story Schedule = "story" // 1, 2, 4, 7, 15, 30 days
)

// ParseSchedule returns the schedule of a name.
func ParseSchedule(name string) (Schedule, error) {
	switch s := Schedule(name); s {
	case FSRS, Story:
		return s, nil
	}
	return "", fmt.Errorf("there is no schedule %q: choose from fsrs and story", name)
}

// Rating is how well the learner remembered. The zero Rating is none.
type Rating int

// The ratings, those of FSRS.
const (
	Again Rating = iota + 1
	Hard
	Good
	Easy
)

func ratings() [4]string { return [...]string{"again", "hard", "good", "easy"} }

// ParseRating reads a rating as Rating.String writes it.
func ParseRating(name string) (Rating, error) {
	for i, r := range ratings() {
		if r == name {
			return Rating(i + 1), nil
		}
	}
	return 0, fmt.Errorf("there is no rating %q: choose from again, hard, good and easy", name)
}

// String returns again, hard, good or easy; "" for the zero Rating.
func (r Rating) String() string {
	if r < Again || r > Easy {
		return ""
	}
	return ratings()[r-1]
}

// progress is where a card is in the schedule. The zero progress is that of a card that has never been rated.
type progress struct {
	memory fsrs.MemoryState // of FSRS
	step   int              // of Story
	rated  int              // the day of the last rating; 0 is none
	due    int              // the day on which it is due
}

// scheduler computes intervals.
type scheduler struct {
	schedule   Schedule
	parameters fsrs.Parameters
}

func newScheduler(s Schedule) scheduler { return scheduler{s, fsrs.DefaultParam()} }

// next brings a card further, elapsed days after the rating before, and returns in how many days it is due.
func (s *scheduler) next(p *progress, elapsed int, r Rating) int {
	if s.schedule == Story {
		return p.story(r)
	}
	var current *fsrs.MemoryState
	if p.rated != 0 {
		current = &p.memory
	}
	next := s.parameters.NextState(current, s.parameters.RequestRetention, uint64(elapsed), fsrs.Rating(r))
	p.memory = next.Memory
	return int(min(math.Round(next.Interval), s.parameters.MaximumInterval))
}

// story goes one interval further, two if it was easy, stays where it is if it was hard, and begins again.
func (p *progress) story(r Rating) int {
	days := [...]int{1, 2, 4, 7, 15, 30}
	switch {
	case r == Again || p.rated == 0:
		p.step = 0
	case r == Good:
		p.step++
	case r == Easy:
		p.step += 2
	}
	p.step = min(p.step, len(days)-1)
	return days[p.step]
}
