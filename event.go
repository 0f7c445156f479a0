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
	vault vaultFault // what RulesVault has against the event
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
	return newEvent(line, false)
}

// newEvent reads an event. A stored one has its event_id and its timestamp; another one is given what it lacks.
func newEvent(line []byte, stored bool) (Event, error) {
	o, err := dayfile.ParseObject(line)
	if err != nil {
		g := err.(*dayfile.GrammarError)
		return Event{}, &RuleError{g.Member, fmt.Sprintf("%s (at byte %d)", g.Rule, g.Offset+1)}
	}
	var e Event
	id, stamp := o.Find("event_id"), o.Find("timestamp")
	switch {
	case stored && id == nil:
		return e, &RuleError{"event_id", "is missing"}
	case stored && stamp == nil:
		return e, &RuleError{"timestamp", "is missing"}
	case id == nil:
		u, err := uuid.NewV7()
		if err != nil {
			return e, fmt.Errorf("draw an event_id: %w", err)
		}
		id = append(append([]byte(`"evt_`), u.String()...), '"')
	default:
		if err := checkID(id); err != nil {
			return e, err
		}
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
		e.time, e.stamp = time.Now().Truncate(time.Microsecond), stampNow
	}
	e.idEnd = idStart + len(id)
	e.vault = checkVault(o)
	if e.stamp == stampGiven && inOrder(o) {
		e.line = o.JSON
	} else {
		e.compose(o, id, stamp)
	}
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

// inOrder reports whether event_id and timestamp come first, spelled without escapes.
func inOrder(o dayfile.Object) bool {
	m := o.Members
	return len(m) >= 2 && m[0].ValueStart == idStart && m[1].NameStart == m[0].ValueEnd+1 &&
		o.Name(m[0]) == "event_id" && o.Name(m[1]) == "timestamp" &&
		m[1].ValueStart == m[1].NameStart+len(stampPrefix)-1
}

// compose puts the line together from the members of o.
func (e *Event) compose(o dayfile.Object, id, stamp []byte) {
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
	for _, member := range o.Members {
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

// vaultFault is what RulesVault has against an event: the number of a member, from 1, that is missing, or negative if it
// is there and wrong; 0 is nothing.
type vaultFault int8

func vaultMembers() [3]string { return [...]string{"canvas_id", "event_type", "details"} }

func checkVault(o dayfile.Object) vaultFault {
	for i, name := range vaultMembers() {
		v, fault := o.Find(name), vaultFault(i+1)
		switch {
		case v == nil:
			return fault
		case name == "details" && v[0] != '{', name != "details" && (v[0] != '"' || len(v) == 2):
			return -fault
		}
	}
	return 0
}

// rule returns the broken rule of a fault that is not 0.
func (f vaultFault) rule() *RuleError {
	missing := f > 0
	name := vaultMembers()[max(f, -f)-1]
	switch hint := " ({} will do)"; {
	case name == "details" && missing:
		return &RuleError{name, "is missing: a vault's event has canvas_id, event_type and details" + hint}
	case name == "details":
		return &RuleError{name, "must be an object" + hint}
	case missing:
		return &RuleError{name, "is missing: a vault's event has canvas_id, event_type and details"}
	}
	return &RuleError{name, "must be a string that is not empty"}
}
