package learning_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"daybook/learning"
)

// event makes an event of unknown time; details "" is none.
func event(canvas, kind, details string) learning.Event {
	e := learning.Event{Canvas: canvas, Type: kind}
	if details != "" {
		e.Details = json.RawMessage(details)
	}
	return e
}

func TestColorFold(t *testing.T) {
	for _, c := range []struct {
		name  string
		start learning.Colors
		event learning.Event
		want  learning.Colors
	}{
		{
			"created", nil,
			event("a", "canvas_created", `{"colors":{"1":3,"":5,"2":0},"nodes":8}`),
			learning.Colors{"a": {"1": 3, "": 5}},
		},
		{
			"created again",
			learning.Colors{"a": {"4": 9}},
			event("a", "canvas_created", `{"colors":{"1":1}}`),
			learning.Colors{"a": {"1": 1}},
		},
		{
			"created empty",
			learning.Colors{"a": {"4": 9}},
			event("a", "canvas_created", `{"colors":{}}`),
			learning.Colors{},
		},
		{
			"created, odd counts", nil,
			event("a", "canvas_created", `{"colors":{"1":"3","2":-1,"3":2.5,"5":[],"6":4}}`),
			learning.Colors{"a": {"6": 4}},
		},
		{
			"created, odd colours",
			learning.Colors{"a": {"4": 9}},
			event("a", "canvas_created", `{"colors":"red"}`),
			learning.Colors{},
		},
		{
			"deleted",
			learning.Colors{"a": {"1": 1}, "b": {"1": 2}},
			event("a", "canvas_deleted", `{}`),
			learning.Colors{"b": {"1": 2}},
		},
		{
			"renamed",
			learning.Colors{"a": {"1": 1}},
			event("b", "canvas_renamed", `{"old_canvas_id":"a"}`),
			learning.Colors{"b": {"1": 1}},
		},
		{
			"renamed over another, which is yet to be renamed",
			learning.Colors{"a": {"1": 1}, "b": {"2": 1}},
			event("b", "canvas_renamed", `{"old_canvas_id":"a"}`),
			learning.Colors{"b": {"1": 1}, "b\x00": {"2": 1}},
		},
		{
			"the other one is renamed",
			learning.Colors{"b": {"1": 1}, "b\x00": {"2": 1}},
			event("a", "canvas_renamed", `{"old_canvas_id":"b"}`),
			learning.Colors{"b": {"1": 1}, "a": {"2": 1}},
		},
		{
			"the other one is deleted",
			learning.Colors{"b": {"1": 1}, "b\x00": {"2": 1}},
			event("b", "canvas_deleted", `{}`),
			learning.Colors{"b": {"1": 1}},
		},
		{
			"renamed to itself",
			learning.Colors{"a": {"1": 1}},
			event("a", "canvas_renamed", `{"old_canvas_id":"a"}`),
			learning.Colors{"a": {"1": 1}},
		},
		{
			"renamed, odd",
			learning.Colors{"a": {"1": 1}},
			event("a", "canvas_renamed", `{"old_canvas_id":7}`),
			learning.Colors{"a": {"1": 1}},
		},
		{
			"added", nil,
			event("a", "node_added", `{"node":{"id":"n","color":"1"}}`),
			learning.Colors{"a": {"1": 1}},
		},
		{
			"added without colour", nil,
			event("a", "node_added", `{"node":{"id":"n","Color":"1"}}`),
			learning.Colors{"a": {"": 1}},
		},
		{
			"added, null colour", nil,
			event("a", "node_added", `{"node":{"color":null}}`),
			learning.Colors{"a": {"": 1}},
		},
		{
			"added, a number", nil,
			event("a", "node_added", `{"node":{"color":1}}`),
			learning.Colors{"a": {"1": 1}},
		},
		{
			"added, odd colour", nil,
			event("a", "node_added", `{"node":{"color":["1"]}}`),
			learning.Colors{},
		},
		{
			"added, odd node", nil,
			event("a", "node_added", `{"node":"n"}`),
			learning.Colors{},
		},
		{
			"added, no node", nil,
			event("a", "node_added", `{}`),
			learning.Colors{},
		},
		{
			"removed",
			learning.Colors{"a": {"1": 1, "2": 1}},
			event("a", "node_removed", `{"node":{"color":"1"}}`),
			learning.Colors{"a": {"2": 1}},
		},
		{
			"removed, the last",
			learning.Colors{"a": {"1": 1}},
			event("a", "node_removed", `{"node":{"color":"1"}}`),
			learning.Colors{},
		},
		{
			"removed, unknown", nil,
			event("a", "node_removed", `{"node":{"color":"1"}}`),
			learning.Colors{"a": {"1": -1}},
		},
		{
			"recoloured",
			learning.Colors{"a": {"1": 1}},
			event("a", "node_color_change", `{"old_color":"1","new_color":""}`),
			learning.Colors{"a": {"": 1}},
		},
		{
			"recoloured, one missing",
			learning.Colors{"a": {"": 1}},
			event("a", "node_color_change", `{"new_color":"2"}`),
			learning.Colors{"a": {"2": 1}},
		},
		{
			"recoloured, both missing",
			learning.Colors{"a": {"": 1}},
			event("a", "node_color_change", `{}`),
			learning.Colors{"a": {"": 1}},
		},
		{
			"recoloured, one odd",
			learning.Colors{"a": {"1": 1}},
			event("a", "node_color_change", `{"old_color":"1","new_color":{}}`),
			learning.Colors{"a": {"1": 1}},
		},
		{
			"recoloured, no details", nil,
			event("a", "node_color_change", ""),
			learning.Colors{},
		},
		{
			"details are no object", nil,
			event("a", "node_added", `[1]`),
			learning.Colors{},
		},
		{
			"details are no JSON", nil,
			event("a", "canvas_created", `{"colors":`),
			learning.Colors{},
		},
		{
			"no canvas", nil,
			event("", "node_added", `{"node":{}}`),
			learning.Colors{},
		},
		{
			"other type", nil,
			event("a", "node_moved", `{"node":{"color":"1"}}`),
			learning.Colors{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.start.Clone()
			got.Fold(story(t)).Add(c.event)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCloneIsDeep(t *testing.T) {
	a := learning.Colors{"a": {"1": 1}}
	b := a.Clone()
	b.Fold(story(t)).Add(event("a", "node_added", `{"node":{"color":"1"}}`))
	if got, want := a, (learning.Colors{"a": {"1": 1}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// model keeps every card of every board, as a learner would count them.
type model map[string][]string // board → the colours of its nodes

// random changes the model and returns the events that a watcher would write for it.
func (m model) random(r *rand.Rand) []learning.Event {
	if r.IntN(12) > 0 {
		return []learning.Event{m.change(r)}
	}
	// Two boards swap their names, or one gets a free one.
	a, b := fmt.Sprint("board", r.IntN(5)), fmt.Sprint("board", r.IntN(5))
	if a == b || len(m[a]) == 0 {
		return nil
	}
	events := []learning.Event{event(b, "canvas_renamed", fmt.Sprintf(`{"old_canvas_id":%q}`, a))}
	if len(m[b]) > 0 {
		events = append(events, event(a, "canvas_renamed", fmt.Sprintf(`{"old_canvas_id":%q}`, b)))
	}
	m[a], m[b] = m[b], m[a]
	return events
}

// change makes one change of another kind.
func (m model) change(r *rand.Rand) learning.Event {
	board := fmt.Sprint("board", r.IntN(5))
	color := []string{"", "1", "2", "3", "4", "#fff"}[r.IntN(6)]
	cards := m[board]
	node := fmt.Sprintf(`{"node":{"color":%q}}`, color)
	if color == "" {
		node = `{"node":{}}`
	}
	switch n := r.IntN(12); {
	case n == 0:
		m[board] = []string{"1", "1", ""}
		return event(board, "canvas_created", `{"colors":{"1":2,"":1}}`)
	case n == 1:
		delete(m, board)
		return event(board, "canvas_deleted", `{}`)
	case n < 7 || len(cards) == 0:
		m[board] = append(cards, color)
		return event(board, "node_added", node)
	case n < 9:
		last := cards[len(cards)-1]
		m[board] = cards[:len(cards)-1]
		return event(board, "node_removed", fmt.Sprintf(`{"node":{"color":%q}}`, last))
	}
	i := r.IntN(len(cards))
	old := cards[i]
	cards[i] = color
	return event(board, "node_color_change", fmt.Sprintf(`{"old_color":%q,"new_color":%q}`, old, color))
}

func (m model) colors() learning.Colors {
	c := learning.Colors{}
	for board, cards := range m {
		for _, color := range cards {
			if c[board] == nil {
				c[board] = map[string]int{}
			}
			c[board][color]++
		}
	}
	return c
}

func (m model) names(p learning.Palette) map[string]int {
	names := map[string]int{}
	for _, cards := range m {
		for _, color := range cards {
			names[p.ColorName(color)]++
		}
	}
	return names
}

// TestColorsAgainstModel compares the running state, and a tally's distribution by names, with counting all cards.
func TestColorsAgainstModel(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		m := model{}
		colors, tally := learning.Colors{}, learning.NewTally(nil, story(t))
		for i := range 100 {
			if i%40 == 39 { // a new day starts from the day before
				tally = learning.NewTally(tally.Colors(), story(t))
			}
			events := m.random(r)
			for _, e := range events {
				colors.Fold(story(t)).Add(e)
				tally.Add(e)
			}
			if want := m.colors(); !reflect.DeepEqual(colors, want) || !reflect.DeepEqual(tally.Colors(), want) {
				t.Fatalf("after %v\n got %v and %v\nwant %v", events, colors, tally.Colors(), want)
			}
			if got, want := tally.Statistics().ColorDistribution, m.names(story(t)); !reflect.DeepEqual(got, want) {
				t.Fatalf("distribution: got %v, want %v", got, want)
			}
		}
	}
}

// TestSwappedNames: in a swap the first board gets a name that the other still has.
func TestSwappedNames(t *testing.T) {
	c := learning.Colors{"a": {"1": 2}, "b": {"3": 5}, "c": {"": 1}}
	for _, e := range []learning.Event{
		{Canvas: "b", Type: "canvas_renamed", Details: []byte(`{"old_canvas_id":"a"}`)},
		{Canvas: "b", Type: "node_color_change", Details: []byte(`{"old_color":"1","new_color":"2"}`)},
		{Canvas: "a", Type: "canvas_renamed", Details: []byte(`{"old_canvas_id":"b"}`)},
		{Canvas: "c2", Type: "canvas_renamed", Details: []byte(`{"old_canvas_id":"c"}`)},
	} {
		c.Fold(story(t)).Add(e)
	}
	want := learning.Colors{"a": {"3": 5}, "b": {"1": 1, "2": 1}, "c2": {"": 1}}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("after the swap: got %v, want %v", c, want)
	}
}

// TestHistoryBehindWatching: what a vault's history has told of a board's past does not change what was watched since.
func TestHistoryBehindWatching(t *testing.T) {
	git := func(canvas, kind, rest string) learning.Event {
		return event(canvas, kind, `{"observed":"git"`+rest+`}`)
	}
	day := []learning.Event{
		git("b", "canvas_created", `,"colors":{"1":1}`),
		event("a", "canvas_created", `{"colors":{"1":2,"3":1}}`),
		event("a", "node_color_change", `{"old_color":"1","new_color":"2"}`),
		git("a", "canvas_created", `,"colors":{"1":9}`),
		git("a", "node_added", `,"node":{"color":"6"}`),
		git("a", "canvas_deleted", ``),
		git("b", "node_color_change", `,"old_color":"1","new_color":"3"`),
		event("b", "canvas_created", `{"colors":{"2":1}}`),
		git("b", "node_removed", `,"node":{"color":"2"}`),
	}
	fold, tally := learning.Colors{}, learning.NewTally(nil, story(t))
	f := fold.Fold(story(t))
	for _, e := range day {
		f.Add(e)
		tally.Add(e)
	}
	want := learning.Colors{"a": {"1": 1, "2": 1, "3": 1}, "b": {"2": 1}}
	if !reflect.DeepEqual(fold, want) || !reflect.DeepEqual(tally.Colors(), want) {
		t.Errorf("got %v and %v, want %v", fold, tally.Colors(), want)
	}
	if got, want := tally.Statistics().ColorDistribution, map[string]int{"red": 1, "green": 2, "purple": 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("distribution: got %v, want %v", got, want)
	}
}
