package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
	"daybook/internal/jsonline"
)

// Query says which events are wanted.
type Query struct {
	From, To Day // inclusive; the zero Day leaves that end open
}

func (q Query) holds(d Day) bool {
	return (q.From.IsZero() || q.From.Compare(d) <= 0) && (q.To.IsZero() || d.Compare(q.To) <= 0)
}

// Entry is an event and where it is stored.
type Entry struct {
	Position Position
	Event    Event
	// Raw is the line as it stands in the file, without its newline: one that another program wrote there may have
	// white space, or other members first, which the Event does not keep. It must not be changed.
	Raw []byte
}

// Clone returns a copy that shares no memory with e.
func (e Entry) Clone() Entry {
	line := bytes.Clone(e.Raw)
	if len(line) > 0 && &e.Event.line[0] == &e.Raw[0] {
		e.Event.line = line
	}
	e.Raw = line
	return e
}

// Events yields the events of the days that q names, day by day, each day's in the order in which they were appended.
// It takes no lock; of what is appended meanwhile it yields the first part. A damaged line yields a *DamageError, and
// the next events follow. So does, behind its events, a day without a damaged line whose file is not what the commit mark
// says was durable, and a day whose file is missing; a day that cannot be read yields an *UnreadableError, and the next days follow. Any other error
// is the last thing it yields. Days are read ahead, in parallel, as by Search.
func (b *Book) Events(ctx context.Context, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for entry, err := range b.Search(ctx, q) {
			if !yield(entry.Event, err) {
				return
			}
		}
	}
}

// DayEvents yields the events of one day from the byte offset from on, which is the beginning of a line: 0, or the end
// of an Entry. A day without a file has none. Errors are those of Events; that durable bytes have changed is seen only
// if from is 0.
func (b *Book) DayEvents(ctx context.Context, day Day, from int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		c, err := b.openDay(day)
		if err != nil {
			yield(Entry{}, b.unreadable(day, err))
			return
		}
		if c == nil {
			if harm := b.missing(day); harm != nil {
				yield(Entry{Position: harm.Position}, harm)
			}
			return
		}
		defer c.Close() // nothing was written
		var p jsonline.Parser
		damaged := false
		err = dayfile.Scan(c, from, c.size, func(l dayfile.Line) error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			l.Text = bytes.Clone(l.Text)
			entry, err := b.entry(&p, c, day, l)
			damaged = damaged || err != nil
			if !yield(entry, err) {
				return errStop
			}
			return nil
		})
		if err == nil && from == 0 && !damaged {
			var harm *DamageError
			if harm, err = b.changed(day, c); harm != nil && !yield(Entry{Position: harm.Position}, harm) {
				return
			}
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(Entry{}, b.unreadable(day, err))
		}
	}
}

// EventsAt yields the events of one day that stand at places that Entries had, in the order of places: ascending costs least. The
// error is that of a day, or of an event, that is not there as it was, and the last thing that is yielded.
func (b *Book) EventsAt(ctx context.Context, day Day, places []Position) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		c, err := b.openDay(day)
		if err == nil && c == nil && len(places) > 0 {
			err = fmt.Errorf("read %s: %w", b.dayPath(day), io.ErrUnexpectedEOF)
		}
		if err != nil || c == nil {
			if err != nil {
				yield(Entry{}, b.unreadable(day, err))
			}
			return
		}
		defer c.Close() // nothing was written
		var p jsonline.Parser
		for _, at := range places {
			text := make([]byte, at.Length)
			err := context.Cause(ctx)
			if err == nil {
				var n int
				if n, err = c.ReadAt(text, at.Offset); n == at.Length || n == at.Length-1 && at.Offset+int64(n) == c.size {
					text, err = text[:n], nil // an unfinished last line has no newline
				}
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			line, whole := bytes.CutSuffix(text, []byte("\n"))
			entry, err := b.entry(&p, c, day, dayfile.Line{Offset: at.Offset, Length: int64(at.Length), Text: line, Whole: whole})
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// DaySize returns where the whole lines of the day end now; 0 if it has none.
func (b *Book) DaySize(day Day) (int64, error) {
	if p, ok, err := b.packs.find(b, day); err != nil || ok {
		return p.size, err
	}
	c, err := b.openDay(day)
	if err != nil || c == nil {
		return 0, err
	}
	defer c.Close() // nothing was written
	if c.info.Size == c.skip {
		return c.size, nil // what is packed ends with a newline
	}
	end, err := lastNewline(c.plain, c.info.Size)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", c.path, err)
	}
	return c.base + end, nil
}

// DayFile returns what a day's events stand in now, its day file or, if it has only that, the packed file of a retired
// day, and how many bytes the day has, an unfinished last line included. The error is fs.ErrNotExist if there is
// neither.
func (b *Book) DayFile(day Day) (id durable.FileID, size int64, err error) {
	if info, err := b.fsys.Stat(b.dayPath(day)); err == nil {
		if more, err := b.isPacked(day); err == nil && !more {
			return info.ID, info.Size, nil
		}
	} else if p, ok, err := b.packs.find(b, day); err != nil || ok {
		return p.info.ID, p.size, err
	}
	c, err := b.openDay(day)
	if err != nil {
		return id, 0, err
	}
	if c == nil {
		return id, 0, &fs.PathError{Op: "stat", Path: b.dayPath(day), Err: fs.ErrNotExist}
	}
	defer c.Close() // nothing was written
	return c.id(), c.size, nil
}

// id returns the identity of the file that is written to, or, if there is none, of the packed one.
func (c *content) id() durable.FileID {
	if c.plain == nil {
		return c.packedInfo.ID
	}
	return c.info.ID
}

// lastNewline returns the offset behind the last newline before size.
func lastNewline(f io.ReaderAt, size int64) (int64, error) {
	var buf [4096]byte
	for end := size; end > 0; {
		start := max(0, end-int64(len(buf)))
		n, err := f.ReadAt(buf[:end-start], start)
		if err != nil && err != io.EOF {
			return 0, err
		}
		for i := n - 1; i >= 0; i-- {
			if buf[i] == '\n' {
				return start + int64(i) + 1, nil
			}
		}
		end = start
	}
	return 0, nil
}

// entry reads one line of what a day holds, whose text is then the Entry's.
func (b *Book) entry(p *jsonline.Parser, c *content, day Day, l dayfile.Line) (Entry, error) {
	pos := Position{Day: day, Offset: l.Offset, Length: int(l.Length)}
	damaged := func(reason string) (Entry, error) {
		if !l.Whole {
			reason = "unfinished last line: " + reason
		}
		file, at, n, reason := c.place(l.Offset, l.Length, reason)
		return Entry{Position: pos}, &DamageError{
			File: file, Offset: at, Length: n, Lines: l.Lines, Reason: reason, Position: pos,
			hopeless: c.inPlain(l.Offset) && dayfile.IsHopeless(l),
		}
	}
	if l.Text == nil && l.Length > 1 {
		return damaged(dayfile.LineFault(l))
	}
	e, err := b.stored(p, l.Text)
	if err != nil {
		return damaged(err.Error())
	}
	return Entry{pos, e, l.Text}, nil
}

// stored reads a line of a day file, with which the Event may share memory.
func (b *Book) stored(p *jsonline.Parser, line []byte) (Event, error) {
	e, err := newEvent(p, line, true)
	return e.In(b.zone), err
}
