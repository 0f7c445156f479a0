package daybook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"daybook/internal/jsonline"

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
	vault [3]part // the values of vaultMembers, as they stand in line
}

// part is a piece of a line; the zero part is none.
type part struct{ start, end uint32 }

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
	var p jsonline.Parser
	e, err := newEvent(&p, line, false)
	if len(e.line) > 0 && &e.line[0] == &line[0] {
		e.line = bytes.Clone(e.line)
	}
	return e, err
}

// ContentID returns an event_id for an event that has none, made from its content: object is the JSON object without it, in
// one spelling. So the event is stored once however often it is met. n tells apart those of the same content that are
// several events: 0 for the first.
func ContentID(object []byte, n int) string {
	sum := sha256.Sum256(fmt.Appendf(slices.Clip(object), "\n%d", n))
	return "evt_" + hex.EncodeToString(sum[:16])
}

// newEvent reads an event, which may share memory with line. A stored one has its event_id and its timestamp; another one
// is given what it lacks.
func newEvent(p *jsonline.Parser, line []byte, stored bool) (Event, error) {
	o, err := p.Object(line)
	if err != nil {
		g := err.(*jsonline.GrammarError)
		return Event{}, &RuleError{g.Member, fmt.Sprintf("%s (at byte %d)", g.Rule, g.Offset+1)}
	}
	var e Event
	ordered := inOrder(o)
	var id, stamp []byte
	if ordered {
		id, stamp = o.Value(o.Members[0]), o.Value(o.Members[1])
	} else {
		id, stamp = o.Find("event_id"), o.Find("timestamp")
	}
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
		t, naive, err := parseTimestamp(jsonline.DecodeString(stamp))
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
	if e.stamp == stampGiven && ordered {
		e.line = o.JSON
		for _, m := range o.Members {
			e.note(o.JSON[m.NameStart:m.NameEnd], m.ValueStart, m.ValueEnd)
		}
	} else {
		e.compose(o, id, stamp)
	}
	return e, nil
}

// note remembers where the value of a member stands in line, if it is one of vaultMembers. name has its quotes.
func (e *Event) note(name []byte, start, end int) {
	if n := len(name) - 2; n != 7 && n != 9 && n != 10 && bytes.IndexByte(name, '\\') < 0 {
		return // most members: it has none of their lengths
	}
	name = jsonline.DecodeString(name)
	for i, known := range vaultMembers() {
		if string(name) == known {
			e.vault[i] = part{uint32(start), uint32(end)}
		}
	}
}

func checkID(id []byte) error {
	if id[0] != '"' {
		return &RuleError{"event_id", "must be a string"}
	}
	text := jsonline.DecodeString(id)
	if n := len(text); n < 1 || n > maxIDLen {
		return &RuleError{"event_id", fmt.Sprintf("must have 1 to %d bytes, not %d", maxIDLen, n)}
	}
	if !utf8.Valid(text) {
		return &RuleError{"event_id", "must not have half a surrogate pair: it stands for no character"}
	}
	return nil
}

// inOrder reports whether event_id and timestamp come first, spelled without escapes.
func inOrder(o jsonline.Object) bool {
	m := o.Members
	return len(m) >= 2 && m[0].ValueStart == idStart && m[1].NameStart == m[0].ValueEnd+1 &&
		o.Name(m[0]) == "event_id" && o.Name(m[1]) == "timestamp" &&
		m[1].ValueStart == m[1].NameStart+len(stampPrefix)-1
}

// compose puts the line together from the members of o.
func (e *Event) compose(o jsonline.Object, id, stamp []byte) {
	b := make([]byte, 0, len(o.JSON)+len(id)+len(stampPrefix)+len(TimeLayout)+16)
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
		start := len(b) - member.NameStart
		b = append(b, o.JSON[member.NameStart:member.ValueEnd]...)
		e.note(o.JSON[member.NameStart:member.NameEnd], start+member.ValueStart, start+member.ValueEnd)
	}
	e.line = append(b, '}')
}

// In returns e as a book in zone stores it: a timestamp without an offset is read there. One that is complete stays as it is.
func (e Event) In(zone *time.Location) Event {
	if e.stamp == stampGiven {
		return e
	}
	b := make([]byte, 0, len(e.line)+len(TimeLayout)+2)
	b = append(b, e.line[:e.at]...)
	was := e.at
	if e.stamp == stampNaive {
		e.time = inZone(e.time, zone)
		b = e.time.AppendFormat(b, "-07:00")
	} else {
		e.time = e.time.In(zone)
		b = append(b, '"')
		b = e.time.AppendFormat(b, TimeLayout)
		b = append(b, '"')
	}
	for i, p := range e.vault {
		if p != (part{}) { // all of them stand behind the timestamp
			more := uint32(len(b) - was)
			e.vault[i] = part{p.start + more, p.end + more}
		}
	}
	e.line = append(b, e.line[was:]...)
	e.stamp, e.at = stampGiven, 0
	return e
}

// ID returns the event_id.
func (e Event) ID() string {
	if len(e.line) == 0 {
		return ""
	}
	return string(jsonline.DecodeString(e.line[idStart:e.idEnd]))
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
	e = e.In(time.UTC)
	for i, known := range vaultMembers() {
		if name == known {
			p := e.vault[i]
			return e.line[p.start:p.end:p.end], p != part{}
		}
	}
	o, err := jsonline.ParseObject(e.line)
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

// vaultMembers are the members that RulesVault demands, and that those look at who make views of a vault's events.
func vaultMembers() [3]string { return [...]string{"canvas_id", "event_type", "details"} }

// vaultRule returns the rule of RulesVault that e breaks, or nil.
func (e Event) vaultRule() *RuleError {
	for i, name := range vaultMembers() {
		p, isDetails := e.vault[i], name == "details"
		switch value := e.line[p.start:p.end]; {
		case p == part{}:
			rule := "is missing: a vault's event has canvas_id, event_type and details"
			if isDetails {
				rule += emptyWillDo
			}
			return &RuleError{name, rule}
		case isDetails && value[0] != '{':
			return &RuleError{name, "must be an object" + emptyWillDo}
		case !isDetails && (value[0] != '"' || len(value) == 2):
			return &RuleError{name, "must be a string that is not empty"}
		}
	}
	return nil
}

const emptyWillDo = " ({} will do)"
