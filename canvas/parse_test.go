package canvas_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"daybook/canvas"
)

func TestRefused(t *testing.T) {
	cases(t, "refused", func(t *testing.T, s map[string]string) {
		b, err := canvas.Parse([]byte(s["board"]))
		var syntax *canvas.SyntaxError
		if !errors.As(err, &syntax) {
			t.Fatalf("got board %v and error %v, want a SyntaxError", b, err)
		}
		if got, want := err.Error(), s["error"]; got != want {
			t.Errorf("error\n got %s\nwant %s", got, want)
		}
	})
}

func TestParseEncode(t *testing.T) {
	deep := `{"a":` + strings.Repeat("[", 47) + strings.Repeat("]", 47) + `}`
	for _, c := range []struct{ name, in, want string }{
		{"empty object", `{}`, `{"nodes":[],"edges":[]}`},
		{"null lists", `{"nodes":null,"edges":null}`, `{"nodes":[],"edges":[]}`},
		{"only edges", `{"edges":[{"id":"e"}]}`, `{"nodes":[],"edges":[{"id":"e"}]}`},
		{"starts with edges", `{"edges":[],"nodes":[{"id":"a"}]}`, `{"nodes":[{"id":"a"}],"edges":[]}`},
		{"byte order mark", "\ufeff{}", `{"nodes":[],"edges":[]}`},
		{"CRLF", "{\r\n\t\"nodes\":[\r\n{\"id\":\"a\"}]\r\n}\r\n", `{"nodes":[{"id":"a"}],"edges":[]}`},
		{
			"unknown members", `{"z":1, "nodes":[{"q":{"b":[ ],"a":{ }},"id":"a"}], "b":[true,false,null]}`,
			`{"nodes":[{"q":{"b":[],"a":{}},"id":"a"}],"edges":[],"z":1,"b":[true,false,null]}`,
		},
		{
			"spelling stays", `{"nodes":[{"x":0.870,"y":-1E+3,"text":"\u00e9\/<&>"}]}`,
			`{"nodes":[{"x":0.870,"y":-1E+3,"text":"\u00e9\/<&>"}],"edges":[]}`,
		},
		{"name twice", `{"nodes":[{"a":1,"b":2,"a":3}]}`, `{"nodes":[{"a":3,"b":2}],"edges":[]}`},
		{
			"name twice, spelled otherwise",
			`{"nodes":[{"a":1,"b":2,"\u0061":3}]}`,
			`{"nodes":[{"\u0061":3,"b":2}],"edges":[]}`,
		},
		{
			"name twice below", `{"nodes":[{"m":{"a":{"c":1,"c":2},"a":[{"d":1,"d":2}]}}]}`,
			`{"nodes":[{"m":{"a":[{"d":2}]}}],"edges":[]}`,
		},
		{"name twice at the top", `{"a":1,"b":2,"a":3}`, `{"nodes":[],"edges":[],"a":3,"b":2}`},
		{"nodes twice", `{"nodes":[{"id":"a"}],"nodes":[{"id":"b"}]}`, `{"nodes":[{"id":"b"}],"edges":[]}`},
		{"nodes twice, first wrong", `{"nodes":[1],"nodes":null}`, `{"nodes":[],"edges":[]}`},
		{
			"same ids", `{"nodes":[{"id":"a"},{"id":"a"},{},{"id":7}]}`,
			`{"nodes":[{"id":"a"},{"id":"a"},{},{"id":7}],"edges":[]}`,
		},
		{
			"no UTF-8", "{\"nodes\":[{\"text\":\"a\xff\xc3b\"}]}",
			`{"nodes":[{"text":"a` + "\ufffd\ufffd" + `b"}],"edges":[]}`,
		},
		{"48 levels", deep, `{"nodes":[],"edges":[],` + deep[1:]},
		{"line separators", "{\"a\":\"\u2028\u2029\x7f\"}", "{\"nodes\":[],\"edges\":[],\"a\":\"\u2028\u2029\x7f\"}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := board(t, c.in)
			got := string(b.Encode())
			if got != c.want {
				t.Errorf("encoded\n got %s\nwant %s", got, c.want)
			}
			if again := string(board(t, got).Encode()); again != got {
				t.Errorf("encoded again\n got %s\nwant %s", again, got)
			}
		})
	}
}

func TestManyMembersTwice(t *testing.T) {
	in, want := `{"nodes":[{`, `{"nodes":[{`
	for i := range 40 {
		in += fmt.Sprintf(`"m%d":1,`, i)
		want += fmt.Sprintf(`"m%d":%d,`, i, 1+i%2)
	}
	for i := 1; i < 40; i += 2 {
		in += fmt.Sprintf(`"m%d":2,`, i)
	}
	got := string(board(t, strings.TrimSuffix(in, ",")+"}]}").Encode())
	if want = strings.TrimSuffix(want, ",") + `}],"edges":[]}`; got != want {
		t.Errorf("encoded\n got %s\nwant %s", got, want)
	}
}

func TestNode(t *testing.T) {
	for _, c := range []struct{ raw, id, kind, color, text string }{
		{`{}`, "", "", "", ""},
		{`{"id":"a","type":"text","text":"one\n\"two\"","color":"4"}`, "a", "text", "4", "one\n\"two\""},
		{`{"id":"a","type":"text","text":"\ud83d\ude00 \ud83d \u00e9"}`, "a", "text", "", "😀 \ufffd é"},
		{`{"id":"a","type":"file","file":"notes/a.md","text":"no"}`, "a", "file", "", "notes/a.md"},
		{`{"id":"a","type":"link","url":"https://a.org"}`, "a", "link", "", "https://a.org"},
		{`{"id":"a","type":"group","label":"Week 1"}`, "a", "group", "", "Week 1"},
		{`{"id":"a","type":"group"}`, "a", "group", "", ""},
		{`{"id":"a","type":"sticker","text":"here"}`, "a", "sticker", "", "here"},
		{`{"id":null,"type":5,"text":6,"color":null}`, "", "", "", ""},
		{`{"id":50.0,"color":1}`, "50", "", "1", ""},
		{`{"id":["a"],"color":""}`, `["a"]`, "", "", ""},
		{`{"color":"#FFB86C"}`, "", "", "#FFB86C", ""},
		{`{"text":"{\"id\":\"no\"}","\u0069d":"b\\"}`, `b\`, "", "", `{"id":"no"}`},
	} {
		n := board(t, `{"nodes":[`+c.raw+`]}`).Nodes[0]
		if n.ID() != c.id || n.Type() != c.kind || n.Color() != c.color || n.Text() != c.text {
			t.Errorf("%s:\n got %q %q %q %q\nwant %q %q %q %q", c.raw,
				n.ID(), n.Type(), n.Color(), n.Text(), c.id, c.kind, c.color, c.text)
		}
	}
}

func TestMember(t *testing.T) {
	b := board(t, `{"nodes":[{"a":[1, {"b":"}"}],"n":null}],"edges":[{"id":"e","label":"x"}]}`)
	for _, c := range []struct {
		name, want string
		ok         bool
	}{{"a", `[1,{"b":"}"}]`, true}, {"n", "null", true}, {"b", "", false}} {
		if got, ok := b.Nodes[0].Member(c.name); string(got) != c.want || ok != c.ok {
			t.Errorf("Member(%q) = %s, %v, want %s, %v", c.name, got, ok, c.want, c.ok)
		}
	}
	e := b.Edges[0]
	label, _ := e.Member("label")
	if e.ID() != "e" || string(label) != `"x"` || string(e.Raw()) != `{"id":"e","label":"x"}` {
		t.Errorf("edge: got %q, %s, %s", e.ID(), label, e.Raw())
	}
}

func TestZeroValues(t *testing.T) {
	const empty = `{"nodes":[],"edges":[]}`
	if got := string((*canvas.Board)(nil).Encode()); got != empty {
		t.Errorf("nil board: got %s, want %s", got, empty)
	}
	b := &canvas.Board{Nodes: make([]canvas.Node, 1)}
	if got, want := string(b.Encode()), `{"nodes":[{}],"edges":[]}`; got != want {
		t.Errorf("zero node: got %s, want %s", got, want)
	}
	if got := describe(canvas.Diff(nil, &canvas.Board{})); got != "" {
		t.Errorf("nil and empty board differ: %s", got)
	}
}

func TestRawIsTheCallers(t *testing.T) {
	b := board(t, `{"nodes":[{"id":"a"}]}`)
	b.Nodes[0].Raw()[2] = 'X'
	if v, _ := b.Nodes[0].Member("id"); v != nil {
		v[1] = 'X'
	}
	if got, want := string(b.Nodes[0].Raw()), `{"id":"a"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHash(t *testing.T) {
	const base = `{"nodes":[{"id":"a","x":100,"text":"é"},{"id":"b"}],"edges":[],"m":{"p":1,"q":2}}`
	hash := board(t, base).Hash()
	for _, same := range []string{
		"\ufeff" + strings.ReplaceAll(base, ",", ",\r\n"),
		`{"m":{"q":2,"p":1.0},"nodes":[{"text":"\u00E9","id":"a","x":1e2},{"id":"b"}]}`,
	} {
		if board(t, same).Hash() != hash {
			t.Errorf("another hash for %s", same)
		}
	}
	for _, other := range []string{
		`{"nodes":[{"id":"b"},{"id":"a","x":100,"text":"é"}],"edges":[],"m":{"p":1,"q":2}}`,
		`{"nodes":[{"id":"a","x":"100","text":"é"},{"id":"b"}],"edges":[],"m":{"p":1,"q":2}}`,
		`{"nodes":[{"id":"a","x":100,"text":"é"}],"edges":[{"id":"b"}],"m":{"p":1,"q":2}}`,
		`{"nodes":[{"id":"a","x":100,"text":"é"},{"id":"b"}],"edges":[],"m":{"p":1,"q":3}}`,
	} {
		if board(t, other).Hash() == hash {
			t.Errorf("the same hash for %s", other)
		}
	}
}

func TestColors(t *testing.T) {
	b := board(t, `{"nodes":[{"color":"1"},{"color":"1"},{},{"color":null},{"color":"#ff0000"},{"color":3}]}`)
	if got, want := b.Colors(), map[string]int{"1": 2, "": 2, "#ff0000": 1, "3": 1}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
