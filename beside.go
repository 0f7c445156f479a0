package daybook

import (
	"bytes"
	"errors"
	"io/fs"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
)

// beside is the packed file of a day, for who appends to the day: it has been retired. A dayWriter's index has the ids
// of the day file, with their offsets there, this one those of the packed file, with offsets in the day.
type beside struct {
	info durable.Info // of the packed file
	base int64        // where in the day its day file begins
	ids  index
	c    *content // open while events are judged; else nil
}

// base returns where in the day its file begins.
func (d *dayWriter) base() int64 {
	if d.beside == nil {
		return 0
	}
	return d.beside.base
}

func (s *beside) rest() {
	if s != nil && s.c != nil {
		s.c.Close() // nothing was written
		s.c = nil
	}
}

// lookBeside takes note of what is beside the day's file, after a Refresh. Of a day that has not been retired that is
// looked at when its file is opened: a retirement takes away the file, or leaves it with all that it had. The caller
// holds the book's lock.
func (d *dayWriter) lookBeside(day Day) error {
	if d.opens == d.file.Opens() && d.beside == nil && d.file.IsKnown() {
		return nil
	}
	b := d.w.b
	info, err := b.statPacked(day)
	if errors.Is(err, fs.ErrNotExist) {
		d.beside, d.opens = nil, d.file.Opens()
		return nil
	}
	if err != nil {
		return err
	}
	same := d.beside != nil && d.beside.info == info
	if same && d.opens == d.file.Opens() {
		return nil
	}
	c, err := b.openDay(day)
	if err != nil || c == nil {
		return errors.Join(err, fs.ErrNotExist)
	}
	defer c.Close() // nothing was written
	next := &beside{info: info, base: c.base}
	if next.ids.seed = d.ids.seed; same {
		next.ids = d.beside.ids
	} else if err := next.index(c); err != nil {
		return err
	}
	d.beside, d.opens = next, d.file.Opens()
	return nil
}

// refresh has the day as it is on the disk. A day that has been retired gets no file yet: perhaps all that comes is
// there already. The caller holds the book's lock.
func (d *dayWriter) refresh(day Day) error {
	if d.beside != nil || !d.file.IsKnown() {
		if err := d.lookBeside(day); err != nil {
			return err
		}
	}
	if err := d.file.Refresh(d.beside == nil); err != nil {
		return err
	}
	return d.lookBeside(day)
}

// make makes the file that refresh has not made, which had size bytes.
func (d *dayWriter) make(size int64) error {
	if d.file.IsKnown() {
		return nil
	}
	err := d.file.Refresh(true)
	if err == nil && d.file.Size() != size {
		err = errRewritten
	}
	d.opens = d.file.Opens()
	return err
}

// index takes note of the ids that are packed. Damaged lines hold none, as in a day file.
func (s *beside) index(c *content) error {
	return dayfile.Scan(c, 0, c.packedSize(), func(l dayfile.Line) error {
		if id, ok := lineID(l.Text); ok && l.Offset <= maxDaySize {
			s.ids.add(s.ids.hash(id), l.Offset)
		}
		return nil
	})
}

// packed looks whether what is packed settles the matter.
func (j *judgement) packed() (bool, error) {
	s := j.d.beside
	if s == nil {
		return false, nil
	}
	return s.ids.find(j.it.hash, func(off int64) (bool, error) {
		if s.c == nil {
			c, err := j.w.b.openDay(j.it.day)
			if err != nil || c == nil {
				return false, errors.Join(err, errRewritten)
			}
			s.c = c
		}
		stored, err := lineAt(s.c, off)
		if err != nil {
			return false, err
		}
		return j.is(stored, off)
	})
}

// lineAt returns the line at an offset, without its newline.
func lineAt(c *content, off int64) (line []byte, err error) {
	err = dayfile.Scan(c, off, c.packedSize(), func(l dayfile.Line) error {
		line = bytes.Clone(l.Text)
		return errStop
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return line, err
}
