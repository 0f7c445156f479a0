package palettefile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"daybook/learning"
)

// Template returns the text of a palette.toml that means the profile, with comments that say what can be changed.
func Template(profile string) (string, error) {
	p, err := learning.Profile(profile)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# What the colours of your boards mean. Daybook reads this file whenever it names colours; the book holds only codes, so
# you may change it at any time, and all figures, those of past days too, follow.
#
# A line that begins with # is a comment. "daybook palette" shows what the file means and which codes your boards have.

# The palette to begin with: %s, or none for an empty one. What [colors] says is laid over it.
profile = %q

# The longest pause between two changes that still counts as study.
idle_gap = "15m"

# Each line: the code as it is in the board, its name, and its role: %s.
# Several codes may have one role. A code without a role is counted by its name alone. Codes are "1" to "6", or a colour
# such as "#ff8800"; they need their quotes.
[colors]
`, strings.Join(learning.Profiles(), ", "), profile, roleNames())
	for _, code := range slices.Sorted(maps.Keys(p.Colors)) {
		c := p.Colors[code]
		role := ""
		if c.Role != "" {
			role = fmt.Sprintf(", role = %q", c.Role)
		}
		fmt.Fprintf(&b, "%q = { name = %q%s }\n", code, c.Name, role)
	}
	b.WriteString(`# "#ff8800" = { name = "amber", role = "partial" }

# The kinds of explanations, by the emoji in the first line of an explanation card.
[explanations]
`)
	for _, k := range learning.DefaultKinds() {
		fmt.Fprintf(&b, "\"%s\" = %q\n", k.Emoji, k.Name) // %q would spell the selector out
	}
	b.WriteString(`
# Boards that use colours in another way: a pattern is a folder or a board, by its path in the vault. The first that
# matches counts. Such boards have the colours above, unless they name a profile or a member, and what they say themselves.
# [[boards]]
# paths = ["Physics", "Maths/*.canvas"]
# profile = "jsoncanvas"
# colors."4" = { name = "green", role = "mastered" }

# Boards where another member than the colour says how far you are. The codes are that member's values.
# [[boards]]
# paths = ["Reading list.canvas"]
# member = "styleAttributes.status"
# colors.open = { name = "open", role = "not_understood" }
# colors.done = { name = "done", role = "mastered" }
`)
	return b.String(), nil
}

func roleNames() string {
	var names []string
	for _, r := range learning.Roles() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}
