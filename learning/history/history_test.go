package history_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/canvas"
	"daybook/learning"
	"daybook/learning/history"
)

var start = time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)

// events reads events as text, one a line: MINUTE CANVAS TYPE DETAILS.
func events(t testing.TB, script string) []learning.Event {
	t.Helper()
	var out []learning.Event
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		part := strings.SplitN(line, " ", 4)
		var minute int
		if _, err := fmt.Sscan(part[0], &minute); err != nil || len(part) < 4 {
			t.Fatalf("no event: %s", line)
		}
		out = append(out, learning.Event{
			Time: start.Add(time.Duration(minute) * time.Minute), Canvas: part[1], Type: part[2],
			Details: json.RawMessage(part[3]),
		})
	}
	return out
}

// shot takes a snapshot's name for the board itself.
func shot(name string) (*canvas.Board, error) {
	if name == "missing" {
		return nil, errors.New("there is no such file")
	}
	return canvas.Parse([]byte(name))
}

// created is the details of a canvas_created with this board.
func created(board string) string { return fmt.Sprintf(`{"snapshot":%q}`, board) }

func follow(t testing.TB, script string) *history.Follower {
	t.Helper()
	f := history.New(func(string) bool { return true })
	for _, e := range events(t, script) {
		f.Apply(e, shot)
	}
	return f
}

// boards writes what is on the boards, and what is doubted.
func boards(f *history.Follower) string {
	var out []string
	for _, b := range f.Boards() {
		line := fmt.Sprintf("%s %s", b.Name, b.Canvas().Encode())
		if !b.Deleted.IsZero() {
			line = b.Name + " deleted"
		}
		for _, d := range b.Doubts {
			line += " ? " + d.Reason
		}
		if b.Lost != "" {
			line += " lost: " + b.Lost
		}
		if b.TextsLost {
			line += " lengths"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// cards writes the histories of the cards.
func cards(f *history.Follower) string {
	var out []string
	for _, c := range f.Cards() {
		line := c.ID
		for _, e := range c.Log {
			line += fmt.Sprintf(" | %d %s %s", int(e.Time.Sub(start).Minutes()), e.Kind, e.Board)
			if e.From != "" {
				line += " from " + e.From
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

const long = "0123456789abcdef"

func TestBoards(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{
			"all that can happen",
			`0 a canvas_created ` + created(`{"nodes":[{"id":"n","text":"t","color":"1"},{"id":"m"}],"edges":[{"id":"e"}],"more":7}`) + `
			1 a node_color_change {"node_id":"n","old_color":"1","new_color":""}
			2 a node_text_change {"node_id":"n","old_text":"t","new_text":"ü"}
			3 a node_moved {"node_id":"m","old":{"x":1},"new":{"x":2,"y":3}}
			4 a node_changed {"node_id":"m","old":{"x":2,"type":"a"},"new":{"z":[1]}}
			5 a node_added {"node_id":"k","node":{"id":"k"}}
			6 a edge_changed {"edge_id":"e","old":{},"new":{"label":"l"}}
			7 a edge_added {"edge_id":"d","edge":{"id":"d"}}
			8 a edge_removed {"edge_id":"e","edge":{"id":"e","label":"l"}}
			9 a node_removed {"node_id":"m","node":{"id":"m","y":3,"z":[1]}}`,
			`a {"nodes":[{"id":"n","text":"ü"},{"id":"k"}],"edges":[{"id":"d"}],"more":7}`,
		},
		{
			"two boards swap their names",
			`0 a canvas_created ` + created(`{"nodes":[{"id":"1"}]}`) + `
			0 b canvas_created ` + created(`{"nodes":[{"id":"2"}]}`) + `
			1 b canvas_renamed {"old_canvas_id":"a"}
			1 b node_color_change {"node_id":"1","old_color":"","new_color":"5"}
			1 a canvas_renamed {"old_canvas_id":"b"}
			2 a node_color_change {"node_id":"2","old_color":"","new_color":"6"}`,
			"b " + `{"nodes":[{"id":"1","color":"5"}],"edges":[]}` + "\na " + `{"nodes":[{"id":"2","color":"6"}],"edges":[]}`,
		},
		{
			"the displaced board is deleted",
			`0 a canvas_created ` + created(`{"nodes":[{"id":"1"}]}`) + `
			0 b canvas_created ` + created(`{}`) + `
			1 b canvas_renamed {"old_canvas_id":"a"}
			1 b canvas_deleted {}`,
			"b " + `{"nodes":[{"id":"1"}],"edges":[]}` + "\nb deleted",
		},
		{
			"of two cards of one id the one that is meant",
			`0 a canvas_created ` + created(`{"nodes":[{"id":"n","x":1},{"id":"n","x":2,"color":null},{"id":"n","x":3}]}`) + `
			1 a node_color_change {"node_id":"n","old_color":"","new_color":"1","old_node":{"x":2.0,"id":"n","text":""}}
			2 a node_removed {"node_id":"n","node":{"id":"n","x":3}}`,
			`a {"nodes":[{"id":"n","x":1},{"id":"n","x":2,"color":"1"}],"edges":[]}`,
		},
		{
			"a board that is first seen once more keeps the order that is seen",
			`0 a canvas_created ` + created(`{"nodes":[{"id":"1"},{"id":"2"},{"id":"3"}]}`) + `
			1 a canvas_created ` + created(`{"nodes":[{"id":"4"},{"id":"3","x":1},{"id":"1"}],"v":2}`),
			`a {"nodes":[{"id":"4"},{"id":"3","x":1},{"id":"1"}],"edges":[],"v":2}`,
		},
		{
			"only the lengths of texts",
			`0 a canvas_created ` + created(`{"nodes":[{"id":"n","text":"t"},{"id":"g","label":"l"}]}`) + `
			1 a node_text_change {"node_id":"n","old_text_length":1,"new_text_length":4}
			2 a node_changed {"node_id":"g","old":{"label_length":1},"new":{"label_length":3}}
			3 a node_removed {"node_id":"n","node":{"id":"n","text_length":4}}`,
			`a {"nodes":[{"id":"g","label_length":3}],"edges":[]} lengths`,
		},
		{
			"another program's events",
			`0 a node_color_change {"node_id":"n","old_color":"1","new_color":"3"}
			1 a node_removed {"node_id":"m","node":{"id":"m"}}
			2 a node_added {"node_id":"k"}
			3 a node_moved {"node_id":"n"}
			4 a motion_seen {"node_id":"n"}`,
			`a {"nodes":[{"id":"n","color":"3"}],"edges":[]} ? node_color_change: it is not known how the board began` +
				` ? node_color_change: the card that is changed was not there ? node_removed: the card that is removed is not there` +
				` ? node_added: the card that is added cannot be read: it is missing` +
				` ? node_moved: old and new are no objects`,
		},
		{
			"a snapshot that is missing",
			`0 a canvas_created {"snapshot":"missing"}`,
			`a {"nodes":[],"edges":[]} lost: there is no such file`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, boards(follow(t, c.script))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCards(t *testing.T) {
	card := func(id, text string) string { return fmt.Sprintf(`{"id":%q,"text":%q}`, id, text) }
	for _, c := range []struct{ name, script, want string }{
		{
			"one card",
			`0 a canvas_created ` + created(`{"nodes":[{"id":"n"}]}`) + `
			1 b canvas_renamed {"old_canvas_id":"a"}
			2 b node_color_change {"node_id":"n","old_color":"","new_color":"1"}
			3 b node_removed {"node_id":"n","node":{"id":"n","color":"1"}}
			4 b node_added {"node_id":"n","node":{"id":"n"}}
			5 b canvas_deleted {}`,
			"n | 0 seen a | 1 board_renamed b from a | 2 color b | 3 removed b | 4 added b | 5 board_deleted b",
		},
		{
			"cut and pasted",
			`0 a canvas_created ` + created(`{"nodes":[`+card(long, "x")+`]}`) + `
			0 b canvas_created ` + created(`{}`) + `
			1 a node_removed {"node_id":"` + long + `","node":` + card(long, "x") + `}
			2 b node_added {"node_id":"` + long + `","node":` + card(long, "y") + `}`,
			long + " | 0 seen a | 1 removed a | 2 added b from a",
		},
		{
			"pasted, and cut when that board is saved",
			`0 a canvas_created ` + created(`{"nodes":[`+card("q", "x")+`]}`) + `
			0 b canvas_created ` + created(`{}`) + `
			1 b node_added {"node_id":"q","node":` + card("q", "x") + `}
			2 a node_removed {"node_id":"q","node":` + card("q", "x") + `}`,
			"q | 0 seen a | 1 added b from a | 2 removed a",
		},
		{
			"copied: two cards",
			`0 a canvas_created ` + created(`{"nodes":[`+card("q", "x")+`]}`) + `
			1 b canvas_created ` + created(`{"nodes":[`+card("q", "x")+`]}`) + `
			2 b node_text_change {"node_id":"q","old_text":"x","new_text":"y"}`,
			"q | 0 seen a\nq | 1 seen b | 2 text b",
		},
		{
			"a short id of another text: two cards",
			`0 a canvas_created ` + created(`{"nodes":[`+card("q", "x")+`]}`) + `
			1 a canvas_deleted {}
			2 b canvas_created ` + created(`{"nodes":[`+card("q", "z")+`]}`),
			"q | 0 seen a | 1 board_deleted a\nq | 2 seen b",
		},
		{
			"a board that is deleted and comes back under another name",
			`0 a canvas_created ` + created(`{"nodes":[`+card("q", "x")+`]}`) + `
			1 a canvas_deleted {}
			2 b canvas_created ` + created(`{"nodes":[`+card("q", "x")+`]}`),
			"q | 0 seen a | 1 board_deleted a | 2 seen b from a",
		},
		{
			"a board that is first seen once more",
			`0 a canvas_created ` + created(`{"nodes":[{"id":"n"},{"id":"m"}]}`) + `
			1 a canvas_created ` + created(`{"nodes":[{"id":"n","color":"3"}]}`),
			"n | 0 seen a | 1 color a\nm | 0 seen a | 1 removed a",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, cards(follow(t, c.script))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOrder: what git's history has of a day comes before what was watched later on it.
func TestOrder(t *testing.T) {
	day := events(t, `5 a canvas_created {"snapshot":"w"}
		7 a node_moved {}
		6 a node_added {"node_id":"set back"}
		1 a canvas_created {"observed":"git","snapshot":"g"}
		6 a node_moved {"observed":"git"}`)
	history.Order(day, func(e learning.Event) (time.Time, bool) { return e.Time, e.FromGit() })
	var got []string
	for _, e := range day {
		got = append(got, fmt.Sprint(int(e.Time.Sub(start).Minutes()), e.Type, observedGit(e)))
	}
	want := []string{
		"1canvas_created git", "5canvas_created ", "6node_moved git", "7node_moved ", "6node_added ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func observedGit(e learning.Event) string {
	if strings.Contains(string(e.Details), `"git"`) {
		return " git"
	}
	return " "
}

func TestNamesThatBoardsShared(t *testing.T) {
	renames := events(t, `0 b canvas_renamed {"old_canvas_id":"a"}
		1 d canvas_renamed {"old_canvas_id":"c"}
		2 c canvas_renamed {"old_canvas_id":"b"}
		3 z canvas_renamed {"old_canvas_id":"y"}`)
	if diff := cmp.Diff(map[string]bool{"a": true, "b": true, "c": true, "d": true}, history.Names(renames, "d")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzApply: whatever details say, nothing panics, and what is on a board can be read again.
func FuzzApply(f *testing.F) {
	for _, kind := range []string{
		"canvas_created", "canvas_renamed", "canvas_deleted", "node_added", "node_removed", "node_color_change",
		"node_text_change", "node_moved", "node_changed", "edge_added", "edge_changed",
	} {
		f.Add(kind, `{"node_id":"n","node":{"id":"n"},"old_color":"1","new_color":"2","old":{"x":1},"new":{"x":[1e9]}}`)
		f.Add(kind, `{"edge_id":"e","edge":{"id":"e"},"old_canvas_id":"a","snapshot":"{\"nodes\":[{}]}"}`)
		f.Add(kind, `{"node_id":"n","new_text":7,"old_node":{"id":"n","color":5,"text":""},"new_text_length":3}`)
		f.Add(kind, `{"node_id":"n","old":{"label_length":1},"new":{"label_length":`+strings.Repeat("[", 60)+strings.Repeat("]", 60)+`}}`)
	}
	f.Fuzz(func(t *testing.T, kind, details string) {
		f := follow(t, `0 a canvas_created `+created(`{"nodes":[{"id":"n","label":"l"},{"id":"n","color":5}],"edges":[{"id":"e"}]}`))
		for range 2 {
			f.Apply(learning.Event{Time: start, Canvas: "a", Type: kind, Details: json.RawMessage(details)}, shot)
		}
		for _, b := range f.Boards() {
			if _, err := canvas.Parse(b.Canvas().Encode()); err != nil {
				t.Errorf("%s: %v", b.Name, err)
			}
		}
	})
}
