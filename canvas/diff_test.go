package canvas_test

import (
	"encoding/json"
	"strings"
	"testing"

	"daybook/canvas"
)

func TestDiff(t *testing.T) {
	cases(t, "diff", func(t *testing.T, s map[string]string) {
		old, new := board(t, s["old"]), board(t, s["new"])
		changes := canvas.Diff(old, new)
		if got, want := describe(changes), s["changes"]; got != want {
			t.Errorf("changes\n got\n%s\nwant\n%s", got, want)
		}
		checkApply(t, old, new)
		checkApply(t, new, old)
	})
}

// checkApply makes the changes from old to new to old and compares with new; old must stay as it is.
func checkApply(t *testing.T, old, new *canvas.Board) {
	t.Helper()
	before := string(old.Encode())
	got, err := canvas.Apply(old, canvas.Diff(old, new))
	if err != nil {
		t.Fatalf("apply to %s for %s: %v", before, new.Encode(), err)
	}
	if left := canvas.Diff(got, new); len(left) != 0 {
		t.Fatalf("from %s\nto   %s\ngot  %s\nleft %s", before, new.Encode(), got.Encode(), describe(left))
	}
	if after := string(old.Encode()); after != before {
		t.Fatalf("the old board changed\n got %s\nwant %s", after, before)
	}
	if _, err := canvas.Parse(got.Encode()); err != nil {
		t.Fatalf("the result does not parse: %v", err)
	}
}

func TestApplyKeepsTheRest(t *testing.T) {
	b := board(t, `{"m":1,"nodes":[{"id":"a"},{"id":"b","q":[1.50]}],"edges":[{"id":"e"}]}`)
	got, err := canvas.Apply(b, []canvas.Change{
		{Kind: canvas.NodeAdded, ID: "c", New: json.RawMessage(`{ "id": "c" }`)},
		{Kind: canvas.NodeColorChange, ID: "b", Members: []canvas.MemberChange{{Name: "color", New: raw(`"1"`)}}},
		{Kind: canvas.NodeRemoved, ID: "a", Old: json.RawMessage(`{"id":"\u0061"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"nodes":[{"id":"b","q":[1.50],"color":"1"},{"id":"c"}],"edges":[{"id":"e"}],"m":1}`
	if string(got.Encode()) != want {
		t.Errorf("got %s\nwant %s", got.Encode(), want)
	}
}

func TestApplyRefuses(t *testing.T) {
	b := board(t, `{"nodes":[{"id":"a","x":1}]}`)
	moved := func(name, old, new string) canvas.Change {
		ms := []canvas.MemberChange{{Name: name, Old: raw(old), New: raw(new)}}
		return canvas.Change{Kind: canvas.NodeMoved, ID: "a", Members: ms}
	}
	added := func(node string) canvas.Change { return canvas.Change{Kind: canvas.NodeAdded, ID: "c", New: raw(node)} }
	for _, c := range []struct {
		change canvas.Change
		want   string
	}{
		{canvas.Change{}, `kind 0 of "": no kind of change`},
		{canvas.Change{Kind: 77}, `kind 77 of "": no kind of change`},
		{canvas.Change{Kind: canvas.NodeMoved, ID: "b"}, `it is not on the board`},
		{canvas.Change{Kind: canvas.EdgeChanged, ID: "a"}, `it is not on the board`},
		{canvas.Change{Kind: canvas.NodeMoved, ID: "a", Index: 1}, `it is not on the board`},
		{canvas.Change{Kind: canvas.NodeMoved, ID: "a", Index: -1}, `it is not on the board`},
		{moved("x", "2", "3"), `member "x": the board has another value`},
		{moved("x", "", "3"), `member "x": the board has it already`},
		{moved("y", "1", "3"), `member "y": the board has another value`},
		{moved("x", "1", "{"), `the board ends too early`},
		{canvas.Change{Kind: canvas.NodeRemoved, ID: "a", Old: raw(`{"id":"a"}`)}, `it is another on the board`},
		{added(""), `the board ends too early`},
		{added(`[]`), `what is added is no object`},
		{added(strings.Repeat(`{"a":`, 46) + "{}" + strings.Repeat("}", 46)), `arrays and objects may be nested 46 deep at most`},
	} {
		got, err := canvas.Apply(b, []canvas.Change{c.change})
		if err == nil {
			t.Errorf("%+v: got %s, want an error", c.change, got.Encode())
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v:\n got %v\nwant %s", c.change, err, c.want)
		}
	}
}

func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

func TestKind(t *testing.T) {
	for k := canvas.NodeAdded; k <= canvas.EdgeChanged; k++ {
		if got, err := canvas.ParseKind(k.String()); got != k || err != nil {
			t.Errorf("ParseKind(%q) = %v, %v", k.String(), got, err)
		}
	}
	if k, err := canvas.ParseKind("kind 0"); err == nil {
		t.Errorf("ParseKind of no kind: got %v, want an error", k)
	}
}
