package report

import (
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"daybook/bench/measure"
	"daybook/bench/peer"
)

// sample is a report with round figures.
func sample() Report {
	series := func(kind peer.Kind, held int, p50, rate float64) measure.Series {
		return measure.Series{
			Name: kind.Name, Held: held, Appended: 3, P50: p50, P99: 2 * p50, Rate: rate,
			RoundP50s: []float64{p50, 2 * p50, p50}, RoundRates: []float64{rate, rate / 2, rate}, Allocs: 2,
		}
	}
	return Report{
		Machine: Machine{System: "linux/amd64", CPU: "a processor", Cores: 2},
		Appends: []measure.Appends{
			{Name: Durable1, Sync: true, Writers: 1, Size: 430, Series: []measure.Series{
				series(peer.Daybook(), 0, 110, 9000), series(peer.Locked(), 0, 100, 10000),
			}},
			{Name: Durable64, Sync: true, Writers: 64, Size: 430, Series: []measure.Series{
				series(peer.Daybook(), 0, 1000, 40000), series(peer.Group(), 0, 800, 80000), series(peer.SQLite(), 0, 9000, 4000),
				series(peer.BoltSized(), 0, 9000, 4000),
			}},
			{Name: Unsynced1, Writers: 1, Size: 430, Series: []measure.Series{
				series(peer.Daybook(), 0, 10, 90000), series(peer.Plain(), 0, 10, 90000), series(peer.Document(), 0, 20, 50000),
			}},
			{Name: DurableHeld, Sync: true, Writers: 1, Size: 430, Series: []measure.Series{
				series(peer.Daybook(), 0, 100, 9000), series(peer.Daybook(), ManyHeld, 105, 9000),
			}},
		},
		Openings: []measure.Opening{{Held: ManyHeld, Bytes: 43e6, Open: 61, Read: 10, Ratio: 6.1}},
		Imports:  []measure.Import{{Events: QueriedEvents, Took: 9000, RSS: 50e6}},
		Reads: []measure.Reads{
			{Name: "filter", Events: QueriedEvents, Runs: []measure.Runs{
				{Name: "daybook query", Median: 300, Rounds: []float64{300}},
				{Name: "grep", Median: 100, Rounds: []float64{100}},
				{Name: "jq", Skipped: "jq is not installed"},
			}},
			{Name: "statistics", Events: ManyHeld, Runs: []measure.Runs{
				{Name: "daybook stats", Median: 50, Rounds: []float64{50}},
			}},
		},
	}
}

func TestJudgeBars(t *testing.T) {
	got := make(map[string]Bar)
	for _, b := range sample().JudgeBars() {
		got[b.What] = b
	}
	for _, want := range []Bar{
		{"durable append, 1 writer, against lock + write + fdatasync + unlock", "≤ 1.15", "1.10", "1.10–1.10", Met},
		{"durable append, 64 writers, against the ideal group commit", "≥ 0.75", "0.50", "0.50–0.50", NotMet},
		{"… against SQLite", "≥ 5", "10.0", "10.0–10.0", Met},
		{"… against bbolt's Batch", "≥ 5", "", "", NotMeasured},
		{"… against bbolt's Batch, sized for 64", "", "10.0", "10.0–10.0", NoBar},
		{"the session document's share of an append, not synced", "≤ 12 µs", "10.0 µs", "10.0–15.0", Met},
		{"cost at 100000 events held, against none, durable", "≤ 1.1", "1.05", "1.05–1.05", Met},
		{"cost at 100000 events held, against none, not synced", "≤ 1.1", "", "", NotMeasured},
		{"allocations per append through the library", "≤ 3", "2.0", "", Met},
		{"opening a day of 100000 events for append", "≤ 60 ms", "61.0 ms", "", NotMet},
		{"query --where over 1000000 events, against grep -c", "≤ 4", "3.00", "3.00–3.00", Met},
		{"… times faster than jq", "≥ 10", "", "", NotMeasured},
		{"stats, 100000 events, without a session document", "≤ 120 ms", "50.0 ms", "50.0–50.0", Met},
		{"resident memory, a day of 1000000 events appended", "≤ 100 MB", "50 MB", "", Met},
		{"idle CPU with 1,000 boards watched", "≤ 0.2 %", "", "", NotMeasured},
	} {
		if got[want.What] != want {
			t.Errorf("got %+v, want %+v", got[want.What], want)
		}
	}
}

// Nothing measured is no bar met, and prints.
func TestJudgeNothing(t *testing.T) {
	var r Report
	for _, b := range r.JudgeBars() {
		if b.State != NotMeasured || b.Value != "" {
			t.Errorf("got %+v", b)
		}
	}
	if err := r.Print(&strings.Builder{}); err != nil {
		t.Error(err)
	}
}

func TestPrint(t *testing.T) {
	r := sample()
	r.Bars = []Bar{{"first", "≤ 1", "0.5", "0.4–0.6", Met}}
	var b strings.Builder
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"durable, 1 writer, 430 bytes; ratios to bare calls, with a lock\n",
		"  Daybook                     0     110     220      9000       1.10       0.900    2.00\n",
		"durable, 64 writers, 430 bytes; ratios to ideal group commit\n",
		"  jq             skipped: jq is not installed\n",
		"  grep                 100  0.333     1\n",
		"  first    ≤ 1    0.5    0.4–0.6  met\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("not printed: %s", want)
		}
	}
	if t.Failed() {
		t.Log("\n" + b.String())
	}
}

func TestFigure(t *testing.T) {
	for _, test := range []struct {
		v    float64
		want string
	}{
		{0.0123, "0.012"},
		{0.999, "1.00"},
		{1.234, "1.23"},
		{9.999, "10.0"},
		{12.34, "12.3"},
		{123.4, "123"},
		{123456, "123456"},
		{math.NaN(), "-"},
	} {
		if got := figure(test.v); got != test.want {
			t.Errorf("figure(%v) = %q, want %q", test.v, got, test.want)
		}
	}
}

// What is written is read again.
func TestWriteRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report.json")
	want := sample()
	want.Bars = want.JudgeBars()
	if err := want.Write(name); err != nil {
		t.Fatal(err)
	}
	got, err := Read(name)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// The figures name what was measured, and nothing that was skipped.
func TestFigures(t *testing.T) {
	r := sample()
	appends, reads := string(r.AppendFigure().SVG()), string(r.ReadFigure().SVG())
	for _, want := range []string{peer.Daybook().Name, peer.Locked().Name, peer.Group().Name, "events held"} {
		if !strings.Contains(appends, want) {
			t.Errorf("%s is not in the figure of appends", want)
		}
	}
	if !strings.Contains(reads, "daybook query") || strings.Contains(reads, ">jq<") {
		t.Error("the figure of reads lacks query, or has jq")
	}
}
