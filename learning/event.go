package learning

import (
	"encoding/json"
	"strconv"
	"time"
)

// Event is what the statistics need of one line of a book. Any member may be missing or odd: what cannot be read is
// left out of the figures that need it, and the event counts in all the others.
type Event struct {
	Time    time.Time       // when it happened; the zero Time is unknown
	Canvas  string          // canvas_id, "" when the event has none
	Type    string          // event_type, as "node_color_change"; "" when the event has none
	Details json.RawMessage // details; nil when the event has none
}

// fields are the members of a JSON object, undecoded. (Not a struct: encoding/json would take Color for color.)
type fields map[string]json.RawMessage

// object returns the members of an object, nil for anything else.
func object(raw json.RawMessage) fields {
	var f fields
	if len(raw) == 0 || json.Unmarshal(raw, &f) != nil {
		return nil
	}
	return f
}

// colorCode returns the raw colour code that a value says, as canvas reads it from a board: a missing value, null and
// "" are no colour, a number stands as it is spelled. Anything else is not ok.
func colorCode(raw json.RawMessage) (code string, ok bool) {
	if len(raw) == 0 {
		return "", true
	}
	switch c := raw[0]; {
	case c == 'n':
		return "", true
	case c == '"':
		return text(raw)
	case c == '-' || '0' <= c && c <= '9':
		return string(raw), true
	}
	return "", false
}

// recolored returns the two codes of a node_color_change. It is not ok if both are missing or one is odd.
func recolored(details json.RawMessage) (old, new string, ok bool) {
	d := object(details)
	was, hasOld := d["old_color"]
	is, hasNew := d["new_color"]
	old, okOld := colorCode(was)
	new, okNew := colorCode(is)
	return old, new, okOld && okNew && (hasOld || hasNew)
}

// nodeColor returns the code of the whole node in the details of node_added and node_removed.
func nodeColor(details json.RawMessage) (code string, ok bool) {
	node := object(object(details)["node"])
	if node == nil {
		return "", false
	}
	return colorCode(node["color"])
}

func text(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// count returns a number of nodes, 0 for what is none.
func count(raw json.RawMessage) int {
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 0 {
		return 0
	}
	return n
}
