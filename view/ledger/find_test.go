package ledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"daybook"
)

// plainly is a line as encoding/json reads it.
type plainly struct {
	stored
	at   int // which line of its day
	time time.Time
	m    map[string]any
}

func readPlainly(t testing.TB, list []stored) []plainly {
	t.Helper()
	var out []plainly
	for i, s := range list {
		p := plainly{stored: s, at: i}
		d := json.NewDecoder(strings.NewReader(s.Line))
		d.UseNumber()
		try(t, d.Decode(&p.m))
		var err error
		p.time, err = time.Parse(time.RFC3339, p.m["timestamp"].(string))
		try(t, err)
		out = append(out, p)
	}
	return out
}

func inside(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// says is all texts and descriptions of an event.
func (p plainly) says() string {
	var all []string
	for _, path := range []string{
		"llm_description", "details.old_text", "details.new_text", "details.node.text", "details.node.label",
		"details.edge.text", "details.edge.label",
	} {
		s, _ := inside(p.m, strings.Split(path, ".")...).(string)
		all = append(all, s)
	}
	return strings.Join(all, "\n")
}

// wanted is holds, by plain means. has says of a text whether it has q.Words.
func (p plainly) wanted(q Question, has func(string) bool) bool {
	is := func(v any, want string) bool { return want == "" || v == any(want) }
	anyOf := func(v any, list []string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return v == any(s) })
	}
	node := inside(p.m, "details", "node_id")
	if _, ok := node.(string); !ok {
		node = p.m["node_id"]
	}
	objects := q.Label == "" && q.Confidence == nil
	list, _ := p.m["detected_objects"].([]any)
	for _, o := range list {
		if _, ok := o.(map[string]any); !ok || !is(inside(o, "label"), q.Label) {
			continue
		}
		n, ok := inside(o, "confidence").(json.Number)
		f, _ := n.Float64()
		objects = objects || q.Confidence == nil || ok && f >= *q.Confidence
	}
	for _, c := range q.Where {
		if fmt.Sprint(inside(p.m, strings.Split(c.Member, ".")...)) != c.Value {
			return false
		}
	}
	return (q.From.IsZero() || p.Day >= q.From.String()) && (q.To.IsZero() || p.Day <= q.To.String()) &&
		(q.Since.IsZero() || !p.time.Before(q.Since)) && (q.Until.IsZero() || !p.time.After(q.Until)) &&
		anyOf(p.m["event_type"], q.Types) && anyOf(p.m["canvas_id"], q.Canvases) && is(p.m["camera_id"], q.Camera) &&
		is(node, q.Node) && objects && (has == nil || has(p.says()))
}

// found is what Find yields, a line each, and how often it tells of damage.
func found(t testing.TB, b *daybook.Book, q Question) (list []string, damage int) {
	t.Helper()
	trouble := func(err error) { t.Error(err) }
	for e, err := range Find(context.Background(), b, q, trouble) {
		switch {
		case err == nil:
			list = append(list, e.Position.Day.String()+" "+string(e.Raw))
			if e.Event.ID() == "" || !e.Event.Time().Equal(e.Event.In(time.UTC).Time()) {
				t.Errorf("%s is no event", e.Raw)
			}
		case !isDamage(err):
			t.Fatal(err)
		case isLine(err):
			damage++
		}
	}
	return list, damage
}

// damaged is how many damaged lines a scan meets in the days that are asked for.
func damaged(b *daybook.Book, q Question) (n int) {
	for _, err := range b.Search(context.Background(), daybook.Query{From: q.From, To: q.To}) {
		if err != nil && isLine(err) {
			n++
		}
	}
	return n
}

// isLine reports whether err is about lines; else it is about a day as a whole, which some searches do not look at.
func isLine(err error) bool {
	var damage *daybook.DamageError
	return errors.As(err, &damage) && damage.Lines > 0
}

// want is what Find should yield of these lines, which are in the book's order.
func want(lines []plainly, q Question, has func(string) bool) (list []string) {
	var of []plainly
	for _, p := range lines {
		if p.wanted(q, has) {
			of = append(of, p)
		}
	}
	if q.Newest {
		slices.SortFunc(of, func(a, b plainly) int {
			return cmp.Or(cmp.Compare(b.Day, a.Day), b.time.Truncate(time.Microsecond).Compare(a.time.Truncate(time.Microsecond)),
				cmp.Compare(b.at, a.at))
		})
	}
	if q.Limit > 0 {
		of = of[:min(q.Limit, len(of))]
	}
	for _, p := range of {
		list = append(list, p.Day+" "+p.Line)
	}
	return list
}

// question asks for something at random, and says by which plain means a text has its words.
func (g *random) question() (q Question, has func(string) bool) {
	maybe := func(f func()) {
		if g.IntN(4) == 0 {
			f()
		}
	}
	day := func() daybook.Day {
		d, err := daybook.ParseDay(fmt.Sprintf("2025-11-%02d", 3+g.IntN(6)))
		try(g.t, err)
		return d
	}
	at := func() time.Time {
		return time.Date(2025, 11, 3+g.IntN(6), 8+g.IntN(3), g.IntN(60), g.IntN(60), 0, time.UTC)
	}
	boards := []string{"a.canvas", "Folder/é \"b\".canvas", "c.canvas", "none.canvas"}
	types := []string{"canvas_created", "node_added", "node_text_change", "node_color_change", "none"}
	maybe(func() { q.From = day() })
	maybe(func() { q.To = day() })
	maybe(func() { q.Since = at() })
	maybe(func() { q.Until = at() })
	maybe(func() { q.Types = []string{g.pick(types...)} })
	maybe(func() { q.Types = []string{g.pick(types...), g.pick(types...)} })
	maybe(func() { q.Canvases = []string{g.pick(boards...)} })
	maybe(func() { q.Canvases = []string{g.pick(boards...), g.pick(boards...)} })
	maybe(func() { q.Camera = g.pick("gate", "dör", "none") })
	maybe(func() { q.Node = g.pick("n1", "n2", "x", "none") })
	maybe(func() { q.Label = g.pick("dog", "person", "none") })
	maybe(func() {
		n := float64(g.IntN(11)) / 10
		q.Confidence = &n
	})
	maybe(func() {
		q.Where = []daybook.Condition{{Member: "details.node.color", Value: g.pick("1", "3")}}
	})
	maybe(func() {
		asked := g.pick("parcel", "PARC*", "理解", "理", "Amter", "wave psi", `"a parcel"`, "none")
		text := map[string][]string{
			"PARC*": {"parcel"}, "Amter": {"Ämter"}, "wave psi": {"wave", "psi"}, `"a parcel"`: {"a parcel"},
		}[asked]
		if text == nil {
			text = []string{asked}
		}
		q.Words, _ = ParseWords(asked)
		has = func(s string) bool {
			return !slices.ContainsFunc(text, func(part string) bool { return !strings.Contains(s, part) })
		}
	})
	q.Newest = g.IntN(2) == 0
	q.room = []int{0, 1, 2000}[g.IntN(3)]
	maybe(func() { q.Limit = 1 + g.IntN(12) })
	return q, has
}

// TestFind: of random books, posted in part, with days that only the ledger has left, with damage and with lines in the wrong
// day, every question finds what a plain reading finds.
func TestFind(t *testing.T) {
	seeds := 8
	if testing.Short() {
		seeds = 1
	}
	if os.Getenv("DAYBOOK_TEST_ALL") != "" {
		seeds = 60
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			settings := &daybook.Settings{}
			if seed%5 == 4 {
				settings.Write = daybook.WriteReplace
			}
			g := &random{Rand: rand.New(rand.NewPCG(uint64(seed), 8)), t: t, b: newBook(t, settings), palette: story(t)}
			gone := map[string][]stored{}   // what only the ledger has
			packed := map[string][]stored{} // what is in packed files
			ledgers, lone, events, some := 0, 0, 0, 0
			for range 12 {
				for range 1 + g.IntN(4) {
					g.change()
				}
				if g.IntN(2) == 0 {
					long(t, g.b.Dir(), time.Hour)
				}
				if g.IntN(3) > 0 {
					catchUp(t, newView(t, g.b, Options{Damage: func(*daybook.DamageError) {}}))
					ledgers++
				}
				if ledgers > 0 && g.IntN(2) == 0 {
					g.retire(gone, packed)
				}
				lines := g.lines(gone, packed)
				lone += len(gone) + len(packed)
				for range 25 {
					q, has := g.question()
					want := want(readPlainly(t, lines), q, has)
					if events += len(want); len(want) > 0 {
						some++
					}
					got, damage := found(t, g.b, q)
					if diff := gocmp.Diff(want, got); diff != "" {
						t.Fatalf("%+v (-want +got):\n%s", q, diff)
					}
					if n := damaged(g.b, q); q.Limit == 0 && damage != n {
						t.Fatalf("%+v: told of %d damaged lines, there are %d", q, damage, n)
					}
				}
			}
			if ledgers < 3 || some < 30 {
				t.Errorf("only %d postings, %d questions that find something (%d events), %d days gone or packed", ledgers, some, events, lone)
			}
			t.Logf("%d postings, %d questions found %d events, %d times a day was gone or packed", ledgers, some, events, lone)
		})
	}
}

// retire deletes or packs a day that is posted, or has a line stand in the wrong day.
func (g *random) retire(kept, packed map[string][]stored) {
	files, err := filepath.Glob(filepath.Join(g.b.Dir(), "????-??-??", "events.json"))
	try(g.t, err)
	if len(files) == 0 {
		return
	}
	name := files[g.IntN(len(files))]
	if g.IntN(2) == 0 {
		data, err := os.ReadFile(name)
		try(g.t, err)
		at := bytes.Index(data, []byte(`"timestamp":"2025-11-0`))
		if at >= 0 {
			data[at+len(`"timestamp":"2025-11-0`)] ^= 1
		}
		try(g.t, os.WriteFile(name+".new", data, 0o644))
		try(g.t, os.Rename(name+".new", name))
		return
	}
	v := newView(g.t, g.b, Options{Damage: func(*daybook.DamageError) {}})
	catchUp(g.t, v)
	day, err := daybook.ParseDay(filepath.Base(filepath.Dir(name)))
	try(g.t, err)
	if g.IntN(2) == 0 {
		data, err := os.ReadFile(name)
		try(g.t, err)
		r, err := g.b.Retire(context.Background(), day, daybook.KeepPacked, func(ctx context.Context, x daybook.Extent) error {
			_, err := v.Prove(ctx, day, x, false)
			return err
		})
		if err != nil || r.Status != daybook.RetirePacked {
			g.t.Logf("%s is not packed: %+v, %v", day, r, err)
			return
		}
		packed[day.String()] = append(packed[day.String()], events(day.String(), data)...)
		return
	}
	x, err := g.b.Durable(day)
	try(g.t, err)
	if _, err := v.Prove(context.Background(), day, x, true); err != nil {
		g.t.Logf("%s is not retired: %v", day, err)
		return
	}
	kept[day.String()], packed[day.String()] = nil, nil
	for _, s := range rows(g.t, g.b.Dir()) {
		if s.Day == day.String() {
			kept[s.Day] = append(kept[s.Day], s)
		}
	}
	try(g.t, os.RemoveAll(filepath.Dir(name)))
	if list := kept[day.String()]; len(list) > 0 && g.IntN(2) == 0 { // somebody appends one again
		e, err := daybook.ParseEvent([]byte(list[g.IntN(len(list))].Line))
		try(g.t, err)
		_, err = g.b.Append(context.Background(), e)
		try(g.t, err)
	}
}

// lines are all that there are: of each day what was kept, and then what is packed or in its file and not among that.
func (g *random) lines(kept, packed map[string][]stored) (list []stored) {
	var there []stored
	for _, day := range slices.Sorted(maps.Keys(packed)) {
		there = append(there, packed[day]...)
	}
	for _, s := range append(there, scan(g.t, g.b.Dir())...) {
		if !slices.Contains(kept[s.Day], s) {
			list = append(list, s)
		}
	}
	for _, day := range slices.Sorted(maps.Keys(kept)) {
		list = append(slices.Clone(kept[day]), list...)
	}
	slices.SortStableFunc(list, func(a, b stored) int { return cmp.Compare(a.Day, b.Day) })
	return list
}

// A question that is held up in its midst, in the book or in the ledger, blocks neither an append nor the posting of it; and
// it finds the rest.
func TestFindBlocksNobody(t *testing.T) {
	for _, newest := range []bool{false, true} {
		for _, canvas := range []string{"", "c.canvas"} {
			b := newBook(t, nil)
			line := func(n int) string {
				return fmt.Sprintf(`{"event_id":"e%d","timestamp":"2025-11-%02dT10:00:00Z","canvas_id":"%s.canvas","event_type":"x"}`,
					n, 1+n%20, []string{"a", "c"}[n/20%2])
			}
			var lines []string
			for n := range 2000 {
				lines = append(lines, line(n))
			}
			put(t, b, lines...)
			v := newView(t, b, Options{LockTimeout: time.Second})
			catchUp(t, v)
			q := Question{Newest: newest, Limit: 5000}
			if canvas != "" {
				q.Canvases = []string{canvas}
			}
			all, _ := found(t, b, q)
			n := 0
			for _, err := range Find(context.Background(), b, q, func(err error) { t.Error(err) }) {
				try(t, err)
				if n++; n == 10 {
					put(t, b, line(2000))
					if done := catchUp(t, v); done.Events != 1 {
						t.Errorf("%+v: %d events were posted meanwhile, want 1", q, done.Events)
					}
				}
			}
			if n != len(all) && n != len(all)+1 {
				t.Errorf("%+v: found %d events, want %d", q, n, len(all))
			}
		}
	}
}

// A ledger that cannot be asked is told of, and the book answers.
func TestFindWithoutLedger(t *testing.T) {
	b := newBook(t, nil)
	put(t, b, camera("1", "2025-11-08T10:00:00Z", "Courier leaves a parcel"))
	words, err := ParseWords("parcel")
	try(t, err)
	if list, _ := found(t, b, Question{Words: words}); len(list) != 1 {
		t.Errorf("without a ledger: %q", list)
	}
	try(t, os.WriteFile(filepath.Join(b.Dir(), Name), []byte("something else"), 0o644))
	var told []error
	n := 0
	for _, err := range Find(context.Background(), b, Question{Words: words}, func(err error) { told = append(told, err) }) {
		try(t, err)
		n++
	}
	if n != 1 || len(told) != 1 || !strings.Contains(told[0].Error(), "no SQLite database") {
		t.Errorf("beside a file that is no ledger: %d events, told %v", n, told)
	}
}
