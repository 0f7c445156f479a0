package history

import (
	"slices"
	"time"

	"daybook/canvas"
	"daybook/learning"
)

// Kind is what happened to a card. The zero Kind is none.
type Kind string

// The kinds of entries.
const (
	Seen         Kind = "seen"          // it was there when its board was first seen
	Added        Kind = "added"         // it came onto the board
	Removed      Kind = "removed"       // it was taken off
	BoardDeleted Kind = "board_deleted" // its board was deleted with it
	BoardRenamed Kind = "board_renamed" // its board got another name
	Colored      Kind = "color"         // another colour
	TextChanged  Kind = "text"          // another text, file, address or label
	Moved        Kind = "moved"         // another place or size
	Changed      Kind = "changed"       // any other member
)

func kindOf(eventType string) Kind {
	switch eventType {
	case "node_color_change":
		return Colored
	case "node_text_change":
		return TextChanged
	case "node_moved":
		return Moved
	}
	return Changed
}

// Entry is one thing that happened to a card.
type Entry struct {
	Time          time.Time
	Kind          Kind
	Board         string      // the canvas_id at that time
	From          string      // of BoardRenamed the old name; of Seen and Added the board that the card was on before, if another
	Before, After canvas.Node // the whole card; the zero Node where it was not there
	// LengthsOnly says that the event has only the lengths of the texts, in characters: OldLength and NewLength.
	LengthsOnly          bool
	OldLength, NewLength int
	Observed             string // details.observed: "late", "git"; "" for what was seen as it happened
}

// Card is a card and all that happened to it.
//
// A card of the same id is the same card:
//
//   - on one board, also when it had been removed, or the board renamed;
//   - on another board, when it was on none before, or learning.Moved says so, and it is the same by learning.SameCard.
//
// So a card that was cut and pasted, a board that was deleted and came back under another name, go on; two copies are two
// cards.
type Card struct {
	ID    string
	Board string      // where it is, or was last
	Node  canvas.Node // as it is, or was last
	On    bool        // it is on a board
	Log   []Entry     // in their order; never empty

	home   *Board
	merged bool      // into the one that it is the same as
	hash   *[32]byte // of Node when the card has gone; nil until that is asked for
}

func (c *Card) log(e Entry) { c.Log = append(c.Log, e) }

// arrives notes that a card is on a board now.
func (f *Follower) arrives(e learning.Event, b *Board, i *item, kind Kind) {
	if !f.wants(i.id) {
		return
	}
	entry := Entry{Time: e.Time, Kind: kind, Board: b.Name, After: i.node, Observed: observed(e)}
	c := f.returns(b, i)
	if c == nil {
		c = &Card{ID: i.id}
		f.cards = append(f.cards, c)
	} else if c.home != b {
		entry.From = c.Board
	}
	c.Board, c.Node, c.On, c.home = b.Name, i.node, true, b
	i.card = c
	c.log(entry)
}

// returns takes the card that has been away and is here again, nil if there is none.
func (f *Follower) returns(b *Board, i *item) *Card {
	away := f.gone[i.id]
	best := -1
	var hash [32]byte
	if len(away) > 1 {
		hash = content(i.node)
	}
	for n, c := range away { // the last one to go wins, and one of the same board before it
		if c.home == b && (best < 0 || away[best].home != b || c.content() == hash) ||
			c.home != b && (best < 0 || away[best].home != b) && same(c.Node, i.node) {
			best = n
		}
	}
	if best < 0 {
		return nil
	}
	c := away[best]
	f.gone[i.id] = slices.Delete(away, best, best+1)
	return c
}

// content returns the hash of a card that is on no board.
func (c *Card) content() [32]byte {
	if c.hash == nil {
		h := content(c.Node)
		c.hash = &h
	}
	return *c.hash
}

// same reports whether two cards of one id, on two boards, are the same.
func same(a, b canvas.Node) bool {
	return learning.SameCard(a.ID(), a.Type(), b.Type(), a.Text(), b.Text())
}

// leaves notes that a card is taken off a board, and takes it off.
func (f *Follower) leaves(e learning.Event, b *Board, l *list, i *item, kind Kind) {
	l.remove(i)
	c := i.card
	if c == nil {
		return
	}
	c.On, i.card = false, nil
	to := f.moved(e, c, kind)
	if to != nil && to.Log[0].Kind == Seen {
		c.becomes(to)
		return
	}
	c.log(Entry{Time: e.Time, Kind: kind, Board: b.Name, Before: i.node, Observed: observed(e)})
	if to != nil {
		c.merged = true
		to.Log[0].From = c.Board
		to.Log = append(slices.Clone(c.Log), to.Log...)
		slices.SortStableFunc(to.Log, func(a, b Entry) int { return a.Time.Compare(b.Time) })
		return
	}
	c.hash = nil
	f.gone[i.id] = append(f.gone[i.id], c)
}

// becomes makes c the beginning of the same card on the board that has taken the place of its own.
func (c *Card) becomes(to *Card) {
	c.merged = true
	seen := to.Log[0]
	log := append(slices.Clone(c.Log), Entry{
		Time: seen.Time, Kind: BoardRenamed, Board: seen.Board, From: c.Board, Before: c.Node, After: c.Node, Observed: seen.Observed,
	})
	if content(c.Node) != content(seen.After) {
		log = append(log, Entry{
			Time: seen.Time, Kind: Changed, Board: seen.Board, Before: c.Node, After: seen.After, Observed: seen.Observed,
		})
	}
	to.Log = append(log, to.Log[1:]...)
}

// moved returns the card on another board that c has become; nil if there is none.
func (f *Follower) moved(e learning.Event, c *Card, kind Kind) *Card {
	for _, to := range slices.Backward(f.cards) {
		if to.ID == c.ID && to != c && to.On && !to.merged && to.home != c.home &&
			(to.Log[0].Kind == Added || to.Log[0].Kind == Seen) &&
			learning.Moved(to.Log[0].Time, e.Time, to.Log[0].Kind == Seen, kind == BoardDeleted) && same(c.Node, to.Log[0].After) {
			return to
		}
	}
	return nil
}

// becomes notes that a card has changed, and changes it.
func (f *Follower) becomes(e learning.Event, b *Board, i *item, after canvas.Node, kind Kind) {
	before := i.node
	i.set(after)
	c := i.card
	if c == nil {
		return
	}
	entry := Entry{Time: e.Time, Kind: kind, Board: b.Name, Before: before, After: after, Observed: observed(e)}
	if kind == Changed && before.Text() != after.Text() {
		entry.Kind = TextChanged
	}
	if d := object(e.Details); kind == TextChanged && d["new_text_length"] != nil {
		entry.LengthsOnly = true
		entry.OldLength, entry.NewLength = number(d["old_text_length"]), number(d["new_text_length"])
	}
	c.Node = after
	c.log(entry)
}

// Removed returns when the card was last taken off a board; zero if it is on one.
func (c *Card) Removed() time.Time {
	if c.On {
		return time.Time{}
	}
	return c.Log[len(c.Log)-1].Time
}
