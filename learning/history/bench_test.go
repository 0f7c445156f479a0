package history

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"daybook/canvas"
	"daybook/learning"
)

// BenchmarkSameIDs follows a board on which many cards share an id, or have none, while each is changed, and the board is deleted:
// four times as many cards take four times as long.
func BenchmarkSameIDs(b *testing.B) {
	for _, id := range []string{`"id":"a",`, ``} {
		for _, n := range []int{1000, 4000} {
			b.Run(fmt.Sprintf("%d", len(id))+"/"+fmt.Sprint(n), func(b *testing.B) {
				events, seen := sameIDs(b, id, n)
				for b.Loop() {
					f := New(func(string) bool { return true })
					for _, e := range events {
						f.Apply(e, func(string) (*canvas.Board, error) { return seen, nil })
					}
				}
			})
		}
	}
}

func sameIDs(tb testing.TB, id string, n int) ([]learning.Event, *canvas.Board) {
	tb.Helper()
	card := func(i int, color string) string {
		return fmt.Sprintf(`{%s"type":"text","text":"%d","x":0,"y":0,"color":%q}`, id, i, color)
	}
	var cards []string
	at := time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
	event := func(kind, details string) learning.Event {
		at = at.Add(time.Second)
		return learning.Event{Time: at, Canvas: "a.canvas", Type: kind, Details: []byte(details)}
	}
	events := []learning.Event{event("canvas_created", `{"snapshot":"s"}`)}
	name := ""
	if id != "" {
		name = "a"
	}
	for i := range n {
		cards = append(cards, card(i, "1"))
		events = append(events, event("node_color_change",
			fmt.Sprintf(`{"node_id":%q,"old_color":"1","new_color":"3","old_node":%s}`, name, card(i, "1"))))
	}
	for i := range n {
		events = append(events, event("node_removed", fmt.Sprintf(`{"node_id":%q,"node":%s}`, name, card(n-1-i, "3"))))
	}
	for i := range n {
		events = append(events, event("node_added", fmt.Sprintf(`{"node_id":%q,"node":%s}`, name, card(n-1-i, "4"))))
	}
	events = append(events, event("canvas_deleted", `{}`))
	seen, err := canvas.Parse([]byte(`{"nodes":[` + strings.Join(cards, ",") + `],"edges":[]}`))
	if err != nil {
		tb.Fatal(err)
	}
	return events, seen
}
