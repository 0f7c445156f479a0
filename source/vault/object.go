package vault

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// object is a JSON object in the making: members in the order in which they are put in, each name once.
type object struct {
	names  []string
	values []json.RawMessage
}

func (o *object) put(name string, value json.RawMessage) {
	if value != nil && !slices.Contains(o.names, name) {
		o.names, o.values = append(o.names, name), append(o.values, value)
	}
}

func (o *object) putString(name, value string) { o.put(name, quote(value)) }

func (o *object) putInt(name string, value int) { o.put(name, json.RawMessage(strconv.Itoa(value))) }

// json returns the object as compact JSON.
func (o *object) json() json.RawMessage {
	out := []byte{'{'}
	for i, name := range o.names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, quote(name)...), ':')
		out = append(out, o.values[i]...)
	}
	return append(out, '}')
}

// quote returns s as a JSON string, without the escapes that HTML would need.
func quote(s string) json.RawMessage {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\' && s[i] < utf8.RuneSelf
	}
	if plain {
		return json.RawMessage(`"` + s + `"`)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("a string that cannot be encoded: " + err.Error())
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// members reads a JSON object into an object; one that is none becomes empty.
func members(raw json.RawMessage) object {
	var o object
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return o
	}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || dec.Decode(&value) != nil {
			return o
		}
		o.put(name, value)
	}
	return o
}

// runes counts the characters of a JSON string; of any other value it is -1.
func runes(raw json.RawMessage) int {
	if s, ok := text(raw); ok {
		return utf8.RuneCountInString(s)
	}
	return -1
}

func text(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// isText reports whether a member of a node or an edge holds words that a person wrote.
func isText(name string) bool { return name == "text" || name == "label" }

// lengthsOnly replaces the texts in a node or an edge by their lengths in characters.
func lengthsOnly(raw json.RawMessage) json.RawMessage {
	in := members(raw)
	var out object
	for i, name := range in.names {
		if n := runes(in.values[i]); isText(name) && n >= 0 {
			out.putInt(name+"_length", n)
			continue
		}
		out.put(name, in.values[i])
	}
	return out.json()
}

const (
	longestKept = 1 << 10  // bytes of a value that a shortened event still holds
	shortObject = 64 << 10 // bytes of an object in a shortened event
)

// shorten makes a node or an edge fit for a line of limited length: texts and long strings become lengths in
// characters, objects and arrays lengths in bytes, and what is still too much goes.
func shorten(raw json.RawMessage) json.RawMessage {
	in := members(raw)
	var out object
	size := 0
	for i, name := range in.names {
		value := in.values[i]
		if len(name) > longestKept/4 || size > shortObject {
			continue
		}
		size += len(name) + min(len(value), longestKept)
		n := runes(value)
		switch {
		case n >= 0 && (isText(name) || len(value) > longestKept):
			out.putInt(name+"_length", n)
		case len(value) > longestKept || value[0] == '{' || value[0] == '[':
			out.putInt(name+"_length", len(value))
		default:
			out.put(name, value)
		}
	}
	return out.json()
}
