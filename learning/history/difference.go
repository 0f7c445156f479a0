package history

import (
	"strings"
	"unicode"
)

// Piece is a part of a text that stayed, went or came.
type Piece struct {
	Op   Op
	Text string
}

// Op is what became of a Piece. The zero Op is none.
type Op int

// What can become of a piece of a text.
const (
	Stayed Op = iota + 1
	Went
	Came
)

// largest bounds the table of a difference: texts that differ in more words than that count as another text.
const largest = 4 << 20

// Difference returns the pieces that lead from one text to another, word by word: what stayed and went is the old text,
// what stayed and came the new one. In scripts without spaces each character is a word.
func Difference(old, new string) []Piece {
	a, b := tokens(old), tokens(new)
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var out pieces
	out.add(Stayed, a[:start]...)
	out.middle(a[start:len(a)-end], b[start:len(b)-end])
	out.add(Stayed, a[len(a)-end:]...)
	return out
}

type pieces []Piece

func (p *pieces) add(op Op, tokens ...string) {
	if len(tokens) == 0 {
		return
	}
	text := strings.Join(tokens, "")
	if n := len(*p); n > 0 && (*p)[n-1].Op == op {
		(*p)[n-1].Text += text
		return
	}
	*p = append(*p, Piece{op, text})
}

// middle adds what leads from a to b, by their longest common subsequence.
func (p *pieces) middle(a, b []string) {
	if len(a)*len(b) > largest {
		p.add(Went, a...)
		p.add(Came, b...)
		return
	}
	width := len(b) + 1
	longest := make([]int32, (len(a)+1)*width) // of what is behind a place in both
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	var went, came []string
	flush := func() {
		p.add(Went, went...)
		p.add(Came, came...)
		went, came = nil, nil
	}
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			flush()
			p.add(Stayed, a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || longest[(i+1)*width+j] >= longest[i*width+j+1]):
			went = append(went, a[i])
			i++
		default:
			came = append(came, b[j])
			j++
		}
	}
	flush()
}

// tokens divides a text into words, line breaks, other spaces and single signs. Together they are the text, byte for byte.
func tokens(text string) []string {
	var out []string
	var last rune
	start := 0
	for i, r := range text {
		if i > 0 && !(inWord(last) && inWord(r) || isBlank(last) && isBlank(r) || unicode.IsMark(r)) {
			out = append(out, text[start:i])
			start = i
		}
		last = r
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

func isBlank(r rune) bool { return unicode.IsSpace(r) && r != '\n' }
