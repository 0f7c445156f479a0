package learning

import (
	"bytes"
	"time"
)

// ParseEvent returns what the statistics need of one line of a book: line is a JSON object in its compact form, as the book
// stores it and daybook.Event.Line returns it, and t the time that the book read in it. Details is a part of line, not a
// copy. Of a line in another form, or of none, it finds what it can and never panics.
func ParseEvent(t time.Time, line []byte) Event {
	out := Event{Time: t}
	// One pass over the line: to ask for three members one after the other would parse it three times.
	rest := line
	for len(rest) > 2 && rest[1] == '"' {
		name := rest[1:]
		name = name[:stringEnd(name)]
		if rest = rest[1+len(name):]; len(rest) < 2 {
			break
		}
		rest = rest[1:] // the colon
		value := rest[:valueEnd(rest)]
		rest = rest[len(value):]
		known, _ := text(name)
		switch known {
		case "canvas_id":
			out.Canvas, _ = text(value)
		case "event_type":
			out.Type, _ = text(value)
		case "details":
			out.Details = value
		}
	}
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
