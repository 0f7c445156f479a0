package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/view/session"
)

func newVerify(e env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [DAY…]",
		Short: "Look for damage in the book",
		Long: `Read the book, or the given days of it, and report each thing that is wrong with its file and offset: lines
that are no event, an event_id that a day has twice, events in the wrong day. Nothing is changed.

It prints nothing when all is well; the exit status is 3 when something was found.`,
		Example: `  daybook verify
  daybook verify yesterday
  daybook verify --json 2025-11-01..2025-11-08`,
		ValidArgsFunction: completeDays(e, g),
		RunE: func(cmd *cobra.Command, args []string) error {
			days, err := parseDays(args)
			if err != nil {
				return err
			}
			return withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return verify(cmd.Context(), e, g, book, days)
			})
		},
	}
}

func verify(ctx context.Context, e env, g *globals, book *daybook.Book, days []dayArg) error {
	list, err := queries(book, days)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(e.stdout)
	found := 0
	for _, q := range list {
		for f, err := range book.Verify(ctx, q) {
			if err != nil {
				out.Flush() // the error is the one to report
				return err
			}
			found++
			if g.json {
				err = newEncoder(out).Encode(f)
			} else {
				_, err = fmt.Fprintln(out, f)
			}
			if err != nil {
				return outputError(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return outputError(err)
	}
	if err := tellForeign(ctx, e, book, list); err != nil {
		return err
	}
	summary := "nothing wrong"
	if found > 0 {
		summary = count(found, "finding")
	}
	if isTerminal(e.stderr) {
		e.say("note", "%s in %s", summary, book.Dir())
	}
	if found > 0 {
		return &failure{code: exitDamage}
	}
	return nil
}

// tellForeign tells which session documents hold events that the book lacks. That is no damage: other programs may add
// to them, and the next command that uses them takes the events in.
func tellForeign(ctx context.Context, e env, book *daybook.Book, list []daybook.Query) error {
	for day, err := range daysOf(book, list) {
		if err != nil {
			return err
		}
		lacking, losses, err := session.Foreign(ctx, book, day)
		if err != nil {
			return err
		}
		var will []string
		if lacking > 0 {
			will = append(will, count(lacking, "event")+" that the book lacks will be taken in")
		}
		if len(losses) > 0 {
			will = append(will, "a copy will be kept aside: "+strings.Join(losses, "; "))
		}
		if len(will) > 0 {
			e.say("note", "another program has changed the session document of %s: %s", day, strings.Join(will, ", "))
		}
	}
	return nil
}
