package jsonline

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestMembers(t *testing.T) {
	const object = `{"a":1,"b\u0063":[1,{"x":"}"},"\\"],"":"a\"b","d":{},"e":[],"f":null}`
	want := [][2]string{
		{`"a"`, `1`}, {`"b\u0063"`, `[1,{"x":"}"},"\\"]`}, {`""`, `"a\"b"`}, {`"d"`, `{}`}, {`"e"`, `[]`}, {`"f"`, `null`},
	}
	var got [][2]string
	for name, value := range Members(object) {
		got = append(got, [2]string{name, value})
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("member %d: got %q, want %q", i, got[i], want[i])
		}
	}
	if got := Find([]byte(object), "bc"); string(got) != `[1,{"x":"}"},"\\"]` {
		t.Errorf("Find(bc): got %s", got)
	}
	if got := Find(object, "x"); got != "" {
		t.Errorf("a member of a member is found: %s", got)
	}
	var elements []string
	for e := range Elements(`[1,{"x":"}"},"\\"]`) {
		elements = append(elements, e)
	}
	if len(elements) != 3 || elements[1] != `{"x":"}"}` || elements[2] != `"\\"` {
		t.Errorf("elements: got %q", elements)
	}
}

func TestDecodeText(t *testing.T) {
	for raw, want := range map[string]string{
		`""`: "", `"plain é"`: "plain é", `"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"\u00e9\ud83d\ude00"`: "é😀",
		`"half \ud83d."`: "half \uFFFD.",
	} {
		if got, ok := DecodeText(raw); got != want || !ok {
			t.Errorf("DecodeText(%s): got %q, %v, want %q", raw, got, ok, want)
		}
	}
	for _, raw := range []string{``, `1`, `null`, `"`, `{"a":"b"}`} {
		if got, ok := DecodeText(raw); got != "" || ok {
			t.Errorf("DecodeText(%s): got %q, %v, want no string", raw, got, ok)
		}
	}
}

// FuzzMembers: what the members of any object are, encoding/json says, too; and whatever the text is, walking it ends.
func FuzzMembers(f *testing.F) {
	addVectors(f, func(data []byte) {
		for line := range bytes.Lines(data) {
			f.Add(line)
		}
	})
	f.Fuzz(func(t *testing.T, line []byte) {
		for name, value := range Members(line) {
			DecodeText(name)
			for element := range Elements(value) {
				DecodeText(element)
			}
		}
		o, err := ParseObject(line)
		if err != nil {
			return
		}
		i := 0
		for name, value := range Members(o.JSON) {
			m := o.Members[i]
			i++
			if string(name) != string(o.JSON[m.NameStart:m.NameEnd]) || string(value) != string(o.Value(m)) {
				t.Fatalf("%s: member %d is %s, %s", o.JSON, i, name, value)
			}
			var want string
			if err := json.Unmarshal(name, &want); err != nil {
				t.Fatal(err)
			}
			got, ok := DecodeText(name)
			if !ok || got != want {
				t.Fatalf("%s: decoded as %q, want %q", name, got, want)
			}
			if utf8.ValidString(o.Name(m)) && !Is(name, want) {
				t.Fatalf("%s is not %q", name, want)
			}
			var again string
			if err := json.Unmarshal(AppendText(nil, got), &again); err != nil || again != got {
				t.Fatalf("%q is quoted as %s: %v", got, AppendText(nil, got), err)
			}
		}
		if i != len(o.Members) {
			t.Fatalf("%s: %d members, want %d", o.JSON, i, len(o.Members))
		}
	})
}

func TestAppendText(t *testing.T) {
	for text, want := range map[string]string{
		"": `""`, "a\"b\\c/<": `"a\"b\\c/<"`, "tab\tnul\x00del\x7f": `"tab\u0009nul\u0000del` + "\x7f\"", "é😀\u2028": "\"é😀\u2028\"",
		"bad\xffbad\xed\xa0\x80.": "\"bad\uFFFDbad\uFFFD\uFFFD\uFFFD.\"",
	} {
		if got := string(AppendText([]byte("x"), text)); got != "x"+want {
			t.Errorf("AppendText(%q): got %s, want x%s", text, got, want)
		}
	}
}
