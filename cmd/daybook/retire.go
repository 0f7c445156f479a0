package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/daemon"
	"daybook/learning"
	"daybook/view/ledger"
	"daybook/view/session"
)

// retireFlags are what the command line says; what it does not say, the book's settings do.
type retireFlags struct {
	after, keep, max string
	dry              bool
	given            func(flag string) bool
}

func newRetire(e env, g *globals) *cobra.Command {
	f := &retireFlags{}
	cmd := &cobra.Command{
		Use:   "retire [DAY…]",
		Short: "Put old days away: into the ledger, and compressed",
		Long: `Retire the days that are older than those that stay (seven, today among them, unless the book's settings or --after
say otherwise), or the given ones. Each is posted to the ledger, a SQLite database, read back and compared with its
file, byte for byte; then its session document goes, and its file is compressed, kept or deleted. A compressed day is
read by all commands as if it were not. A deleted one is in the ledger, and nowhere else.

A day that is damaged, that does not compare equal, or whose session document is in use stays as it is: it is named,
and the others go on. Late events for a retired day are taken as ever; the next time they are retired, too.

"daybook watch" does this once a day where the book's settings say so: see "daybook help init".`,
		Example: `  daybook retire --dry-run
  daybook retire
  daybook retire --after 30d --keep delete
  daybook retire --max-size 70MB
  daybook retire ..2025-10-31`,
		ValidArgsFunction: completeDays(e, g),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given = cmd.Flags().Changed
			return retire(cmd.Context(), e, g, f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.after, "after", "", "how many days, today among them, stay as they are: `TIME` such as 7d or 2w")
	flags.StringVar(&f.keep, "keep", "", "what becomes of the day's file: `MODE` compress, keep or delete")
	flags.StringVar(&f.max, "max-size", "", "`SIZE` of plain days and documents over which older ones go earlier, such as 70MB")
	flags.BoolVar(&f.dry, "dry-run", false, "only say what would be done")
	completeWords(cmd, "after", "7d", "30d", "90d")
	completeKeeps(cmd, "keep")
	return cmd
}

// policy returns what the flags say, laid over the book's settings.
func (f *retireFlags) policy(book *daybook.Retention) (daybook.Retention, error) {
	p := daybook.Retention{AfterDays: 7, Keep: daybook.KeepPacked}
	if book != nil {
		p = *book
	}
	var err error
	if f.given("after") {
		p.AfterDays, err = parseAfter("--after", f.after)
	}
	if err == nil && f.given("keep") {
		p.Keep, err = parseKeep("--keep", f.keep)
	}
	if err == nil && f.given("max-size") {
		p.MaxBytes, err = parseSize("--max-size", f.max)
	}
	return p, err
}

func retire(ctx context.Context, e env, g *globals, f *retireFlags, args []string) error {
	days, err := parseDays(args)
	if err != nil {
		return err
	}
	if _, err := f.policy(nil); err != nil { // before anything is opened
		return err
	}
	if len(days) > 0 && (f.given("after") || f.given("max-size")) {
		return usage("name days, or say which stay", "--after and --max-size say which days are meant, and so does %s", days[0].text)
	}
	palette, err := loadPalette(e, g)
	if err != nil {
		return err
	}
	r := &retiring{e: e, g: g, bar: newProgress(e, g.json), Retirement: daemon.Retirement{DryRun: f.dry}}
	open := r.open
	if f.dry {
		open = openBook
	}
	return withBook(open, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
		policy, err := f.policy(book.Settings().Retire)
		if err != nil {
			return err
		}
		r.Book, r.Keep, r.Progress = book, policy.Keep, r.bar.step
		if f.dry && slices.Contains(book.Settings().Views, "session") {
			r.Documents = session.New(session.Options{}) // for its name
		}
		var due []daybook.Day
		if len(days) > 0 {
			due, err = r.named(days)
		} else {
			due, err = r.Due(policy)
		}
		if err != nil {
			return err
		}
		return r.run(ctx, due, palette)
	})
}

// retiring is a Retirement on behalf of the command.
type retiring struct {
	daemon.Retirement
	e             env
	g             *globals
	bar           *progress
	days          int
	before, after int64
	left          []daemon.RetiredDay
}

// open opens the book with its views, and remembers the one that keeps the documents.
func (r *retiring) open(e env, g *globals, opts daybook.Options) (*daybook.Book, error) {
	dir, err := bookDir(e, g)
	if err != nil {
		return nil, err
	}
	opts.ViewsFor = func(s daybook.Settings) []daybook.View {
		views := viewsFor(e, dir, s)
		for _, v := range views {
			if v, ok := v.(*session.View); ok {
				r.Documents = v
			}
		}
		return views
	}
	return openBook(e, g, opts)
}

// named returns the days that the command line names, as far as there is something to do with them.
func (r *retiring) named(args []dayArg) (due []daybook.Day, err error) {
	list, err := queries(r.Book, args)
	if err != nil {
		return nil, err
	}
	today := r.Book.DayOf(r.Book.Now())
	days, err := r.All()
	if err != nil {
		return nil, err
	}
	for i, q := range list {
		one := !q.From.IsZero() && q.From == q.To
		if (one || !q.From.IsZero()) && q.From.Compare(today) >= 0 {
			return nil, usage("only days before today can be retired; today is "+today.String(), "%s is not past", args[i].text)
		}
		if one && !slices.Contains(days, q.From) {
			// One that was deleted has left its checksums.
			if _, err := r.Book.FS().Stat(filepath.Join(r.Book.Dir(), q.From.String(), "SHA256SUMS")); err != nil {
				return nil, &failure{
					err:  fmt.Errorf("there is no day %s in the book", q.From),
					hint: "`daybook cat` prints the events there are",
				}
			}
		}
		for _, day := range days {
			if day.Compare(today) >= 0 || !q.From.IsZero() && day.Compare(q.From) < 0 || !q.To.IsZero() && day.Compare(q.To) > 0 {
				continue
			}
			rests, err := r.Rests(day)
			if err != nil {
				return nil, err
			}
			if !rests {
				due = append(due, day)
			}
		}
	}
	slices.SortFunc(due, daybook.Day.Compare)
	return slices.Compact(due), nil
}

func (r *retiring) run(ctx context.Context, due []daybook.Day, palette learning.Palette) (err error) {
	defer r.bar.done()
	if !r.DryRun && len(due) > 0 {
		// Damaged lines are told when their day's turn comes, which is then left as it is.
		r.Ledger = ledger.New(ledger.Options{Palette: palette, Damage: func(*daybook.DamageError) {}})
		defer func() { err = errors.Join(err, r.Ledger.Close()) }()
		if err := r.Ledger.Open(ctx, r.Book); err != nil {
			return err
		}
	}
	for d, err := range r.Run(ctx, due) {
		if err != nil {
			return err
		}
		r.bar.clear()
		if err := r.print(d); err != nil {
			return err
		}
	}
	if !r.g.json && r.days > 0 && isTerminal(r.e.stderr) {
		verb := "retired"
		if r.DryRun {
			verb = "would retire"
		}
		r.e.say("note", "%s %s%s", verb, count(r.days, "day"), r.change(r.before, r.after))
	}
	return r.judge()
}

// change tells how large files were and are: " of 1.2 MB", or ": 1.2 MB → 96 kB".
func (r *retiring) change(before, after int64) string {
	if r.DryRun || before == after {
		return " of " + size(before)
	}
	return ": " + size(before) + " → " + size(after)
}

// retiredLine is what retire --json says of a day.
type retiredLine struct {
	Day      string               `json:"day"`
	Status   daybook.RetireStatus `json:"status"`
	DryRun   bool                 `json:"dry_run,omitempty"`
	Events   int                  `json:"events,omitempty"`
	Before   int64                `json:"before"`
	After    *int64               `json:"after,omitempty"`
	Document bool                 `json:"document"`
	Error    string               `json:"error,omitempty"`
	Findings []daybook.Finding    `json:"findings,omitempty"`
}

func (r *retiring) print(d daemon.RetiredDay) error {
	if d.Err != nil {
		r.left = append(r.left, d)
	} else if d.Status != daybook.RetireUnchanged {
		r.days, r.before, r.after = r.days+1, r.before+d.Before, r.after+d.After
	}
	if r.g.json {
		l := retiredLine{d.Day.String(), d.Status, r.DryRun, d.Events, d.Before, &d.After, d.Document, "", d.Findings}
		if r.DryRun {
			l.After = nil
		}
		if d.Err != nil {
			l.Error = d.Err.Error()
		}
		return r.e.printJSON(l)
	}
	if d.Err != nil {
		r.complain(d)
		return nil
	}
	if text := retired(d, r.DryRun); text != "" {
		return r.e.print(d.Day.String() + ": " + text + "\n")
	}
	return nil
}

// complain tells why a day was left as it is.
func (r *retiring) complain(d daemon.RetiredDay) {
	what := "stays as it is"
	if d.Status != daybook.RetireRefused {
		what = "is retired, but not done with"
	}
	if len(d.Findings) == 0 {
		r.e.say("error", "%s %s: %v", d.Day, what, d.Err)
	}
	for _, f := range d.Findings {
		r.e.say("error", "%s %s: %v", d.Day, what, f)
	}
}

// retired tells a person what became of a day, or would; "" if nothing.
func retired(d daemon.RetiredDay, dry bool) string {
	events := ""
	if !dry {
		events = grouped(d.Events) + " " + nounFor(d.Events, "event") + ", "
	}
	would := ""
	if dry {
		would = "would be "
	}
	switch d.Status {
	case daybook.RetirePacked:
		if dry {
			return size(d.Before) + ", would be compressed"
		}
		return events + size(d.Before) + " → " + size(d.After)
	case daybook.RetireDeleted:
		return events + size(d.Before) + ", " + would + "deleted: the ledger has them"
	case daybook.RetireKept:
		return events + size(d.Before) + ", " + would + "kept"
	}
	if d.Document {
		return "its session document " + map[bool]string{true: "would be removed", false: "is removed"}[dry]
	}
	return ""
}

// judge is the error of days that were left as they are.
func (r *retiring) judge() error {
	if len(r.left) == 0 {
		return nil
	}
	f := &failure{err: fmt.Errorf("%s not retired", count(len(r.left), "day"))}
	for _, d := range r.left {
		code, hint := judgeRetired(d.Err)
		if rank(code) > rank(f.code) {
			f.code, f.hint = code, hint
		}
	}
	return f
}

// rank orders exit statuses by how much is wrong.
func rank(code int) int {
	return slices.Index([]int{exitDone, exitFailed, exitLocked, exitDamage}, code)
}

func judgeRetired(err error) (code int, hint string) {
	var differs ledger.Difference
	switch {
	case errors.Is(err, daemon.ErrFindings):
		return exitDamage, "`daybook verify` says what is wrong, `daybook repair` mends what can be mended; then retire again"
	case errors.As(err, &differs) && !differs.Behind:
		return exitDamage, "`daybook verify` lists what the ledger has otherwise, `daybook sync --rebuild` makes it anew from the book"
	case errors.Is(err, daybook.ErrLocked):
		return exitLocked, "another program uses the session document, or the book: wait for it, then retire again"
	}
	if code, hint = judgeCause(err); rank(code) < 0 {
		code = exitFailed
	}
	return code, hint
}

// grouped writes a number with commas between its thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// nounFor is a noun behind a number.
func nounFor(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
