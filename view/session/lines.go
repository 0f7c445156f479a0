package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"

	"daybook"
	"daybook/learning"
)

// line is a whole line of a day's file that holds an event.
type line struct {
	offset, end int64 // in the file; end is behind the newline
	text        []byte
	event       daybook.Event
	damage      bool // damaged bytes stand between it and the line before, or the place where reading began
}

// lines yields the events of a day from the byte from on. Damaged lines are left out; harmed, if not nil, is told of them.
// Left out, too, is a last line that lacks its newline, which somebody may be writing just now.
func lines(
	ctx context.Context, b *daybook.Book, day daybook.Day, from int64, harmed func(*daybook.DamageError),
) iter.Seq2[line, error] {
	return dayLines(b.DayEvents(ctx, day, from), harmed)
}

// dayLines is lines of what a reader of the book yields.
func dayLines(entries iter.Seq2[daybook.Entry, error], harmed func(*daybook.DamageError)) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		damage := false
		for entry, err := range entries {
			var harm *daybook.DamageError
			if errors.As(err, &harm) {
				damage = true
				if harmed != nil {
					harmed(harm)
				}
				continue
			}
			if err != nil {
				yield(line{}, err)
				return
			}
			pos := entry.Position
			l := line{pos.Offset, pos.Offset + int64(pos.Length), entry.Event.Line(), entry.Event, damage}
			if pos.Length == len(entry.Raw) || !yield(l, nil) {
				return
			}
			damage = false
		}
	}
}

// learned returns what the statistics need of an event.
func learned(e daybook.Event) learning.Event {
	out := learning.Event{Time: e.Time()}
	// One pass over the line: three calls of Event.Member would parse it three times, with each event of a day.
	rest := e.Line()
	for len(rest) > 1 {
		name := rest[1:]
		name = name[:stringEnd(name)]
		rest = rest[1+len(name)+1:]
		value := rest[:valueEnd(rest)]
		rest = rest[len(value):]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = []byte(`"` + text(name) + `"`)
		}
		switch string(name) {
		case `"canvas_id"`:
			out.Canvas = text(value)
		case `"event_type"`:
			out.Type = text(value)
		case `"details"`:
			out.Details = json.RawMessage(value)
		}
	}
	return out
}

// stringEnd returns the length of the JSON string, quotes included, that s begins with.
func stringEnd(s []byte) int {
	for at := 1; ; {
		n := bytes.IndexByte(s[at:], '"')
		if n < 0 {
			return len(s)
		}
		escapes := at + n
		for s[escapes-1] == '\\' {
			escapes--
		}
		if at += n + 1; (at-1-escapes)%2 == 0 {
			return at
		}
	}
}

// valueEnd returns the length of the compact JSON value that s begins with, inside an object.
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

// text returns the string that a JSON value is, "" if it is none.
func text(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}
