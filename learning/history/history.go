// Package history follows boards and their cards through the events of a book: what was on a board at a time, and how a
// card came to be what it is.
//
// It folds values into values; it opens no file and knows no clock.
package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"daybook/canvas"
	"daybook/learning"
)

// Follower is all boards as they are after the events that it was given, and the histories of the cards that were asked
// for. It follows docs/format.md, "A board from its events". It is not safe for use by several goroutines at once.
type Follower struct {
	wants  func(id string) bool
	boards learning.Shelf[*Board]
	all    []*Board // that there ever were, in the order of their coming
	cards  []*Card
	gone   map[string][]*Card // that are on no board, by their id, those that went last at the end
	latest *Board
	holder map[string]*Board // by each name that there was, who got it last
}

// New returns a Follower that knows of no board. It keeps the histories of the cards whose id wants takes; nil takes none.
func New(wants func(id string) bool) *Follower {
	if wants == nil {
		wants = func(string) bool { return false }
	}
	return &Follower{wants: wants, gone: map[string][]*Card{}, holder: map[string]*Board{}}
}

// Snapshot returns the board that an event canvas_created names in details.snapshot.
type Snapshot func(name string) (*canvas.Board, error)

// Apply follows one event, in the order of the book (see Order). An event that is none of a board's changes nothing. What
// does not fit the board, and a snapshot that cannot be had, is a Doubt of the board. With a nil snapshot it is not
// known what is on a board that is created.
func (f *Follower) Apply(e learning.Event, snapshot Snapshot) {
	f.latest = nil
	if e.Canvas == "" {
		return
	}
	switch e.Type {
	case "canvas_created":
		f.created(e, snapshot)
	case "canvas_deleted":
		f.deleted(e)
	case "canvas_renamed":
		f.renamed(e)
	default:
		if kind, verb, ok := strings.Cut(e.Type, "_"); ok && (kind == "node" || kind == "edge") {
			f.changed(e, kind, verb)
		}
	}
}

// Board returns the board of a name, nil if there is none.
func (f *Follower) Board(name string) *Board {
	b, _ := f.boards.Get(name)
	return b
}

// Holder returns the board that got a name last, also if it is called otherwise now or has been deleted; nil if none ever
// had it.
func (f *Follower) Holder(name string) *Board { return f.holder[name] }

// Boards returns all boards that there ever were, in the order in which they came.
func (f *Follower) Boards() []*Board { return f.all }

// Latest returns the board that the last event given was about, nil if it was about none.
func (f *Follower) Latest() *Board { return f.latest }

// Cards returns the cards whose histories are kept, in the order in which they came.
func (f *Follower) Cards() []*Card {
	return slices.DeleteFunc(slices.Clone(f.cards), func(c *Card) bool { return c.merged })
}

// board returns the board of a name. One of which nothing is known is there from then on.
func (f *Follower) board(e learning.Event) *Board {
	b := f.Board(e.Canvas)
	if b == nil {
		b = f.newBoard(e)
		b.doubt(e, "it is not known how the board began")
	}
	f.latest = b
	return b
}

func (f *Follower) newBoard(e learning.Event) *Board {
	b := &Board{Number: len(f.all), Name: e.Canvas, Names: []string{e.Canvas}, First: e.Time}
	f.boards.Put(e.Canvas, b)
	f.holder[e.Canvas] = b
	f.all = append(f.all, b)
	return b
}

// created puts a board there. One that there is already is looked at anew: its cards stay the same cards.
func (f *Follower) created(e learning.Event, snapshot Snapshot) {
	b := f.Board(e.Canvas)
	again := b != nil
	if !again {
		b = f.newBoard(e)
	}
	f.latest = b
	name := SnapshotName(e)
	b.TextsLost = false
	var seen *canvas.Board
	var err error
	switch {
	case snapshot == nil: // nobody wants to know
	case name == "":
		b.doubt(e, "the event names no snapshot of the board")
	default:
		if seen, err = snapshot(name); err != nil {
			b.Lost = err.Error()
		}
	}
	if seen == nil {
		return
	}
	if !again {
		b.top = *seen
		f.fill(e, b, seen)
		return
	}
	b.Doubts, b.Lost, b.TextsLost = nil, "", false // from here on all is known again
	f.become(e, b, seen)
}

// SnapshotName returns what details.snapshot of an event canvas_created names, "" for any other event.
func SnapshotName(e learning.Event) string {
	if e.Type != "canvas_created" {
		return ""
	}
	name, _ := text(object(e.Details)["snapshot"])
	return name
}

// fill puts everything on a board that is seen for the first time.
func (f *Follower) fill(e learning.Event, b *Board, seen *canvas.Board) {
	for _, n := range seen.Nodes {
		b.TextsLost = b.TextsLost || lengthAlone(n)
		f.arrives(e, b, b.nodes.add(n), Seen)
	}
	for _, edge := range seen.Edges {
		b.edges.add(canvas.Node(edge))
	}
}

// become makes of a board what is seen of it now.
func (f *Follower) become(e learning.Event, b *Board, seen *canvas.Board) {
	was := b.Canvas()
	changes := canvas.Diff(was, seen)
	items := make([]*item, len(changes)) // before anything is changed: Index counts in what was
	for i, c := range changes {
		if list := b.list(c.Kind.String()[:4]); c.Old != nil || c.Members != nil {
			items[i] = list.by[c.ID][c.Index]
		}
	}
	for i, c := range changes {
		list := b.list(c.Kind.String()[:4])
		switch {
		case c.New != nil:
			f.arrives(e, b, list.add(parse(c.New)), Added)
		case c.Old != nil:
			f.leaves(e, b, list, items[i], Removed)
		default:
			f.becomes(e, b, items[i], mustSet(items[i].node, c.Members), kindOf(c.Kind.String()))
		}
	}
	b.nodes.order(seen.Nodes)
	edges := make([]canvas.Node, len(seen.Edges))
	for i, edge := range seen.Edges {
		edges[i] = canvas.Node(edge)
	}
	b.edges.order(edges)
	b.top = *seen
}

func (f *Follower) deleted(e learning.Event) {
	if b, ok := f.boards.Delete(e.Canvas); ok {
		f.end(e, b)
	}
}

// end takes all cards off a board that is no more.
func (f *Follower) end(e learning.Event, b *Board) {
	b.Deleted, f.latest = e.Time, b
	for _, i := range slices.Clone(b.nodes.items) {
		if !i.gone {
			f.leaves(e, b, &b.nodes, i, BoardDeleted)
		}
	}
}

// renamed gives a board its new name, as learning.Colors does.
func (f *Follower) renamed(e learning.Event) {
	old, ok := text(object(e.Details)["old_canvas_id"])
	if !ok || old == e.Canvas {
		return
	}
	b, ok, lost := f.boards.Rename(old, e.Canvas)
	for _, l := range lost {
		f.end(e, l)
	}
	if !ok {
		return
	}
	f.latest = b
	b.Name, f.holder[e.Canvas] = e.Canvas, b
	if !slices.Contains(b.Names, e.Canvas) {
		b.Names = append(b.Names, e.Canvas)
	}
	for _, i := range b.nodes.items {
		if i.card != nil && !i.gone {
			i.card.Board = e.Canvas
			i.card.log(Entry{
				Time: e.Time, Kind: BoardRenamed, Board: e.Canvas, From: old, Before: i.node, After: i.node, Observed: observed(e),
			})
		}
	}
}

// changed follows an event of a card or of an edge.
func (f *Follower) changed(e learning.Event, kind, verb string) {
	var op func(*Board, fields)
	list := func(b *Board) *list { return b.list(kind) }
	switch verb {
	case "added":
		op = func(b *Board, d fields) {
			n, err := parseObject(d[kind])
			if err != nil {
				b.doubt(e, fmt.Sprintf("the %s that is added cannot be read: %v", noun(kind), err))
				return
			}
			i := list(b).add(n)
			if kind == "node" {
				f.arrives(e, b, i, Added)
			}
		}
	case "removed":
		op = func(b *Board, d fields) {
			i := b.find(e, kind, d, d[kind])
			if i == nil {
				b.doubt(e, fmt.Sprintf("the %s that is removed is not there", noun(kind)))
				return
			}
			f.leaves(e, b, list(b), i, Removed)
		}
	case "color_change", "text_change", "moved", "changed":
		op = func(b *Board, d fields) {
			i := b.find(e, kind, d, d["old_"+kind])
			if i == nil {
				i = f.unknown(e, b, kind, d)
			}
			after, err := change(i.node, verb, d)
			if err != nil {
				b.doubt(e, err.Error())
				return
			}
			f.becomes(e, b, i, after, kindOf(e.Type))
		}
	default:
		return
	}
	b := f.board(e)
	d := object(e.Details)
	b.TextsLost = b.TextsLost || lengths(d)
	op(b, d)
}

// unknown puts what changes on a board that does not have it: another program's event tells of it first.
func (f *Follower) unknown(e learning.Event, b *Board, kind string, d fields) *item {
	b.doubt(e, fmt.Sprintf("the %s that is changed was not there", noun(kind)))
	n, err := parseObject(d["old_"+kind])
	if err != nil {
		n = parse([]byte(`{}`))
		var members []canvas.MemberChange
		for _, m := range [][2]string{{"id", kind + "_id"}, {"type", kind + "_type"}, {"color", "old_color"}, {"text", "old_text"}} {
			if v := d[m[1]]; isString(v) && string(v) != `""` {
				members = append(members, canvas.MemberChange{Name: m[0], New: v})
			}
		}
		n = mustSet(n, members) // strings
	}
	i := b.list(kind).add(n)
	if kind == "node" {
		f.arrives(e, b, i, Seen)
	}
	return i
}

// CardOf returns the id of the card that an event is about, and whether it is about one.
func CardOf(e learning.Event) (id string, ok bool) {
	if !strings.HasPrefix(e.Type, "node_") {
		return "", false
	}
	d := learning.Members(e.Details, "node_id", "node")
	if id, ok = text(d[0]); !ok {
		n, err := parseObject(d[1])
		id, ok = n.ID(), err == nil
	}
	return id, ok
}

// Order puts the events of one day, given in the order of their lines, into the order in which they are to be followed.
// That is the same; but what was recorded from a vault's history (details.observed is "git") comes before what was
// watched at a later time, wherever its line stands: it was appended afterwards. about tells when an event happened, and
// whether it is of that kind (learning.Event.FromGit).
func Order[E any](day []E, about func(E) (at time.Time, git bool)) {
	var git, others []E
	for _, e := range day {
		if _, is := about(e); is {
			git = append(git, e)
		} else {
			others = append(others, e)
		}
	}
	if len(git) == 0 || len(others) == 0 {
		return
	}
	for i := range day {
		first := len(others) == 0
		if len(git) > 0 && !first {
			was, _ := about(git[0])
			is, _ := about(others[0])
			first = !was.After(is)
		}
		if first {
			day[i], git = git[0], git[1:]
		} else {
			day[i], others = others[0], others[1:]
		}
	}
}

// Names returns all names that the board called name has had or may have had, and those of the boards that have had one
// of these, by the canvas_renamed among the events.
func Names(renames []learning.Event, name string) map[string]bool {
	names := map[string]bool{name: true}
	for grown := true; grown; {
		grown = false
		for _, e := range renames {
			old, ok := text(object(e.Details)["old_canvas_id"])
			if e.Type != "canvas_renamed" || !ok || names[old] == names[e.Canvas] {
				continue
			}
			names[old], names[e.Canvas] = true, true
			grown = true
		}
	}
	return names
}

// fields are the members of a JSON object, undecoded. (Not a struct: encoding/json would take Old for old.)
type fields map[string]json.RawMessage

func object(raw json.RawMessage) fields {
	var f fields
	if len(raw) == 0 || json.Unmarshal(raw, &f) != nil {
		return nil
	}
	return f
}

func text(raw json.RawMessage) (string, bool) {
	var s string
	if !isString(raw) || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

func isString(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '"' }

func observed(e learning.Event) string {
	s, _ := text(learning.Members(e.Details, "observed")[0])
	return s
}

func noun(kind string) string { return cmp.Or(map[string]string{"node": "card"}[kind], kind) }
