package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/learning"
)

// Whatever happens to a book, in whatever order, by two Books with a View each: after each step every document equals,
// byte for byte, the one computed from the book alone.
func TestRunningEqualsRebuilt(t *testing.T) {
	steps := 50
	if testing.Short() {
		steps = 20
	}
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 11))
			w := newWorld(t, r)
			glances := 0
			for n := range steps {
				what := w.step(n)
				if got := compared(t, w.books[0], daybook.Query{}, learning.Palette{}); len(got) > 0 {
					t.Fatalf("step %d, %s: Compare finds %q", n, what, got)
				}
				documents := w.documents()
				want := scratch(t, w.books[0], documents...)
				for i, d := range documents {
					if got := file(t, sessionFile(w.dir, d.String())); got != want[i] {
						t.Fatalf("step %d, %s: document of %s (-computed +on disk):\n%s", n, what, d, cmp.Diff(want[i], got))
					}
					if wantGlance(t, w.books[0], d) {
						glances++
					}
				}
			}
			if glances == 0 {
				t.Error("no document was ever current at a glance")
			}
			for _, d := range w.documents() {
				w.wantNaive(d)
			}
			if n := len(kept(t, w.dir)); n > 0 {
				t.Errorf("%d documents kept aside, want none", n)
			}
		})
	}
}

// world is a book's directory with two Books open on it.
type world struct {
	t     *testing.T
	r     *rand.Rand
	dir   string
	books [2]*daybook.Book
	views [2]*View
}

func newWorld(t *testing.T, r *rand.Rand) *world {
	w := &world{t: t, r: r, dir: t.TempDir()}
	for i := range w.books {
		w.open(i)
	}
	return w
}

func (w *world) open(i int) {
	w.views[i] = New(Options{})
	w.books[i] = openBook(w.t, w.dir, nil, w.views[i])
}

// day draws a day, today more often than others; today is the last.
func (w *world) day() daybook.Day {
	return day(w.t, fmt.Sprintf("2025-11-%02d", max(8-w.r.IntN(8), 8-w.r.IntN(8))))
}

// step does something to the world and says what.
func (w *world) step(n int) string {
	i := w.r.IntN(2)
	switch k := w.r.IntN(20); k {
	case 0:
		if err := w.books[i].Close(); err != nil {
			w.t.Fatal(err)
		}
		w.open(i)
		return fmt.Sprint("open book ", i, " again")
	case 1:
		d := w.day()
		if err := os.Remove(sessionFile(w.dir, d.String())); errors.Is(err, fs.ErrNotExist) {
			return "nothing"
		}
		return fmt.Sprint("delete the document of ", d)
	case 2:
		d := w.day()
		if err := w.books[i].Post(w.t.Context(), d); err != nil {
			w.t.Fatal(err)
		}
		return fmt.Sprint("ensure ", d)
	case 3: // another program appends, and says nothing; both Books are opened again
		b := openBook(w.t, w.dir, nil)
		line := w.event(n)
		appendLines(w.t, b, line)
		for i := range w.books {
			if err := w.books[i].Close(); err != nil {
				w.t.Fatal(err)
			}
			w.open(i)
		}
		return "append without a view: " + line
	default:
		line := w.event(n)
		appendLines(w.t, w.books[i], line)
		return fmt.Sprint("append to book ", i, ": ", line)
	}
}

func (w *world) event(n int) string {
	pick := func(s ...string) string { return s[w.r.IntN(len(s))] }
	colors := func() string { return pick("", "1", "2", "3", "#ff0000") }
	board := func() string { return pick("a.canvas", "离散.canvas", "dir/b.canvas") }
	kind, details := "", ""
	switch w.r.IntN(8) {
	case 0:
		kind, details = "canvas_created", fmt.Sprintf(`"colors":{%q:%d,"5":%d}`, colors(), w.r.IntN(4), w.r.IntN(3))
	case 1:
		kind, details = "canvas_deleted", `"nodes":1`
	case 2:
		kind, details = "canvas_renamed", fmt.Sprintf(`"old_canvas_id":%q`, board())
	case 3:
		kind, details = "node_added", fmt.Sprintf(`"node":{"id":"n","color":%q}`, colors())
	case 4:
		kind, details = "node_removed", fmt.Sprintf(`"node":{"id":"n","color":%q}`, colors())
	case 5:
		kind, details = "node_moved", `"old":{"x":1},"new":{"x":2}`
	default:
		kind, details = "node_color_change", fmt.Sprintf(`"old_color":%q,"new_color":%q`, colors(), colors())
	}
	return fmt.Sprintf(`{"event_id":"e%d","timestamp":"%sT%02d:%02d:00+01:00","canvas_id":%q,"event_type":%q,"details":{%s}}`,
		n, w.day(), w.r.IntN(24), w.r.IntN(60), board(), kind, details)
}

func (w *world) documents() []daybook.Day {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	var days []daybook.Day
	for _, e := range entries {
		var s string
		if n, _ := fmt.Sscanf(e.Name(), "session_%10s.json", &s); n == 1 && e.Name() == "session_"+s+".json" {
			days = append(days, day(w.t, s))
		}
	}
	return days
}

// wantNaive compares the colours and the counts of a document with a fold of the whole book that knows nothing of bases.
func (w *world) wantNaive(d daybook.Day) {
	w.t.Helper()
	colors := learning.Colors{}
	types := map[string]int{}
	var events []any
	for e, err := range w.books[0].Events(w.t.Context(), daybook.Query{To: d}) {
		if err != nil {
			w.t.Fatal(err)
		}
		var m struct {
			Canvas  string          `json:"canvas_id"`
			Type    string          `json:"event_type"`
			Details json.RawMessage `json:"details"`
		}
		var whole any
		if err := errors.Join(json.Unmarshal(e.Line(), &m), json.Unmarshal(e.Line(), &whole)); err != nil {
			w.t.Fatal(err)
		}
		colors.Fold(learning.Palette{}).Add(learning.Event{Time: e.Time(), Canvas: m.Canvas, Type: m.Type, Details: m.Details})
		if w.books[0].DayOf(e.Time()) == d {
			types[m.Type]++
			events = append(events, whole)
		}
	}
	sum := map[string]int{}
	names := map[string]string{"": "none", "1": "red", "2": "green", "3": "purple", "5": "blue", "#ff0000": "#ff0000"}
	for _, counts := range colors {
		for code, n := range counts {
			sum[names[code]] += n
		}
	}
	for name, n := range sum {
		if n <= 0 {
			delete(sum, name)
		}
	}
	var doc struct {
		Events []any `json:"events"`
		Stats  struct {
			Total  int            `json:"total_events"`
			Types  map[string]int `json:"event_types"`
			Colors map[string]int `json:"color_distribution"`
		} `json:"stats"`
	}
	if err := json.Unmarshal([]byte(file(w.t, sessionFile(w.dir, d.String()))), &doc); err != nil {
		w.t.Fatal(err)
	}
	if doc.Stats.Total != len(events) || !cmp.Equal(doc.Stats.Types, types) || !cmp.Equal(doc.Stats.Colors, sum) ||
		len(events) > 0 && !cmp.Equal(doc.Events, events) {
		w.t.Errorf("document of %s: got %+v, want %d events, types %v, colours %v", d, doc.Stats, len(events), types, sum)
	}
}
