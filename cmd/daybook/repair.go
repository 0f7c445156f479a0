package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"daybook"

	"daybook/internal/printable"
)

func newRepair(e env, g *globals) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "repair [DAY…]",
		Short: "Put damage aside and mend what can be mended",
		Long: `Mend the book, or the given days of it, as far as that is certain: damaged bytes and the second of two
identical events are put into quarantine, whole events that lack only their form (glued together, among NUL bytes,
behind a byte order mark) get lines of their own, an unfinished last line is completed or put into quarantine. Events
that contradict each other, events in the wrong day and missing bytes are only reported. No byte is thrown away.

It says what it would do and asks first; without a terminal it needs --yes. Other programs may go on appending.
The exit status is 3 when something is left that only a person can decide.`,
		Example: `  daybook repair
  daybook repair --yes 2025-11-08
  daybook repair --yes --json 2025-11-01..yesterday`,
		ValidArgsFunction: completeDays(e, g),
		RunE: func(cmd *cobra.Command, args []string) error {
			days, err := parseDays(args)
			if err != nil {
				return err
			}
			if !yes && !isTerminal(e.stdin) {
				return usage("see with `daybook verify` what is wrong, then say `daybook repair --yes`",
					"repair changes the book, and there is no terminal to ask at")
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return repair(cmd.Context(), e, g, book, days, yes)
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking")
	return cmd
}

func repair(ctx context.Context, e env, g *globals, book *daybook.Book, days []dayArg, yes bool) error {
	list, err := queries(book, days)
	if err != nil {
		return err
	}
	if !yes {
		if ok, err := agreed(ctx, e, book, list); err != nil {
			return err
		} else if !ok {
			return &failure{exitDamage, errors.New("nothing has been changed"), ""}
		}
	}
	out := bufio.NewWriter(e.textOr(g.json))
	mended, left := 0, 0
	for _, q := range list {
		for r, err := range book.Repair(ctx, q) {
			if err != nil {
				out.Flush() // the error is the one to report
				return err
			}
			if r.Action == daybook.ActionLeave {
				left++
			} else {
				mended++
			}
			if err := printRepaired(out, g, r); err != nil {
				return outputError(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return outputError(err)
	}
	if isTerminal(e.stderr) {
		e.say("note", "mended %s in %s", count(mended, "finding"), book.Dir())
	}
	if left > 0 {
		return &failure{
			exitDamage, fmt.Errorf("%s left as found: only a person can decide", count(left, "finding")),
			"docs/cli.md says under repair what can be done about each problem",
		}
	}
	return nil
}

func printRepaired(out io.Writer, g *globals, r daybook.Repaired) error {
	if g.json {
		return newEncoder(out).Encode(r)
	}
	text := string(r.Action)
	if len(r.Kept) > 0 {
		text += ", kept in " + strings.Join(r.Kept, ", ")
	}
	_, err := fmt.Fprintln(out, printable.Line(fmt.Sprintf("%v: %s", r.Finding, text)))
	return err
}

// agreed lists on the terminal what a repair would do and asks whether it may. With nothing to do nothing is asked.
func agreed(ctx context.Context, e env, book *daybook.Book, list []daybook.Query) (bool, error) {
	n := 0
	for _, q := range list {
		for r, err := range book.RepairPlan(ctx, q) {
			if err != nil {
				return false, err
			}
			fmt.Fprintln(e.talk(), printable.Line(r.String())) // as for say: nobody is left to tell
			if r.Action != daybook.ActionLeave {
				n++
			}
		}
	}
	if n == 0 {
		return true, nil
	}
	fmt.Fprintf(e.talk(), "Mend %s in %s? [y/N] ", count(n, "finding"), printable.Line(book.Dir()))
	answer, err := bufio.NewReader(waitReader{ctx, e.stdin}).ReadString('\n')
	if err != nil && err != io.EOF {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
