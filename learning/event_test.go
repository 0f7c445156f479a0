package learning

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzMembers: the quick way to two members finds what decoding the object finds, and panics on no text.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{
		`{"a":1,"b":"x"}`, ` { "b" : [1, {"a": 2}, "a,}"] , "a" : null , "c":{} } `, `{"a":1,"a":{"a":2},"b":""}`, `{}`, `[]`, `{"x":{"a":1,"b":2}}`,
		`{"\u0061":1,"b":"\""}`, `{"a":1`, `{"a" 1}`, ``, `null`, `"a"`, `{"":1,"a":-0.5e3,"b":true}`, "{\"a\":\"\xff\",\"\xff\":1}", `{"b":"{[","a":"]}"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v := members(text, "a", "b")
		if !json.Valid(text) {
			return
		}
		want := object(text)
		for name, got := range map[string][]byte{"a": v[0], "b": v[1]} {
			if is, ok := want[name]; !bytes.Equal(got, is) || ok != (got != nil) {
				t.Errorf("%q: %s is %q, want %q", text, name, got, is)
			}
		}
	})
}
