package report

import (
	"fmt"
	"math"
	"strings"

	"daybook/bench/measure"
	"daybook/bench/peer"
	"daybook/bench/stat"
)

// Bar is a bound that the project has set itself, and what was measured.
type Bar struct {
	What  string `json:"what"`
	Bound string `json:"bound"`
	Value string `json:"value"` // median; "" if it was not measured
	// Range is the quartiles of the rounds' values around it; "" if there were no rounds.
	Range string `json:"quartiles,omitempty"`
	State State  `json:"state"`
}

// State is whether a bar is met.
type State string

// NotMeasured is for what this program does not measure, or this run did not.
const (
	Met         State = "met"
	NotMet      State = "NOT MET"
	NotMeasured State = "not measured"
	NoBar       State = "no bar" // reported beside one
)

// Names of the scenarios that the bars are about.
const (
	Durable1    = "durable, 1 writer"
	Durable64   = "durable, 64 writers"
	Unsynced1   = "not synced, 1 writer"
	DurableHeld = "durable, by events held"
	NoneHeld    = "not synced, by events held"
	// ManyHeld is the number of events held that a bar names.
	ManyHeld = 100_000
	// QueriedEvents is the number of events that the bar of query names.
	QueriedEvents = 1_000_000
	// ManyBoards is the number of boards, besides the saved one, that a bar names.
	ManyBoards = 1000
)

// value is what one bar is about: ok is false if it was not measured.
type value struct {
	v      float64
	ok     bool
	spread stat.Spread // zero if there were no rounds
}

// spread is the value of some rounds.
func spread(s stat.Spread) value { return value{s.Median, true, s} }

// single is a value without rounds.
func single(v float64) value { return value{v: v, ok: true} }

// JudgeBars returns the bars that Daybook is to hold, with what r has measured for them.
func (r Report) JudgeBars() []Bar {
	p50 := func(scenario, a, b string) value { return r.ratio(scenario, a, 0, b, 0, roundP50s) }
	rate := func(a, b string) value { return r.ratio(Durable64, a, 0, b, 0, roundRates) }
	ours, locked := peer.Daybook().Name, peer.Locked().Name
	const durable = "durable append, 1 writer, against lock + write + fdatasync + unlock"
	bars := []Bar{
		atMost(durable, 1.15, "%.2f", p50(Durable1, ours, locked)),
		atLeast("durable append, 64 writers, against the ideal group commit", 0.75, "%.2f", rate(ours, peer.Group().Name)),
		atLeast("… against SQLite", 5, "%.1f", rate(ours, peer.SQLite().Name)),
		atLeast("… against bbolt's Batch", 5, "%.1f", rate(ours, peer.BoltBatch().Name)),
		beside("… against bbolt's Batch, sized for 64", "%.1f", rate(ours, peer.BoltSized().Name)),
		atMost("append, not synced, no views, against lock + write + unlock", 4, "%.2f", p50(Unsynced1, ours, locked)),
		beside("… against zerolog + lumberjack", "%.2f", p50(Unsynced1, ours, peer.Zerolog().Name)),
		atMost("the session document's share of an append, not synced", 12, "%.1f µs", r.share()),
	}
	for _, s := range []string{DurableHeld, NoneHeld} {
		synced, _, _ := strings.Cut(s, ",")
		what := fmt.Sprintf("cost at %d events held, against none, %s", ManyHeld, synced)
		bars = append(bars, atMost(what, 1.1, "%.2f", r.ratio(s, ours, ManyHeld, ours, 0, roundP50s)))
	}
	return append(bars, append(r.otherBars(), r.watcherBars()...)...)
}

// otherBars are those that are not about one append against another.
func (r Report) otherBars() []Bar {
	var allocs, open value
	if s, ok := Series(r.Scenario(Unsynced1), peer.Daybook().Name, 0); ok {
		allocs = single(s.Allocs)
	}
	for _, o := range r.Openings {
		if o.Held == ManyHeld {
			open = single(o.Open)
		}
	}
	var rss value
	for _, i := range r.Imports {
		if i.Events == QueriedEvents {
			rss = single(float64(i.RSS) / 1e6)
		}
	}
	query := func(a, b string) value { return r.commands("filter", a, b, QueriedEvents) }
	stats := func(command string) value {
		runs, ok := r.Runs("statistics", command, ManyHeld)
		if !ok {
			return value{}
		}
		return spread(stat.SpreadOf(runs.Rounds))
	}
	return []Bar{
		atMost("allocations per append through the library", 3, "%.1f", allocs),
		atMost("opening a day of 100000 events for append", 60, "%.1f ms", open),
		atMost("query --where over 1000000 events, against grep -c", 4, "%.2f", query("daybook query", "grep")),
		atLeast("… times faster than jq", 10, "%.1f", query("jq", "daybook query")),
		atMost("stats, 100000 events, with a session document", 15, "%.1f ms", stats("daybook stats, with a document")),
		atMost("stats, 100000 events, without a session document", 120, "%.1f ms", stats("daybook stats")),
		atMost("resident memory, a day of 1000000 events appended", 100, "%.0f MB", rss),
	}
}

// watcherBars are those of `daybook watch`.
func (r Report) watcherBars() []Bar {
	of := func(cards int, figure func(measure.Watching) (float64, bool)) value {
		w, ok := r.Watching(cards)
		if !ok {
			return value{}
		}
		v, ok := figure(w)
		return value{v: v, ok: ok}
	}
	p99 := func(w measure.Watching) (float64, bool) { return w.P99, w.Saves > 0 }
	rss := func(w measure.Watching) (float64, bool) { return float64(w.RSS) / 1e6, w.Others >= ManyBoards }
	idle := func(w measure.Watching) (float64, bool) {
		return w.IdleCPU, w.Others >= ManyBoards && w.IdleSeconds > 0
	}
	return []Bar{
		atMost("save of a 200-node board → event on disk, beyond the debounce, p99", 15, "%.1f ms", of(200, p99)),
		atMost("save of a 5,000-node board, p99", 80, "%.1f ms", of(5000, p99)),
		atMost("resident memory, 1,000 boards watched", 40, "%.0f MB", of(200, rss)),
		atMost("idle CPU with 1,000 boards watched", 0.2, "%.2f %%", of(200, idle)),
	}
}

func roundP50s(s measure.Series) []float64  { return s.RoundP50s }
func roundRates(s measure.Series) []float64 { return s.RoundRates }

// ratio is the median of a round's ratios between two series of a scenario.
func (r Report) ratio(scenario, a string, heldA int, b string, heldB int, of func(measure.Series) []float64) value {
	measured := r.Scenario(scenario)
	x, okX := Series(measured, a, heldA)
	y, okY := Series(measured, b, heldB)
	if !okX || !okY {
		return value{}
	}
	return spread(stat.Ratios(of(x), of(y)))
}

// share is what the session document adds to an append, in microseconds: the median of the rounds' differences.
func (r Report) share() value {
	measured := r.Scenario(Unsynced1)
	with, ok1 := Series(measured, peer.Document().Name, 0)
	without, ok2 := Series(measured, peer.Plain().Name, 0)
	if !ok1 || !ok2 {
		return value{}
	}
	var shares []float64
	for i := range min(len(with.RoundP50s), len(without.RoundP50s)) {
		shares = append(shares, with.RoundP50s[i]-without.RoundP50s[i])
	}
	return spread(stat.SpreadOf(shares))
}

// commands is the median of a round's ratios between two commands of a task over so many events.
func (r Report) commands(task, a, b string, events int) value {
	x, okX := r.Runs(task, a, events)
	y, okY := r.Runs(task, b, events)
	if !okX || !okY {
		return value{}
	}
	return spread(stat.Ratios(x.Rounds, y.Rounds))
}

// atMost is a bar that is met by values up to bound. format spells the value, its unit included.
func atMost(what string, bound float64, format string, v value) Bar {
	return judge(what, "≤ ", bound, format, v, v.v <= bound)
}

// atLeast is a bar that is met by values from bound on.
func atLeast(what string, bound float64, format string, v value) Bar {
	return judge(what, "≥ ", bound, format, v, v.v >= bound)
}

// beside is a value that is reported beside a bar and has none itself.

func beside(what, format string, v value) Bar {
	b := judge(what, "", 0, format, v, true)
	b.Bound = ""
	if b.State == Met {
		b.State = NoBar
	}
	return b
}

func judge(what, relation string, bound float64, format string, v value, met bool) Bar {
	_, unit, _ := strings.Cut(strings.ReplaceAll(format, "%%", "%"), "f")
	b := Bar{What: what, Bound: fmt.Sprintf("%s%v%s", relation, bound, unit), State: NotMeasured}
	if !v.ok || math.IsNaN(v.v) {
		return b
	}
	b.Value, b.State = fmt.Sprintf(format, v.v), NotMet
	if v.spread != (stat.Spread{}) {
		number, _, _ := strings.Cut(format, "f")
		b.Range = fmt.Sprintf(number+"f–"+number+"f", v.spread.Q1, v.spread.Q3)
	}
	if met {
		b.State = Met
	}
	return b
}
