package learning

// board is the part of a Tally that is about one board.
type board struct {
	palette     Palette
	total       int
	modified    bool // it is one of the day's: something has happened to it
	transitions map[string]int
	steps       map[StepKind]int
	study       study
	cards       map[string]*card // those that the day's events have told of, by node_id
	changes     int              // grows with each change of a figure
	told        int              // changes, as of the last Statistics that tell of the board
}

func newBoard(p Palette) *board {
	return &board{
		palette: p, transitions: map[string]int{}, steps: map[StepKind]int{},
		study: study{gap: p.idleGap()}, cards: map[string]*card{},
	}
}

// card returns the card of an id, a new one if nothing was told of it; one that is remembered nowhere for no id.
func (b *board) card(id string) *card {
	c := b.cards[id]
	if c == nil {
		c = &card{}
		if id != "" {
			b.cards[id] = c
		}
	}
	return c
}

// BoardStatistics are the figures of one board on one day, as those of Statistics.
type BoardStatistics struct {
	TotalEvents       int              `json:"total_events"`
	ColorTransitions  map[string]int   `json:"color_transitions"`
	LearningEvents    map[StepKind]int `json:"learning_events"`
	UnderstandingRate float64          `json:"understanding_rate"`
	// ActiveSeconds are those between the board's own events: a learner who goes to and fro between two boards is active on
	// both.
	ActiveSeconds Seconds `json:"active_seconds"`
}

// statistics returns the figures. The maps are the board's own.
func (b *board) statistics() BoardStatistics {
	return BoardStatistics{
		TotalEvents:       b.total,
		ColorTransitions:  b.transitions,
		LearningEvents:    b.steps,
		UnderstandingRate: UnderstandingRate(b.steps),
		ActiveSeconds:     Seconds(b.study.active()),
	}
}

// tells reports whether there is more to say of the board than that it has events.
func (b *board) tells() bool {
	return len(b.transitions) > 0 || len(b.steps) > 0 || b.study.active() > 0
}
