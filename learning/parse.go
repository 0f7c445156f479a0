package learning

import (
	"bytes"
	"encoding/json"
	"time"
)

// ParseEvent returns what the statistics need of an event of time t. member returns the value of one of its members in
// JSON, and whether it is there, as daybook.Event.Member does. Details is that value, not a copy.
func ParseEvent(t time.Time, member func(name string) (json.RawMessage, bool)) Event {
	out := Event{Time: t}
	canvas, _ := member("canvas_id")
	kind, _ := member("event_type")
	out.Canvas, _ = text(canvas)
	out.Type, _ = text(kind)
	out.Details, _ = member("details")
	return out
}

// stringEnd returns the length of the JSON string, quotes included, that s begins with; that of s if it does not end.
func stringEnd(s []byte) int {
	for at := 1; at < len(s); {
		n := bytes.IndexByte(s[at:], '"')
		if n < 0 {
			break
		}
		escapes := at + n
		for s[escapes-1] == '\\' {
			escapes--
		}
		if at += n + 1; (at-1-escapes)%2 == 0 {
			return at
		}
	}
	return len(s)
}

// valueEnd returns where the value ends that s begins with, in an object: at the comma or the brace behind it.
func valueEnd(s []byte) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i += stringEnd(s[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}
