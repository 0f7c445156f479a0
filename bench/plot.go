package main

import (
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// medians are the medians of the rounds: by the benchmark's name without the part that names the log or program, by that
// log or program.
type medians map[string]map[string]float64

// readMedians returns the medians of one unit in file. part is log or program.
func readMedians(file, part, unit string) (medians, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	all := make(map[string]map[string][]float64)
	r := benchfmt.NewReader(f, file)
	for r.Scan() {
		result, ok := r.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		name, who, ok := strings.Cut(string(result.Name.Full()), "/"+part+"=")
		if !ok {
			continue
		}
		if i := strings.LastIndexByte(who, '-'); i > 0 { // the number of processors
			if _, err := strconv.Atoi(who[i+1:]); err == nil {
				who = who[:i]
			}
		}
		if v, ok := result.Value(unit); ok {
			if all[name] == nil {
				all[name] = make(map[string][]float64)
			}
			all[name][who] = append(all[name][who], v)
		}
	}
	m := make(medians)
	for name, series := range all {
		m[name] = make(map[string]float64)
		for who, values := range series {
			slices.Sort(values)
			m[name][who] = values[len(values)/2]
		}
	}
	return m, r.Err()
}

// chart is one panel of a picture: a bar for each log or program.
type chart struct {
	title, unit string
	scale       float64 // from the medians' unit to the chart's
	values      map[string]float64
}

// drawCharts draws bench-append.svg and bench-read.svg in dir.
func drawCharts(file, dir string) error {
	appends, err := readMedians(file, "log", "p50-sec")
	if err != nil {
		return err
	}
	reads, err := readMedians(file, "program", "sec/op")
	if err != nil {
		return err
	}
	var a, r []chart
	for _, c := range []struct{ name, title string }{
		{"sync=yes/writers=1/bytes=430/held=0", "durable, one writer: median of an append (less is better)"},
		{"sync=yes/writers=64/bytes=430/held=0", "durable, 64 writers: median of an append (less is better)"},
		{"sync=no/writers=1/bytes=430/held=0", "not synced, one writer: median of an append (less is better)"},
		{"sync=yes/writers=1/bytes=430/held=100000", "durable, one writer, 100,000 events held (less is better)"},
	} {
		a = append(a, chart{c.title, "µs", 1e6, appends["Log/"+c.name]})
	}
	for _, c := range []struct{ name, title string }{
		{"task=filter/events=1000000", "filter 1,000,000 events, whole processes (less is better)"},
		{"task=statistics/events=100000", "statistics of 100,000 events (less is better)"},
		{"task=scan/events=100000", "read all of 100,000 events (less is better)"},
	} {
		r = append(r, chart{c.title, "ms", 1e3, reads["Read/"+c.name]})
	}
	return errors.Join(
		picture(filepath.Join(dir, "bench-append.svg"), a),
		picture(filepath.Join(dir, "bench-read.svg"), r),
	)
}

// picture writes the charts, one below the other, as an SVG file. Charts without values are left out.
func picture(name string, charts []chart) (err error) {
	charts = slices.DeleteFunc(charts, func(c chart) bool { return len(c.values) == 0 })
	if len(charts) == 0 {
		return fmt.Errorf("%s: nothing that it shows was measured", name)
	}
	const width, bar = 640, 22
	var height vg.Length
	heights := make([]vg.Length, len(charts))
	for i, c := range charts {
		heights[i] = vg.Length(86 + bar*len(c.values))
		height += heights[i]
	}
	canvas := vgsvg.New(width, height)
	page := draw.New(canvas)
	top := height
	for i, c := range charts {
		p, err := c.plot()
		if err != nil {
			return err
		}
		p.Draw(draw.Crop(page, 8, -8, top-heights[i]+8, top-height-8))
		top -= heights[i]
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(f)
	return errors.Join(err, f.Close())
}

// plot draws horizontal bars on a logarithmic axis, the shortest on top, each with its value.
func (c chart) plot() (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = c.title
	p.X.Label.Text = c.unit
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = plot.LogTicks{Prec: -1}
	var names []string
	for who := range c.values {
		names = append(names, who)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(c.values[b], c.values[a]) })
	ours, others := plotter.XYs{}, plotter.XYs{}
	labels := plotter.XYLabels{}
	for i, who := range names {
		at := plotter.XY{X: c.values[who] * c.scale, Y: float64(i)}
		if strings.HasPrefix(who, "daybook") {
			ours = append(ours, at)
		} else {
			others = append(others, at)
		}
		labels.XYs = append(labels.XYs, at)
		labels.Labels = append(labels.Labels, strconv.FormatFloat(at.X, 'f', decimals(at.X), 64))
	}
	p.Add(plotter.NewGrid())
	for _, series := range []struct {
		points plotter.XYs
		color  color.Color
	}{{ours, color.RGBA{R: 0x1f, G: 0x5f, B: 0xbf, A: 0xff}}, {others, color.Gray{Y: 0x80}}} {
		if len(series.points) == 0 {
			continue
		}
		dots, err := plotter.NewScatter(series.points)
		if err != nil {
			return nil, err
		}
		dots.Shape, dots.Color, dots.Radius = draw.CircleGlyph{}, series.color, 4
		p.Add(dots)
	}
	values, err := plotter.NewLabels(labels)
	if err != nil {
		return nil, err
	}
	values.Offset = vg.Point{X: 8, Y: -4}
	p.Add(values)
	p.NominalY(names...)
	p.X.Padding = 10
	p.X.Min *= 0.9
	p.X.Max *= 1.5 // room for the last label
	return p, nil
}

// decimals returns how many digits behind the point make three figures of v.
func decimals(v float64) int {
	switch {
	case v < 10:
		return 2
	case v < 100:
		return 1
	}
	return 0
}
