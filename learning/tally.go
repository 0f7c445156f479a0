package learning

import (
	"time"
)

// Tally is the running statistics of one day. Adding an event costs the same however many there were; what a Tally
// keeps grows with the boards, the colours, the types of events, and the cards that the day's events are about, not with
// the events. It is not safe for use by several goroutines at once.
type Tally struct {
	total     int
	canvases  []string // in the order of their first event
	boards    map[string]*board
	nowhere   *board                      // of events without a canvas
	displaced map[string]map[string]*card // cards of a board whose name another one has taken
	types     map[string]int
	misclicks int
	ownWords  int
	kinds     map[string]int // of explanations
	colors    *ColorFold
	// The figures of all boards, nowhere included.
	transitions map[string]int
	steps       map[StepKind]int
	study       study
	figures     map[string]BoardStatistics // as of the last Statistics
	shown       map[string]int             // the same: what positive returned
	tell        func(Outcome)              // nil if nobody wants to know
}

// NewTally returns the tally of a day without events. start is the state of the boards when the day begins, nil for no
// boards; it is copied. p names the colours, and says what they mean.
func NewTally(start Colors, p Palette) *Tally {
	t := &Tally{
		boards: map[string]*board{}, nowhere: newBoard(p.For("")), displaced: map[string]map[string]*card{},
		types: map[string]int{}, kinds: map[string]int{}, transitions: map[string]int{}, steps: map[StepKind]int{},
		study: study{gap: p.idleGap()}, colors: start.Clone().Fold(p), canvases: []string{}, figures: map[string]BoardStatistics{},
	}
	t.colors.sum = t.colors.colors.totals(&t.colors.palettes)
	return t
}

// Add counts one event. Events come in the order of the book, which the colours, CanvasesModified and the recognition of
// mis-clicks depend on; their times may come in any order, and no other figure depends on it.
func (t *Tally) Add(e Event) { t.AddWith(e, t.colors.palettes.of(e.Canvas).facts(e)) }

// AddWith is Add of an event whose Facts the Tally's palette has found already.
func (t *Tally) AddWith(e Event, f Facts) {
	t.total++
	if e.Type != "" {
		t.types[e.Type]++
	}
	b := t.board(e.Canvas)
	if !b.modified && !isNote(e.Type) {
		b.modified = true
		if b != t.nowhere {
			t.canvases = append(t.canvases, e.Canvas)
		}
	}
	b.total++
	b.changes++
	if !e.Time.IsZero() {
		at := e.Time.Round(0) // without a monotonic clock reading, which would not survive the book
		t.study.add(at)
		if b != t.nowhere {
			b.study.add(at)
		}
	}
	t.colors.add(e, f)
	t.learn(b, e, f)
}

// isNote reports whether events of a type are what the learner has noted about a card, which changes no board.
func isNote(eventType string) bool {
	return eventType == "card_reviewed" || eventType == "card_snoozed"
}

// board returns the part of a board.
func (t *Tally) board(canvas string) *board {
	if canvas == "" {
		return t.nowhere
	}
	b := t.boards[canvas]
	if b == nil {
		b = newBoard(t.colors.palettes.of(canvas))
		t.boards[canvas] = b
	}
	return b
}

// learn counts the transitions, steps and explanations of an event, and remembers what it tells of its card.
func (t *Tally) learn(b *board, e Event, f Facts) {
	switch e.Type {
	case "canvas_created", "canvas_deleted":
		clear(b.cards)
		return
	case "canvas_renamed":
		t.rename(b, e)
		return
	case "node_removed":
		delete(b.cards, f.card)
		return
	case "node_added":
		t.added(b, f)
		return
	case "node_text_change":
		t.retexted(b, e)
		return
	}
	if !f.recolored {
		return
	}
	c := b.card(f.card)
	c.code, c.known, c.save = f.new, true, f.save
	change := Flip[counted]{e.Time, f.old, f.new, counted{
		event: t.total - 1, board: b, transition: b.palette.Transition(f.old, f.new), step: b.palette.stepOf(f.old, f.new),
	}}
	if undone, ok := c.flips.Add(change); ok {
		t.misclicks++
		t.count(undone.Of, -1)
		t.say(outcome(undone, true))
		t.say(outcome(change, true))
		return
	}
	t.count(change.Of, 1)
	t.say(outcome(change, false))
}

// count counts a change of colour for its board and for the day, or takes it back.
func (t *Tally) count(f counted, n int) {
	addCount(t.transitions, f.transition, n)
	addCount(f.board.transitions, f.transition, n)
	f.board.changes++
	if f.step != noStep {
		t.step(f.board, f.step, n)
	}
}

func (t *Tally) step(b *board, kind StepKind, n int) {
	addCount(t.steps, kind, n)
	addCount(b.steps, kind, n)
	b.changes++
}

// added takes in a card that is new.
func (t *Tally) added(b *board, f Facts) {
	if !f.coded {
		return
	}
	c := b.card(f.card)
	*c = card{code: f.code, known: true, save: f.save}
	switch b.palette.Role(f.code) {
	case NotUnderstood:
		t.step(b, KnowledgeAdded, 1)
		t.say(Outcome{Event: t.total - 1, Step: KnowledgeAdded})
	case Explanation:
		if kind := b.palette.ExplanationKind(plainText(members(f.node, "text")[0])); kind != "" {
			t.kinds[kind]++
		}
	}
}

// retexted takes in a card that has another text. What its code is the event says, or an earlier one of the day.
func (t *Tally) retexted(b *board, e Event) {
	change := newTextChange(e.Details)
	known := b.cards[change.card]
	code, stays := change.code(b.palette)
	if !stays {
		if known == nil || !known.known {
			return
		}
		code, stays = known.code, change.save == "" || change.save != known.save
	}
	switch b.palette.Role(code) {
	case OwnWords:
		if stays {
			t.step(b, OwnWordsUpdated, 1)
			t.say(Outcome{Event: t.total - 1, Step: OwnWordsUpdated})
			t.ownWords += change.step().Delta()
		}
	case Explanation:
		was, is := b.palette.ExplanationKind(plainText(change.old)), b.palette.ExplanationKind(plainText(change.new))
		if is != "" && is != was {
			t.kinds[is]++
		}
	}
}

// rename has a board's cards go with its new name.
func (t *Tally) rename(b *board, e Event) {
	old, ok := text(members(e.Details, "old_canvas_id")[0])
	if !ok || old == e.Canvas || e.Canvas == "" {
		return
	}
	cards := t.displaced[old]
	if cards != nil {
		delete(t.displaced, old)
	} else if from := t.boards[old]; from != nil {
		cards, from.cards = from.cards, map[string]*card{}
	}
	if len(b.cards) > 0 { // two boards swap their names: the other's rename is yet to come
		t.displaced[e.Canvas] = b.cards
	}
	if b.cards = cards; cards == nil {
		b.cards = map[string]*card{}
	}
}

// Colors returns the state of the boards after the last event, where the next day starts. It is the Tally's own: not to
// be changed, and another after the next Add.
func (t *Tally) Colors() Colors { return t.colors.colors }

// Statistics are the figures of one day. The same events give the same JSON byte for byte.
type Statistics struct {
	TotalEvents int `json:"total_events"`
	// CanvasesModified are the boards of the day's events, in the order of their first event in the book; never nil. That a
	// card was reviewed or put off is no event of its board.
	CanvasesModified []string `json:"canvases_modified"`
	// ColorTransitions counts the changes of colour by Palette.Transition, but for mis-clicks; never nil. One whose details
	// tell no colours is not in it.
	ColorTransitions map[string]int `json:"color_transitions"`
	// EventTypes counts the events by their type; never nil.
	EventTypes map[string]int `json:"event_types"`
	// ColorDistribution is how many nodes of each colour name all boards have as of the last event; never nil. Zero and
	// less is left out.
	ColorDistribution map[string]int `json:"color_distribution"`
	// LearningEvents counts the steps; never nil. UnderstandingRate is that of its figures.
	LearningEvents    map[StepKind]int `json:"learning_events"`
	UnderstandingRate float64          `json:"understanding_rate"`
	// Misclicks is how often a change of colour was taken back within a minute: both changes are in EventTypes, and in no
	// other figure.
	Misclicks int `json:"misclicks"`
	// OwnWordsDelta is by how many characters the texts in the learner's own words have grown, over all OwnWordsUpdated.
	OwnWordsDelta int `json:"own_words_delta"`
	// Explanations counts the explanations that came, by kind; never nil. One of no kind is not in it.
	Explanations map[string]int `json:"explanations"`
	// LearningSeconds is the time from the earliest to the latest event; ActiveSeconds leaves out the gaps that are
	// longer than the palette's idle gap. An event of unknown time counts in neither.
	LearningSeconds Seconds `json:"learning_duration_seconds"`
	ActiveSeconds   Seconds `json:"active_seconds"`
	// Sittings are what ActiveSeconds is the sum of, by their times.
	Sittings []Sitting `json:"-"`
	// Boards are the figures of each board by itself; never nil. One of which there is no more to say than its name is
	// left out.
	Boards map[string]BoardStatistics `json:"boards"`
	// Start and Last are the times of the earliest and the latest event, zero if there is none.
	Start time.Time `json:"-"`
	Last  time.Time `json:"-"`
}

// Statistics returns the figures so far. Their maps and lists are the Tally's own: not to be changed, and others after the
// next Add. What it costs depends on how many boards there were, not on the events.
func (t *Tally) Statistics() Statistics {
	start, last := t.study.bounds()
	s := Statistics{
		TotalEvents:       t.total,
		CanvasesModified:  t.canvases,
		ColorTransitions:  t.transitions,
		EventTypes:        t.types,
		ColorDistribution: t.colors.sum,
		LearningEvents:    t.steps,
		UnderstandingRate: UnderstandingRate(t.steps),
		Misclicks:         t.misclicks,
		OwnWordsDelta:     t.ownWords,
		Explanations:      t.kinds,
		LearningSeconds:   Seconds(last.Sub(start)),
		ActiveSeconds:     Seconds(t.study.active()),
		Sittings:          t.study.sittings,
		Boards:            t.figures,
		Start:             start,
		Last:              last,
	}
	for _, n := range t.colors.sum {
		if n <= 0 { // more was taken away than there was
			s.ColorDistribution = t.positive()
			break
		}
	}
	for _, canvas := range t.canvases {
		switch b := t.boards[canvas]; {
		case !b.tells():
			b.told = 0
			delete(t.figures, canvas)
		case b.told != b.changes:
			b.told, t.figures[canvas] = b.changes, b.statistics()
		}
	}
	return s
}

// positive returns the sums of the colours that are above zero.
func (t *Tally) positive() map[string]int {
	if t.shown == nil {
		t.shown = map[string]int{}
	}
	clear(t.shown)
	for name, n := range t.colors.sum {
		if n > 0 {
			t.shown[name] = n
		}
	}
	return t.shown
}

// BoardChanges returns a number that grows whenever a figure of a board changes; 0 for one that has no events.
func (t *Tally) BoardChanges(canvas string) int {
	if b := t.boards[canvas]; b != nil {
		return b.changes
	}
	return 0
}
