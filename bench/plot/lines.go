package plot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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
	for i, l := range p.Lines {
		var points []Point // in pixels
		for _, q := range l.Points {
			points = append(points, Point{x.at(q.X), y.at(q.Y)})
			c.circle(x.at(q.X), y.at(q.Y), 3, string(l.Tone))
		}
		c.polyline(points, l.Tone, p.dashes(i))
	}
	p.labels(c, y, left+x.size+12)
}

// dashes tells the i-th line from those before it that have its colour.
func (p Lines) dashes(i int) string {
	patterns := [...]string{"none", "7 4", "2 3", "9 3 2 3"}
	same := 0
	for _, l := range p.Lines[:i] {
		if l.Tone == p.Lines[i].Tone {
			same++
		}
	}
	return patterns[same%len(patterns)]
}

func (c *canvas) polyline(points []Point, tone Tone, dashes string) {
	var at []string
	for _, q := range points {
		at = append(at, fmt.Sprintf("%.1f,%.1f", q.X, q.Y))
	}
	fmt.Fprintf(&c.b, `<polyline class="%s line" stroke-dasharray="%s" points="%s"/>`+"\n", tone, dashes, strings.Join(at, " "))
}

// labels names the lines beside their ends, moved apart where they would lie upon each other.
func (p Lines) labels(c *canvas, y axis, left float64) {
	type label struct {
		at     float64
		line   Line
		dashes string
	}
	var all []label
	for i, l := range p.Lines {
		if n := len(l.Points); n > 0 {
			all = append(all, label{y.at(l.Points[n-1].Y), l, p.dashes(i)})
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
		c.polyline([]Point{{left, l.at}, {left + 24, l.at}}, l.line.Tone, l.dashes)
		c.text(left+30, l.at+4, "", "start", l.line.Label)
	}
}
