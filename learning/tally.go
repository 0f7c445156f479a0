package learning

import (
	"maps"
	"time"
)

// Tally is the running statistics of one day. Adding an event costs the same however many there were; what a Tally
// keeps grows with the boards, the colours and the types of events, not with the events. It is not safe for use by
// several goroutines at once.
type Tally struct {
	total       int
	canvases    []string // in the order of their first event
	known       map[string]bool
	types       map[string]int
	transitions map[[2]string]int // by raw codes: names are resolved when the statistics are read
	colors      Colors
	sum         map[string]int // colors.totals
	study       study
}

// NewTally returns the tally of a day without events. start is the state of the boards when the day begins, nil for no
// boards; it is copied.
func NewTally(start Colors) *Tally {
	colors := start.Clone()
	return &Tally{
		known: map[string]bool{}, types: map[string]int{}, transitions: map[[2]string]int{},
		colors: colors, sum: colors.totals(),
	}
}

// Add counts one event. Events come in the order of the book, which the colours and CanvasesModified depend on; their
// times may come in any order, and no figure depends on it.
func (t *Tally) Add(e Event) {
	t.total++
	if e.Canvas != "" && !t.known[e.Canvas] {
		t.known[e.Canvas] = true
		t.canvases = append(t.canvases, e.Canvas)
	}
	if e.Type != "" {
		t.types[e.Type]++
	}
	if !e.Time.IsZero() {
		t.study.add(e.Time.Round(0)) // without a monotonic clock reading, which would not survive the book
	}
	if old, new, ok := t.colors.apply(e, t.sum); ok {
		t.transitions[[2]string{old, new}]++
	}
}

// Colors returns the state of the boards after the last event, where the next day starts. It is the Tally's own: not to
// be changed, and another after the next Add.
func (t *Tally) Colors() Colors { return t.colors }

// Statistics are the figures of one day. The same events give the same JSON byte for byte.
type Statistics struct {
	TotalEvents int `json:"total_events"`
	// CanvasesModified are the boards of the day's events, in the order of their first event in the book; never nil.
	CanvasesModified []string `json:"canvases_modified"`
	// ColorTransitions counts the events node_color_change by Palette.Transition; never nil. One whose details tell no
	// colours is not in it.
	ColorTransitions map[string]int `json:"color_transitions"`
	// EventTypes counts the events by their type; never nil.
	EventTypes map[string]int `json:"event_types"`
	// ColorDistribution is how many nodes of each colour name all boards have as of the last event; never nil. Zero and
	// less is left out.
	ColorDistribution map[string]int `json:"color_distribution"`
	// LearningSeconds is the time from the earliest to the latest event; ActiveSeconds leaves out the gaps that are
	// longer than MaxGap. An event of unknown time counts in neither.
	LearningSeconds Seconds `json:"learning_duration_seconds"`
	ActiveSeconds   Seconds `json:"active_seconds"`
	// Start and Last are the times of the earliest and the latest event, zero if there is none.
	Start time.Time `json:"-"`
	Last  time.Time `json:"-"`
}

// Statistics returns the figures so far, with the colours named by p. They are the caller's.
func (t *Tally) Statistics(p Palette) Statistics {
	start, last := t.study.bounds()
	s := Statistics{
		TotalEvents:       t.total,
		CanvasesModified:  append([]string{}, t.canvases...),
		ColorTransitions:  map[string]int{},
		EventTypes:        maps.Clone(t.types),
		ColorDistribution: map[string]int{},
		LearningSeconds:   Seconds(last.Sub(start)),
		ActiveSeconds:     Seconds(t.study.active()),
		Start:             start,
		Last:              last,
	}
	for codes, n := range t.transitions {
		s.ColorTransitions[p.Transition(codes[0], codes[1])] += n
	}
	for code, n := range t.sum {
		s.ColorDistribution[p.ColorName(code)] += n
	}
	maps.DeleteFunc(s.ColorDistribution, func(_ string, n int) bool { return n <= 0 })
	return s
}
