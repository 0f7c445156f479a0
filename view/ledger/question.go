package ledger

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"daybook"
)

// Question says which events are wanted. All that it says must hold; the zero Question wants every event.
type Question struct {
	From, To     daybook.Day         // inclusive; the zero Day leaves that end open
	Since, Until time.Time           // of the event's timestamp, inclusive; zero leaves that end open
	Where        []daybook.Condition // of any members
	Types        []string            // event_type is one of them; empty: any, and so with Canvases
	Canvases     []string            // canvas_id is one of them
	Camera       string              // camera_id; "" is any, and so with Node and Label
	Node         string              // details.node_id, or the event's own node_id where there is none
	Label        string              // of one of detected_objects
	Confidence   *float64            // of that object, or of any if there is no Label: at least so much; nil: any
	Words        Words               // of texts and descriptions

	// Newest has the latest found first: by day, within a day by timestamp (in microseconds), of equal ones the one that was
	// appended last. Else they come in the book's order.
	Newest bool
	Limit  int // so many are found at most; 0 is no limit

	room int // instead of maxPile, for tests; 0 is maxPile
}

// holds reports whether an event is wanted. It is the one that decides: whatever finds events faster only leaves out some of
// those of which this says no.
func (q *Question) holds(e daybook.Entry) bool {
	t := e.Event.Time()
	if !q.Since.IsZero() && t.Before(q.Since) || !q.Until.IsZero() && t.After(q.Until) {
		return false
	}
	for _, c := range q.Where {
		if !c.Holds(e) {
			return false
		}
	}
	if len(q.Types) == 0 && len(q.Canvases) == 0 && q.Camera == "" && q.Node == "" && q.Words.terms == nil && !q.ofObjects() {
		return true
	}
	var room, inner [32][]byte
	top := members(room[:0], e.Event.Line())
	details := members(inner[:0], top.find("details"))
	f := fieldsOf(top, details)
	return oneOf(f.Type, q.Types) && oneOf(f.Canvas, q.Canvases) && (q.Camera == "" || f.Camera == q.Camera) &&
		(q.Node == "" || f.Node == q.Node) && (!q.ofObjects() || q.object(top.find("detected_objects"))) &&
		(q.Words.terms == nil || q.Words.in(tokens(texts(top, details))))
}

func oneOf(v any, list []string) bool {
	s, ok := v.(string)
	return len(list) == 0 || ok && slices.Contains(list, s)
}

func (q *Question) ofObjects() bool { return q.Label != "" || q.Confidence != nil }

// object reports whether one of the detected objects is wanted.
func (q *Question) object(objects []byte) bool {
	if len(objects) < 2 || objects[0] != '[' {
		return false
	}
	for _, o := range elements(objects) {
		if len(o) == 0 || o[0] != '{' {
			continue
		}
		own := members(nil, o)
		if q.Label != "" && text(own.find("label")) != q.Label {
			continue
		}
		if q.Confidence == nil {
			return true
		}
		if n, err := strconv.ParseFloat(string(own.find("confidence")), 64); err == nil && n >= *q.Confidence {
			return true
		}
	}
	return false
}

// conditions are what Search can look for: all of them hold of an event that is wanted.
func (q *Question) conditions() []daybook.Condition {
	list := slices.Clone(q.Where)
	add := func(member string, values ...string) {
		// U+FFFD also stands for what is no character.
		if len(values) == 1 && values[0] != "" && !strings.ContainsRune(values[0], utf8.RuneError) {
			list = append(list, daybook.Condition{Member: member, Value: values[0]})
		}
	}
	add("event_type", q.Types...)
	add("canvas_id", q.Canvases...)
	add("camera_id", q.Camera)
	add("detected_objects.label", q.Label)
	return list
}

// may tells at a glance that a line is of no interest. What has no escape has every string as it is.
func (q *Question) may(line []byte) bool {
	if bytes.IndexByte(line, '\\') >= 0 {
		return true
	}
	for _, values := range [...][]string{q.Types, q.Canvases, {q.Node}} {
		if len(values) > 0 && !slices.ContainsFunc(values, func(s string) bool { return bytes.Contains(line, []byte(s)) }) {
			return false
		}
	}
	return true
}

// selection is how the ledger finds candidates: those that it leaves out are not wanted.
type selection struct {
	from  string // the rest of a query, from the table on
	id    string // the column of ids
	args  []any
	stamp bool // an index by timestamp finds them
}

// selection returns how the ledger finds the events; without an index that does, it is all of them.
func (q *Question) selection() (s selection, indexed bool) {
	switch {
	case q.Node != "":
		return selection{from: "events WHERE node_id = ?", id: "id", args: []any{q.Node}}, true
	case q.Words.terms != nil:
		return selection{from: "texts WHERE texts MATCH ?", id: "rowid", args: []any{q.Words.match()}}, true
	case len(q.Canvases) > 0:
		s := selection{from: "events WHERE canvas_id IN (?" + strings.Repeat(",?", len(q.Canvases)-1) + ")", id: "id", stamp: true}
		for _, c := range q.Canvases {
			s.args = append(s.args, c)
		}
		return s, true
	case q.Camera != "":
		return selection{from: "events WHERE camera_id = ?", id: "id", args: []any{q.Camera}, stamp: true}, true
	}
	return selection{from: "events WHERE true", id: "id"}, false
}
