package plot

// Dots is a chart of values on a logarithmic axis, one below the other: dots, since a bar would begin at no zero.
type Dots struct {
	Title string
	Unit  string // of the values, as the axis names it
	Dots  []Dot
}

// Dot is one value.
type Dot struct {
	Label string
	Value float64
	// Mark, if not zero, is a second value, such as a 99th percentile, shown as a thin line.
	Mark float64
	Tone Tone
}

// Sizes in pixels.
const (
	dotStep   = 24
	dotRadius = 5.5
	dotLabels = 230 // width of what stands before the axis
	dotValues = 150 // width of what stands behind its end
)

func (p Dots) height() float64 { return float64(len(p.Dots)) * dotStep }

func (p Dots) draw(c *canvas, top float64) {
	var values []float64
	for _, b := range p.Dots {
		values = append(values, b.Value, b.Mark)
	}
	left := float64(margin + dotLabels)
	a := newAxis(values, left, width-margin-dotValues-left)
	bottom := top + p.height()
	for _, v := range a.ticks() {
		c.line(a.at(v), top, a.at(v), bottom, "grid")
		c.text(a.at(v), bottom+16, "soft", "middle", Number(v))
	}
	c.text(left+a.size/2, bottom+33, "soft", "middle", p.Unit+", logarithmic")
	for i, b := range p.Dots {
		y := top + (float64(i)+0.5)*dotStep
		c.text(left-10, y+5, "", "end", b.Label)
		c.line(left, y, left+a.size, y, "grid")
		end := a.at(max(b.Value, b.Mark))
		said := Number(b.Value)
		if b.Mark > 0 {
			c.line(a.at(b.Value), y, a.at(b.Mark), y, "whisker")
			c.line(a.at(b.Mark), y-4, a.at(b.Mark), y+4, "whisker")
			said += " · p99 " + Number(b.Mark)
		}
		c.circle(a.at(b.Value), y, dotRadius, string(b.Tone))
		c.text(end+10, y-3, "soft", "start", said)
	}
}
