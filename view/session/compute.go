package session

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"time"

	"daybook"
	"daybook/learning"
)

// Document returns the session document of a day as the book has it now: byte for byte what a View with the palette p
// writes, but never half written. It takes no lock and changes nothing. A day without events has a document without
// events. The zero Palette means the profile "story".
func Document(ctx context.Context, b *daybook.Book, day daybook.Day, p learning.Palette) ([]byte, error) {
	h, err := readHistory(b)
	if err != nil {
		return nil, err
	}
	p = orStory(p)
	o, err := h.start(ctx, b, b.FS(), day, p, nil)
	if err != nil {
		return nil, err
	}
	return compose(ctx, b, day, o, p)
}

// compose returns the document of a day that begins with o.
func compose(ctx context.Context, b *daybook.Book, day daybook.Day, o origin, p learning.Palette) ([]byte, error) {
	tally := learning.NewTally(o.colors, p)
	text := appendHead(nil, day, o.colors)
	headSum := crc32.Checksum(text, castagnoli())
	at := place{head: int64(len(text)), before: o.before, palette: paletteSum(p)}
	for l, err := range lines(ctx, b, day, 0, nil) {
		if err != nil {
			return nil, err
		}
		text = appendLine(text, at.book == 0, l.text)
		tally.Add(learned(l.event))
		at.book = l.end
	}
	at.tail, at.events = int64(len(text)), crc32.Checksum(text[at.head:], castagnoli())
	text, _ = appendTail(text, at, headSum, day, b.Zone(), tally, &boardTexts{})
	return text, nil
}

// Statistics are the figures of a day's session: what story 11.2 calls get_today_stats.
type Statistics struct {
	SessionID string `json:"session_id"` // as in session_2025-11-08
	Date      string `json:"date"`       // as in 2025-11-08
	// TotalEvents and the lists and counts are learning.Statistics's; none is nil.
	TotalEvents       int                       `json:"total_events"`
	CanvasesModified  []string                  `json:"canvases_modified"`
	ColorTransitions  map[string]int            `json:"color_transitions"`
	ColorDistribution map[string]int            `json:"color_distribution"`
	EventTypes        map[string]int            `json:"event_types"`
	LearningEvents    map[learning.StepKind]int `json:"learning_events"`
	UnderstandingRate float64                   `json:"understanding_rate"`
	Misclicks         int                       `json:"misclicks"`
	OwnWordsDelta     int                       `json:"own_words_delta"`
	Explanations      map[string]int            `json:"explanations"`
	// StartTime and LastUpdate are the times of the earliest and the latest event in the book's zone, as in
	// 2025-11-08T14:32:15.123456+01:00; nil, null in JSON, on a day without events.
	StartTime       *string                             `json:"start_time"`
	LastUpdate      *string                             `json:"last_update"`
	LearningSeconds learning.Seconds                    `json:"learning_duration_seconds"` // from the earliest to the latest event
	ActiveSeconds   learning.Seconds                    `json:"active_seconds"`            // gaps over the palette's idle gap left out
	Sittings        []Sitting                           `json:"sittings"`                  // never nil
	Boards          map[string]learning.BoardStatistics `json:"boards"`
	// Damage is what the day's file holds that is no event and does not count; nil if there is none.
	Damage []*daybook.DamageError `json:"-"`
}

// Stats returns the statistics of a day as the book has them now. A day without events has zeros and empty lists, no times,
// and the colour distribution of the days before. The zero Palette means the profile "story".
func Stats(ctx context.Context, b *daybook.Book, day daybook.Day, p learning.Palette) (Statistics, error) {
	h, err := readHistory(b)
	if err != nil {
		return Statistics{}, err
	}
	p = orStory(p)
	o, err := h.start(ctx, b, b.FS(), day, p, nil)
	if err != nil {
		return Statistics{}, err
	}
	tally := learning.NewTally(o.colors, p)
	damage := o.damage
	for e, err := range daybook.Extract(ctx, b, daybook.Query{From: day, To: day}, extractBy(p)) {
		switch harm := asDamage(err); {
		case harm != nil:
			damage = append(damage, harm)
		case err != nil:
			return Statistics{}, err
		case e.whole:
			tally.AddWith(e.Event, e.facts)
		}
	}
	s := tally.Statistics()
	out := Statistics{
		SessionID: sessionID(day), Date: day.String(),
		TotalEvents: s.TotalEvents, CanvasesModified: s.CanvasesModified,
		ColorTransitions: s.ColorTransitions, ColorDistribution: s.ColorDistribution, EventTypes: s.EventTypes,
		LearningEvents: s.LearningEvents, UnderstandingRate: s.UnderstandingRate, Misclicks: s.Misclicks,
		OwnWordsDelta: s.OwnWordsDelta, Explanations: s.Explanations,
		Sittings: sittings(s, b.Zone()), Boards: s.Boards,
		LearningSeconds: s.LearningSeconds, ActiveSeconds: s.ActiveSeconds, Damage: damage,
	}
	if !s.Start.IsZero() {
		first, last := bounds(s, day, b.Zone())
		out.StartTime, out.LastUpdate = stamp(first), stamp(last)
	}
	return out, nil
}

func asDamage(err error) (harm *daybook.DamageError) {
	if err != nil {
		errors.As(err, &harm)
	}
	return harm
}

// extract is what the statistics need of an entry. One that is not whole lacks its newline: somebody may be writing it.
type extract struct {
	learning.Event
	facts learning.Facts
	whole bool
}

// extractBy returns a function that extracts what a Tally of the palette p needs.
func extractBy(p learning.Palette) func(daybook.Entry) extract {
	return func(e daybook.Entry) extract {
		l := learned(e.Event)
		l.Details = bytes.Clone(l.Details)
		return extract{l, p.Facts(l), e.Position.Length > len(e.Raw)}
	}
}

func stamp(t time.Time) *string {
	s := t.Format(daybook.TimeLayout)
	return &s
}
