package learning

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseEvent: whatever a line is, nothing panics; of a compact object it finds what decoding it finds.
func FuzzParseEvent(f *testing.F) {
	for _, line := range []string{
		`{"event_id":"e","canvas_id":"a\\","event_type":"b\"c","details":{"x":[{"canvas_id":"no"},"}\\"]}}`,
		`{"canvas\u005fid":"a","event_type":7,"details":null,"n":1e3}`,
		`{"a":[[],{},"",true,-0.5e+1],"details":[],"canvas_id":"","event_type":"\ud83c\udf88"}`,
		`{"canvas_id":"a","event_type":"b"`, `{"`, `{"a"`, `{"a":`, `{}`, ``, `"`, `{"\`, `0\"`, ` { "canvas_id" : "a" } `,
	} {
		f.Add([]byte(line))
	}
	at := time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, line []byte) {
		got := ParseEvent(at, line)
		var compact bytes.Buffer
		if json.Compact(&compact, line) != nil || !bytes.Equal(compact.Bytes(), line) || !utf8.Valid(line) || line[0] != '{' {
			return
		}
		of := object(line)
		want := Event{Time: at, Details: of["details"]}
		want.Canvas, _ = text(of["canvas_id"])
		want.Type, _ = text(of["event_type"])
		names := 0
		for dec := json.NewDecoder(bytes.NewReader(line)); ; {
			if token, err := dec.Token(); err != nil {
				break
			} else if s, ok := token.(string); ok && (s == "canvas_id" || s == "event_type" || s == "details") {
				names++
			}
		}
		if names > 3 {
			return // perhaps a name twice, which no book has
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseEvent(%s) (-decoded +parsed):\n%s", line, diff)
		}
	})
}
