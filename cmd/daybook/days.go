package main

import (
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"daybook"
)

const dayHint = "a DAY is 2025-11-08, today, yesterday, or a range such as 2025-11-01..2025-11-08"

// dayArg is a DAY of the command line before it is known what day it is in the book's zone.
type dayArg struct {
	text     string
	from, to dayEnd
}

// dayEnd is one end of a range: a day, or a number of days before today, or open.
type dayEnd struct {
	day  daybook.Day
	back int // days before today, if relative
	rel  bool
}

// parseDays reads the DAYs of a command line. Nothing is opened for it.
func parseDays(args []string) ([]dayArg, error) {
	days := make([]dayArg, len(args))
	for i, arg := range args {
		from, to, isRange := strings.Cut(arg, "..")
		if !isRange {
			to = from
		}
		d := dayArg{text: arg}
		for _, end := range []struct {
			text string
			into *dayEnd
		}{{from, &d.from}, {to, &d.to}} {
			if isRange && end.text == "" && from+to != "" {
				continue // an open end
			}
			var err error
			if *end.into, err = parseDayEnd(end.text); err != nil {
				return nil, err
			}
		}
		days[i] = d
	}
	return days, nil
}

func parseDayEnd(text string) (dayEnd, error) {
	switch text {
	case "today":
		return dayEnd{rel: true}, nil
	case "yesterday":
		return dayEnd{rel: true, back: 1}, nil
	}
	day, err := daybook.ParseDay(text)
	if err != nil {
		return dayEnd{}, usage(dayHint, "%w", err)
	}
	return dayEnd{day: day}, nil
}

// queries turns DAYs into queries of a book: one for each, or one for all days if there is no DAY.
func queries(book *daybook.Book, days []dayArg) ([]daybook.Query, error) {
	if len(days) == 0 {
		return []daybook.Query{{}}, nil
	}
	today := book.DayOf(book.Now())
	list := make([]daybook.Query, len(days))
	for i, d := range days {
		q := daybook.Query{From: d.from.on(today), To: d.to.on(today)}
		if !q.From.IsZero() && !q.To.IsZero() && q.From.Compare(q.To) > 0 {
			return nil, usage(dayHint, "the range %s ends before it begins", d.text)
		}
		list[i] = q
	}
	return list, nil
}

func (d dayEnd) on(today daybook.Day) daybook.Day {
	if d.rel {
		return today.Add(-d.back)
	}
	return d.day
}

// daysOf yields the days of a book that the queries ask for, query after query.
func daysOf(book *daybook.Book, list []daybook.Query) iter.Seq2[daybook.Day, error] {
	return func(yield func(daybook.Day, error) bool) {
		days, err := book.Days()
		if err != nil {
			yield(daybook.Day{}, err)
			return
		}
		for _, q := range list {
			for _, day := range days {
				before := !q.From.IsZero() && day.Compare(q.From) < 0
				after := !q.To.IsZero() && day.Compare(q.To) > 0
				if !before && !after && !yield(day, nil) {
					return
				}
			}
		}
	}
}

// completeDays offers the days of the book to the shell.
func completeDays(e env, g *globals) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		words := []string{"today", "yesterday"}
		err := withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
			days, err := book.Days()
			for _, day := range days {
				words = append(words, day.String())
			}
			return err
		})
		if err != nil {
			return words[:2], cobra.ShellCompDirectiveNoFileComp // no book, no days
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeWords offers fixed words for a flag to the shell.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	completeFlag(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// completeFlag offers what offer returns for a flag to the shell.
func completeFlag(cmd *cobra.Command, flag string, offer cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, offer); err != nil {
		panic(err) // a flag that the command does not have
	}
}
