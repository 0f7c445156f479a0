package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/view/ledger"
	"daybook/view/table"
)

func newExport(e env, g *globals) *cobra.Command {
	var args exportArgs
	cmd := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write a range of events as one document, CSV or Parquet",
		Long: `Write all events of a range, or of the whole book, to FILE or to stdout: as one JSON document, JSON Lines, CSV or
Parquet. Without -o the name of FILE says which (.json, .jsonl, .csv, .parquet); one without an ending, and stdout, is
JSON. Days whose day files are gone come from the ledger.

FILE is never to be seen half written. One that is there already is only replaced with --force; a file of a book never.
With --spreadsheet, CSV has no text that a spreadsheet takes for a formula.

Damaged lines are reported and left out; the exit status is then 3.`,
		Example: `  daybook export november.json --from 2025-11 --to 2025-11
  daybook export events.parquet --from 2025
  daybook export -o csv --from 7d | head`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("export writes one file, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, files []string) error {
			args.fromGiven, args.toGiven = cmd.Flags().Changed("from"), cmd.Flags().Changed("to")
			if len(files) > 0 && files[0] != "-" {
				args.file = files[0]
			}
			if len(files) > 0 && files[0] == "" {
				return usage("leave FILE out to write to stdout", "the name of FILE is empty")
			}
			if err := args.check(e, g); err != nil {
				return err
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return args.run(cmd.Context(), e, g, book)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.from, "from", "", "the first `TIME`: a day, a month …, or an instant")
	flags.StringVar(&args.to, "to", "", "the last `TIME`, included")
	flags.StringVarP(&args.format, "output", "o", "", "the `FORM`: json, jsonl, csv or parquet")
	addSpreadsheet(cmd, &args.spreadsheet)
	flags.BoolVar(&args.force, "force", false, "replace FILE if it is there")
	for _, flag := range []string{"from", "to"} {
		completeFlag(cmd, flag, completeDays(e, g))
	}
	completeWords(cmd, "output", exportForms()...)
	return cmd
}

func exportForms() []string { return []string{"json", "jsonl", "csv", "parquet"} }

// exportArgs are the flags as they were given.
type exportArgs struct {
	rangeArgs
	file, format string // "" is stdout
	force        bool
	spreadsheet  bool
}

// check reads what can be read before the book is opened.
func (a *exportArgs) check(e env, g *globals) (err error) {
	if err := a.rangeArgs.parse(); err != nil {
		return err
	}
	if ext := strings.ToLower(filepath.Ext(a.file)); a.format == "" && ext != "" {
		if a.format = ext[1:]; !slices.Contains(exportForms(), a.format) {
			return usage("name the form, as in `daybook export -o csv FILE`: json, jsonl, csv or parquet",
				"%s: no form of output has names that end in %q", a.file, ext)
		}
	}
	only := *g
	only.json = g.json && a.file == "" // with a file it is about the summary
	if a.format, err = oneOfFormats(&only, a.format, exportForms()...); err != nil {
		return err
	}
	if err := checkSpreadsheet(a.spreadsheet, a.format == "csv"); err != nil {
		return err
	}
	if a.format == "parquet" && a.file == "" && isTerminal(e.stdout) {
		return usage("name a file, as in `daybook export events.parquet`", "-o parquet is nothing for a terminal")
	}
	return nil
}

// exported is what export --json FILE prints.
type exported struct {
	File    string `json:"file"`
	Form    string `json:"form"`
	Events  int    `json:"events"`
	Damaged int    `json:"damaged"`
}

func (a *exportArgs) run(ctx context.Context, e env, g *globals, book *daybook.Book) error {
	var q ledger.Question
	if err := a.apply(book, &q); err != nil {
		return err
	}
	done := exported{File: a.file, Form: a.format}
	bar := newProgress(e, g.json)
	defer bar.done()
	write := func(w io.Writer) (err error) {
		out, err := a.writer(w, book, q)
		if err != nil {
			return err
		}
		quiet := talk{e, bar}
		done.Events, done.Damaged, err = putOut(quiet.env(), out, find(ctx, quiet.env(), book, q), stepByDay(book, q, bar))
		return err
	}
	if a.file == "" {
		if err := write(e.data()); err != nil {
			return err
		}
	} else if err := a.toFile(book, write); err != nil {
		return err
	}
	bar.done()
	var err error
	switch {
	case a.file != "" && g.json:
		err = e.printJSON(done)
	case a.file != "" && isTerminal(e.stderr):
		e.say("note", "wrote %s to %s", count(done.Events, "event"), a.file)
	}
	if err == nil && done.Damaged > 0 {
		err = damageLeftOut(done.Damaged)
	}
	return err
}

func (a *exportArgs) toFile(book *daybook.Book, write func(io.Writer) error) error {
	if err := noOtherName(book, a.file); err != nil {
		return err
	}
	err := table.WriteFile(outsideOf(book), a.file, a.force, write)
	if errors.Is(err, fs.ErrExist) {
		return &failure{err: fmt.Errorf("%s is there already", a.file), hint: "choose another name, or replace it with --force"}
	}
	return err
}

// writer returns what writes the events to w.
func (a *exportArgs) writer(w io.Writer, book *daybook.Book, q ledger.Question) (eventWriter, error) {
	switch a.format {
	case "jsonl":
		return newRawLines(w), nil
	case "csv":
		return newEventTable(newCSV(w, a.spreadsheet))
	case "parquet":
		return newEventTable(table.NewParquet(w))
	}
	head := documentHead{Book: book.Dir(), Zone: book.Settings().Zone}
	for _, end := range []struct {
		day  daybook.Day
		at   time.Time
		into **string
	}{{q.From, q.Since, &head.From}, {q.To, q.Until, &head.To}} {
		if text := end.day.String(); text != "" {
			if !end.at.IsZero() {
				text = end.at.Format(daybook.TimeLayout)
			}
			*end.into = &text
		}
	}
	return newDocument(w, head), nil
}

// talk is an env whose talk takes a progress bar away first.
type talk struct {
	e   env
	bar *progress
}

func (t talk) env() env {
	e := t.e
	e.stderr = t
	return e
}

func (t talk) Write(p []byte) (int, error) {
	t.bar.clear()
	return t.e.talk().Write(p)
}

// stepByDay shows how many days of the book are done whenever one begins.
func stepByDay(book *daybook.Book, q ledger.Question, bar *progress) func(daybook.Entry) {
	if !bar.on {
		return func(daybook.Entry) {}
	}
	days, _ := book.Days() // the export says what is wrong
	at := map[daybook.Day]int{}
	for _, d := range days {
		if (q.From.IsZero() || q.From.Compare(d) <= 0) && (q.To.IsZero() || d.Compare(q.To) <= 0) {
			at[d] = len(at)
		}
	}
	var last daybook.Day
	return func(e daybook.Entry) {
		if n, ok := at[e.Position.Day]; ok && e.Position.Day != last {
			last = e.Position.Day
			bar.step(int64(n), int64(len(at)))
		}
	}
}
