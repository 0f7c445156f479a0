package learning

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseEvent: whatever the members of an event are, what they say is what decoding them says.
func FuzzParseEvent(f *testing.F) {
	for _, values := range [][3]string{
		{`"a\\"`, `"b\"c"`, `{"x":[{"canvas_id":"no"},"}\\"]}`},
		{`"a"`, `7`, `null`},
		{`""`, `"\ud83c\udf88"`, `[]`},
		{``, `"`, `{`},
		{`"\`, "\"\xff\"", ``},
		{`"\u0061"`, `"é"`, `{}`},
	} {
		f.Add(values[0], values[1], values[2])
	}
	at := time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, canvas, kind, details string) {
		values := map[string]json.RawMessage{}
		for name, v := range map[string]string{"canvas_id": canvas, "event_type": kind, "details": details} {
			if v != "" {
				values[name] = json.RawMessage(v)
			}
		}
		got := ParseEvent(at, func(name string) (json.RawMessage, bool) { v, ok := values[name]; return v, ok })
		want := Event{Time: at, Details: values["details"]}
		for name, into := range map[string]*string{"canvas_id": &want.Canvas, "event_type": &want.Type} {
			v := values[name]
			if v != nil && !json.Valid(v) {
				return // no book has it
			}
			if len(v) > 0 && v[0] == '"' {
				_ = json.Unmarshal(v, into) // valid, and a string
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseEvent(%q, %q, %q) (-decoded +parsed):\n%s", canvas, kind, details, diff)
		}
	})
}
