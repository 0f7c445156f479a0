package learning

import (
	"cmp"
	"strings"
)

// Kind is one kind of explanation, recognised by an emoji in the first line of the text.
type Kind struct {
	Emoji string // as "🗣️", with or without its variation selector
	Name  string // as "oral-explanation"
}

// DefaultKinds are the kinds that the learner's tools write.
func DefaultKinds() []Kind {
	return []Kind{
		{"🗣️", "oral-explanation"},
		{"🔍", "clarification-path"},
		{"📊", "comparison-table"},
		{"⚓", "memory-anchor"},
		{"🎯", "four-level-explanation"},
		{"📝", "example-teaching"},
	}
}

// ExplanationKind returns the name of the kind that a text is by its first line that is not blank, "" if it is of none:
// that of the emoji that comes first in the line and, of two that begin at one place, of the longer one.
func (p Palette) ExplanationKind(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = plainEmoji(line)
	kinds := p.Kinds
	if kinds == nil {
		kinds = DefaultKinds()
	}
	name, at, length := "", len(line), 0
	for _, k := range kinds {
		emoji := plainEmoji(k.Emoji)
		i := strings.Index(line, emoji)
		if i >= 0 && emoji != "" && cmp.Or(cmp.Compare(i, at), cmp.Compare(length, len(emoji))) < 0 {
			name, at, length = k.Name, i, len(emoji)
		}
	}
	return name
}

// plainEmoji is text without variation selectors: the same emoji is written with one and without.
func plainEmoji(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\ufe0f", ""), "\ufe0e", "")
}

// SameEmoji reports whether two kinds have one emoji, whatever variation selector it has.
func (k Kind) SameEmoji(other Kind) bool { return plainEmoji(k.Emoji) == plainEmoji(other.Emoji) }
