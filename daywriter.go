package daybook

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
	"daybook/internal/jsonline"
)

// dayWriter is an open day. As its file's observer it keeps the index of ids.
type dayWriter struct {
	w     *writer
	file  *dayfile.File
	ids   index
	used  uint64
	dirty bool // holds unsynced lines of ours that SyncInterval has promised to sync

	beside *beside // what the day has that is not in its file; nil for nothing
	opens  int     // of the file, when that was looked at
}

func (d *dayWriter) Reset() { d.ids.reset() }

func (d *dayWriter) Line(l dayfile.Line) {
	if id, ok := lineID(l.Text); ok && l.Offset <= maxDaySize {
		d.ids.add(d.ids.hash(id), l.Offset)
	}
}

func (d *dayWriter) Damage(m dayfile.Damage) {
	d.w.b.opts.Logger.Warn("damaged bytes in a day file",
		"file", m.File, "offset", m.Offset, "length", m.Length, "reason", m.Reason, "kept", m.Kept)
}

// lineID returns the decoded event_id of a stored line.
func lineID(line []byte) ([]byte, bool) {
	const prefix = idPrefix + `"`
	if bytes.HasPrefix(line, []byte(prefix)) {
		rest := line[len(prefix):]
		if n := bytes.IndexByte(rest, '"'); n > 0 && bytes.IndexByte(rest[:n], '\\') < 0 {
			return rest[:n], true
		}
	}
	if bytes.IndexByte(line, '{') < 0 {
		return nil, false
	}
	o, err := jsonline.ParseObject(line)
	if err != nil {
		return nil, false
	}
	if id := o.Find("event_id"); id != nil && id[0] == '"' {
		return jsonline.DecodeString(id), true
	}
	return nil, false
}

// errRewritten says that the index and the file do not fit together.
var errRewritten = errors.New("the day file has been rewritten in place")

// judge decides what becomes of an event: a duplicate, a conflict, or one to store, which it appends to w.buf. The
// bytes from offset start on are those in w.buf.
func (w *writer) judge(d *dayWriter, it *item, start int64) (Verdict, error) {
	line := it.event.line
	id, ok := lineID(line)
	if !ok {
		return Verdict{}, &RuleError{"event_id", "must be a string"} // ParseEvent has made sure
	}
	pos := Position{Day: it.day, Offset: d.base() + start + int64(len(w.buf)), Length: len(line) + 1}
	it.hash = d.ids.hash(id)
	j := judgement{w: w, d: d, it: it, id: id, pos: &pos}
	found, err := j.packed()
	if err == nil && !found {
		found, err = d.ids.find(it.hash, func(off int64) (bool, error) {
			stored, err := w.storedLine(d, off, start)
			if err != nil {
				return false, err
			}
			return j.is(stored, d.base()+off)
		})
	}
	switch {
	case err != nil:
		return Verdict{}, err
	case j.conflict:
		return Verdict{Err: fmt.Errorf("%s, event_id %s: %w", it.day, id, ErrConflict)}, nil
	case !found:
		stored, ok, err := w.inNeighbour(it, id)
		if ok || err != nil {
			return Verdict{Position: stored}, err
		}
		d.ids.add(it.hash, pos.Offset-d.base())
		w.buf = append(append(w.buf, line...), '\n')
	}
	return Verdict{Position: pos}, nil
}

// inNeighbour looks for an event that is new to its day in the other days that it may have been stored in. One that cannot
// be read keeps nothing from being stored; too many open files are an error. The caller holds the book's lock.
func (w *writer) inNeighbour(it *item, id []byte) (Position, bool, error) {
	for _, day := range w.b.possibleDays(it.event.time) {
		if day == it.day {
			continue
		}
		pos, found, err := w.storedIn(day, it, id)
		if durable.IsTooMany(err) {
			return pos, false, err
		}
		if err != nil {
			w.b.opts.Logger.Warn("cannot look for an event in the neighbouring day", "day", day.String(), "error", err)
		}
		if found {
			return pos, true, nil
		}
	}
	return Position{}, false, nil
}

// storedIn looks for the event in another day than its own, and makes sure that what it finds is durable.
func (w *writer) storedIn(day Day, it *item, id []byte) (pos Position, found bool, err error) {
	if !w.b.exists(day) {
		return pos, false, nil
	}
	d := w.open(day)
	defer d.rest()
	if err := d.lookBeside(day); err != nil {
		return pos, false, err
	}
	if err := d.file.Refresh(false); err != nil {
		return pos, false, err
	}
	if err := d.lookBeside(day); err != nil {
		return pos, false, err
	}
	same := func(stored []byte, off int64) bool {
		var p jsonline.Parser
		e, damage := w.b.stored(&p, stored)
		if damage != nil || !bytes.Equal(e.line, it.event.line) {
			return false
		}
		pos = Position{Day: day, Offset: off, Length: len(stored) + 1, Duplicate: true}
		return true
	}
	found, err = d.ids.find(d.ids.hash(id), func(off int64) (bool, error) {
		stored, err := w.storedLine(d, off, d.file.Size())
		return err == nil && same(stored, d.base()+off), err
	})
	if err != nil || found || d.beside == nil {
		if found && d.file.Durable() < d.file.Size() {
			err = d.file.Sync()
		}
		return pos, found && err == nil, err
	}
	c, err := w.b.openDay(day)
	if err != nil || c == nil {
		return pos, false, err
	}
	defer c.Close() // nothing was written
	found, err = d.beside.ids.find(d.ids.hash(id), func(off int64) (bool, error) {
		stored, err := lineAt(c, off)
		return err == nil && same(stored, off), err
	})
	return pos, found, err
}

// judgement compares an event with what is stored.
type judgement struct {
	w        *writer
	d        *dayWriter
	it       *item
	id       []byte
	pos      *Position // of the event; of its copy, if there is one
	conflict bool
}

// is reports whether the line stored, at an offset of the day, settles the matter: it is the event or another one of
// its id.
func (j *judgement) is(stored []byte, off int64) (bool, error) {
	line := j.it.event.line
	if bytes.Equal(stored, line) {
		j.pos.Offset, j.pos.Duplicate = off, true
		return true, nil
	}
	other, ok := lineID(stored)
	if !ok || j.d.ids.hash(other) != j.it.hash {
		return false, errRewritten
	}
	var p jsonline.Parser
	e, damage := j.w.b.stored(&p, stored)
	if !bytes.Equal(other, j.id) || damage != nil {
		return false, nil // another id of this hash, or a damaged line: it holds nothing
	}
	if bytes.Equal(e.line, line) {
		// The same event in another program's spelling: with white space, or members in another order.
		j.pos.Offset, j.pos.Length, j.pos.Duplicate = off, len(stored)+1, true
		return true, nil
	}
	j.conflict = true
	return true, nil
}

// storedLine returns the line at an offset of the day file, without its newline: from the file, or from what is going
// to be written at start. It is valid until the next call.
func (w *writer) storedLine(d *dayWriter, off, start int64) ([]byte, error) {
	if off >= start {
		line, _, _ := bytes.Cut(w.buf[off-start:], []byte{'\n'})
		return line, nil
	}
	if cap(w.line) == 0 {
		w.line = make([]byte, 4096)
	}
	for n := 0; ; {
		got, err := d.file.ReadAt(w.line[n:cap(w.line)], off+int64(n))
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read %s at offset %d: %w", d.file.Path(), off, err)
		}
		if k := bytes.IndexByte(w.line[n:n+got], '\n'); k >= 0 {
			return w.line[:n+k], nil
		}
		if n += got; got == 0 {
			return w.line[:n], nil
		}
		if n == cap(w.line) {
			w.line = append(make([]byte, 0, 2*n), w.line[:n]...)
		}
		w.line = w.line[:cap(w.line)]
	}
}

// rest lets others replace the day's file until it is needed again. The caller holds the book's lock.
func (d *dayWriter) rest() {
	d.w.b.warnIf(d.file.Rest(), "close a day file")
	d.beside.rest()
}

// sync makes the day durable. After an error the day is read anew: memory may have forgotten what a failed sync has
// dropped, and then the bytes are not those that were seen. The caller holds the book's lock.
func (d *dayWriter) sync() error {
	defer d.rest()
	err := d.file.Refresh(false)
	if err == nil {
		err = d.file.Sync()
	}
	if err != nil {
		return errors.Join(err, d.file.Close())
	}
	d.dirty = false
	return nil
}
