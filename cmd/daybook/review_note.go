package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"daybook"

	"daybook/internal/printable"
)

// note stores that a card was looked at, or is put off.
func (a *reviewArgs) note(ctx context.Context, e env, g *globals, r *bookReader) error {
	boards, err := r.boards()
	if err != nil {
		return err
	}
	board := ""
	if a.board != "" {
		if board, err = r.resolve(boards, a.board); err != nil {
			return err
		}
	}
	given := a.done
	if a.toBeSnoozed {
		given = a.snooze
	}
	card, err := r.findCard(boards, given, board)
	if err != nil {
		return err
	}
	if !card.On {
		return usage("`daybook history "+printable.Argument(card.ID)+"` tells what happened to it",
			"%s is on no board: it was removed at %s", quoted(card.Node),
			card.Removed().In(r.book.Zone()).Format(time.DateTime))
	}
	n := cardNote{Canvas: card.Board, Type: "card_reviewed", Details: cardDetails{Node: card.ID, NodeType: card.Node.Type()}}
	now := r.book.Now()
	said := "looked at today (" + a.rating.String() + ")"
	if a.toBeSnoozed {
		until := r.book.DayOf(now).Add(a.days)
		n.Type, n.Details.Until = "card_snoozed", until.String()
		said = "put off until " + until.String()
	} else {
		n.Details.Rating = a.rating.String()
	}
	known, err := r.noted(n, r.book.DayOf(now))
	if err != nil {
		return err
	}
	status := "stored"
	if known != nil {
		status = "duplicate"
		said += ", as you said already"
	} else if known, err = n.store(ctx, r.book, now); err != nil {
		return err
	}
	if g.json {
		return e.printJSON(noteJSON{known.ID(), status, n.Canvas, card.ID, n.Type, n.Details.Rating, n.Details.Until})
	}
	return e.print(describeNote(quoted(card.Node), said))
}

// cardNote is an event that a person makes with `daybook review`.
type cardNote struct {
	Time    string      `json:"timestamp"`
	Canvas  string      `json:"canvas_id"`
	Type    string      `json:"event_type"`
	Details cardDetails `json:"details"`
}

type cardDetails struct {
	Node     string `json:"node_id"`
	NodeType string `json:"node_type,omitempty"`
	Rating   string `json:"rating,omitempty"`
	Until    string `json:"until,omitempty"`
}

type noteJSON struct {
	ID     string `json:"event_id"`
	Status string `json:"status"`
	Canvas string `json:"canvas_id"`
	Node   string `json:"node_id"`
	Type   string `json:"event_type"`
	Rating string `json:"rating,omitempty"`
	Until  string `json:"until,omitempty"`
}

// noted returns the event of today that says the same of the card, if it is the last of its type there; else nil.
func (r *bookReader) noted(n cardNote, today daybook.Day) (*daybook.Event, error) {
	var last *daybook.Event
	same := false
	where := []daybook.Condition{
		{Member: "event_type", Value: n.Type},
		{Member: "canvas_id", Value: n.Canvas},
		{Member: "details.node_id", Value: n.Details.Node},
	}
	for entry, err := range r.book.Search(r.ctx, daybook.Query{From: today, To: today}, where...) {
		if err != nil {
			if err := r.harmless(err); err != nil {
				return nil, err
			}
			continue
		}
		var d cardDetails
		raw, _ := entry.Event.Member("details")
		if json.Unmarshal(raw, &d) != nil {
			continue
		}
		last, same = &entry.Event, d.Rating == n.Details.Rating && d.Until == n.Details.Until
	}
	if !same {
		return nil, nil
	}
	return last, nil
}

// store appends the event.
func (n cardNote) store(ctx context.Context, book *daybook.Book, now time.Time) (*daybook.Event, error) {
	n.Time = now.Format(daybook.TimeLayout)
	var line bytes.Buffer
	if err := newEncoder(&line).Encode(n); err != nil {
		return nil, fmt.Errorf("write the event: %w", err)
	}
	event, err := daybook.ParseEvent(line.Bytes())
	if err != nil {
		return nil, err
	}
	_, err = book.Append(ctx, event)
	return &event, err
}
