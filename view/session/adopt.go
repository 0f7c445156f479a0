package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// settleTime is how long a document that does not parse must have stayed as it is before it counts as broken: a program
// that takes no lock may just be writing it.
const settleTime = 200 * time.Millisecond

// errWriting says that a document does not parse and has changed just now.
var errWriting = errors.New("another program seems to be writing it")

// candidate is an event of a foreign document as the book would store it.
type candidate struct {
	event   daybook.Event
	known   bool // the book has it
	common  bool // and it is this event
	undated bool // its timestamp is ours
}

// takeIn adopts what another program has put into the open document and the book lacks. If making the document anew
// would lose anything else of it, it will be kept aside then. fault says why it is not Daybook's work. The caller holds
// the document's lock and makes it anew.
func (v *View) takeIn(ctx context.Context, d *document, fault string) error {
	f, text, err := v.settled(ctx, d)
	if err != nil {
		return err
	}
	if err := v.adopt(ctx, d, &f, text, d.info); err != nil {
		return err
	}
	if len(f.losses) > 0 {
		d.aside = &aside{text, fault + ": " + strings.Join(f.losses, "; ")}
	}
	return nil
}

// settled reads the open document, for a second time if it does not parse and has changed just now. d.info describes
// what was read.
func (v *View) settled(ctx context.Context, d *document) (f foreign, text []byte, err error) {
	for wait := !errors.Is(v.pending[d.day], errWriting); ; wait = false { // who writes for long is waited for once
		if d.info, err = d.file.Stat(); err != nil {
			return f, nil, err
		}
		if text, err = readAt(d.file, make([]byte, d.info.Size), 0); err != nil {
			return f, nil, fmt.Errorf("read %s: %w", d.path, err)
		}
		f = parseForeign(text, d.day)
		age := v.now().Sub(time.Unix(0, d.info.ModTime))
		if !f.broken || age < 0 || age >= settleTime || v.torn(d, text) {
			return f, text, nil
		}
		if !wait {
			return f, nil, errWriting
		}
		timer := time.NewTimer(settleTime - age)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return f, nil, context.Cause(ctx)
		}
	}
}

// Foreign tells what another program has put into the session document of a day: how many events the book lacks and would
// adopt, and what else would be lost if the document were made anew without being kept aside. It changes nothing and
// takes no lock: of a document that is just being written it may tell what is not so.
func Foreign(ctx context.Context, b *daybook.Book, day daybook.Day) (lacking int, losses []string, err error) {
	v := New(Options{})
	v.book, v.fsys = b, b.FS()
	path := documentPath(b, day)
	text, err := durable.ReadFile(v.fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	info, err := v.fsys.Stat(path)
	if err != nil {
		return 0, nil, err
	}
	f := parseForeign(text, day)
	list, err := v.adoptable(ctx, day, &f, text, info)
	for _, c := range list {
		if !c.known {
			lacking++
		}
	}
	return lacking, f.losses, err
}

// torn reports whether text is a document of ours that was not written to its end: our writers are gone, for the
// caller has the lock.
func (v *View) torn(d *document, text []byte) bool {
	return bytes.HasPrefix(text, appendHead(nil, d.day, d.origin.colors)) && bytes.Contains(text, []byte(separator+`{"event_id":`))
}

// candidates reads the events of a foreign document of the given day, from a file like info, and finds out which the
// book has. It notes those that cannot be adopted, and those that the book has otherwise, as losses.
func (v *View) candidates(ctx context.Context, day daybook.Day, f *foreign, info durable.Info) ([]*candidate, error) {
	var list []*candidate
	seen := make(map[string]*candidate)                   // by day and id
	wanted := make(map[daybook.Day]map[string]*candidate) // by the days in which the book may have them
	want := func(day daybook.Day, c *candidate) {
		if wanted[day] == nil {
			wanted[day] = make(map[string]*candidate)
		}
		wanted[day][c.event.ID()] = c
	}
	n := newNamer(f.events)
	for _, text := range f.events {
		c, err := v.complete(text, info, n)
		if err != nil {
			f.lose("an event cannot be adopted: %v: %.100q", err, text)
			continue
		}
		at := v.book.DayOf(c.event.Time())
		key := at.String() + c.event.ID()
		if first := seen[key]; first != nil {
			if !first.same(c.event.Line()) {
				f.lose("it has two events of the event_id %q", c.event.ID())
			}
			continue
		}
		seen[key] = c
		list = append(list, c)
		want(at, c)
		if c.undated {
			want(day, c) // it may have got another time when it was met first
		}
	}
	for _, day := range slices.SortedFunc(maps.Keys(wanted), daybook.Day.Compare) {
		for l, err := range lines(ctx, v.book, day, 0, nil) {
			if err != nil {
				return nil, err
			}
			c := wanted[day][l.event.ID()]
			if c == nil {
				continue
			}
			c.known = true
			if c.common = c.same(l.text); !c.common {
				f.lose("it has the event %q otherwise than the book", c.event.ID())
			}
		}
	}
	return list, nil
}

// adoptable is candidates, but for documents that Daybook has written itself, as their text says: events that do not fit
// their checksum any more are damage, and a document that has no event in common with a day that has events is another
// book's. Both hold nothing to adopt, which is a loss.
func (v *View) adoptable(
	ctx context.Context, day daybook.Day, f *foreign, text []byte, info durable.Info,
) ([]*candidate, error) {
	intact, damaged := eventsAre(text, day)
	list, err := v.candidates(ctx, day, f, info)
	if damaged && slices.ContainsFunc(list, func(c *candidate) bool { return !c.known }) {
		f.lose("its events do not fit their checksum: what the book lacks of them is damage")
		return nil, err
	}
	if err != nil || !intact || len(list) == 0 || slices.ContainsFunc(list, func(c *candidate) bool { return c.common }) {
		return list, err
	}
	if info == v.left[day] { // nobody else has written it: what this book had is gone from the day's file
		return list, nil
	}
	if size, err := v.book.DaySize(day); err != nil || size == 0 {
		return list, err
	}
	f.lose("it is another book's: none of its %d events is in this one", len(list))
	return nil, nil
}

// same reports whether a line stands for the event, but for a timestamp that it has from us.
func (c *candidate) same(line []byte) bool {
	if !c.undated {
		return sameValue(c.event.Line(), line)
	}
	x, errx := decodeValue(c.event.Line())
	y, erry := decodeValue(line)
	a, oka := x.(map[string]any)
	b, okb := y.(map[string]any)
	if errx != nil || erry != nil || !oka || !okb {
		return false
	}
	delete(a, "timestamp")
	delete(b, "timestamp")
	return equalValues(a, b)
}

// adopt stores the events of a foreign document, from a file like info, that the book lacks. It notes those that the book
// refuses for good as losses.
func (v *View) adopt(ctx context.Context, d *document, f *foreign, text []byte, info durable.Info) error {
	list, err := v.adoptable(ctx, d.day, f, text, info)
	if err != nil {
		return err
	}
	var events []daybook.Event
	for _, c := range list {
		if !c.known {
			events = append(events, c.event)
		}
	}
	adopted := 0
	var errs []error
	if len(events) > 0 {
		v.inRow = nil // days grow
		for i, verdict := range v.book.Adopt(ctx, events) {
			var rule *daybook.RuleError
			switch {
			case verdict.Err == nil:
				adopted++
			case errors.As(verdict.Err, &rule), errors.Is(verdict.Err, daybook.ErrConflict):
				f.lose("an event cannot be adopted: %v: %.100q", verdict.Err, events[i].Line())
			default:
				errs = append(errs, verdict.Err)
			}
		}
	}
	if adopted > 0 {
		v.book.Logger().Info("adopted events that another program has put into a session document",
			"file", d.path, "events", adopted)
	}
	return errors.Join(errs...)
}

// namer makes ids for the events of one document that have none.
type namer struct {
	given map[string]bool // ids in the document
	count map[string]int  // how many events of one content have been met
}

func newNamer(events [][]byte) *namer {
	n := &namer{make(map[string]bool), make(map[string]int)}
	for _, text := range events {
		var e struct {
			ID string `json:"event_id"`
		}
		if json.Unmarshal(text, &e) == nil && e.ID != "" {
			n.given[e.ID] = true
		}
	}
	return n
}

// name returns an id that is made from the content of an event, so that it is the same when the document is read or
// written again. One that the document has already, given by us when the event was first met, is another event's.
func (n *namer) name(content []byte) string {
	for {
		k := n.count[string(content)]
		n.count[string(content)]++
		if id := daybook.ContentID(content, k); !n.given[id] {
			return id
		}
	}
}

// complete reads one event of a foreign document, from a file like info, as the book would store it. One without a
// timestamp gets the time when the file was changed.
func (v *View) complete(text []byte, info durable.Info, n *namer) (*candidate, error) {
	members, err := parseMembers(text)
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(members, func(m member) bool { return m.name == name })
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	empty := len(members) == 0
	undated := !has("timestamp")
	text = compact.Bytes()
	if undated {
		stamp := time.Unix(0, info.ModTime).In(v.book.Zone()).Format(daybook.TimeLayout)
		text = insertMember(text, "timestamp", stamp, empty)
	}
	if !has("event_id") {
		text = insertMember(text, "event_id", n.name(compact.Bytes()), empty && !undated)
	}
	e, err := daybook.ParseEvent(text)
	if err != nil {
		return nil, err
	}
	return &candidate{event: e.In(v.book.Zone()), undated: undated}, nil
}

// insertMember puts a member with a plain text as its value at the beginning of a JSON object.
func insertMember(object []byte, name, value string, empty bool) []byte {
	out := fmt.Appendf(nil, `{"%s":"%s"`, name, value)
	if !empty {
		out = append(out, ',')
	}
	return append(out, object[1:]...)
}
