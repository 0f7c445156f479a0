package canvas

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"daybook/internal/jsonline"
)

// The functions of this file take what compact returns for granted: valid, compact, no name twice in an object, at most
// maxDepth levels.

// member is one member of an object: its decoded name and its value's compact JSON.
type member struct{ name, value string }

func (m member) compare(o member) int { return cmp.Compare(m.name, o.name) }

// members iterates over the members of an object in their order, with their decoded names.
func members(object string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for quoted, value := range jsonline.Members(object) {
			if !yield(unquote(quoted), value) {
				return
			}
		}
	}
}

// find returns the value of one member.
func find(object, name string) (string, bool) {
	v := jsonline.Find(object, name)
	return v, v != ""
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
	text, _ := jsonline.DecodeText(quoted)
	return text
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
		return jsonline.AppendText(out, unquote(v))
	case '{':
		return appendObject(out, v)
	case '[':
		out = append(out, '[')
		first := len(out)
		for element := range jsonline.Elements(v) {
			out = appendCanonical(appendComma(out, len(out)-first), element)
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
	for quoted, value := range jsonline.Members(v) {
		ms = append(ms, member{unquote(quoted), value})
	}
	slices.SortFunc(ms, member.compare)
	out = append(out, '{')
	for i, m := range ms {
		out = jsonline.AppendText(appendComma(out, i), m.name)
		out = appendCanonical(append(out, ':'), m.value)
	}
	return append(out, '}')
}
