package session

import (
	"context"
	"errors"
	"iter"

	"daybook"
	"daybook/learning"
)

// line is a whole line of a day's file that holds an event.
type line struct {
	offset, end int64 // in the file; end is behind the newline
	text        []byte
	event       daybook.Event
	damage      bool // damaged bytes stand between it and the line before, or the place where reading began
}

// lines yields the events of a day from the byte from on. Damaged lines are left out; harmed, if not nil, is told of them.
// Left out, too, is a last line that lacks its newline, which somebody may be writing just now.
func lines(
	ctx context.Context, b *daybook.Book, day daybook.Day, from int64, harmed func(*daybook.DamageError),
) iter.Seq2[line, error] {
	return dayLines(b.DayEvents(ctx, day, from), harmed)
}

// dayLines is lines of what a reader of the book yields.
func dayLines(entries iter.Seq2[daybook.Entry, error], harmed func(*daybook.DamageError)) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		damage := false
		for entry, err := range entries {
			var harm *daybook.DamageError
			if errors.As(err, &harm) {
				damage = true
				if harmed != nil {
					harmed(harm)
				}
				continue
			}
			if err != nil {
				yield(line{}, err)
				return
			}
			pos := entry.Position
			l := line{pos.Offset, pos.Offset + int64(pos.Length), entry.Event.Line(), entry.Event, damage}
			if pos.Length == len(entry.Raw) || !yield(l, nil) {
				return
			}
			damage = false
		}
	}
}

// learned returns what the statistics need of an event.
func learned(e daybook.Event) learning.Event { return learning.ParseEvent(e.Time(), e.Member) }
