package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"daybook"

	"daybook/internal/printable"
)

func newSeal(e env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "seal [DAY…]",
		Short: "Write the checksums of past days beside them",
		Long: `Verify the days before today, or the given ones, and write SHA256SUMS into the directory of each: what
"sha256sum -c SHA256SUMS" checks there, with the tools that every system has. From then on verify tells a day that was
changed from one that has only grown by late events; sealed again, it has these in its checksums too.

A day with anything wrong is not sealed: it is reported, and the exit status is 3.`,
		Example: `  daybook seal
  daybook seal yesterday
  daybook seal --json ..2025-10-31`,
		ValidArgsFunction: completeDays(e, g),
		RunE: func(cmd *cobra.Command, args []string) error {
			days, err := parseDays(args)
			if err != nil {
				return err
			}
			return withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return seal(cmd.Context(), e, g, book, days)
			})
		},
	}
}

func seal(ctx context.Context, e env, g *globals, book *daybook.Book, days []dayArg) error {
	list, err := queries(book, days)
	if err != nil {
		return err
	}
	today := book.DayOf(book.Now())
	for i, q := range list {
		if len(days) > 0 && (q.From == q.To || !q.From.IsZero()) && q.From.Compare(today) >= 0 {
			return usage("only days before today can be sealed; today is "+today.String(), "%s is not past", days[i].text)
		}
	}
	out := bufio.NewWriter(e.textOr(g.json))
	refused := 0
	for _, q := range list {
		for s, err := range book.Seal(ctx, q) {
			if err != nil {
				out.Flush() // the error is the one to report
				return err
			}
			if s.Status == daybook.SealRefused {
				refused++
			}
			if err := printSealed(out, g, s); err != nil {
				return outputError(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return outputError(err)
	}
	if refused > 0 {
		return &failure{
			exitDamage, fmt.Errorf("%s not sealed", count(refused, "day")),
			"`daybook repair` mends what can be mended",
		}
	}
	return nil
}

// sealedLine is what seal --json says of a day.
type sealedLine struct {
	Day      string             `json:"day"`
	Status   daybook.SealStatus `json:"status"`
	File     string             `json:"file"`
	Size     int64              `json:"size"`
	Files    int                `json:"files"`
	Findings []daybook.Finding  `json:"findings,omitempty"`
}

func printSealed(out io.Writer, g *globals, s daybook.Sealed) error {
	if g.json {
		return newEncoder(out).Encode(sealedLine{s.Day.String(), s.Status, s.File, s.Size, s.Files, s.Findings})
	}
	for _, f := range s.Findings {
		if _, err := fmt.Fprintln(out, printable.Line(f.String())); err != nil {
			return err
		}
	}
	if s.Status != daybook.SealWritten {
		return nil
	}
	_, err := fmt.Fprintf(out, "%s: %s, %d bytes of events\n", printable.Line(s.File), count(s.Files, "file"), s.Size)
	return err
}
