package canvas

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions of this file take the scanner's output for granted: valid, compact, no name twice in an object, at most
// maxDepth levels.

// member is one member of an object: its decoded name and its value's compact JSON.
type member struct{ name, value string }

func (m member) compare(o member) int { return cmp.Compare(m.name, o.name) }

// members walks the members of an object in their order.
func members(object string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i := 1; i < len(object)-1; i++ { // past { or a comma
			colon := skip(object, i)
			end := skip(object, colon+1)
			if !yield(unquote(object[i:colon]), object[colon+1:end]) {
				return
			}
			i = end
		}
	}
}

// find returns the value of one member.
func find(object, name string) (string, bool) {
	for n, v := range members(object) {
		if n == name {
			return v, true
		}
	}
	return "", false
}

// skip returns where the value at v[i] ends.
func skip(v string, i int) int {
	switch v[i] {
	case '"':
		return skipString(v, i)
	case '{', '[':
		for depth := 0; ; {
			switch v[i] {
			case '"':
				i = skipString(v, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			i++
			if depth == 0 {
				return i
			}
		}
	}
	for i < len(v) && v[i] != ',' && v[i] != '}' && v[i] != ']' {
		i++
	}
	return i
}

func skipString(v string, i int) int {
	for i++; ; i++ {
		i += strings.IndexByte(v[i:], '"')
		slashes := 0
		for v[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// text returns the decoded string v, "" for what is no string.
func text(v string) string {
	if !isString(v) {
		return ""
	}
	return unquote(v)
}

// identity returns the id of a node or an edge by the rules of Node.ID.
func identity(object string) string {
	switch v, _ := find(object, "id"); {
	case v == "" || v == "null":
		return ""
	case isString(v):
		return unquote(v)
	default:
		return string(appendCanonical(nil, v))
	}
}

// colorCode returns the colour that a member's value says, by the rules of Node.Color; v is "" for a missing member.
func colorCode(v string) string {
	switch {
	case v == "null":
		return ""
	case isString(v):
		return unquote(v)
	}
	return v
}

func isString(v string) bool { return strings.HasPrefix(v, `"`) }

// unquote decodes a string. Half a surrogate pair becomes U+FFFD.
func unquote(quoted string) string {
	v := quoted[1 : len(quoted)-1]
	if strings.IndexByte(v, '\\') < 0 {
		return v
	}
	out := make([]byte, 0, len(v))
	for len(v) > 0 {
		i := strings.IndexByte(v, '\\')
		if i < 0 {
			break
		}
		out = append(out, v[:i]...)
		r, n := unescape(v[i:])
		out = utf8.AppendRune(out, r)
		v = v[i+n:]
	}
	return string(append(out, v...))
}

// unescape decodes the escape sequence, or the two of a surrogate pair, at the start of v, and returns its length.
func unescape(v string) (rune, int) {
	switch v[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default:
		return rune(v[1]), 2
	}
	r := hex(v[2:6])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(v) >= 12 && v[6] == '\\' && v[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex(v[8:12])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

func hex(digits string) rune {
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		panic("canvas: the scanner let a bad escape pass")
	}
	return rune(n)
}

// appendQuoted appends a string as JSON, each in only one way: nothing is escaped but quotes, backslashes and control
// characters.
func appendQuoted(out []byte, v string) []byte {
	const digits = "0123456789abcdef"
	out = append(out, '"')
	from := 0 // of what stands as it is
	for i := range len(v) {
		c := v[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		out = append(out, v[from:i]...)
		if from = i + 1; c < ' ' {
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		} else {
			out = append(out, '\\', c)
		}
	}
	return append(append(out, v[from:]...), '"')
}

// same reports whether two values are equal: numbers by value, strings decoded, objects whatever their order. A missing
// one, "", is equal to none but itself.
func same(a, b string) bool {
	if a == b {
		return true
	}
	if a == "" || b == "" || isString(a) != isString(b) {
		return false
	}
	return string(appendCanonical(nil, a)) == string(appendCanonical(nil, b))
}

// appendCanonical appends a value in the one spelling that all values equal to it share.
func appendCanonical(out []byte, v string) []byte {
	switch v[0] {
	case '"':
		if strings.IndexByte(v, '\\') < 0 {
			return append(out, v...)
		}
		return appendQuoted(out, unquote(v))
	case '{':
		return appendObject(out, v)
	case '[':
		out = append(out, '[')
		for i := 1; i < len(v)-1; i++ {
			out = appendComma(out, i-1)
			end := skip(v, i)
			out = appendCanonical(out, v[i:end])
			i = end
		}
		return append(out, ']')
	case 't', 'f', 'n':
		return append(out, v...)
	}
	return appendNumber(out, v)
}

// appendObject appends an object with its members in the order of their names.
func appendObject(out []byte, v string) []byte {
	var buf [16]member
	ms := buf[:0]
	for name, value := range members(v) {
		ms = append(ms, member{name, value})
	}
	slices.SortFunc(ms, member.compare)
	out = append(out, '{')
	for i, m := range ms {
		out = appendQuoted(appendComma(out, i), m.name)
		out = appendCanonical(append(out, ':'), m.value)
	}
	return append(out, '}')
}
