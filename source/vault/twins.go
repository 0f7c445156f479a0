package vault

import (
	"encoding/json"

	"daybook/canvas"
)

// twins tells apart the cards and edges of one id in a save. It follows the save's changes, one after the other.
type twins struct {
	nodes map[string][]canvas.Node // of the old board by their id, in their order
	edges map[string][]canvas.Edge
	added map[canvas.Kind]map[string]int // how many have come with each id
	still bool                           // what was there stays as it was before the save
	many  map[string]bool                // ids that several nodes of the old or the new board have
	last  map[string]canvas.Node         // of the others: the new board's before the old one's
	color canvas.Change                  // the last change of a colour
}

func newTwins(old, board *canvas.Board) *twins {
	t := &twins{
		nodes: map[string][]canvas.Node{},
		edges: map[string][]canvas.Edge{},
		added: map[canvas.Kind]map[string]int{canvas.NodeAdded: {}, canvas.EdgeAdded: {}},
		many:  map[string]bool{},
		last:  map[string]canvas.Node{},
	}
	for i, b := range []*canvas.Board{old, board} {
		if b == nil {
			continue
		}
		here := map[string]bool{}
		for _, n := range b.Nodes {
			id := n.ID()
			if here[id] {
				t.many[id] = true
			}
			t.last[id], here[id] = n, true
			if i == 0 {
				t.nodes[id] = append(t.nodes[id], n)
			}
		}
	}
	if old != nil {
		for _, e := range old.Edges {
			t.edges[e.ID()] = append(t.edges[e.ID()], e)
		}
	}
	return t
}

// number tells apart the changes of one kind and one id: those of what was there by its place among the old board's,
// what was added by how many such came before it.
func (t *twins) number(c canvas.Change) int {
	if added := t.added[c.Kind]; added != nil {
		return added[c.ID]
	}
	return c.Index
}

// old returns the whole node or edge that changes, as it was right before, if its id does not say which one is meant; else nil.
func (t *twins) old(c canvas.Change) json.RawMessage {
	switch {
	case c.Members == nil:
	case c.Kind != canvas.EdgeChanged && len(t.nodes[c.ID]) > 1:
		return t.nodes[c.ID][c.Index].Raw()
	case c.Kind == canvas.EdgeChanged && len(t.edges[c.ID]) > 1:
		return t.edges[c.ID][c.Index].Raw()
	}
	return nil
}

// words returns the text of the node that a change is about.
func (t *twins) words(c canvas.Change) string {
	if !t.many[c.ID] {
		return t.last[c.ID].Text()
	}
	if c.Kind == canvas.NodeRemoved {
		return t.nodes[c.ID][c.Index].Text()
	}
	var before []canvas.Node
	if c.Kind != canvas.NodeAdded {
		before = t.nodes[c.ID][c.Index : c.Index+1]
	}
	return changed(&canvas.Board{Nodes: before}, c).Nodes[0].Text()
}

// recolored reports whether the save has given the node of a change another colour. It told that first.
func (t *twins) recolored(c canvas.Change) bool {
	return t.color.Members != nil && t.color.ID == c.ID && t.color.Index == c.Index
}

// apply makes a change, so that old and words are of the board behind it.
func (t *twins) apply(c canvas.Change) {
	if c.Kind == canvas.NodeColorChange {
		t.color = c
	}
	if added := t.added[c.Kind]; added != nil {
		added[c.ID]++
	}
	if t.still || t.old(c) == nil {
		return
	}
	if c.Kind == canvas.EdgeChanged {
		e := &t.edges[c.ID][c.Index]
		*e = changed(&canvas.Board{Edges: []canvas.Edge{*e}}, c).Edges[0]
		return
	}
	n := &t.nodes[c.ID][c.Index]
	*n = changed(&canvas.Board{Nodes: []canvas.Node{*n}}, c).Nodes[0]
}

// changed is the board of at most one node or edge to which a change has been made.
func changed(b *canvas.Board, c canvas.Change) *canvas.Board {
	c.Index = 0
	after, err := canvas.Apply(b, []canvas.Change{c})
	if err != nil {
		panic("a change that does not fit its board: " + err.Error())
	}
	return after
}
