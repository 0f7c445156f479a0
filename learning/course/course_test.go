package course_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/learning"
	"daybook/learning/course"
)

func TestCourse(t *testing.T) {
	p, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	c := course.New(p)
	start := time.Date(2025, 11, 1, 9, 0, 0, 0, time.UTC)
	add := func(minute int, board, kind, details string) {
		e := learning.Event{
			Time: start.Add(time.Duration(minute) * time.Minute), Canvas: board, Type: kind, Details: json.RawMessage(details),
		}
		c.Add(e, p.Facts(e))
	}
	c.Begin("2025-11-01")
	add(0, "a", "canvas_created", `{"colors":{"1":2,"":1,"4":1}}`)
	add(10, "a", "node_color_change", `{"node_id":"n","old_color":"1","new_color":"3"}`)
	add(12, "a", "node_moved", `{}`)
	c.Begin("2025-11-02")
	add(60, "b", "node_added", `{"node_id":"m","node":{"id":"m","color":"2"}}`)
	c.Begin("2025-11-05")
	add(0, "b", "canvas_deleted", `{}`)
	c.Pass("2025-11-02", start.Add(70*time.Minute)) // of days that were, and of one that had nothing else
	c.Pass("2025-11-03", start)
	first := map[learning.Role]int{learning.NotUnderstood: 1, learning.Partial: 1, "": 2}
	second := map[learning.Role]int{learning.NotUnderstood: 1, learning.Partial: 1, learning.Mastered: 1, "": 2}
	want := []course.Day{
		{Name: "2025-11-01", Events: 3, Active: 12 * time.Minute, Cards: first},
		{Name: "2025-11-02", Events: 2, Active: 10 * time.Minute, Cards: second},
		{Name: "2025-11-03", Events: 1, Cards: second},
		{Name: "2025-11-05", Events: 1, Cards: first},
	}
	if diff := cmp.Diff(want, c.Days()); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
}

// Where codes stand in another member, its changes tell of cards, and a color does not.
func TestCourseOfMember(t *testing.T) {
	p := learning.Palette{Member: "status", Colors: map[string]learning.Color{"done": {Name: "done", Role: learning.Mastered}}}
	c := course.New(p)
	if !c.Tells("node_changed") || course.New(learning.Palette{}).Tells("node_changed") {
		t.Error("node_changed tells of cards where codes stand in another member, and only there")
	}
	c.Begin("2025-11-01")
	for _, e := range []learning.Event{
		{Canvas: "a", Type: "node_added", Details: json.RawMessage(`{"node":{"id":"n","status":"open","color":"2"}}`)},
		{Canvas: "a", Type: "node_changed", Details: json.RawMessage(`{"node_id":"n","old":{"status":"open"},"new":{"status":"done"}}`)},
	} {
		c.Add(e, p.Facts(e))
	}
	if got := c.Days()[0].Cards; !cmp.Equal(got, map[learning.Role]int{learning.Mastered: 1}) {
		t.Errorf("cards: %v", got)
	}
}
