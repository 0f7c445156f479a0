package vault

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"daybook"
	"daybook/canvas"
)

// append is the second step of recording: it hands the save's events to the book, all at once, and returns those that
// are in it. Events that the book's rules refuse are shortened; how far is put into the intent first, so that a second
// attempt makes the same lines. An error leaves the intent to be finished later.
func (r *Recorder) append(ctx context.Context, next *state, old, board *canvas.Board) ([]Recorded, error) {
	snapshot, err := r.snapshot(next, board)
	if err != nil {
		return nil, err
	}
	drafts := next.drafts(old, board, snapshot)
	if len(drafts) == 0 {
		return nil, nil // the order of the cards, say: another state without an event
	}
	drafts[0].leads = true
	a := &appending{
		r: r, state: next, drafts: drafts,
		told: make([]Recorded, len(drafts)), given: make([]bool, len(drafts)),
	}
	for {
		refused, err := a.attempt(ctx)
		if err != nil {
			return nil, err
		}
		if !refused {
			break
		}
		if _, err := r.snapshot(next, board); err != nil { // the time may be another now, and with it the day
			return nil, err
		}
		if err := r.write(r.intentFile(next.Lineage), next); err != nil {
			return nil, err
		}
	}
	var told []Recorded
	for _, t := range a.told {
		if t.Type != "" {
			told = append(told, t)
		}
	}
	return told, nil
}

// appending is the work of append.
type appending struct {
	r       *Recorder
	state   *state
	drafts  []draft
	told    []Recorded // by place; without Type while the event is not in the book
	given   []bool     // up: the book will not have it
	restamp bool       // the time has been set anew once
}

// attempt appends all events. It reports whether some were refused and have been made shorter, to be tried again.
func (a *appending) attempt(ctx context.Context) (refused bool, err error) {
	var events []daybook.Event
	var places []int
	for i, d := range a.drafts {
		level := a.state.Save.Short[i]
		if a.given[i] || level >= leftOut {
			continue
		}
		e, err := daybook.ParseEvent(a.state.line(d, level))
		var rule *daybook.RuleError
		switch {
		case errors.As(err, &rule):
			a.refuse(i, rule)
			refused = true
			continue
		case err != nil:
			return false, err
		}
		events, places = append(events, e), append(places, i)
	}
	if refused || len(events) == 0 {
		return refused, nil // one save is one AppendAll
	}
	for j, v := range a.r.book.AppendAll(ctx, events) {
		i := places[j]
		var rule *daybook.RuleError
		switch {
		case v.Err == nil:
			a.stored(i, events[j], v.Position.Duplicate)
		case errors.As(v.Err, &rule):
			a.refuse(i, rule)
			refused = true
		case errors.Is(v.Err, daybook.ErrConflict):
			a.giveUp(i, v.Err)
		default:
			err = errors.Join(err, fmt.Errorf("append event %d of %d: %w", i+1, len(a.drafts), v.Err))
		}
		if err != nil {
			return false, err // the others have most likely met the same
		}
	}
	return refused, nil
}

func (a *appending) stored(i int, e daybook.Event, duplicate bool) {
	if a.told[i].Type != "" {
		return // it went in before another one was refused
	}
	d := &a.drafts[i]
	a.told[i] = Recorded{
		Event: e, CanvasID: a.state.Path, File: a.r.file(a.state), Type: d.kind,
		NodeID: d.nodeID, NodeType: d.nodeType, EdgeID: d.edgeID, Words: d.words,
		Late: a.state.Save.Late, Duplicate: duplicate,
	}
}

// file is the path of the board's file on this machine; "" if the Recorder records no files.
func (r *Recorder) file(s *state) string {
	if r.root == "" {
		return ""
	}
	rel := s.Path
	if s.PathBytes != nil {
		rel = string(s.PathBytes)
	}
	return filepath.Join(r.root, filepath.FromSlash(rel))
}

// refuse makes the event shorter than it was. A time that the book refuses, because the clock was set back by more than
// a day since the intent was made, becomes the present.
func (a *appending) refuse(i int, rule *daybook.RuleError) {
	if rule.Member == "timestamp" {
		if !a.restamp {
			a.restamp = true
			a.state.Time = a.r.opts.now(a.r.book).Format(daybook.TimeLayout)
			if base, err := a.r.read(a.r.baseFile(a.state.Lineage)); err == nil {
				a.r.order(a.state, cmp.Or(base, &state{}))
			}
		}
		if a.state.Save.Short[i] == whole {
			return
		}
	}
	level := a.state.Save.Short[i] + 1
	if a.state.Save.Short == nil {
		a.state.Save.Short = map[int]int{}
	}
	a.state.Save.Short[i] = level
	if level >= leftOut {
		a.giveUp(i, rule)
	}
}

// giveUp leaves out an event that the book never takes. It does not happen to boards that come from the canvas package;
// if it does, the operator learns of it and recording goes on.
func (a *appending) giveUp(i int, err error) {
	a.given[i] = true
	a.r.opts.Logger.Error("the book refuses an event for good: it is not recorded",
		"canvas_id", a.state.Path, "event_type", a.drafts[i].kind, "save", a.state.saveID(), "error", oneLine(err))
	a.r.mu.Lock()
	a.r.total.Lost++
	a.r.mu.Unlock()
}

// snapshot stores a board seen for the first time and returns its name; "" for any other save.
func (r *Recorder) snapshot(s *state, board *canvas.Board) (string, error) {
	if s.Save.Kind != saveCreated {
		return "", nil
	}
	data := board.Encode()
	if s.Save.Lengths {
		data = encodeLengths(board)
	}
	name, err := r.book.Snapshot(r.book.DayOf(s.moment()), data)
	if err != nil {
		return "", fmt.Errorf("store the board as first seen: %w", err)
	}
	return name, nil
}

// encodeLengths is Board.Encode with the lengths of texts in their place, and without the members of the top level that
// JSON Canvas does not know, which may hold anything.
func encodeLengths(b *canvas.Board) []byte {
	list := func(n int, raw func(int) json.RawMessage) json.RawMessage {
		out := []byte{'['}
		for i := range n {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, lengthsOnly(raw(i))...)
		}
		return append(out, ']')
	}
	var o object
	o.put("nodes", list(len(b.Nodes), func(i int) json.RawMessage { return b.Nodes[i].Raw() }))
	o.put("edges", list(len(b.Edges), func(i int) json.RawMessage { return b.Edges[i].Raw() }))
	return o.json()
}
