package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// checkpoint is the first line of a checkpoint's file. Each further line is a state, as in a file of the directory
// baseline: what was recorded last of one board.
type checkpoint struct {
	Format      int            `json:"format"`
	Place       string         `json:"place"`                  // up to which the history is in the book
	Time        string         `json:"time"`                   // of that moment
	Begin       string         `json:"begin"`                  // ReplayOptions.Begin
	TextLengths bool           `json:"text_lengths,omitempty"` // of an unfinished replay
	Done        bool           `json:"done"`                   // the history was replayed to its end
	Until       string         `json:"until,omitempty"`        // the place up to which its moments were known, if it is not done
	Drawn       map[string]int `json:"drawn,omitempty"`        // lineages drawn in that moment
	Published   []string       `json:"published,omitempty"`    // lineages that are the watcher's baselines
	// Left are the boards that are left to the watcher, by path, with the ids of their cards; none for one that is gone.
	Left   map[string][]string `json:"left,omitempty"`
	States int                 `json:"states"`
}

// ErrOtherBegin is what OpenReplay returns, wrapped, when an earlier replay began elsewhere, or kept texts otherwise and
// is not finished.
var ErrOtherBegin = errors.New("the history was begun otherwise")

func (c *checkpoint) moment() time.Time {
	t, err := time.Parse(daybook.TimeLayout, c.Time)
	if err != nil {
		return time.Time{}
	}
	return t
}

// next makes c the checkpoint of the next moment.
func (c *checkpoint) next(place string, at time.Time) {
	if !at.Equal(c.moment()) {
		clear(c.Drawn)
	}
	c.Place, c.Time = place, at.Format(daybook.TimeLayout)
}

// leave notes that a board is left to the watcher, whatever becomes of it.
func (c *checkpoint) leave(path string, ids []string) {
	if c.Left == nil {
		c.Left = map[string][]string{}
	}
	c.Left[path] = ids
}

// Save puts down how far the history is in the book, which it must be. When it is done, the recorded states become the
// watcher's baselines.
func (p *Replay) Save(done bool) error {
	if p.opts.Trial {
		return nil
	}
	p.head.Done = done
	if done {
		p.head.Until = ""
		p.head.Published = nil
		for _, path := range p.rec.paths() {
			if e := p.rec.entry(path); p.isFree(e) {
				p.head.Published = append(p.head.Published, e.lineage)
			}
		}
	}
	if err := p.write(); err != nil {
		return err
	}
	return p.publish()
}

// write writes the checkpoint.
func (p *Replay) write() error {
	states := p.states()
	p.head.Format, p.head.States = stateFormat, len(states)
	out := encodeCheckpoint(p.head, states)
	if err := durable.Replace(p.opts.fsys, p.file(), out); err != nil {
		return fmt.Errorf("put down how far the history is recorded: %w", err)
	}
	return nil
}

func (p *Replay) file() string { return filepath.Join(p.book.Dir(), p.opts.Checkpoint) }

// states returns what was recorded last of each board, in the order of their lineages.
func (p *Replay) states() []*state {
	var states []*state
	for _, name := range slices.Sorted(maps.Keys(p.rec.memory)) {
		states = append(states, p.rec.memory[name])
	}
	return states
}

// isFree reports whether the watcher has nothing under the names of a board, so that it can go on from its state.
func (p *Replay) isFree(e *entry) bool {
	if _, ok := p.opts.First[e.id]; ok || e.hash == "" || e.path == e.id+displacedMark+e.lineage {
		return false
	}
	p.real.mu.Lock()
	defer p.real.mu.Unlock()
	for _, other := range []*entry{p.real.byPath[e.path], p.real.byID[e.id]} {
		if other != nil && other.lineage != e.lineage {
			return false
		}
	}
	return true
}

// publish makes baselines of the states that the checkpoint says are.
func (p *Replay) publish() error {
	if !p.head.Done {
		return nil
	}
	for _, lineage := range p.head.Published {
		s := p.rec.memory[p.rec.baseFile(lineage)]
		is, err := p.published(lineage)
		if err != nil {
			return err
		}
		if s == nil || is != nil && is.Generation >= s.Generation {
			continue
		}
		if err := p.real.write(p.real.baseFile(lineage), s); err != nil {
			return fmt.Errorf("hand the recorded states over to the watcher: %w", err)
		}
	}
	return nil
}

// published returns the baseline of a lineage that was handed over; nil if there is none.
func (p *Replay) published(lineage string) (*state, error) {
	return p.real.read(p.real.baseFile(lineage))
}

// retire takes a baseline away before the replay records something beyond it.
func (p *Replay) retire(lineage string) error {
	if p.real == nil || !slices.Contains(p.head.Published, lineage) {
		return nil
	}
	if err := errors.Join(p.real.drop(p.real.baseFile(lineage)), p.real.sync()); err != nil {
		return err
	}
	p.head.Published = slices.DeleteFunc(p.head.Published, func(l string) bool { return l == lineage })
	return nil
}

// resume reads the checkpoint. Without one, or with one that cannot be used, the history is replayed from its beginning.
func (p *Replay) resume() error {
	data, err := durable.ReadFile(p.opts.fsys, p.file())
	if errors.Is(err, fs.ErrNotExist) {
		p.head = checkpoint{Begin: p.opts.Begin, TextLengths: p.opts.TextLengths}
		if p.opts.Trial {
			return nil
		}
		return p.write()
	}
	if err != nil {
		return err
	}
	head, states, err := decodeCheckpoint(data)
	if err != nil {
		return fmt.Errorf("%s: %w", p.file(), err)
	}
	if head.Begin != p.opts.Begin && (!head.Done || p.opts.Begin != "") {
		return fmt.Errorf("%w: it began with %s", ErrOtherBegin, orWords(head.Begin, "the first commit"))
	}
	if head.TextLengths != p.opts.TextLengths && !head.Done {
		return fmt.Errorf("%w: with --text-lengths=%v", ErrOtherBegin, head.TextLengths)
	}
	p.head = head
	p.head.TextLengths = p.opts.TextLengths
	for _, s := range states {
		published := slices.Contains(head.Published, s.Lineage)
		_, watched := p.opts.First[s.Path]
		if published && watched { // the watcher has gone on from it
			board, err := s.board()
			if err != nil {
				return fmt.Errorf("%s: it is damaged: %w", p.file(), err)
			}
			p.head.leave(s.path(), idsOf(board))
			continue
		}
		p.rec.memory[p.rec.baseFile(s.Lineage)] = s
		p.rec.know(&entry{lineage: s.Lineage, generation: s.Generation, hash: s.Hash}, s)
		p.alive[s.path()] = true
	}
	if p.real == nil {
		return nil
	}
	for _, path := range p.real.paths() { // what it knows besides is the watcher's
		if e := p.real.entry(path); slices.Contains(head.Published, e.lineage) {
			p.real.forget(e)
		}
	}
	return p.publish() // a crash may have come in between
}

// encodeCheckpoint is the inverse of decodeCheckpoint.
func encodeCheckpoint(head checkpoint, states []*state) []byte {
	out, err := json.Marshal(head)
	if err != nil {
		panic("a checkpoint that cannot be encoded: " + err.Error()) // it has only strings, numbers and lists of those
	}
	out = append(out, '\n')
	for _, s := range states {
		out = append(out, s.encode()...)
	}
	return out
}

// decodeCheckpoint reads what encodeCheckpoint has made. A damaged file is an error: without it nobody knows what of a history
// that was rewritten since is in the book.
func decodeCheckpoint(data []byte) (head checkpoint, states []*state, err error) {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	if err := json.Unmarshal(first, &head); err != nil {
		return head, nil, fmt.Errorf("it is damaged: %w", err)
	}
	if head.Format > stateFormat {
		return head, nil, errNewer
	}
	for line := range bytes.Lines(rest) {
		s, err := decodeState(line)
		if err != nil {
			return head, nil, fmt.Errorf("it is damaged: %w", err)
		}
		states = append(states, s)
	}
	if len(states) != head.States {
		return head, nil, fmt.Errorf("it is damaged: %d of %d states", len(states), head.States)
	}
	return head, states, nil
}

func orWords(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Searcher is what FirstRecords needs of a book; *daybook.Book is one.
type Searcher interface {
	Search(ctx context.Context, q daybook.Query, where ...daybook.Condition) iter.Seq2[daybook.Entry, error]
}

// FirstRecords returns when each board was first recorded by something else than a history of the given name
// (ReplayOptions.Observed), by canvas_id: by a watcher, or by another program that says which save an event is of. Of the
// history's own events it calls own, if that is not nil, with their ids. It reads the whole book.
func FirstRecords(ctx context.Context, b Searcher, observed string, own func(id string)) (map[string]time.Time, error) {
	first := map[string]time.Time{}
	note := func(id string, at time.Time) {
		if was, ok := first[id]; id != "" && (!ok || at.Before(was)) {
			first[id] = at
		}
	}
	for entry, err := range b.Search(ctx, daybook.Query{}) {
		var damage *daybook.DamageError
		if errors.As(err, &damage) {
			continue
		}
		if err != nil {
			return nil, err
		}
		raw, ok := entry.Event.Member("details")
		if !ok || !bytes.Contains(raw, []byte(`"save"`)) {
			continue
		}
		var d struct {
			Save     string `json:"save"`
			Observed string `json:"observed"`
			Old      string `json:"old_canvas_id"`
		}
		if json.Unmarshal(raw, &d) != nil || d.Save == "" {
			continue
		}
		if d.Observed == observed {
			if own != nil {
				own(entry.Event.ID())
			}
			continue
		}
		id, _ := entry.Event.Member("canvas_id")
		note(plain(id), entry.Event.Time())
		note(d.Old, entry.Event.Time())
	}
	return first, nil
}

// Trial is a Book for a trial that has no book, or is not to write into the one there is: it takes everything.
type Trial struct {
	Zone  *time.Location
	Clock func() time.Time
	Path  string               // the book's directory, whether or not it is there
	Has   func(id string) bool // whether the book has an event already; nil: none
}

// AppendAll takes the events.
func (t *Trial) AppendAll(_ context.Context, events []daybook.Event) []daybook.Verdict {
	verdicts := make([]daybook.Verdict, len(events))
	for i, e := range events {
		verdicts[i].Position = daybook.Position{Day: t.DayOf(e.Time()), Duplicate: t.Has != nil && t.Has(e.ID())}
	}
	return verdicts
}

// Snapshot stores nothing.
func (t *Trial) Snapshot(daybook.Day, []byte) (string, error) {
	return "boards/" + strings.Repeat("0", 64) + ".canvas", nil
}

// DayOf is the day in the Zone.
func (t *Trial) DayOf(at time.Time) daybook.Day { return daybook.DayOf(at.In(t.Zone)) }

// Now is the clock, in the Zone.
func (t *Trial) Now() time.Time { return t.Clock().In(t.Zone) }

// Dir is the Path.
func (t *Trial) Dir() string { return t.Path }
