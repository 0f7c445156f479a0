package report

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"daybook/internal/printable"
	"daybook/learning"
)

// clean is a text of the user's on one line.
func clean(text string) string { return printable.Line(text) }

// clusters divides a text into what people take for characters: a letter with its marks, an emoji with all its parts.
func clusters(text string) []string {
	var out []string
	joined, flags := false, 0
	for _, r := range text {
		isFlag := r >= 0x1f1e6 && r <= 0x1f1ff
		extends := unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) || r == '\u200d' || r >= 0x1f3fb && r <= 0x1f3ff ||
			r >= 0xe0020 && r <= 0xe007f || isFlag && flags%2 == 1
		if n := len(out); n > 0 && (extends || joined) {
			out[n-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		joined = r == '\u200d'
		if isFlag {
			flags++
		} else {
			flags = 0
		}
	}
	return out
}

// width returns about how wide a text is, in heights of its letters (em).
func width(text string) float64 {
	sum := 0.0
	for _, c := range clusters(text) {
		sum += clusterWidth([]rune(c)[0])
	}
	return sum
}

func clusterWidth(r rune) float64 {
	switch {
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul), r >= 0x3000 && r <= 0x303f,
		r >= 0xff00 && r <= 0xff60:
		return 1
	case r >= 0x1f000, r >= 0x2600 && r <= 0x27bf:
		return 1.3
	case strings.ContainsRune("ijlI.,:;'|! ()[]ft", r):
		return 0.34
	case strings.ContainsRune("mwMW@%", r):
		return 0.9
	case unicode.IsUpper(r):
		return 0.7
	}
	return 0.56
}

// fit shortens a text to a width in em, between characters.
func fit(text string, em float64) string {
	if width(text) <= em {
		return text
	}
	var b strings.Builder
	left := em - 0.9 // for the ellipsis
	for _, c := range clusters(text) {
		if left -= width(c); left < 0 {
			break
		}
		b.WriteString(c)
	}
	return strings.TrimSpace(b.String()) + "…"
}

// title is a board's name as people say it: its path without .canvas.
func title(board string) string { return clean(strings.TrimSuffix(board, ".canvas")) }

// openLink is the address that opens a board in Obsidian.
func openLink(vault, board string) string {
	if apart, ok := strings.CutPrefix(board, "./"); ok { // docs/format.md, "Names"
		if file, err := url.PathUnescape(apart); err == nil {
			board = file
		}
	}
	return "obsidian://open?vault=" + percent(vault) + "&file=" + percent(board)
}

// percent is text as it stands in an address, and in a link of Markdown.
func percent(text string) string {
	return strings.NewReplacer("+", "%20", "(", "%28", ")", "%29", "'", "%27", "*", "%2A", "!", "%21").
		Replace(url.QueryEscape(text))
}

// howLong writes a length of time as people do: 0 min, 25 s, 12 min, 2 h 10 min.
func howLong(s learning.Seconds) string {
	d := s.Duration()
	minutes := int(d.Round(time.Minute).Minutes())
	switch {
	case d <= 0:
		return "0 min"
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(1, int(d.Seconds())))
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes%60 == 0:
		return number(minutes/60) + " h"
	}
	return fmt.Sprintf("%s h %d min", number(minutes/60), minutes%60)
}

// number writes a number as people do: 1,234.
func number(n int) string {
	if n < 0 {
		return "−" + number(-n)
	}
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// count puts a number before a noun: "1 card", "1,200 cards".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// signed writes a difference: +3, −2, ±0.
func signed(n int) string {
	switch {
	case n > 0:
		return "+" + number(n)
	case n < 0:
		return number(n)
	}
	return "±0"
}

// percentage writes a part of 1: 67 %.
func percentage(part float64) string { return fmt.Sprintf("%.0f %%", 100*part) }
