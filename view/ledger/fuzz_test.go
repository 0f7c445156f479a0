package ledger

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"daybook"
)

// FuzzRow: whatever the book takes, its row has the members that encoding/json finds.
func FuzzRow(f *testing.F) {
	for _, s := range []string{
		camera("a", "2025-11-08T14:32:15Z", `say "hi\\`),
		`{"event_id":"b","timestamp":"2025-11-08T14:32:15+01:00","canvas_\u0069d":"x\u00e9","details":{"node_id":"n","node":{"text":"]}"}}}`,
		`{"event_id":"c","timestamp":"2025-11-08T14:32:15Z","camera_id":"g","detected_objects":[{"label":"a"},[{}],{"label":{"label":"b"}},"}"],"x":[]}`,
		`{ "timestamp" : "2025-11-08T14:32:15Z" , "event_id" : "d", "details": 5, "node_id": "m" }`,
	} {
		f.Add([]byte(s))
	}
	p := story(f)
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := daybook.ParseEvent(line)
		if err != nil {
			return
		}
		r := parseRow(e, string(e.Line()), 0, p)
		var want struct {
			Canvas, Camera any
			Labels         []string
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(e.Line(), &members); err != nil {
			t.Fatalf("%s: %v", e.Line(), err)
		}
		str := func(v json.RawMessage) any {
			var s string
			if len(v) > 0 && v[0] == '"' && json.Unmarshal(v, &s) == nil {
				return s
			}
			return nil
		}
		want.Canvas, want.Camera = str(members["canvas_id"]), str(members["camera_id"])
		var objects []json.RawMessage
		if want.Camera != nil && json.Unmarshal(members["detected_objects"], &objects) == nil {
			for _, o := range objects {
				var m map[string]json.RawMessage
				if json.Unmarshal(o, &m) == nil {
					if s, ok := str(m["label"]).(string); ok {
						want.Labels = append(want.Labels, s)
					}
				}
			}
		}
		if r.Canvas != want.Canvas || r.Camera != want.Camera || strings.Join(r.labels, "\x00") != strings.Join(want.Labels, "\x00") {
			t.Errorf("%s: got %v, %v, %q, want %+v", e.Line(), r.Canvas, r.Camera, r.labels, want)
		}
		if r.eventID != e.ID() || r.line != string(e.Line()) || !utf8.ValidString(r.words) {
			t.Errorf("%s: got the row %+v", e.Line(), r)
		}
	})
}

// FuzzFirstWord: a statement by itself is one, and with another behind it is not.
func FuzzFirstWord(f *testing.F) {
	for _, s := range []string{"SELECT 1", "select ';' -- ; x", "/* a; */ WITH x AS (SELECT 1) SELECT * FROM x;", "'", "[", "\"a;\"", ";;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		word, more := firstWord(query)
		if word == "" && more {
			t.Errorf("%q: nothing, and more", query)
		}
		if _, more := firstWord("SELECT 1;" + query); word != "" && !more {
			t.Errorf("SELECT 1;%q: one statement", query)
		}
	})
}

func TestFirstWord(t *testing.T) {
	for _, c := range []struct {
		query, word string
		more        bool
	}{
		{"SELECT 1", "SELECT", false},
		{" -- a comment; with one\n select 1 ; ", "SELECT", false},
		{"/* x */with y as (select ';') select \"a;b\", [c;d], `e;f` from y;", "WITH", false},
		{"SELECT 1; DELETE FROM events", "SELECT", true},
		{"SELECT 'it''s; fine'", "SELECT", false},
		{";; DELETE FROM events", "DELETE", false},
		{"", "", false},
		{"-- nothing", "", false},
	} {
		if word, more := firstWord(c.query); word != c.word || more != c.more {
			t.Errorf("%q: got %q, %t, want %q, %t", c.query, word, more, c.word, c.more)
		}
	}
}
