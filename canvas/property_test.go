package canvas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"daybook/canvas"
)

// pick returns one of the choices.
func pick[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// randomValue writes a value whose like occurs again soon in another spelling.
func randomValue(r *rand.Rand, depth int) string {
	switch r.IntN(4 + min(depth, 2)) {
	case 0:
		return pick(r, "null", "true", "false", `""`)
	case 1:
		return pick(r, "0", "-0", "0.0e7", "1", "1.0", "10e-1", "-1", "100", "1e2", "1.00E+2", "0.1", "1e-1", "0.10",
			"9007199254740993", "9007199254740992",
			"123456789012345678901234567890", "12345678901234567890123456789.0e1")
	case 2, 3:
		return pick(r, `"1"`, `"2"`, `"\u0031"`, `"é"`, `"\u00e9"`, `"/"`, `"\/"`, `"\n"`, `"\u000A"`, `"\\\""`,
			`"😀"`, `"\ud83d\ude00"`, `"null"`)
	case 4:
		var items []string
		for range r.IntN(3) {
			items = append(items, randomValue(r, depth-1))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	var items []string
	for range r.IntN(3) {
		items = append(items, pick(r, `"a"`, `"b"`, `"\u0061"`, `"c"`)+": "+randomValue(r, depth-1))
	}
	return "{" + strings.Join(items, " , ") + "}"
}

// randomBoard writes a board of few ids, so that boards share nodes and ids occur twice.
func randomBoard(r *rand.Rand) string {
	object := func(names ...string) string {
		var items []string
		if r.IntN(8) > 0 {
			items = append(items, `"id":`+pick(r, `"a"`, `"b"`, `"c"`, `"\u0061"`, `"d"`, "5", "5.0", "null", `"5"`))
		}
		for _, name := range names {
			if r.IntN(3) == 0 {
				items = append(items, `"`+name+`":`+randomValue(r, 2))
			}
		}
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		return "{" + strings.Join(items, ",") + "}"
	}
	var nodes, edges []string
	for range r.IntN(7) {
		nodes = append(nodes, object("type", "text", "x", "y", "width", "color", "color", "file", "q"))
	}
	for range r.IntN(4) {
		edges = append(edges, object("fromNode", "label"))
	}
	return `{"nodes":[` + strings.Join(nodes, ",\n") + `],"edges":[` + strings.Join(edges, ",") + `]}`
}

// model reads JSON with encoding/json into values that compare as text: numbers as fractions, objects sorted.
func model(t *testing.T, data []byte) string {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("encoding/json refuses %s: %v", data, err)
	}
	var walk func(v any) string
	walk = func(v any) string {
		switch v := v.(type) {
		case json.Number:
			n, ok := new(big.Rat).SetString(v.String())
			if !ok {
				t.Fatalf("no number: %s", v)
			}
			return n.String()
		case []any:
			s := "["
			for _, e := range v {
				s += walk(e) + ","
			}
			return s + "]"
		case map[string]any:
			var items []string
			for name, e := range v {
				items = append(items, fmt.Sprintf("%q:%s,", name, walk(e)))
			}
			slices.Sort(items)
			return fmt.Sprint(items)
		}
		return fmt.Sprintf("%#v", v)
	}
	return walk(v)
}

// multiset is a board's nodes and edges as the model sees them, whatever their order.
func multiset(t *testing.T, b *canvas.Board) string {
	var all []string
	for _, n := range b.Nodes {
		all = append(all, "node "+model(t, n.Raw()))
	}
	for _, e := range b.Edges {
		all = append(all, "edge "+model(t, e.Raw()))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func TestRandomBoards(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 22))
	for range 4_000 {
		oldText, newText := randomBoard(r), randomBoard(r)
		old, new := board(t, oldText), board(t, newText)
		if got, want := model(t, old.Encode()), model(t, []byte(oldText)); got != want {
			t.Fatalf("%s is read as %s", oldText, old.Encode())
		}
		if equal := multiset(t, old) == multiset(t, new); equal != (len(canvas.Diff(old, new)) == 0) {
			t.Fatalf("%s and %s: equal by the model: %v, diff:\n%s", oldText, newText, equal,
				describe(canvas.Diff(old, new)))
		}
		if equal := model(t, old.Encode()) == model(t, new.Encode()); equal != (old.Hash() == new.Hash()) {
			t.Fatalf("%s and %s: equal by the model: %v, hashes otherwise", oldText, newText, equal)
		}
		checkApply(t, old, new)
		checkApply(t, &canvas.Board{}, new)
	}
}

// TestNumbers compares the numbers of random spellings with fractions.
func TestNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 44))
	digits := func(n int) (s string) {
		for range 1 + r.IntN(n) {
			s += pick(r, "0", "0", "1", "9")
		}
		return s
	}
	number := func() string {
		s := pick(r, "", "-") + pick(r, "0", "1"+digits(3), "9", "1")
		if r.IntN(2) == 0 {
			s += "." + digits(4)
		}
		if r.IntN(2) == 0 {
			s += pick(r, "e", "E") + pick(r, "", "+", "-") + digits(2)
		}
		return s
	}
	for range 30_000 {
		a, b := number(), number()
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		got := len(canvas.Diff(board(t, `{"nodes":[{"x":`+a+`}]}`), board(t, `{"nodes":[{"x":`+b+`}]}`))) == 0
		if want := x.Cmp(y) == 0; got != want {
			t.Fatalf("%s equals %s: got %v, want %v", a, b, got, want)
		}
	}
}

// TestHugeExponents compares numbers that no library can hold.
func TestHugeExponents(t *testing.T) {
	nines, zeros := strings.Repeat("9", 30), strings.Repeat("0", 30)
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"10e" + nines, "1e1" + zeros, true},
		{"1e1" + zeros, "0.1e1" + zeros[1:] + "1", true},
		{"1e" + nines, "1e1" + zeros, false},
		{"0.1e-" + nines, "1e-1" + zeros, true},
		{"10e-1" + zeros, "1e-" + nines, true},
		{"1.00e-1" + zeros, "100e-1" + zeros[2:] + "02", true},
		{"1e+000" + nines, "1e" + nines, true},
		{"10e999999999999999999", "1e1000000000000000000", true},
		{"0e" + nines, "0", true},
		{"1e9223372036854775807", "10e9223372036854775806", true}, // the largest int
		{"1e2147483647", "10e2147483646", true},
		{"-1e" + nines, "1e" + nines, false},
	} {
		a, b := board(t, `{"nodes":[{"x":`+c.a+`}]}`), board(t, `{"nodes":[{"x":`+c.b+`}]}`)
		if got := len(canvas.Diff(a, b)) == 0; got != c.same {
			t.Errorf("%s equals %s: got %v, want %v", c.a, c.b, got, c.same)
		}
	}
}
