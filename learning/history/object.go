package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"daybook/canvas"
)

// parseObject reads a whole card or edge of an event.
func parseObject(raw json.RawMessage) (canvas.Node, error) {
	if len(raw) == 0 {
		return canvas.Node{}, errors.New("it is missing")
	}
	b, err := canvas.Apply(nil, []canvas.Change{{Kind: canvas.NodeAdded, New: raw}})
	if err != nil {
		return canvas.Node{}, err
	}
	return b.Nodes[0], nil
}

// parse is parseObject of what is known to be an object.
func parse(raw json.RawMessage) canvas.Node {
	n, err := parseObject(raw)
	if err != nil {
		panic("a card that is none: " + err.Error())
	}
	return n
}

// change returns what a card or an edge becomes by an event.
func change(n canvas.Node, verb string, d fields) (canvas.Node, error) {
	var members []canvas.MemberChange
	switch verb {
	case "color_change":
		code, ok := text(d["new_color"])
		if !ok {
			return n, errors.New("new_color is no string")
		}
		m := canvas.MemberChange{Name: "color"}
		if code != "" {
			m.New = d["new_color"]
		}
		members = []canvas.MemberChange{m}
	case "text_change":
		m, length := canvas.MemberChange{Name: "text"}, canvas.MemberChange{Name: "text_length"}
		switch v := d["new_text"]; {
		case v == nil && d["new_text_length"] == nil:
			return n, errors.New("new_text is missing")
		case v == nil: // TextLengths: the old text, if it is known, is not the new one
			length.New = d["new_text_length"]
		case string(v) != `""`:
			m.New = v
		}
		members = []canvas.MemberChange{m, length}
	default:
		old, new := object(d["old"]), object(d["new"])
		if old == nil && new == nil {
			return n, errors.New("old and new are no objects")
		}
		for name := range old {
			if _, stays := new[name]; !stays {
				members = append(members, canvas.MemberChange{Name: name})
			}
		}
		for name := range new {
			members = append(members, canvas.MemberChange{Name: name, New: new[name]})
			if base, ok := strings.CutSuffix(name, "_length"); ok && isLength(n, base) {
				members = append(members, canvas.MemberChange{Name: base})
			}
		}
		// Maps have no order, and what is new comes in this one.
		slices.SortFunc(members, func(a, b canvas.MemberChange) int { return strings.Compare(a.Name, b.Name) })
	}
	return set(n, members)
}

// isLength reports whether NAME_length stands for the text in the member name: the card has the one and not the other.
func isLength(n canvas.Node, name string) bool {
	v, has := n.Member(name)
	_, already := n.Member(name + "_length")
	return has && !already && isString(v)
}

// set returns an object with other members, whatever they were before: a New of nil takes one away. The error is of a
// value that no board has.
func set(n canvas.Node, members []canvas.MemberChange) (canvas.Node, error) {
	changes := make([]canvas.MemberChange, 0, len(members))
	for _, m := range members {
		m.Old = nil
		if v, ok := n.Member(m.Name); ok {
			m.Old = v
		} else if m.New == nil {
			continue
		}
		changes = append(changes, m)
	}
	if len(changes) == 0 {
		return n, nil
	}
	b, err := canvas.Apply(&canvas.Board{Nodes: []canvas.Node{n}}, []canvas.Change{{
		Kind: canvas.NodeChanged, ID: n.ID(), Members: changes,
	}})
	if err != nil {
		return n, fmt.Errorf("the members are none of a board: %w", err)
	}
	return b.Nodes[0], nil
}

// mustSet is set with values that are known to be some.
func mustSet(n canvas.Node, members []canvas.MemberChange) canvas.Node {
	n, err := set(n, members)
	if err != nil {
		panic(err)
	}
	return n
}

// content is the same for equal cards, and only for these (docs/format.md): a colour that is missing, null or "" is
// the same, one that is no string is its JSON, and an empty text is none.
func content(n canvas.Node) [32]byte {
	var members []canvas.MemberChange
	if v, ok := n.Member("color"); ok && (!isString(v) || n.Color() == "") {
		m := canvas.MemberChange{Name: "color"}
		if code := n.Color(); code != "" {
			m.New = quote(code)
		}
		members = append(members, m)
	}
	if v, ok := n.Member("text"); ok && string(v) == `""` {
		members = append(members, canvas.MemberChange{Name: "text"})
	}
	b := canvas.Board{Nodes: []canvas.Node{mustSet(n, members)}}
	return b.Hash()
}

// lengthsContent is content of a card of which only the lengths of texts are kept.
func lengthsContent(n canvas.Node) [32]byte {
	var members []canvas.MemberChange
	for _, name := range []string{"text", "label"} {
		v, ok := n.Member(name)
		if s, is := text(v); ok && is {
			members = append(members, canvas.MemberChange{Name: name}, canvas.MemberChange{
				Name: name + "_length", New: json.RawMessage(strconv.Itoa(utf8.RuneCountInString(s))),
			})
		}
	}
	return content(mustSet(n, members))
}

func quote(s string) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("a string that cannot be encoded: " + err.Error())
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// number returns a length, 0 for what is none.
func number(raw json.RawMessage) int {
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
