package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"daybook"
	"daybook/view/ledger"
)

// rangeArgs are --from and --to as they were given.
type rangeArgs struct {
	from, to           string
	fromGiven, toGiven bool

	first, last edge
}

// edge is one end of a range: a day, or an instant.
type edge struct {
	text    string
	day     dayEnd
	instant bool
}

const rangeHint = "write 2025-11-08, today, yesterday, 7d (seven days ago), 2025-11, 2025-W45, 2025, or a time such as " +
	"2025-11-08T14:30:00Z"

// parse reads the flags. Nothing is opened for it.
func (a *rangeArgs) parse() (err error) {
	read := func(flag, text string, day func(flag, text string) (dayEnd, error), into *edge) error {
		into.text = text
		if _, _, into.instant = parseClock(text, time.UTC); into.instant {
			return nil
		}
		if into.day, err = day(flag, text); err != nil {
			return usage(rangeHint, "%w", err)
		}
		return nil
	}
	if a.fromGiven {
		if err := read("--from", a.from, parseFrom, &a.first); err != nil {
			return err
		}
	}
	if a.toGiven {
		return read("--to", a.to, parseTo, &a.last)
	}
	return nil
}

// apply has q ask for the range, in the zone of the book.
func (a *rangeArgs) apply(book *daybook.Book, q *ledger.Question) error {
	today := book.DayOf(book.Now())
	q.From, q.To = a.first.day.on(today), a.last.day.on(today)
	if a.first.instant {
		q.Since, _, _ = parseClock(a.first.text, book.Zone()) // it is one
		q.From = book.DayOf(q.Since)
	}
	if a.last.instant {
		q.Until, _, _ = parseClock(a.last.text, book.Zone())
		q.To = book.DayOf(q.Until)
	}
	if !q.From.IsZero() && !q.To.IsZero() && (q.From.Compare(q.To) > 0 || a.first.instant && a.last.instant && q.Since.After(q.Until)) {
		return usage("swap the two; both are included", "--from %s is after --to %s", a.first.name(q.From), a.last.name(q.To))
	}
	// An event of that instant may stand in a neighbouring day (docs/format.md, Which day).
	if a.first.instant {
		q.From = q.From.Add(-1)
	}
	if a.last.instant {
		q.To = q.To.Add(1)
	}
	return nil
}

func (e edge) name(day daybook.Day) string {
	if e.instant {
		return e.text
	}
	return day.String()
}

// askArgs are the flags of a query as they were given.
type askArgs struct {
	rangeArgs
	where, types                             []string
	canvas, camera, label, node, text, least string
	limit                                    int
	newest                                   bool
	given                                    func(flag string) bool
}

// parse reads the flags, but for what only the book knows. Nothing is opened for it.
func (a *askArgs) parse() (q ledger.Question, err error) {
	if err := a.rangeArgs.parse(); err != nil {
		return q, err
	}
	if q.Where, err = parseConditions(a.where); err != nil {
		return q, err
	}
	for _, f := range []struct{ flag, text, hint string }{
		{"canvas", a.canvas, "name a board, as in --canvas Physics/Waves"},
		{"camera", a.camera, "name a camera, as in --camera gate"},
		{"label", a.label, "name what was detected, as in --label person"},
		{"node", a.node, "give the id of a card; `daybook history` tells of it"},
	} {
		if a.given(f.flag) && f.text == "" {
			return q, usage(f.hint, "--%s is empty", f.flag)
		}
	}
	if a.given("type") && (len(a.types) == 0 || slices.Contains(a.types, "")) {
		return q, usage("name a type of events, as in --type node_added, or several: --type node_added,node_removed", "--type is empty")
	}
	q.Types, q.Camera, q.Label, q.Node = a.types, a.camera, a.label, a.node
	if a.canvas != "" {
		q.Canvases = boardNames(a.canvas)
	}
	if a.given("min-confidence") {
		n, err := strconv.ParseFloat(a.least, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return q, usage("write it as in --min-confidence 0.8", "--min-confidence %q is no number", a.least)
		}
		q.Confidence = &n
	}
	if a.given("text") {
		if q.Words, err = ledger.ParseWords(a.text); err != nil {
			return q, usage(`write words, as in --text parcel, --text 'parc*' or --text '"leaves a parcel"'`, "--text: %w", err)
		}
	}
	if a.given("limit") && a.limit < 1 {
		return q, usage("leave --limit out to print all events", "--limit %d: the limit must be 1 or more", a.limit)
	}
	q.Newest, q.Limit = a.newest, a.limit
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

// boardNames returns the canvas_ids that a person may mean by the name of a board.
func boardNames(given string) []string {
	given = norm.NFC.String(given)
	var names []string
	for _, name := range []string{given, strings.TrimPrefix(strings.ReplaceAll(given, `\`, "/"), "./")} {
		if !strings.HasSuffix(strings.ToLower(name), ".canvas") {
			names = append(names, name+".canvas")
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// putOut writes what is found, and returns how many events that is, and how many damaged pieces were met, each of which is told.
func putOut(e env, out eventWriter, found iter.Seq2[daybook.Entry, error], each func(daybook.Entry)) (events, damaged int, err error) {
	for entry, err := range found {
		var damage *daybook.DamageError
		switch {
		case errors.As(err, &damage):
			damaged++
			e.say("error", "%v", damage)
			continue
		case err == nil:
			each(entry)
			err = out.event(entry)
		}
		if err != nil {
			_ = out.end() // what was found so far; the error is the one to report
			return events, damaged, err
		}
		events++
	}
	return events, damaged, out.end()
}

// find is ledger.Find for a command.
func find(ctx context.Context, e env, book *daybook.Book, q ledger.Question) iter.Seq2[daybook.Entry, error] {
	return func(yield func(daybook.Entry, error) bool) {
		var lacks error
		trouble := func(err error) {
			var wrong *ledger.Error
			if errors.As(err, &wrong) && wrong.Problem == ledger.Lacking {
				lacks = err
				return
			}
			e.say("warning", "the day files alone are searched: %v", err)
		}
		for entry, err := range ledger.Find(ctx, book, q, trouble) {
			if !yield(entry, err) {
				return
			}
		}
		if lacks != nil {
			yield(daybook.Entry{}, lacks)
		}
	}
}

// oneOfFormats refuses a form of output that is none of the list. An empty one is the first.
func oneOfFormats(g *globals, given string, list ...string) (string, error) {
	words := strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
	switch {
	case given == "":
		return list[0], nil
	case !slices.Contains(list, given):
		return "", usage(fmt.Sprintf("write -o %s", words), "-o %q is no form of output", given)
	case g.json && !strings.HasPrefix(given, "json"):
		return "", usage("choose one of them", "-o %s and --json exclude each other", given)
	}
	return given, nil
}
