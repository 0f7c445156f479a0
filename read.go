package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
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

// clone returns a copy that shares no memory with e.
func (e Entry) clone() Entry {
	line := bytes.Clone(e.Raw)
	if len(line) > 0 && &e.Event.line[0] == &e.Raw[0] {
		e.Event.line = line
	}
	e.Raw = line
	return e
}

// Events yields the events of the days that q names, day by day, each day's in the order in which they were appended. It
// takes no lock; of what is appended meanwhile it yields the first part. A damaged line yields a *DamageError, and the
// next events follow; any other error is the last thing it yields. Days are read ahead, in parallel, as by Search.
func (b *Book) Events(ctx context.Context, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for entry, err := range b.Search(ctx, q) {
			if !yield(entry.Event, err) {
				return
			}
		}
	}
}

// DayEvents yields the events of one day from the byte offset from on, which is the beginning of a line: 0, or the end of
// an Entry. A day without a file has none. Errors are those of Events.
func (b *Book) DayEvents(ctx context.Context, day Day, from int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		f, size, err := b.openDay(day)
		if err != nil || f == nil {
			if err != nil {
				yield(Entry{}, err)
			}
			return
		}
		defer f.Close() // nothing was written
		stop := errors.New("stop")
		var p dayfile.Parser
		err = dayfile.Scan(f, from, size, func(l dayfile.Line) error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			l.Text = bytes.Clone(l.Text)
			entry, err := b.entry(&p, day, l)
			if !yield(entry, err) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(Entry{}, err)
		}
	}
}

// DaySize returns how many bytes of whole lines the day's file has now; 0 if there is no file.
func (b *Book) DaySize(day Day) (int64, error) {
	f, size, err := b.openDay(day)
	if err != nil || f == nil {
		return 0, err
	}
	defer f.Close() // nothing was written
	end, err := lastNewline(f, size)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", b.dayPath(day), err)
	}
	return end, nil
}

// openDay opens a day's file for reading. Without one it returns no file and no error. A line that is just being written
// may be seen in part: openDay waits a few milliseconds for its end.
func (b *Book) openDay(day Day) (durable.File, int64, error) {
	name := b.dayPath(day)
	info, err := b.fsys.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if link := b.strayLink(day); link != "" {
			return nil, 0, fmt.Errorf("%s is a link that leads nowhere: bring back what it led to", link)
		}
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode.IsRegular() { // to open a pipe is to wait for its writer
		return nil, 0, fmt.Errorf("%s is no regular file: move it away", name)
	}
	f, err := b.fsys.Open(name, false)
	if err != nil {
		return nil, 0, err
	}
	for try := 0; ; try++ {
		info, err := f.Stat()
		if err == nil && info.Size > 0 {
			var last [1]byte
			if _, err = f.ReadAt(last[:], info.Size-1); err == nil && last[0] != '\n' && try < 5 {
				time.Sleep(time.Millisecond << try)
				continue
			}
		}
		if err != nil {
			return nil, 0, errors.Join(fmt.Errorf("read %s: %w", b.dayPath(day), err), f.Close())
		}
		return f, info.Size, nil
	}
}

// lastNewline returns the offset behind the last newline before size.
func lastNewline(f durable.File, size int64) (int64, error) {
	var buf [4096]byte
	for end := size; end > 0; {
		start := max(0, end-int64(len(buf)))
		n, err := f.ReadAt(buf[:end-start], start)
		if int64(n) < end-start {
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

// entry reads one line, whose text is then the Entry's.
func (b *Book) entry(p *dayfile.Parser, day Day, l dayfile.Line) (Entry, error) {
	pos := Position{Day: day, Offset: l.Offset, Length: int(l.Length)}
	damaged := func(reason string) (Entry, error) {
		if !l.Whole {
			reason = "unfinished last line: " + reason
		}
		return Entry{Position: pos}, &DamageError{File: b.dayPath(day), Offset: l.Offset, Length: l.Length, Reason: reason}
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
func (b *Book) stored(p *dayfile.Parser, line []byte) (Event, error) {
	e, err := newEvent(p, line, true)
	return e.In(b.zone), err
}
