package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/view/ledger"
	"daybook/view/table"
)

func newSQL(e env, g *globals) *cobra.Command {
	var asCSV, spreadsheet bool
	cmd := &cobra.Command{
		Use:   "sql QUERY",
		Short: "Ask the ledger, a SQLite database of all events",
		Long: `Put a query in SQLite's SQL to the ledger, after posting to it what the book has more. It only reads: what would write
is refused.

Tables and views: events, one row per event; days and counts, figures of each day; canvas_changes, learning_events,
color_transitions, daily_stats, objects; texts, the full-text index: texts MATCH phrase('any words'). docs/format.md
says what their columns are.

It prints a table, or one JSON object per row with --json, or CSV. Any program that reads SQLite can ask ledger.db,
too.`,
		Example: `  daybook sql 'SELECT * FROM daily_stats'
  daybook sql "SELECT day, n FROM counts WHERE kind = 'label' AND name = 'person'"
  daybook sql --csv "SELECT timestamp, camera_id, line ->> '\$.llm_description' FROM events
    JOIN texts ON texts.rowid = id WHERE texts MATCH phrase('parcel') ORDER BY id DESC LIMIT 20"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("give one query, in quotes, as in: daybook sql 'SELECT * FROM daily_stats'")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if asCSV && g.json {
				return usage("choose one of them", "--csv and --json exclude each other")
			}
			if err := checkSpreadsheet(spreadsheet, asCSV); err != nil {
				return err
			}
			palette, err := loadPalette(e, g)
			if err != nil {
				return err
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				p := newPosting(e, g)
				p.opts.Palette = palette
				if err := p.beforeAsking(cmd.Context(), book); err != nil {
					return err
				}
				if err := ask(cmd.Context(), e, g, book, args[0], asCSV, spreadsheet); err != nil {
					return err
				}
				if p.damaged > 0 {
					return damageLeftOut(p.damaged)
				}
				return nil
			})
		},
	}
	addSpreadsheet(cmd, &spreadsheet)
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print CSV with a line of names")
	return cmd
}

// beforeAsking brings the ledger up to the book's end. Where it cannot be written, or somebody else is posting, the answer is
// of what is posted.
func (p *posting) beforeAsking(ctx context.Context, book *daybook.Book) error {
	_, err := p.post(ctx, book, false)
	var wrong *ledger.Error
	if errors.As(err, &wrong) && (wrong.Problem == ledger.ReadOnly || wrong.Problem == ledger.Busy || wrong.Problem == ledger.Full) {
		p.e.say("warning", "the answer may lack what was appended last: %v", err)
		return nil
	}
	var metadata *metadataError
	if errors.As(err, &metadata) {
		p.e.say("warning", "%v", metadata)
		return nil
	}
	return err
}

func ask(ctx context.Context, e env, g *globals, book *daybook.Book, query string, asCSV, spreadsheet bool) error {
	out := e.data()
	var a table.Writer
	switch {
	case g.json:
		a = table.NewJSON(out)
	case asCSV:
		a = newCSV(out, spreadsheet)
	default:
		a = table.NewText(e.text())
	}
	columns := func(names []string) error {
		list := make([]table.Column, len(names))
		for i, name := range names {
			list[i].Name = name
		}
		return a.Columns(list)
	}
	err := ledger.Ask(ctx, book, query, columns, a.Row)
	var wrong *ledger.QueryError
	if errors.As(err, &wrong) {
		err = usage("write one SELECT, in the SQL of SQLite; `daybook sql --help` names the tables", "%w", err)
	}
	if eerr := a.End(); err == nil {
		err = eerr
	}
	return err
}
