package learning

import "maps"

// Colors is how many nodes of each colour the boards have: canvas_id → raw colour code ("" is none) → nodes. What
// Apply makes has no zero counts and no empty boards; a board whose name another one has taken stands under that name
// with a NUL behind it until it is renamed itself. A count is negative where events take away what none has put
// there, as when a producer leaves lines out.
type Colors map[string]map[string]int

// Apply folds one event into c, in the order of the book: canvas_created replaces what was known of the board,
// canvas_deleted and canvas_renamed do what they say, node_added, node_removed and node_color_change count. Other
// events, events without a canvas and details that cannot be read change nothing. c must not be nil.
func (c Colors) Apply(e Event) { c.apply(e, nil) }

// Clone returns a deep copy, never nil.
func (c Colors) Clone() Colors {
	clone := make(Colors, len(c))
	for board, counts := range c {
		clone[board] = maps.Clone(counts)
	}
	return clone
}

// totals returns the nodes of each code over all boards, without zeros.
func (c Colors) totals() map[string]int {
	sum := map[string]int{}
	for _, counts := range c {
		for code, n := range counts {
			addCount(sum, code, n)
		}
	}
	return sum
}

// apply is Apply; it keeps sum, if it is not nil, equal to c.totals. Of a node_color_change it returns the two codes.
func (c Colors) apply(e Event, sum map[string]int) (old, new string, recolor bool) {
	if e.Type == "node_color_change" {
		old, new, recolor = recolored(e.Details)
	}
	if e.Canvas == "" {
		return old, new, recolor
	}
	switch e.Type {
	case "canvas_created":
		c.forget(e.Canvas, sum)
		for code, n := range object(object(e.Details)["colors"]) {
			c.add(e.Canvas, code, count(n), sum)
		}
	case "canvas_deleted":
		c.forget(c.leaving(e.Canvas), sum)
	case "canvas_renamed":
		old, ok := text(object(e.Details)["old_canvas_id"])
		if !ok || old == e.Canvas {
			break
		}
		from := c.leaving(old)
		counts := c[from]
		delete(c, from)
		if there := c[e.Canvas]; there != nil { // two boards swap their names: the other's rename is yet to come
			c.forget(e.Canvas+displaced, sum)
			c[e.Canvas+displaced] = there
			delete(c, e.Canvas)
		}
		if counts != nil {
			c[e.Canvas] = counts
		}
	case "node_added":
		if code, ok := nodeColor(e.Details); ok {
			c.add(e.Canvas, code, 1, sum)
		}
	case "node_removed":
		if code, ok := nodeColor(e.Details); ok {
			c.add(e.Canvas, code, -1, sum)
		}
	case "node_color_change":
		if recolor {
			c.add(e.Canvas, old, -1, sum)
			c.add(e.Canvas, new, 1, sum)
		}
	}
	return old, new, recolor
}

// displaced marks the key of a board whose name another one has taken, until it gets its own new name. No canvas_id ends
// like that.
const displaced = "\x00"

// leaving returns the key of the board that leaves a name: the one displaced from it, if there is one, for the other has
// only just come.
func (c Colors) leaving(board string) string {
	if c[board+displaced] != nil {
		return board + displaced
	}
	return board
}

func (c Colors) add(board, code string, n int, sum map[string]int) {
	if c[board] == nil {
		c[board] = map[string]int{}
	}
	addCount(c[board], code, n)
	if len(c[board]) == 0 {
		delete(c, board)
	}
	if sum != nil {
		addCount(sum, code, n)
	}
}

func (c Colors) forget(board string, sum map[string]int) {
	if sum != nil {
		for code, n := range c[board] {
			addCount(sum, code, -n)
		}
	}
	delete(c, board)
}

func addCount(counts map[string]int, code string, n int) {
	if counts[code] += n; counts[code] == 0 {
		delete(counts, code)
	}
}
