package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func figure() Figure {
	return Figure{Title: "A < B & C", Note: "a note", Panels: []Panel{
		Dots{Title: "dots", Unit: "µs", Dots: []Dot{{"first", 3, 40, Ours}, {"second <", 120, 0, Peer}}},
		Lines{Title: "lines", XUnit: "events", YUnit: "µs", Lines: []Line{
			{"flat", []Point{{0, 5}, {1000, 5}}, Ours},
			{"grows", []Point{{0, 5}, {1000, 5000}}, Recipe},
			{"flat, too", []Point{{0, 5}, {1000, 5}}, Bound},
		}},
	}}
}

// A figure is well-formed XML, and names everything that is in it.
func TestSVG(t *testing.T) {
	svg := figure().SVG()
	d := xml.NewDecoder(bytes.NewReader(svg))
	var text strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := token.(xml.CharData); ok {
			text.Write(c)
		}
	}
	for _, want := range []string{
		"A < B & C", "a note", "dots", "µs, logarithmic", "first", "second <", "3 · p99 40", "lines", "flat, too", "grows",
		"events (across) and µs (up), logarithmic", "prefers-color-scheme: dark",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in the figure", want)
		}
	}
}

func TestSVGIsTheSame(t *testing.T) {
	if !bytes.Equal(figure().SVG(), figure().SVG()) {
		t.Error("two figures of the same value differ")
	}
}

// What was not measured makes no NaN or infinity.
func TestSVGOfNothing(t *testing.T) {
	svg := string(Figure{Panels: []Panel{
		Dots{}, Dots{Dots: []Dot{{Label: "none"}}}, Lines{}, Lines{Lines: []Line{{Label: "none"}, {Points: []Point{{0, 0}}}}},
	}}.SVG())
	for _, bad := range []string{"NaN", "Inf"} {
		if strings.Contains(svg, bad) {
			t.Errorf("%s is in\n%s", bad, svg)
		}
	}
}

func TestAxis(t *testing.T) {
	a := newAxis([]float64{3, 0, 120}, 100, 300)
	for _, test := range []struct{ v, want float64 }{{1, 100}, {10, 200}, {100, 300}, {1000, 400}, {0, 100}} {
		if got := a.at(test.v); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("at(%v) = %v, want %v", test.v, got, test.want)
		}
	}
	if got := len(a.ticks()); got != 4 {
		t.Errorf("%d ticks, want 4", got)
	}
	if a := newAxis([]float64{10}, 0, 1); a.high <= a.low {
		t.Errorf("one value makes an axis from %v to %v", a.low, a.high)
	}
}

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		v    float64
		want string
	}{
		{0, "0"},
		{0.001, "0.001"},
		{0.5, "0.5"},
		{1, "1"},
		{2.504, "2.5"},
		{9.99, "9.99"},
		{9.999, "10"},
		{10, "10"},
		{12.34, "12.3"},
		{99.96, "100"},
		{1000, "1,000"},
		{1234567, "1,234,567"},
	} {
		if got := Number(test.v); got != test.want {
			t.Errorf("Number(%v) = %q, want %q", test.v, got, test.want)
		}
	}
}
