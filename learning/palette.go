// Package learning turns what happened to a learner's boards into statistics: colours into names and roles, a day's
// events into study time and counts.
//
// It folds values into values; it opens no file and knows no clock.
package learning

import "fmt"

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

// Color is what one colour code means.
type Color struct {
	Name string // for people and for the keys of statistics, as "red"
	Role Role
}

// Palette says what the raw colour codes of boards mean. Boards and events hold only codes, so that the same record can
// be read with another palette. The zero Palette names nothing. A Palette that nobody changes may be used from several
// goroutines at once.
type Palette struct {
	Name   string
	Colors map[string]Color // by raw code: "1" to "6", "#ff0000"; "" has no entry, it is always "none"
}

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
		return Palette{name, map[string]Color{"1": red, "2": green, "3": purple, "5": blue, "6": yellow}}, nil
	case "jsoncanvas":
		// The names are the specification's (jsoncanvas.org/spec/1.0, canvasColor), which knows no roles. A name that
		// the story knows has the story's role; cyan takes that of blue, which is its neighbour; orange has none.
		return Palette{name, map[string]Color{
			"1": red, "2": {Name: "orange"}, "3": yellow, "4": green, "5": {"cyan", Explanation}, "6": purple,
		}}, nil
	case "underwater":
		// Known of the theme is that 4 looks red and 1 grey; grey has no role in the story. The others are the story's.
		return Palette{name, map[string]Color{
			"1": {Name: "grey"}, "2": green, "3": purple, "4": red, "5": blue, "6": yellow,
		}}, nil
	}
	return Palette{}, fmt.Errorf("no palette is called %q: there are story, jsoncanvas and underwater", name)
}

// ColorName returns the name of a raw code: "none" for "", the code itself where the palette has no name for it.
func (p Palette) ColorName(code string) string {
	if code == "" {
		return "none"
	}
	if c := p.Colors[code]; c.Name != "" {
		return c.Name
	}
	return code
}

// Transition returns the name of a change from one raw code to another, as "red_to_purple", "none_to_red" or
// "4_to_green".
func (p Palette) Transition(old, new string) string {
	return p.ColorName(old) + "_to_" + p.ColorName(new)
}

// Role returns the role of a raw code, "" for a code without one and for no colour.
func (p Palette) Role(code string) Role { return p.Colors[code].Role }
