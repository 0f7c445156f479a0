package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/internal/printable"
	reports "daybook/view/report"
)

func newReport(e env, g *globals) *cobra.Command {
	var args reportArgs
	cmd := &cobra.Command{
		Use:   "report daily|weekly|board [NAME]",
		Short: "Write a report of a day, a week or a board",
		Long: `Write a report of a day, a week (Monday to Sunday) or a board into the vault's directory .learning_reports, as
Markdown with pictures beside it, or with --html as one page for a browser, and print where it is. A report of the same
name is written anew. Obsidian hides folders whose names begin with a dot: --dir names one that it shows.

NAME is a board's path in the vault, with or without .canvas. --from and --to name several days: one report is written
for each day with events, or each week; a board's report is about these days, and about all without them.

With --note a short summary of the day is also put into the vault's daily note, between two comments, and replaced there
the next time; everything else in the note stays as it is.`,
		Example: `  daybook report daily
  daybook report weekly --date 2025-11-08 --html
  daybook report weekly --dir "Learning reports"
  daybook report board Physics/Waves
  daybook report daily --note`,
		Args:              args.positional,
		ValidArgsFunction: completeReport(e, g),
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := args.check(given); err != nil {
				return err
			}
			defer collectSeldom()()
			opts := daybook.Options{MustExist: true}
			return withBook(openBook, e, g, opts, func(book *daybook.Book) error {
				return args.run(cmd.Context(), e, g, book)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.date, "date", "", "the `DAY` of the report, or one of the week; today without it")
	flags.StringVar(&args.from, "from", "", "the first `DAY` of several")
	flags.StringVar(&args.to, "to", "", "the last `DAY` of several; today without it")
	flags.StringVar(&args.dir, "dir", reports.Dir, "write into `DIR`, which is in the vault if it is relative")
	flags.BoolVar(&args.html, "html", false, "write one page for a browser")
	flags.BoolVar(&args.note, "note", false, "put a summary of the day into the vault's daily note, too")
	for _, flag := range []string{"date", "from", "to"} {
		completeFlag(cmd, flag, completeDays(e, g))
	}
	return cmd
}

// reportArgs are the flags and arguments as they were given.
type reportArgs struct {
	date, from, to  string
	dir             string
	html, note      bool
	kind            reports.Kind
	board           string
	on, first, last dayEnd
}

func (a *reportArgs) positional(_ *cobra.Command, given []string) error {
	kinds := "say what the report is about: daily, weekly, or board NAME"
	if len(given) == 0 {
		return errors.New(kinds)
	}
	switch kind := reports.Kind(given[0]); {
	case kind == reports.KindBoard && len(given) == 2 && given[1] != "":
	case kind == reports.KindBoard:
		return errors.New("name one board: daybook report board NAME")
	case kind != reports.KindDaily && kind != reports.KindWeekly:
		return fmt.Errorf("there is no report %q: %s", given[0], kinds)
	case len(given) > 1:
		return fmt.Errorf("report %s takes no further argument: what is %q?", kind, given[1])
	}
	return nil
}

// check reads what can be read before the book is opened.
func (a *reportArgs) check(given []string) (err error) {
	a.kind = reports.Kind(given[0])
	if len(given) > 1 {
		a.board = given[1]
	}
	several := a.from != "" || a.to != ""
	switch {
	case a.date != "" && several:
		return usage("", "--date names one day, --from and --to several: they do not go together")
	case a.to != "" && a.from == "" && a.kind != reports.KindBoard:
		return usage("add --from DAY", "--to says where the days end, and nothing where they begin")
	case a.date != "" && a.kind == reports.KindBoard:
		return usage("--to DAY makes the report as it was on that day", "a board's report has no --date, but --from and --to")
	case a.note && a.kind != reports.KindDaily:
		return usage("say `daybook report daily --note`", "--note is for the report of a day")
	}
	today := dayEnd{rel: true}
	a.on, a.first, a.last = today, today, today
	if a.date != "" {
		if a.on, err = parseDayEnd(a.date); err != nil {
			return err
		}
	}
	if a.from != "" {
		if a.first, err = parseFrom("--from", a.from); err != nil {
			return err
		}
	}
	if a.to != "" {
		if a.last, err = parseTo("--to", a.to); err != nil {
			return err
		}
	}
	return nil
}

func (a *reportArgs) run(ctx context.Context, e env, g *globals, book *daybook.Book) error {
	vault, err := vaultOf(book)
	if err != nil {
		return err
	}
	today := book.DayOf(book.Now())
	for _, d := range []daybook.Day{a.on.on(today), a.first.on(today), a.last.on(today)} {
		if d.Compare(today) > 0 {
			return usage("name a day up to today", "%s is in the future: today is %s in the zone of the book, %s",
				d, today, book.Settings().Zone)
		}
	}
	if a.from != "" && a.first.on(today).Compare(a.last.on(today)) > 0 {
		return usage("", "the days end, on %s, before they begin, on %s", a.last.on(today), a.first.on(today))
	}
	if a.dir, err = reportDir(a.dir, vault, book); err != nil {
		return err
	}
	palette, err := loadPalette(e, g)
	if err != nil {
		return err
	}
	out := reporter{
		reportArgs: a, ctx: ctx, env: e, globals: g,
		source: reports.Source{Book: book, Palette: palette, Vault: vault},
	}
	told := map[string]bool{} // several reports meet the same
	out.source.Damage = func(d *daybook.DamageError) {
		if key := fmt.Sprintf("%s %d", d.File, d.Offset); !told[key] {
			told[key] = true
			e.say("error", "%v", d)
		}
	}
	if a.kind == reports.KindBoard {
		err = out.aboutBoard(today)
	} else {
		err = out.aboutDays(today)
	}
	if err == nil && out.damaged > 0 {
		return damageLeftOut(out.damaged)
	}
	return err
}

// vaultOf returns the directory of the vault that a book is of.
func vaultOf(book *daybook.Book) (string, error) {
	dir := book.Dir()
	if filepath.Base(dir) != daybook.VaultDir || book.Settings().Rules != daybook.RulesVault {
		return "", &failure{
			exitUsage, fmt.Errorf("%s is not the book of a vault: a report is about boards, and is written beside them", dir),
			"go into a vault, or name its book: --book VAULT/" + daybook.VaultDir,
		}
	}
	return filepath.Dir(dir), nil
}

// reportDir returns the directory that reports are written into, as it was given: relative to the vault, and not the book's.
func reportDir(dir, vault string, book *daybook.Book) (string, error) {
	if dir == "" {
		return "", usage("--dir \"Learning reports\"", "--dir names no directory")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(vault, dir)
	}
	if err := outside(book, dir); err != nil {
		return "", err
	}
	return dir, nil
}

// reporter makes and writes reports.
type reporter struct {
	*reportArgs
	ctx     context.Context // of the command: a reporter does not outlive it
	env     env
	globals *globals
	source  reports.Source
	damaged int
}

// aboutDays writes the report of a day or a week, or those of several.
func (r *reporter) aboutDays(today daybook.Day) error {
	if r.from == "" {
		return r.aboutDay(r.on.on(today))
	}
	first, last := r.first.on(today), r.last.on(today)
	days, err := r.source.Book.Days()
	if err != nil {
		return err
	}
	done := ""
	for _, d := range days {
		if d.Compare(first) < 0 || d.Compare(last) > 0 {
			continue
		}
		year, week := d.Start(r.source.Book.Zone()).ISOWeek()
		period := fmt.Sprint(year, week)
		if r.kind == reports.KindDaily {
			period = d.String()
		}
		if period == done {
			continue
		}
		done = period
		if err := r.aboutDay(d); err != nil {
			return err
		}
	}
	if done == "" {
		r.env.say("note", "nothing was recorded from %s to %s: no report was written", first, last)
	}
	return nil
}

func (r *reporter) aboutDay(day daybook.Day) error {
	if r.kind == reports.KindWeekly {
		rep, err := reports.Weekly(r.ctx, r.source, day)
		return r.write(rep, err)
	}
	rep, err := reports.Daily(r.ctx, r.source, day)
	return r.write(rep, err)
}

func (r *reporter) aboutBoard(today daybook.Day) error {
	var from, to daybook.Day
	if r.from != "" {
		from = r.first.on(today)
	}
	if r.to != "" {
		to = r.last.on(today)
	}
	rep, err := reports.OfBoard(r.ctx, r.source, boardID(r.board), from, to)
	if errors.Is(err, reports.ErrNoBoard) {
		rep, err = r.find(from, to)
	}
	return r.write(rep, err)
}

// find makes the report of a board that has no events under the name as it was given.
func (r *reporter) find(from, to daybook.Day) (*reports.Report, error) {
	name := boardID(r.board)
	_, err := reports.OfBoard(r.ctx, r.source, name, daybook.Day{}, daybook.Day{})
	if errors.Is(err, reports.ErrNoBoard) {
		boards, err := (&bookReader{ctx: r.ctx, env: r.env, book: r.source.Book}).boards()
		if err != nil {
			return nil, err
		}
		if name, err = boards.resolve(r.board); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	rep, err := reports.OfBoard(r.ctx, r.source, name, from, to)
	if errors.Is(err, reports.ErrNoBoard) {
		return nil, usage("name a later day, or leave --to out", "nothing was recorded of %s until %s", name, to)
	}
	return rep, err
}

// written is what is printed of a report with --json.
type written struct {
	File string `json:"file"`
	Note string `json:"note,omitempty"`
	*reports.Report
}

func (r *reporter) write(rep *reports.Report, err error) error {
	if err != nil {
		return err
	}
	r.damaged = max(r.damaged, rep.Damaged)
	fsys := outsideOf(r.source.Book)
	out := written{Report: rep}
	if out.File, err = rep.Write(fsys, r.dir, r.html); err != nil {
		return err
	}
	if r.note {
		if out.Note, err = rep.WriteNote(fsys, r.source.Vault); err != nil {
			return err
		}
	}
	if r.globals.json {
		return r.env.printJSON(out)
	}
	text := printable.Line(out.File) + "\n"
	if out.Note != "" {
		text += printable.Line(out.Note) + "\n"
	}
	return r.env.print(text)
}

// boardID is the canvas_id of a board as a person names it.
func boardID(name string) string {
	name = filepath.ToSlash(name)
	if filepath.Ext(name) != ".canvas" {
		name += ".canvas"
	}
	return name
}

// completeReport offers the kinds of reports and, for a board, the boards.
func completeReport(e env, g *globals) cobra.CompletionFunc {
	boards := completeBoards(e, g)
	return func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		switch {
		case len(args) == 0:
			return []string{"daily", "weekly", "board"}, cobra.ShellCompDirectiveNoFileComp
		case len(args) == 1 && args[0] == "board":
			return boards(cmd, nil, toComplete)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}
