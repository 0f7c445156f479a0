package ledger

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/learning"
)

// figures are what the events of a day come to, of which the rows of days, counts and learned are made. What a board's events
// say package learning decides, never SQL.
type figures struct {
	day     daybook.Day
	zone    *time.Location
	palette learning.Palette
	sum     int64 // of the palette
	start   int64 // of the colours that the day began with
	tally   *learning.Tally
	events  int
	changes int // events of boards
	counts  map[count]int
	ids     map[int]int64 // of the events that are changes of colour, by their number in the tally
	learned map[int64]learning.Outcome
	id      int64 // of the event that is being added
	fresh   bool  // nothing of it is in the database that is right
}

type count struct{ kind, name string }

// kinds are those of counts.
func kinds() []string {
	return []string{
		"event_type", "canvas", "camera", "label", "hour", "transition", "learning_event", "color", "explanation",
	}
}

func newFigures(day daybook.Day, zone *time.Location, p learning.Palette, sum int64, start colors) *figures {
	f := &figures{
		day: day, zone: zone, palette: p, sum: sum, start: start.sum, tally: learning.NewTally(start.colors, p),
		counts: map[count]int{}, ids: map[int]int64{}, learned: map[int64]learning.Outcome{}, fresh: true,
	}
	f.tally.Tell(f.told)
	return f
}

// colors are those of all boards when a day ends, and their hash.
type colors struct {
	colors learning.Colors
	sum    int64
}

func noColors() colors { return colors{learning.Colors{}, hash([]byte("{}"))} }

func hash(text []byte) int64 {
	h := fnv.New64a()
	h.Write(text) // never fails
	return int64(h.Sum64())
}

func paletteSum(p learning.Palette) int64 {
	text, _ := json.Marshal(p) // strings, maps of strings and numbers: it cannot fail
	return hash(text)
}

// add takes in the next event of the day.
func (f *figures) add(r *row) {
	if r.event.Canvas != "" {
		f.changes++
	}
	f.one("canvas", r.Canvas)
	f.one("camera", r.Camera)
	for _, label := range r.labels {
		f.counts[count{"label", label}]++
	}
	f.counts[count{"hour", hour(r.event.Time.In(f.zone).Hour())}]++
	f.id = r.id
	f.tally.AddWith(r.event, r.facts)
	f.events++
}

// told takes in what an event came to: the one that is being added, or a change that turns out to be a mis-click.
func (f *figures) told(o learning.Outcome) {
	id := f.id
	if o.Event != f.events {
		id = f.ids[o.Event]
	} else if o.Changed {
		f.ids[f.events] = id
	}
	f.learned[id] = o
}

func (f *figures) one(kind string, name any) {
	if s, ok := name.(string); ok {
		f.counts[count{kind, s}]++
	}
}

// hour is how counts calls an hour of the day: 00 to 23.
func hour(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

// write puts the figures into the database, in the transaction that is open.
func (f *figures) write(c *conn) error {
	day := f.day.String()
	if f.fresh {
		from, to := bounds(f.day)
		if err := c.exec("DELETE FROM learned WHERE id BETWEEN ? AND ?", from, to); err != nil {
			return err
		}
	}
	if err := f.writeLearned(c); err != nil {
		return err
	}
	in := "'" + strings.Join(kinds(), "','") + "'"
	if err := c.exec("DELETE FROM counts WHERE kind IN ("+in+") AND day = ?", day); err != nil {
		return err
	}
	if f.events == 0 {
		return c.exec("DELETE FROM days WHERE day = ?", day)
	}
	s := f.tally.Statistics()
	if err := f.writeCounts(c, s); err != nil {
		return err
	}
	row, err := f.dayRow(s)
	if err != nil {
		return err
	}
	return c.exec(`INSERT OR REPLACE INTO days VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, row...)
}

// dayRow returns the row of days.
func (f *figures) dayRow(s learning.Statistics) ([]any, error) {
	stats, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("statistics of %s: %w", f.day, err)
	}
	end, err := json.Marshal(f.tally.Colors())
	if err != nil {
		return nil, fmt.Errorf("colours of %s: %w", f.day, err)
	}
	roles := f.roles()
	return []any{
		f.day.String(), int64(f.events), int64(len(s.CanvasesModified)), int64(f.changes), stamp(s.Start), stamp(s.Last),
		seconds(s.LearningSeconds), seconds(s.ActiveSeconds), s.UnderstandingRate,
		roles[learning.NotUnderstood], roles[learning.Partial], roles[learning.Mastered], roles[learning.Explanation],
		roles[learning.OwnWords], string(stats), string(end), f.start, hash(end), f.sum,
	}, nil
}

// seconds returns a length of time in seconds: the number that has as few digits as its microseconds.
func seconds(s learning.Seconds) float64 { return float64(s.Duration().Microseconds()) / 1e6 }

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(stampLayout)
}

// roles counts the cards of each role over all boards.
func (f *figures) roles() map[learning.Role]int64 {
	n := map[learning.Role]int64{}
	for board, codes := range f.tally.Colors() {
		p := f.palette
		if len(p.Boards) > 0 {
			p = p.For(strings.TrimSuffix(board, "\x00")) // one whose name another one has taken
		}
		for code, cards := range codes {
			n[p.Role(code)] += int64(cards)
		}
	}
	for role := range n {
		n[role] = max(0, n[role])
	}
	return n
}

func (f *figures) writeCounts(c *conn, s learning.Statistics) error {
	insert, err := c.prepare("INSERT INTO counts (day, kind, name, n) VALUES (?,?,?,?)")
	if err != nil {
		return err
	}
	defer insert.s.Close() // nothing is written by it
	day := f.day.String()
	for k, n := range f.allCounts(s) {
		if err := insert.run(day, k.kind, k.name, int64(n)); err != nil {
			return err
		}
	}
	return nil
}

// allCounts returns what the rows of counts say.
func (f *figures) allCounts(s learning.Statistics) map[count]int {
	all := maps.Clone(f.counts)
	for name, n := range s.EventTypes {
		all[count{"event_type", name}] = n
	}
	for name, n := range s.ColorTransitions {
		all[count{"transition", name}] = n
	}
	for step, n := range s.LearningEvents {
		all[count{"learning_event", string(step)}] = n
	}
	for name, n := range s.ColorDistribution {
		all[count{"color", name}] = n
	}
	for name, n := range s.Explanations {
		all[count{"explanation", name}] = n
	}
	return all
}

func (f *figures) writeLearned(c *conn) error {
	if len(f.learned) == 0 {
		return nil
	}
	insert, err := c.prepare("INSERT OR REPLACE INTO learned VALUES (?,?,?,?,?,?,?)")
	if err != nil {
		return err
	}
	defer insert.s.Close() // nothing is written by it
	for _, id := range slices.Sorted(maps.Keys(f.learned)) {
		if err := insert.run(learnedRow(id, f.learned[id])...); err != nil {
			return err
		}
	}
	return nil
}

// learnedRow returns the row of learned that an event has.
func learnedRow(id int64, o learning.Outcome) []any {
	row := []any{id, nil, nil, nil, nil, nil, int64(0)}
	if o.Changed {
		row[1], row[2], row[3], row[4] = o.Change.Old, o.Change.New, o.From, o.To
	}
	if o.Step != "" {
		row[5] = string(o.Step)
	}
	if o.Misclick {
		row[6] = int64(1)
	}
	return row
}

// written is called when what write wrote is committed.
func (f *figures) written() {
	clear(f.learned)
	f.fresh = false
}

// colorsBefore returns the colours with which a day begins.
func colorsBefore(c *conn, day daybook.Day) (start colors, err error) {
	start = noColors()
	err = c.each("SELECT colors, colors_sum, day FROM days WHERE day < ? ORDER BY day DESC LIMIT 1", []any{day.String()},
		func(v []driver.Value) error {
			start.sum, _ = v[1].(int64)
			if err := json.Unmarshal([]byte(asText(v[0])), &start.colors); err != nil {
				return c.damaged("days: the colors of %v cannot be read: %v", v[2], err)
			}
			return nil
		})
	return start, err
}

// readFigures makes the figures of a day from the rows that the ledger has of it.
func (v *View) readFigures(c *conn, day daybook.Day) (*figures, error) {
	start, err := colorsBefore(c, day)
	if err != nil {
		return nil, err
	}
	f := newFigures(day, v.book.Zone(), v.palette, v.sum, start)
	from, to := bounds(day)
	err = c.each("SELECT id, line FROM events WHERE id BETWEEN ? AND ? ORDER BY id", []any{from, to},
		func(values []driver.Value) error {
			id, _ := values[0].(int64)
			r, err := v.storedRow(c, id, asText(values[1]))
			if err == nil {
				f.add(r)
			}
			return err
		})
	return f, err
}

// storedRow makes the row of an event from the line that a ledger has of it.
func (v *View) storedRow(c *conn, id int64, line string) (*row, error) {
	e, err := daybook.ParseEvent([]byte(line))
	if err != nil {
		return nil, c.damaged("the row %d of events is no event: %v", id, err)
	}
	return parseRow(e.In(v.book.Zone()), line, id, v.palette), nil
}

// refresh makes those figures anew that no longer fit: the palette is another, or the colours are with which their day
// began. It returns of how many days.
func (v *View) refresh(ctx context.Context, c *conn) (n int, err error) {
	type state struct {
		day                 daybook.Day
		start, end, palette int64
	}
	var list []state
	err = c.each("SELECT day, start_sum, colors_sum, palette_sum FROM days ORDER BY day", nil, func(values []driver.Value) error {
		day, err := c.day("days", values[0])
		s := state{day: day}
		s.start, _ = values[1].(int64)
		s.end, _ = values[2].(int64)
		s.palette, _ = values[3].(int64)
		list = append(list, s)
		return err
	})
	end := noColors().sum
	for _, s := range list {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			break
		}
		if s.start == end && s.palette == v.sum {
			end = s.end
			continue
		}
		err = c.transaction(func() error {
			f, err := v.readFigures(c, s.day)
			if err == nil {
				err = f.write(c)
			}
			if err == nil {
				text, merr := json.Marshal(f.tally.Colors())
				end, err = hash(text), merr
			}
			return err
		})
		if v.open != nil && v.open.day == s.day {
			v.open = nil
		}
		n++
	}
	return n, err
}

func asText(v driver.Value) string {
	s, _ := v.(string)
	return s
}
