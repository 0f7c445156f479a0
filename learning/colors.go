package learning

import (
	"encoding/json"
	"iter"
	"maps"
	"strconv"
	"strings"
	"time"
)

// Colors is how many nodes of each code the boards have: canvas_id → code ("" is none) → nodes. What a ColorFold makes has no
// zero counts and no empty boards; a board whose name another one has taken stands under that name with a NUL behind it
// until it is renamed itself. A count is negative where events take away what none has put there, as when a producer leaves
// lines out; but not where the codes stand in another member than color, of which nobody tells how many there were at first.
//
// The key NUL and a canvas_id is no board: there, as the only code, is up to which place the board's saves are counted, in
// microseconds since 1970, once a save came out of order (see After). Boards yields the others.
type Colors map[string]map[string]int

// Boards yields the boards and their counts, in no order.
func (c Colors) Boards() iter.Seq2[string, map[string]int] {
	return func(yield func(string, map[string]int) bool) {
		for board, counts := range c {
			if !strings.HasPrefix(board, countedKey) && !yield(board, counts) {
				return
			}
		}
	}
}

// countedKey begins the keys of Colors that say up to which place a board's saves are counted.
const countedKey = "\x00"

// countedUntil returns up to which place the saves of a board are counted, not ok if they came in their order.
func (c Colors) countedUntil(board string) (place time.Time, ok bool) {
	for text := range c[countedKey+board] {
		micro, err := strconv.ParseInt(text, 10, 64)
		return time.UnixMicro(micro), err == nil
	}
	return place, false
}

func (c Colors) setCounted(board string, place time.Time) {
	c[countedKey+board] = map[string]int{strconv.FormatInt(place.UnixMicro(), 10): 1}
}

// ColorFold follows Colors through the events of a day, in the order of the book: canvas_created replaces
// what was known of the board, canvas_deleted and canvas_renamed do what they say; node_added, node_removed and changes of the
// code count. Other events, events without a canvas and details that cannot be read change nothing. Nor do events from a
// vault's history (Event.FromGit) that stand behind others of their board: those came later, and tell how it is now. A save
// that the days put before the one that it follows (see After) says how many there are after it, and what it follows is
// passed over when its day comes.
type ColorFold struct {
	colors   Colors
	palettes palettes
	watched  map[string]bool // boards of which events have told that are from no history
	sum      map[string]int  // colors.totals; nil if nobody asks
}

// Fold returns a ColorFold that begins with c, which it changes, and which must not be nil. p says where the codes of a board
// stand; its names and roles do not matter.
func (c Colors) Fold(p Palette) *ColorFold {
	return &ColorFold{colors: c, palettes: palettes{all: p, known: map[string]Palette{}}, watched: map[string]bool{}}
}

// Add follows one event.
func (c *ColorFold) Add(e Event) { c.add(e, c.palettes.of(e.Canvas).facts(e)) }

// AddWith is Add of an event whose Facts the palette has found already.
func (c *ColorFold) AddWith(e Event, f Facts) { c.add(e, f) }

// Clone returns a deep copy, never nil.
func (c Colors) Clone() Colors {
	clone := make(Colors, len(c))
	for board, counts := range c {
		clone[board] = maps.Clone(counts)
	}
	return clone
}

// palettes are the palettes of the boards.
type palettes struct {
	all   Palette
	known map[string]Palette // those that were asked for; nil does not remember
}

// of returns the palette of a board, or of a displaced one.
func (p *palettes) of(board string) Palette {
	if len(p.all.Boards) == 0 {
		return p.all
	}
	board = strings.TrimSuffix(board, displaced)
	one, ok := p.known[board]
	if !ok {
		one = p.all.For(board)
		if p.known != nil {
			p.known[board] = one
		}
	}
	return one
}

// totals returns the nodes of each colour name over all boards, without zeros.
func (c Colors) totals(p *palettes) map[string]int {
	sum := map[string]int{}
	for board, counts := range c.Boards() {
		one := p.of(board)
		for code, n := range counts {
			addCount(sum, one.ColorName(code), n)
		}
	}
	return sum
}

// Facts are what an event says of codes, by the palette that found them.
type Facts struct {
	recoloring
	recolored bool
	node      json.RawMessage // of a card that came or went; nil if there is none
	code      string          // its code
	coded     bool            // that can be read
}

// Facts returns what an event says of codes. It is most of what there is to do for a Tally, and may be done by several
// goroutines at once. The Facts share memory with the event's details.
func (p Palette) Facts(e Event) Facts {
	if len(p.Boards) > 0 {
		p = p.For(e.Canvas)
	}
	return p.facts(e)
}

// facts is Facts for the palette of the event's board.
func (p Palette) facts(e Event) (f Facts) {
	switch e.Type {
	case "node_added", "node_removed":
		v := members(e.Details, "node", "node_id", "save")
		f.node, f.card, f.save = v[0], plainText(v[1]), plainText(v[2])
		f.code, f.coded = p.nodeCode(f.node)
	default:
		f.recoloring, f.recolored = p.recoloring(e)
	}
	return f
}

// add is Add with the event's Facts.
func (c *ColorFold) add(e Event, f Facts) {
	if e.Canvas == "" {
		return
	}
	if !e.FromGit() {
		c.watched[e.Canvas] = true
	} else if c.watched[e.Canvas] {
		return
	}
	if c.outOfOrder(e) {
		return
	}
	switch e.Type {
	case "canvas_created":
		c.forget(e.Canvas)
		if c.palettes.of(e.Canvas).Member == "" {
			c.replace(e.Canvas, object(e.Details)["colors"])
		}
	case "canvas_deleted":
		c.forget(c.colors.leaving(e.Canvas))
	case "canvas_renamed":
		if old, ok := text(members(e.Details, "old_canvas_id")[0]); ok && old != e.Canvas {
			c.rename(c.colors.leaving(old), e.Canvas)
		}
	case "node_added":
		if f.coded {
			c.count(e.Canvas, f.code, 1)
		}
	case "node_removed":
		if f.coded {
			c.count(e.Canvas, f.code, -1)
		}
	default:
		if f.recolored {
			c.count(e.Canvas, f.old, -1)
			c.count(e.Canvas, f.new, 1)
		}
	}
}

// outOfOrder takes in a save that does not stand in its place, and reports whether there is nothing else to do with the event.
func (c *ColorFold) outOfOrder(e Event) bool {
	after, ok := After(e.Details)
	until, is := c.colors.countedUntil(e.Canvas)
	if !ok {
		if !is || e.Time.After(until) {
			return false
		}
		return members(e.Details, "save")[0] != nil
	}
	place := after.Add(time.Microsecond)
	if is && place.Before(until) {
		return true
	}
	told := members(e.Details, "colors")[0]
	if told == nil || c.palettes.of(e.Canvas).Member != "" {
		return is && place.Equal(until) // another event of a save whose counts are known
	}
	c.colors.setCounted(e.Canvas, place)
	switch old := OldName(e); {
	case e.Type == "canvas_created", e.Type == "canvas_deleted":
		return false
	case old != "" && old != e.Canvas:
		c.colors.setCounted(old, place)
		c.rename(c.colors.leaving(old), e.Canvas)
	}
	c.replace(e.Canvas, told)
	return true
}

// replace makes the counts of a board those that an event tells.
func (c *ColorFold) replace(board string, told json.RawMessage) {
	c.forget(board)
	for code, n := range object(told) {
		c.count(board, code, count(n))
	}
}

// rename moves the counts of a board, which may come under another palette.
func (c *ColorFold) rename(from, to string) {
	counts := c.colors[from]
	was, is := c.palettes.of(from), c.palettes.of(to)
	if c.sum != nil {
		for code, n := range counts {
			addCount(c.sum, was.ColorName(code), -n)
			if was.Member == is.Member {
				addCount(c.sum, is.ColorName(code), n)
			}
		}
	}
	delete(c.colors, from)
	if there := c.colors[to]; there != nil { // two boards swap their names: the other's rename is yet to come
		c.forget(to + displaced)
		c.colors[to+displaced] = there
		delete(c.colors, to)
	}
	if counts != nil && was.Member == is.Member {
		c.colors[to] = counts
	}
}

// leaving returns the key of the board that leaves a name: the one displaced from it, if there is one, for the other has
// only just come.
func (c Colors) leaving(board string) string {
	if c[board+displaced] != nil {
		return board + displaced
	}
	return board
}

// count counts n nodes of a code more.
func (c *ColorFold) count(board, code string, n int) {
	one, counts := c.palettes.of(board), c.colors[board]
	if one.Member != "" {
		n = max(n, -counts[code])
	}
	if counts == nil {
		counts = map[string]int{}
		c.colors[board] = counts
	}
	addCount(counts, code, n)
	if len(counts) == 0 {
		delete(c.colors, board)
	}
	if c.sum != nil {
		addCount(c.sum, one.ColorName(code), n)
	}
}

func (c *ColorFold) forget(board string) {
	if c.sum != nil {
		one := c.palettes.of(board)
		for code, n := range c.colors[board] {
			addCount(c.sum, one.ColorName(code), -n)
		}
	}
	delete(c.colors, board)
}

func addCount[K comparable](counts map[K]int, key K, n int) {
	if n += counts[key]; n == 0 {
		delete(counts, key)
	} else {
		counts[key] = n
	}
}
