// Package plot draws charts as SVG: each chart is a value, and the same value makes the same bytes.
package plot

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Panel is one chart of a Figure.
type Panel interface {
	height() float64
	draw(c *canvas, top float64)
}

// Figure is some panels, one below the other, with a line of text below them.
type Figure struct {
	Title  string
	Note   string
	Panels []Panel
}

// Tone is what something in a chart is, which decides its colour.
type Tone string

// The tones.
const (
	Ours   Tone = "ours"
	Bound  Tone = "bound"  // what is not to be beaten
	Peer   Tone = "peer"   // another program
	Recipe Tone = "recipe" // what one would have written by hand
)

// Sizes in pixels.
const (
	width   = 900
	margin  = 24
	head    = 34 // of a panel: its title
	foot    = 46 // of a panel: the axis and its label
	figHead = 44
	figFoot = 34
)

// style has colours for a light and a dark page; the figure brings its own background.
const style = `
  text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
  .page { fill: #ffffff }
  .title { font-size: 18px; font-weight: 600 }
  .panel { font-size: 14px; font-weight: 600 }
  .soft { fill: #59636e; font-size: 12px }
  .grid { stroke: #d8dee4; stroke-width: 1 }
  .whisker { stroke: #59636e; stroke-width: 1.5 }
  .ours { fill: #1f6feb; stroke: #1f6feb }
  .bound { fill: #7d8590; stroke: #7d8590 }
  .peer { fill: #c9791a; stroke: #c9791a }
  .recipe { fill: #b3324b; stroke: #b3324b }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .page { fill: #0d1117 }
    .soft { fill: #9198a1 }
    .grid { stroke: #30363d }
    .whisker { stroke: #9198a1 }
    .ours { fill: #58a6ff; stroke: #58a6ff }
    .bound { fill: #8b949e; stroke: #8b949e }
    .peer { fill: #e3a24d; stroke: #e3a24d }
    .recipe { fill: #f0788c; stroke: #f0788c }
  }
  .line { fill: none; stroke-width: 2 }
`

// SVG draws the figure.
func (f Figure) SVG() []byte {
	c := &canvas{}
	y := float64(figHead)
	for _, p := range f.Panels {
		c.text(margin, y+20, "panel", "start", titleOf(p))
		p.draw(c, y+head)
		y += head + p.height() + foot
	}
	c.text(margin, y+14, "soft", "start", f.Note)
	height := y + figFoot
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" viewBox="0 0 %d %.0f">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n<style>%s</style>\n", html.EscapeString(f.Title), style)
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%.0f"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text class="title" x="%d" y="32">%s</text>`+"\n", margin, html.EscapeString(f.Title))
	b.WriteString(c.b.String())
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

func titleOf(p Panel) string {
	switch p := p.(type) {
	case Dots:
		return p.Title
	case Lines:
		return p.Title
	}
	return ""
}

// canvas collects elements.
type canvas struct{ b strings.Builder }

func (c *canvas) text(x, y float64, class, anchor, s string) {
	fmt.Fprintf(&c.b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n",
		class, x, y, anchor, html.EscapeString(s))
}

func (c *canvas) circle(x, y, r float64, class string) {
	fmt.Fprintf(&c.b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f"/>`+"\n", class, x, y, r)
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&c.b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

// axis is a logarithmic axis over whole decades.
type axis struct {
	low, high  float64 // exponents of ten
	from, size float64 // pixels; a negative size runs upwards
}

// newAxis makes an axis that has room for all values; those that are not positive do not count.
func newAxis(values []float64, from, size float64) axis {
	a := axis{low: math.Inf(1), high: math.Inf(-1), from: from, size: size}
	for _, v := range values {
		if v > 0 {
			a.low = min(a.low, math.Floor(math.Log10(v)))
			a.high = max(a.high, math.Ceil(math.Log10(v)))
		}
	}
	if math.IsInf(a.low, 1) {
		a.low, a.high = 0, 1
	}
	a.high = max(a.high, a.low+1)
	return a
}

// at is the place of a value, in pixels; what is not positive stands at the beginning.
func (a axis) at(v float64) float64 {
	if v <= 0 {
		return a.from
	}
	return a.from + a.size*(math.Log10(v)-a.low)/(a.high-a.low)
}

// ticks are the powers of ten on the axis.
func (a axis) ticks() []float64 {
	var all []float64
	for e := a.low; e <= a.high; e++ {
		all = append(all, math.Pow(10, e))
	}
	return all
}

// Number spells a value shortly, thousands set apart.
func Number(v float64) string {
	var s string
	switch {
	case v >= 99.5:
		s = fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return trimmed(fmt.Sprintf("%.1f", v))
	case v >= 0.995:
		return trimmed(fmt.Sprintf("%.2f", v))
	default:
		return trimmed(fmt.Sprintf("%.3f", v))
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// trimmed is a decimal fraction without zeros at its end.
func trimmed(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }
