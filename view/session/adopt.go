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

// A document that does not parse may be one that a program without the lock is just writing. So it counts as what it is
// only when it has not changed for settleTime; and for lateTime after it was made anew, the file that it was is looked
// at again, for a program that is slow goes on writing there.
const (
	settleTime = 200 * time.Millisecond
	lateTime   = 30 * time.Second
)

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
	f, text, err := v.settled(ctx, d)
	if err != nil {
		return err
	}
	d.broken = f.broken
	return v.takeInText(ctx, d, f, text, d.info, fault)
}

// takeInText is takeIn for a text that has been read, from a file like info.
func (v *View) takeInText(
	ctx context.Context, d *document, f foreign, text []byte, info durable.Info, fault string,
) error {
	list, err := v.candidates(ctx, &f, time.Unix(0, info.ModTime))
	if err != nil {
		return err
	}
	adopted, err := v.adopt(ctx, &f, list)
	if err != nil {
		return err
	}
	log := v.book.Logger()
	if len(f.losses) > 0 {
		if err := keep(v.fsys, log, d.path, text, fault+": "+strings.Join(f.losses, "; ")); err != nil {
			return err
		}
	}
	log.Info("another program has changed a session document", "file", d.path, "adopted events", adopted)
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

// former is a file that was a document and did not parse.
type former struct {
	file  durable.File
	info  durable.Info
	until time.Time // it is looked at
}

func (f *former) close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// lookBack takes in what a slow program has written into the file that the document was before it was made anew.
func (v *View) lookBack(ctx context.Context, d *document) error {
	was := &d.former
	if was.file == nil {
		return nil
	}
	info, err := was.file.Stat()
	if err != nil || info == was.info && v.now().After(was.until) {
		return errors.Join(err, was.close())
	}
	if info == was.info {
		return nil
	}
	was.info, was.until = info, v.now().Add(lateTime)
	text, err := readAt(was.file, make([]byte, info.Size), 0)
	if err != nil {
		return errors.Join(fmt.Errorf("read what %s was: %w", d.path, err), was.close())
	}
	f := parseForeign(text, d.day)
	if f.broken {
		return nil
	}
	return errors.Join(v.takeInText(ctx, d, f, text, info, "it was written late"), was.close())
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
