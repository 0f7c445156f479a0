package learning

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// StepKind is what an event of the book says about the learner. Steps are recognised by the roles of the codes, never by
// the codes or names themselves; one event is one step at most. They are computed and never stored.
type StepKind string

// The kinds of steps.
const (
	Improving       StepKind = "understanding_improving"        // not understood → partial
	MasteredNow     StepKind = "understanding_mastered"         // partial → mastered
	Breakthrough    StepKind = "breakthrough"                   // not understood → mastered
	Regressed       StepKind = "understanding_regressed"        // mastered → partial or not understood, partial → not understood
	KnowledgeAdded  StepKind = "knowledge_node_added"           // a new card that is not understood
	OwnWordsUpdated StepKind = "personal_understanding_updated" // a card in the learner's own words has another text
	noStep          StepKind = ""
)

// Step is one step. The lengths are those of OwnWordsUpdated, in characters; else they are zero.
type Step struct {
	Kind    StepKind
	OldText int
	NewText int
}

// Delta is by how many characters the text has grown; negative if it is shorter.
func (s Step) Delta() int { return s.NewText - s.OldText }

// Step returns the step that an event is by itself, not ok if it is none. What it cannot know from the event alone, whether
// the change was taken back within a minute, and the code of a card whose text has changed where the event does not say it,
// a Tally knows.
func (p Palette) Step(e Event) (Step, bool) {
	p = p.For(e.Canvas)
	f := p.facts(e)
	kind := noStep
	switch {
	case f.recolored:
		kind = p.stepOf(f.old, f.new)
	case e.Type == "node_added" && f.coded && p.Role(f.code) == NotUnderstood:
		kind = KnowledgeAdded
	case e.Type == "node_text_change":
		t := newTextChange(e.Details)
		if code, ok := t.code(p); ok && p.Role(code) == OwnWords {
			return t.step(), true
		}
	}
	return Step{Kind: kind}, kind != noStep
}

// stepOf returns the step that a change from one code to another is.
func (p Palette) stepOf(old, new string) StepKind {
	switch [2]Role{p.Role(old), p.Role(new)} {
	case [2]Role{NotUnderstood, Partial}:
		return Improving
	case [2]Role{Partial, Mastered}:
		return MasteredNow
	case [2]Role{NotUnderstood, Mastered}:
		return Breakthrough
	case [2]Role{Mastered, Partial}, [2]Role{Partial, NotUnderstood}, [2]Role{Mastered, NotUnderstood}:
		return Regressed
	}
	return noStep
}

// UnderstandingRate returns which part of the steps forwards and backwards leads forwards, from 0 to 1; 0 if there are none.
func UnderstandingRate(steps map[StepKind]int) float64 {
	forwards := steps[Improving] + steps[MasteredNow] + steps[Breakthrough]
	if forwards == 0 {
		return 0
	}
	return float64(forwards) / float64(forwards+steps[Regressed])
}

// textChange is what a node_text_change says, undecoded.
type textChange struct {
	card, save         string
	color              json.RawMessage // nil if the event does not say it
	old, new           json.RawMessage
	oldLength, newSize json.RawMessage
}

func newTextChange(details json.RawMessage) textChange {
	v := members(details, "node_id", "old_node", "save", "color", "old_text", "new_text", "old_text_length", "new_text_length")
	return textChange{named(v[0], v[1]), plainText(v[2]), v[3], v[4], v[5], v[6], v[7]}
}

// code returns the card's code, before and after, if the event says it.
func (t textChange) code(p Palette) (string, bool) {
	if t.color == nil || p.Member != "" {
		return "", false
	}
	return code(t.color, false)
}

func (t textChange) step() Step {
	return Step{OwnWordsUpdated, characters(t.old, t.oldLength), characters(t.new, t.newSize)}
}

// characters returns the length of a text in characters, or the one that the event says in its place. A text that is no
// string has the length of its JSON.
func characters(raw, length json.RawMessage) int {
	if s, ok := text(raw); ok {
		return utf8.RuneCountInString(s)
	}
	if raw != nil {
		return utf8.RuneCount(raw)
	}
	n, err := strconv.Atoi(string(length))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
