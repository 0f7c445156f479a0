package session

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// sameValue reports whether two JSON texts stand for the same value, however they are spelled. Numbers are compared as
// the float64 that most programs read them as: one that has passed through such a program is the same.
func sameValue(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, errx := decodeValue(a)
	y, erry := decodeValue(b)
	return errx == nil && erry == nil && equalValues(x, y)
}

func decodeValue(text []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

func equalValues(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equalValues)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equalValues)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || equalNumbers(string(a), string(b)))
	}
	return a == b // strings, true, false, null
}

func equalNumbers(a, b string) bool {
	x, errx := strconv.ParseFloat(a, 64)
	y, erry := strconv.ParseFloat(b, 64)
	return errx == nil && erry == nil && x == y
}
