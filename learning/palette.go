// Package learning turns what happened to a learner's boards into statistics: colours into names and roles, a day's
// events into steps of understanding, study time and counts.
//
// It folds values into values; it opens no file and knows no clock.
package learning

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Role is what a colour says about the learner's understanding of a card. The zero Role, "", says nothing.
type Role string

// The roles. Several colour codes of a palette may have the same one.
const (
	NotUnderstood Role = "not_understood" // a question that is open
	Partial       Role = "partial"        // half understood
	Mastered      Role = "mastered"       // understood
	Explanation   Role = "explanation"    // a text by somebody else, as by a machine
	OwnWords      Role = "own_words"      // the learner's own explanation
)

// Roles returns the roles there are, in the order of the constants.
func Roles() []Role { return []Role{NotUnderstood, Partial, Mastered, Explanation, OwnWords} }

// ParseRole returns the role of a name; "" is the zero Role. The error lists those there are.
func ParseRole(name string) (Role, error) {
	if name == "" {
		return "", nil
	}
	var names []string
	for _, r := range Roles() {
		if string(r) == name {
			return r, nil
		}
		names = append(names, string(r))
	}
	return "", fmt.Errorf("there is no role %q: choose from %s", name, strings.Join(names, ", "))
}

// Color is what one colour code means.
type Color struct {
	Name string // for people and for the keys of statistics, as "red"; "" leaves the code as it is
	Role Role
}

// Palette says what the codes of cards mean. Boards and events hold only codes, so that the same record can be read with
// another palette. The zero Palette names nothing. A Palette that nobody changes may be used from several goroutines at
// once.
type Palette struct {
	Name   string
	Colors map[string]Color // by code as NormalCode has it: "1" to "6", "#ff0000"; "" has no entry, it is always "none"
	// Member is where a card's code stands: "" is its colour, else the path of another member, as "styleAttributes.status".
	Member string
	// Boards are palettes of some boards: the first that has a pattern for the board takes the place of Colors and Member.
	Boards []BoardPalette
	// Kinds are the kinds of explanations, by the emoji in their first line; nil means DefaultKinds, an empty list none.
	Kinds []Kind
	// IdleGap is the longest time between two events that counts as study; zero means MaxGap.
	IdleGap time.Duration
}

// BoardPalette is the palette of the boards that one of its patterns matches.
type BoardPalette struct {
	// Paths are patterns in the syntax of path.Match. One matches a board if it matches its canvas_id, a folder that the board
	// is in, or the last name of either: "Physics", "Physics/*", "*.draft.canvas".
	Paths  []string
	Member string
	Colors map[string]Color
}

// Profiles are the names of the palettes that come with Daybook, the default one first.
func Profiles() []string { return []string{"story", "jsoncanvas", "underwater"} }

// Profile returns a palette that comes with Daybook:
//
//	story       the default, the palette of story 11.2: 1 red, 2 green, 3 purple, 5 blue, 6 yellow
//	jsoncanvas  JSON Canvas 1.0, as Obsidian shows it: 1 red, 2 orange, 3 yellow, 4 green, 5 cyan, 6 purple
//	underwater  Obsidian's Underwater theme: 1 grey, 4 red, the others as in story
func Profile(name string) (Palette, error) {
	var (
		red    = Color{"red", NotUnderstood}
		purple = Color{"purple", Partial}
		green  = Color{"green", Mastered}
		blue   = Color{"blue", Explanation}
		yellow = Color{"yellow", OwnWords}
	)
	switch name {
	case "story":
		// The code 4 has no meaning in the story: it stands as itself, so that its users see that it is unmapped.
		return Palette{Name: name, Colors: map[string]Color{
			"1": red, "2": green, "3": purple, "5": blue, "6": yellow,
		}}, nil
	case "jsoncanvas":
		// The names are the specification's (jsoncanvas.org/spec/1.0, canvasColor), which knows no roles. A name that
		// the story knows has the story's role; cyan takes that of blue, which is its neighbour; orange has none.
		return Palette{Name: name, Colors: map[string]Color{
			"1": red, "2": {Name: "orange"}, "3": yellow, "4": green, "5": {"cyan", Explanation}, "6": purple,
		}}, nil
	case "underwater":
		// Known of the theme is that 4 looks red and 1 grey; grey has no role in the story. The others are the story's.
		return Palette{Name: name, Colors: map[string]Color{
			"1": {Name: "grey"}, "2": green, "3": purple, "4": red, "5": blue, "6": yellow,
		}}, nil
	}
	return Palette{}, fmt.Errorf("no palette is called %q: there are story, jsoncanvas and underwater", name)
}

// IsZero reports whether nothing is set.
func (p Palette) IsZero() bool {
	return p.Name == "" && p.Colors == nil && p.Member == "" && p.Boards == nil && p.Kinds == nil && p.IdleGap == 0
}

// For returns the palette of one board: p, or what the first of p.Boards that matches says in its place. It has no Boards.
func (p Palette) For(canvas string) Palette {
	if i := p.BoardIndex(canvas); i >= 0 {
		p.Colors, p.Member = p.Boards[i].Colors, p.Boards[i].Member
	}
	p.Boards = nil
	return p
}

// BoardIndex returns which of p.Boards is the palette of a board, -1 if none is.
func (p Palette) BoardIndex(canvas string) int {
	return slices.IndexFunc(p.Boards, func(b BoardPalette) bool { return b.matches(canvas) })
}

// matches reports whether one of the patterns matches the board, or a folder that it is in, or the last name of either. A
// pattern that is none matches nothing.
func (b BoardPalette) matches(canvas string) bool {
	for at := canvas; at != "." && at != "/" && at != ""; at = path.Dir(at) {
		for _, pattern := range b.Paths {
			whole, _ := path.Match(pattern, at) // an error is a pattern that is none
			last, _ := path.Match(pattern, path.Base(at))
			if whole || last {
				return true
			}
		}
	}
	return false
}

// Color returns what a code means; the zero Color for a code without a meaning and for no colour.
func (p Palette) Color(code string) Color {
	if c, ok := p.Colors[code]; ok || !strings.HasPrefix(code, "#") {
		return c
	}
	return p.Colors[NormalCode(code)]
}

// NormalCode returns a code as the keys of a palette have it: a hex colour in six lower-case digits ("#F00" is "#ff0000",
// eight for one with alpha), any other code as it is.
func NormalCode(code string) string {
	digits, ok := strings.CutPrefix(code, "#")
	if !ok || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return code
	}
	if n := len(digits); n == 3 || n == 4 {
		var long strings.Builder
		for i := range n {
			long.WriteString(digits[i:i+1] + digits[i:i+1])
		}
		digits = long.String()
	}
	return "#" + strings.ToLower(digits)
}

// ColorName returns the name of a code: "none" for "", the code itself where the palette has no name for it.
func (p Palette) ColorName(code string) string {
	if code == "" {
		return "none"
	}
	if c := p.Color(code); c.Name != "" {
		return c.Name
	}
	return code
}

// Transition returns the name of a change from one code to another, as "red_to_purple", "none_to_red" or "4_to_green".
func (p Palette) Transition(old, new string) string {
	return p.ColorName(old) + "_to_" + p.ColorName(new)
}

// Role returns the role of a code, "" for a code without one and for no colour.
func (p Palette) Role(code string) Role { return p.Color(code).Role }

// idleGap returns IdleGap or its default.
func (p Palette) idleGap() time.Duration {
	if p.IdleGap > 0 {
		return p.IdleGap
	}
	return MaxGap
}
