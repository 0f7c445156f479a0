package learning_test

import (
	"encoding/json"
	"testing"
	"time"

	"daybook/learning"
)

// FuzzTally: events of any details are counted, and the figures are JSON.
func FuzzTally(f *testing.F) {
	for _, s := range [][2]string{
		{`{"nodes":2,"colors":{"":1,"4":1}}`, `{"node_id":"a","old_color":"","new_color":"4"}`},
		{`{"node":{"color":1e3}}`, `{"node":{"color":null}}`},
		{`{"old_color":{}}`, `{"new_color":"\ud83d"}`},
		{`[]`, `null`},
		{`{"colors":{"1":-5,"2":99999999999999999999,"3":"x"}}`, `{"old_canvas_id":"b"}`},
		{``, `{"old_canvas_id":7}`},
		{`{"old":{"styleAttributes":{"status":"1"}},"new":{"styleAttributes":{"status":2}}}`, `{"node_id":"n","color":"6","old_text":"a","new_text":"\u00e9"}`},
		{`{"old":{"styleAttributes":[]},"new":{"styleAttributes":`, `{"node":{"color":"5","text":"🔍"},"old_node":{},"save":"s"}`},
	} {
		f.Add([]byte(s[0]), []byte(s[1]), uint8(3))
	}
	types := []string{
		"canvas_created", "canvas_renamed", "canvas_deleted", "canvas_unreadable", "node_added", "node_removed", "node_color_change",
		"node_text_change", "node_moved", "node_changed", "edge_added", "", "another",
	}
	f.Fuzz(func(t *testing.T, a, b []byte, kind uint8) {
		p := story(t)
		p.Boards = []learning.BoardPalette{{Paths: []string{"b"}, Member: "styleAttributes.status", Colors: p.Colors}}
		tally := learning.NewTally(learning.Colors{"a": {"": 1}}, p)
		at := time.Date(2025, 11, 8, 10, 0, 0, 0, time.UTC)
		for i, details := range [][]byte{a, b, b, a} {
			tally.Add(learning.Event{
				Time: at.Add(time.Duration(i) * time.Minute), Canvas: "ab"[i%2 : i%2+1], Type: types[(int(kind)+i)%len(types)], Details: details,
			})
		}
		s := tally.Statistics()
		if text, err := json.Marshal(s); err != nil || !json.Valid(text) || s.TotalEvents != 4 {
			t.Fatalf("%q, %q: got %s, %v", a, b, text, err)
		}
		if tally := learning.NewTally(tally.Colors(), story(t)); tally.Statistics().TotalEvents != 0 {
			t.Fatal("the next day begins with events")
		}
	})
}

// FuzzSeconds: a length that is read is written so that the same is read again.
func FuzzSeconds(f *testing.F) {
	for _, s := range []string{`0`, `-0`, `-0.5`, `90.000000001`, `1e3`, `9223372036.854775807`, `-9223372036.854775808`, `null`, `"1"`, `1.0`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s, again learning.Seconds
		if json.Unmarshal(text, &s) != nil {
			return
		}
		out, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &again); err != nil || again != s {
			t.Fatalf("%q is read as %s, written as %s, and that is read as %s, %v", text, s, out, again, err)
		}
	})
}
