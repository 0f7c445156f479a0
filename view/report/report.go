// Package report tells a learner how learning went on a day, in a week, or on a board.
//
// Daily, Weekly and Board make a Report, a value, from a book. Its Markdown, its pictures and its page are made from it
// alone; Write puts them into the vault, and WriteNote puts a summary of the day into the vault's daily note. docs/cli.md
// describes what they look like.
package report

import (
	"encoding/json"
	"time"

	"daybook"
	"daybook/learning"
)

// Kind is what a report is about. The zero Kind is none.
type Kind string

// The kinds of reports.
const (
	KindDaily  Kind = "daily"
	KindWeekly Kind = "weekly"
	KindBoard  Kind = "board"
)

// Report is what a report tells. Days are written as 2025-11-08. Texts of the user's, names of boards and words of cards,
// are as the book has them; who shows them takes care of that.
type Report struct {
	Kind  Kind   `json:"kind"`
	Name  string `json:"name"`            // of its files, without their endings
	Vault string `json:"vault"`           // the name of the vault
	Board string `json:"board,omitempty"` // of KindBoard: its canvas_id
	From  string `json:"from"`            // the first day of the period
	To    string `json:"to"`              // the last one
	Today string `json:"today"`

	Figures
	Before   *Figures  `json:"before,omitempty"` // of KindWeekly: those of the week before
	Sittings []Sitting `json:"sittings"`         // of the period; never nil
	Boards   []Board   `json:"boards"`           // those with most events first; never nil; of KindBoard none
	// Cards are how many cards of each role there are at the end of the period; "" are those without one.
	Cards map[learning.Role]int `json:"cards"`
	// Transitions are the changes of colour, the most frequent first; never nil.
	Transitions []Transition `json:"transitions"`
	// Explanations are the kinds of explanations that came, the most frequent first; never nil.
	Explanations []Count `json:"explanations"`
	// Course are the days that the pictures over time show, up to To, without a gap; never nil.
	Course []Day `json:"course"`
	// Names are the names that the board of KindBoard had before, the last one first; missing if there are none.
	Names []string `json:"names,omitempty"`
	// Hours are the events by weekday, Monday first, and hour of the day, in the book's zone.
	Hours [7][24]Cell `json:"hours"`
	// Year are the days with events of the year that ends with To.
	Year []Day `json:"year"`
	// Review is what to look at today; nil if the period ends before yesterday, when it would be too late.
	Review *Review `json:"review,omitempty"`
	// Weak are cards that are not understood, or half, for long, or were understood better before; the most urgent first;
	// never nil.
	Weak []Card `json:"weak"`
	// Damaged is how many pieces of the day files are no events and were left out.
	Damaged int `json:"damaged,omitempty"`
}

// Figures are the counts of a period.
type Figures struct {
	Events        int                       `json:"events"`
	Active        learning.Seconds          `json:"active_seconds"`
	Days          int                       `json:"days"` // with events
	SittingsCount int                       `json:"sittings_count"`
	Steps         map[learning.StepKind]int `json:"learning_events"`
	Rate          float64                   `json:"understanding_rate"`
	Misclicks     int                       `json:"misclicks"`
	OwnWords      int                       `json:"own_words_delta"` // characters
}

// Sitting is a stretch of study, with times in the book's zone.
type Sitting struct {
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Events int       `json:"events"`
}

// MarshalJSON spells the times by daybook.TimeLayout.
func (s Sitting) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Start  string `json:"start"`
		End    string `json:"end"`
		Events int    `json:"events"`
	}{s.Start.Format(daybook.TimeLayout), s.End.Format(daybook.TimeLayout), s.Events})
}

// Board is what a period says of one board.
type Board struct {
	Board  string                    `json:"board"`
	Events int                       `json:"events"`
	Active learning.Seconds          `json:"active_seconds"`
	Steps  map[learning.StepKind]int `json:"learning_events"`
	Rate   float64                   `json:"understanding_rate"`
}

// Transition is a change of colour, by the names of the colours.
type Transition struct {
	From     string        `json:"from"`
	To       string        `json:"to"`
	FromRole learning.Role `json:"from_role,omitempty"`
	ToRole   learning.Role `json:"to_role,omitempty"`
	Count    int           `json:"count"`
}

// Count is how often there was something.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Day is one day of the course.
type Day struct {
	Day    string                    `json:"day"`
	Events int                       `json:"events"`
	Active learning.Seconds          `json:"active_seconds"`
	Cards  map[learning.Role]int     `json:"cards,omitempty"` // after the day's last event
	Steps  map[learning.StepKind]int `json:"learning_events,omitempty"`
}

// Cell is one hour of a weekday.
type Cell struct {
	Events int `json:"events"`
}

// Review is what to look at.
type Review struct {
	Day       string `json:"day"`
	Cards     []Card `json:"cards"`          // the most urgent first; never nil
	Next      string `json:"next,omitempty"` // the next day on which cards are due
	NextCards int    `json:"next_cards,omitempty"`
}

// Card is a card to look at.
type Card struct {
	Card    string        `json:"card"` // its id
	Board   string        `json:"board"`
	Words   string        `json:"words"` // the first of its text
	Role    learning.Role `json:"role,omitempty"`
	Reasons []Reason      `json:"reasons"`
	Link    string        `json:"link"` // opens its board in Obsidian
}

// Reason is why to look at a card: regressed, due, not_understood, partial.
type Reason struct {
	Why   string `json:"why"`
	Since string `json:"since"` // the day
	Days  int    `json:"days"`  // from then on
}

// Empty reports whether nothing happened in the period.
func (r *Report) Empty() bool { return r.Events == 0 }

// Source is what reports are made from.
type Source struct {
	Book    *daybook.Book
	Palette learning.Palette
	Vault   string // the directory of the vault
	// Damage, if not nil, is called with each damaged piece that is left out, by one goroutine at a time.
	Damage func(*daybook.DamageError)
}

func (s Source) tell(d *daybook.DamageError) {
	if s.Damage != nil {
		s.Damage(d)
	}
}
