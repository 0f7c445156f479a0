package session

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"daybook"
	"daybook/learning"
)

// Colors returns how many cards of each code the boards have at the book's end. The zero Palette means the profile "story".
func Colors(ctx context.Context, b *daybook.Book, p learning.Palette) (learning.Colors, error) {
	h, err := readHistory(b)
	if err != nil {
		return nil, err
	}
	// No event is more than a day ahead of the clock, so this day has none; but a clock may have been set back.
	end := b.DayOf(b.Now().Add(48 * time.Hour))
	if n := len(h.days); n > 0 && h.days[n-1].Compare(end) >= 0 {
		end = b.DayOf(h.days[n-1].Start(b.Zone()).Add(48 * time.Hour))
	}
	o, err := h.start(ctx, b, b.FS(), end, orStory(p), nil)
	return o.colors, err
}

// Sitting is a stretch of study without a pause longer than the idle gap.
type Sitting struct {
	Start  string `json:"start"` // of its earliest and its latest event, in the book's zone
	End    string `json:"end"`
	Events int    `json:"events"`
}

func sittings(s learning.Statistics, zone *time.Location) []Sitting {
	out := []Sitting{}
	for _, x := range s.Sittings {
		out = append(out, Sitting{*stamp(x.Start.In(zone)), *stamp(x.End.In(zone)), x.Events})
	}
	return out
}

// appendSteps appends the members of stats that say what was learned.
func appendSteps(b []byte, s learning.Statistics) []byte {
	b = appendCounts(append(b, ",\n    \"learning_events\": "...), s.LearningEvents)
	b = appendRate(append(b, ",\n    \"understanding_rate\": "...), s.UnderstandingRate)
	b = strconv.AppendInt(append(b, ",\n    \"misclicks\": "...), int64(s.Misclicks), 10)
	b = strconv.AppendInt(append(b, ",\n    \"own_words_delta\": "...), int64(s.OwnWordsDelta), 10)
	return appendCounts(append(b, ",\n    \"explanations\": "...), s.Explanations)
}

// appendParts appends the members of stats that are about parts of the day: sittings, and boards, each on a line.
func appendParts(
	b []byte, t *learning.Tally, s learning.Statistics, zone *time.Location, known *boardTexts,
) []byte {
	b = append(b, ",\n    \"sittings\": ["...)
	for i, x := range s.Sittings {
		b = appendTime(append(append(b, item(i)...), `{"start":`...), x.Start.In(zone))
		b = appendTime(append(b, `,"end":`...), x.End.In(zone))
		b = strconv.AppendInt(append(b, `,"events":`...), int64(x.Events), 10)
		b = append(b, '}')
	}
	b = append(closing(b, len(s.Sittings)), "],\n    \"boards\": {"...)
	for i, canvas := range known.sorted(s.Boards) {
		b = append(appendString(append(b, item(i)...), canvas), ": "...)
		b = append(b, known.text(canvas, t.BoardChanges(canvas), s.Boards[canvas])...)
	}
	return append(closing(b, len(s.Boards)), '}')
}

// boardTexts are the figures of the boards of one Tally as they are written, so that only those are written anew that have
// changed.
type boardTexts struct {
	names []string // sorted
	texts map[string]boardText
}

type boardText struct {
	changes int // of what is written
	text    []byte
}

// sorted returns the names of boards in their order.
func (k *boardTexts) sorted(boards map[string]learning.BoardStatistics) []string {
	same := len(k.names) == len(boards)
	for _, name := range k.names {
		if !same {
			break
		}
		_, same = boards[name]
	}
	if !same {
		k.names = slices.Sorted(maps.Keys(boards))
	}
	return k.names
}

func (k *boardTexts) text(canvas string, changes int, s learning.BoardStatistics) []byte {
	known := k.texts[canvas]
	if known.changes == changes && known.text != nil {
		return known.text
	}
	b := strconv.AppendInt(append(known.text[:0], `{"total_events":`...), int64(s.TotalEvents), 10)
	b = appendCompact(append(b, `,"color_transitions":`...), s.ColorTransitions)
	b = appendCompact(append(b, `,"learning_events":`...), s.LearningEvents)
	b = appendRate(append(b, `,"understanding_rate":`...), s.UnderstandingRate)
	b = append(appendSeconds(append(b, `,"active_seconds":`...), s.ActiveSeconds), '}')
	if k.texts == nil {
		k.texts = make(map[string]boardText)
	}
	k.texts[canvas] = boardText{changes, b}
	return b
}

func appendCompact[K ~string](b []byte, counts map[K]int) []byte {
	b = append(b, '{')
	var room [16]K // most lists are short
	for i, name := range sortedKeys(room[:0], counts) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, string(name)), ':')
		b = strconv.AppendInt(b, int64(counts[name]), 10)
	}
	return append(b, '}')
}

func appendRate(b []byte, rate float64) []byte { return strconv.AppendFloat(b, rate, 'f', -1, 64) }
