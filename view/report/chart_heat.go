package report

import (
	"fmt"
	"slices"
	"time"

	"daybook/learning"
)

// yearPicture is a calendar of the year that ends with the report: a column for each week, darker where more was done.
func (r *Report) yearPicture() *picture {
	last, err := time.Parse(time.DateOnly, r.To)
	if today, terr := time.Parse(time.DateOnly, r.Today); terr == nil && today.Before(last) {
		last = today
	}
	if err != nil || len(r.Year) == 0 {
		return nil
	}
	const cell, gap, left, top, weeks = 11.0, 2.0, 46.0, 64.0, 53
	weekday, _ := hour(last)
	first := last.AddDate(0, 0, -weekday-7*(weeks-1))
	p := newPicture("year", "Active time of each day in the year up to "+r.To, top+7*(cell+gap)+38)
	by := map[string]Day{}
	var active []float64
	total, days := learning.Seconds(0), 0
	for _, d := range r.Year {
		if d.Day < first.Format(time.DateOnly) {
			continue
		}
		by[d.Day] = d
		total += d.Active
		days++
		if d.Active > 0 {
			active = append(active, float64(d.Active))
		}
	}
	limits := quarters(active)
	p.text(margin, 26, "start", "ink head big", "Day by day")
	p.text(margin+92, 26, "start", "soft", howLong(total)+" of active time on "+count(days, "day"))
	for i, name := range []string{"Mon", "", "Wed", "", "Fri", "", "Sun"} {
		p.text(left-8, top+float64(i)*(cell+gap)+10, "end", "soft", name)
	}
	lastLabel := -100.0
	for w := range weeks {
		x := left + float64(w)*(cell+gap)
		for i := range 7 {
			d := first.AddDate(0, 0, 7*w+i)
			if d.After(last) {
				break
			}
			if d.Day() == 1 && x-lastLabel > 30 && w < weeks-1 {
				p.text(x, top-10, "start", "soft", d.Format("Jan"))
				lastLabel = x
			}
			day, known := by[d.Format(time.DateOnly)]
			y := top + float64(i)*(cell+gap)
			p.box(x, y, cell, cell, 2, fmt.Sprintf("h%d", level(float64(day.Active), day.Events, limits)), dayTip(d, day, known))
			if day := d.Format(time.DateOnly); r.Kind != KindBoard && day >= r.From && day <= r.To {
				p.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="3" class="today"/>`, px(x-1), px(y-1), px(cell+2), px(cell+2))
			}
		}
	}
	p.legend(p.width-margin, top+7*(cell+gap)+20, limits)
	return p
}

func dayTip(d time.Time, day Day, known bool) string {
	text := d.Format("Mon 2 Jan 2006") + ": "
	if !known {
		return text + "nothing"
	}
	return text + howLong(day.Active) + " active, " + count(day.Events, "event")
}

// quarters returns the three limits between four equal parts of numbers.
func quarters(all []float64) (limits [3]float64) {
	if len(all) == 0 {
		return limits
	}
	slices.Sort(all)
	for i := range limits {
		limits[i] = all[(i+1)*(len(all)-1)/4]
	}
	return limits
}

// level is how dark a day is: 0 without events, up to 4.
func level(value float64, events int, limits [3]float64) int {
	if events == 0 {
		return 0
	}
	n := 1
	for _, l := range limits {
		if value > l {
			n++
		}
	}
	return n
}

// legend says what the shades of a calendar mean; it ends at x.
func (p *picture) legend(x, y float64, limits [3]float64) {
	text := "more"
	if limits[2] > 0 {
		text = "more than " + howLong(learning.Seconds(limits[2]))
	}
	x -= width(text) * small
	p.text(x, y, "start", "soft", text)
	x -= 8 + 5*14
	for i := range 5 {
		p.add(`<rect x="%s" y="%s" width="11" height="11" rx="2" class="h%d"/>`, px(x+float64(i)*14), px(y-10), i)
	}
	p.text(x-8, y, "end", "soft", "nothing")
}

// hoursPicture shows when there was study: weekday by hour.
func (r *Report) hoursPicture() *picture {
	var all []float64
	total := 0
	for _, row := range r.Hours {
		for _, c := range row {
			if c.Events > 0 {
				all = append(all, float64(c.Events))
				total += c.Events
			}
		}
	}
	if total == 0 {
		return nil
	}
	const left, top, h, gap = 60.0, 64.0, 20.0, 2.0
	p := newPicture("hours", "When events happened: by weekday and hour", top+7*(h+gap)+22)
	w := (p.width-left-margin)/24 - gap
	limits := quarters(all)
	p.text(margin, 26, "start", "ink head big", "When you study")
	p.text(margin+120, 26, "start", "soft", "events by weekday and hour")
	for i := range 24 {
		if i%3 == 0 {
			p.text(left+float64(i)*(w+gap), top-10, "start", "soft", fmt.Sprintf("%d:00", i))
		}
	}
	for d, row := range r.Hours {
		name := [...]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}[d]
		y := top + float64(d)*(h+gap)
		p.text(left-8, y+14, "end", "soft", name)
		for i, c := range row {
			x := left + float64(i)*(w+gap)
			p.box(x, y, w, h, 2, fmt.Sprintf("h%d", level(float64(c.Events), c.Events, limits)),
				fmt.Sprintf("%s %d:00–%d:00: %s", name, i, i+1, count(c.Events, "event")))
		}
	}
	return p
}
