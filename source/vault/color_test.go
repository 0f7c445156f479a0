package vault

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook/canvas"
)

// TestTextChangeHasColor: a change of text says the card's colour, unless its save gave it another one; an unfinished save of an
// earlier version says nothing of it, so that its events are the same at the second attempt.
func TestTextChangeHasColor(t *testing.T) {
	const (
		old = `{"nodes":[{"id":"1","text":"a","color":"6"},{"id":"2","text":"a","color":"1"},{"id":"3","text":"a"},
			{"id":"4","text":"a","color":5},{"id":"t","text":"a","color":"2"},{"id":"t","text":"b","color":"3"}]}`
		board = `{"nodes":[{"id":"1","text":"b","color":"6"},{"id":"2","text":"b","color":"6"},{"id":"3","text":"b"},
			{"id":"4","text":"b","color":5},{"id":"t","text":"c","color":"4"},{"id":"t","text":"d","color":"3"}]}`
	)
	for _, c := range []struct {
		lengths, earlier bool
		want             []string
	}{
		{want: []string{`1 "6"`, "2 ", `3 ""`, `4 "5"`, "t ", `t "3"`}},
		{lengths: true, want: []string{`1 "6"`, "2 ", `3 ""`, `4 "5"`, "t ", `t "3"`}},
		{earlier: true, want: []string{"1 ", "2 ", "3 ", "4 ", "t ", "t "}},
	} {
		s := &state{Save: save{Kind: saveChanged, Lengths: c.lengths, Steps: true, Colored: !c.earlier}}
		var got []string
		for _, d := range s.drafts(parse(t, old), parse(t, board), "") {
			if d.kind != canvas.NodeTextChange.String() {
				continue
			}
			var details struct {
				Node  string          `json:"node_id"`
				Color json.RawMessage `json:"color"`
			}
			if err := json.Unmarshal(d.details.json(), &details); err != nil {
				t.Fatal(err)
			}
			got = append(got, details.Node+" "+string(details.Color))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("lengths %t, earlier %t (-want +got):\n%s", c.lengths, c.earlier, diff)
		}
	}
	// What is recorded now is not as earlier.
	book := newFakeBook(t.TempDir())
	r, err := NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []string{old, board} {
		if err := r.Record(context.Background(), Save{Path: "a.canvas", Board: parse(t, b)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := details(t, book.lines()[1])["color"]; got != "6" {
		t.Errorf("recorded: got the colour %v, want 6", got)
	}
}
