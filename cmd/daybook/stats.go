package main

import (
	"context"
	"fmt"

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
cards as of the day's last event, what was learned by the roles of the colours, and study time with its sittings.
A day without events is zeros.

Active time leaves out the gaps of more than 15 minutes between two events, unless the palette says otherwise. A change
of colour that is taken back within a minute is a mis-click and does not count.`,
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
			palette, err := loadPalette(e, g)
			if err != nil {
				return err
			}
			known := false
			err = withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				of := day.on(book.DayOf(book.Now()))
				s, ok := session.Glance(book, of, palette)
				if known = ok; !ok {
					return nil
				}
				return printStats(e, g, of, s)
			})
			if err != nil || known {
				return err
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return stats(cmd.Context(), e, g, book, day.on(book.DayOf(book.Now())), palette)
			})
		},
	}
}

func stats(ctx context.Context, e env, g *globals, book *daybook.Book, day daybook.Day, palette learning.Palette) error {
	defer collectSeldom()()
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
