package dayfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"daybook/internal/jsonline"

	"github.com/google/go-cmp/cmp"
)

// search returns the lines that a Filter finds in text, searched in blocks of so many bytes. A line that is unfinished has a
// "…" behind it.
func search(t testing.TB, text []byte, block int, wants ...Want) []string {
	t.Helper()
	f := NewFilter(wants)
	var found []string
	behind := int64(0)
	for at := 0; at < len(text); at += block {
		err := f.Search(bytes.NewReader(text), int64(at), int64(at+block), int64(len(text)), func(l Line) error {
			whole := text[l.Offset : l.Offset+l.Length]
			if l.Lines > 1 { // a run of damage: each line is found
				behind = l.Offset + l.Length
				found = append(found, strings.Split(strings.TrimSuffix(string(whole), "\n"), "\n")...)
				return nil
			}
			switch {
			case l.Offset < behind:
				t.Fatalf("a line at %d, after one that ends at %d", l.Offset, behind)
			case l.Text != nil && !bytes.Equal(l.Text, bytes.TrimSuffix(whole, []byte("\n"))):
				t.Fatalf("the line at %d: got %q, want %q", l.Offset, l.Text, whole)
			case l.Whole != bytes.HasSuffix(whole, []byte("\n")):
				t.Fatalf("the line at %d: whole is %v", l.Offset, l.Whole)
			}
			behind = l.Offset + l.Length
			s := string(bytes.TrimSuffix(whole, []byte("\n")))
			if !l.Whole {
				s += "…"
			}
			found = append(found, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestFilterMatches(t *testing.T) {
	for _, test := range []struct {
		line, path, value string
		want              bool
	}{
		{`{"a":"x"}`, "a", "x", true},
		{`{"a":"x"}`, "a", "", false},
		{`{"a":""}`, "a", "", true},
		{`{"b":""}`, "a", "", false},
		{`{"a":"x","b":"y"}`, "a", "y", false},
		{`{"a":"x y"}`, "a", "x", false},
		{`{"x":"a"}`, "a", "x", false},
		{`{"A":"x"}`, "a", "x", false},
		{`{"a":"X"}`, "a", "x", false},
		{`{"b":{"a":"x"}}`, "a", "x", false},
		{`{"b":"\"a\":\"x\""}`, "a", "x", false},
		{`{"b":"{\"a\":\"x\"}","a":"x"}`, "a", "x", true},
		{`{"b":{"a":"y"},"a":"x"}`, "a", "x", true},

		{`{"a":0.870}`, "a", "0.870", true},
		{`{"a":0.870}`, "a", "0.87", false},
		{`{"a":0.870}`, "a", "0.8700", false},
		{`{"a":"0.870"}`, "a", "0.870", true},
		{`{"a":-1e+3}`, "a", "-1e+3", true},
		{`{"a":true}`, "a", "true", true},
		{`{"a":false}`, "a", "true", false},
		{`{"a":null}`, "a", "null", true},
		{`{"a":null}`, "a", "", false},
		{`{"a":"null"}`, "a", "null", true},

		{`{"a":{"b":{"c":"x"}}}`, "a.b.c", "x", true},
		{`{"a":{"b":{"c":"x"}}}`, "a.c", "x", false},
		{`{"a":{"b":"x"}}`, "a", "x", false},
		{`{"a":{"b":"x"}}`, "a", `{"b":"x"}`, false},
		{`{"a":"x"}`, "a.b", "x", false},
		{`{"a.b":"x"}`, "a.b", "x", true},
		{`{"a.b":{"c":"x"}}`, "a.b.c", "x", true},
		{`{"a":{"b.c":"x"}}`, "a.b.c", "x", true},
		{`{"a":{"b":"y"},"a.b":"x"}`, "a.b", "x", true},
		{`{"ab":{"c":"x"}}`, "a.c", "x", false},
		{`{"":"x"}`, "a", "x", false},
		{`{"a":{"c":"x"}}`, "abc", "x", false},
		{`{"x":"xxxxxx"}`, "x", "xxxxxx", true}, // the needle overlaps itself

		{`{"a":["y","x"]}`, "a", "x", true},
		{`{"a":["y","z"],"b":"x"}`, "a", "x", false},
		{`{"a":[{"b":"y"},{"b":"x"}]}`, "a.b", "x", true},
		{`{"a":[[[{"b":["x"]}]]]}`, "a.b", "x", true},
		{`{"a":[],"b":[{}],"c":1}`, "c", "1", true},
		{`{"a":["x"]}`, "a.0", "x", false},
		{`{"a":[{"b":1},2]}`, "a", "2", true},

		{`{"a":"caf\u00e9"}`, "a", "café", true},
		{`{"a":"café"}`, "a", "café", true},
		{`{"a":"caf\u00E9"}`, "a", "café", true},
		{`{"a":"cafe\u0301"}`, "a", "café", false},
		{`{"a":"\ud83d\ude00"}`, "a", "😀", true},
		{`{"\u0061":"x"}`, "a", "x", true},
		{`{"\u0061\u002eb":"x"}`, "a.b", "x", true},
		{`{"a":"x\/y"}`, "a", "x/y", true},
		{`{"a":"x\u002fy"}`, "a", "x/y", true},
		{`{"a":"x\\y"}`, "a", `x\y`, true},
		{`{"a":"x\\u0061"}`, "a", `x\u0061`, true},
		{`{"a":"\""}`, "a", `"`, true},
		{`{"a":"x\ny"}`, "a", "x\ny", true},
		{`{"a":"x\ty"}`, "a", `x\ty`, false},
		{`{"a":"\\","b":"x"}`, "b", "x", true},
		{`{"a":"\\\"","b":"x"}`, "b", "x", true},

		{` { "a" : [ { "b" : "x" } , 1 ] } `, "a.b", "x", true},
		{"{\"a\":1 }\r", "a", "1", true},
		{"{\t\"a\"\t:\t1\t,\t\"b\":2}", "a", "1", true},
		{`{"a":"}{","b":"]"}`, "b", "]", true},
		{`{"a":"{","b":"x"}`, "b", "y", false},
	} {
		if err := jsonline.Check([]byte(test.line)); err != nil {
			t.Fatalf("%s: %v", test.line, err)
		}
		// It stands alone, and between others that have what the prefilter looks for.
		other := `{"zz":"` + "\\u0020" + `other"}`
		text := other + "\n" + test.line + "\n" + other + "\n"
		var want []string
		if test.want {
			want = []string{test.line}
		}
		for _, text := range []string{test.line + "\n", text} {
			if diff := cmp.Diff(want, search(t, []byte(text), len(text), Want{test.path, test.value})); diff != "" {
				t.Errorf("%s, %s=%q (-want +got):\n%s", test.line, test.path, test.value, diff)
			}
		}
		if test.want {
			want = []string{test.line + "…"}
		}
		if diff := cmp.Diff(want, search(t, []byte(test.line), 1<<10, Want{test.path, test.value})); diff != "" {
			t.Errorf("%s without a newline, %s=%q (-want +got):\n%s", test.line, test.path, test.value, diff)
		}
		if got := naive(t, []byte(test.line), Want{test.path, test.value}); got != test.want {
			t.Errorf("%s, %s=%q: the naive search says %v", test.line, test.path, test.value, got)
		}
	}
}

// All conditions must hold, whichever is looked for first.
func TestFilterMatchesAll(t *testing.T) {
	text := []byte(`{"a":"x","b":"common"}` + "\n" + `{"a":"y","b":"common"}` + "\n" + `{"a":"x","b":"\u0063ommon","c":1}` + "\n")
	lines := strings.Split(string(text), "\n")
	for _, test := range []struct {
		wants []Want
		want  []string
	}{
		{nil, lines[:3]},
		{[]Want{{"a", "x"}, {"b", "common"}}, []string{lines[0], lines[2]}},
		{[]Want{{"b", "common"}, {"a", "x"}}, []string{lines[0], lines[2]}},
		{[]Want{{"b", "common"}, {"c", "1"}}, lines[2:3]},
		{[]Want{{"a", "x"}, {"a", "y"}}, nil},
	} {
		if diff := cmp.Diff(test.want, search(t, text, len(text), test.wants...)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.wants, diff)
		}
	}
}

// Damaged lines are found, whatever is looked for.
func TestFilterDamage(t *testing.T) {
	for _, line := range []string{
		"", " ", "x", "[]", `"a"`, "{", "}", `{"a":1}x`, `x{"a":1}`, "\ufeff" + `{"a":1}`, `{"event_id":"torn","timest`,
		`{"a":"1`, `{"a":"\"`, `{"a":"\"}`, `{"a":"\\""}`, `{"a":1}{"a":2}`, `{"a":1,{"a":2}`, `{"a":"b{"a":2}`, `{"a":[1}`, `{"a":1]}`,
		"{\"a\":\"\x00\"}", "\x00\x00", "{\"a\":1}\x00", `"timestamp":"2025-11-08"}`, `z","b":{"c":1}}`, `{"a":1},`, `{}}`,
		`{"a":{"b":1}}{"a":2}`,
	} {
		for _, end := range []string{"\n", ""} {
			if line+end == "" {
				continue
			}
			text := []byte(`{"b":1}` + "\n" + line + end)
			want := line
			if end == "" {
				want += "…"
			}
			for block := 1; block <= len(text); block += 5 {
				if diff := cmp.Diff([]string{want}, search(t, text, block, Want{"no", "such"})); diff != "" {
					t.Errorf("%q in blocks of %d (-want +got):\n%s", text, block, diff)
				}
			}
		}
	}
	// An unfinished line is read as a whole.
	if diff := cmp.Diff([]string{`{"a":nul}…`}, search(t, []byte(`{"b":nul}`+"\n"+`{"a":nul}`), 100, Want{"no", "such"})); diff != "" {
		t.Errorf("an unfinished line that balances (-want +got):\n%s", diff)
	}
	// These balance: they are damage when they are walked through.
	for _, line := range []string{
		`{"b" 1,"a":"x"}`, `{"b":1 "a":"x"}`, `{"b":,"a":"x"}`, `{"b":"x",}`, `{"b":1,,"c":"x"}`, `{"a":1} {"a":"x"}`, `{b:1,"a":"x"}`,
		`{"c":` + strings.Repeat("[", 100) + `"x"` + strings.Repeat("]", 100) + `,"a" 1}`, `{"a":[1,],"c":"x"}`, `{"a":[,1],"c":"x"}`,
		`{"a":` + strings.Repeat("[", 100) + `"x"` + strings.Repeat("]", 100) + `}`, `{"b":"x"}}{`, `{"a":{"b":1,"c":"x"]}[`,
	} {
		text := []byte(line + "\n")
		if diff := cmp.Diff([]string{line}, search(t, text, len(text), Want{"a.b", "x"})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// Lines that are longer than blocks are found once.
func TestSearchLongLines(t *testing.T) {
	var text []byte
	var want []string
	for i, n := range []int{10, Block, 10, 3 * Block, 5<<20 + 7, 1, Block - 30, 10} {
		line := fmt.Sprintf(`{"a":"x","n":%d,"b":"%s"}`, i, strings.Repeat("y", n))
		if i%2 == 1 {
			line = strings.Replace(line, "x", "z", 1)
		} else {
			want = append(want, line)
		}
		text = append(append(text, line...), '\n')
	}
	for _, block := range []int{Block, 9000, len(text)} {
		got := search(t, text, block, Want{"a", "x"})
		if !slices.Equal(got, want) {
			t.Errorf("in blocks of %d: got %d lines, want %d", block, len(got), len(want))
		}
	}
}

type failingReader struct{}

var errFailing = errors.New("no such sector")

func (failingReader) ReadAt([]byte, int64) (int, error) { return 0, errFailing }

func TestSearchErrors(t *testing.T) {
	nothing := func(Line) error { return nil }
	if err := NewFilter(nil).Search(failingReader{}, 0, 10, 10, nothing); !errors.Is(err, errFailing) {
		t.Errorf("a reader that fails: got %v", err)
	}
	text := bytes.NewReader([]byte("{}\n{}\n"))
	if err := NewFilter(nil).Search(text, 0, 6, 6, func(Line) error { return errFailing }); !errors.Is(err, errFailing) {
		t.Errorf("a visit that fails: got %v", err)
	}
	n := 0
	count := func(Line) error { n++; return nil }
	if err := NewFilter(nil).Search(text, 0, 100, 100, count); err != nil || n != 2 { // it has been cut since
		t.Errorf("a reader that ends early: got %d lines, %v, want 2", n, err)
	}
}

// naive is what a Filter does, by encoding/json: whether a valid line matches.
func naive(t testing.TB, line []byte, wants ...Want) bool {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	for _, w := range wants {
		if !naiveIn(v, w.Path, false, w.Value) {
			return false
		}
	}
	return true
}

func naiveIn(v any, path string, leaf bool, value string) bool {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			rest, below := strings.CutPrefix(path, name+".")
			if !leaf && (name == path && naiveIn(inner, "", true, value) || below && name != "" && naiveIn(inner, rest, false, value)) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return naiveIn(inner, path, leaf, value) })
	case string:
		return leaf && v == value
	case nil:
		return leaf && value == "null"
	}
	return leaf && fmt.Sprint(v) == value
}

// naiveDoubt is the rule of docs/format.md, What a search checks, byte by byte.
func naiveDoubt(line string) bool {
	s := strings.Trim(line, " \t\r")
	if !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") || strings.Contains(s, "}{") || strings.Contains(s, "\x00") {
		return true
	}
	count := func(c string) int { return strings.Count(s, c) }
	quotes := strings.Count(strings.NewReplacer(`\\`, "", `\"`, "").Replace(s), `"`)
	return quotes%2 != 0 || count("{") != count("}") || count("[") != count("]")
}

// checkFilter compares a Filter with the naive search: of valid lines it finds those that match, of others at least those
// that the rule of docs/format.md says.
func checkFilter(t *testing.T, text []byte, block int, wants ...Want) {
	t.Helper()
	found := search(t, text, max(block, 1+len(text)/100), wants...)
	whole := string(text[:bytes.LastIndexByte(text, '\n')+1]) // an unfinished line is TestFilterMatches's and TestFilterDamage's
	for line := range strings.Lines(whole) {
		line = strings.TrimSuffix(line, "\n")
		got := len(found) > 0 && found[0] == line
		if got {
			found = found[1:]
		}
		switch {
		case jsonline.Check([]byte(line)) != nil:
			if !got && naiveDoubt(line) {
				t.Fatalf("%q, %q: not found, and it is damaged", line, wants)
			}
		case strings.Contains(strings.ToLower(line), `\ud`): // encoding/json does not tell halves of surrogate pairs apart
		default:
			if want := naive(t, []byte(line), wants...); got != want {
				t.Fatalf("%q, %q: found is %v, want %v", line, wants, got, want)
			}
		}
	}
	if len(found) > 1 {
		t.Fatalf("%q, %q: found, and not there: %q", text, wants, found)
	}
}

// FuzzFilter: see checkFilter.
func FuzzFilter(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		lines, want := randomLines(r, 3), randomWant(r)
		f.Add(lines, want.Path, want.Value, "a", "", uint8(r.IntN(256)))
	}
	addVectors(f, func(data []byte) { f.Add(data, "event_id", "a", "event_id", "a", uint8(100)) })
	f.Fuzz(func(t *testing.T, text []byte, path, value, path2, value2 string, block uint8) {
		if slices.Contains(strings.Split(path, "."), "") || slices.Contains(strings.Split(path2, "."), "") {
			return
		}
		checkFilter(t, text, int(block), Want{path, value})
		checkFilter(t, text, int(block), Want{path, value}, Want{path2, value2})
	})
}

// TestFilterRandom compares as FuzzFilter does, with lines that often nearly match.
func TestFilterRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 2025))
	matched := 0
	for range 20_000 {
		lines, want := randomLines(r, 1+r.IntN(6)), randomWant(r)
		checkFilter(t, lines, 1+r.IntN(100), want)
		checkFilter(t, lines, 1+r.IntN(100), want, randomWant(r))
		matched += len(search(t, lines, len(lines), want))
	}
	if matched < 1000 {
		t.Errorf("only %d lines matched: the lines are not those that the test needs", matched)
	}
}

func randomName(r *rand.Rand) string { return []string{"a", "b", "é", "a.b", "/"}[r.IntN(5)] }

func randomText(r *rand.Rand) string {
	return []string{"x", "", "xy", "café", "a/b", `"`, `\`, "\n", "1", "true", "null", "😀", `\u0061`, "u0061", "{", "}{", "],["}[r.IntN(17)]
}

func randomWant(r *rand.Rand) Want {
	path := randomName(r)
	for range r.IntN(3) {
		path += "." + randomName(r)
	}
	return Want{path, randomText(r)}
}

// randomLines are objects that are spelled in all ways that JSON allows, some of them spoilt in one byte.
func randomLines(r *rand.Rand, n int) []byte {
	var out []byte
	for range n {
		line := randomObject(r, 3)
		if i := r.IntN(8 * len(line)); i < len(line) {
			if line[i] = "\"\\{}[],:\x00 x"[r.IntN(11)]; r.IntN(2) == 0 {
				line = slices.Delete(line, i, i+1)
			}
		}
		out = append(append(out, line...), '\n')
	}
	return out
}

func randomObject(r *rand.Rand, depth int) []byte {
	out := []byte("{")
	var names []string
	for range r.IntN(4) {
		name := randomName(r)
		if slices.Contains(names, name) {
			continue
		}
		if names = append(names, name); len(names) > 1 {
			out = append(out, ',')
		}
		out = append(append(randomSpace(r, out), randomString(r, name)...), ':')
		out = randomSpace(r, append(randomSpace(r, out), randomValue(r, depth-1)...))
	}
	return append(out, '}')
}

func randomValue(r *rand.Rand, depth int) []byte {
	switch n := r.IntN(8); {
	case n < 2 && depth > 0:
		return randomObject(r, depth)
	case n < 4 && depth > 0:
		out := []byte("[")
		for i := range r.IntN(3) {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(randomSpace(r, out), randomValue(r, depth-1)...)
		}
		return append(out, ']')
	case n == 4:
		return []byte([]string{"1", "0.10", "true", "null", "-1e5"}[r.IntN(5)])
	}
	return randomString(r, randomText(r))
}

func randomSpace(r *rand.Rand, out []byte) []byte {
	if r.IntN(10) == 0 {
		out = append(out, ' ')
	}
	return out
}

func randomString(r *rand.Rand, s string) []byte {
	out := []byte{'"'}
	odds := 1 + r.IntN(8)
	for _, c := range s {
		short := strings.IndexRune("\"\\/\n", c)
		switch must := short >= 0 && c != '/'; {
		case c < 1<<16 && r.IntN(odds) == 1:
			out = fmt.Appendf(out, `\u%04x`, c)
		case must || short >= 0 && r.IntN(2) == 0:
			out = append(out, '\\', "\"\\/n"[short])
		default:
			out = append(out, string(c)...)
		}
	}
	return append(out, '"')
}
