package jsonline

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// compact reads an object as Daybook stores it: without white space, its member names without escapes. It accepts nothing
// that the parser would not, and leaves to it whatever is spelled otherwise or is wrong: the parser knows what and why.
// It is several times as fast, and goes through every line that is stored or read.
type compact struct {
	src     []byte
	members []Member // of the outermost object
	// names are those of all objects that are open, innermost last, each with its key: other names than these have
	// other keys, most of them.
	names []span
	keys  []uint64

	// Room for what usual objects have.
	memberRoom [12]Member
	nameRoom   [24]span
	keyRoom    [24]uint64
}

// object reports whether the whole of src is a compact object.
func (c *compact) object(src []byte) bool {
	if c.names == nil {
		c.members, c.names, c.keys = c.memberRoom[:], c.nameRoom[:], c.keyRoom[:]
	}
	c.src, c.members, c.names, c.keys = src, c.members[:0], c.names[:0], c.keys[:0]
	return len(src) > 0 && src[0] == '{' && c.nested(0, 1) == len(src)
}

// value returns where the value ends that begins at i, or -1.
func (c *compact) value(i, depth int) int {
	if i >= len(c.src) {
		return -1
	}
	switch b := c.src[i]; b {
	case '"':
		return c.text(i)
	case '{':
		return c.nested(i, depth+1)
	case '[':
		return c.array(i, depth+1)
	case 't':
		return c.literal(i, "true")
	case 'f':
		return c.literal(i, "false")
	case 'n':
		return c.literal(i, "null")
	}
	return c.number(i)
}

// nested returns where the object ends that begins at i, or -1. depth is its own.
func (c *compact) nested(i, depth int) int {
	if depth > MaxDepth {
		return -1
	}
	if i++; i < len(c.src) && c.src[i] == '}' {
		return i + 1
	}
	outer := len(c.names)
	for {
		if i >= len(c.src) || c.src[i] != '"' {
			return -1
		}
		name := i
		if i = c.name(i, outer); i < 0 || i >= len(c.src) || c.src[i] != ':' {
			return -1
		}
		m := Member{NameStart: name, NameEnd: i, ValueStart: i + 1}
		if i = c.value(i+1, depth); i < 0 || i >= len(c.src) {
			return -1
		}
		if depth == 1 {
			m.ValueEnd = i
			c.members = append(c.members, m)
		}
		switch c.src[i] {
		case ',':
			i++
		case '}':
			c.names, c.keys = c.names[:outer], c.keys[:outer]
			return i + 1
		default:
			return -1
		}
	}
}

// array returns where the array ends that begins at i, or -1. depth is its own.
func (c *compact) array(i, depth int) int {
	if depth > MaxDepth {
		return -1
	}
	if i++; i < len(c.src) && c.src[i] == ']' {
		return i + 1
	}
	for {
		if i = c.value(i, depth); i < 0 || i >= len(c.src) {
			return -1
		}
		switch c.src[i] {
		case ',':
			i++
		case ']':
			return i + 1
		default:
			return -1
		}
	}
}

// name returns where the member name ends that begins at i, or -1: it has an escape, or its object, whose first name is
// names[outer], has it already, or has very many.
func (c *compact) name(i, outer int) int {
	const most = 64 // each is compared with all before it
	end, plain := c.string(i)
	if end < 0 || !plain || len(c.names)-outer >= most {
		return -1
	}
	key := nameKey(c.src[i+1 : end-1])
	for n, k := range c.keys[outer:] {
		if k == key && string(c.src[c.names[outer+n].start:c.names[outer+n].end]) == string(c.src[i:end]) {
			return -1
		}
	}
	c.names, c.keys = append(c.names, span{i, end}), append(c.keys, key)
	return end
}

// nameKey returns a number made from a name's length, its first and its last bytes.
func nameKey(name []byte) uint64 {
	n := len(name)
	if n >= 8 {
		first, last := binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
		return first ^ bits.RotateLeft64(last, 29) ^ uint64(n)<<56
	}
	key := uint64(n) << 56
	for i, b := range name {
		key |= uint64(b) << (8 * i)
	}
	return key
}

// text returns where the string ends that begins at i, or -1.
func (c *compact) text(i int) int {
	end, _ := c.string(i)
	return end
}

// string returns where the string ends that begins at i, or -1, and whether it has no escapes.
func (c *compact) string(i int) (end int, plain bool) {
	src, ascii := c.src, true
	plain = true
	for at := i + 1; ; {
		if at = plainEnd(view(src), at, highs); at >= len(src) {
			return -1, false
		}
		switch b := src[at]; {
		case b == '"':
			if !ascii && !utf8.Valid(src[i+1:at]) {
				return -1, false
			}
			return at + 1, plain
		case b == '\\':
			n := escapeLen(src[at:])
			if n == 0 {
				return -1, false
			}
			at, plain = at+n, false
		case b < ' ':
			return -1, false
		default:
			ascii = false
			for at < len(src) && src[at] >= utf8.RuneSelf {
				at++
			}
		}
	}
}

// number returns where the number ends that begins at i, or -1.
func (c *compact) number(i int) int {
	src := c.src
	if src[i] == '-' {
		i++
	}
	first := i
	if i = digitsEnd(src, i); i == first || src[first] == '0' && i > first+1 {
		return -1
	}
	if i < len(src) && src[i] == '.' {
		first = i + 1
		if i = digitsEnd(src, first); i == first {
			return -1
		}
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		if i++; i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		first = i
		if i = digitsEnd(src, first); i == first {
			return -1
		}
	}
	return i
}

func digitsEnd(src []byte, i int) int {
	for i < len(src) && src[i]-'0' <= 9 {
		i++
	}
	return i
}

func (c *compact) literal(i int, word string) int {
	if end := i + len(word); end <= len(c.src) && string(c.src[i:end]) == word {
		return end
	}
	return -1
}
