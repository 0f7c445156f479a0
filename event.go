package daybook

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"daybook/internal/dayfile"

	"github.com/google/uuid"
)

// Event is one thing that happened: a JSON object with an event_id and a timestamp. It is a value and never changes; any
// number of goroutines may use it. The zero Event is none, and Append refuses it.
type Event struct {
	// line is the stored form without its newline, event_id and timestamp first. While stamp is not stampGiven, the
	// timestamp (or its offset) is missing from it at position at.
	line  []byte
	idEnd int // the id, quotes included, is line[idStart:idEnd]
	at    int
	stamp stampKind
	time  time.Time
	vault *RuleError // what RulesVault has against the event
}

type stampKind uint8

const (
	stampGiven stampKind = iota // the timestamp says which instant it is
	stampNaive                  // it lacks the offset: it is read in the book's zone
	stampNow                    // it was missing: the instant of ParseEvent, in the book's zone
)

const (
	idPrefix    = `{"event_id":`
	idStart     = len(idPrefix)
	stampPrefix = `,"timestamp":`
)

// Limits of a line (docs/format.md).
const (
	maxIDLen       = 256
	defaultMaxLine = 1 << 20
)

// ParseEvent reads one event: a JSON object that obeys the book's rules (docs/format.md). The error is a *RuleError. An
// event without event_id is given one (evt_ and a UUIDv7), one without timestamp the present time, once: the same
// Event appended twice is stored once. White space goes, event_id and timestamp come first; otherwise members stay
// in their order and every string and number as it was spelled. line may be reused afterwards.
func ParseEvent(line []byte) (Event, error) {
	o, err := parseLine(line)
	if err != nil {
		return Event{}, err
	}
	return newEvent(o, time.Now)
}

func parseLine(line []byte) (dayfile.Object, error) {
	o, err := dayfile.ParseObject(line)
	if err != nil {
		g := err.(*dayfile.GrammarError)
		return o, &RuleError{g.Member, fmt.Sprintf("%s (at byte %d)", g.Rule, g.Offset+1)}
	}
	return o, nil
}

func newEvent(o dayfile.Object, now func() time.Time) (Event, error) {
	var e Event
	id, stamp := o.Find("event_id"), o.Find("timestamp")
	if id != nil {
		if err := checkID(id); err != nil {
			return e, err
		}
	} else {
		u, err := uuid.NewV7()
		if err != nil {
			return e, fmt.Errorf("draw an event_id: %w", err)
		}
		id = append(append([]byte(`"evt_`), u.String()...), '"')
	}
	if stamp != nil {
		if stamp[0] != '"' {
			return e, &RuleError{"timestamp", "must be a string"}
		}
		t, naive, err := parseTimestamp(dayfile.DecodeString(stamp))
		if err != nil {
			return e, err
		}
		e.time = t
		if naive {
			e.stamp = stampNaive
		}
	} else {
		e.time, e.stamp = now().Truncate(time.Microsecond), stampNow
	}
	e.idEnd = idStart + len(id)
	e.vault = checkVault(o)
	e.compose(o, id, stamp)
	return e, nil
}

func checkID(id []byte) error {
	if id[0] != '"' {
		return &RuleError{"event_id", "must be a string"}
	}
	text := dayfile.DecodeString(id)
	if n := len(text); n < 1 || n > maxIDLen {
		return &RuleError{"event_id", fmt.Sprintf("must have 1 to %d bytes, not %d", maxIDLen, n)}
	}
	if !utf8.Valid(text) {
		return &RuleError{"event_id", "must not have half a surrogate pair: it stands for no character"}
	}
	return nil
}

// compose puts the line together from the members of o.
func (e *Event) compose(o dayfile.Object, id, stamp []byte) {
	m := o.Members
	if e.stamp == stampGiven && len(m) >= 2 && m[0].ValueStart == idStart && m[1].NameStart == m[0].ValueEnd+1 &&
		o.Name(m[0]) == "event_id" && o.Name(m[1]) == "timestamp" &&
		m[1].ValueStart == m[1].NameStart+len(stampPrefix)-1 {
		e.line = o.JSON // in order already
		return
	}
	b := make([]byte, 0, len(o.JSON)+len(id)+len(stampPrefix)+len(stampLayout)+16)
	b = append(b, idPrefix...)
	b = append(b, id...)
	b = append(b, stampPrefix...)
	switch e.stamp {
	case stampGiven:
		b = append(b, stamp...)
	case stampNaive:
		b = append(b, stamp[:len(stamp)-1]...)
		e.at = len(b)
		b = append(b, '"')
	case stampNow:
		e.at = len(b)
	}
	for _, member := range m {
		name := o.Name(member)
		if name == "event_id" || name == "timestamp" {
			continue
		}
		b = append(b, ',')
		b = append(b, o.JSON[member.NameStart:member.ValueEnd]...)
	}
	e.line = append(b, '}')
}

// In returns e as a book in zone stores it: a timestamp without an offset is read there. One that is complete stays as it is.
func (e Event) In(zone *time.Location) Event {
	if e.stamp == stampGiven {
		return e
	}
	b := make([]byte, 0, len(e.line)+len(stampLayout)+2)
	b = append(b, e.line[:e.at]...)
	if e.stamp == stampNaive {
		e.time = inZone(e.time, zone)
		b = e.time.AppendFormat(b, "-07:00")
	} else {
		e.time = e.time.In(zone)
		b = append(b, '"')
		b = e.time.AppendFormat(b, stampLayout)
		b = append(b, '"')
	}
	e.line = append(b, e.line[e.at:]...)
	e.stamp, e.at = stampGiven, 0
	return e
}

// ID returns the event_id.
func (e Event) ID() string {
	if len(e.line) == 0 {
		return ""
	}
	return string(dayfile.DecodeString(e.line[idStart:e.idEnd]))
}

// Time returns the instant of the event, with the offset of its timestamp. An event whose timestamp has no offset is, until
// a Book has read it in its zone, taken to be in UTC.
func (e Event) Time() time.Time { return e.time }

// Line returns the event as it is stored, without the newline: compact JSON, event_id and timestamp first. It is nil for
// the zero Event. The result must not be changed.
func (e Event) Line() []byte { return e.In(time.UTC).line }

// Member returns the value of a member of the event's own, as it is spelled, and whether it is there. The result must not
// be changed.
func (e Event) Member(name string) (json.RawMessage, bool) {
	o, err := dayfile.ParseObject(e.Line())
	if err != nil {
		return nil, false // the zero Event
	}
	v := o.Find(name)
	return v, v != nil
}

// MarshalJSON returns what Line returns.
func (e Event) MarshalJSON() ([]byte, error) {
	if e.line == nil {
		return []byte("null"), nil
	}
	return e.Line(), nil
}

// String returns the line.
func (e Event) String() string { return string(e.Line()) }

// checkVault says what RulesVault has against the event, or nil.
func checkVault(o dayfile.Object) *RuleError {
	for _, name := range []string{"canvas_id", "event_type"} {
		switch v := o.Find(name); {
		case v == nil:
			return &RuleError{name, "is missing: a vault's event has canvas_id, event_type and details"}
		case v[0] != '"' || len(v) == 2:
			return &RuleError{name, "must be a string that is not empty"}
		}
	}
	switch v := o.Find("details"); {
	case v == nil:
		return &RuleError{"details", "is missing: a vault's event has canvas_id, event_type and details ({} will do)"}
	case v[0] != '{':
		return &RuleError{"details", "must be an object ({} will do)"}
	}
	return nil
}
