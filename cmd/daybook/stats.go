package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/learning"
	"daybook/view/session"
)

func newStats(e env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "stats [DAY]",
		Short: "Tell what a day was made of",
		Long: `Count the events of a day, today by default: boards and kinds of events, changes of colour by name, the colours of all
cards as of the day's last event, and study time. A day without events is zeros.

Active time leaves out the gaps of more than 15 minutes between two events.`,
		Example: `  daybook stats
  daybook stats yesterday
  daybook stats 2025-11-08 --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("stats takes one day, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeDays(e, g),
		RunE: func(cmd *cobra.Command, args []string) error {
			day := dayEnd{rel: true}
			if len(args) > 0 {
				var err error
				if day, err = parseDayEnd(args[0]); err != nil {
					return err
				}
			}
			known := false
			err := withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				of := day.on(book.DayOf(book.Now()))
				s, ok := session.Glance(book, of)
				if known = ok; !ok {
					return nil
				}
				return printStats(e, g, of, s)
			})
			if err != nil || known {
				return err
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return stats(cmd.Context(), e, g, book, day.on(book.DayOf(book.Now())))
			})
		},
	}
}

func stats(ctx context.Context, e env, g *globals, book *daybook.Book, day daybook.Day) error {
	palette, err := learning.Profile("story")
	if err != nil {
		return err
	}
	s, err := session.Stats(ctx, book, day, palette)
	if err != nil {
		return err
	}
	err = printStats(e, g, day, s)
	for _, d := range s.Damage {
		e.say("error", "%v", d)
	}
	if err == nil && len(s.Damage) > 0 {
		return damageLeftOut(len(s.Damage))
	}
	return err
}

func printStats(e env, g *globals, day daybook.Day, s session.Statistics) error {
	if g.json {
		return e.printJSON(s)
	}
	return e.print(statsPage(day, s))
}

// statsPage is the statistics for a person.
func statsPage(day daybook.Day, s session.Statistics) string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(&b, day.Start(time.UTC).Format("Monday, 2006-01-02"))
	if s.TotalEvents == 0 {
		row("events", "none")
	} else {
		row("events", "%d, from %s to %s", s.TotalEvents, clock(s.StartTime), clock(s.LastUpdate))
		row("active", "%s; %s from the first to the last",
			duration(s.ActiveSeconds.Duration()), duration(s.LearningSeconds.Duration()))
	}
	list := func(name string, counts map[string]int, arrow bool) {
		keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
			return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
		})
		for i, key := range keys {
			text := printable(key)
			if arrow {
				text = strings.Replace(text, "_to_", " → ", 1)
			}
			if i > 0 {
				name = ""
			}
			row(name, "%4d  %s", counts[key], text)
		}
	}
	list("kinds", s.EventTypes, false)
	list("colours", s.ColorTransitions, true)
	list("cards now", s.ColorDistribution, false)
	for i, board := range s.CanvasesModified {
		name := "boards"
		if i > 0 {
			name = ""
		}
		row(name, "%s", printable(board))
	}
	return b.String()
}

// clock is the hour and minute of a time in RFC 3339, which has them behind its date and T.
func clock(stamp *string) string {
	t, err := time.Parse(time.RFC3339, *stamp)
	if err != nil {
		return *stamp
	}
	return t.Format("15:04")
}
