package learning_test

import (
	"strings"
	"testing"

	"daybook/learning"
)

func TestProfiles(t *testing.T) {
	for _, c := range []struct{ profile, names, roles string }{
		{
			"story", "red green purple 4 blue yellow",
			"not_understood mastered partial - explanation own_words",
		},
		{
			"jsoncanvas", "red orange yellow green cyan purple",
			"not_understood - own_words mastered explanation partial",
		},
		{
			"underwater", "grey green purple red blue yellow",
			"- mastered partial not_understood explanation own_words",
		},
	} {
		p, err := learning.Profile(c.profile)
		if err != nil {
			t.Fatal(err)
		}
		var names, roles []string
		for _, code := range []string{"1", "2", "3", "4", "5", "6"} {
			names = append(names, p.ColorName(code))
			role := string(p.Role(code))
			if role == "" {
				role = "-"
			}
			roles = append(roles, role)
		}
		if got := strings.Join(names, " "); got != c.names {
			t.Errorf("%s: names\n got %s\nwant %s", c.profile, got, c.names)
		}
		if got := strings.Join(roles, " "); got != c.roles {
			t.Errorf("%s: roles\n got %s\nwant %s", c.profile, got, c.roles)
		}
		if p.Name != c.profile {
			t.Errorf("name: got %q, want %q", p.Name, c.profile)
		}
	}
}

func TestUnknownProfile(t *testing.T) {
	if _, err := learning.Profile("solarized"); err == nil || !strings.Contains(err.Error(), `"solarized"`) {
		t.Errorf("got %v, want an error that names it", err)
	}
}

func TestTransition(t *testing.T) {
	story, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		palette        learning.Palette
		old, new, want string
	}{
		{story, "1", "3", "red_to_purple"},
		{story, "", "1", "none_to_red"},
		{story, "2", "", "green_to_none"},
		{story, "4", "2", "4_to_green"},
		{story, "#ff0000", "0", "#ff0000_to_0"},
		{learning.Palette{}, "1", "", "1_to_none"},
	} {
		if got := c.palette.Transition(c.old, c.new); got != c.want {
			t.Errorf("%s: %q to %q: got %s, want %s", c.palette.Name, c.old, c.new, got, c.want)
		}
	}
	if got := story.Role(""); got != "" {
		t.Errorf("role of no colour: got %q, want none", got)
	}
}

func TestColor(t *testing.T) {
	p := learning.Palette{Colors: map[string]learning.Color{"#ff8800": {Name: "amber", Role: learning.Partial}, "1": {Role: learning.Mastered}}}
	for code, want := range map[string]string{
		"#ff8800": "amber", "#FF8800": "amber", "#f80": "amber", "#F80": "amber", "1": "1", "#F800": "#F800", "#xyz": "#xyz", "#": "#", "": "none",
	} {
		if got := p.ColorName(code); got != want {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
	}
	if got := p.Role("#F80"); got != learning.Partial {
		t.Errorf("role of #F80: got %q, want partial", got)
	}
	for code, want := range map[string]string{"#ABC": "#aabbcc", "#AbCd": "#aabbccdd", "#A1B2C3": "#a1b2c3", "ABC": "ABC", "#12": "#12", "#Ä": "#Ä"} {
		if got := learning.NormalCode(code); got != want {
			t.Errorf("NormalCode(%q): got %q, want %q", code, got, want)
		}
	}
}

func TestParseRole(t *testing.T) {
	for _, r := range append(learning.Roles(), "") {
		if got, err := learning.ParseRole(string(r)); got != r || err != nil {
			t.Errorf("%q: got %q, %v", r, got, err)
		}
	}
	if _, err := learning.ParseRole("Mastered"); err == nil || !strings.Contains(err.Error(), "own_words") {
		t.Errorf("got %v, want the roles there are", err)
	}
}

// TestFor: a pattern means a board or a folder, by its path or its last name; the first that matches counts.
func TestFor(t *testing.T) {
	named := func(name string) map[string]learning.Color { return map[string]learning.Color{"1": {Name: name}} }
	p := learning.Palette{Name: "mine", Colors: named("all"), IdleGap: 7, Boards: []learning.BoardPalette{
		{Paths: []string{"Physics/Waves.canvas", "["}, Colors: named("waves")},
		{Paths: []string{"Physics", "Old/*"}, Member: "shape", Colors: named("physics")},
		{Paths: []string{"*.draft.canvas"}, Colors: named("draft")},
	}}
	for board, want := range map[string]string{
		"Physics/Waves.canvas":    "waves",
		"Physics/a.canvas":        "physics",
		"Physics/deep/a.canvas":   "physics",
		"School/Physics/a.canvas": "physics",
		"Physics.canvas":          "all",
		"Old/a.canvas":            "physics",
		"Old/deep/a.canvas":       "physics",
		"Older/a.canvas":          "all",
		"x/y.draft.canvas":        "draft",
		"a.canvas":                "all",
		"./b%FFad.canvas":         "all",
		"/":                       "all",
		"":                        "all",
	} {
		got := p.For(board)
		if got.ColorName("1") != want || got.Boards != nil || got.Name != "mine" || got.IdleGap != 7 {
			t.Errorf("%q: got %+v, want the colours %s", board, got, want)
		}
		if member := map[bool]string{true: "shape"}[want == "physics"]; got.Member != member {
			t.Errorf("%q: got the member %q, want %q", board, got.Member, member)
		}
	}
}

func TestExplanationKind(t *testing.T) {
	own := learning.Palette{Kinds: []learning.Kind{{Emoji: "👩", Name: "woman"}, {Emoji: "👩‍🏫", Name: "teacher"}, {Emoji: "", Name: "nothing"}}}
	for _, c := range []struct {
		p          learning.Palette
		text, want string
	}{
		{learning.Palette{}, "🗣️ In my words", "oral-explanation"},
		{learning.Palette{}, "## 🗣 without a selector", "oral-explanation"},
		{learning.Palette{}, "\n\n  ⚓️ with one\n🔍", "memory-anchor"},
		{learning.Palette{}, "see 📊 and 🔍", "comparison-table"},
		{learning.Palette{}, "🔍 and 📊\r\n", "clarification-path"},
		{learning.Palette{}, "the second line\n🔍", ""},
		{learning.Palette{}, "", ""},
		{own, "👩‍🏫 says", "teacher"},
		{own, "👩 says", "woman"},
		{own, "🔍", ""},
		{learning.Palette{Kinds: []learning.Kind{}}, "🔍", ""},
	} {
		if got := c.p.ExplanationKind(c.text); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// BenchmarkFor is what the palette of a board costs, once for each board that a day's events name.
func BenchmarkFor(b *testing.B) {
	p := story(b)
	for range 10 {
		p.Boards = append(p.Boards, learning.BoardPalette{Paths: []string{"Archive/*", "Maths"}})
	}
	for b.Loop() {
		p.For("Physics/Waves/and tides.canvas")
	}
}
