package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/learning"
	"daybook/learning/review"
	reports "daybook/view/report"
)

func newReview(e env, g *globals) *cobra.Command {
	var args reviewArgs
	cmd := &cobra.Command{
		Use:   "review",
		Short: "List the cards to look at today",
		Long: `List the cards to look at today, over all boards, the most urgent first: those that were understood better before,
those that are due, those that are not understood for more than 3 days, or only in part for more than 7. Each has a link
that opens its board in Obsidian.

A card is due by FSRS, or 1, 2, 4, 7, 15, 30 days after it was understood (--schedule story). With --done CARD you say
that you have looked at it, and with --rating how well you remembered; --snooze CARD 3d puts it off. CARD is the card's
id, or words on it.`,
		Example: `  daybook review
  daybook review --board Physics/Waves --limit 5
  daybook review --done "what is a wave" --rating hard
  daybook review --snooze 29ce8239647aae4d 3d`,
		Args: func(cmd *cobra.Command, given []string) error {
			switch snooze := cmd.Flags().Changed("snooze"); {
			case snooze && len(given) == 1:
				return nil
			case snooze:
				return fmt.Errorf("--snooze takes a card and a time: --snooze CARD 3d")
			}
			return noArgs(cmd, given)
		},
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := args.check(cmd.Flags().Changed, given); err != nil {
				return err
			}
			palette, err := loadPalette(e, g)
			if err != nil {
				return err
			}
			opts := daybook.Options{MustExist: true}
			return withBook(openWithViews, e, g, opts, func(book *daybook.Book) error {
				r := &bookReader{ctx: cmd.Context(), env: e, book: book}
				if err := args.run(cmd.Context(), e, g, r, palette); err != nil {
					return err
				}
				return r.left()
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.board, "board", "", "only the cards of `BOARD`")
	flags.StringVar(&args.scheduleName, "schedule", string(review.FSRS), "how the days are computed: `fsrs|story`")
	flags.IntVar(&args.limit, "limit", 0, "list the first `N` cards; 20 without --json, and 0 is all")
	flags.StringVar(&args.done, "done", "", "note that you have looked at `CARD`")
	flags.StringVar(&args.ratingName, "rating", review.Good.String(), "with --done, how well you remembered: `again|hard|good|easy`")
	flags.StringVar(&args.snooze, "snooze", "", "put `CARD` off for a time that follows, such as 3d or 2w")
	completeFlag(cmd, "board", completeBoards(e, g))
	completeWords(cmd, "schedule", string(review.FSRS), string(review.Story))
	completeWords(cmd, "rating", "again", "hard", "good", "easy")
	for _, flag := range []string{"limit", "done", "snooze"} {
		completeFlag(cmd, flag, cobra.NoFileCompletions)
	}
	return cmd
}

// reviewArgs are the flags as they were given.
type reviewArgs struct {
	board, scheduleName, done, ratingName, snooze string
	limit                                         int
	limited, toBeDone, toBeSnoozed                bool
	schedule                                      review.Schedule
	rating                                        review.Rating
	days                                          int // of snooze
}

// check reads what can be read before the book is opened.
func (a *reviewArgs) check(given func(flag string) bool, args []string) (err error) {
	if a.schedule, err = review.ParseSchedule(a.scheduleName); err != nil {
		return usage("", "--schedule: %w", err)
	}
	if a.rating, err = review.ParseRating(a.ratingName); err != nil {
		return usage("", "--rating: %w", err)
	}
	a.limited, a.toBeDone, a.toBeSnoozed = given("limit"), given("done"), given("snooze")
	switch {
	case a.limit < 0:
		return usage("leave --limit out, or say 0 for all", "--limit %d: the limit must be 0 or more", a.limit)
	case given("rating") && !a.toBeDone:
		return usage("say `daybook review --done CARD --rating hard`", "--rating goes with --done")
	case a.toBeDone && a.toBeSnoozed:
		return usage("say the one, then the other", "--done and --snooze do not go together")
	case a.toBeDone && strings.TrimSpace(a.done) == "", a.toBeSnoozed && strings.TrimSpace(a.snooze) == "":
		return usage("CARD is a card's id, or words on it", "no card is given")
	}
	if a.toBeSnoozed {
		a.days, err = parseSnooze(args[0])
	}
	return err
}

// longestSnooze is for how many days a card can be put off.
const longestSnooze = 366

// parseSnooze reads a number of days (3d) or weeks (2w).
func parseSnooze(text string) (days int, err error) {
	const hint = "write a number of days or weeks, as 3d or 2w"
	number, unit := strings.TrimRight(text, "dw"), 1
	switch strings.TrimPrefix(text, number) {
	case "w":
		unit = 7
	case "d":
	default:
		return 0, usage(hint, "--snooze: %q is no time", text)
	}
	n, err := strconv.Atoi(number)
	if err != nil || strings.HasPrefix(number, "+") {
		return 0, usage(hint, "--snooze: %q is no time", text)
	}
	if days = n * unit; n < 1 || n > longestSnooze || days > longestSnooze {
		return 0, usage(hint, "--snooze %s: a card is put off for 1 to %d days", text, longestSnooze)
	}
	return days, nil
}

func (a *reviewArgs) run(ctx context.Context, e env, g *globals, r *bookReader, palette learning.Palette) error {
	if a.toBeDone || a.toBeSnoozed {
		return a.note(ctx, e, g, r)
	}
	board := ""
	if a.board != "" {
		boards, err := r.boards()
		if err != nil {
			return err
		}
		if board, err = r.resolve(boards, a.board); err != nil {
			return err
		}
	}
	plan, err := r.plan(palette, a.schedule)
	if err != nil {
		return err
	}
	today := plan.List(r.book.Now())
	if board != "" {
		today = onBoard(today, board)
	}
	page := reviewPage{today: today, palette: palette, vault: vaultName(r.book), board: board}
	if g.json {
		return page.printJSON(e, a.limit)
	}
	if !a.limited {
		page.limit = 20
	} else {
		page.limit = a.limit
	}
	return e.print(page.text())
}

// plan follows all events of the book.
func (r *bookReader) plan(palette learning.Palette, s review.Schedule) (*review.Plan, error) {
	defer collectSeldom()()
	source := reports.Source{Book: r.book, Palette: palette}
	return reports.Plan(r.ctx, source, s, func(err error) {
		if r.harmless(err) != nil { // no damage, but a snapshot that cannot be read
			r.env.say("warning", "%v: what was on a board then is not known", err)
		}
	})
}

// onBoard is what there is to do on one board.
func onBoard(t review.Today, board string) review.Today {
	var items []review.Item
	for _, it := range t.Items {
		if it.Canvas == board {
			items = append(items, it)
		}
	}
	var boards []review.Total
	for _, b := range t.Boards {
		if b.Canvas == board {
			boards = append(boards, b)
		}
	}
	t.Items, t.Boards = items, boards
	return t
}
