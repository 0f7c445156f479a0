package learning_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"daybook/learning"
)

func story(t testing.TB) learning.Palette {
	p, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const noSteps = `"learning_events":{},"understanding_rate":0,"misclicks":0,"own_words_delta":0,"explanations":{}`

func statistics(t *testing.T, tally *learning.Tally) string {
	out, err := json.Marshal(tally.Statistics())
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestEmptyDay(t *testing.T) {
	const want = `{"total_events":0,"canvases_modified":[],"color_transitions":{},"event_types":{},` +
		`"color_distribution":{},` + noSteps + `,"learning_duration_seconds":0,"active_seconds":0,"boards":{}}`
	if got := statistics(t, learning.NewTally(nil, story(t))); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if s := learning.NewTally(nil, story(t)).Statistics(); !s.Start.IsZero() || !s.Last.IsZero() {
		t.Errorf("times of no events: %v and %v", s.Start, s.Last)
	}
}

func TestDay(t *testing.T) {
	at := func(clock string, e learning.Event) learning.Event {
		var err error
		if e.Time, err = time.Parse(time.DateTime, "2026-11-22 "+clock); err != nil {
			t.Fatal(err)
		}
		return e
	}
	tally := learning.NewTally(learning.Colors{"b": {"2": 4}}, story(t))
	for _, e := range []learning.Event{
		at("09:00:00", event("z.canvas", "canvas_created", `{"nodes":2,"colors":{"1":2}}`)),
		at("09:10:00", event("z.canvas", "node_color_change", `{"old_color":"1","new_color":"3"}`)),
		at("09:10:00", event("a.canvas", "node_color_change", `{"old_color":"","new_color":"1"}`)),
		at("22:59:59.5", event("z.canvas", "node_color_change", `{"old_color":"1","new_color":"3"}`)),
		at("23:00:00", event("z.canvas", "node_color_change", `{"old_color":"3","new_color":"4"}`)),
	} {
		tally.Add(e)
	}
	const want = `{"total_events":5,"canvases_modified":["z.canvas","a.canvas"],` +
		`"color_transitions":{"none_to_red":1,"purple_to_4":1,"red_to_purple":2},` +
		`"event_types":{"canvas_created":1,"node_color_change":4},` +
		`"color_distribution":{"4":1,"green":4,"purple":1,"red":1},` +
		`"learning_events":{"understanding_improving":2},"understanding_rate":1,"misclicks":0,"own_words_delta":0,"explanations":{},` +
		`"learning_duration_seconds":50400,"active_seconds":600.5,"boards":{` +
		`"a.canvas":{"total_events":1,"color_transitions":{"none_to_red":1},"learning_events":{},"understanding_rate":0,"active_seconds":0},` +
		`"z.canvas":{"total_events":4,"color_transitions":{"purple_to_4":1,"red_to_purple":2},` +
		`"learning_events":{"understanding_improving":2},"understanding_rate":1,"active_seconds":600.5}}}`
	if got := statistics(t, tally); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// TestNotes: that a card was looked at, or put off, is an event of the day and changes no board.
func TestNotes(t *testing.T) {
	tally := learning.NewTally(nil, story(t))
	tally.Add(event("b", "node_added", `{"node":{"color":"1"}}`))
	tally.Add(event("a", "card_reviewed", `{"node_id":"n","rating":"good"}`))
	tally.Add(event("a", "card_snoozed", `{"node_id":"n","until":"2026-11-25"}`))
	s := tally.Statistics()
	if s.TotalEvents != 3 || s.EventTypes["card_reviewed"] != 1 || !slices.Equal(s.CanvasesModified, []string{"b"}) {
		t.Errorf("got %+v", s)
	}
	tally.Add(event("a", "node_moved", `{}`))
	if got := tally.Statistics().CanvasesModified; !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("got %q", got)
	}
}

func TestStartIsCopied(t *testing.T) {
	start := learning.Colors{"a": {"1": 1}}
	learning.NewTally(start, story(t)).Add(event("a", "node_added", `{"node":{"color":"1"}}`))
	if got, want := start["a"]["1"], 1; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestOnlyColorChangesAreTransitions(t *testing.T) {
	tally := learning.NewTally(nil, story(t))
	for _, kind := range []string{"node_added", "node_changed", "", "color"} {
		tally.Add(event("a", kind, `{"old_color":"1","new_color":"2","node":{"color":"1"}}`))
	}
	if got := tally.Statistics().ColorTransitions; len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
}

func TestCodesOfOneNameAreSummed(t *testing.T) {
	p := learning.Palette{Colors: map[string]learning.Color{"1": {Name: "red"}, "4": {Name: "red"}}}
	tally := learning.NewTally(learning.Colors{"a": {"1": 3, "4": 1}, "b": {"1": -1}}, p)
	tally.Add(event("a", "node_color_change", `{"old_color":"1","new_color":"2"}`))
	tally.Add(event("a", "node_color_change", `{"old_color":"4","new_color":"2"}`))
	s := tally.Statistics()
	if got, want := s.ColorTransitions["red_to_2"], 2; got != want {
		t.Errorf("red_to_2: got %d, want %d", got, want)
	}
	if got, want := s.ColorDistribution["red"], 1; got != want {
		t.Errorf("red: got %d, want %d", got, want)
	}
}

func TestNegativeSumsAreDropped(t *testing.T) {
	tally := learning.NewTally(nil, story(t))
	tally.Add(event("a", "node_removed", `{"node":{"color":"1"}}`))
	if got := tally.Statistics().ColorDistribution; len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
	tally.Add(event("b", "canvas_created", `{"colors":{"1":3}}`))
	if got, want := tally.Statistics().ColorDistribution["red"], 2; got != want {
		t.Errorf("red: got %d, want %d", got, want)
	}
}

// TestOddEvents: whatever details say, the event is counted and nothing panics.
func TestOddEvents(t *testing.T) {
	tally := learning.NewTally(nil, story(t))
	n := 0
	kinds := []string{
		"", "canvas_created", "canvas_deleted", "canvas_renamed",
		"node_added", "node_removed", "node_color_change", "motion",
	}
	for _, kind := range kinds {
		for _, value := range []string{"", "null", "7", `"x"`, "[]", "{}", "true", "{", "-", "\x00", `{"":null}`} {
			for _, details := range []string{
				value, `{"colors":` + value + `}`, `{"colors":{"1":` + value + `}}`,
				`{"node":` + value + `}`, `{"node":{"color":` + value + `}}`, `{"old_canvas_id":` + value + `}`,
				`{"old_color":` + value + `,"new_color":"1"}`, `{"old_color":"1","new_color":` + value + `}`,
			} {
				tally.Add(event("a", kind, details))
				n++
			}
		}
	}
	s := tally.Statistics()
	types := s.EventTypes
	if s.TotalEvents != n || types["node_color_change"] != n/8 || types[""] != 0 || len(types) != 7 {
		t.Errorf("got %d events, types %v, want %d events", s.TotalEvents, s.EventTypes, n)
	}
	if s.LearningSeconds != 0 || !s.Start.IsZero() {
		t.Errorf("events of unknown time: got %v from %v", s.LearningSeconds, s.Start)
	}
}

func TestEventWithoutCanvas(t *testing.T) {
	tally := learning.NewTally(nil, story(t))
	tally.Add(event("", "node_color_change", `{"old_color":"1","new_color":"2"}`))
	const want = `{"total_events":1,"canvases_modified":[],"color_transitions":{"red_to_green":1},` +
		`"event_types":{"node_color_change":1},"color_distribution":{},` +
		`"learning_events":{"breakthrough":1},"understanding_rate":1,"misclicks":0,"own_words_delta":0,"explanations":{},` +
		`"learning_duration_seconds":0,"active_seconds":0,"boards":{}}`
	if got := statistics(t, tally); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestGaps(t *testing.T) {
	base := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		times  []time.Duration
		active time.Duration
	}{
		{"one event", []time.Duration{0}, 0},
		{"the same moment", []time.Duration{0, 0}, 0},
		{"15 minutes count", []time.Duration{0, 15 * time.Minute}, 15 * time.Minute},
		{"a nanosecond more does not", []time.Duration{0, 15*time.Minute + 1}, 0},
		{"one between joins two", []time.Duration{0, 20 * time.Minute, 10 * time.Minute}, 20 * time.Minute},
		{"backwards", []time.Duration{time.Hour, 50 * time.Minute, 0}, 10 * time.Minute},
	} {
		tally := learning.NewTally(nil, story(t))
		for _, d := range c.times {
			tally.Add(learning.Event{Time: base.Add(d)})
		}
		if got := tally.Statistics().ActiveSeconds.Duration(); got != c.active {
			t.Errorf("%s: got %v, want %v", c.name, got, c.active)
		}
	}
}

// TestAnyOrder adds the same times in many orders and compares with sorting them.
func TestAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	zones := []*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", -5*3600)}
	base := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for range 200 {
		var events []learning.Event
		for range 1 + r.IntN(60) {
			// Whole quarters of an hour are frequent, so that gaps of exactly 15 minutes and equal times occur.
			at := base.Add(time.Duration(r.IntN(96))*15*time.Minute + time.Duration(r.IntN(2)*r.IntN(900))*time.Second)
			events = append(events, learning.Event{Time: at.In(zones[r.IntN(3)]), Type: "node_moved"})
		}
		sorted := slices.SortedFunc(slices.Values(events), func(a, b learning.Event) int {
			return a.Time.Compare(b.Time)
		})
		active := time.Duration(0)
		for i := range sorted[1:] {
			if gap := sorted[i+1].Time.Sub(sorted[i].Time); gap <= 15*time.Minute {
				active += gap
			}
		}
		var want string
		for i := range 10 {
			tally := learning.NewTally(nil, story(t))
			for _, e := range events {
				tally.Add(e)
			}
			s := tally.Statistics()
			if got := s.ActiveSeconds.Duration(); got != active {
				t.Fatalf("active: got %v, want %v", got, active)
			}
			if got, want := s.LearningSeconds.Duration(), sorted[len(sorted)-1].Time.Sub(sorted[0].Time); got != want {
				t.Fatalf("duration: got %v, want %v", got, want)
			}
			got := statistics(t, tally) + s.Start.Format(time.RFC3339) + s.Last.Format(time.RFC3339)
			if i == 0 {
				want = got
			}
			if got != want {
				t.Fatalf("in another order\n got %s\nwant %s", got, want)
			}
			r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		}
	}
}

// TestStatisticsAtAnyTime: figures that are asked for after each event are those that are asked for once, and those of a
// board are others only if BoardChanges says so.
func TestStatisticsAtAnyTime(t *testing.T) {
	codes := []string{"", "1", "3"}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 5))
		pick := func(s ...string) string { return s[r.IntN(len(s))] }
		running, once := learning.NewTally(nil, story(t)), learning.NewTally(nil, story(t))
		at := time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
		texts := make(map[string]string)
		for range 40 {
			at = at.Add(time.Duration(r.IntN(40)) * time.Second)
			e := event(pick("a", "b", "c"), pick("node_color_change", "node_color_change", "node_color_change", "node_added", "canvas_renamed"),
				fmt.Sprintf(`{"node_id":%q,"old_color":%q,"new_color":%q,"node":{"id":"n","color":%q},"old_canvas_id":%q}`,
					pick("n", "m"), pick(codes...), pick(codes...), pick(codes...), pick("a", "b")))
			e.Time = at
			running.Add(e)
			once.Add(e)
			for board, figures := range running.Statistics().Boards {
				text, err := json.Marshal(figures)
				if err != nil {
					t.Fatal(err)
				}
				key := fmt.Sprint(board, running.BoardChanges(board))
				if was, known := texts[key]; known && was != string(text) {
					t.Fatalf("seed %d: BoardChanges(%s) does not tell that\n%s has become\n%s", seed, board, was, text)
				}
				texts[key] = string(text)
			}
		}
		if got, want := statistics(t, running), statistics(t, once); got != want {
			t.Fatalf("seed %d:\n got %s\nwant %s", seed, got, want)
		}
	}
}

// TestManyFlips: a card that is recoloured very often within a minute costs no more for it.
func TestManyFlips(t *testing.T) {
	tally := learning.NewTally(nil, story(t))
	recolor := func(old, new string) {
		e := event("a", "node_color_change", fmt.Sprintf(`{"node_id":"n","old_color":%q,"new_color":%q}`, old, new))
		e.Time = time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
		tally.Add(e)
	}
	codes := []string{"1", "2", "3"}
	for i := range 3000 {
		recolor(codes[i%3], codes[(i+1)%3])
	}
	for i := 3000; i > 2984; i-- {
		recolor(codes[i%3], codes[(i+2)%3])
	}
	if got := tally.Statistics().Misclicks; got != 16 {
		t.Errorf("%d changes were taken back, want 16", got)
	}
}

func TestSecondsJSON(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0"},
		{90 * time.Second, "90"},
		{500 * time.Millisecond, "0.5"},
		{12*time.Second + 1, "12.000000001"},
		{-1500 * time.Millisecond, "-1.5"},
		{-time.Millisecond, "-0.001"},
		{1<<63 - 1, "9223372036.854775807"},
	} {
		got, err := json.Marshal(learning.Seconds(c.d))
		if err != nil || string(got) != c.want {
			t.Errorf("%v: got %s (%v), want %s", c.d, got, err, c.want)
		}
		var back learning.Seconds
		if err := json.Unmarshal(got, &back); err != nil || back.Duration() != c.d {
			t.Errorf("%s: got %v (%v), want %v", got, back, err, c.d)
		}
	}
	s := learning.Seconds(7)
	if err := json.Unmarshal([]byte(`"7"`), &s); err == nil {
		t.Errorf("a string: got %v, want an error", s)
	}
	if err := json.Unmarshal([]byte(`null`), &s); err != nil || s != 7 {
		t.Errorf("null: got %v and %v, want 7ns as before", s, err)
	}
}

// BenchmarkAdd shows that an event costs the same however many there were.
func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{0, 30_000} {
		b.Run(fmt.Sprintf("after=%d", n), func(b *testing.B) {
			tally := learning.NewTally(nil, story(b))
			e := event("a.canvas", "node_color_change", `{"node_id":"n","old_color":"1","new_color":"3"}`)
			start := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
			i := 0
			add := func() {
				e.Time = start.Add(time.Duration(i%(24*60)) * time.Minute)
				tally.Add(e)
				i++
			}
			for range n {
				add()
			}
			for b.Loop() {
				add()
			}
		})
	}
}

// BenchmarkStatistics reads the figures of a vault of 1,000 boards.
func BenchmarkStatistics(b *testing.B) {
	tally := learning.NewTally(nil, story(b))
	for i := range 1000 {
		tally.Add(event(fmt.Sprint("board", i), "canvas_created", `{"colors":{"1":3,"2":4,"":9}}`))
	}
	for b.Loop() {
		tally.Statistics()
	}
}
