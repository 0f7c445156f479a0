package main

import (
	"bufio"
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"daybook"
)

func newQuery(e env, g *globals) *cobra.Command {
	var args queryArgs
	cmd := &cobra.Command{
		Use:   "query",
		Short: "Print the events that have certain values",
		Long: `Print the events whose members have certain values, as they are stored: one JSON object per line, in the book's
order. Several --where must all hold. Damaged lines are reported and left out; the exit status is then 3.

In --where MEMBER=VALUE, MEMBER is a path such as metadata.run; an array on the way stands for each of its elements.
VALUE is a string's text, or a number, true, false or null as it is spelled in the book.`,
		Example: `  daybook query --where camera_id=gate --from yesterday
  daybook query --where metadata.run=special --where detected_objects.label=person
  daybook query --from 2025-11-01 --to 2025-11-08 --where event_type=node_added --limit 10 | jq .`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			args.limited = cmd.Flags().Changed("limit")
			args.fromGiven, args.toGiven = cmd.Flags().Changed("from"), cmd.Flags().Changed("to")
			query, err := args.parse()
			if err != nil {
				return err
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return query.run(cmd.Context(), e, book)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.from, "from", "", "the first `DAY`")
	flags.StringVar(&args.to, "to", "", "the last `DAY`, included")
	flags.StringArrayVar(&args.where, "where", nil, "what a member must be, as `MEMBER=VALUE`; may be given again: all must hold")
	flags.IntVar(&args.limit, "limit", 0, "print the first `N` events and stop")
	for _, flag := range []string{"from", "to"} {
		completeFlag(cmd, flag, completeDays(e, g))
	}
	for _, flag := range []string{"where", "limit"} {
		completeFlag(cmd, flag, cobra.NoFileCompletions)
	}
	return cmd
}

// queryArgs are the flags as they were given.
type queryArgs struct {
	from, to                    string
	where                       []string
	limit                       int
	fromGiven, toGiven, limited bool
}

// query is a query before it is known which days its days are in the book's zone.
type query struct {
	from, to dayEnd
	where    []daybook.Condition
	limit    int // 0 is none
}

// parse reads the flags. Nothing is opened for it.
func (a queryArgs) parse() (q query, err error) {
	for _, end := range []struct {
		flag, text string
		given      bool
		into       *dayEnd
	}{{"--from", a.from, a.fromGiven, &q.from}, {"--to", a.to, a.toGiven, &q.to}} {
		if !end.given {
			continue
		}
		if *end.into, err = parseDayEnd(end.text); err != nil {
			return q, usage("--from and --to take one day each: 2025-11-08, today or yesterday", "%s: %w", end.flag, err)
		}
	}
	if q.where, err = parseConditions(a.where); err != nil {
		return q, err
	}
	if a.limited && a.limit < 1 {
		return q, usage("leave --limit out to print all events", "--limit %d: the limit must be 1 or more", a.limit)
	}
	q.limit = a.limit
	return q, nil
}

// parseConditions reads what was given with --where.
func parseConditions(texts []string) (list []daybook.Condition, err error) {
	for _, text := range texts {
		c, err := daybook.ParseCondition(text)
		if err != nil {
			return nil, usage("write MEMBER=VALUE, as in --where camera_id=gate or --where metadata.run=special",
				"--where %q: %w", text, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// run prints what the query finds. Damage is told on the way and does not end it.
func (q query) run(ctx context.Context, e env, book *daybook.Book) error {
	today := book.DayOf(book.Now())
	days := daybook.Query{From: q.from.on(today), To: q.to.on(today)}
	if !days.From.IsZero() && !days.To.IsZero() && days.From.Compare(days.To) > 0 {
		return usage("swap the two days; both are included", "--from %s is after --to %s", days.From, days.To)
	}
	out := bufio.NewWriterSize(e.stdout, 64<<10)
	damaged, err := q.print(e, out, book.Search(ctx, days, q.where...))
	if ferr := out.Flush(); err == nil {
		err = outputError(ferr)
	}
	if err == nil && damaged > 0 {
		err = damageLeftOut(damaged)
	}
	return err
}

// print prints what is found, up to the limit, and returns how many damaged pieces it met.
func (q query) print(e env, out *bufio.Writer, found iter.Seq2[daybook.Entry, error]) (damaged int, err error) {
	n := 0
	for entry, err := range found {
		var damage *daybook.DamageError
		if errors.As(err, &damage) {
			damaged++
			e.say("error", "%v", damage)
			continue
		}
		if err != nil {
			return damaged, err
		}
		out.Write(entry.Raw) // a bufio.Writer keeps its error for the newline
		if err := out.WriteByte('\n'); err != nil {
			return damaged, outputError(err)
		}
		if n++; n == q.limit {
			break
		}
	}
	return damaged, nil
}
