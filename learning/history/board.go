package history

import (
	"fmt"
	"slices"
	"time"

	"daybook/canvas"
	"daybook/learning"
)

// Board is a board as the events tell of it.
type Board struct {
	Number  int       // the how manieth it is, from 0; two Followers of the same events give a board the same
	Name    string    // its canvas_id now, or the last that it had
	Names   []string  // all that it has had, in their order
	First   time.Time // when it was first seen
	Deleted time.Time // zero while it is there
	// Doubts say why the board may have been another than Canvas returns.
	Doubts []Doubt
	// Lost is why the snapshot that the board began with cannot be had; "" if it can. What was there then is missing.
	Lost string
	// TextsLost says that the snapshot or events had only the lengths of texts.
	TextsLost bool

	nodes, edges list
	top          canvas.Board // for the members beside nodes and edges
}

// Doubt is something in the events that cannot be followed.
type Doubt struct {
	Time   time.Time // of the event
	Reason string
}

func (b *Board) doubt(e learning.Event, reason string) {
	b.Doubts = append(b.Doubts, Doubt{e.Time, fmt.Sprintf("%s: %s", e.Type, reason)})
}

// Canvas returns what is on the board. What came after the board was first seen stands behind the rest: the events do not
// tell the order. The result is the caller's.
func (b *Board) Canvas() *canvas.Board {
	out := b.top
	out.Nodes, out.Edges = b.nodes.all(), nil
	for _, n := range b.edges.all() {
		out.Edges = append(out.Edges, canvas.Edge(n))
	}
	return &out
}

func (b *Board) list(kind string) *list {
	if kind == "edge" {
		return &b.edges
	}
	return &b.nodes
}

// find returns the card or edge that an event is about: whole is what it was, if the event says so.
func (b *Board) find(e learning.Event, kind string, d fields, whole []byte) *item {
	id, ok := text(d[kind+"_id"])
	n, err := parseObject(whole)
	if err == nil && !ok {
		id, ok = n.ID(), true
	}
	here := b.list(kind).by[id]
	if !ok || len(here) == 0 {
		return nil
	}
	if err != nil {
		if len(here) > 1 {
			b.doubt(e, fmt.Sprintf("several cards have the id %q, and the event does not say which one is meant", id))
		}
		return here[0]
	}
	if i := b.list(kind).equal(id, n); i != nil {
		return i
	}
	b.doubt(e, fmt.Sprintf("the %s %q is another on the board", noun(kind), id))
	return here[0]
}

// list is the cards or the edges of a board. (An edge is kept as a canvas.Node: both are an object with an id.)
type list struct {
	items []*item // in their order, with those that are gone
	by    map[string][]*item
	gone  int
	alike map[string]*alike // the items of an id by their contents, once that was asked for
}

// alike finds the items of one id that equal another.
type alike struct{ whole, lengths index }

// index finds items by a hash of their contents.
type index struct {
	hash func(canvas.Node) [32]byte
	new  []*item // that are not in by as they are now
	by   map[[32]byte][]hashed
}

// hashed is an item in an index. It is out of date if the item has another version.
type hashed struct {
	*item
	version int
}

// equal returns an item of an id that equals a card or edge, or has the same but for the lengths of texts; nil if there is none.
func (l *list) equal(id string, n canvas.Node) *item {
	a := l.alike[id]
	if a == nil {
		a = &alike{index{hash: content}, index{hash: lengthsContent}}
		a.note(l.by[id]...)
		if l.alike == nil {
			l.alike = map[string]*alike{}
		}
		l.alike[id] = a
		for _, i := range l.by[id] {
			i.alike = a
		}
	}
	if i := a.whole.find(n); i != nil {
		return i
	}
	return a.lengths.find(n)
}

func (a *alike) note(items ...*item) {
	a.whole.new, a.lengths.new = append(a.whole.new, items...), append(a.lengths.new, items...)
}

func (x *index) find(n canvas.Node) *item {
	if x.by == nil {
		x.by = map[[32]byte][]hashed{}
	}
	for _, i := range x.new {
		if !i.gone {
			h := x.hash(i.node)
			x.by[h] = append(x.by[h], hashed{i, i.version})
		}
	}
	x.new = x.new[:0]
	h := x.hash(n)
	here := x.by[h]
	for len(here) > 0 && (here[0].gone || here[0].version != here[0].item.version) {
		here = here[1:]
	}
	x.by[h] = here
	if len(here) == 0 {
		return nil
	}
	return here[0].item
}

// set makes an item another card or edge.
func (i *item) set(n canvas.Node) {
	i.node = n
	i.version++
	if i.alike != nil {
		i.alike.note(i)
	}
}

// item is one card or edge on a board.
type item struct {
	node canvas.Node
	id   string
	card *Card // whose history is kept; or nil
	gone bool

	version int    // one more with each change
	alike   *alike // that has it; nil if none does
}

func (l *list) add(n canvas.Node) *item {
	i := &item{node: n, id: n.ID()}
	if l.by == nil {
		l.by = map[string][]*item{}
	}
	l.items = append(l.items, i)
	l.by[i.id] = append(l.by[i.id], i)
	if i.alike = l.alike[i.id]; i.alike != nil {
		i.alike.note(i)
	}
	return i
}

func (l *list) remove(i *item) {
	i.gone = true
	here := l.by[i.id]
	if at := slices.Index(here, i); at >= 0 {
		here = slices.Delete(here, at, at+1)
	}
	if l.by[i.id] = here; len(here) == 0 {
		delete(l.by, i.id)
	}
	if l.gone++; l.gone > len(l.items)/2 {
		l.items = slices.DeleteFunc(l.items, func(i *item) bool { return i.gone })
		l.gone = 0
	}
}

// all returns what is there.
func (l *list) all() []canvas.Node {
	nodes := make([]canvas.Node, 0, len(l.items)-l.gone)
	for _, i := range l.items {
		if !i.gone {
			nodes = append(nodes, i.node)
		}
	}
	return nodes
}

// order gives the items the order, and the spelling, of what is seen, which is the same but for these.
func (l *list) order(seen []canvas.Node) {
	by := map[[32]byte][]*item{}
	for _, i := range l.items {
		if !i.gone {
			key := content(i.node)
			by[key] = append(by[key], i)
		}
	}
	l.items, l.gone = l.items[:0], 0
	for _, n := range seen {
		key := content(n)
		if free := by[key]; len(free) > 0 {
			free[0].node = n
			l.items, by[key] = append(l.items, free[0]), free[1:]
		}
	}
}

// lengths reports whether the details of an event have a length where a text was.
func lengths(d fields) bool {
	for _, name := range []string{"old_text_length", "new_text_length", "shortened"} {
		if d[name] != nil {
			return true
		}
	}
	n, err := parseObject(d["node"])
	return err == nil && lengthAlone(n)
}

// lengthAlone reports whether a card has the length of a text in the place of the text.
func lengthAlone(n canvas.Node) bool {
	for _, name := range []string{"text", "label"} {
		_, has := n.Member(name)
		if _, length := n.Member(name + "_length"); length && !has {
			return true
		}
	}
	return false
}
