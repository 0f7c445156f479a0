package plot

import (
	"cmp"
	"fmt"
	"slices"
)

// Lines is a chart of lines on logarithmic axes. An x of zero stands at the beginning of the axis.
type Lines struct {
	Title        string
	XUnit, YUnit string
	Lines        []Line
}

// Line is one line.
type Line struct {
	Label  string
	Points []Point // in ascending order of X
	Tone   Tone
}

// Point is one point.
type Point struct{ X, Y float64 }

// Sizes in pixels.
const (
	linesHeight = 300
	lineLabels  = 250 // width of the names of the lines
	yLabels     = 56  // width of the numbers of the y axis
	labelStep   = 17
)

func (Lines) height() float64 { return linesHeight }

func (p Lines) draw(c *canvas, top float64) {
	var xs, ys []float64
	zero := false
	for _, l := range p.Lines {
		for _, q := range l.Points {
			xs, ys = append(xs, q.X), append(ys, q.Y)
			zero = zero || q.X == 0
		}
	}
	left, bottom := float64(margin+yLabels), top+linesHeight
	x := newAxis(xs, left, width-margin-lineLabels-left)
	if zero {
		x.low-- // a decade of its own
	}
	y := newAxis(ys, bottom, -linesHeight)
	for _, v := range y.ticks() {
		c.line(left, y.at(v), left+x.size, y.at(v), "grid")
		c.text(left-8, y.at(v)+4, "soft", "end", Number(v))
	}
	for i, v := range x.ticks() {
		if zero && i == 0 {
			v = 0
		}
		c.line(x.at(v), top, x.at(v), bottom, "grid")
		c.text(x.at(v), bottom+16, "soft", "middle", Number(v))
	}
	c.text(left+x.size/2, bottom+33, "soft", "middle", p.XUnit+" (across) and "+p.YUnit+" (up), logarithmic")
	for _, l := range p.Lines {
		c.polyline(l, x, y)
	}
	p.labels(c, y, left+x.size+12)
}

func (c *canvas) polyline(l Line, x, y axis) {
	fmt.Fprintf(&c.b, `<polyline class="line %s" points="`, l.Tone)
	for i, q := range l.Points {
		if i > 0 {
			c.b.WriteByte(' ')
		}
		fmt.Fprintf(&c.b, "%.1f,%.1f", x.at(q.X), y.at(q.Y))
	}
	c.b.WriteString(`"/>` + "\n")
	for _, q := range l.Points {
		c.circle(x.at(q.X), y.at(q.Y), 3, string(l.Tone))
	}
}

// labels names the lines beside their ends, moved apart where they would lie upon each other.
func (p Lines) labels(c *canvas, y axis, left float64) {
	type label struct {
		at   float64
		line Line
	}
	var all []label
	for _, l := range p.Lines {
		if n := len(l.Points); n > 0 {
			all = append(all, label{y.at(l.Points[n-1].Y), l})
		}
	}
	slices.SortStableFunc(all, func(a, b label) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(all); i++ {
		all[i].at = max(all[i].at, all[i-1].at+labelStep)
	}
	low := y.from // the lowest label stays beside the chart, and pushes the others up
	for i := len(all) - 1; i >= 0; i-- {
		all[i].at = min(all[i].at, low)
		low = all[i].at - labelStep
	}
	for _, l := range all {
		c.rect(left, l.at-5, 10, 10, string(l.line.Tone))
		c.text(left+16, l.at+4, "", "start", l.line.Label)
	}
}
