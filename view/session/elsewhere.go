package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"daybook"
	"daybook/internal/durable"
)

// ErrNoDocument is what Read returns, wrapped, for a file that is no session document.
var ErrNoDocument = errors.New("it is no session document")

// Reading is what Read has found in a document.
type Reading struct {
	Events  []daybook.Event // that the book lacks
	Known   int             // how many events the book has already, of the same value
	Refused []string        // why others cannot be taken, and which the book has otherwise
	Damaged bool            // it does not parse: these are the whole events that were found
}

// Read reads a session document from elsewhere, which any program may have written in any way, by the rules by which a
// View adopts from the book's own. But an event without a timestamp is refused: the time of a file says nothing where
// that was copied. It changes nothing, and takes no lock.
func Read(ctx context.Context, b *daybook.Book, text []byte) (Reading, error) {
	var r Reading
	name, err := documentName(text)
	if err != nil {
		return r, err
	}
	day, _ := daybook.ParseDay(strings.TrimPrefix(name, "session_")) // only for events without a time
	v := New(Options{})
	v.book, v.fsys = b, b.FS()
	f := parseForeign(text, day)
	r.Damaged, f.losses = f.broken, nil
	list, err := v.candidates(ctx, day, &f, durable.Info{})
	if err != nil {
		return r, err
	}
	r.Refused = f.losses
	for _, c := range list {
		switch {
		case c.known:
			r.Known++
		case c.undated:
			r.Refused = append(r.Refused, fmt.Sprintf("an event has no timestamp: %.100q", c.event.Line()))
		default:
			r.Events = append(r.Events, c.event)
		}
	}
	return r, nil
}

// documentName returns a session document's session_id. Of one that does not parse, the beginning counts.
func documentName(text []byte) (string, error) {
	var head struct {
		ID     *string           `json:"session_id"`
		Events []json.RawMessage `json:"events"`
	}
	text = decodeText(text)
	err := json.Unmarshal(text, &head)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		what := "it is no JSON object"
		switch wrong.Field {
		case "session_id":
			what = "its session_id is no string"
		case "events":
			what = "its events are no list"
		}
		return "", fmt.Errorf("%w: %s", ErrNoDocument, what)
	case err != nil && !bytes.Contains(text[:min(len(text), 4096)], []byte(`"session_id"`)):
		return "", fmt.Errorf("%w, and does not parse: %w", ErrNoDocument, err)
	case err != nil:
		return "", nil
	case head.ID == nil:
		return "", fmt.Errorf("%w: it has no session_id", ErrNoDocument)
	case head.Events == nil:
		return "", fmt.Errorf("%w: it has no events", ErrNoDocument)
	}
	return *head.ID, nil
}
