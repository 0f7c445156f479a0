package main

import (
	"testing"

	"daybook/learning"
)

func TestSwatch(t *testing.T) {
	for _, c := range []struct {
		code, name string
		colors     bool
		want       string
	}{
		{"1", "red", false, ""},
		{"1", "red", true, "\x1b[48;2;229;72;77m  \x1b[0m "},
		{"4", "Red", true, "\x1b[48;2;229;72;77m  \x1b[0m "},  // its name says it
		{"1", "open", true, "\x1b[48;2;229;72;77m  \x1b[0m "}, // and if not, what Obsidian shows
		{"#0a0b0c", "red", true, "\x1b[48;2;10;11;12m  \x1b[0m "},
		{"#0a0b0cff", "#0a0b0cff", true, "\x1b[48;2;10;11;12m  \x1b[0m "},
		{"done", "done", true, "   "},
		{"#xyz", "#xyz", true, "   "},
		{"", "none", true, "   "},
	} {
		if got := swatch(paletteCode{Code: c.code, Name: c.name}, c.colors); got != c.want {
			t.Errorf("%q called %q, colours %t: got %q, want %q", c.code, c.name, c.colors, got, c.want)
		}
	}
}

// TestPropose: the reason says in what the profile is better.
func TestPropose(t *testing.T) {
	codes := func(n ...int) paletteSection {
		s := paletteSection{}
		for i, n := range n {
			s.Codes = append(s.Codes, paletteCode{Code: string(rune('1' + i)), Cards: n})
		}
		return s
	}
	back := map[learning.Change]int{{Old: "2", New: "1"}: 6}
	forth := map[learning.Change]int{{Old: "6", New: "4"}: 5}
	story := map[learning.Change]int{{Old: "1", New: "2"}: 20, {Old: "3", New: "2"}: 9, {Old: "2", New: "1"}: 2}
	for _, c := range []struct {
		name            string
		palette         string
		section         paletteSection
		changes         map[learning.Change]int
		profile, reason string
		roles           int
	}{
		{"no colours", "story", codes(0, 0), nil, "", "no card has a colour yet", 0},
		{"few cards", "story", codes(1, 0, 0, 7), forth, "", "8 coloured cards are too few to tell; 1 of them has a role", 0},
		{"one card", "story", codes(1), nil, "", "1 coloured card is too few to tell; 1 of them has a role", 0},
		{"the present one", "story", codes(5, 5), nil, "", "10 of 10 coloured cards have a role (by jsoncanvas 5, by underwater 5)", 0},
		{
			"more cards", "story", codes(3, 0, 0, 7), nil,
			"jsoncanvas", "it gives 10 of 10 coloured cards a role, this palette 3; 7 cards would have another role", 7,
		},
		{
			"more cards, and the steps speak for the present one", "story", codes(3, 0, 0, 7), story,
			"", "the changes so far lead 29 forwards and 2 back (by jsoncanvas 0 forwards and 0 back, by underwater 9 forwards and 0 back)", 0,
		},
		{
			"more forwards", "story", codes(5, 0, 5, 0), forth, "jsoncanvas",
			"the changes so far lead 5 forwards and 0 back by it, by this palette 0 forwards and 0 back; 5 cards would have another role", 5,
		},
		{
			"few steps", "story", codes(6, 5, 5, 0),
			map[learning.Change]int{{Old: "6", New: "4"}: 4},
			"", "16 of 16 coloured cards have a role (by jsoncanvas 11, by underwater 10)", 0,
		},
		{
			"steps before cards", "jsoncanvas", codes(3, 1, 0, 7), story, "story",
			"the changes so far lead 29 forwards and 2 back by it, by this palette 0 forwards and 0 back; " +
				"it gives 4 of 11 coloured cards a role, this palette 10; 8 cards would have another role", 8,
		},
		{
			"fewer back", "story", codes(5, 0, 5, 0), back, "jsoncanvas",
			"the changes so far lead 0 forwards and 0 back by it, by this palette 0 forwards and 6 back; 5 cards would have another role", 5,
		},
	} {
		p, err := learning.Profile(c.palette)
		if err != nil {
			t.Fatal(err)
		}
		if got := propose(p, c.section, c.changes); got.Profile != c.profile || got.Reason != c.reason || got.Roles != c.roles {
			t.Errorf("%s: got %q, %q, %d, want %q, %q, %d", c.name, got.Profile, got.Reason, got.Roles, c.profile, c.reason, c.roles)
		}
	}
	member := learning.Palette{Member: "status"}
	if got := propose(member, codes(1), nil); got.Profile != "" || got.Reason != "the profiles are for colours, and here status counts" {
		t.Errorf("another member: got %+v", got)
	}
}
