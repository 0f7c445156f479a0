package learning

import (
	"encoding/json"
	"strings"
)

// recoloring is a change of a card's code.
type recoloring struct {
	card     string // node_id; "" if the event does not say which card it is
	old, new string
	save     string // the save that it came in, "" if the event does not say
}

// recoloring returns the change of code that an event tells of: a node_color_change or, where the board's codes stand in
// another member, a node_changed that has it. It is not ok if the event tells of none, or if a code is odd. p is the palette
// of the board.
func (p Palette) recoloring(e Event) (r recoloring, ok bool) {
	var was, is json.RawMessage
	switch {
	case p.Member == "" && e.Type == "node_color_change":
		v := members(e.Details, "old_color", "new_color", "node_id", "old_node", "save")
		if v[0] == nil && v[1] == nil {
			return r, false
		}
		was, is = v[0], v[1]
		r.card, r.save = named(v[2], v[3]), plainText(v[4])
	case p.Member != "" && e.Type == "node_changed":
		v := members(e.Details, "old", "new", "node_id", "old_node", "save")
		top, _, _ := strings.Cut(p.Member, ".")
		if members(v[0], top)[0] == nil && members(v[1], top)[0] == nil {
			return r, false
		}
		was, is = dig(v[0], p.Member), dig(v[1], p.Member)
		r.card, r.save = named(v[2], v[3]), plainText(v[4])
	default:
		return r, false
	}
	var okOld, okNew bool
	r.old, okOld = code(was, p.Member != "")
	r.new, okNew = code(is, p.Member != "")
	return r, okOld && okNew && (p.Member == "" || r.old != r.new)
}

// Change returns the change of code that an event tells of, as the palette of its board reads it. It is not ok if there is
// none.
func (p Palette) Change(e Event) (Change, bool) {
	r, ok := p.For(e.Canvas).recoloring(e)
	return Change{r.old, r.new}, ok
}

// Recolored is Change and the id of the card, "" if several cards of the board have it.
func (p Palette) Recolored(e Event) (card, old, new string, ok bool) {
	r, ok := p.For(e.Canvas).recoloring(e)
	return r.card, r.old, r.new, ok
}

// Code returns the code of a whole card, as JSON, of the board that p is for (see For), and whether it can be read.
func (p Palette) Code(node json.RawMessage) (string, bool) { return p.nodeCode(node) }

// named returns the id of the card that an event is about, "" if several cards of the board have it, which old_node tells.
func named(id, oldNode json.RawMessage) string {
	if oldNode != nil {
		return ""
	}
	return plainText(id)
}

func plainText(raw json.RawMessage) string {
	s, _ := text(raw)
	return s
}

// nodeCode returns the code of a whole card. p is the palette of its board.
func (p Palette) nodeCode(node json.RawMessage) (string, bool) {
	if len(node) == 0 || node[0] != '{' {
		return "", false
	}
	if p.Member != "" {
		return code(dig(node, p.Member), true)
	}
	return code(members(node, "color")[0], false)
}

// dig returns the value at a path of members, nil if there is none.
func dig(object json.RawMessage, path string) json.RawMessage {
	for path != "" && object != nil {
		name, rest, _ := strings.Cut(path, ".")
		object, path = members(object, name)[0], rest
	}
	return object
}

// code returns the code that a value says. A colour is read as canvas reads it from a board: a missing value, null and ""
// are no colour, a number stands as it is spelled. The value of another member may be true or false, too. Anything else is
// not ok.
func code(raw json.RawMessage, member bool) (string, bool) {
	if len(raw) == 0 {
		return "", true
	}
	switch c := raw[0]; {
	case c == 'n':
		return "", true
	case c == '"':
		return text(raw)
	case c == '-' || '0' <= c && c <= '9' || member && (c == 't' || c == 'f'):
		return string(raw), true
	}
	return "", false
}
