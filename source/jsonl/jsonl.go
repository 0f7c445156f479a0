// Package jsonl makes events from the lines of other programs: JSON objects whose time and id have other names, and are
// spelled in other ways, than those of a book.
package jsonl

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"daybook"
	"daybook/internal/jsonline"
)

// Options say what a Reader takes for time and id. The zero value is the default.
type Options struct {
	// Time names the member that holds the time; "" is the first of timestamp, @timestamp, time, ts and datetime that
	// the line has. A name with dots that no member has is a path into nested objects.
	Time string
	// ID names the member that holds the id, likewise; "" is event_id.
	ID string
	// Zone is the zone in which a number of seconds is spelled. Nil is UTC.
	Zone *time.Location
}

// The members that every event has.
const (
	idMember   = "event_id"
	timeMember = "timestamp"
)

// timeMembers are the members that hold an event's time, in the order in which they are looked for.
var timeMembers = []string{timeMember, "@timestamp", "time", "ts", "datetime"}

// A Reader makes events from the lines of one input. It never takes the present for an event's time, nor a random id: the
// same input gives the same events whenever it is read. It must not be used from several goroutines at once.
type Reader struct {
	opts   Options
	parser jsonline.Parser
	met    map[[sha256.Size224]byte]int // how often a line without an id was met
	kept   map[string]int
}

// NewReader returns a Reader.
func NewReader(o Options) *Reader {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Reader{opts: o, met: map[[sha256.Size224]byte]int{}, kept: map[string]int{}}
}

// Kept returns how many lines had a timestamp or an event_id beside the member that Options name, by the name under which
// the event has it: original_timestamp or original_event_id, with a number behind it where the line has that, too.
func (r *Reader) Kept() map[string]int { return r.kept }

// Event makes an event from a line. All members stay as they are spelled, in their order, but for event_id and timestamp, which
// come first. A line that has one of these beside the member that Options name keeps its own under another name. The
// error says which member breaks which rule.
func (r *Reader) Event(line []byte) (daybook.Event, error) {
	o, err := r.parser.Object(line)
	if err != nil {
		return daybook.Event{}, err
	}
	top := find(o)
	name, stamp, err := r.stamp(o, top)
	if err != nil {
		return daybook.Event{}, err
	}
	id, err := r.id(o, top)
	if err != nil {
		return daybook.Event{}, err
	}
	out := make([]byte, 0, len(o.JSON)+len(id)+len(stamp)+128)
	out = append(append(out, `{"event_id":`...), id...)
	out = append(append(out, `,"timestamp":`...), stamp...)
	var names map[string]bool // of all members, made when it is needed
	var kept []string
	for _, m := range o.Members {
		spelled, value := o.JSON[m.NameStart:m.NameEnd], o.Value(m)
		own := ""
		switch {
		case jsonline.Is(spelled, idMember) && (r.opts.ID == "" || r.opts.ID == idMember || bytes.Equal(value, id)):
			continue
		case jsonline.Is(spelled, idMember):
			own = idMember
		case jsonline.Is(spelled, timeMember) && (name == timeMember || bytes.Equal(value, r.inZone(stamp))):
			continue
		case jsonline.Is(spelled, timeMember):
			own = timeMember
		}
		out = append(out, ',')
		if own == "" {
			out = append(out, o.JSON[m.NameStart:m.ValueEnd]...)
			continue
		}
		if names == nil {
			names = make(map[string]bool, len(o.Members))
			for _, m := range o.Members {
				names[o.Name(m)] = true
			}
		}
		free := "original_" + own
		for n := 2; names[free]; n++ {
			free = fmt.Sprintf("original_%s_%d", own, n)
		}
		kept = append(kept, free)
		out = append(append(jsonline.AppendText(out, free), ':'), value...)
	}
	event, err := daybook.ParseEvent(append(out, '}'))
	if err != nil {
		return daybook.Event{}, r.named(err, name)
	}
	for _, k := range kept {
		r.kept[k]++
	}
	return event, nil
}

// named has an error name the members of the line, not those of the event.
func (r *Reader) named(err error, stamp string) error {
	var rule *daybook.RuleError
	if !errors.As(err, &rule) {
		return err
	}
	switch {
	case rule.Member == timeMember:
		return fmt.Errorf("%s: %s", stamp, rule.Rule)
	case rule.Member == idMember && r.opts.ID != "":
		return fmt.Errorf("%s: %s", r.opts.ID, rule.Rule)
	}
	return err
}

// inZone returns a timestamp as a book in the Reader's zone stores it.
func (r *Reader) inZone(stamp []byte) []byte {
	e, err := daybook.ParseEvent(append(append([]byte(`{"event_id":"x","timestamp":`), stamp...), '}'))
	if err != nil {
		return stamp
	}
	value, _ := e.In(r.opts.Zone).Member(timeMember)
	return value
}

// stamp returns the line's time as a timestamp, and the name of the member that holds it.
func (r *Reader) stamp(o jsonline.Object, top map[string][]byte) (name string, stamp []byte, err error) {
	var value []byte
	if name = r.opts.Time; name != "" {
		if value = follow(o, top, name); value == nil {
			return "", nil, fmt.Errorf("%s: is missing, and --time says that it holds the time", name)
		}
	}
	for i := 0; value == nil; i++ {
		if i == len(timeMembers) {
			return "", nil, errors.New("timestamp: is missing: what happened at an unknown time cannot be imported; " +
				"--time names another member")
		}
		name = timeMembers[i]
		value = top[name]
	}
	if stamp, err = stampOf(value, r.opts.Zone); err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	return name, stamp, nil
}

// id returns the line's id as a JSON string, or as what the line has in its place.
func (r *Reader) id(o jsonline.Object, top map[string][]byte) ([]byte, error) {
	if r.opts.ID == "" {
		if id := top[idMember]; id != nil {
			return id, nil
		}
		sum := sha256.Sum224(o.JSON)
		id := daybook.ContentID(o.JSON, r.met[sum])
		r.met[sum]++
		return jsonline.AppendText(nil, id), nil
	}
	switch id := follow(o, top, r.opts.ID); {
	case id == nil:
		return nil, fmt.Errorf("%s: is missing, and --id says that it holds the id", r.opts.ID)
	case id[0] == '"':
		return id, nil
	case id[0] == '-' || id[0] >= '0' && id[0] <= '9':
		return append(append([]byte{'"'}, id...), '"'), nil
	default:
		return nil, fmt.Errorf("%s: must be a string or a number, and --id says that it holds the id", r.opts.ID)
	}
}

// find returns the values of the members of o that a Reader looks at without being asked to.
func find(o jsonline.Object) map[string][]byte {
	top := make(map[string][]byte, 2)
	for _, m := range o.Members {
		spelled := o.JSON[m.NameStart:m.NameEnd]
		if jsonline.Is(spelled, idMember) {
			top[idMember] = o.Value(m)
			continue
		}
		for _, name := range timeMembers {
			if jsonline.Is(spelled, name) {
				top[name] = o.Value(m)
			}
		}
	}
	return top
}

// follow returns the value to which a path leads, nil if there is none. A member that has the whole path as its name comes
// before the members of nested objects.
func follow(o jsonline.Object, top map[string][]byte, path string) []byte {
	if value := top[path]; value != nil {
		return value
	}
	return walk(o.JSON, path)
}

func walk(object []byte, path string) []byte {
	if value := jsonline.Find(object, path); len(value) > 0 {
		return value
	}
	for i := range len(path) {
		if path[i] != '.' {
			continue
		}
		if inner := jsonline.Find(object, path[:i]); len(inner) > 0 {
			if value := walk(inner, path[i+1:]); value != nil {
				return value
			}
		}
	}
	return nil
}

// stampOf returns a time as a timestamp. What RFC 3339 allows stays as it is spelled, naive times too.
func stampOf(value []byte, zone *time.Location) ([]byte, error) {
	given := string(value)
	if value[0] == '"' {
		given = string(jsonline.DecodeString(value))
	}
	text := strings.TrimSpace(given)
	if stamp, ok := sinceEpoch(text, zone); ok {
		return jsonline.AppendText(nil, stamp), nil
	}
	if value[0] != '"' {
		return nil, fmt.Errorf("%.60s is no time: an RFC 3339 date-time, or a number of seconds, milli-, micro- or nanoseconds since 1970",
			text)
	}
	if text = dateTime(text); text == given {
		return value, nil // ParseEvent says whether it is one
	}
	return jsonline.AppendText(nil, text), nil
}

// dateTime spells as RFC 3339 has it what differs by a space in the place of the T, a comma before the fraction, or an offset
// such as " +0100", "+01" or " UTC". Other texts stay as they are.
func dateTime(text string) string {
	const date, clock = len("2006-01-02"), len("15:04:05")
	if len(text) <= date {
		return text
	}
	rest := strings.TrimLeft(text[date:], " ")
	begin := "T"
	if rest[0]|0x20 == 't' {
		begin, rest = rest[:1], rest[1:]
	} else if len(rest) == len(text)-date { // there was no space
		return text
	}
	if len(rest) < clock {
		return text
	}
	begin, rest = text[:date]+begin+rest[:clock], rest[clock:]
	if rest != "" && (rest[0] == ',' || rest[0] == '.') {
		end := 1
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		begin, rest = begin+"."+rest[1:end], rest[end:]
	}
	offset := strings.TrimLeft(rest, " ")
	switch digits := strings.TrimLeft(offset, "+-"); {
	case strings.EqualFold(offset, "UTC"), strings.EqualFold(offset, "GMT"):
		offset = "Z"
	case len(digits) != len(offset)-1:
	case len(digits) == len("01"):
		offset += ":00"
	case len(digits) == len("0100") && digits[2] != ':':
		offset = offset[:3] + ":" + offset[3:]
	}
	return begin + offset
}
