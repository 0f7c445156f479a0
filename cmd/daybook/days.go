package main

import (
	"fmt"
	"iter"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"daybook"

	"daybook/internal/printable"
)

const dayHint = "a DAY is 2025-11-08, today, yesterday, 7d, 2025-11, 2025-W45, 2025, or a range such as 2025-11-01..2025-11-08"

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
		d, err := parseDayArg(arg)
		if err != nil {
			return nil, usage(dayHint, "%w", err)
		}
		days[i] = d
	}
	return days, nil
}

func parseDayArg(arg string) (d dayArg, err error) {
	d.text = arg
	from, to, isRange := strings.Cut(arg, "..")
	if !isRange {
		d.from, d.to, err = parseSpan(arg)
		if d.to.rel && d.to.back > 1 {
			d.to.back = 0 // seven days ago, by itself, is since then
		}
		return d, err
	}
	if from != "" || to == "" {
		if d.from, _, err = parseSpan(from); err != nil {
			return d, err
		}
	}
	if to != "" {
		_, d.to, err = parseSpan(to)
	}
	return d, err
}

// parseDayEnd reads a text that stands for one day.
func parseDayEnd(text string) (dayEnd, error) {
	first, last, err := parseSpan(text)
	if err == nil && first != last {
		err = fmt.Errorf("%q is several days, and one is wanted: write it as 2025-11-08", text)
	}
	if err != nil {
		return dayEnd{}, usage("a DAY is 2025-11-08, today, yesterday, or 7d (seven days ago)", "%w", err)
	}
	return first, nil
}

const endsHint = "--from and --to take a day each, or the ends of a month, a week or a year: 2025-11-08, today, yesterday, 7d, " +
	"2025-11, 2025-W45, 2025"

// parseFrom reads what a flag says of the first day, parseTo of the last one.
func parseFrom(flag, text string) (dayEnd, error) {
	first, _, err := parseSpan(text)
	if err != nil {
		err = usage(endsHint, "%s: %w", flag, err)
	}
	return first, err
}

func parseTo(flag, text string) (dayEnd, error) {
	_, last, err := parseSpan(text)
	if err != nil {
		err = usage(endsHint, "%s: %w", flag, err)
	}
	return last, err
}

// parseSpan reads what people write for a day, or for a month, a week or a year, and returns the first and the last day of it. It
// is the one place that knows these spellings.
func parseSpan(text string) (first, last dayEnd, err error) {
	one := func(d dayEnd) (dayEnd, dayEnd, error) { return d, d, nil }
	several := func(from, to time.Time) (dayEnd, dayEnd, error) {
		return dayEnd{day: daybook.DayOf(from)}, dayEnd{day: daybook.DayOf(to)}, nil
	}
	switch text {
	case "today":
		return one(dayEnd{rel: true})
	case "yesterday":
		return one(dayEnd{rel: true, back: 1})
	}
	var n int
	if digits, ok := strings.CutSuffix(text, "d"); ok && isNumber(digits) && len(digits) <= 5 {
		fmt.Sscan(strings.TrimLeft(digits, "0"), &n) // it is one, or nothing is left of 0
		return one(dayEnd{rel: true, back: n})
	}
	if t, err := time.Parse("2006", text); err == nil {
		return several(t, t.AddDate(1, 0, -1))
	}
	if t, err := time.Parse("2006-01", text); err == nil {
		return several(t, t.AddDate(0, 1, -1))
	}
	if year, week, ok := strings.Cut(text, "-W"); ok && isNumber(year) && isNumber(week) && len(year) == 4 && len(week) == 2 {
		if monday, ok := mondayOf(year, week); ok {
			return several(monday, monday.AddDate(0, 0, 6))
		}
		return first, last, fmt.Errorf("%q is no week: the year has none of this number", text)
	}
	day, err := daybook.ParseDay(text)
	if err != nil {
		return first, last, err
	}
	return one(dayEnd{day: day})
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// mondayOf returns the first day of a week as ISO 8601 counts them.
func mondayOf(year, week string) (time.Time, bool) {
	t, err := time.Parse("2006-01-02", year+"-01-04") // which lies in week 1
	if err != nil {
		return t, false
	}
	n := int(week[0]-'0')*10 + int(week[1]-'0')
	monday := t.AddDate(0, 0, -(int(t.Weekday())+6)%7+7*(n-1))
	y, w := monday.AddDate(0, 0, 3).ISOWeek()
	return monday, y == t.Year() && w == n
}

// parseClock reads a date-time as an event's timestamp is read, without an offset in the book's zone; the T may be a space, and the
// seconds may be missing. length is what belongs to it
// as it is written: a minute, a second, or nothing if it has a fraction. It is not ok if text is none.
func parseClock(text string, zone *time.Location) (t time.Time, length time.Duration, ok bool) {
	form := regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?$`)
	m := form.FindStringSubmatch(text)
	if m == nil {
		return t, 0, false
	}
	switch {
	case m[3] == "":
		m[3], length = ":00", time.Minute
	case len(m[3]) == 3:
		length = time.Second
	}
	e, err := daybook.ParseEvent([]byte(`{"timestamp":"` + m[1] + "T" + m[2] + m[3] + m[4] + `"}`))
	if err != nil {
		return t, 0, false
	}
	return e.In(zone).Time(), length, true
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
		words := []string{"today", "yesterday", "7d"}
		err := withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
			days, err := book.Days()
			for _, day := range days {
				words = append(words, day.String())
			}
			return err
		})
		if err != nil {
			return words[:3], cobra.ShellCompDirectiveNoFileComp // no book, no days
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

// typable are the names that a shell can be offered: those that it prints as they are.
func typable(names []string) []string {
	var list []string
	for _, name := range names {
		if printable.Line(name) == name {
			list = append(list, name)
		}
	}
	return list
}
