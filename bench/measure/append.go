// Package measure runs what is compared, in turns, and takes the times.
package measure

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"daybook/bench/event"
	"daybook/bench/peer"
	"daybook/bench/stat"
)

// Scenario is one comparison of appends.
type Scenario struct {
	Name     string // short, unique in a report
	Sync     bool
	Writers  int
	Size     int // of an event in bytes, newline included
	Entrants []Entrant
}

// Entrant is one that takes part: a kind of log that holds so many events when it begins.
type Entrant struct {
	Kind peer.Kind
	Held int
}

// Pace says how long is measured: Rounds times, each entrant for about Slice in each round.
type Pace struct {
	Rounds int
	Slice  time.Duration
}

// Appends is what was measured of a Scenario.
type Appends struct {
	Name    string   `json:"name"`
	Sync    bool     `json:"sync"`
	Writers int      `json:"writers"`
	Size    int      `json:"event_bytes"`
	Series  []Series `json:"series"`
}

// Series is what was measured of one entrant. Its rounds are numbered as those of the others of the Scenario, so that
// values of one round were measured next to each other.
type Series struct {
	Name       string    `json:"name"`
	Held       int       `json:"held"`
	Appended   int       `json:"appended"`         // events that were measured
	P50        float64   `json:"p50_us"`           // of all appends, in microseconds
	P99        float64   `json:"p99_us"`           // of all appends, in microseconds
	Rate       float64   `json:"events_per_s"`     // median of the rounds
	RoundP50s  []float64 `json:"round_p50_us"`     // of each round
	RoundRates []float64 `json:"round_per_s"`      // of each round
	Allocs     float64   `json:"allocs_per_event"` // heap allocations of the whole process; median of the rounds
}

// limits of the events of one round: how many, and how many bytes.
const (
	maxOps   = 5_000
	maxBytes = 16 << 20
)

// Append measures a scenario in directories that it makes below dir and removes again. say is told what is being
// prepared.
func Append(dir string, s Scenario, pace Pace, say func(string)) (_ Appends, err error) {
	result := Appends{Name: s.Name, Sync: s.Sync, Writers: s.Writers, Size: s.Size}
	var runners []*runner
	defer func() {
		for _, r := range runners {
			err = errors.Join(err, r.log.Close(), os.RemoveAll(r.dir))
		}
	}()
	for _, e := range s.Entrants {
		if e.Held > 0 {
			say(fmt.Sprintf("%s: %s is given %d events", s.Name, e.Kind.Name, e.Held))
		}
		r, err := newRunner(dir, s, e)
		if err != nil {
			return result, fmt.Errorf("prepare %s: %w", e.Kind.Name, err)
		}
		runners = append(runners, r)
	}
	for _, r := range runners {
		if err := r.calibrate(pace.Slice); err != nil {
			return result, fmt.Errorf("append to %s: %w", r.Kind.Name, err)
		}
	}
	for round := range pace.Rounds {
		for i := range runners {
			r := runners[(i+round)%len(runners)] // nobody always follows the same one
			if _, err := r.round(); err != nil {
				return result, fmt.Errorf("append to %s: %w", r.Kind.Name, err)
			}
		}
	}
	for _, r := range runners {
		result.Series = append(result.Series, r.series())
	}
	return result, nil
}

// runner is an entrant at work.
type runner struct {
	Entrant
	s   Scenario
	dir string
	log peer.Log

	next   int // number of the next event
	ops    int // appends in a round
	took   []time.Duration
	p50s   []float64
	rates  []float64
	allocs []float64
}

// chunk is how many events are made at once to fill a log.
const chunk = 50_000

func newRunner(dir string, s Scenario, e Entrant) (*runner, error) {
	own, err := os.MkdirTemp(dir, "log-")
	if err != nil {
		return nil, err
	}
	r := &runner{Entrant: e, s: s, dir: own}
	if r.log, err = e.Kind.Open(own, peer.Config{Sync: s.Sync, Writers: s.Writers}); err != nil {
		return nil, errors.Join(err, os.RemoveAll(own))
	}
	for r.next < e.Held && err == nil {
		err = r.log.Fill(r.make(min(chunk, e.Held-r.next)))
	}
	if err == nil {
		err = settle(own)
	}
	if err != nil {
		return nil, errors.Join(err, r.log.Close(), os.RemoveAll(own))
	}
	return r, nil
}

// make makes the next n events.
func (r *runner) make(n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		events[i] = event.Make(r.Kind.Shape, r.next, r.s.Size)
		r.next++
	}
	return events
}

// calibrate finds out how many appends take about slice. The first ones do not count: what a log does once, such as
// reading what it holds, it does then.
func (r *runner) calibrate(slice time.Duration) error {
	r.ops = r.s.Writers
	if _, err := r.round(); err != nil {
		return err
	}
	most := min(maxOps, max(maxBytes/r.s.Size, r.s.Writers))
	for ; ; r.ops = min(4*r.ops, most) {
		took, err := r.round()
		if err != nil {
			return err
		}
		if took < slice/4 && r.ops < most {
			continue
		}
		n := int(float64(r.ops) * float64(slice) / float64(max(took, 1)))
		r.ops = min(max(n, r.s.Writers), most)
		break
	}
	r.took, r.p50s, r.rates, r.allocs = nil, nil, nil, nil
	return nil
}

// round appends ops events, each writer its share of them, and notes how long each took. It returns how long all took.
func (r *runner) round() (time.Duration, error) {
	if err := r.log.Prepare(r.make(r.ops)); err != nil {
		return 0, err
	}
	took := make([]time.Duration, r.ops)
	runtime.GC() // what another one has left is not collected at the expense of this one
	errs := make([]error, r.s.Writers)
	before := mallocs()
	began := time.Now()
	if r.s.Writers == 1 {
		errs[0] = r.write(took, 0)
	} else {
		var wg sync.WaitGroup
		for w := range r.s.Writers {
			wg.Go(func() { errs[w] = r.write(took, w) })
		}
		wg.Wait()
	}
	all := time.Since(began)
	allocs := mallocs() - before
	if err := errors.Join(errs...); err != nil {
		return all, err
	}
	slices.Sort(took)
	r.took = append(r.took, took...)
	r.p50s = append(r.p50s, micros(stat.Quantile(took, 0.5)))
	r.rates = append(r.rates, float64(r.ops)/all.Seconds())
	r.allocs = append(r.allocs, float64(allocs)/float64(r.ops))
	if r.s.Sync {
		return all, nil
	}
	return all, settle(r.dir) // so that what the disk still has to do for it is not done while another one is measured
}

// write appends the events of one writer.
func (r *runner) write(took []time.Duration, writer int) error {
	for i := writer; i < len(took); i += r.s.Writers {
		began := time.Now()
		if err := r.log.Append(i); err != nil {
			return err
		}
		took[i] = time.Since(began)
	}
	return nil
}

func (r *runner) series() Series {
	slices.Sort(r.took)
	return Series{
		Name: r.Kind.Name, Held: r.Held, Appended: len(r.took),
		P50: micros(stat.Quantile(r.took, 0.5)), P99: micros(stat.Quantile(r.took, 0.99)),
		Rate: stat.Median(r.rates), RoundP50s: r.p50s, RoundRates: r.rates, Allocs: stat.Median(r.allocs),
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
