package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/learning"
	"daybook/view/session"
)

func newCat(e env, g *globals) *cobra.Command {
	var document bool
	cmd := &cobra.Command{
		Use:   "cat [DAY…]",
		Short: "Print the events of days as they are stored",
		Long: `Print the events of the given days, or of all days, as they are stored: one JSON object per line. Damaged lines
are reported and left out; the exit status is then 3.

With --session it prints the session document of each day instead: one JSON object with the day's events and
statistics.`,
		Example: `  daybook cat today | jq -r .event_type
  daybook cat 2025-11-01..2025-11-08 > week.jsonl
  daybook cat --session today`,
		ValidArgsFunction: completeDays(e, g),
		RunE: func(cmd *cobra.Command, args []string) error {
			days, err := parseDays(args)
			if err != nil {
				return err
			}
			show := catEvents
			if document {
				palette, err := loadPalette(e, g)
				if err != nil {
					return err
				}
				show = func(ctx context.Context, e env, book *daybook.Book, days []dayArg) error {
					return catDocuments(ctx, e, book, days, palette)
				}
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return show(cmd.Context(), e, book, days)
			})
		},
	}
	cmd.Flags().BoolVar(&document, "session", false, "print the session document of each day")
	return cmd
}

// catEvents prints the stored lines. Damage, and days that cannot be read, are reported on the way and do not end it.
func catEvents(ctx context.Context, e env, book *daybook.Book, days []dayArg) error {
	list, err := queries(book, days)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(e.data(), 64<<10)
	damaged := 0
	var unreadable []error
	for day, err := range daysOf(book, list) {
		if err != nil {
			return err
		}
		n, err := catDay(ctx, e, out, book, day)
		damaged += n
		if ferr := out.Flush(); err == nil {
			err = outputError(ferr)
		}
		var no *daybook.UnreadableError
		if errors.As(err, &no) {
			unreadable = append(unreadable, no)
			e.say("error", "%v", no)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return leftOut(damaged, unreadable)
}

// leftOut is the error of a command that has met damaged pieces, and days that cannot be read, reported each of them, and gone
// on without them; nil if there were none. days are the errors of the days.
func leftOut(pieces int, days []error) error {
	f := &failure{code: exitDamage, hint: "`daybook verify` lists all damage; nothing was changed"}
	switch {
	case pieces == 0 && len(days) == 0:
		return nil
	case len(days) == 0:
		f.err = fmt.Errorf("left out %s", count(pieces, "damaged piece"))
	case pieces == 0:
		f.code, f.hint = exitFailed, remedy(days[0])
		f.err = fmt.Errorf("left out %s", count(len(days), "unreadable day"))
	default:
		f.err = fmt.Errorf("left out %s and %s", count(pieces, "damaged piece"), count(len(days), "unreadable day"))
	}
	return f
}

func damageLeftOut(pieces int) error { return leftOut(pieces, nil) }

// catDay prints one day and returns how many damaged pieces it met.
func catDay(
	ctx context.Context, e env, out *bufio.Writer, book *daybook.Book, day daybook.Day,
) (damaged int, err error) {
	for entry, err := range book.DayEvents(ctx, day, 0) {
		var damage *daybook.DamageError
		if errors.As(err, &damage) {
			damaged++
			e.say("error", "%v", damage)
			continue
		}
		if err != nil {
			return damaged, err
		}
		out.Write(entry.Raw) // a bufio.Writer keeps its error for the newline
		if err := out.WriteByte('\n'); err != nil {
			return damaged, outputError(err)
		}
	}
	return damaged, nil
}

// catDocuments prints the session document of each day: of one that is named also if it has no events.
func catDocuments(ctx context.Context, e env, book *daybook.Book, days []dayArg, palette learning.Palette) error {
	list, err := queries(book, days)
	if err != nil {
		return err
	}
	for _, q := range list {
		if !q.From.IsZero() && q.From == q.To {
			if err := catDocument(ctx, e, book, q.From, palette); err != nil {
				return err
			}
			continue
		}
		for day, err := range daysOf(book, []daybook.Query{q}) {
			if err == nil {
				err = catDocument(ctx, e, book, day, palette)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func catDocument(ctx context.Context, e env, book *daybook.Book, day daybook.Day, palette learning.Palette) error {
	document, err := session.Document(ctx, book, day, palette)
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(document, []byte("\n")) {
		document = append(document, '\n')
	}
	return e.printData(string(document))
}
