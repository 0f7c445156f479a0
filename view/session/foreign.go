package session

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf16"

	"daybook"
)

// foreign is a document as another program has left it.
type foreign struct {
	events [][]byte // the whole ones, as they are spelled, in their order
	broken bool     // it is no whole JSON object: somebody may be writing it just now
	losses []string // what making it anew would lose, apart from events
}

// lose notes that making the document anew would lose something.
func (f *foreign) lose(format string, args ...any) {
	f.losses = append(f.losses, fmt.Sprintf(format, args...))
}

// parseForeign reads the document of a day that any program may have written in any way.
func parseForeign(text []byte, day daybook.Day) foreign {
	var f foreign
	text = decodeText(text)
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := f.object(dec, day); err != nil {
		f.broken = true
		f.lose("it does not parse: %v", err)
		f.salvage(text[min(dec.InputOffset(), int64(len(text))):])
	}
	return f
}

// object reads the whole document, and notes what of it is no work of Daybook's.
func (f *foreign) object(dec *json.Decoder, day daybook.Day) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("it is no JSON object"), err)
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		switch name, _ := t.(string); name { // in an object, what comes before a value is a string
		case "events":
			err = f.list(dec)
		case "session_id":
			var id json.RawMessage
			if err = dec.Decode(&id); err == nil {
				var name string
				if json.Unmarshal(id, &name) != nil || name != sessionID(day) {
					f.lose("its session_id is %s", id)
				}
			}
		case "stats":
			err = f.stats(dec)
		default:
			var value json.RawMessage
			if err = dec.Decode(&value); !slices.Contains([]string{"start_time", "last_update", "daybook_base", "daybook"}, name) {
				f.lose("it has the member %q", name)
			}
		}
		if err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// list reads the events.
func (f *foreign) list(dec *json.Decoder) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(errors.New("its events are no list"), err)
	}
	for dec.More() {
		var event json.RawMessage
		if err := dec.Decode(&event); err != nil {
			return err
		}
		f.events = append(f.events, event)
	}
	_, err := dec.Token()
	return err
}

// stats looks for statistics that are not Daybook's.
func (f *foreign) stats(dec *json.Decoder) error {
	var value json.RawMessage
	if err := dec.Decode(&value); err != nil {
		return err
	}
	members, err := parseMembers(value)
	if err != nil {
		f.lose("its stats are no object")
	}
	for _, m := range members {
		if !slices.Contains([]string{
			"total_events", "canvases_modified", "color_transitions", "event_types", "color_distribution",
			"learning_events", "understanding_rate", "misclicks", "own_words_delta", "explanations",
			"learning_duration_seconds", "active_seconds", "sittings", "boards",
		}, m.name) {
			f.lose("its stats have the member %q", m.name)
		}
	}
	return nil
}

// salvage takes the whole events out of the rest of a document that does not parse: objects with an event_id, wherever they
// stand.
func (f *foreign) salvage(rest []byte) {
	// An event that begins behind the damage is read once. In what looks like an object and is no event, reading begins
	// again at the next brace. That is bounded, for there are texts made of braces.
	effort := 4*len(rest) + 1<<20
	for effort > 0 {
		i := bytes.IndexByte(rest, '{')
		if i < 0 {
			return
		}
		rest = rest[i:]
		dec := json.NewDecoder(bytes.NewReader(rest))
		var event json.RawMessage
		err := dec.Decode(&event)
		if err == nil && hasID(event) {
			f.events = append(f.events, event)
			rest = rest[len(event):]
			continue
		}
		read := len(rest)
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			read = int(syntax.Offset)
		} else if err == nil {
			read = len(event)
		}
		effort -= read + 64 // what a try costs in any case
		rest = rest[1:]
	}
	f.lose("it is too damaged to look for all events")
}

func hasID(object []byte) bool {
	members, err := parseMembers(object)
	return err == nil && slices.ContainsFunc(members, func(m member) bool { return m.name == "event_id" })
}

// decodeText returns a text that may begin with a byte order mark as UTF-8 without one. PowerShell writes UTF-16.
func decodeText(text []byte) []byte {
	if rest, ok := bytes.CutPrefix(text, []byte("\xef\xbb\xbf")); ok {
		return rest
	}
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return text
	}
	units := make([]uint16, 0, len(text)/2)
	for pair := range slices.Chunk(text[2:], 2) {
		if len(pair) == 2 {
			units = append(units, order.Uint16(pair))
		}
	}
	return []byte(string(utf16.Decode(units)))
}
