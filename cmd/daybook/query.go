package main

import (
	"context"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/view/ledger"
	"daybook/view/table"
)

func newQuery(e env, g *globals) *cobra.Command {
	var args askArgs
	var format string
	var spreadsheet bool
	cmd := &cobra.Command{
		Use:   "query",
		Short: "Print the events that have certain values",
		Long: `Print the events that have certain values, as they are stored: one JSON object per line, in the book's order, or the
newest first with --newest. All that is asked for must hold. Days are taken from the day files, or from the ledger
("daybook sync") where that is faster and has all of them, or where the day files are gone; nobody has to know.

--from and --to take a day (2025-11-08, today, yesterday, 7d), a month, a week or a year (2025-11, 2025-W45, 2025), or
a time (2025-11-08T14:30:00Z; without an offset in the book's zone). Both ends are included.

In --where MEMBER=VALUE, MEMBER is a path such as metadata.run; an array on the way stands for each of its elements.
VALUE is a string's text, or a number, true, false or null as it is spelled in the book.

--text finds words in texts and descriptions, in whatever case, with or without accents: 'parc*' finds beginnings,
'"leaves a parcel"' words in a row.

Damaged lines are reported and left out; the exit status is then 3.`,
		Example: `  daybook query --where camera_id=gate --from yesterday
  daybook query --canvas Physics/Waves --newest --limit 100
  daybook query --label person --min-confidence 0.8 --from 2025-11 -o csv > people.csv
  daybook query --text 'courier parc*' --from 7d -o table
  daybook query --type node_added,node_removed --from 2025-11-01 --to 2025-11-08 | jq .`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			args.given = cmd.Flags().Changed
			args.fromGiven, args.toGiven = args.given("from"), args.given("to")
			q, err := args.parse()
			if err != nil {
				return err
			}
			if format, err = oneOfFormats(g, format, "jsonl", "table", "csv", "parquet"); err != nil {
				return err
			}
			if err := checkSpreadsheet(spreadsheet, format == "csv"); err != nil {
				return err
			}
			if format == "parquet" && isTerminal(e.stdout) {
				return usage("send it to a file, as in -o parquet > events.parquet", "-o parquet is nothing for a terminal")
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				if err := args.apply(book, &q); err != nil {
					return err
				}
				return printFound(cmd.Context(), e, book, q, format, spreadsheet)
			})
		},
	}
	args.flags(cmd, e, g)
	cmd.Flags().StringVarP(&format, "output", "o", "", "the `FORM`: jsonl (without it), table, csv or parquet")
	addSpreadsheet(cmd, &spreadsheet)
	completeWords(cmd, "output", "jsonl", "table", "csv", "parquet")
	return cmd
}

// flags gives a command the flags that say what is asked for.
func (a *askArgs) flags(cmd *cobra.Command, e env, g *globals) {
	flags := cmd.Flags()
	flags.StringVar(&a.from, "from", "", "the first `TIME`: a day, a month …, or an instant")
	flags.StringVar(&a.to, "to", "", "the last `TIME`, included")
	flags.StringArrayVar(&a.where, "where", nil, "what a member must be, as `MEMBER=VALUE`; may be given again: all must hold")
	flags.StringSliceVar(&a.types, "type", nil, "the event_type `TYPE`; may be given again: any of them will do")
	flags.StringVar(&a.canvas, "canvas", "", "the `BOARD`, by its path in the vault, with or without .canvas")
	flags.StringVar(&a.camera, "camera", "", "the `CAMERA` (camera_id)")
	flags.StringVar(&a.label, "label", "", "the `LABEL` of one of the detected objects")
	flags.StringVar(&a.least, "min-confidence", "", "at least the confidence `N` of that object, or of any without --label")
	flags.StringVar(&a.node, "node", "", "the card's `ID`")
	flags.StringVar(&a.text, "text", "", "the `WORDS` in texts and descriptions; all of them")
	flags.BoolVar(&a.newest, "newest", false, "the newest first")
	flags.IntVar(&a.limit, "limit", 0, "print the first `N` events and stop")
	for _, flag := range []string{"from", "to"} {
		completeFlag(cmd, flag, completeDays(e, g))
	}
	for flag, kind := range map[string]string{"type": "event_type", "canvas": "canvas", "camera": "camera", "label": "label"} {
		completeFlag(cmd, flag, completeNames(e, g, kind))
	}
	for _, flag := range []string{"where", "limit", "min-confidence", "node", "text"} {
		completeFlag(cmd, flag, cobra.NoFileCompletions)
	}
}

// printFound prints what the query finds. Damage is told on the way and does not end it.
func printFound(ctx context.Context, e env, book *daybook.Book, q ledger.Question, format string, spreadsheet bool) error {
	stdout := e.data()
	out, err := newRawLines(stdout), error(nil)
	switch format {
	case "table":
		out, err = newEventTable(table.NewText(e.text()))
	case "csv":
		out, err = newEventTable(newCSV(stdout, spreadsheet))
	case "parquet":
		out, err = newEventTable(table.NewParquet(stdout))
	}
	if err != nil {
		return err
	}
	_, damaged, err := putOut(e, out, find(ctx, e, book, q), func(daybook.Entry) {})
	if err == nil && damaged > 0 {
		err = damageLeftOut(damaged)
	}
	return err
}

// completeNames offers the names of a kind that the ledger has counted, or that the last days have, to the shell.
func completeNames(e env, g *globals, kind string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		err := withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) (err error) {
			names, err = ledger.Names(cmd.Context(), book, kind)
			return err
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp // no book, no names
		}
		return typable(names), cobra.ShellCompDirectiveNoFileComp
	}
}
