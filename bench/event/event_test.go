package event

import (
	"encoding/json"
	"strings"
	"testing"

	"daybook"
)

// Every event is one line of the size that was asked for, and as a book stores it.
func TestMake(t *testing.T) {
	for _, shape := range []Shape{Camera, Board} {
		for _, size := range []int{200, 430, 4096, 65536} {
			if shape == Board && size < 300 {
				continue // its members alone are longer
			}
			for _, n := range []int{0, 1, Special / 2, perDay - 1, 2 * perDay} {
				e := Make(shape, n, size)
				if got := len(e.Line); got != size {
					t.Errorf("Make(%v, %d, %d) has %d bytes", shape, n, size, got)
				}
				stored, err := daybook.ParseEvent(e.Line)
				if err != nil {
					t.Fatalf("Make(%v, %d, %d): %v", shape, n, size, err)
				}
				if got, want := string(stored.Line())+"\n", string(e.Line); got != want {
					t.Errorf("stored as %s, made as %s", got, want)
				}
				if !strings.HasPrefix(e.Timestamp, Day) {
					t.Errorf("Make(%v, %d, %d) is of %s", shape, n, size, e.Timestamp)
				}
			}
		}
	}
}

// The members, one by one, are those of the line.
func TestMembers(t *testing.T) {
	e := Make(Camera, Special/2, 430)
	var line struct {
		ID          string          `json:"event_id"`
		Description string          `json:"llm_description"`
		Objects     json.RawMessage `json:"detected_objects"`
		Metadata    struct {
			Run string `json:"run"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(e.Line, &line); err != nil {
		t.Fatal(err)
	}
	if line.ID != e.ID || line.Description != e.Description || string(line.Objects) != e.Objects {
		t.Errorf("got %+v, want the members of %+v", line, e)
	}
	if line.Metadata.Run != "special" {
		t.Errorf("run is %q, want special", line.Metadata.Run)
	}
}
