package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"daybook/learning"
)

// stream is one side of the flow: all changes from a colour, or to one.
type stream struct {
	name  string
	role  learning.Role
	count int
	y     float64
	used  float64 // how much of it has its ribbon already
}

// flowNames is how many colours a side of the flow shows; the rest is one.
const flowNames = 9

// flowPicture shows from which colours to which cards went.
func (r *Report) flowPicture() *picture {
	if len(r.Transitions) == 0 {
		return nil
	}
	list := fewer(r.Transitions)
	from := sides(list, func(t Transition) (string, learning.Role) { return t.From, t.FromRole })
	to := sides(list, func(t Transition) (string, learning.Role) { return t.To, t.ToRole })
	total := 0
	for _, t := range list {
		total += t.Count
	}
	const top, gap, bar, left = 70.0, 15.0, 14.0, 200.0
	rows := max(len(from), len(to))
	unit := max(90, 44*float64(rows)-gap*float64(rows-1)) / float64(total)
	height := top + unit*float64(total) + gap*float64(rows-1) + 24
	p := newPicture("flow", "Changes of colour: from what to what", height)
	p.text(margin, 26, "start", "ink head big", "From one colour to another")
	p.text(margin+204, 26, "start", "soft", count(total, "change")+", mis-clicks left out")
	p.text(left, 54, "end", "soft", "before")
	p.text(p.width-left, 54, "start", "soft", "after")
	for _, side := range [][]*stream{from, to} {
		y := top + (float64(rows-len(side))*gap)/2
		for _, s := range side {
			s.y = y
			y += unit*float64(s.count) + gap
		}
	}
	x1, x2 := left+bar, p.width-left-bar
	for _, s := range from {
		for _, d := range to { // ribbons leave in the order of where they go, so that few cross
			for _, t := range list {
				if t.From == s.name && t.To == d.name {
					h := unit * float64(t.Count)
					p.ribbon(x1, s.y+s.used, x2, d.y+d.used, h, t)
					s.used += h
					d.used += h
				}
			}
		}
	}
	for _, s := range from {
		p.end(left, s, unit, bar, left-8, "end")
	}
	for _, s := range to {
		p.end(p.width-left-bar, s, unit, bar, p.width-left+8, "start")
	}
	return p
}

// fewer puts colours together, if there are too many: those without a role, and of these the rarest.
func fewer(list []Transition) []Transition {
	name := func(side func(Transition) (string, learning.Role)) func(Transition) (string, learning.Role) {
		all := sides(list, side)
		if len(all) <= flowNames {
			return side
		}
		slices.SortStableFunc(all, func(a, b *stream) int {
			return cmp.Or(cmp.Compare(min(len(b.role), 1), min(len(a.role), 1)), cmp.Compare(b.count, a.count))
		})
		return func(t Transition) (string, learning.Role) {
			n, role := side(t)
			if slices.ContainsFunc(all[:flowNames-1], func(s *stream) bool { return s.name == n }) {
				return n, role
			}
			return "other colours", ""
		}
	}
	from := name(func(t Transition) (string, learning.Role) { return t.From, t.FromRole })
	to := name(func(t Transition) (string, learning.Role) { return t.To, t.ToRole })
	var out []Transition
	for _, t := range list {
		t.From, t.FromRole = from(t)
		t.To, t.ToRole = to(t)
		same := func(o Transition) bool { return o.From == t.From && o.To == t.To }
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Count += t.Count
			continue
		}
		out = append(out, t)
	}
	return out
}

// sides returns the colours of one side, in the order of their roles.
func sides(list []Transition, side func(Transition) (string, learning.Role)) (all []*stream) {
	for _, t := range list {
		name, role := side(t)
		i := slices.IndexFunc(all, func(s *stream) bool { return s.name == name })
		if i < 0 {
			i = len(all)
			all = append(all, &stream{name: name, role: role})
		}
		all[i].count += t.Count
	}
	order := []learning.Role{
		learning.NotUnderstood, learning.Partial, learning.Mastered, learning.OwnWords, learning.Explanation, "",
	}
	slices.SortStableFunc(all, func(a, b *stream) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.role), slices.Index(order, b.role)), cmp.Compare(a.name, b.name))
	})
	return all
}

// ribbon draws a change from the left to the right, in the colour of what the cards became.
func (p *picture) ribbon(x1, y1, x2, y2, h float64, t Transition) {
	m := (x1 + x2) / 2
	curve := func(y1, y2, x2 float64) string { // from where the pen is
		return fmt.Sprintf("C%s %s %s %s %s %s", px(m), px(y1), px(m), px(y2), px(x2), px(y2))
	}
	path := fmt.Sprintf("M%s %s%sv%s%sz", px(x1), px(y1), curve(y1, y2, x2), px(h), curve(y2+h, y1+h, x1))
	p.add(`<path d="%s" class="f-%s" fill-opacity="0.45"><title>%s</title></path>`, path, class(t.ToRole),
		escapeXML(fmt.Sprintf("%s → %s: %s", colorName(t.From, t.FromRole), colorName(t.To, t.ToRole), number(t.Count))))
}

// end draws the end of a side, and what it is.
func (p *picture) end(x float64, s *stream, unit, bar, textX float64, anchor string) {
	h := max(1.5, unit*float64(s.count))
	p.area(fmt.Sprintf("M%s %sh%sv%sh-%sz", px(x), px(s.y), px(bar), px(h), px(bar)), s.role, clean(s.name))
	y := s.y + h/2 + 4
	room := 15.0
	name := fit(colorName(s.name, s.role), room-width(number(s.count))-1)
	meaning := ""
	if s.role != "" {
		meaning = roleName(s.role)
	}
	if meaning != "" && h >= 26 {
		y -= 7
		p.text(textX, y+15, anchor, "soft", meaning)
	}
	text := name + " · " + number(s.count)
	if anchor == "end" {
		text = number(s.count) + " · " + name
	}
	p.text(textX, y, anchor, "ink", text)
}

// colorName is the name of a colour for people: one without a meaning may be a bare code.
func colorName(name string, r learning.Role) string {
	switch name = clean(name); {
	case name == "none" && r == "":
		return "no colour"
	case r == "" && strings.Trim(name, "0123456789") == "" && name != "":
		return "colour " + name
	}
	return name
}
