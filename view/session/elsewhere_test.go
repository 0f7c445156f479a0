package session

import (
	"errors"
	"testing"

	"daybook"
)

// FuzzRead: whatever a file holds, reading it does not panic; what is no document gives no event, and what is one gives
// the same events when it is read again.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		`{"session_id":"session_2025-11-06","events":[{"event_id":"e","timestamp":"2025-11-06T10:00:00Z"},{"timestamp":"2025-11-06T11:00:00"}]}`,
		`{"session_id":"x","events":[{"a":1},{"event_id":"e","time`, `{"session_id":1}`, `{"events":{}}`, `[]`, "\xff\xfe{\x00", `{"session_id":"s","events":null}`,
	} {
		f.Add([]byte(text))
	}
	b, err := daybook.Open(f.TempDir(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = b.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(t.Context(), b, text)
		if err != nil {
			if !errors.Is(err, ErrNoDocument) || len(r.Events) > 0 {
				t.Errorf("%q: %v, %d events", text, err, len(r.Events))
			}
			return
		}
		again, err := Read(t.Context(), b, text)
		if err != nil || len(again.Events) != len(r.Events) {
			t.Fatalf("%q: %d events, then %d (%v)", text, len(r.Events), len(again.Events), err)
		}
		for i, e := range r.Events {
			if string(again.Events[i].Line()) != string(e.Line()) {
				t.Errorf("%s, then %s", e.Line(), again.Events[i].Line())
			}
		}
	})
}
