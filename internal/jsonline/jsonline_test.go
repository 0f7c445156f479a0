package jsonline

import (
	"fmt"
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
