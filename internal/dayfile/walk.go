package dayfile

import (
	"bytes"
	"slices"
)

// walk goes through a line that need not be JSON and looks for one value.
type walk struct {
	line  []byte
	at    int
	value string
	depth int
	odd   bool // it has met what no object has; it stands at the line's end then
}

// in reports whether the value that the walk stands at has the wanted one where path leads; leaf says that the path ends
// here. Unless it has, the walk stands behind the value then.
func (k *walk) in(path string, leaf bool) bool {
	switch k.here() {
	case '{':
		if leaf {
			k.skip()
			return false
		}
		return k.nested(func() bool { return k.member(path) }, '}')
	case '[':
		return k.nested(func() bool { return k.in(path, leaf) }, ']')
	case '"':
		s := k.text()
		return leaf && sameText(s, k.value)
	}
	start := k.at
	for k.at < len(k.line) && !ends[k.line[k.at]] {
		k.at++
	}
	if k.at == start {
		k.fail()
		return false
	}
	return leaf && string(k.line[start:k.at]) == k.value
}

// ends tells the bytes that end a number or a literal.
var ends = func() (t [256]bool) {
	for _, c := range []byte(",]}:{[\" \t\r\n") {
		t[c] = true
	}
	return t
}()

// nested walks through an object or an array, and part through one of its members or elements.
func (k *walk) nested(part func() bool, closing byte) bool {
	if k.depth++; k.depth > MaxDepth {
		k.fail()
		return false
	}
	k.at++
	k.space()
	for first := true; k.here() != closing; first = false {
		if !first {
			if k.here() != ',' {
				k.fail()
				return false
			}
			k.at++
			k.space()
		}
		if part() {
			return true
		}
		if k.odd {
			return false
		}
		k.space()
	}
	k.at++
	k.depth--
	return false
}

// member walks through a member of an object.
func (k *walk) member(path string) bool {
	if k.here() != '"' {
		k.fail()
		return false
	}
	name := k.text()
	if bytes.IndexByte(name, '\\') >= 0 {
		name = decoded(name)
	}
	k.space()
	if k.here() != ':' {
		k.fail()
		return false
	}
	k.at++
	k.space()
	n := len(name)
	switch {
	case string(name) == path:
		return k.in("", true)
	case n > 0 && n < len(path) && path[n] == '.' && path[:n] == string(name):
		return k.in(path[n+1:], false)
	}
	k.skip()
	return false
}

// here returns the byte that the walk stands at, 0 at the line's end.
func (k *walk) here() byte {
	if k.at < len(k.line) {
		return k.line[k.at]
	}
	return 0
}

func (k *walk) space() {
	for k.at < len(k.line) {
		switch k.line[k.at] {
		case ' ', '\t', '\r', '\n':
			k.at++
		default:
			return
		}
	}
}

func (k *walk) fail() { k.at, k.odd = len(k.line), true }

// text returns the string that the walk stands at, quotes left out, and goes behind it.
func (k *walk) text() []byte {
	start := k.at + 1
	for at := start; ; {
		i := bytes.IndexByte(k.line[at:], '"')
		if i < 0 {
			k.fail()
			return nil
		}
		end := at + i
		escapes := end
		for escapes > start && k.line[escapes-1] == '\\' {
			escapes--
		}
		if (end-escapes)%2 == 0 {
			k.at = end + 1
			return k.line[start:end]
		}
		at = end + 1
	}
}

// skip goes behind the value that the walk stands at.
func (k *walk) skip() {
	switch k.here() {
	case '"':
		k.text()
		return
	case '{', '[':
	default:
		k.in("", false)
		return
	}
	for depth := 0; k.at < len(k.line); {
		switch k.line[k.at] {
		case '"':
			k.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				k.at++
				return
			}
		}
		k.at++
	}
	k.fail()
}

// sameText reports whether the text between the quotes of a string is value, whatever escapes spell it.
func sameText(s []byte, value string) bool {
	if len(s) < len(value) { // an escape is longer than what it spells
		return false
	}
	return string(s) == value && bytes.IndexByte(s, '\\') < 0 ||
		bytes.IndexByte(s, '\\') >= 0 && string(decoded(s)) == value
}

// decoded returns what a string stands for, or the string itself if one of its escapes is none.
func decoded(s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			n := escapeLen(s[i:])
			if n == 0 {
				return s
			}
			i += n - 1
		}
	}
	return DecodeString(slices.Concat([]byte{'"'}, s, []byte{'"'}))
}
