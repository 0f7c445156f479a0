package dayfile

import (
	"bytes"
	"slices"
	"strings"

	"daybook/internal/jsonline"
)

// Want is a scalar that a line must have somewhere: what a Filter looks for.
type Want struct {
	// Path is the member names that lead there, outermost first, joined by dots. A name may itself have dots. Arrays are
	// no part of it: an array stands for each of its elements. No part of it is empty.
	Path string
	// Value is a string's text, without its escapes, or the spelling of a number, true, false or null.
	Value string
}

// Filter finds the lines that have all that is wanted. It is for one goroutine; Clone makes one for another.
//
// It does not decode what it need not. Two facts let it pass over most of a file:
//
//   - The text of a string that is spelled without escapes, and the spelling of a number or a literal, stand in the line
//     as they are. So a line without the value's bytes can match only by an escape that spells one of them.
//   - \" \\ \/ \b \f \n \r \t spell only those eight characters. All others can be spelled only by \u.
type Filter struct {
	wants  []want
	may    func(line []byte) bool // if not nil, says which lines may match at all
	buf    []byte                 // of Search
	parser jsonline.Parser
}

type want struct {
	Want
	needle needle
	short  bool // the value has one of the eight: any escape may spell it, else only \u
}

// NewFilter returns a Filter of lines that have each of wants; every line has none.
func NewFilter(wants []Want) *Filter {
	f := &Filter{}
	for _, w := range wants {
		text := w.Value
		if text == "" {
			text = `""`
		}
		f.wants = append(f.wants, want{w, needle{text: []byte(text)}, strings.ContainsAny(w.Value, "\"\\/\b\f\n\r\t")})
	}
	return f
}

// Clone returns a Filter that finds the same.
func (f *Filter) Clone() *Filter { return &Filter{wants: slices.Clone(f.wants), may: f.may} }

// If has the filter find only those of its lines for which may says yes, and returns it. may gets lines as they stand in
// the file, whatever they are, from the goroutines of all clones.
func (f *Filter) If(may func(line []byte) bool) *Filter {
	f.may = may
	return f
}

// rarest returns the want whose value is the rarest in a sample of text, which is not empty; nil if nothing is wanted.
func (f *Filter) rarest(text []byte) *want {
	if len(f.wants) == 0 {
		return nil
	}
	sample := text[:min(len(text), 4<<10)]
	best, least := 0, len(sample)+1
	if len(f.wants) > 1 {
		for i, w := range f.wants {
			if n := bytes.Count(sample, w.needle.text); n < least {
				best, least = i, n
			}
		}
	}
	w := &f.wants[best]
	w.needle.aim(sample)
	return w
}

// lines calls visit for the lines of text that match, and for those that are damaged as far as they are looked at, with
// their positions in text, newlines left out. text is whole lines.
func (f *Filter) lines(text []byte, visit func(start, end int) error) error {
	rare := f.rarest(text)
	nul := bytes.IndexByte(text, 0) >= 0
	escape, spelled, value, glued := -1, -1, -1, -1 // where the next of each is; len(text) if there is no more
	for at := 0; at < len(text); {
		end := at + bytes.IndexByte(text[at:], '\n')
		line := text[at:end]
		if escape < at {
			escape = find(text, at, '\\')
		}
		escaped := escape < end
		hit := rare == nil || escaped && rare.short
		if !hit {
			if value < at {
				value = rare.needle.index(text, at)
			}
			if hit = value < end; !hit && escaped {
				if spelled < at {
					spelled = pair(text, escape, '\\', 'u') // in \\u, too, where it is no escape
				}
				hit = spelled < end
			}
		}
		if glued < at {
			glued = pair(text, at, '}', '{')
		}
		doubt := glued < end || !balanced(line, escaped) || nul && bytes.IndexByte(line, 0) >= 0
		if doubt && (bytes.IndexByte(line, '{') < 0 || jsonline.Check(line) != nil) {
			hit = true // damage
		} else if hit {
			hit = (f.may == nil || f.may(line)) && f.Matches(line)
		}
		if hit {
			if err := visit(at, end); err != nil {
				return err
			}
		}
		at = end + 1
	}
	return nil
}

// find returns where c first stands in text at from or behind it, or len(text).
func find(text []byte, from int, c byte) int {
	if i := bytes.IndexByte(text[from:], c); i >= 0 {
		return from + i
	}
	return len(text)
}

// pair is find for two bytes in a row.
func pair(text []byte, from int, a, b byte) int {
	for {
		i := find(text, from, a)
		if i+1 >= len(text) {
			return len(text)
		}
		if text[i+1] == b {
			return i
		}
		from = i + 1
	}
}

// doubtful reports whether a line has not the form of an object, seen from afar.
func doubtful(line []byte) bool {
	return !balanced(line, true) || bytes.IndexByte(line, 0) >= 0 || bytes.Contains(line, []byte("}{"))
}

// balanced reports whether a line begins and ends like an object, has its quotes in pairs, and as many brackets of each
// kind open as close. One with brackets in its texts may be an object all the same. escaped says that there may be a \.
func balanced(line []byte, escaped bool) bool {
	if len(line) > 0 && (line[0] != '{' || line[len(line)-1] != '}') {
		line = bytes.Trim(line, " \t\r")
	}
	if len(line) < 2 || line[0] != '{' || line[len(line)-1] != '}' {
		return false
	}
	quotes := bytes.Count(line, []byte{'"'})
	for at := 0; escaped; {
		i := bytes.IndexByte(line[at:], '\\')
		if i < 0 || at+i+1 == len(line) {
			break
		}
		if line[at+i+1] == '"' {
			quotes--
		}
		at += i + 2
	}
	return quotes%2 == 0 &&
		bytes.Count(line, []byte{'{'}) == bytes.Count(line, []byte{'}'}) &&
		bytes.Count(line, []byte{'['}) == bytes.Count(line, []byte{']'})
}

// Matches reports whether a line has all that is wanted, or is damaged.
func (f *Filter) Matches(line []byte) bool {
	if len(f.wants) == 0 {
		return true
	}
	o, err := f.parser.Object(line)
	if err != nil {
		return true
	}
	for _, w := range f.wants {
		if !has(o.JSON, w.Path, w.Value) {
			return false
		}
	}
	return true
}

// has reports whether the scalar want stands where path leads from value; "" is value itself.
func has(value []byte, path, want string) bool {
	switch value[0] {
	case '[':
		for element := range jsonline.Elements(value) {
			if has(element, path, want) {
				return true
			}
		}
		return false
	case '{':
		if path == "" {
			return false
		}
		for quoted, v := range jsonline.Members(value) {
			name := jsonline.DecodeString(quoted)
			n := len(name)
			switch {
			case string(name) == path:
				if has(v, "", want) {
					return true
				}
			case n > 0 && n < len(path) && path[n] == '.' && path[:n] == string(name):
				if has(v, path[n+1:], want) {
					return true
				}
			}
		}
		return false
	case '"':
		return path == "" && jsonline.Is(value, want)
	}
	return path == "" && string(value) == want
}

// needle is looked for by one of its bytes, one that is rare in what is searched.
type needle struct {
	text []byte
	at   int // of that byte
}

// aim chooses the byte by a sample of what is searched.
func (n *needle) aim(sample []byte) {
	least := len(sample) + 1
	for i, c := range n.text[:min(len(n.text), 16)] {
		if count := bytes.Count(sample, []byte{c}); count < least {
			n.at, least = i, count
		}
	}
}

// index returns where the needle first stands in hay at from or behind it, or len(hay).
func (n *needle) index(hay []byte, from int) int {
	for at := from + n.at; at < len(hay); {
		i := bytes.IndexByte(hay[at:], n.text[n.at])
		if i < 0 {
			break
		}
		at += i
		if start := at - n.at; bytes.HasPrefix(hay[start:], n.text) {
			return start
		}
		at++
	}
	return len(hay)
}
