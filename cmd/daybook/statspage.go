package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/internal/printable"
	"daybook/learning"
	"daybook/view/session"
)

// page is a page of named rows for a person.
type page struct{ strings.Builder }

func (p *page) row(name, format string, args ...any) {
	fmt.Fprintf(p, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
}

// statsPage is the statistics for a person.
func statsPage(day daybook.Day, s session.Statistics) string {
	var p page
	fmt.Fprintln(&p, day.Start(time.UTC).Format("Monday, 2006-01-02"))
	if s.TotalEvents == 0 {
		p.row("events", "none")
	} else {
		p.row("events", "%d, from %s to %s", s.TotalEvents, clock(*s.StartTime), clock(*s.LastUpdate))
		p.row("active", "%s; %s from the first to the last",
			duration(s.ActiveSeconds.Duration()), duration(s.LearningSeconds.Duration()))
	}
	for i, sitting := range s.Sittings {
		p.row(first(i, "sittings"), "%s–%s  %s", clock(sitting.Start), clock(sitting.End), count(sitting.Events, "event"))
	}
	list(&p, "kinds", s.EventTypes, math.MaxInt, plainly)
	list(&p, "colours", s.ColorTransitions, math.MaxInt, func(name string) string { return strings.Replace(name, "_to_", " → ", 1) })
	list(&p, "learned", s.LearningEvents, math.MaxInt, func(k learning.StepKind) string { return strings.ReplaceAll(string(k), "_", " ") })
	if rate := understanding(s.LearningEvents, s.UnderstandingRate); rate != "" {
		p.row("progress", "%s of the steps in understanding lead forwards", rate)
	}
	if s.OwnWordsDelta != 0 {
		p.row("own words", "%+d characters", s.OwnWordsDelta)
	}
	if s.Misclicks > 0 {
		p.row("mis-clicks", "%4d  taken back within a minute, not counted", s.Misclicks)
	}
	list(&p, "explained", s.Explanations, 3, plainly)
	list(&p, "cards now", s.ColorDistribution, math.MaxInt, plainly)
	for i, board := range s.CanvasesModified {
		text := printable.Line(board)
		if of := boardFigures(s.Boards[board]); of != "" {
			text += "  (" + of + ")"
		}
		p.row(first(i, "boards"), "%s", text)
	}
	return p.String()
}

func plainly(name string) string { return name }

// first is a name that only the first row of several has.
func first(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

// list adds a row for each count, the greatest first, and at most so many.
func list[K ~string](p *page, name string, counts map[K]int, most int, say func(K) string) {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, key := range keys[:min(most, len(keys))] {
		p.row(first(i, name), "%4d  %s", counts[key], printable.Line(say(key)))
	}
}

// understanding is the understanding rate for a person; "" if there is no step forwards or backwards.
func understanding(steps map[learning.StepKind]int, rate float64) string {
	if rate == 0 && steps[learning.Regressed] == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*rate)
}

func boardFigures(b learning.BoardStatistics) string {
	var parts []string
	if d := b.ActiveSeconds.Duration(); d > 0 {
		parts = append(parts, duration(d))
	}
	if rate := understanding(b.LearningEvents, b.UnderstandingRate); rate != "" {
		parts = append(parts, rate+" forwards")
	}
	return strings.Join(parts, ", ")
}

// clock is the hour and minute of a time in RFC 3339, which has them behind its date and T.
func clock(stamp string) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return stamp
	}
	return t.Format("15:04")
}
