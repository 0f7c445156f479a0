package ledger

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"daybook"
	"daybook/learning"
)

// row is what the ledger keeps of one event.
type row struct {
	id        int64
	day       daybook.Day
	end       int64 // in the day's file, behind the newline
	eventID   string
	timestamp string
	offset    int64 // of the timestamp, in minutes
	Fields
	line   string
	words  string   // for texts; "" is none
	labels []string // of detected objects
	event  learning.Event
	facts  learning.Facts
}

// place returns the id of the event at an offset of a day: it orders events as the book does, and no two of them share
// one.
func place(day daybook.Day, offset int64) int64 {
	return dayNumber(day)<<40 | offset
}

// dayNumber counts the days since 0000-01-01.
func dayNumber(day daybook.Day) int64 {
	t := day.Start(time.UTC)
	return (t.Unix() - time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix()) / 86400
}

// bounds are the ids that events of a day may have.
func bounds(day daybook.Day) (from, to int64) { return place(day, 0), place(day, 1<<40-1) }

const stampLayout = "2006-01-02T15:04:05.000000Z"

// newRow reads an entry, whose memory it does not share. base is the place of the day's first line.
func newRow(entry daybook.Entry, base int64, palette learning.Palette) *row {
	r := parseRow(entry.Event, string(entry.Raw), base+entry.Position.Offset, palette)
	r.end = entry.Position.Offset + int64(len(r.line)) + 1
	r.day = entry.Position.Day
	return r
}

// parseRow reads an event that stands in the book as line.
func parseRow(e daybook.Event, line string, id int64, palette learning.Palette) *row {
	t := e.Time()
	_, offset := t.Zone()
	r := &row{
		id: id, eventID: e.ID(), timestamp: t.UTC().Format(stampLayout), offset: int64(offset / 60), line: line,
	}
	r.end = id&(1<<40-1) + int64(len(line)) + 1
	own := bytes.Clone(e.Line())
	var room, inner [32][]byte // so that most events cost no more memory
	top := members(room[:0], own)
	r.event = learning.ParseEvent(t, func(name string) (json.RawMessage, bool) {
		v := top.find(name)
		return v, v != nil
	})
	r.facts = palette.Facts(r.event)
	details := members(inner[:0], r.event.Details)
	r.Fields = fieldsOf(top, details)
	r.words = words(texts(top, details))
	if objects := top.find("detected_objects"); len(objects) > 2 && objects[0] == '[' {
		for _, o := range elements(objects) {
			if label, ok := text(members(inner[:0], o).find("label")).(string); ok {
				r.labels = append(r.labels, label)
			}
		}
	}
	return r
}

// Fields are the members of an event for which the ledger has columns: strings, nil where the event has none.
type Fields struct{ Type, Canvas, Camera, Node any }

// FieldsOf returns the fields of an event.
func FieldsOf(e daybook.Event) Fields {
	var room, inner [32][]byte
	top := members(room[:0], e.Line())
	return fieldsOf(top, members(inner[:0], top.find("details")))
}

func fieldsOf(top, details object) Fields {
	f := Fields{text(top.find("event_type")), text(top.find("canvas_id")), text(top.find("camera_id")), text(details.find("node_id"))}
	if f.Node == nil {
		f.Node = text(top.find("node_id"))
	}
	return f
}

// texts returns what an event has of texts and descriptions.
func texts(top, details object) string {
	var list []string
	say := func(values ...[]byte) {
		for _, v := range values {
			if s, ok := text(v).(string); ok && s != "" {
				list = append(list, s)
			}
		}
	}
	say(top.find("llm_description"), details.find("old_text"), details.find("new_text"))
	for _, whole := range []string{"node", "edge"} {
		if v := details.find(whole); v != nil {
			card := members(nil, v)
			say(card.find("text"), card.find("label"))
		}
	}
	return strings.Join(list, "\n")
}

// object is the members of a JSON object: names, still quoted, and values in turns.
type object [][]byte

// find returns the value of a member, nil if there is none.
func (o object) find(name string) []byte {
	for i := 0; i+1 < len(o); i += 2 {
		if quoted := o[i]; len(quoted) == len(name)+2 && string(quoted[1:len(quoted)-1]) == name {
			return o[i+1]
		}
	}
	for i := 0; i+1 < len(o); i += 2 { // spelled with escapes
		if bytes.IndexByte(o[i], '\\') >= 0 && text(o[i]) == name {
			return o[i+1]
		}
	}
	return nil
}

// members appends the members of an object to o; of anything else there are none. s is valid JSON without white space between
// its parts, as the book stores it.
func members(o object, s []byte) object {
	if len(s) < 2 || s[0] != '{' {
		return o
	}
	for s = s[1:]; len(s) > 1; {
		name := s[:valueEnd(s)]
		s = s[min(len(s), len(name)+1):]
		value := s[:valueEnd(s)]
		s = s[min(len(s), len(value)+1):]
		o = append(o, name, value)
	}
	return o
}

// elements returns those of an array.
func elements(s []byte) [][]byte {
	var list [][]byte
	for s = s[1:]; len(s) > 1; {
		value := s[:valueEnd(s)]
		s = s[min(len(s), len(value)+1):]
		list = append(list, value)
	}
	return list
}

// valueEnd returns the length of the value that s begins with.
func valueEnd(s []byte) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}

// text returns the string that a JSON value is; nil if it is none.
func text(v []byte) any {
	if len(v) < 2 || v[0] != '"' {
		return nil
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return nil
	}
	return s
}

// words returns a text as the ledger's full-text index has it, and as it is to be searched for: with a space around each
// character of a script that puts none between its words (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese). So any piece
// of such a text is found as a phrase, a single character too.
func words(s string) string {
	at := 0
	for at < len(s) && s[at] < utf8.RuneSelf {
		at++
	}
	if at == len(s) {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:at])
	for _, r := range s[at:] {
		if unspaced(r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
