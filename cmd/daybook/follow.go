package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"daybook"

	"daybook/internal/printable"
)

func newFollow(e env, g *globals) *cobra.Command {
	var args followArgs
	cmd := &cobra.Command{
		Use:   "follow",
		Short: "Print events as they come, each once",
		Long: `Print each event, as it is stored, as soon as a power cut can no longer take it back: whichever program appends it,
to whichever day, late events and those after midnight included. It ends with Ctrl-C, and says with which token to go
on.

With --json each line has the event and the token that goes on behind it: who stores the token together with what came
of the event misses none and gets none twice, whatever is killed in between.

Following keeps nobody from appending. Damaged lines are reported and left out; the exit status is then 3.`,
		Example: `  daybook follow
  daybook follow --from today --where event_type=node_color_change
  daybook follow --json | while read -r line; do echo "$line" | jq .event; echo "$line" | jq -r .token > token; done
  daybook follow --json --from "$(cat token)"
  daybook follow --once --from "$(cat token)"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			args.json = g.json
			args.limited = cmd.Flags().Changed("limit")
			f, err := args.parse()
			if err != nil {
				return err
			}
			return withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return f.run(cmd.Context(), e, book)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.from, "from", "now",
		"`WHERE` to begin: a token, now, start (all that is there), or a day and those after it")
	flags.StringArrayVar(&args.where, "where", nil, "what a member must be, as `MEMBER=VALUE`; may be given again: all must hold")
	flags.IntVar(&args.limit, "limit", 0, "end after `N` events")
	flags.BoolVar(&args.opts.Once, "once", false, "end when everything is printed that is there")
	flags.DurationVar(&args.opts.Settle, "settle", 2*time.Second,
		"after what `TIME` to sync what its writer has not, with the book's lock; 0: never")
	completeWords(cmd, "from", "now", "start", "today", "yesterday")
	for _, flag := range []string{"where", "limit", "settle"} {
		completeFlag(cmd, flag, cobra.NoFileCompletions)
	}
	return cmd
}

// followArgs are the flags as they were given.
type followArgs struct {
	from          string
	where         []string
	limit         int
	limited, json bool
	opts          daybook.FollowOptions
}

// follow is what follow is to do, before the book is open.
type follow struct {
	begin func(ctx context.Context, book *daybook.Book) (daybook.Token, error)
	where []daybook.Condition
	limit int // 0 is none
	json  bool
	opts  daybook.FollowOptions
}

const fromHint = "give --from a whole token, as follow has printed it, or now, start, today or a day such as 2025-11-08"

// parse reads the flags. Nothing is opened for it.
func (a followArgs) parse() (f follow, err error) {
	f = follow{limit: a.limit, json: a.json, opts: a.opts}
	if f.begin, err = parseBeginning(a.from); err != nil {
		return f, err
	}
	if f.where, err = parseConditions(a.where); err != nil {
		return f, err
	}
	if a.limited && a.limit < 1 {
		return f, usage("leave --limit out to print all events", "--limit %d: the limit must be 1 or more", a.limit)
	}
	switch {
	case a.opts.Settle < 0:
		return f, usage("write a time such as 2s, or 0 for never", "--settle %v is no time to wait", a.opts.Settle)
	case a.opts.Settle == 0:
		f.opts.Settle = -1
	}
	return f, nil
}

// parseBeginning reads --from.
func parseBeginning(text string) (func(context.Context, *daybook.Book) (daybook.Token, error), error) {
	switch text {
	case "now":
		return func(ctx context.Context, book *daybook.Book) (daybook.Token, error) { return book.End(ctx) }, nil
	case "start":
		return func(context.Context, *daybook.Book) (daybook.Token, error) { return daybook.Token{}, nil }, nil
	}
	if day, err := parseDayEnd(text); err == nil {
		return func(_ context.Context, book *daybook.Book) (daybook.Token, error) {
			return daybook.TokenFrom(day.on(book.DayOf(book.Now()))), nil
		}, nil
	}
	token, err := daybook.ParseToken(text)
	if err != nil {
		return nil, usage(fromHint, "--from %q: %w", shortenMiddle(text, 60), err)
	}
	return func(context.Context, *daybook.Book) (daybook.Token, error) { return token, nil }, nil
}

// run prints events until it is to end, and says how to go on.
func (f follow) run(ctx context.Context, e env, book *daybook.Book) error {
	token, err := f.begin(ctx, book)
	switch {
	case err != nil && ctx.Err() != nil && f.opts.Once: // cut short
		return context.Cause(ctx)
	case err != nil && ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	}
	p := &followPrinter{follow: f, env: e, last: token, told: token.String()}
	for next, ferr := range book.Follow(ctx, token, &f.opts) {
		if err = p.take(next, ferr); err != nil || p.done {
			break
		}
	}
	if told := (*failure)(nil); !errors.Is(err, errOutput) && !errors.As(err, &told) {
		if perr := p.goOn(); err == nil {
			err = perr
		}
	}
	switch {
	case err != nil:
		return err
	case p.damaged > 0:
		return damageLeftOut(p.damaged)
	case f.opts.Once && ctx.Err() != nil && !p.done: // cut short
		return context.Cause(ctx)
	}
	return nil
}

// followPrinter prints what is followed.
type followPrinter struct {
	follow
	env     env
	last    daybook.Token // behind everything that was seen
	told    string        // the token that was printed last; that of the beginning
	printed int
	damaged int
	others  bool // days are others than they were
	done    bool // the limit is reached
}

// take deals with one thing that is followed.
func (p *followPrinter) take(next daybook.Followed, err error) error {
	var damage *daybook.DamageError
	var day *daybook.DayError
	switch {
	case errors.As(err, &damage):
		p.damaged++
		p.last = next.Token
		p.env.say("error", "%v", damage)
		return nil
	case errors.Is(err, daybook.ErrOtherBook):
		return &failure{code: exitUsage, err: err, hint: fromHint}
	case errors.As(err, &day):
		p.env.say("error", "%v", err)
		if p.others = p.others || errors.Is(err, daybook.ErrRewritten); day.More {
			return nil
		}
		text := "to go on without what is gone"
		if p.others {
			text = "to go on, with all events of days that are others than they were, also those that came already"
		}
		p.pointTo("hint", text, next.Token.String())
		return &failure{code: exitFailed}
	case err != nil:
		return err
	}
	p.last = next.Token
	for _, c := range p.where {
		if !c.Holds(next.Entry) {
			return nil
		}
	}
	text := string(next.Raw) + "\n"
	if p.json {
		p.told = next.Token.String()
		text = `{"token":"` + p.told + `","event":` + string(next.Raw) + "}\n"
	}
	if err := p.env.printData(text); err != nil {
		return err
	}
	p.printed++
	p.done = p.printed == p.limit
	return nil
}

// goOn says with which token to go on.
func (p *followPrinter) goOn() error {
	token := p.last.String()
	if !p.json {
		p.pointTo("note", "to go on from here", token)
		return nil
	}
	if token == p.told {
		return nil
	}
	return p.env.printData(`{"token":"` + token + `"}` + "\n")
}

// pointTo is say for a token, which must not be shortened.
func (p *followPrinter) pointTo(kind, text, token string) {
	fmt.Fprintf(p.env.talk(), "daybook: %s: %s: %s\n", kind, printable.Line(text), strings.Trim(p.env.withBook("`daybook follow --from "+token+"`"), "`"))
}
