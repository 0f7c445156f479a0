package report

import (
	"fmt"
	"strings"
	"time"

	"daybook/learning"
)

// cardsPicture shows how many cards of each role there were, day by day, one role upon the other.
func (r *Report) cardsPicture() *picture {
	days := r.Course
	if len(days) == 0 || len(days[len(days)-1].Cards) == 0 && highest(days) == 0 {
		return nil
	}
	const height, left, right, top, bottom = 300.0, 52.0, 158.0, 44.0, 34.0
	p := newPicture("cards", "Cards by how well they are understood, from "+days[0].Day+" to "+days[len(days)-1].Day, height)
	p.text(margin, 26, "start", "ink head big", "Cards by how well they are understood")
	w, h := p.width-left-right, height-top-bottom
	most := niceTop(highest(days))
	x := func(i int) float64 { return left + w*float64(i)/float64(len(days)) }
	y := func(n float64) float64 { return top + h*(1-n/float64(most)) }
	p.scale(left, left+w, most, y)
	last := days[len(days)-1].Cards
	base := make([]int, len(days))
	var labels []label
	for _, role := range roles() {
		upper := make([]int, len(days))
		any := false
		for i, d := range days {
			upper[i] = base[i] + d.Cards[role]
			any = any || d.Cards[role] > 0
		}
		if any {
			tip := fmt.Sprintf("%s: %s on %s", roleName(role), count(last[role], "card"), days[len(days)-1].Day)
			p.area(steps(base, upper, x, y), role, tip)
			if n := len(days) - 1; last[role] > 0 {
				middle := (y(float64(base[n])) + y(float64(upper[n]))) / 2
				labels = append(labels, label{y: middle, role: role, count: last[role]})
			}
		}
		base = upper
	}
	p.labels(labels, left+w+12, top, top+h)
	p.line(left, top+h, left+w, top+h, "axis")
	p.dayAxis(days, x, top+h+18)
	return p
}

// highest returns the largest number of cards of a day.
func highest(days []Day) int {
	most := 0
	for _, d := range days {
		n := 0
		for _, c := range d.Cards {
			n += c
		}
		most = max(most, n)
	}
	return most
}

// niceTop returns the end of a scale for numbers up to n: one of which half and a quarter can be read well.
func niceTop(n int) int {
	if n <= 4 {
		return max(n, 2) + max(n, 2)%2
	}
	for unit := 1; ; unit *= 10 {
		for _, k := range []int{4, 6, 8, 10, 12, 16, 20, 24, 30, 32} {
			if n <= k*unit {
				return k * unit
			}
		}
	}
}

// scale draws the lines of a scale from 0 to most.
func (p *picture) scale(x1, x2 float64, most int, y func(float64) float64) {
	for i := range 3 {
		n := most * i / 2
		if i > 0 {
			p.line(x1, y(float64(n)), x2, y(float64(n)), "grid")
		}
		p.text(x1-8, y(float64(n))+4, "end", "soft", number(n))
	}
}

// steps is the shape between two rows of numbers, each for a day.
func steps(lower, upper []int, x func(int) float64, y func(float64) float64) string {
	var b strings.Builder
	at := func(i, n int) { fmt.Fprintf(&b, "L%s %s", px(x(i)), px(y(float64(n)))) }
	same := func(row []int, i, j int) bool { return i >= 0 && j < len(row) && row[i] == row[j] }
	for i, n := range upper {
		if !same(upper, i-1, i) {
			at(i, n)
		}
		if !same(upper, i, i+1) {
			at(i+1, n)
		}
	}
	for i := len(lower) - 1; i >= 0; i-- {
		if !same(lower, i, i+1) {
			at(i+1, lower[i])
		}
		if !same(lower, i-1, i) {
			at(i, lower[i])
		}
	}
	return "M" + b.String()[1:] + "Z"
}

// label says what the last column of a role is.
type label struct {
	y     float64
	role  learning.Role
	count int
}

// labels writes labels beside a picture's end, from the bottom to the top, none upon another.
func (p *picture) labels(all []label, x, top, bottom float64) {
	const room = 18.0
	limit := bottom - 4
	for i := range all {
		all[i].y = min(all[i].y, limit)
		limit = all[i].y - room
	}
	limit = top + 4
	for i := len(all) - 1; i >= 0; i-- {
		all[i].y = max(all[i].y, limit)
		limit = all[i].y + room
	}
	for _, l := range all {
		p.swatch(x, l.y-6, 12, l.role)
		p.text(x+18, l.y+4, "start", "ink", cardsOf(l.count, l.role))
	}
}

// dayAxis writes some of the days below an axis, as many as there is room for.
func (p *picture) dayAxis(days []Day, x func(int) float64, y float64) {
	var at []int
	for _, every := range []int{1, 7, 14, 30, 61, 92, 183, 365, 730, 1826} {
		if at = axisDays(days, every); len(at) <= 9 {
			break
		}
	}
	lastEnd := 0.0
	for _, i := range at {
		t, _ := time.Parse(time.DateOnly, days[i].Day) // it was written by Day.String
		text := dayText(t, days)
		middle := (x(i) + x(i+1)) / 2
		if half := width(text) * small / 2; middle-half > lastEnd+8 || lastEnd == 0 {
			p.text(middle, y, "middle", "soft", text)
			lastEnd = middle + half
		}
	}
}

func dayText(t time.Time, days []Day) string {
	first, last := days[0].Day, days[len(days)-1].Day
	switch {
	case len(days) > 200:
		return t.Format("Jan 2006")
	case first[:4] != last[:4] && t.YearDay() < 32 && t.Day() <= 7:
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan")
}

// axisDays returns every nth day, Mondays where weeks are counted, firsts of months where months are.
func axisDays(days []Day, every int) (at []int) {
	for i, d := range days {
		t, err := time.Parse(time.DateOnly, d.Day)
		if err != nil {
			continue
		}
		months := (every + 15) / 30
		switch {
		case every == 1 || len(days) <= every:
			if every == 1 || i == 0 {
				at = append(at, i)
			}
		case every < 30:
			if (len(days)-1-i)%every == 0 {
				at = append(at, i)
			}
		case t.Day() == 1 && (t.Year()*12+int(t.Month())-1)%months == 0:
			at = append(at, i)
		}
	}
	return at
}
