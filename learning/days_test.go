package learning_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/learning"
)

// TestDays runs the cases of testdata/days.txt.
func TestDays(t *testing.T) {
	text, err := os.ReadFile("testdata/days.txt")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n\n")
	for _, block := range blocks[1:] {
		title, rest, _ := strings.Cut(strings.TrimPrefix(block, "# "), "\n")
		t.Run(title, func(t *testing.T) { runDay(t, rest) })
	}
}

func runDay(t *testing.T, script string) {
	p := story(t)
	var tally *learning.Tally
	var figures map[string]json.RawMessage
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "palette: "); ok {
			over := learning.Palette{}
			if err := json.Unmarshal([]byte(rest), &over); err != nil {
				t.Fatal(err)
			}
			if over.Colors == nil {
				over.Colors = p.Colors
			}
			p = over
			continue
		}
		if tally == nil {
			tally = learning.NewTally(nil, p)
		}
		if rest, ok := strings.CutPrefix(line, "=> "); ok {
			if figures == nil {
				out, err := json.Marshal(tally.Statistics())
				if err != nil || json.Unmarshal(out, &figures) != nil {
					t.Fatal(err)
				}
			}
			name, want, _ := strings.Cut(rest, " ")
			if diff := cmp.Diff(value(t, want), value(t, string(figures[name]))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			continue
		}
		words := strings.SplitN(line, " ", 4)
		e := event(words[1], words[2], words[3])
		if e.Canvas == "-" {
			e.Canvas = ""
		}
		if words[0] != "?" {
			at, err := time.Parse(time.DateTime, "2025-11-08 "+words[0])
			if err != nil {
				t.Fatal(err)
			}
			e.Time = at
		}
		tally.Add(e)
	}
	if figures == nil {
		t.Error("the case expects nothing")
	}
}

func value(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// TestStep: what an event is by itself, for those who ask without a day.
func TestStep(t *testing.T) {
	for _, c := range []struct {
		event learning.Event
		want  learning.Step
	}{
		{event("a", "node_color_change", `{"old_color":"1","new_color":"3"}`), learning.Step{Kind: learning.Improving}},
		{event("a", "node_color_change", `{"old_color":"3","new_color":"2"}`), learning.Step{Kind: learning.MasteredNow}},
		{event("a", "node_color_change", `{"old_color":"1","new_color":"2"}`), learning.Step{Kind: learning.Breakthrough}},
		{event("a", "node_color_change", `{"old_color":"2","new_color":"1"}`), learning.Step{Kind: learning.Regressed}},
		{event("a", "node_color_change", `{"old_color":"1","new_color":"1"}`), learning.Step{}},
		{event("a", "node_color_change", `{}`), learning.Step{}},
		{event("a", "node_added", `{"node":{"color":"1"}}`), learning.Step{Kind: learning.KnowledgeAdded}},
		{event("a", "node_removed", `{"node":{"color":"1"}}`), learning.Step{}},
		{
			event("a", "node_text_change", `{"color":"6","old_text":"数","new_text":7}`),
			learning.Step{Kind: learning.OwnWordsUpdated, OldText: 1, NewText: 1},
		},
		{
			event("a", "node_text_change", `{"color":"6","old_text_length":9,"new_text_length":2}`),
			learning.Step{Kind: learning.OwnWordsUpdated, OldText: 9, NewText: 2},
		},
		{event("a", "node_text_change", `{"old_text":"a","new_text":"b"}`), learning.Step{}},
		{event("a", "node_moved", `{}`), learning.Step{}},
	} {
		got, ok := story(t).Step(c.event)
		if got != c.want || ok != (c.want.Kind != "") {
			t.Errorf("%s %s: got %+v, %t, want %+v", c.event.Type, c.event.Details, got, ok, c.want)
		}
	}
	s := learning.Step{OldText: 9, NewText: 2}
	if got := s.Delta(); got != -7 {
		t.Errorf("delta: got %d, want -7", got)
	}
}

// TestSittings: each with its ends and its events, whatever their order.
func TestSittings(t *testing.T) {
	tally := learning.NewTally(nil, story(t))
	base := time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
	for _, minutes := range []int{300, 0, 20, 10, 301} {
		tally.Add(learning.Event{Time: base.Add(time.Duration(minutes) * time.Minute)})
	}
	want := []learning.Sitting{
		{Start: base, End: base.Add(20 * time.Minute), Events: 3},
		{Start: base.Add(5 * time.Hour), End: base.Add(301 * time.Minute), Events: 2},
	}
	if diff := cmp.Diff(want, tally.Statistics().Sittings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// BenchmarkEvents adds each kind of event that says what was learned, after 30,000 of them on 20 boards and 300 cards.
func BenchmarkEvents(b *testing.B) {
	own := story(b)
	own.Boards = []learning.BoardPalette{{Paths: []string{"Lists"}, Member: "styleAttributes.status", Colors: map[string]learning.Color{
		"open": {Name: "open", Role: learning.NotUnderstood}, "done": {Name: "done", Role: learning.Mastered},
	}}}
	for _, c := range []struct{ name, board, kind, details string }{
		{"recolor", "b", "node_color_change", `{"node_id":"%d","node_type":"text","save":"s","old_color":"1","new_color":"3"}`},
		{"member", "Lists/b", "node_changed", `{"node_id":"%d","old":{"styleAttributes":{"status":"open"}},"new":{"styleAttributes":{"status":"done"}}}`},
		{"add", "b", "node_added", `{"node_id":"%d","node_type":"text","save":"s","node":{"id":"1","type":"text","text":"🔍 why","color":"5"}}`},
		{"text", "b", "node_text_change", `{"node_id":"%d","node_type":"text","save":"s","color":"6","old_text":"because","new_text":"because of that"}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			tally := learning.NewTally(nil, own)
			start := time.Date(2025, 11, 8, 0, 0, 0, 0, time.UTC)
			var events []learning.Event
			for i := range 3000 {
				e := event(fmt.Sprint(c.board, i%20), c.kind, fmt.Sprintf(c.details, i%300))
				e.Time = start.Add(time.Duration(i) * 20 * time.Second)
				events = append(events, e)
			}
			for range 10 {
				for _, e := range events {
					tally.Add(e)
				}
			}
			for i := 0; b.Loop(); i++ {
				tally.Add(events[i%len(events)])
			}
		})
	}
}

// TestDayAgainstModel compares the figures of random days with a count that keeps every change and looks through all of them.
func TestDayAgainstModel(t *testing.T) {
	type change struct {
		board, card, old, new string
		at                    time.Time
	}
	names := map[string]string{"": "none", "1": "red", "2": "green", "3": "purple", "4": "4"}
	steps := map[string]learning.StepKind{
		"red_to_purple": learning.Improving, "purple_to_green": learning.MasteredNow, "red_to_green": learning.Breakthrough,
		"green_to_purple": learning.Regressed, "purple_to_red": learning.Regressed, "green_to_red": learning.Regressed,
	}
	codes := []string{"", "1", "2", "3", "4"}
	taken := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		tally := learning.NewTally(nil, story(t))
		var standing []change
		misclicks := 0
		at := time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
		for range 80 {
			at = at.Add(time.Duration(r.IntN(45)) * time.Second)
			c := change{string(rune('a' + r.IntN(2))), string(rune('n' + r.IntN(2))), codes[r.IntN(5)], codes[r.IntN(5)], at}
			if n := len(standing); n > 0 && r.IntN(2) == 0 { // often back
				last := standing[n-1]
				c = change{last.board, last.card, last.new, last.old, at}
			}
			e := event(c.board, "node_color_change", fmt.Sprintf(`{"node_id":%q,"old_color":%q,"new_color":%q}`, c.card, c.old, c.new))
			e.Time = at
			tally.Add(e)
			back := -1
			for i, s := range standing {
				if s.board == c.board && s.card == c.card {
					back = i
				}
			}
			if back >= 0 {
				s := standing[back]
				if s.old != c.new || s.new != c.old || c.old == c.new || at.Sub(s.at) > time.Minute {
					back = -1
				}
			}
			if back < 0 {
				standing = append(standing, c)
				continue
			}
			misclicks++
			standing = slices.Delete(standing, back, back+1)
		}
		transitions, learned := map[string]int{}, map[learning.StepKind]int{}
		for _, c := range standing {
			name := names[c.old] + "_to_" + names[c.new]
			transitions[name]++
			if kind := steps[name]; kind != "" {
				learned[kind]++
			}
		}
		s := tally.Statistics()
		if s.Misclicks != misclicks || !maps.Equal(s.ColorTransitions, transitions) || !maps.Equal(s.LearningEvents, learned) {
			t.Fatalf("seed %d: got %d mis-clicks, %v, %v\nwant %d, %v, %v", seed, s.Misclicks, s.ColorTransitions, s.LearningEvents, misclicks, transitions, learned)
		}
		taken += misclicks
	}
	if taken == 0 {
		t.Error("no day had a mis-click")
	}
}
