package report

import (
	"fmt"
	"slices"

	"daybook/bench/measure"
	"daybook/bench/peer"
	"daybook/bench/plot"
)

// AppendFigure draws the appends of r.
func (r Report) AppendFigure() plot.Figure {
	f := plot.Figure{Title: "Appending an event", Note: r.note()}
	p50 := func(s measure.Series) (float64, float64) { return s.P50, s.P99 }
	rate := func(s measure.Series) (float64, float64) { return s.Rate, 0 }
	const medians, rates = "median in µs, the thin line to the 99th percentile", "events per second"
	for _, p := range []struct {
		scenario, title, unit string
		of                    func(measure.Series) (value, mark float64)
	}{
		{Durable1, "Durable, one writer: time of an append (less is better)", medians, p50},
		{Durable64, "Durable, 64 writers: throughput (more is better)", rates, rate},
		{Unsynced1, "Not synced, one writer: time of an append (less is better)", medians, p50},
	} {
		a := r.Scenario(p.scenario)
		panel := plot.Dots{Title: p.title, Unit: p.unit}
		for _, s := range a.Series {
			v, mark := p.of(s)
			panel.Dots = append(panel.Dots, plot.Dot{Label: s.Name, Value: v, Mark: mark, Tone: tone(s.Name)})
		}
		if len(panel.Dots) > 0 {
			f.Panels = append(f.Panels, panel)
		}
	}
	if a := r.Scenario(DurableHeld); len(a.Series) > 0 {
		f.Panels = append(f.Panels, plot.Lines{
			Title: "Durable, one writer: time of an append by what the day holds (less is better)",
			XUnit: "events held", YUnit: "median in µs", Lines: lines(a),
		})
	}
	return f
}

// ReadFigure draws the reads of r.
func (r Report) ReadFigure() plot.Figure {
	f := plot.Figure{Title: "Reading events", Note: r.note()}
	for _, t := range r.Reads {
		panel := plot.Dots{
			Title: fmt.Sprintf("%s of %s events, whole processes (less is better)", t.Name, plot.Number(float64(t.Events))),
			Unit:  "median in ms",
		}
		for _, runs := range t.Runs {
			if runs.Skipped == "" {
				panel.Dots = append(panel.Dots, plot.Dot{Label: runs.Name, Value: runs.Median, Tone: tone(runs.Name)})
			}
		}
		f.Panels = append(f.Panels, panel)
	}
	return f
}

// lines has one line for each kind of log, over the events held.
func lines(a measure.Appends) []plot.Line {
	var all []plot.Line
	for _, s := range a.Series {
		i := slices.IndexFunc(all, func(l plot.Line) bool { return l.Label == s.Name })
		if i < 0 {
			i = len(all)
			all = append(all, plot.Line{Label: s.Name, Tone: tone(s.Name)})
		}
		all[i].Points = append(all[i].Points, plot.Point{X: float64(s.Held), Y: s.P50})
	}
	for _, l := range all {
		slices.SortFunc(l.Points, func(p, q plot.Point) int { return int(p.X - q.X) })
	}
	return all
}

// note says where it was measured.
func (r Report) note() string {
	m := r.Machine
	return fmt.Sprintf("One run, in turns: %d cores of %s, %s, %s, %s, %s",
		m.Cores, m.CPU, m.System, m.FileSystem, m.Go, m.When.Format("2006-01-02"))
}

// tone tells what an entrant or a command of that name is.
func tone(name string) plot.Tone {
	switch {
	case len(name) >= 7 && (name[:7] == "Daybook" || name[:7] == "daybook"):
		return plot.Ours
	case name == peer.Locked().Name, name == peer.Written().Name, name == peer.Group().Name, name == "cat", name == "wc":
		return plot.Bound
	case name == peer.Copied().Name, name == peer.Dumped().Name:
		return plot.Recipe
	}
	return plot.Peer
}
