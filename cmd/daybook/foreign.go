package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"daybook"
)

// foreigner makes events of the book of the lines of other programs.
type foreigner struct {
	id, stamp string // the members that hold the event's id and time; "" is event_id, and the first of stampNames
	zone      *time.Location
	met       map[[sha256.Size224]byte]int // how often an id was given to the same line of this input
}

// stampNames are the members that hold an event's time, in the order in which they are looked for.
var stampNames = []string{"timestamp", "@timestamp", "time", "ts", "datetime"}

// event reads one line: an object whose time and id may be spelled in other ways than the book's. It never takes the present
// for its time, nor a random id: the same line gives the same event whenever it is read.
func (f *foreigner) event(line []byte) (daybook.Event, error) {
	names, values, err := parseFlat(line)
	if err != nil {
		return daybook.ParseEvent(line) // which names the rule
	}
	get := func(name string) json.RawMessage {
		if i := slices.Index(names, name); i >= 0 {
			return values[i]
		}
		return nil
	}
	put := func(name string, value []byte) {
		if i := slices.Index(names, name); i >= 0 {
			values[i] = value
			return
		}
		names, values = append(names, name), append(values, value)
	}
	content := join(names, values)
	from := f.stamp
	for i := 0; from == "" && i < len(stampNames); i++ {
		if get(stampNames[i]) != nil {
			from = stampNames[i]
		}
	}
	raw := get(from)
	if raw == nil && f.stamp != "" {
		return daybook.Event{}, fmt.Errorf("%s: is missing, and --time says that it holds the time", f.stamp)
	}
	if raw == nil {
		return daybook.Event{}, errors.New("timestamp: is missing: what happened at an unknown time cannot be imported; " +
			"--time names another member")
	}
	stamp, err := stampOf(raw, f.zone)
	if err != nil {
		return daybook.Event{}, fmt.Errorf("%s: %w", from, err)
	}
	put("timestamp", stamp)
	switch id := get(f.id); {
	case f.id != "" && id == nil:
		return daybook.Event{}, fmt.Errorf("%s: is missing, and --id says that it holds the id", f.id)
	case f.id != "" && id[0] == '"':
		put("event_id", id)
	case f.id != "":
		put("event_id", []byte(strconv.Quote(string(id)))) // a number, say
	case get("event_id") == nil:
		sum := sha256.Sum224(content)
		id := daybook.ContentID(content, f.met[sum])
		if f.met == nil {
			f.met = map[[sha256.Size224]byte]int{}
		}
		f.met[sum]++
		put("event_id", []byte(`"`+id+`"`))
	}
	event, err := daybook.ParseEvent(join(names, values))
	var rule *daybook.RuleError
	if errors.As(err, &rule) && rule.Member == "timestamp" {
		err = fmt.Errorf("%s: %s", from, rule.Rule)
	}
	return event, err
}

// parseFlat returns the members of an object, as they are spelled but for white space.
func parseFlat(line []byte) (names []string, values [][]byte, err error) {
	if !utf8.Valid(line) {
		return nil, nil, errors.New("it is not UTF-8")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, line); err != nil {
		return nil, nil, err
	}
	dec := json.NewDecoder(&compact)
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("it is no object")
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, nil, err
		}
		name, _ := t.(string) // in an object, what comes before a value is a string
		if slices.Contains(names, name) {
			return nil, nil, errors.New("a member stands there twice")
		}
		names, values = append(names, name), append(values, value)
	}
	return names, values, nil
}

func join(names []string, values [][]byte) []byte {
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(appendName(out, name), ':'), values[i]...)
	}
	return append(out, '}')
}

// appendName appends a member's name as a JSON string.
func appendName(out []byte, name string) []byte {
	special := func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= utf8.RuneSelf }
	if strings.IndexFunc(name, special) < 0 {
		return append(append(append(out, '"'), name...), '"')
	}
	var quoted bytes.Buffer
	if err := newEncoder(&quoted).Encode(name); err != nil {
		panic("a name that cannot be encoded: " + err.Error()) // every string can
	}
	return append(out, bytes.TrimSpace(quoted.Bytes())...)
}

// stampOf returns a time as the book spells it: RFC 3339 stays as it is, naive ones too; a space may stand for the T, and
// a number, also as a string, is seconds, milli-, micro- or nanoseconds since 1970, which is told by its size.
func stampOf(raw json.RawMessage, zone *time.Location) ([]byte, error) {
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
	}
	text = strings.TrimSpace(text)
	if at, ok := sinceEpoch(text); ok {
		return at.In(zone).AppendFormat([]byte{'"'}, `2006-01-02T15:04:05.000000-07:00"`), nil
	}
	if raw[0] != '"' {
		return nil, fmt.Errorf("%s is no time: an RFC 3339 date-time, or a number of seconds since 1970", shorten(text, 40))
	}
	if len(text) > 10 && text[10] == ' ' {
		date, clock, _ := strings.Cut(text, " ")
		clock, offset, _ := strings.Cut(clock, " ") // `2025-11-08 14:32:15 +0100`
		if len(offset) == 5 && (offset[0] == '+' || offset[0] == '-') {
			offset = offset[:3] + ":" + offset[3:]
		}
		if offset == "UTC" {
			offset = "Z"
		}
		text = date + "T" + strings.ReplaceAll(clock, ",", ".") + offset
	}
	return json.Marshal(text) // ParseEvent says what is wrong with it
}

// sinceEpoch reads a number of seconds since 1970, or of parts of them.
func sinceEpoch(text string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 1e8 { // 1973: smaller numbers are something else
		return time.Time{}, false
	}
	nanos := int64(0)
	if fraction != "" {
		f, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		if err != nil {
			return time.Time{}, false
		}
		nanos = f
	}
	switch {
	case n < 1e11:
		return time.Unix(n, nanos), true
	case n < 1e14:
		return time.UnixMilli(n), true
	case n < 1e17:
		return time.UnixMicro(n), true
	}
	return time.Unix(0, n), true
}
