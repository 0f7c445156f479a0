package canvas

import (
	"encoding/json"
	"slices"
)

// Change is one thing that differs between two boards.
type Change struct {
	Kind Kind
	ID   string // the node's or edge's id
	Type string // a node's type, the new one unless it was removed; "" for edges
	// Index tells apart what has the same id: it is the place, from 0, among the old board's nodes (or edges) of this
	// id. It is 0 for what was added, and wherever an id is unique.
	Index int
	// Old is the whole node or edge that was removed, New the one that was added; nil otherwise.
	Old, New json.RawMessage
	// Members are what changed in a node or an edge that stayed: those of the old one in its order, then those that
	// were added in the new one's order.
	Members []MemberChange
}

// MemberChange is the old and the new value of one member, as compact JSON. Nil means that there was or is none.
type MemberChange struct {
	Name     string
	Old, New json.RawMessage
}

// Diff tells what changed from the old board to the new one. Values are compared, not bytes: numbers by value, strings
// decoded, objects whatever the order of their members. The order of nodes and of edges is no change; members of the
// top level other than nodes and edges are not compared. A nil board is an empty one.
//
// Nodes are paired by id; of several with the same id those of equal content first, the rest in their order. The
// changes come in a fixed order: what was added or changed in the new board's order, one node's by colour, text, place
// and the rest; then the removed in the old board's order; then the edges in the same way.
//
// The time is linear but for sorting members by name.
func Diff(old, new *Board) []Change {
	changes := diffList(nil, old.nodes(), new.nodes(), nodeKinds())
	return diffList(changes, old.edges(), new.edges(), edgeKinds())
}

// kinds says how to tell the changes of nodes or of edges.
type kinds struct {
	added, removed Kind
	typed          bool
	changed        []Kind // in the order in which one node's changes are told
	of             func(MemberChange) Kind
}

func nodeKinds() kinds {
	return kinds{
		added: NodeAdded, removed: NodeRemoved, typed: true,
		changed: []Kind{NodeColorChange, NodeTextChange, NodeMoved, NodeChanged},
		of:      nodeKind,
	}
}

func edgeKinds() kinds {
	return kinds{
		added: EdgeAdded, removed: EdgeRemoved,
		changed: []Kind{EdgeChanged},
		of:      func(MemberChange) Kind { return EdgeChanged },
	}
}

// nodeKind is the kind of change that a node's member makes.
func nodeKind(m MemberChange) Kind {
	switch m.Name {
	case "color":
		if colorCode(string(m.Old)) != colorCode(string(m.New)) {
			return NodeColorChange
		}
	case "text":
		if isString(string(m.Old)) || isString(string(m.New)) {
			return NodeTextChange
		}
	case "x", "y", "width", "height":
		return NodeMoved
	}
	return NodeChanged
}

// diffList appends the changes from one list of objects to another.
func diffList(changes []Change, old, new []string, k kinds) []Change {
	partner, olds := pair(old, new)
	typeOf := func(raw string) string {
		if !k.typed {
			return ""
		}
		return Node{raw}.Type()
	}
	stayed := make([]bool, len(old))
	for j, raw := range new {
		i := partner[j]
		if i < 0 {
			changes = append(changes, Change{
				Kind: k.added, ID: identity(raw), Type: typeOf(raw), New: json.RawMessage(raw),
			})
			continue
		}
		stayed[i] = true
		if old[i] == raw {
			continue
		}
		found := diffMembers(old[i], raw)
		for _, kind := range k.changed {
			var ms []MemberChange
			for _, m := range found {
				if k.of(m) == kind {
					ms = append(ms, m)
				}
			}
			if ms != nil {
				changes = append(changes, Change{
					Kind: kind, ID: identity(raw), Type: typeOf(raw), Index: olds.index[i], Members: ms,
				})
			}
		}
	}
	for i, raw := range old {
		if !stayed[i] {
			changes = append(changes, Change{
				Kind: k.removed, ID: identity(raw), Type: typeOf(raw), Index: olds.index[i], Old: json.RawMessage(raw),
			})
		}
	}
	return changes
}

// diffMembers returns the members that differ between two objects.
func diffMembers(old, new string) []MemberChange {
	after := map[string]string{}
	for name, v := range members(new) {
		after[name] = v
	}
	var changes []MemberChange
	for name, was := range members(old) {
		is := after[name]
		delete(after, name)
		if !same(was, is) {
			changes = append(changes, MemberChange{name, rawOrNil(was), rawOrNil(is)})
		}
	}
	if len(after) == 0 {
		return changes
	}
	for name, is := range members(new) {
		if _, added := after[name]; added {
			changes = append(changes, MemberChange{Name: name, New: rawOrNil(is)})
		}
	}
	return changes
}

// rawOrNil returns a value's bytes, nil for a missing member.
func rawOrNil(v string) json.RawMessage {
	if v == "" {
		return nil
	}
	return json.RawMessage(v)
}

// groups are the objects of a list by their id.
type groups struct {
	of    map[string]int // id → group
	lists [][]int        // group → places in the list, ascending
	index []int          // place in the list → place in its group
}

func group(raws []string) groups {
	g := groups{of: make(map[string]int, len(raws)), index: make([]int, len(raws))}
	number := make([]int, len(raws)) // place in the list → group
	var sizes []int
	for i, raw := range raws {
		id := identity(raw)
		n, ok := g.of[id]
		if !ok {
			n = len(sizes)
			g.of[id] = n
			sizes = append(sizes, 0)
		}
		number[i], g.index[i] = n, sizes[n]
		sizes[n]++
	}
	room := make([]int, len(raws))
	g.lists = make([][]int, len(sizes))
	for n, size := range sizes {
		g.lists[n], room = room[:0:size], room[size:]
	}
	for i, n := range number {
		g.lists[n] = append(g.lists[n], i)
	}
	return g
}

// list returns the places of the objects of one id.
func (g groups) list(id string) []int {
	n, ok := g.of[id]
	if !ok {
		return nil
	}
	return g.lists[n]
}

// pair returns for each object of new the place of its partner in old, or -1, and the groups of old.
func pair(old, new []string) (partner []int, olds groups) {
	olds = group(old)
	news := group(new)
	partner = slices.Repeat([]int{-1}, len(new))
	for id, n := range news.of {
		after, before := news.lists[n], olds.list(id)
		if len(after) > 1 || len(before) > 1 {
			after, before = pairEqual(partner, old, new, after, before)
		}
		for i := range min(len(after), len(before)) {
			partner[after[i]] = before[i]
		}
	}
	return partner, olds
}

// pairEqual pairs those of one id that have equal content and returns the places of the rest.
func pairEqual(partner []int, old, new []string, after, before []int) (restAfter, restBefore []int) {
	equal := make(map[string][]int, len(before)) // canonical content → places in old
	for _, i := range before {
		content := string(appendCanonical(nil, old[i]))
		equal[content] = append(equal[content], i)
	}
	paired := make(map[int]bool, len(before))
	for _, j := range after {
		content := string(appendCanonical(nil, new[j]))
		if free := equal[content]; len(free) > 0 {
			partner[j], equal[content] = free[0], free[1:]
			paired[free[0]] = true
		} else {
			restAfter = append(restAfter, j)
		}
	}
	for _, i := range before {
		if !paired[i] {
			restBefore = append(restBefore, i)
		}
	}
	return restAfter, restBefore
}
