package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// longestToken is how many bytes of a word FTS5 looks at.
const longestToken = 32768

// tokens returns the words of a text as FTS5 has them: what its tokenizer unicode61 makes of words(s). So a scan of the day
// files finds what the index finds.
func tokens(s string) []string {
	var list []string
	var word []byte
	t := alphabet()
	end := func() {
		if len(word) > 0 {
			list = append(list, string(word[:min(len(word), longestToken)]))
			word = word[:0]
		}
	}
	within := false
	for _, r := range words(s) {
		folded, kind := t.look(r)
		switch {
		case kind == letter:
			word, within = utf8.AppendRune(word, folded), true
		case kind == mark && within:
		default:
			end()
			within = false
		}
	}
	end()
	return list
}

type charKind uint8

const (
	divider charKind = iota
	letter
	mark
)

// charTable is what unicode61.go says, to look things up in.
type charTable struct {
	ranges []rune // the first and the last of each range, in order
	folds  map[rune]rune
}

var alphabet = sync.OnceValue(func() *charTable {
	t := &charTable{folds: map[rune]rune{}}
	for part := range strings.FieldsSeq(letters) {
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		for _, end := range [...]string{first, last} {
			n, _ := strconv.ParseInt(end, 16, 32) // they are numbers
			t.ranges = append(t.ranges, rune(n))
		}
	}
	var from rune
	for _, r := range folds {
		switch {
		case r == '\n' || r == '\t':
		case from == 0:
			from = r
		default:
			t.folds[from], from = r, 0
		}
	}
	return t
})

func (t *charTable) look(r rune) (folded rune, kind charKind) {
	switch {
	case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
		return r, letter
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A', letter
	case r < utf8.RuneSelf:
		return 0, divider
	case strings.ContainsRune(marks, r):
		return 0, mark
	}
	if at, found := slices.BinarySearch(t.ranges, r); !found && at%2 == 0 {
		return 0, divider
	}
	if f, ok := t.folds[r]; ok {
		r = f
	}
	return r, letter
}

// Words are what a text must have, as a person asks for them. The zero Words ask for nothing.
type Words struct{ terms []term }

// term is words that stand in a row.
type term struct {
	text   string
	tokens []string
	prefix bool // the last one may go on
}

// ParseWords reads what a person looks for: words, all of which a text must have, in any order, in whatever case, with or
// without accents. What stands in double quotes must stand in a row, and so must the parts of a word such as e-mail and the
// characters of a script without spaces. A * behind a word stands for any end of it.
func ParseWords(s string) (Words, error) {
	var w Words
	add := func(text string, prefix bool) {
		if list := tokens(text); len(list) > 0 {
			w.terms = append(w.terms, term{text, list, prefix})
		}
	}
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			add(part, false)
			continue
		}
		for word := range strings.FieldsSeq(part) {
			bare := strings.TrimSuffix(word, "*")
			add(bare, bare != word)
		}
	}
	switch {
	case strings.Count(s, `"`)%2 == 1:
		return Words{}, fmt.Errorf("a quote is not closed")
	case len(w.terms) == 0:
		return Words{}, fmt.Errorf("there is no word in %q: letters and digits make one", s)
	}
	return w, nil
}

// in reports whether a text, of which these are the tokens, has the words.
func (w Words) in(list []string) bool {
	for _, t := range w.terms {
		if !t.in(list) {
			return false
		}
	}
	return true
}

func (t term) in(list []string) bool {
	last := len(t.tokens) - 1
	for i := 0; i+last < len(list); i++ {
		if slices.Equal(list[i:i+last], t.tokens[:last]) &&
			(list[i+last] == t.tokens[last] || t.prefix && strings.HasPrefix(list[i+last], t.tokens[last])) {
			return true
		}
	}
	return false
}

// match is what finds the words by texts MATCH.
func (w Words) match() string {
	list := make([]string, len(w.terms))
	for i, t := range w.terms {
		list[i] = quoted(t.text)
		if t.prefix {
			list[i] += " *"
		}
	}
	return strings.Join(list, " AND ")
}

// quoted is a text as a phrase of FTS5's, which ends with a NUL.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`"`, `""`, "\x00", " ").Replace(words(s)) + `"`
}
