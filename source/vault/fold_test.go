package vault

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fold rebuilds a board from a snapshot and events by docs/format.md, "A board from its events". It shares no code with
// what makes them, nor with the package canvas.
type fold struct {
	t     *testing.T
	lists map[string][]map[string]any // "node" and "edge"
}

func newFold(t *testing.T, board string) *fold {
	t.Helper()
	var b struct {
		Nodes, Edges []map[string]any
	}
	decode(t, board, &b)
	return &fold{t, map[string][]map[string]any{"node": b.Nodes, "edge": b.Edges}}
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// id is a card's id.
func (f *fold) id(card map[string]any) string {
	if n, ok := card["id"].(json.Number); ok {
		r, _ := new(big.Rat).SetString(n.String())
		return strings.TrimSuffix(r.RatString(), "/1")
	}
	if card["id"] == nil {
		return ""
	}
	return card["id"].(string)
}

// content is equal for equal cards.
func content(card map[string]any) string {
	card = maps.Clone(card)
	switch c := card["color"].(type) {
	case nil:
		delete(card, "color")
	case json.Number:
		card["color"] = c.String()
	case string:
		if c == "" {
			delete(card, "color")
		}
	}
	if card["text"] == "" {
		delete(card, "text")
	}
	for name, v := range card {
		if n, ok := v.(json.Number); ok {
			r, _ := new(big.Rat).SetString(n.String())
			card[name] = map[string]string{"number": r.RatString()}
		}
	}
	out, err := json.Marshal(card) // sorts the members
	if err != nil {
		panic(err)
	}
	return string(out)
}

// apply applies one event.
func (f *fold) apply(line string) {
	f.t.Helper()
	var ev struct {
		Type    string         `json:"event_type"`
		Details map[string]any `json:"details"`
	}
	decode(f.t, line, &ev)
	kind, what, _ := strings.Cut(ev.Type, "_")
	d := ev.Details
	if what == "added" {
		f.lists[kind] = append(f.lists[kind], d[kind].(map[string]any))
		return
	}
	old, exact := d["old_"+kind].(map[string]any)
	if what == "removed" {
		old, exact = d[kind].(map[string]any)
	}
	at := slices.IndexFunc(f.lists[kind], func(card map[string]any) bool {
		return exact && content(card) == content(old) || !exact && f.id(card) == d[kind+"_id"]
	})
	if at < 0 {
		f.t.Fatalf("no such card on %v:\n%s", f.lists[kind], line)
	}
	card := maps.Clone(f.lists[kind][at])
	f.lists[kind][at] = card
	switch what {
	case "removed":
		f.lists[kind] = slices.Delete(f.lists[kind], at, at+1)
	case "color_change":
		card["color"] = d["new_color"]
	case "text_change":
		card["text"] = d["new_text"]
	default:
		for name := range d["old"].(map[string]any) {
			delete(card, name)
		}
		maps.Copy(card, d["new"].(map[string]any))
	}
}

// all is the board, whatever the order of its cards.
func (f *fold) all() []string {
	var out []string
	for kind, list := range f.lists {
		for _, card := range list {
			out = append(out, kind+" "+content(card))
		}
	}
	slices.Sort(out)
	return out
}

// twinsBoard writes a random board with few ids and few contents, so that cards share both.
func twinsBoard(r *rand.Rand) string {
	object := func(members ...string) string {
		var out []string
		for _, m := range members {
			name, values, _ := strings.Cut(m, "=")
			choices := strings.Split(values, "|")
			if v := choices[r.IntN(len(choices))]; v != "" {
				out = append(out, fmt.Sprintf("%q:%s", name, v))
			}
		}
		r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return "{" + strings.Join(out, ",") + "}"
	}
	var nodes, edges []string
	for range r.IntN(6) {
		nodes = append(nodes, object(`id="a"|"a"|"b"||null|5|5.0|"5"`, `color=|"1"|"2"|1|""|null`, `x=|9|9.0|1`, `text=|"t"|""|null`))
	}
	for range r.IntN(4) {
		edges = append(edges, object(`id="e"|"e"|`, `label=|"l"|"m"`, `fromNode=|"a"`))
	}
	return `{"nodes":[` + strings.Join(nodes, ",") + `],"edges":[` + strings.Join(edges, ",") + `]}`
}

// TestFold rebuilds boards from their events alone, after every save.
func TestFold(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 6))
	book := newFakeBook(t.TempDir())
	rec, err := NewRecorder(book, &Options{fsys: &faultFS{FS: osFS(), fast: true}})
	if err != nil {
		t.Fatal(err)
	}
	const boards, saves = 12, 40
	for b := range boards {
		path := fmt.Sprintf("%d.canvas", b)
		var f *fold
		before := "nothing"
		for i := range saves {
			text := twinsBoard(r)
			shown := len(book.lines())
			if err := rec.Record(t.Context(), Save{Path: path, Board: parse(t, text)}); err != nil {
				t.Fatal(err)
			}
			lines := book.lines()[shown:]
			if i == 0 {
				f = newFold(t, book.snapshots[details(t, lines[0])["snapshot"].(string)])
				lines = nil
			}
			for _, line := range lines {
				f.apply(line)
			}
			if diff := cmp.Diff(newFold(t, text).all(), f.all()); diff != "" {
				t.Fatalf("from %s\nto %s\nby\n%s\n(-want +got):\n%s", before, text, strings.Join(lines, "\n"), diff)
			}
			before = text
		}
	}
	if book.conflicts > 0 || rec.Summary().Lost > 0 {
		t.Errorf("%d conflicts, %+v", book.conflicts, rec.Summary())
	}
}

// TestTwinsTellApart: one of two equal cards is recoloured and moved, or one is recoloured and the other moved.
func TestTwinsTellApart(t *testing.T) {
	var all []string
	for _, items := range [][]string{{"n@0,0:2", "n@9,0"}, {"n@9,0:2", "n@0,0"}} {
		book := newFakeBook(t.TempDir())
		rec, err := NewRecorder(book, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, items := range [][]string{{"n@0,0", "n@0,0"}, items} {
			if err := rec.Record(t.Context(), Save{Path: "a.canvas", Board: parse(t, boardOf(items))}); err != nil {
				t.Fatal(err)
			}
		}
		f := newFold(t, boardOf([]string{"n@0,0", "n@0,0"}))
		for _, line := range book.lines()[1:] {
			f.apply(line)
		}
		if diff := cmp.Diff(newFold(t, boardOf(items)).all(), f.all()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		all = append(all, strings.Join(f.all(), "\n"))
	}
	if all[0] == all[1] {
		t.Error("the two cannot be told apart")
	}
}
