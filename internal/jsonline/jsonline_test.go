package jsonline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestObjectFind(t *testing.T) {
	o, err := ParseObject([]byte(` { "a" : 1 , "b\u0063" : [ {"a":2} ] , "" : "x" } `))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "1", "bc": `[{"a":2}]`, "": `"x"`, "none": ""} {
		if got := string(o.Find(name)); got != want {
			t.Errorf("Find(%q): got %s, want %s", name, got, want)
		}
	}
	many := make([]string, 2000)
	for i := range many {
		many[i] = fmt.Sprintf(`"m%d":%d`, i, i)
	}
	if err := Check([]byte("{" + strings.Join(many, ",") + "}")); err != nil {
		t.Errorf("2000 members: %v", err)
	}
	if err := Check([]byte("{" + strings.Join(many, ",") + `,"m7":0}`)); err == nil {
		t.Error("the 2001st member doubles one and is accepted")
	}
}

func TestDecodeString(t *testing.T) {
	for raw, want := range map[string]string{
		`"plain é"`: "plain é", `"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"\u00e9\ud83d\ude00"`: "é😀",
		`"\ud83d"`: "\xed\xa0\xbd", `"\ude00\ud83d"`: "\xed\xb8\x80\xed\xa0\xbd", `"a\ud83dA"`: "a\xed\xa0\xbdA", `"\ud83dA"`: "\xed\xa0\xbdA",
	} {
		if got := string(DecodeString([]byte(raw))); got != want {
			t.Errorf("DecodeString(%s): got %q, want %q", raw, got, want)
		}
	}
}

// TestTruncated: every beginning of a good text is known for one, and a bad text is not.
func TestTruncated(t *testing.T) {
	const good = `{"a":[-0.5e-3,true,null,false,{}],"b\u00e9\n":"é \\ \ud83d\ude00"}`
	for n := range len(good) {
		_, err := ParseObject([]byte(good[:n]))
		var wrong *GrammarError
		if !errors.As(err, &wrong) || !wrong.Truncated && !strings.HasSuffix(wrong.Rule, "valid UTF-8") {
			t.Errorf("%q: got %v, want an error that says it is truncated", good[:n], err)
		}
	}
	for _, bad := range []string{`{"a":tru }`, `{"a":-}`, `{"a":1.}`, `{"a":1e+}`, `{"a":"\u12"}`, `{"a":"\x`, `{"a":nul]`, `{"a":1}x`, `{"a":01`} {
		_, err := ParseObject([]byte(bad))
		var wrong *GrammarError
		if !errors.As(err, &wrong) || wrong.Truncated {
			t.Errorf("%q: got %v, truncated, want another error", bad, err)
		}
	}
}

func TestCompact(t *testing.T) {
	for text, want := range map[string]string{
		` { "a" : 1 , "b" : [ 1 , 2 ] } `:            `{"a":1,"b":[1,2]}`,
		`{"a":1,"b":2,"\u0061":{"c":3,"d":4,"c":5}}`: `{"\u0061":{"c":5,"d":4},"b":2}`,
		`[ "x y" , null ]`:                           `["x y",null]`,
		` 5e0 `:                                      `5e0`,
	} {
		if got, err := Compact([]byte(text), 3); string(got.JSON) != want || err != nil {
			t.Errorf("Compact(%s): got %s, %v, want %s", text, got.JSON, err, want)
		}
	}
	o, err := Compact([]byte(`{"a":[0],"b":[1, [2,3], {"c":4,"c":5}],"d":[],"a":7,"e":[6]}`), 4)
	var got []string
	for _, m := range o.Members {
		got = append(got, o.Name(m)+"="+string(o.Value(m)))
		for i, e := range o.Elements(m) {
			got = append(got, fmt.Sprint(i, "=", string(o.JSON[e.Start:e.End])))
		}
	}
	want := []string{"a=7", `b=[1,[2,3],{"c":5}]`, "0=1", "1=[2,3]", `2={"c":5}`, "d=[]", "e=[6]", "0=6"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("members and elements: got %q, %v, want %q", got, err, want)
	}
	for _, text := range []string{``, `[[[[1]]]]`, `1 2`, `{"a":1,}`} {
		if got, err := Compact([]byte(text), 3); err == nil {
			t.Errorf("Compact(%s): got %s, want an error", text, got.JSON)
		}
	}
}
