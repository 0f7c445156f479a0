package canvas

import (
	"encoding/json"
	"errors"
	"fmt"

	"daybook/internal/jsonline"
)

// Apply makes the changes to b and returns the result; b stays as it is, and a nil b is an empty board. It is the
// inverse of Diff: after Apply(old, Diff(old, new)) there is no Diff to new. Nodes and edges keep their order, what is
// added comes last, and other members of the top level stay.
//
// The changes must be those from b, all of them at once, for Index counts in b. One that does not fit (what should
// change is not there, or the old value is another; JSON that is none) is an error that names it, and no board is
// returned.
func Apply(b *Board, changes []Change) (*Board, error) {
	nodes, edges := newBench(b.nodes()), newBench(b.edges())
	for i, c := range changes {
		bench := nodes
		if c.Kind.edge() {
			bench = edges
		}
		if err := bench.apply(c); err != nil {
			return nil, fmt.Errorf("apply change %d, %s of %q: %w", i+1, c.Kind, c.ID, err)
		}
	}
	return newBoard(nodes.rest(), edges.rest(), b.others()), nil
}

// bench holds a list of objects while they are changed.
type bench struct {
	raws    []string // "" for a removed one
	by      groups
	removed int
}

func newBench(raws []string) *bench { return &bench{raws: raws, by: group(raws)} }

func (t *bench) apply(c Change) error {
	switch c.Kind {
	case NodeAdded, EdgeAdded:
		raw, err := value(c.New, nodeDepth)
		if err != nil {
			return err
		}
		if raw[0] != '{' {
			return errors.New("what is added is no object")
		}
		t.raws = append(t.raws, raw)
		return nil
	case NodeRemoved, EdgeRemoved, NodeColorChange, NodeTextChange, NodeMoved, NodeChanged, EdgeChanged:
	default:
		return errors.New("no kind of change")
	}
	places := t.by.list(c.ID)
	if c.Index < 0 || c.Index >= len(places) || t.raws[places[c.Index]] == "" {
		return errors.New("it is not on the board")
	}
	at := places[c.Index]
	if c.Kind != NodeRemoved && c.Kind != EdgeRemoved {
		raw, err := change(t.raws[at], c.Members)
		t.raws[at] = raw
		return err
	}
	if err := fits(t.raws[at], c.Old, nodeDepth); err != nil {
		return fmt.Errorf("it is another on the board: %w", err)
	}
	t.raws[at] = ""
	t.removed++
	return nil
}

// rest returns what was not removed.
func (t *bench) rest() []string {
	raws := make([]string, 0, len(t.raws)-t.removed)
	for _, raw := range t.raws {
		if raw != "" {
			raws = append(raws, raw)
		}
	}
	return raws
}

// change returns an object with other members.
func change(object string, changes []MemberChange) (string, error) {
	todo := make(map[string]MemberChange, len(changes))
	for _, m := range changes {
		todo[m.Name] = m
	}
	out := []byte{'{'}
	put := func(name, value string) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = jsonline.AppendText(out, name)
		out = append(append(out, ':'), value...)
	}
	for name, v := range members(object) {
		m, ok := todo[name]
		if !ok {
			put(name, v)
			continue
		}
		delete(todo, name)
		if err := fits(v, m.Old, memberDepth); err != nil {
			return object, fmt.Errorf("member %q: %w", name, err)
		}
		if m.New == nil {
			continue
		}
		v, err := value(m.New, memberDepth)
		if err != nil {
			return object, fmt.Errorf("member %q: %w", name, err)
		}
		put(name, v)
	}
	for _, m := range changes { // those that are left are new; in their order
		if _, left := todo[m.Name]; !left {
			continue
		}
		delete(todo, m.Name)
		v, err := value(m.New, memberDepth)
		if err == nil {
			err = fits("", m.Old, memberDepth)
		}
		if err != nil {
			return object, fmt.Errorf("member %q: %w", m.Name, err)
		}
		put(m.Name, v)
	}
	return string(append(out, '}')), nil
}

// fits checks that a value of the board is the one that a change says it was.
func fits(is string, was json.RawMessage, depth int) error {
	if was == nil {
		if is == "" {
			return nil
		}
		return errors.New("the board has it already")
	}
	v, err := value(was, depth)
	if err != nil {
		return err
	}
	if !same(is, v) {
		return errors.New("the board has another value")
	}
	return nil
}

// value returns the JSON of a change as compact spells it.
func value(raw json.RawMessage, depth int) (string, error) {
	o, err := compact(raw, depth)
	return string(o.JSON), err
}
