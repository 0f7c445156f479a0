package main

import (
	"bufio"
	"context"

	"github.com/spf13/cobra"

	"daybook"

	"daybook/internal/printable"
)

func newVerify(e env, g *globals) *cobra.Command {
	var noViews bool
	cmd := &cobra.Command{
		Use:   "verify [DAY…]",
		Short: "Look for damage in the book, its documents and its ledger",
		Long: `Read the book, or the given days of it, and report each thing that is wrong with its file and offset: lines
that are no event, an event_id that a day has twice, events in the wrong day. Then the session documents and the
ledger are compared with the book: what they have otherwise than the book is wrong, what they only lack so far is
behind, and told as a note. Nothing is changed.

It prints nothing when all is well; the exit status is 3 when something was found, and 1 when something could not be
looked at, such as views while palette.toml cannot be read.`,
		Example: `  daybook verify
  daybook verify yesterday
  daybook verify --no-views
  daybook verify --json 2025-11-01..2025-11-08`,
		ValidArgsFunction: completeDays(e, g),
		RunE: func(cmd *cobra.Command, args []string) error {
			days, err := parseDays(args)
			if err != nil {
				return err
			}
			return withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				list, err := queries(book, days)
				if err != nil {
					return err
				}
				return verify(cmd.Context(), e, g, book, list, !noViews)
			})
		},
	}
	cmd.Flags().BoolVar(&noViews, "no-views", false, "look at the day files only, not at session documents and ledger")
	return cmd
}

// verification is what a run of verify has found so far.
type verification struct {
	e     env
	json  bool
	book  *daybook.Book
	out   *bufio.Writer
	found int   // that is wrong
	left  error // why views were not compared
}

func verify(ctx context.Context, e env, g *globals, book *daybook.Book, list []daybook.Query, views bool) error {
	v := &verification{e: e, json: g.json, book: book, out: bufio.NewWriter(e.textOr(g.json))}
	err := v.days(ctx, list)
	if err == nil && views {
		err = v.views(ctx, list)
	}
	if ferr := v.out.Flush(); err == nil && ferr != nil {
		err = outputError(ferr)
	}
	if err != nil {
		return err
	}
	if v.left != nil && v.found == 0 {
		return v.left
	}
	if v.left != nil {
		v.e.say("error", "%v", v.left)
	}
	summary := "nothing wrong"
	if v.found > 0 {
		summary = count(v.found, "finding")
	}
	if isTerminal(e.stderr) {
		e.say("note", "%s in %s", summary, book.Dir())
	}
	if v.found > 0 {
		return &failure{code: exitDamage}
	}
	return nil
}

// bookFinding is how a Finding is printed as JSON.
type bookFinding struct {
	In string `json:"in"`
	daybook.Finding
}

// days looks at the day files.
func (v *verification) days(ctx context.Context, list []daybook.Query) error {
	for _, q := range list {
		for f, err := range v.book.Verify(ctx, q) {
			if err == nil {
				err = v.wrong(f.String(), bookFinding{"book", f})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// wrong prints something that is wrong.
func (v *verification) wrong(text string, line any) error {
	v.found++
	return v.print(text, line)
}

// print prints a finding: text, or line as JSON.
func (v *verification) print(text string, line any) (err error) {
	if v.json {
		err = newEncoder(v.out).Encode(line)
	} else {
		_, err = v.out.WriteString(printable.Line(text) + "\n")
	}
	return outputError(err)
}
