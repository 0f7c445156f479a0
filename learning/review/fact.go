package review

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"daybook/canvas"
	"daybook/learning"
	"daybook/learning/history"
)

// Fact is what one event says for the review. It shares no memory with the event. (It is small: a book has many.)
type Fact struct {
	time    time.Time
	canvas  string
	card    string     // its id
	was, is string     // the codes; of renamed was is the old name, of retexted is the words
	until   int        // the day, of snoozed
	rating  Rating     // of reviewed
	cards   []cardFact // of created and added
	kind    factKind
	unknown bool // what is on a board that is created is not known
	git     bool // it was recorded from a vault's history
	after   time.Time
}

// About returns when the event happened, and whether it was recorded from a vault's history, for history.Order.
func (f *Fact) About() (at time.Time, git bool) { return f.time, f.git }

// Link returns what history.Chain needs of the event.
func (f *Fact) Link() history.Link {
	l := history.Link{Time: f.time, Canvas: f.canvas, After: f.after, Note: f.kind == reviewed || f.kind == snoozed}
	if f.kind == renamed {
		l.Old = f.was
	}
	return l
}

// At sets when the event happened, where its own time is wrong.
func (f *Fact) At(at time.Time) { f.time = at }

type factKind uint8

const (
	created factKind = iota + 1
	deleted
	renamed
	added
	removed
	recolored
	retexted
	reviewed
	snoozed
)

// cardFact is what is seen of a card.
type cardFact struct{ id, kind, words, code string }

// same reports whether the card is the same as one of its id that was on another board, by the rules of history.Card.
func (s cardFact) same(c *card) bool {
	return learning.SameCard(s.id, c.kind, s.kind, c.words, s.words)
}

// Read returns what an event says for the review, nil if that is nothing. seen returns the board that an event
// canvas_created names in details.snapshot; its error is returned beside a Fact. Any number of goroutines may call Read at
// once.
func Read(e learning.Event, p learning.Palette, seen func(snapshot string) (*canvas.Board, error)) (*Fact, error) {
	if !Says(e.Type) || e.Canvas == "" {
		return nil, nil
	}
	f := &Fact{time: e.Time, canvas: e.Canvas, git: e.FromGit()}
	f.after, _ = learning.After(e.Details)
	var err error
	switch e.Type {
	case "canvas_created":
		err = f.readBoard(e, p, seen)
	case "canvas_deleted":
		f.kind = deleted
	case "canvas_renamed":
		f.read(renamed, &f.was, learning.Members(e.Details, "old_canvas_id")[0])
	case "node_added":
		v := learning.Members(e.Details, "node", "node_id")
		if len(v[0]) > 0 && f.read(added, &f.card, v[1]) {
			f.cards = []cardFact{readCard(f.card, v[0], p.For(e.Canvas))}
		}
	case "node_removed":
		f.read(removed, &f.card, learning.Members(e.Details, "node_id")[0])
	case "node_text_change":
		v := learning.Members(e.Details, "node_id", "new_text")
		if f.read(retexted, &f.card, v[0]) {
			f.is = firstWords(v[1])
		}
	case "card_reviewed", "card_snoozed":
		f.readOwn(e)
	default:
		f.readCode(e, p)
	}
	if f.kind == 0 {
		return nil, err
	}
	return f, err
}

// Says reports whether events of a type may say something for the review.
func Says(eventType string) bool {
	switch eventType {
	case "canvas_created", "canvas_deleted", "canvas_renamed", "node_added", "node_removed", "node_color_change",
		"node_text_change", "node_changed", "card_reviewed", "card_snoozed":
		return true
	}
	return false
}

// read reads the string that a fact of a kind must have.
func (f *Fact) read(kind factKind, into *string, raw json.RawMessage) bool {
	s, ok := text(raw)
	if ok {
		f.kind, *into = kind, s
	}
	return ok
}

// readCode reads a change of the code, also one that stands in another member.
func (f *Fact) readCode(e learning.Event, p learning.Palette) {
	card, old, new, ok := p.Recolored(e)
	if card == "" {
		card, _ = text(learning.Members(e.Details, "node_id")[0])
	}
	if f.card = card; card == "" {
		return
	}
	if ok {
		f.kind, f.was, f.is = recolored, old, new
		return
	}
	v := learning.Members(e.Details, "node_type", "new")
	kind, _ := text(v[0])
	if name := wordsMember(kind); name != "text" {
		if words := learning.Members(v[1], name)[0]; words != nil {
			f.kind, f.is = retexted, firstWords(words)
		}
	}
}

// readOwn reads what `daybook review` has written.
func (f *Fact) readOwn(e learning.Event) {
	v := learning.Members(e.Details, "node_id", "rating", "until")
	if f.card, _ = text(v[0]); f.card == "" {
		return
	}
	if e.Type == "card_reviewed" {
		name, _ := text(v[1])
		if f.rating, _ = ParseRating(name); f.rating != 0 {
			f.kind = reviewed
		}
		return
	}
	until, _ := text(v[2])
	if day, err := time.Parse(time.DateOnly, until); err == nil {
		f.kind, f.until = snoozed, dayOf(day)
	}
}

func (f *Fact) readBoard(e learning.Event, p learning.Palette, seen func(string) (*canvas.Board, error)) error {
	f.kind, f.unknown = created, true
	name, ok := text(learning.Members(e.Details, "snapshot")[0])
	if !ok {
		return nil
	}
	b, err := seen(name)
	if err != nil {
		return err
	}
	f.unknown = false
	p = p.For(e.Canvas)
	f.cards = make([]cardFact, 0, len(b.Nodes))
	for _, n := range b.Nodes {
		if id := n.ID(); id != "" {
			f.cards = append(f.cards, readCard(id, n.Raw(), p))
		}
	}
	return nil
}

// readCard reads a whole card. p is the palette of its board.
func readCard(id string, node json.RawMessage, p learning.Palette) cardFact {
	c := cardFact{id: id}
	c.code, _ = p.Code(node)
	v := learning.Members(node, "type", "text", "file", "url", "label")
	c.kind, _ = text(v[0])
	words := v[1]
	switch wordsMember(c.kind) {
	case "file":
		words = v[2]
	case "url":
		words = v[3]
	case "label":
		words = v[4]
	}
	c.words = firstWords(words)
	return c
}

// wordsMember is the member that has a card's words, as canvas.Node.Text knows it.
func wordsMember(kind string) string {
	switch kind {
	case "file":
		return "file"
	case "link":
		return "url"
	case "group":
		return "label"
	}
	return "text"
}

// longestWords is how much of a card's words is kept, in bytes; never a part of a character.
const longestWords = 240

// firstWords returns the beginning of a JSON string, "" of what is none.
func firstWords(raw json.RawMessage) string {
	if len(raw) > 2+longestWords && raw[0] == '"' && bytes.IndexByte(raw[:longestWords], '\\') < 0 {
		raw = append(raw[:1+cut(raw[1:]):1+cut(raw[1:])], '"') // what lies behind need not be read
	}
	s, _ := text(raw)
	s = strings.TrimSpace(s)
	if len(s) > longestWords {
		s = strings.Clone(s[:cut([]byte(s))])
	}
	return s
}

// cut returns how much of a text can be kept, at most longestWords.
func cut(s []byte) int {
	end := longestWords
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return end
}

// text returns what a JSON string says. (What is stored in a book is valid UTF-8.)
func text(raw json.RawMessage) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	return s, json.Unmarshal(raw, &s) == nil
}
