package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/learning"
)

func newHistory(e env, g *globals) *cobra.Command {
	var args historyArgs
	cmd := &cobra.Command{
		Use:   "history CARD|BOARD",
		Short: "Tell how a card or a board came to be what it is",
		Long: `Print what happened to a card, each colour, text and move with its time, across boards and their names; or what
happened to a board, a line for each save. CARD is the card's id, or words that are or were on it; when several cards
have them, they are listed, and --board names the board that is meant. BOARD is a board's path in the vault, also an
earlier one; .canvas, and folders that are not needed to tell it apart, may be left out.

With --text each change of a card's text shows what went and what came, and the last text follows, also of a card that
is gone. With --at BOARD is rebuilt as it was at the end of that day, minute or second, as a .canvas on stdout.`,
		Example: `  daybook history "what is a wave"
  daybook history b3f1c2d4e5f60718 --text
  daybook history eigenvalue --board "Linear algebra/Eigenvectors" --from 2025-11-01
  daybook history Physics/Waves.canvas
  daybook history Physics/Waves.canvas --at "2025-11-08 14:30" > Waves.canvas`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || strings.TrimSpace(args[0]) == "" {
				return fmt.Errorf("history takes one card or one board, not %d: put words between quotes", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeBoards(e, g),
		RunE: func(cmd *cobra.Command, given []string) error {
			args.what = given[0]
			if err := args.check(cmd.Flags().Changed); err != nil {
				return err
			}
			var err error
			if args.palette, err = loadPalette(e, g); err != nil {
				return err
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return args.run(cmd.Context(), e, g, book)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.at, "at", "", "rebuild the board as it was at `TIME`: a day, 2025-11-08 14:30, or RFC 3339")
	flags.StringVar(&args.board, "board", "", "the `BOARD` that the card is or was on")
	flags.StringVar(&args.from, "from", "", "the first `DAY`")
	flags.StringVar(&args.to, "to", "", "the last `DAY`, included")
	flags.BoolVar(&args.text, "text", false, "show what changed in the card's text, and the last text")
	for _, flag := range []string{"from", "to", "at"} {
		completeFlag(cmd, flag, completeDays(e, g))
	}
	completeFlag(cmd, "board", completeBoards(e, g))
	return cmd
}

// historyArgs are the flags as they were given.
type historyArgs struct {
	what, at, board, from, to string
	text                      bool
	first, last               dayEnd
	moment                    momentArg
	palette                   learning.Palette
}

// check reads what can be read before the book is opened.
func (a *historyArgs) check(given func(flag string) bool) (err error) {
	if given("at") {
		for _, flag := range []string{"board", "from", "to", "text"} {
			if given(flag) {
				return usage("see `daybook history --help`", "--at rebuilds a board: --%s goes with a card", flag)
			}
		}
		if a.moment, err = parseMoment(a.at); err != nil {
			return err
		}
	}
	if given("from") {
		if a.first, err = parseFrom("--from", a.from); err != nil {
			return err
		}
	}
	if given("to") {
		if a.last, err = parseTo("--to", a.to); err != nil {
			return err
		}
	}
	return nil
}

// days returns the days whose entries are printed.
func (a *historyArgs) days(book *daybook.Book) (daybook.Query, error) {
	today := book.DayOf(book.Now())
	q := daybook.Query{From: a.first.on(today), To: a.last.on(today)}
	switch {
	case !q.From.IsZero() && !q.To.IsZero() && q.From.Compare(q.To) > 0:
		return q, usage("swap the two days; both are included", "--from %s is after --to %s", q.From, q.To)
	case !q.From.IsZero() && q.From.Compare(today) > 0:
		return q, usage("nothing has happened there yet", "--from %s lies ahead", q.From)
	}
	return q, nil
}

func (a *historyArgs) run(ctx context.Context, e env, g *globals, book *daybook.Book) error {
	days, err := a.days(book)
	if err != nil {
		return err
	}
	r := &bookReader{ctx: ctx, env: e, book: book}
	if err := a.tell(e, g, r, days); err != nil {
		return err
	}
	return r.left()
}

func (a *historyArgs) tell(e env, g *globals, r *bookReader, days daybook.Query) error {
	boards, err := r.boards()
	if err != nil {
		return err
	}
	if a.at != "" {
		at, err := a.moment.in(r.book)
		if err != nil {
			return err
		}
		name, err := r.resolve(boards, a.what)
		if err != nil {
			return err
		}
		return boardAt(e, r, boards, name, at)
	}
	palette := a.palette
	if a.board != "" || a.text {
		return a.card(e, g, r, boards, days, palette)
	}
	name, ok := boards.exact(a.what)
	if !ok && strings.HasSuffix(strings.ToLower(a.what), ".canvas") {
		var err error
		if name, err = r.resolve(boards, a.what); err != nil {
			return err
		}
		ok = true
	}
	if !ok {
		err := a.card(e, g, r, boards, days, palette)
		var none *noCard
		if !errors.As(err, &none) {
			return err
		}
		if name, nerr := r.resolve(boards, a.what); nerr == nil {
			return boardLog(e, g, r, boards, name, days, palette)
		}
		return err
	}
	return boardLog(e, g, r, boards, name, days, palette)
}

// momentArg is a TIME of the command line before it is known what it is in the book's zone.
type momentArg struct {
	text  string
	day   dayEnd
	isDay bool
}

const momentHint = "a TIME is a day (2025-11-08, today, yesterday), or 2025-11-08 14:30, 2025-11-08 14:30:15 in the book's " +
	"zone, or RFC 3339"

// parseMoment reads a TIME. Nothing is opened for it.
func parseMoment(text string) (momentArg, error) {
	if day, err := parseDayEnd(text); err == nil {
		return momentArg{text: text, day: day, isDay: true}, nil
	}
	m := momentArg{text: text}
	if _, _, ok := parseClock(text, time.UTC); !ok {
		return m, usage(momentHint, "--at %q is no time", text)
	}
	return m, nil
}

// in returns the last instant of the time, or the present if that is earlier.
func (m momentArg) in(book *daybook.Book) (time.Time, error) {
	now := book.Now()
	var at, begin time.Time
	if m.isDay {
		day := m.day.on(book.DayOf(now))
		begin, at = day.Start(book.Zone()), day.Add(1).Start(book.Zone()).Add(-1)
	} else {
		t, length, _ := parseClock(m.text, book.Zone()) // it is one
		at = t.Add(max(0, length-1))
		begin = at.Add(1 - time.Minute)
	}
	if begin.After(now) {
		return at, usage("a board can be rebuilt as it was, not as it will be", "--at %s lies ahead: it is %s now",
			m.text, now.Format("2006-01-02 15:04"))
	}
	if at.After(now) {
		at = now
	}
	return at.In(book.Zone()), nil
}

// completeBoards offers the boards of the book to the shell.
func completeBoards(e env, g *globals) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		err := withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
			quiet := e
			quiet.stderr = discard{}
			boards, err := (&bookReader{ctx: cmd.Context(), env: quiet, book: book}).boards()
			if err == nil {
				names = typable(boards.names)
			}
			return err
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp // no book, no boards
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
