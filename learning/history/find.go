package history

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"daybook/canvas"
	"daybook/learning"
)

// Words is what somebody remembers of a card: its id, or some of the words on it. Upper and lower case and the kind and
// number of spaces do not matter.
type Words struct {
	given, folded string
	needle        string // a piece that stands in JSON as it does here, whatever is around it
}

// NewWords returns what is looked for. Words without a letter, digit or sign are on no card.
func NewWords(given string) Words {
	w := Words{given: given, folded: fold(given)}
	for _, piece := range strings.FieldsFunc(w.folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(piece) > len(w.needle) {
			w.needle = piece
		}
	}
	return w
}

// Given returns what is looked for as it was given.
func (w Words) Given() string { return w.given }

// Match is how well a card fits Words. The zero Match is not at all.
type Match int

// The matches, from the weakest to the strongest.
const (
	Part  Match = iota + 1 // the words stand in the text, perhaps within others
	Whole                  // the words stand in the text as whole ones
	Exact                  // the words are the whole text
	ID                     // they are the card's id
)

// In says how well a text fits.
func (w Words) In(text string) Match {
	if w.folded == "" {
		return 0
	}
	text = fold(text)
	switch {
	case text == w.folded:
		return Exact
	case !strings.Contains(text, w.folded):
		return 0
	}
	for at := 0; ; {
		i := strings.Index(text[at:], w.folded)
		if i < 0 {
			return Part
		}
		at += i
		if !joins(text[:at], w.folded) && !joins(w.folded, text[at+len(w.folded):]) {
			return Whole
		}
		at += len(w.folded)
	}
}

// Card says how well a card fits, by its id and by all texts that it has had.
func (w Words) Card(c *Card) Match {
	if c.ID == w.given && c.ID != "" {
		return ID
	}
	best := w.In(c.Node.Text())
	for _, e := range c.Log {
		best = max(best, w.In(e.Before.Text()), w.In(e.After.Text()))
	}
	return best
}

// Node says how well a card fits as it stands on a board.
func (w Words) Node(n canvas.Node) Match {
	if n.ID() == w.given && w.given != "" {
		return ID
	}
	return w.In(n.Text())
}

// Event says how well what an event tells of a card fits.
func (w Words) Event(t Told) Match {
	if t.ID != "" && t.ID == w.given {
		return ID
	}
	best := Match(0)
	for _, text := range t.Texts {
		best = max(best, w.In(text))
	}
	return best
}

// Told is what an event tells of a card: its id, and texts that it has or had.
type Told struct {
	ID    string
	Texts []string
}

// Tell returns what an event tells of a card, the zero Told if it is about none.
func Tell(e learning.Event) (t Told) {
	switch e.Type {
	case "node_added", "node_removed", "node_text_change", "node_changed", "node_color_change", "node_moved":
	default:
		return t
	}
	d := object(e.Details)
	t.ID, _ = text(d["node_id"])
	for _, name := range []string{"node", "old_node"} {
		if n, err := parseObject(d[name]); err == nil {
			t.ID = n.ID()
			t.Texts = append(t.Texts, n.Text())
		}
	}
	texts := []json.RawMessage{d["old_text"], d["new_text"]}
	if e.Type == "node_changed" {
		for _, side := range []string{"old", "new"} {
			o := object(d[side])
			texts = append(texts, o["text"], o["file"], o["url"], o["label"])
		}
	}
	for _, raw := range texts {
		if s, ok := text(raw); ok {
			t.Texts = append(t.Texts, s)
		}
	}
	return t
}

// MayFit reports whether the words may stand in an event, of which line is the JSON. It is quick, and never wrong when it
// says no.
func (w Words) MayFit(line []byte) bool {
	return bytes.Contains(line, []byte(`\u`)) || bytes.Contains(bytes.ToLower(line), []byte(w.needle))
}

// fold makes texts comparable.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// joins reports whether a word goes on from the end of a to the beginning of b. Languages that are written without
// spaces have words of one character here.
func joins(a, b string) bool {
	last, next := rune(0), rune(0)
	for _, last = range a[max(0, len(a)-8):] {
	}
	for _, next = range b {
		break
	}
	return inWord(last) && inWord(next)
}

func inWord(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !alone(r)
}

// alone reports whether a character is a word by itself, in a script without spaces between words.
func alone(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao,
		unicode.Khmer, unicode.Myanmar)
}
