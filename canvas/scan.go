package canvas

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// fewNames is how many members an object may have before the scanner looks for names used twice in a map.
const fewNames = 16

// scanner checks JSON and writes it compactly, in one pass: no white space, and in no object a name twice.
type scanner struct {
	in   []byte // valid UTF-8
	pos  int
	out  []byte
	open []field // the members so far of the objects around pos, outermost first
}

// field is a member of an object that is being read.
type field struct {
	name     []byte // decoded
	from, to int    // name and value in the output
}

// value copies the value at pos, which is in depth objects and arrays.
func (s *scanner) value(depth int) error {
	if s.pos == len(s.in) {
		return s.unexpected("a value")
	}
	switch c := s.in[s.pos]; {
	case c == '{':
		return s.object(depth + 1)
	case c == '[':
		s.out = append(s.out, '[')
		err := s.elements(depth+1, func(i int) error {
			s.out = appendComma(s.out, i)
			return s.value(depth + 1)
		})
		s.out = append(s.out, ']')
		return err
	case c == '"':
		quoted, err := s.quoted()
		s.out = append(s.out, quoted...)
		return err
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.in[s.pos:], []byte(word)) {
			s.out = append(s.out, word...)
			s.pos += len(word)
			return nil
		}
	}
	return s.unexpected("a value")
}

// object copies an object. Of members with one name the last one's value stays, at the place of the first.
func (s *scanner) object(depth int) error {
	base, start := len(s.open), len(s.out)
	twice := false
	var seen map[string]bool // only for an object of many members
	s.out = append(s.out, '{')
	err := s.members(depth, func(quoted, name []byte) error {
		siblings := s.open[base:]
		if len(siblings) < fewNames {
			twice = twice || slices.ContainsFunc(siblings, func(f field) bool { return bytes.Equal(f.name, name) })
		} else {
			if seen == nil {
				seen = make(map[string]bool, 4*fewNames)
				for _, f := range siblings {
					seen[string(f.name)] = true
				}
			}
			twice = twice || seen[string(name)]
			seen[string(name)] = true
		}
		s.out = appendComma(s.out, len(siblings))
		at := len(s.open)
		s.open = append(s.open, field{name: name, from: len(s.out)})
		s.out = append(append(s.out, quoted...), ':')
		err := s.value(depth)
		s.open[at].to = len(s.out)
		return err
	})
	s.out = append(s.out, '}')
	if err == nil && twice {
		s.out = append(s.out[:start], once(s.out, s.open[base:])...)
	}
	s.open = s.open[:base]
	return err
}

// once builds an object of the fields, of each name only the last one, at the place of the first.
func once(out []byte, fields []field) []byte {
	place := map[string]int{}
	var kept []field
	for _, f := range fields {
		i, ok := place[string(f.name)]
		if !ok {
			i = len(kept)
			place[string(f.name)] = i
			kept = append(kept, f)
		}
		kept[i] = f
	}
	object := []byte{'{'}
	for i, f := range kept {
		object = append(appendComma(object, i), out[f.from:f.to]...)
	}
	return append(object, '}')
}

// members walks the object at pos, the depth-th level, and calls f before each value with the name, quoted and decoded.
// f reads the value.
func (s *scanner) members(depth int, f func(quoted, name []byte) error) error {
	return s.walk(depth, '}', func(int) error {
		if s.pos == len(s.in) || s.in[s.pos] != '"' {
			return s.unexpected("a member name")
		}
		quoted, err := s.quoted()
		if err != nil {
			return err
		}
		s.space()
		if s.pos == len(s.in) || s.in[s.pos] != ':' {
			return s.unexpected("a colon after a member name")
		}
		s.pos++
		s.space()
		name := quoted[1 : len(quoted)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = []byte(unquote(string(quoted)))
		}
		return f(quoted, name)
	})
}

// elements walks the array at pos, the depth-th level, and calls f before each value with its index. f reads the value.
func (s *scanner) elements(depth int, f func(i int) error) error {
	return s.walk(depth, ']', f)
}

// walk goes through the object or array at pos, which ends with closing, and calls f at each of its items.
func (s *scanner) walk(depth int, closing byte, f func(i int) error) error {
	if depth > maxDepth {
		return s.fail(s.pos, fmt.Sprintf("nested deeper than %d levels", maxDepth))
	}
	s.pos++
	if s.space(); s.pos < len(s.in) && s.in[s.pos] == closing {
		s.pos++
		return nil
	}
	for i := 0; ; i++ {
		if err := f(i); err != nil {
			return err
		}
		s.space()
		switch {
		case s.pos < len(s.in) && s.in[s.pos] == ',':
			s.pos++
			s.space()
		case s.pos < len(s.in) && s.in[s.pos] == closing:
			s.pos++
			return nil
		default:
			return s.unexpected(fmt.Sprintf("a comma or %c", closing))
		}
	}
}

// quoted returns the string at pos as it is spelled.
func (s *scanner) quoted() ([]byte, error) {
	for i := s.pos + 1; i < len(s.in); i++ {
		i += plain(s.in[i:])
		if i == len(s.in) {
			break
		}
		switch c := s.in[i]; {
		case c == '"':
			quoted := s.in[s.pos : i+1]
			s.pos = i + 1
			return quoted, nil
		case c == '\\':
			n := escape(s.in[i:])
			if n == 0 {
				return nil, s.fail(i, "a backslash in a string that escapes nothing")
			}
			i += n - 1 // perhaps past the end of the input
		case c < ' ':
			return nil, s.fail(i, fmt.Sprintf("the control character U+%04X in a string", c))
		}
	}
	return nil, s.fail(len(s.in), "the board ends too early, inside a string")
}

// plain returns how many bytes at the start of b are not the end of a string, nor an escape, nor a control character: all up
// to the first one that is, or a few less. It looks at eight of them at once.
func plain(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i := 0; ; i += 8 {
		if len(b)-i < 8 {
			return i
		}
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^'"'*ones, w^'\\'*ones
		// The lowest bit that is set belongs to the first such byte; those above it may be wrong, because of what was carried.
		odd := ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w) & highs
		if odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
}

// escape returns the length of the escape sequence at the start of b, 0 if it is none. One that the end of b cuts off
// counts in full.
func escape(b []byte) int {
	switch {
	case len(b) < 2:
		return 2
	case bytes.IndexByte([]byte(`"\/bfnrt`), b[1]) >= 0:
		return 2
	case b[1] != 'u':
		return 0
	}
	for _, c := range b[2:min(6, len(b))] {
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f') {
			return 0
		}
	}
	return 6
}

// number copies the number at pos.
func (s *scanner) number() error {
	i := s.pos
	digits := func() bool {
		from := i
		for i < len(s.in) && '0' <= s.in[i] && s.in[i] <= '9' {
			i++
		}
		return i > from
	}
	if s.in[i] == '-' {
		i++
	}
	ok := true
	if i < len(s.in) && s.in[i] == '0' {
		i++ // and no digit may follow
	} else {
		ok = digits()
	}
	if ok && i < len(s.in) && s.in[i] == '.' {
		i++
		ok = digits()
	}
	if ok && i < len(s.in) && s.in[i]|0x20 == 'e' {
		if i++; i < len(s.in) && (s.in[i] == '+' || s.in[i] == '-') {
			i++
		}
		ok = digits()
	}
	if !ok {
		s.pos = i
		return s.unexpected("a digit")
	}
	s.out = append(s.out, s.in[s.pos:i]...)
	s.pos = i
	return nil
}

func (s *scanner) space() {
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// unexpected says what stands at pos where wanted should.
func (s *scanner) unexpected(wanted string) error {
	rest := s.in[s.pos:]
	if len(rest) == 0 {
		return s.fail(s.pos, "the board ends too early, where "+wanted+" should be")
	}
	atLineStart := s.pos == 0 || s.in[s.pos-1] == '\n'
	for _, mark := range []string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"} {
		if atLineStart && bytes.HasPrefix(rest, []byte(mark)) {
			return s.fail(s.pos, "a git conflict marker")
		}
	}
	r, _ := utf8.DecodeRune(rest)
	return s.fail(s.pos, fmt.Sprintf("%q where %s should be", r, wanted))
}

// fail makes the error for a place in the input.
func (s *scanner) fail(at int, reason string) error {
	before := s.in[:at]
	line := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:   bytes.Count(before, []byte("\n")) + 1,
		Column: utf8.RuneCount(before[line:]) + 1,
		Reason: reason,
	}
}
