package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"daybook/canvas"
)

// draft is one event of a save before it is written out.
type draft struct {
	kind    string // event_type
	change  string // what the event is about, unique in its save
	details object

	nodeID, nodeType, edgeID string // of the node or edge that it is about
	words                    string // the first words of that node
	leads                    bool   // it is the first of its save
}

// How far an event is shortened that the book does not take whole.
const (
	whole   = iota
	short   // texts and everything long are lengths
	bare    // only what every event has
	leftOut // the book does not take it at all
)

// saveID is the short id that all events of one save share.
func (s *state) saveID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "save %s %d", s.Lineage, s.Generation))
	return hex.EncodeToString(sum[:5])
}

// eventID is the same whenever the same change of the same save is recorded, and never else.
func (s *state) eventID(change string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%s\n%s\n%s", s.Lineage, s.Generation, s.Save.OldHash, s.Hash, change))
	return "evt_" + hex.EncodeToString(sum[:16])
}

// drafts returns the events of the save that led from the board old to s, in their order. The snapshot is the name
// under which a new board is stored. They depend on nothing else, so that a second attempt makes the same events.
func (s *state) drafts(old, board *canvas.Board, snapshot string) []draft {
	switch s.Save.Kind {
	case saveCreated:
		return []draft{s.created(board, snapshot)}
	case saveDeleted:
		var d object
		d.putString("save", s.saveID())
		putCounts(&d, s.Save.Nodes, s.Save.Edges, s.Save.Colors)
		return []draft{{kind: "canvas_deleted", change: "canvas_deleted", details: d}}
	case saveUnreadable:
		var d object
		d.putString("reason", s.Unreadable)
		return []draft{{kind: "canvas_unreadable", change: "canvas_unreadable", details: d}}
	}
	var out []draft
	if s.Save.OldPath != "" {
		var d object
		d.putString("save", s.saveID())
		d.putString("old_canvas_id", s.Save.OldPath)
		out = append(out, draft{kind: "canvas_renamed", change: "canvas_renamed", details: d})
	}
	twins := newTwins(old, board)
	twins.still = !s.Save.Steps
	for _, c := range canvas.Diff(old, board) {
		out = append(out, s.change(c, twins))
		twins.apply(c)
	}
	return out
}

func (s *state) created(board *canvas.Board, snapshot string) draft {
	var d object
	d.putString("save", s.saveID())
	putCounts(&d, len(board.Nodes), len(board.Edges), board.Colors())
	if s.Save.FileTime != "" {
		d.putString("file_time", s.Save.FileTime)
	}
	d.putString("snapshot", snapshot)
	return draft{kind: "canvas_created", change: "canvas_created", details: d}
}

func putCounts(d *object, nodes, edges int, colors map[string]int) {
	d.putInt("nodes", nodes)
	d.putInt("edges", edges)
	d.put("colors", colorCounts(colors))
}

func colorCounts(colors map[string]int) json.RawMessage {
	var counts object
	for _, code := range slices.Sorted(maps.Keys(colors)) {
		counts.putInt(code, colors[code])
	}
	return counts.json()
}

// change is the event of one difference between two boards.
func (s *state) change(c canvas.Change, twins *twins) draft {
	var d object
	name := "node"
	switch c.Kind {
	case canvas.EdgeAdded, canvas.EdgeRemoved, canvas.EdgeChanged:
		name = "edge"
		d.putString("edge_id", c.ID)
	default:
		d.putString("node_id", c.ID)
		d.putString("node_type", c.Type)
	}
	d.putString("save", s.saveID())
	switch c.Kind {
	case canvas.NodeAdded, canvas.EdgeAdded:
		d.put(name, s.keep(c.New))
	case canvas.NodeRemoved, canvas.EdgeRemoved:
		d.put(name, s.keep(c.Old))
	case canvas.NodeColorChange:
		d.putString("old_color", plain(c.Members[0].Old))
		d.putString("new_color", plain(c.Members[0].New))
	case canvas.NodeTextChange:
		s.putTexts(&d, c.Members[0])
		if s.Save.Colored && !twins.recolored(c) {
			d.putString("color", twins.nodes[c.ID][c.Index].Color())
		}
	default:
		var old, new object
		for _, m := range c.Members {
			old.put(m.Name, m.Old)
			new.put(m.Name, m.New)
		}
		d.put("old", s.keep(old.json()))
		d.put("new", s.keep(new.json()))
	}
	d.put("old_"+name, s.keep(twins.old(c))) // which of several with this id
	out := draft{
		kind:    c.Kind.String(),
		change:  fmt.Sprintf("%v\n%s\n%d", c.Kind, c.ID, twins.number(c)),
		details: d,
	}
	if name == "node" {
		out.nodeID, out.nodeType, out.words = c.ID, c.Type, firstWords(twins.words(c))
	} else {
		out.edgeID = c.ID
	}
	return out
}

// keep returns a whole or partial node or edge as the events of the save hold it.
func (s *state) keep(raw json.RawMessage) json.RawMessage {
	if s.Save.Lengths && raw != nil {
		return lengthsOnly(raw)
	}
	return raw
}

// putTexts puts in the old and the new text. One that is missing counts as "", and one that is no string stands as its
// JSON.
func (s *state) putTexts(d *object, m canvas.MemberChange) {
	put := func(name string, raw json.RawMessage) {
		if raw == nil {
			raw = json.RawMessage(`""`)
		}
		if n := runes(raw); n >= 0 && s.Save.Lengths {
			d.putInt(name+"_length", n)
			return
		}
		d.put(name, raw)
	}
	put("old_text", m.Old)
	put("new_text", m.New)
}

// plain is what a JSON string says, "" if there is none; any other value stands as its JSON. For a colour it is what
// canvas.Node.Color gives.
func plain(raw json.RawMessage) string {
	if s, ok := text(raw); ok {
		return s
	}
	if raw == nil || string(raw) == "null" {
		return ""
	}
	return string(raw)
}

// line writes out an event, shortened as far as level says. The result is a line of the book without its newline.
func (s *state) line(d draft, level int) []byte {
	details := d.details
	switch level {
	case short:
		details = shortDetails(d.details)
	case bare:
		details = object{}
		for i, name := range d.details.names {
			v := d.details.values[i]
			if len(v) <= longestKept/4 && v[0] == '"' && (name == "save" || name == "node_id" || name == "edge_id") {
				details.put(name, v)
			}
		}
	default:
		details = object{slices.Clone(details.names), slices.Clone(details.values)}
	}
	if s.Save.Late {
		details.putString("observed", "late")
	}
	if s.Save.Observed != "" {
		details.putString("observed", s.Save.Observed) // put keeps the first of two
	}
	if s.Save.Reverted {
		details.put("reverted", json.RawMessage("true"))
	}
	if s.Save.After != "" {
		details.putString("after", s.Save.After)
		if counts := colorCounts(s.Save.Colors); d.leads && len(counts) <= shortObject {
			details.put("colors", counts)
		}
	}
	if level > whole {
		details.put("shortened", json.RawMessage("true"))
	}
	var o object
	o.putString("event_id", s.eventID(d.change))
	o.putString("timestamp", s.Time)
	o.putString("canvas_id", s.Path)
	o.putString("event_type", d.kind)
	o.put("details", details.json())
	return wholeSurrogates(o.json())
}

// wholeSurrogates puts U+FFFD in the place of each escaped half of a surrogate pair in a JSON text: many programs stop at one.
func wholeSurrogates(line []byte) []byte {
	unit := func(i int) int64 {
		if i+6 > len(line) || line[i] != '\\' || line[i+1] != 'u' {
			return -1
		}
		n, err := strconv.ParseInt(string(line[i+2:i+6]), 16, 32)
		if err != nil {
			return -1
		}
		return n
	}
	for i := 0; i < len(line); i++ {
		if line[i] != '\\' {
			continue
		}
		switch n := unit(i); {
		case n >= 0xd800 && n < 0xdc00 && unit(i+6) >= 0xdc00 && unit(i+6) < 0xe000:
			i += 11
		case n >= 0xd800 && n < 0xe000:
			copy(line[i:], `\ufffd`)
			i += 5
		default:
			i++ // what is escaped
		}
	}
	return line
}

// shortDetails shortens the details of an event: nodes, edges and the old and new members as shorten does, texts to
// their lengths.
func shortDetails(d object) object {
	var out object
	for i, name := range d.names {
		v := d.values[i]
		n := runes(v)
		switch {
		case name == "old_text" || name == "new_text":
			if n < 0 {
				n = len(v)
			}
			out.putInt(name+"_length", n)
		case name == "colors":
			if len(v) <= shortObject {
				out.put(name, v)
			}
		case v[0] == '{':
			out.put(name, shorten(v))
		case len(v) > longestKept && n >= 0:
			out.putInt(name+"_length", n)
		default:
			out.put(name, v)
		}
	}
	return out
}
