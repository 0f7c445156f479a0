package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// writingTime is how long a document that does not parse is left alone after its last change: a program that takes no
// lock may still be writing it.
const writingTime = 2 * time.Second

// errWriting says that a document does not parse and has changed just now.
var errWriting = errors.New("another program seems to be writing it")

// candidate is an event of a foreign document as the book would store it.
type candidate struct {
	event daybook.Event
	known bool // the book has it
}

// takeIn adopts what another program has put into the open document and the book lacks. If making the document anew
// would lose anything else of it, it is kept aside first. fault says why it is not Daybook's work. The caller holds
// the document's lock and makes it anew.
func (v *View) takeIn(ctx context.Context, d *document, fault string) error {
	text, err := durable.ReadFile(v.fsys, d.path)
	if err != nil {
		return err
	}
	f := parseForeign(text, d.day)
	changed := time.Unix(0, d.info.ModTime)
	if age := time.Since(changed); f.broken && age >= 0 && age < writingTime && !v.torn(d, text) {
		return fmt.Errorf("%s: %w", d.path, errWriting)
	}
	list, err := v.candidates(ctx, &f, changed)
	if err != nil {
		return err
	}
	adopted, err := v.adopt(ctx, &f, list)
	if err != nil {
		return err
	}
	log := v.book.Logger()
	if len(f.losses) > 0 {
		if err := keep(v.fsys, log, d.path, fault+": "+strings.Join(f.losses, "; ")); err != nil {
			return err
		}
	}
	log.Info("another program has changed a session document", "file", d.path, "adopted events", adopted)
	return nil
}

// Foreign tells what another program has put into the session document of a day: how many events the book lacks and would
// adopt, and what else would be lost if the document were made anew without being kept aside. It changes nothing and
// takes no lock: of a document that is just being written it may tell what is not so.
func Foreign(ctx context.Context, b *daybook.Book, day daybook.Day) (lacking int, losses []string, err error) {
	v := New(Options{})
	v.book = b
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
	list, err := v.candidates(ctx, &f, time.Unix(0, info.ModTime))
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

// candidates reads the events of a foreign document, changed at the given time, and finds out which the book has. It
// notes those that cannot be adopted, and those that the book has otherwise, as losses.
func (v *View) candidates(ctx context.Context, f *foreign, changed time.Time) ([]*candidate, error) {
	var list []*candidate
	days := make(map[daybook.Day]map[string]*candidate)
	nameless := make(map[string]int)
	for _, text := range f.events {
		e, err := v.complete(text, changed, nameless)
		if err != nil {
			f.lose("an event cannot be adopted: %v: %.100q", err, text)
			continue
		}
		day := v.book.DayOf(e.Time())
		if days[day] == nil {
			days[day] = make(map[string]*candidate)
		}
		if first := days[day][e.ID()]; first != nil {
			if !sameValue(first.event.Line(), e.Line()) {
				f.lose("it has two events of the event_id %q", e.ID())
			}
			continue
		}
		c := &candidate{event: e}
		days[day][e.ID()] = c
		list = append(list, c)
	}
	for _, day := range slices.SortedFunc(maps.Keys(days), daybook.Day.Compare) {
		wanted := days[day]
		for l, err := range lines(ctx, v.book, day, 0, nil) {
			if err != nil {
				return nil, err
			}
			c := wanted[l.event.ID()]
			if c == nil {
				continue
			}
			c.known = true
			if !sameValue(c.event.Line(), l.text) {
				f.lose("it has the event %q otherwise than the book", c.event.ID())
			}
		}
	}
	return list, nil
}

// adopt stores the events that the book lacks. It notes those that the book refuses for good as losses.
func (v *View) adopt(ctx context.Context, f *foreign, list []*candidate) (adopted int, err error) {
	var events []daybook.Event
	for _, c := range list {
		if !c.known {
			events = append(events, c.event)
		}
	}
	if len(events) == 0 {
		return 0, nil
	}
	var errs []error
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
	return adopted, errors.Join(errs...)
}

// complete reads one event of a foreign document as the book would store it. What it lacks is made so that it is the
// same if the document is read again: its timestamp is the document's time of change, its event_id is made from all the
// rest, and from how many of the same came before it.
func (v *View) complete(text []byte, changed time.Time, nameless map[string]int) (daybook.Event, error) {
	members, err := parseMembers(text)
	if err != nil {
		return daybook.Event{}, err
	}
	has := func(name string) bool {
		for _, m := range members {
			if m.name == name {
				return true
			}
		}
		return false
	}
	if !has("timestamp") {
		stamp := changed.Truncate(time.Microsecond).In(v.book.Zone()).Format(timeLayout)
		text = insertMember(text, "timestamp", stamp, len(members) == 0)
		members = append(members, member{})
	}
	if !has("event_id") {
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil {
			return daybook.Event{}, err
		}
		n := nameless[compact.String()]
		nameless[compact.String()]++
		sum := sha256.Sum256(fmt.Appendf(compact.Bytes(), "\n%d", n))
		text = insertMember(text, "event_id", "evt_"+hex.EncodeToString(sum[:16]), len(members) == 0)
	}
	e, err := daybook.ParseEvent(text)
	return e.In(v.book.Zone()), err
}

// insertMember puts a member with a plain text as its value at the beginning of a JSON object.
func insertMember(object []byte, name, value string, empty bool) []byte {
	_, rest, _ := bytes.Cut(object, []byte{'{'})
	out := fmt.Appendf(nil, `{"%s":"%s"`, name, value)
	if !empty {
		out = append(out, ',')
	}
	return append(out, rest...)
}
