package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/learning"
	"daybook/learning/review"
)

// How many days the pictures over time go back, but those of boards, which show all.
const (
	dailyCourse  = 30
	weeklyCourse = 84
	yearDays     = 53 * 7
)

// Daily makes the report of a day. Events of later days do not count.
func Daily(ctx context.Context, s Source, day daybook.Day) (*Report, error) {
	r := s.report(KindDaily, day, day)
	r.Name = "daily-" + day.String()
	m := newMaker(s, r)
	if err := m.until(ctx, day, day); err != nil {
		return nil, err
	}
	m.finish(day.Add(1-dailyCourse), day)
	return r, nil
}

// Weekly makes the report of the week, Monday to Sunday, that a day is in. Of the week that is not over it tells what there
// is until today.
func Weekly(ctx context.Context, s Source, day daybook.Day) (*Report, error) {
	weekday, _ := hour(day.Start(time.UTC))
	from := day.Add(-weekday)
	year, week := from.Start(time.UTC).ISOWeek()
	r := s.report(KindWeekly, from, from.Add(6))
	r.Name = fmt.Sprintf("weekly-%04d-W%02d", year, week)
	r.Before = newFigures()
	m := newMaker(s, r)
	last := from.Add(6)
	if today := s.today(); last.Compare(today) > 0 {
		last = today
	}
	if err := m.until(ctx, from.Add(-7), last); err != nil {
		return nil, err
	}
	m.finish(last.Add(1-weeklyCourse), last)
	return r, nil
}

func (s Source) today() daybook.Day { return s.Book.DayOf(s.Book.Now()) }

func (s Source) report(kind Kind, from, to daybook.Day) *Report {
	return &Report{
		Kind: kind, Vault: filepath.Base(s.Vault), From: from.String(), To: to.String(), Today: s.today().String(),
		Figures: *newFigures(), Sittings: []Sitting{}, Boards: []Board{}, Cards: map[learning.Role]int{},
		Transitions: []Transition{}, Explanations: []Count{}, Course: []Day{}, Year: []Day{}, Weak: []Card{},
	}
}

func newFigures() *Figures { return &Figures{Steps: map[learning.StepKind]int{}} }

// maker makes a Report while it reads.
type maker struct {
	*reading
	report       *Report
	from, to     daybook.Day // the period
	boards       map[string]*Board
	transitions  map[string]int
	explanations map[string]int
	steps        map[string]map[learning.StepKind]int // by day
}

func newMaker(s Source, r *Report) *maker {
	m := &maker{
		reading: newReading(s, review.FSRS), report: r, boards: map[string]*Board{}, transitions: map[string]int{},
		explanations: map[string]int{}, steps: map[string]map[learning.StepKind]int{},
	}
	m.from, _ = daybook.ParseDay(r.From) // it was written by Day.String
	m.to, _ = daybook.ParseDay(r.To)
	m.closed, m.event = m.figures, m.count
	return m
}

func (m *maker) inPeriod(d daybook.Day) bool { return d.Compare(m.from) >= 0 && d.Compare(m.to) <= 0 }

// count counts an event by the time of the week, and for its board.
func (m *maker) count(g glimpse) {
	if !m.inPeriod(g.day) {
		return
	}
	weekday, h := hour(g.Time.In(m.source.Book.Zone()))
	m.report.Hours[weekday][h].Events++
	if g.Canvas != "" {
		m.board(g.Canvas).Events++
	}
}

func (m *maker) board(name string) *Board {
	b := m.boards[name]
	if b == nil {
		b = &Board{Board: name, Steps: map[learning.StepKind]int{}}
		m.boards[name] = b
	}
	return b
}

// hour returns the weekday, Monday is 0, and the hour of a time.
func hour(t time.Time) (weekday, hour int) { return (int(t.Weekday()) + 6) % 7, t.Hour() }

// figures takes in the figures of a day.
func (m *maker) figures(day daybook.Day, s learning.Statistics) {
	m.steps[day.String()] = s.LearningEvents
	if b := m.report.Before; b != nil && day.Compare(m.from) < 0 && day.Compare(m.from.Add(-7)) >= 0 {
		b.add(s)
	}
	if !m.inPeriod(day) {
		return
	}
	m.report.add(s)
	for _, x := range s.Sittings {
		zone := m.source.Book.Zone()
		m.report.Sittings = append(m.report.Sittings, Sitting{x.Start.In(zone), x.End.In(zone), x.Events})
	}
	sum(m.transitions, s.ColorTransitions)
	sum(m.explanations, s.Explanations)
	for name, of := range s.Boards {
		b := m.board(name)
		b.Active += of.ActiveSeconds
		sum(b.Steps, of.LearningEvents)
		b.Rate = learning.UnderstandingRate(b.Steps)
	}
}

// add adds the figures of another day.
func (f *Figures) add(s learning.Statistics) {
	f.Days++
	f.Events += s.TotalEvents
	f.Active += s.ActiveSeconds
	f.SittingsCount += len(s.Sittings)
	f.Misclicks += s.Misclicks
	f.OwnWords += s.OwnWordsDelta
	sum(f.Steps, s.LearningEvents)
	f.Rate = learning.UnderstandingRate(f.Steps)
}

func sum[K comparable](into, of map[K]int) {
	for k, n := range of {
		into[k] += n
	}
}

// finish puts together what was read. The pictures over time show the days from courseFrom to last.
func (m *maker) finish(courseFrom, last daybook.Day) {
	r := m.report
	for _, b := range m.boards {
		r.Boards = append(r.Boards, *b)
	}
	slices.SortFunc(r.Boards, func(a, b Board) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Board, b.Board))
	})
	r.Transitions = transitions(m.source.Palette, m.transitions)
	for _, name := range mostFirst(m.explanations) {
		r.Explanations = append(r.Explanations, Count{name, m.explanations[name]})
	}
	m.days(courseFrom, last)
	m.cards(last)
	r.Damaged = m.damage
}

// days fills in what is told by day.
func (m *maker) days(courseFrom, last daybook.Day) {
	r := m.report
	known := m.course.Days()
	yearFrom := last.Add(1 - yearDays).String()
	i := 0
	var before map[learning.Role]int
	for ; i < len(known) && known[i].Name < courseFrom.String(); i++ {
		before = known[i].Cards
	}
	if n := len(known); n > 0 {
		r.Cards = maps.Clone(known[n-1].Cards)
	}
	for d := courseFrom; d.Compare(last) <= 0 && len(known) > 0; d = d.Add(1) {
		day := Day{Day: d.String(), Cards: before}
		if i < len(known) && known[i].Name == day.Day {
			k := known[i]
			day.Events, day.Active, day.Cards = k.Events, learning.Seconds(k.Active), k.Cards
			day.Steps = m.steps[day.Day]
			before = k.Cards
			i++
		}
		r.Course = append(r.Course, day)
	}
	for _, k := range known {
		if k.Name >= yearFrom {
			r.Year = append(r.Year, Day{Day: k.Name, Events: k.Events, Active: learning.Seconds(k.Active)})
		}
	}
}

// cards fills in the cards to look at, as of the end of the last day, or now.
func (m *maker) cards(last daybook.Day) {
	r := m.report
	zone := m.source.Book.Zone()
	at, isToday := m.source.Book.Now(), last == m.source.today()
	if !isToday {
		at = last.Add(1).Start(zone).Add(-time.Second)
	}
	list := m.plan.List(at)
	todo := &Review{Day: list.Day, Cards: []Card{}, Next: list.Next, NextCards: list.NextCards}
	links := map[string]string{}
	for _, it := range list.Items {
		if r.Kind == KindBoard && it.Canvas != r.Board {
			continue
		}
		if links[it.Canvas] == "" {
			links[it.Canvas] = openLink(r.Vault, it.Canvas)
		}
		c := Card{
			Card: it.Card, Board: it.Canvas, Words: it.Words, Role: it.Role, Reasons: make([]Reason, 0, len(it.Reasons)),
			Link: links[it.Canvas],
		}
		for _, why := range it.Reasons {
			c.Reasons = append(c.Reasons, Reason{string(why.Why), why.Since, why.Days})
		}
		todo.Cards = append(todo.Cards, c)
		if c.weak() {
			r.Weak = append(r.Weak, c)
		}
	}
	if isToday {
		r.Review = todo
	}
}

// mostFirst returns the keys of counts, the greatest first.
func mostFirst(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// transitions are the counts of learning.Palette.Transition, with the roles of the names.
func transitions(p learning.Palette, counts map[string]int) []Transition {
	role := map[string]learning.Role{}
	for _, b := range p.Boards {
		for code, c := range b.Colors {
			role[cmp.Or(c.Name, code)] = c.Role
		}
	}
	for code, c := range p.Colors {
		role[cmp.Or(c.Name, code)] = c.Role
	}
	out := []Transition{}
	for _, name := range mostFirst(counts) {
		if from, to, ok := strings.Cut(name, "_to_"); ok && counts[name] > 0 {
			out = append(out, Transition{from, to, role[from], role[to], counts[name]})
		}
	}
	return out
}
