package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"daybook/learning"
)

// timePicture shows when there was study: of a day its sittings, of a week its days beside those of the week before, of a
// board its weeks.
func (r *Report) timePicture() *picture {
	switch r.Kind {
	case KindDaily:
		return r.dayPicture()
	case KindWeekly:
		return r.weekPicture()
	}
	return r.boardPicture()
}

// dayPicture is the hours of a day with its sittings.
func (r *Report) dayPicture() *picture {
	if len(r.Sittings) == 0 {
		return nil
	}
	const left, top, h = margin, 48.0, 34.0
	p := newPicture("time", "The sittings of "+r.From, top+h+36)
	w := p.width - 2*left
	p.text(margin, 26, "start", "ink head big", "The day")
	p.text(margin+66, 26, "start", "soft", howLong(r.Active)+" active in "+count(r.SittingsCount, "sitting"))
	p.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="4" class="h0"/>`, px(left), px(top), px(w), px(h))
	for i := 0; i <= 24; i += 3 {
		x, anchor := left+w*float64(i)/24, "middle"
		switch i {
		case 0:
			anchor = "start"
		case 24:
			anchor = "end"
		default:
			p.line(x, top, x, top+h, "grid")
		}
		p.text(x, top+h+18, anchor, "soft", fmt.Sprintf("%d:00", i))
	}
	ofDay := func(t time.Time) float64 { // by the clock, whatever the day's length
		if t.Format(time.DateOnly) > r.From {
			return 1
		}
		return (float64(t.Hour()) + float64(t.Minute())/60) / 24
	}
	for _, s := range r.Sittings {
		x := left + w*ofDay(s.Start)
		p.box(x, top, max(3, left+w*ofDay(s.End)-x), h, 2, "bar",
			fmt.Sprintf("%s–%s, %s", s.Start.Format("15:04"), s.End.Format("15:04"), count(s.Events, "event")))
	}
	return p
}

// bars are the columns of a picture.
type bars struct {
	name  string // below
	tip   string
	value float64 // minutes
	ghost float64 // of the time before; negative where there is none
}

// weekPicture is the active time of each day of the week, beside the week before.
func (r *Report) weekPicture() *picture {
	from, err := time.Parse(time.DateOnly, r.From)
	if err != nil {
		return nil
	}
	by := map[string]Day{}
	for _, d := range r.Course {
		by[d.Day] = d
	}
	var all []bars
	any := false
	for i := range 7 {
		d := from.AddDate(0, 0, i)
		day, before := by[d.Format(time.DateOnly)], by[d.AddDate(0, 0, -7).Format(time.DateOnly)]
		any = any || day.Active > 0 || before.Active > 0
		all = append(all, bars{
			name: d.Format("Mon 2"), value: day.Active.Duration().Minutes(), ghost: before.Active.Duration().Minutes(),
			tip: fmt.Sprintf("%s: %s; the week before %s", d.Format("Mon 2 Jan"), howLong(day.Active), howLong(before.Active)),
		})
	}
	if !any {
		return nil
	}
	p := newPicture("time", "Active time of each day, beside the week before", 240)
	p.text(margin, 26, "start", "ink head big", "Active time")
	p.columns(all)
	y := 22.0
	x := p.width - margin - width("the week before")*small
	p.text(x, y+4, "start", "soft", "the week before")
	p.add(`<rect x="%s" y="%s" width="12" height="12" rx="2" class="ghost"/>`, px(x-18), px(y-6))
	x -= 34 + width("this week")*small
	p.text(x, y+4, "start", "soft", "this week")
	p.add(`<rect x="%s" y="%s" width="12" height="12" rx="2" class="bar"/>`, px(x-18), px(y-6))
	return p
}

// boardPicture is the active time on a board, by day, week or month, whatever gives some sixty columns.
func (r *Report) boardPicture() *picture {
	if !slices.ContainsFunc(r.Course, func(d Day) bool { return d.Active > 0 }) {
		return nil
	}
	span, unit := 1, "day"
	for _, s := range []struct {
		days int
		name string
	}{{1, "day"}, {7, "week"}, {28, "four weeks"}, {91, "quarter"}, {364, "year"}} {
		if span, unit = s.days, s.name; len(r.Course)/span <= 62 {
			break
		}
	}
	var all []bars
	for start := 0; start < len(r.Course); start += span {
		end := min(start+span, len(r.Course))
		sum, events := learning.Seconds(0), 0
		for _, d := range r.Course[start:end] {
			sum += d.Active
			events += d.Events
		}
		t, _ := time.Parse(time.DateOnly, r.Course[start].Day) // it was written by Day.String
		layout := "2 Jan"
		if len(r.Course) > 200 {
			layout = "Jan 2006"
		}
		tip := r.Course[start].Day
		if end-start > 1 {
			tip += " to " + r.Course[end-1].Day
		}
		all = append(all, bars{
			name: t.Format(layout), value: sum.Duration().Minutes(), ghost: -1,
			tip: tip + ": " + howLong(sum) + ", " + count(events, "event"),
		})
	}
	p := newPicture("time", "Active time on the board, by "+unit, 240)
	p.text(margin, 26, "start", "ink head big", "Active time")
	p.text(margin+94, 26, "start", "soft", "by "+unit)
	p.columns(all)
	return p
}

// columns draws columns of minutes, with a scale.
func (p *picture) columns(all []bars) {
	const left, top, bottom = 78.0, 48.0, 34.0
	w, h := p.width-left-margin, p.height-top-bottom
	most := 0.0
	for _, b := range all {
		most = max(most, b.value, b.ghost)
	}
	limit := niceMinutes(most)
	y := func(minutes float64) float64 { return top + h*(1-minutes/limit) }
	for i := range 3 {
		minutes := limit * float64(i) / 2
		if i > 0 {
			p.line(left, y(minutes), left+w, y(minutes), "grid")
		}
		p.text(left-8, y(minutes)+4, "end", "soft", howLong(learning.Seconds(minutes*float64(time.Minute))))
	}
	room := w / float64(len(all))
	lastEnd := 0.0
	for i, b := range all {
		x := left + room*float64(i)
		gap := room * 0.18
		bar := min(room-2*gap, 60)
		x1 := x + (room-bar)/2
		if b.ghost >= 0 {
			half := bar / 2
			p.column(x1, y(b.ghost), half-1, top+h, "ghost", b.tip)
			p.column(x1+half+1, y(b.value), half-1, top+h, "bar", b.tip)
		} else {
			p.column(x1, y(b.value), bar, top+h, "bar", b.tip)
		}
		half := width(b.name) * small / 2
		middle := min(max(x+room/2, left+half), left+w-half)
		if middle-half > lastEnd+10 || i == 0 {
			p.text(middle, top+h+18, "middle", "soft", b.name)
			lastEnd = middle + half
		}
	}
	p.line(left, top+h, left+w, top+h, "axis")
}

// column draws one column from a height down to the axis; one of nothing is not drawn.
func (p *picture) column(x, y, w, bottom float64, class, tip string) {
	if h := bottom - y; h > 0 {
		p.box(x, min(y, bottom-1.5), w, max(h, 1.5), min(2, w/4), class, tip)
	}
}

// niceMinutes returns the end of a scale for up to so many minutes.
func niceMinutes(most float64) float64 {
	for _, m := range []float64{2, 10, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440} {
		if most <= m {
			return m
		}
	}
	return math.Ceil(most/1440) * 1440
}

// progressPicture shows which part of the cards that tell of understanding is mastered, over time.
func (r *Report) progressPicture() *picture {
	var points []float64
	var first int
	for i, d := range r.Course {
		part, ok := mastered(d.Cards)
		if !ok && len(points) == 0 {
			first = i + 1
			continue
		}
		points = append(points, part)
	}
	if len(points) < 2 {
		return nil
	}
	days := r.Course[first:]
	const left, right, top, bottom = 52.0, 70.0, 52.0, 34.0
	p := newPicture("progress", "Which part of the questions is mastered, over time", 220)
	w, h := p.width-left-right, p.height-top-bottom
	p.text(margin, 26, "start", "ink head big", "Mastered")
	p.text(margin+80, 26, "start", "soft", "of all cards that are not, half, or wholly understood")
	x := func(i int) float64 { return left + w*float64(i)/float64(len(days)) }
	y := func(part float64) float64 { return top + h*(1-part) }
	for i := range 3 {
		part := float64(i) / 2
		if i > 0 {
			p.line(left, y(part), left+w, y(part), "grid")
		}
		p.text(left-8, y(part)+4, "end", "soft", percentage(part))
	}
	p.line(left, top+h, left+w, top+h, "axis")
	var path strings.Builder
	for i, part := range points {
		if i == 0 || i == len(points)-1 || part != points[i-1] || part != points[i+1] {
			fmt.Fprintf(&path, "L%s %s", px((x(i)+x(i+1))/2), px(y(part)))
		}
	}
	n := len(points) - 1
	p.add(`<path d="M%s" class="curve"/>`, path.String()[1:])
	p.add(`<circle cx="%s" cy="%s" r="4" class="dot"/>`, px((x(n)+x(n+1))/2), px(y(points[n])))
	p.text((x(n)+x(n+1))/2+10, min(y(points[n])+4, top+h-6), "start", "ink head", percentage(points[n]))
	p.dayAxis(days, x, top+h+18)
	return p
}

// mastered returns which part of the cards that say how well they are understood is mastered; not ok without such cards.
func mastered(cards map[learning.Role]int) (part float64, ok bool) {
	all := cards[learning.NotUnderstood] + cards[learning.Partial] + cards[learning.Mastered]
	if all == 0 {
		return 0, false
	}
	return float64(cards[learning.Mastered]) / float64(all), true
}
