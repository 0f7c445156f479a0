package learning_test

import (
	"testing"

	"daybook/learning"
)

func TestFit(t *testing.T) {
	cards := map[string]int{"": 50, "1": 3, "2": 4, "4": 5, "#ff0000": 1, "6": -2}
	changes := map[learning.Change]int{{Old: "1", New: "2"}: 2, {Old: "2", New: "1"}: 1, {Old: "1", New: "4"}: 7, {Old: "", New: "1"}: 9}
	for name, want := range map[string]learning.Fit{
		"story":      {Cards: 13, Claimed: 7, Steps: 3, Forwards: 2},
		"jsoncanvas": {Cards: 13, Claimed: 8, Steps: 7, Forwards: 7},
		"underwater": {Cards: 13, Claimed: 9},
	} {
		p, err := learning.Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Fit(cards, changes); got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	ascending := []learning.Fit{
		{Claimed: 9, Steps: 9, Forwards: 2},
		{},
		{Claimed: 1, Steps: 3, Forwards: 1},
		{Claimed: 1, Steps: 2, Forwards: 1},
		{Claimed: 1, Steps: 4, Forwards: 4},
		{Claimed: 2},
		{Claimed: 1, Steps: 5, Forwards: 3},
		{Claimed: 2, Steps: 5, Forwards: 3},
		{Claimed: 1, Steps: 6, Forwards: 5},
	}
	for i, f := range ascending {
		for j, g := range ascending {
			if got, want := f.Compare(g) < 0, i < j; got != want {
				t.Errorf("%+v before %+v: got %t, want %t", f, g, got, want)
			}
		}
	}
}

func TestChange(t *testing.T) {
	p := learning.Palette{Boards: []learning.BoardPalette{{Paths: []string{"b"}, Member: "status"}}}
	for _, c := range []struct {
		event learning.Event
		want  learning.Change
		ok    bool
	}{
		{event("a", "node_color_change", `{"old_color":"1","new_color":""}`), learning.Change{Old: "1"}, true},
		{event("b", "node_color_change", `{"old_color":"1","new_color":""}`), learning.Change{}, false},
		{event("b", "node_changed", `{"old":{"status":"x"},"new":{"status":7}}`), learning.Change{Old: "x", New: "7"}, true},
		{event("a", "node_changed", `{"old":{"status":"x"},"new":{"status":7}}`), learning.Change{}, false},
	} {
		if got, ok := p.Change(c.event); got != c.want || ok != c.ok {
			t.Errorf("%s %s: got %+v, %t, want %+v, %t", c.event.Canvas, c.event.Details, got, ok, c.want, c.ok)
		}
	}
}
