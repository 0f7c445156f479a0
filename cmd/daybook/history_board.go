package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/internal/printable"
	"daybook/learning"
	"daybook/learning/history"
)

// eventsOf returns the events of the board called name, and of those that have shared a name with it, and these names.
func (r *bookReader) eventsOf(boards *bookBoards, name string) ([]dated, map[string]bool, error) {
	names := boards.sharing(name)
	var conditions []daybook.Condition
	for _, n := range slices.Sorted(maps.Keys(names)) {
		conditions = append(conditions, daybook.Condition{Member: "canvas_id", Value: n})
	}
	events, err := r.search(conditions...)
	return events, names, err
}

// boardAt prints the board that was called name at a time, or that is or was called so at another.
func boardAt(e env, r *bookReader, boards *bookBoards, name string, at time.Time) error {
	events, _, err := r.eventsOf(boards, name)
	if err != nil {
		return err
	}
	board, err := rebuild(r, events, name, at)
	if err != nil {
		return err
	}
	if board.Name != name {
		e.say("note", "the board was called %s at that time", board.Name)
	}
	if board.TextsLost {
		e.say("warning", "the book has only the lengths of some texts of this board (`daybook watch --text-lengths`, or "+
			"texts too long for a line): these cards have text_length in their place")
	}
	if err := e.printData(string(board.Canvas().Encode()) + "\n"); err != nil {
		return err
	}
	if n := len(board.Doubts); n > 0 {
		first := board.Doubts[0]
		return &failure{
			exitFailed,
			fmt.Errorf("what is printed may not be what was on the board: %s (event of %s)%s", first.Reason,
				first.Time.In(at.Location()).Format(time.DateTime), andMore(n-1)),
			"`daybook verify` looks for damage in the book",
		}
	}
	return nil
}

func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}

// rebuild returns the board called name as it was at a time, from the events of all boards that share names with it.
func rebuild(r *bookReader, events []dated, name string, at time.Time) (*history.Board, error) {
	n := len(events)
	for n > 0 && events[n-1].at.After(at) {
		n--
	}
	then := history.New(nil)
	for _, d := range events[:n] {
		r.follow(then, d)
	}
	board := then.Board(name)
	if board == nil {
		board = sameBoard(then, events, name)
	}
	if board != nil && board.Deleted.IsZero() {
		return board, broken(board)
	}
	if len(events) == 0 {
		return nil, &failure{exitUsage, &noBoard{name}, "`daybook history` knows the boards of the book"}
	}
	reason := fmt.Sprintf("it was first seen at %s", events[0].Time.In(at.Location()).Format(time.DateTime))
	if board != nil {
		reason = fmt.Sprintf("it was deleted at %s", board.Deleted.In(at.Location()).Format(time.DateTime))
	}
	return nil, usage(fmt.Sprintf("`daybook history %s` tells what happened to it", printable.Argument(name)),
		"there was no board %q at %s: %s", name, at.Format(time.DateTime), reason)
}

// sameBoard returns the board that had the name last before, or else gets it later; nil if none does.
func sameBoard(then *history.Follower, events []dated, name string) *history.Board {
	if b := then.Holder(name); b != nil {
		return b
	}
	all := history.New(nil)
	for _, d := range events {
		all.Apply(d.Event, nil)
	}
	known := then.Boards()
	if b := all.Holder(name); b != nil && b.Number < len(known) {
		return known[b.Number]
	}
	return nil
}

// broken is the error of a board whose beginning is not known because its snapshot cannot be had.
func broken(b *history.Board) error {
	if b.Lost == "" {
		return nil
	}
	return &failure{
		exitFailed,
		fmt.Errorf("the board %s cannot be rebuilt: %s", b.Name, b.Lost),
		"bring the snapshot back from a copy of the book; `daybook verify` lists all damage",
	}
}

// save is what happened to a board at one moment.
type boardSave struct {
	Time     string         `json:"time"`
	Canvas   string         `json:"canvas_id"`
	Events   map[string]int `json:"events"`
	Colors   map[string]int `json:"color_transitions,omitempty"`
	From     string         `json:"old_canvas_id,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Cards    *int           `json:"nodes,omitempty"`
	Edges    *int           `json:"edges,omitempty"`
	Observed string         `json:"observed,omitempty"`

	at  time.Time
	key string
}

// boardLog prints what happened to a board, save by save.
func boardLog(
	e env, g *globals, r *bookReader, boards *bookBoards, name string, days daybook.Query, p learning.Palette,
) error {
	events, names, err := r.eventsOf(boards, name)
	if err != nil {
		return err
	}
	own, err := ownEvents(events, names, name)
	if err != nil {
		return err
	}
	saves := savesOf(own, r.book.Zone(), p)
	last := name
	if len(saves) > 0 {
		last = saves[len(saves)-1].Canvas
	}
	saves = slices.DeleteFunc(saves, func(s *boardSave) bool { return !inDays(days, r.book.DayOf(s.at)) })
	if g.json {
		for _, s := range saves {
			if err := e.printJSON(s); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	for _, s := range saves {
		fmt.Fprintf(&b, "%s  %s", s.at.Format(time.DateTime), s.describe())
		if s.Canvas != last { // and two boards may have had a name in turn
			fmt.Fprintf(&b, "  (%s)", printable.Line(s.Canvas))
		}
		b.WriteByte('\n')
	}
	if len(saves) == 0 {
		e.say("note", "nothing happened to %s on these days", name)
	}
	return e.print(b.String())
}

func inDays(q daybook.Query, d daybook.Day) bool {
	return (q.From.IsZero() || q.From.Compare(d) <= 0) && (q.To.IsZero() || d.Compare(q.To) <= 0)
}

// ownEvents returns those of the events that are of boards that are or were called name.
func ownEvents(events []dated, names map[string]bool, name string) ([]dated, error) {
	if len(names) == 1 {
		return events, nil
	}
	all := history.New(nil)
	number := make([]int, len(events))
	for i, d := range events {
		all.Apply(d.Event, nil)
		number[i] = -1
		if b := all.Latest(); b != nil {
			number[i] = b.Number
		}
	}
	var own []dated
	for i, d := range events {
		if number[i] >= 0 && slices.Contains(all.Boards()[number[i]].Names, name) {
			own = append(own, d)
		}
	}
	return own, nil
}

// savesOf puts together the events of one save: those of one moment that have the same details.save.
func savesOf(events []dated, zone *time.Location, p learning.Palette) []*boardSave {
	var saves []*boardSave
	for _, ev := range events {
		var d struct {
			details
			Save     string `json:"save"`
			Observed string `json:"observed"`
		}
		json.Unmarshal(ev.Details, &d) // what cannot be read is not told
		key := ev.Canvas + "\x00" + d.Save
		if d.Save == "" {
			key += ev.Time.String()
		}
		s := &boardSave{Events: map[string]int{}, Colors: map[string]int{}}
		if n := len(saves); n > 0 && saves[n-1].key == key {
			s = saves[n-1]
		} else {
			saves = append(saves, s)
		}
		s.key, s.at, s.Canvas, s.Observed = key, ev.Time.In(zone), ev.Canvas, d.Observed
		s.Time = s.at.Format(daybook.TimeLayout)
		s.Events[ev.Type]++
		switch ev.Type {
		case "canvas_created", "canvas_deleted":
			s.Cards, s.Edges = &d.Nodes, &d.Edges
		case "canvas_renamed":
			s.From = d.OldCanvasID
		case "canvas_unreadable":
			s.Reason = d.Reason
		}
		if _, old, new, ok := p.Recolored(ev.Event); ok {
			s.Colors[p.For(ev.Canvas).Transition(old, new)]++
		}
	}
	return saves
}

// describe tells a person of a save on one line.
func (s *boardSave) describe() string {
	var parts []string
	for _, tr := range slices.Sorted(maps.Keys(s.Colors)) {
		text := strings.Replace(printable.Line(tr), "_to_", " → ", 1)
		if n := s.Colors[tr]; n > 1 {
			text = fmt.Sprintf("%d %s", n, text)
		}
		parts = append(parts, text)
	}
	for _, t := range slices.Sorted(maps.Keys(s.Events)) {
		n := s.Events[t]
		switch t {
		case "canvas_created":
			parts = append(parts, fmt.Sprintf("first seen: %s, %s", count(*s.Cards, "card"), count(*s.Edges, "edge")))
		case "canvas_deleted":
			parts = append(parts, fmt.Sprintf("board deleted: it had %s", count(*s.Cards, "card")))
		case "canvas_renamed":
			parts = append(parts, "renamed from "+printable.Line(s.From))
		case "canvas_unreadable":
			parts = append(parts, "cannot be read: "+printable.Line(s.Reason))
		case "node_color_change": // told above
		default:
			what, verb, _ := strings.Cut(t, "_")
			verb = cmp.Or(map[string]string{"text_change": "with another text"}[verb], strings.ReplaceAll(verb, "_", " "))
			parts = append(parts, count(n, strings.Replace(what, "node", "card", 1))+" "+verb)
		}
	}
	text := strings.Join(parts, ", ")
	return text + observedText(s.Observed)
}
