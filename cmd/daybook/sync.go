package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/view/ledger"
	"daybook/view/session"
)

func newSync(e env, g *globals) *cobra.Command {
	var rebuild bool
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Post the book to its ledger, a SQLite database",
		Long: `Post what the ledger lacks of the book: ledger.db in the book's directory, a SQLite database of all events with figures
of each day and full-text search. It is made when there is none. What is posted already is not read again, but a day
that was repaired, cut or replaced is posted anew.

"daybook watch" does this by itself where the views of daybook.json name the ledger ("daybook init --views
session,ledger").

Damaged lines are reported and left out; the exit status is then 3. A ledger that is no ledger, damaged or a newer
program's stays as it is; one of an older program is made again. With --rebuild a new one is made beside it and put in
its place as a whole; days that the book no longer has are taken over, and what could not be read is kept aside.`,
		Example: `  daybook sync
  daybook sync --rebuild
  daybook sync && daybook sql 'SELECT * FROM daily_stats'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			palette, err := loadPalette(e, g)
			if err != nil {
				return err
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				p := newPosting(e, g)
				p.opts.Palette = palette
				return p.run(cmd.Context(), book, rebuild)
			})
		},
	}
	cmd.Flags().BoolVar(&rebuild, "rebuild", false, "make a new ledger and put it in the old one's place")
	return cmd
}

// posting posts a book to its ledger on behalf of a command.
type posting struct {
	e       env
	g       *globals
	opts    ledger.Options
	bar     *progress
	always  bool // metadata.json tells of it also when there was nothing to post
	damaged int
}

func newPosting(e env, g *globals) *posting {
	p := &posting{e: e, g: g, bar: newProgress(e, g.json)}
	p.opts.Damage = func(d *daybook.DamageError) {
		p.bar.clear()
		p.damaged++
		e.say("error", "%v", d)
	}
	p.opts.Progress = p.bar.step
	return p
}

// run is the command sync.
func (p *posting) run(ctx context.Context, book *daybook.Book, rebuild bool) error {
	began := time.Now()
	p.always = true
	done, err := p.post(ctx, book, rebuild)
	if err != nil {
		return err
	}
	took := time.Since(began)
	if p.g.json {
		err = p.e.printJSON(syncLine{
			done.Days, done.Events, done.Removed, done.Damaged, done.Refreshed, done.Carried, done.Lost, done.Kept, seconds(took),
		})
	} else {
		if done.Kept != "" {
			p.e.say("note", "the old ledger could not be read as a whole and is kept as %s", done.Kept)
		}
		if isTerminal(p.e.stderr) {
			p.e.say("note", "%s", posted(done, took))
		}
	}
	switch {
	case err == nil && done.Lost > 0:
		err = &failure{
			code: exitDamage,
			err:  fmt.Errorf("%s that only the old ledger had could not be taken over", count(done.Lost, "day")),
			hint: fmt.Sprintf("%s has what is left of them; put back a copy of the ledger that has them, if there is one, and rebuild that", done.Kept),
		}
	case err == nil && p.damaged > 0:
		err = damageLeftOut(p.damaged)
	}
	return err
}

// post brings the ledger up to the book's end, and metadata.json with it.
func (p *posting) post(ctx context.Context, book *daybook.Book, rebuild bool) (done ledger.Rebuilt, err error) {
	v := ledger.New(p.opts)
	defer p.bar.done()
	if err := v.Open(ctx, book); err != nil {
		return done, err
	}
	if rebuild {
		done, err = v.Rebuild(ctx)
	}
	if err == nil { // also after a rebuilding, so that the View knows what is posted
		var more ledger.Summary
		more, err = v.CatchUp(ctx)
		if !rebuild {
			done.Summary = more
		}
	}
	if err == nil && slices.Contains(book.Settings().Views, "session") && (p.always || !done.Summary.Nothing()) {
		if err = session.Synced(ctx, book, book.Now(), v.Posted); err != nil {
			err = &metadataError{err}
		}
	}
	return done, errors.Join(err, v.Close())
}

// metadataError says that all is posted, and metadata.json could not be told.
type metadataError struct{ err error }

func (e *metadataError) Error() string { return "the ledger is posted to, but " + e.err.Error() }

func (e *metadataError) Unwrap() error { return e.err }

// syncLine is what sync --json prints.
type syncLine struct {
	Days      int     `json:"days"`
	Events    int     `json:"events"`
	Removed   int     `json:"removed"`
	Damaged   int     `json:"damaged"`
	Refreshed int     `json:"refreshed"`
	Carried   int     `json:"carried"`
	Lost      int     `json:"lost,omitempty"`
	Kept      string  `json:"kept,omitempty"`
	Seconds   float64 `json:"seconds"`
}

// posted tells a person what was posted.
func posted(r ledger.Rebuilt, took time.Duration) string {
	if r.Summary.Nothing() && r.Carried == 0 {
		return "the ledger has all of the book"
	}
	text := fmt.Sprintf("posted %s of %s in %s", count(r.Events, "event"), count(r.Days, "day"), duration(took))
	for _, c := range []struct {
		n    int
		noun string
		what string
	}{
		{r.Removed, "row", "removed"},
		{r.Damaged, "damaged line", "left out"},
		{r.Refreshed, "day", "computed again"},
		{r.Carried, "day", "taken over from the old ledger"},
	} {
		if c.n > 0 {
			text += "; " + count(c.n, c.noun) + " " + c.what
		}
	}
	return text
}
