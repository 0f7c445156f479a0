// Package printable prepares text from outside (cards, names, paths, messages of the system) for people: on a terminal, in
// a report, in a table. Programs get the bytes as they are.
package printable

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns text on one line: a break of the line or a tab is one space with the spaces around it, and none stands at the ends; what
// Text escapes is escaped.
func Line(text string) string {
	if isPlain(text) {
		return strings.Trim(text, " ")
	}
	fields := strings.FieldsFunc(text, func(r rune) bool {
		return r >= '\t' && r <= '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
	})
	for i := range fields {
		fields[i] = strings.Trim(fields[i], " ")
	}
	return Text(strings.Trim(strings.Join(fields, " "), " "))
}

// Text returns text of several lines without what a terminal or a browser obeys instead of showing it. Control characters
// but \n and \t, characters that turn the direction of the text around them, invisible ones that say something else to a
// program than to its reader, and noncharacters are written as escapes: \x1b, \u202e, \U000e0041. A byte that is not UTF-8
// is U+FFFD. What scripts and emoji need stays: joiners, one variation selector, the tags of a flag.
func Text(text string) string {
	if isPlain(text) {
		return text
	}
	var e escaper
	return string(e.append(make([]byte, 0, len(text)+16), []byte(text)))
}

// isPlain reports whether text is printable ASCII.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// Writer passes on what is written to it as Text shows it. It keeps a character whose last bytes are still to come.
type Writer struct {
	w    io.Writer
	e    escaper
	rest []byte
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

func (w *Writer) Write(p []byte) (int, error) {
	text := append(w.rest, p...)
	whole := len(text)
	for i := max(0, len(text)-utf8.UTFMax+1); i < len(text); i++ {
		if utf8.RuneStart(text[i]) && !utf8.FullRune(text[i:]) {
			whole = i
			break
		}
	}
	w.rest = append([]byte(nil), text[whole:]...)
	if _, err := w.w.Write(w.e.append(nil, text[:whole])); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escaper knows of the characters before what decides about those that come.
type escaper struct {
	last rune // the character before
	tags int  // how many tags a flag may still have
}

// longestFlag is how many tags a flag of emoji has at most: a code of ISO 3166-2 and the cancel tag.
const longestFlag = 7

func (e *escaper) append(out, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case e.isShown(r):
			out = utf8.AppendRune(out, r) // U+FFFD for a byte that is not UTF-8
		case r < 0x100:
			out = fmt.Appendf(out, `\x%02x`, r)
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = fmt.Appendf(out, `\U%08x`, r)
		}
		e.last, text = r, text[n:]
	}
	return out
}

func (e *escaper) isShown(r rune) bool {
	isTag := r >= 0xe0020 && r <= 0xe007f
	switch {
	case r == '\U0001f3f4': // the black flag, which others are made of
		e.tags = longestFlag
		return true
	case isTag && e.tags > 0:
		e.tags--
		return true
	}
	e.tags = 0
	switch {
	case r < 0x7f:
		return r >= ' ' || r == '\n' || r == '\t'
	case r < 0xa0:
		return false
	case isSelector(r):
		return !isSelector(e.last) && e.last > ' '
	}
	return !unicode.Is(obeyed, r) && !unicode.Is(unicode.Noncharacter_Code_Point, r)
}

func isSelector(r rune) bool { return unicode.Is(unicode.Variation_Selector, r) }

// obeyed are the characters above U+00FF that act on their surroundings, or hide, instead of being seen.
var obeyed = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x061c, 0x061c, 1}, // Arabic letter mark
		{0x200e, 0x200f, 1}, // left-to-right and right-to-left mark
		{0x2028, 0x202e, 1}, // separators of lines and paragraphs, embeddings, overrides
		{0x2066, 0x206f, 1}, // isolates, deprecated format characters
		{0xfeff, 0xfeff, 1}, // byte order mark
		{0xfff9, 0xfffb, 1}, // interlinear annotation
	},
	R32: []unicode.Range32{
		{0x1d173, 0x1d17a, 1}, // musical format characters
		{0xe0000, 0xe007f, 1}, // tags
	},
}
