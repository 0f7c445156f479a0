package review_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/canvas"
	"daybook/learning"
	"daybook/learning/review"
)

var first = time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)

func story(t testing.TB) learning.Palette {
	t.Helper()
	p, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// shot takes a snapshot's name for the board itself.
func shot(name string) (*canvas.Board, error) {
	if name == "missing" {
		return nil, errors.New("there is no such file")
	}
	return canvas.Parse([]byte(name))
}

// events reads events as text, one a line: DAY HH:MM:SS CANVAS TYPE DETAILS; day 1 is the first of the month. seen NODES is
// short for the details of a canvas_created.
func events(t testing.TB, script string) []learning.Event {
	t.Helper()
	var out []learning.Event
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		part := strings.SplitN(line, " ", 5)
		var day int
		if _, err := fmt.Sscan(part[0], &day); err != nil || len(part) < 5 {
			t.Fatalf("no event: %s", line)
		}
		clock, err := time.Parse(time.TimeOnly, part[1])
		if err != nil {
			t.Fatal(err)
		}
		at := first.AddDate(0, 0, day-1).Add(time.Duration(clock.Hour())*time.Hour +
			time.Duration(clock.Minute())*time.Minute + time.Duration(clock.Second())*time.Second)
		if nodes, ok := strings.CutPrefix(part[4], "seen "); ok {
			part[4] = fmt.Sprintf(`{"snapshot":%q}`, `{"nodes":`+nodes+`}`)
		}
		out = append(out, learning.Event{Time: at, Canvas: part[2], Type: part[3], Details: json.RawMessage(part[4])})
	}
	return out
}

func plan(t testing.TB, p learning.Palette, s review.Schedule, script string) *review.Plan {
	t.Helper()
	plan := review.New(p, s, time.UTC)
	for _, e := range events(t, script) {
		f, err := review.Read(e, p, shot)
		if err != nil && !strings.Contains(script, "missing") {
			t.Fatal(err)
		}
		if f != nil {
			plan.Apply(f)
		}
	}
	return plan
}

// on writes the list of a day, one card after the other: ID (WORDS) REASON SINCE-DAY DAYS.
func on(plan *review.Plan, day int) string {
	var out []string
	for _, it := range plan.List(first.AddDate(0, 0, day-1).Add(12 * time.Hour)).Items {
		line := it.Canvas + ":" + it.Card
		for _, r := range it.Reasons {
			line += fmt.Sprintf(" %s %s %d", r.Why, r.Since[len("2025-11-"):], r.Days)
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

func TestWhenDue(t *testing.T) {
	recolor := func(day, clock, old, new string) string {
		return day + " " + clock + ` a node_color_change {"node_id":"n","old_color":"` + old + `","new_color":"` + new + "\"}\n"
	}
	const seen = `1 09:00:00 a canvas_created seen `
	for _, c := range []struct {
		name, script string
		schedule     review.Schedule
		want         map[int]string // by day
	}{
		{
			"mastered at first sight", seen + `[{"id":"n","color":"2"}]`, review.FSRS,
			map[int]string{1: "", 2: "", 3: "a:n due 03 0", 5: "a:n due 03 2"},
		},
		{
			"partial at first sight, and for more than 7 days", seen + `[{"id":"n","color":"3"}]`, review.FSRS,
			map[int]string{1: "", 2: "a:n due 02 0", 8: "a:n due 02 6", 9: "a:n due 02 7 partial 01 8"},
		},
		{
			"not understood for more than 3 days", seen + `[{"id":"n","color":"1"}]`, review.FSRS,
			map[int]string{1: "", 4: "", 5: "a:n not_understood 01 4"},
		},
		{
			"without a colour, and of a role that says nothing of understanding",
			seen + `[{"id":"n"},{"id":"m","color":"5"},{"id":"k","color":"6"}]`, review.FSRS,
			map[int]string{30: ""},
		},
		{
			"forgotten", seen + `[{"id":"n","color":"2"}]` + "\n" + recolor("2", "10:00:00", "2", "1"), review.FSRS,
			map[int]string{2: "a:n regressed 02 0", 6: "a:n regressed 02 4 due 03 3 not_understood 02 4"},
		},
		{
			"forgotten and understood again", seen + `[{"id":"n","color":"2"}]` + "\n" +
				recolor("2", "10:00:00", "2", "3") + recolor("3", "10:00:00", "3", "2"), review.FSRS,
			map[int]string{3: "", 4: ""},
		},
		{
			"a mis-click", seen + `[{"id":"n","color":"2"}]` + "\n" +
				recolor("2", "10:00:00", "2", "1") + recolor("2", "10:00:59", "1", "2"), review.Story,
			map[int]string{1: "", 2: "a:n due 02 0"},
		},
		{
			"no mis-click any more", seen + `[{"id":"n","color":"2"}]` + "\n" +
				recolor("2", "10:00:00", "2", "1") + recolor("2", "10:01:01", "1", "2"), review.Story,
			map[int]string{2: "", 3: "", 4: "a:n due 04 0"},
		},
		{
			"the intervals of the story", seen + `[{"id":"n","color":"2"}]
			2 09:00:00 a card_reviewed {"node_id":"n","rating":"good"}
			4 09:00:00 a card_reviewed {"node_id":"n","rating":"good"}
			8 09:00:00 a card_reviewed {"node_id":"n","rating":"hard"}
			12 09:00:00 a card_reviewed {"node_id":"n","rating":"easy"}`, review.Story,
			map[int]string{26: "", 27: "a:n due 27 0"},
		},
		{
			"the story begins again", seen + `[{"id":"n","color":"2"}]
			2 09:00:00 a card_reviewed {"node_id":"n","rating":"easy"}
			6 09:00:00 a card_reviewed {"node_id":"n","rating":"again"}`, review.Story,
			map[int]string{6: "", 7: "a:n due 07 0"},
		},
		{
			"done twice on a day: the last one counts", seen + `[{"id":"n","color":"2"}]
			3 09:00:00 a card_reviewed {"node_id":"n","rating":"easy"}
			3 09:00:10 a card_reviewed {"node_id":"n","rating":"good"}`, review.Story,
			map[int]string{4: "", 5: "a:n due 05 0"},
		},
		{
			"done: what is not understood waits anew", seen + `[{"id":"n","color":"1"}]
			5 09:00:00 a card_reviewed {"node_id":"n","rating":"hard"}`, review.Story,
			map[int]string{5: "", 6: "a:n due 06 0", 9: "a:n due 06 3 not_understood 01 8"},
		},
		{
			"done: a regression is no more", seen + `[{"id":"n","color":"2"}]` + "\n" + recolor("2", "10:00:00", "2", "3") +
				`2 11:00:00 a card_reviewed {"node_id":"n","rating":"good"}`, review.Story,
			map[int]string{2: "", 3: "", 4: "a:n due 04 0"},
		},
		{
			"put off", seen + `[{"id":"n","color":"2"}]
			3 09:00:00 a card_snoozed {"node_id":"n","until":"2025-11-06"}`, review.Story,
			map[int]string{2: "", 5: "", 6: "a:n due 02 4"},
		},
		{
			"put off, and forgotten", seen + `[{"id":"n","color":"2"}]
			3 09:00:00 a card_snoozed {"node_id":"n","until":"2025-11-06"}` + "\n" + recolor("4", "10:00:00", "2", "1"), review.Story,
			map[int]string{4: "a:n regressed 04 0"},
		},
		{
			"odd notes", seen + `[{"id":"n","color":"2"}]
			3 09:00:00 a card_snoozed {"node_id":"n","until":"soon"}
			3 09:00:00 a card_snoozed {"until":"2025-11-06"}
			3 09:00:00 a card_reviewed {"node_id":"n","rating":"perfect"}
			3 09:00:00 a card_reviewed {"node_id":"nobody","rating":"good"}`, review.Story,
			map[int]string{3: "a:n due 02 1"},
		},
		{
			"removed, and back", seen + `[{"id":"n","color":"2"}]
			2 09:00:00 a node_removed {"node_id":"n","node":{"id":"n","color":"2"}}
			9 09:00:00 a node_added {"node_id":"n","node":{"id":"n","color":"2"}}`, review.FSRS,
			map[int]string{2: "", 9: "a:n due 03 6"},
		},
		{
			"added", `1 09:00:00 a node_added {"node_id":"n","node":{"id":"n","color":"2"}}`, review.Story,
			map[int]string{1: "", 2: "a:n due 02 0"},
		},
		{
			"two boards swap their names", seen + `[{"id":"n","color":"2"}]
			1 09:00:00 b canvas_created seen [{"id":"m","color":"1"}]
			2 09:00:00 b canvas_renamed {"old_canvas_id":"a"}
			2 09:00:00 a canvas_renamed {"old_canvas_id":"b"}`, review.FSRS,
			map[int]string{3: "b:n due 03 0", 5: "b:n due 03 2, a:m not_understood 01 4"},
		},
		{
			"to another board", seen + `[{"id":"n","color":"2","text":"t"}]
			2 09:00:00 b node_added {"node_id":"n","node":{"id":"n","color":"2","text":"t"}}
			2 09:05:00 a node_removed {"node_id":"n","node":{"id":"n","color":"2","text":"t"}}`, review.FSRS,
			map[int]string{3: "b:n due 03 0"},
		},
		{
			"a copy", seen + `[{"id":"n","color":"2","text":"t"}]
			2 09:00:00 b canvas_created seen [{"id":"n","color":"2","text":"t"}]`, review.FSRS,
			map[int]string{3: "a:n due 03 0", 4: "a:n due 03 1, b:n due 04 0"},
		},
		{
			"a board that is deleted", seen + `[{"id":"n","color":"2","text":"t"}]
			2 09:00:00 a canvas_deleted {}`, review.FSRS,
			map[int]string{9: ""},
		},
		{
			"a board that is first seen once more", seen + `[{"id":"n","color":"2"},{"id":"m","color":"2"}]
			2 09:00:00 a canvas_created seen [{"id":"n","color":"1"}]`, review.FSRS,
			map[int]string{2: "a:n regressed 02 0", 4: "a:n regressed 02 2 due 03 1"},
		},
		{
			"several of one id are one", seen + `[{"id":"n","color":"2"},{"id":"n","color":"2"},{"color":"2"}]
			2 09:00:00 a node_removed {"node_id":"n","node":{"id":"n","color":"2"}}`, review.FSRS,
			map[int]string{3: "a:n due 03 0"},
		},
		{
			"a snapshot that is missing, another program's events", `1 09:00:00 a canvas_created {"snapshot":"missing"}
			1 09:00:00 a canvas_created {}
			1 09:00:00 a node_color_change {"node_id":"n","old_color":"1","new_color":"2"}
			1 09:00:00 a node_color_change {"old_color":"1","new_color":"2"}`, review.FSRS,
			map[int]string{3: "a:n due 03 0"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := plan(t, story(t), c.schedule, c.script)
			for day, want := range c.want {
				if diff := cmp.Diff(want, on(plan, day)); diff != "" {
					t.Errorf("day %d (-want +got):\n%s", day, diff)
				}
			}
		})
	}
}

// TestOrderOfTheList: the reasons in their order, then what waits longest.
func TestOrderOfTheList(t *testing.T) {
	plan := plan(t, story(t), review.Story, `1 09:00:00 a canvas_created seen [{"id":"red","color":"1"},{"id":"old","color":"1"},`+
		`{"id":"due","color":"2"},{"id":"late","color":"2"},{"id":"back","color":"2"}]
		2 09:00:00 a node_color_change {"node_id":"red","old_color":"1","new_color":""}
		2 09:01:00 a card_reviewed {"node_id":"due","rating":"good"}
		3 09:00:00 a node_color_change {"node_id":"red","old_color":"","new_color":"1"}
		8 09:00:00 a node_color_change {"node_id":"back","old_color":"2","new_color":"3"}`)
	const want = "a:back regressed 08 0, a:late due 02 6, a:due due 04 4, a:old not_understood 01 7, a:red not_understood 03 5"
	if diff := cmp.Diff(want, on(plan, 8)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	today := plan.List(first.AddDate(0, 0, 7))
	totals := []review.Total{{
		Canvas: "a", Listed: 5, Learned: 3,
		Reasons: map[review.Why]int{review.Regressed: 1, review.Due: 2, review.NotUnderstood: 2},
	}}
	if diff := cmp.Diff(totals, today.Boards); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	if today.Day != "2025-11-08" || today.Next != "2025-11-09" || today.NextCards != 1 {
		t.Errorf("got %s, next %d on %s", today.Day, today.NextCards, today.Next)
	}
}

// TestItem: what is told of a card.
func TestItem(t *testing.T) {
	plan := plan(t, story(t), review.Story, `1 09:00:00 a canvas_created seen [{"id":"n","type":"text","text":" What\nis it? ","color":"2"},`+
		`{"id":"f","type":"file","file":"notes/é.md","color":"3"}]
		2 09:00:00 a node_text_change {"node_id":"n","old_text":"","new_text":"`+strings.Repeat("波", 200)+`"}
		2 09:00:00 a node_changed {"node_id":"f","node_type":"file","old":{"file":"notes/é.md"},"new":{"file":"notes/ö.md"}}
		2 09:00:00 a node_color_change {"node_id":"n","old_color":"2","new_color":"1"}`)
	got := plan.List(first.AddDate(0, 0, 1)).Items
	want := []review.Item{
		{
			Card: "n", Canvas: "a", Words: strings.Repeat("波", 80), Code: "1", From: "2", Role: learning.NotUnderstood,
			Reasons: []review.Reason{{Why: review.Regressed, Since: "2025-11-02"}}, Due: "2025-11-03",
		},
		{
			Card: "f", Canvas: "a", Words: "notes/ö.md", Code: "3", Role: learning.Partial,
			Reasons: []review.Reason{{Why: review.Due, Since: "2025-11-02"}}, Due: "2025-11-02",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOtherPalette: the same events under another palette, also one that reads another member.
func TestOtherPalette(t *testing.T) {
	const script = `1 09:00:00 a canvas_created seen [{"id":"n","color":"4"},{"id":"m","s":{"status":"done"}}]
		2 09:00:00 a node_changed {"node_id":"m","old":{"s":{"status":"done"}},"new":{"s":{"status":"open"}}}`
	jsoncanvas, err := learning.Profile("jsoncanvas")
	if err != nil {
		t.Fatal(err)
	}
	member := learning.Palette{Member: "s.status", Colors: map[string]learning.Color{
		"done": {Role: learning.Mastered}, "open": {Role: learning.NotUnderstood},
	}}
	for _, c := range []struct {
		palette learning.Palette
		want    string
	}{{story(t), ""}, {jsoncanvas, "a:n due 03 0"}, {member, "a:m regressed 02 1 due 03 0"}} {
		if diff := cmp.Diff(c.want, on(plan(t, c.palette, review.FSRS, script), 3)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.palette.Name, diff)
		}
	}
}

// TestFSRS: the intervals are those of FSRS 6 with its default weights, and grow with each success.
func TestFSRS(t *testing.T) {
	script := `1 09:00:00 a canvas_created seen [{"id":"n","color":"2"}]`
	day := 1
	var got []int
	for range 5 {
		p := plan(t, story(t), review.FSRS, script)
		due := day
		for on(p, due) == "" {
			due++
		}
		got = append(got, due-day)
		day = due
		script += fmt.Sprintf("\n"+`%d 09:00:00 a card_reviewed {"node_id":"n","rating":"good"}`, day)
		if day > 25 {
			break
		}
	}
	if diff := cmp.Diff([]int{2, 11, 46}, got); diff != "" {
		t.Errorf("intervals in days (-want +got):\n%s", diff)
	}
}

// TestSameAgain: the same events give the same list, whatever was asked in between.
func TestSameAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	var script strings.Builder
	script.WriteString(`1 08:00:00 a canvas_created seen [`)
	for i := range 40 {
		fmt.Fprintf(&script, `{"id":"%d","color":"%d"},`, i, 1+r.IntN(3))
	}
	text := strings.TrimSuffix(script.String(), ",") + "]\n"
	for i := range 300 {
		text += fmt.Sprintf(`%d 09:00:00 a node_color_change {"node_id":"%d","old_color":"%d","new_color":"%d"}`+"\n",
			1+i/12, r.IntN(40), 1+r.IntN(3), 1+r.IntN(3))
	}
	for _, s := range []review.Schedule{review.FSRS, review.Story} {
		a, b := plan(t, story(t), s, text), plan(t, story(t), s, text)
		for day := 1; day < 20; day++ {
			on(a, day)
		}
		if diff := cmp.Diff(on(a, 28), on(b, 28)); diff != "" || on(b, 28) == "" {
			t.Errorf("%s (-a +b):\n%s", s, diff)
		}
	}
}

func TestNamesOfRatingsAndSchedules(t *testing.T) {
	for _, r := range []review.Rating{review.Again, review.Hard, review.Good, review.Easy} {
		if got, err := review.ParseRating(r.String()); err != nil || got != r {
			t.Errorf("%v: got %v, %v", r, got, err)
		}
	}
	if _, err := review.ParseRating(""); err == nil || review.Rating(0).String() != "" {
		t.Error("no rating is one")
	}
	for _, s := range []review.Schedule{review.FSRS, review.Story} {
		if got, err := review.ParseSchedule(string(s)); err != nil || got != s {
			t.Errorf("%v: got %v, %v", s, got, err)
		}
	}
	if _, err := review.ParseSchedule("leitner"); err == nil {
		t.Error("leitner is a schedule")
	}
}

// FuzzRead: whatever an event says, nothing panics.
func FuzzRead(f *testing.F) {
	for _, kind := range []string{
		"canvas_created", "canvas_renamed", "canvas_deleted", "node_added", "node_removed", "node_color_change",
		"node_text_change", "node_changed", "card_reviewed", "card_snoozed",
	} {
		f.Add(kind, `{"node_id":"n","node":{"id":"n","text":"t"},"old_color":"1","new_color":"2","rating":"good","until":"2025-11-08"}`)
		f.Add(kind, `{"node_id":"n","new_text":"`+strings.Repeat("é", 300)+`","old_canvas_id":"b","snapshot":"{\"nodes\":[{}]}"}`)
		f.Add(kind, `{"node_id":"n","new_text":"\ud800`)
	}
	f.Fuzz(func(t *testing.T, kind, details string) {
		p := plan(t, story(t), review.FSRS, `1 09:00:00 a canvas_created seen [{"id":"n","color":"2"}]`)
		e := learning.Event{Time: first, Canvas: "a", Type: kind, Details: json.RawMessage(details)}
		for range 2 {
			if fact, err := review.Read(e, story(t), shot); err == nil && fact != nil {
				p.Apply(fact)
			}
		}
		p.List(first.AddDate(0, 1, 0))
	})
}
