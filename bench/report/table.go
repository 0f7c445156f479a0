package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"daybook/bench/measure"
	"daybook/bench/peer"
	"daybook/bench/stat"
)

// Print writes r as tables for people.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "%s, %d cores of %s, %s, %s, load %s before and %s after\n",
		m.System, m.Cores, m.CPU, m.FileSystem, m.Go, m.LoadBefore, m.LoadAfter)
	for _, a := range r.Appends {
		b.WriteString("\n" + appendTable(a))
	}
	for _, o := range r.Openings {
		fmt.Fprintf(&b, "\nOpening a day of %d events (%.1f MB) for append: %s ms; reading it whole: %s ms; ratio %s\n",
			o.Held, float64(o.Bytes)/1e6, figure(o.Open), figure(o.Read), figure(o.Ratio))
	}
	for _, i := range r.Imports {
		fmt.Fprintf(&b, "\ndaybook append: %d events in %s ms, resident memory at most %.0f MB\n",
			i.Events, figure(i.Took), float64(i.RSS)/1e6)
	}
	for _, t := range r.Reads {
		b.WriteString("\n" + readTable(t))
	}
	for _, w := range r.Watches {
		fmt.Fprintf(&b, "\ndaybook watch: %d saves of a board of %d cards (%.1f MB), %d others watched: p50 %s, p99 %s, at most %s ms "+
			"beyond the debounce; resident memory %.0f MB, at most %.0f\n", w.Saves, w.Cards, float64(w.Bytes)/1e6, w.Others,
			figure(w.P50), figure(w.P99), figure(w.Max), float64(w.RSS)/1e6, float64(w.Peak)/1e6)
	}
	b.WriteString("\n" + barTable(r.Bars))
	_, err := io.WriteString(w, b.String())
	return err
}

// Base is the entrant that the others of a scenario are compared with: the bare calls with a lock, for many writers that
// are durable the ideal group commit.
func Base(a measure.Appends) (measure.Series, bool) {
	name := peer.Locked().Name
	if a.Sync && a.Writers > 1 {
		name = peer.Group().Name
	}
	return Series(a, name, 0)
}

func appendTable(a measure.Appends) string {
	base, ok := Base(a)
	rows := [][]string{{"", "held", "p50 µs", "p99 µs", "events/s", "p50 ratio", "rate ratio", "allocs"}}
	for _, s := range a.Series {
		row := []string{
			s.Name, fmt.Sprint(s.Held), figure(s.P50), figure(s.P99), figure(s.Rate), "", "", figure(s.Allocs),
		}
		if ok {
			row[5] = figure(stat.Ratios(s.RoundP50s, base.RoundP50s).Median)
			row[6] = figure(stat.Ratios(s.RoundRates, base.RoundRates).Median)
		}
		rows = append(rows, row)
	}
	title := a.Name
	if !strings.HasSuffix(title, " bytes") {
		title += fmt.Sprintf(", %d bytes", a.Size)
	}
	if ok {
		title += "; ratios to " + base.Name
	}
	return title + "\n" + align(rows)
}

func readTable(t measure.Reads) string {
	var base measure.Runs // the first that was run
	rows := [][]string{{"", "median ms", "ratio", "runs"}}
	for _, runs := range t.Runs {
		if runs.Skipped != "" {
			rows = append(rows, []string{runs.Name, "skipped: " + runs.Skipped})
			continue
		}
		if base.Name == "" {
			base = runs
		}
		rows = append(rows, []string{
			runs.Name, figure(runs.Median), figure(stat.Ratios(runs.Rounds, base.Rounds).Median),
			fmt.Sprint(len(runs.Rounds)),
		})
	}
	return fmt.Sprintf("%s of %d events, whole processes; ratios to %s\n", t.Name, t.Events, base.Name) + align(rows)
}

func barTable(bars []Bar) string {
	rows := [][]string{{"bar", "bound", "value", "quartiles", ""}}
	for _, b := range bars {
		rows = append(rows, []string{b.What, b.Bound, b.Value, b.Range, string(b.State)})
	}
	return align(rows)
}

// align pads the cells of each column to one width: the first column to the left, the others to the right. The last cell
// of a row that is shorter than the first row is not padded.
func align(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i == 0 || i < len(row)-1 || len(row) == len(rows[0]) {
				widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			}
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(cell)))
			switch {
			case i == 0:
				b.WriteString("  " + cell + pad)
			case len(row) < len(rows[0]):
				b.WriteString("  " + cell)
			default:
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// figure spells a number with three figures, or as many as it has before the point; "-" if it is none.
func figure(v float64) string {
	switch {
	case v != v:
		return "-"
	case v < 0.995 && v > -0.995:
		return fmt.Sprintf("%.3f", v)
	case v < 9.995:
		return fmt.Sprintf("%.2f", v)
	case v < 99.95:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
