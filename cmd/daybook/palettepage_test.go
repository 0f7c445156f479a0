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
	back := map[learning.Change]int{{Old: "2", New: "1"}: 3}
	forth := map[learning.Change]int{{Old: "6", New: "4"}: 5}
	for _, c := range []struct {
		name            string
		palette         string
		section         paletteSection
		changes         map[learning.Change]int
		profile, reason string
	}{
		{"no colours", "story", codes(0, 0), nil, "", "no card has a colour yet"},
		{"the present one", "story", codes(1, 1), nil, "", "2 of 2 coloured cards have a role (by jsoncanvas 1, by underwater 1)"},
		{"more cards", "story", codes(1, 0, 0, 7), nil, "jsoncanvas", "it gives 8 of 8 coloured cards a role, this palette 1 of 8"},
		{
			"more forwards", "story", codes(1, 0, 1, 0), forth,
			"jsoncanvas", "it gives as many cards a role, and of the changes so far 5 lead forwards, by this palette 0",
		},
		{
			"fewer back", "story", codes(1, 0, 1, 0), back,
			"jsoncanvas", "it gives as many cards a role, and of the changes so far 0 lead back, by this palette 3",
		},
	} {
		p, err := learning.Profile(c.palette)
		if err != nil {
			t.Fatal(err)
		}
		if got := propose(p, c.section, c.changes); got.Profile != c.profile || got.Reason != c.reason {
			t.Errorf("%s: got %q, %q, want %q, %q", c.name, got.Profile, got.Reason, c.profile, c.reason)
		}
	}
	member := learning.Palette{Member: "status"}
	if got := propose(member, codes(1), nil); got.Profile != "" || got.Reason != "the profiles are for colours, and here status counts" {
		t.Errorf("another member: got %+v", got)
	}
}
