package learning

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// Event is what the statistics need of one line of a book. Any member may be missing or odd: what cannot be read is
// left out of the figures that need it, and the event counts in all the others.
type Event struct {
	Time    time.Time       // when it happened; the zero Time is unknown
	Canvas  string          // canvas_id, "" when the event has none
	Type    string          // event_type, as "node_color_change"; "" when the event has none
	Details json.RawMessage // details; nil when the event has none
}

// FromGit reports whether the event was recorded from a vault's history, not by watching: details.observed is "git".
func (e Event) FromGit() bool {
	return bytes.Contains(e.Details, []byte(`"git"`)) && plainText(members(e.Details, "observed")[0]) == "git"
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

// Members returns the values of up to eight members of an object, valid JSON, in the order of their names; nil for one that
// it lacks. It is for who asks for a few with each event of a book: it makes no map.
func Members(object json.RawMessage, names ...string) [8]json.RawMessage {
	return members(object, names...)
}

// members returns the values of some members of an object, in the order of their names, nil for one that it lacks. It is
// object for those that are asked for with each event: it makes no map, and takes the object for valid JSON. Of another
// text it finds what it can.
func members(raw json.RawMessage, names ...string) (values [8]json.RawMessage) {
	rest := skipSpace(raw)
	for len(rest) > 0 && (rest[0] == '{' || rest[0] == ',') {
		if rest = skipSpace(rest[1:]); len(rest) == 0 || rest[0] != '"' {
			break
		}
		end := stringEnd(rest)
		name := rest[:end]
		if rest = skipSpace(rest[end:]); len(rest) == 0 || end < 2 {
			break
		}
		rest = skipSpace(rest[1:]) // behind the colon
		value := rest[:valueEnd(rest)]
		rest = rest[len(value):]
		if bytes.IndexByte(name, '\\') >= 0 {
			plain, _ := decoded(name)
			name = []byte(`"` + plain + `"`)
		}
		for i, asked := range names {
			if string(name[1:len(name)-1]) == asked {
				values[i] = trimSpace(value)
			}
		}
	}
	return values
}

func skipSpace(s []byte) []byte {
	for len(s) > 0 && s[0] <= ' ' {
		s = s[1:]
	}
	return s
}

// trimSpace returns s without the space behind it.
func trimSpace(s []byte) []byte {
	for len(s) > 0 && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	return s
}

func text(raw json.RawMessage) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) { // it is valid JSON
		return string(raw[1 : len(raw)-1]), true
	}
	return decoded(raw)
}

func decoded(raw json.RawMessage) (s string, ok bool) {
	if json.Unmarshal(raw, &s) != nil {
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
