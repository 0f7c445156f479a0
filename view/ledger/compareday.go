package ledger

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"maps"
	"slices"

	"daybook"
	"daybook/learning"
)

// comparer compares days by one connection: one goroutine's at a time.
type comparer struct {
	b       *daybook.Book
	c       *conn
	palette learning.Palette
	sum     int64 // of the palette
}

// strays finds what is of no day: rows and figures without a cursor.
func (k *comparer) strays() (list []Difference, err error) {
	cursors, err := readCursors(k.c)
	if err != nil {
		return nil, err
	}
	days := slices.SortedFunc(maps.Keys(cursors), daybook.Day.Compare)
	for _, t := range []struct{ table, id string }{{"events", "id"}, {"texts", "rowid"}, {"learned", "id"}} {
		from := int64(-1 << 63)
		for i := range len(days) + 1 {
			to, next := int64(1<<63-1), int64(0)
			if i < len(days) {
				to, next = bounds(days[i])
				to, next = to-1, next+1
			}
			found, err := k.c.value("SELECT "+t.id+" FROM "+t.table+" WHERE "+t.id+" BETWEEN ? AND ? LIMIT 1", from, to)
			if err != nil {
				return list, err
			}
			if found != nil {
				list = append(list, Difference{Offset: -1, Reason: fmt.Sprintf("%s has the row %v, of a day that was never posted", t.table, found)})
			}
			from = next
		}
	}
	for _, table := range []string{"days", "counts"} {
		found, err := k.c.value("SELECT day FROM " + table + " WHERE day NOT IN (SELECT day FROM cursors) LIMIT 1")
		if err != nil {
			return list, err
		}
		if found != nil {
			list = append(list, Difference{Offset: -1, Reason: fmt.Sprintf("%s has figures of %q, which was never posted", table, found)})
		}
	}
	return list, nil
}

// day compares a day. Others may post and repair it meanwhile: what was found is true if the file still is what the rows
// were compared with.
func (k *comparer) day(ctx context.Context, day daybook.Day) (list []Difference, err error) {
	for try := 0; ; try++ {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		c, err := k.compareOnce(ctx, day)
		if d, ok := asDifference(err); ok {
			d.Day = day
			return []Difference{d}, nil
		}
		if err != nil {
			return nil, err
		}
		if !c.wrong || c.gone || try == 3 {
			return c.result(), nil
		}
		if fits, err := k.fits(day, c.at); err == nil && fits {
			return c.result(), nil
		}
	}
}

// fits reports whether the day's file begins with what a cursor says was posted.
func (k *comparer) fits(day daybook.Day, at cursor) (bool, error) {
	sum, err := k.b.Sum(day, 0, 0, at.posted)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return sum == at.sum, err
}

// comparison is that of one day.
type comparison struct {
	k     *comparer
	day   daybook.Day
	from  int64 // bounds of the day: to ask for them for each row takes most of the time
	to    int64
	name  string
	at    cursor
	gone  bool // the day has no file: what the ledger has is compared with itself
	list  []Difference
	more  int // lines that differ, too
	wrong bool
	lines int   // that are not posted
	first int64 // the offset of the first of these
}

func (c *comparison) result() []Difference {
	list := c.list
	if c.more > 0 {
		list = append(list, Difference{Day: c.day, Offset: -1, Reason: fmt.Sprintf("%d more lines differ", c.more)})
	}
	if c.lines > 0 {
		list = append(list, Difference{Day: c.day, Behind: true, Events: c.lines, Offset: c.first, Reason: "lines from here on are not posted"})
	}
	return list
}

// differs notes what is wrong with a line; offset is -1 for what is wrong with the day.
func (c *comparison) differs(offset int64, id, format string, args ...any) {
	c.wrong = true
	if offset >= 0 && len(c.list) >= maxDifferences {
		c.more++
		return
	}
	c.list = append(c.list, Difference{Day: c.day, Offset: offset, EventID: id, Reason: fmt.Sprintf(format, args...)})
}

func (c *comparison) behind(reason string) {
	c.list = append(c.list, Difference{Day: c.day, Behind: true, Offset: -1, Reason: reason})
}

// compareOnce compares a day with the ledger as it is at one moment.
func (k *comparer) compareOnce(ctx context.Context, day daybook.Day) (c *comparison, err error) {
	c = &comparison{k: k, day: day}
	c.from, c.to = bounds(day)
	c.name = day.String()
	if err := k.c.exec("BEGIN"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, k.c.rollback()) }()
	if c.at, err = readCursor(k.c, day); err != nil {
		return nil, err
	}
	days, err := k.b.DaySize(day)
	if err != nil {
		return nil, err
	}
	if days == 0 {
		if c.gone, err = k.isGone(day); err != nil {
			return nil, err
		}
	}
	if !c.gone {
		fits, err := k.fits(day, c.at)
		if err != nil {
			return nil, err
		}
		if !fits {
			c.behind("the day's file is not what was posted any more; it is posted anew by the next posting")
			return c, nil
		}
	}
	return c, c.compare(ctx)
}

// isGone reports whether a day has no file.
func (k *comparer) isGone(day daybook.Day) (bool, error) {
	days, err := k.b.Days()
	return err == nil && !slices.Contains(days, day), err
}

// compare compares rows and figures.
func (c *comparison) compare(ctx context.Context) error {
	start, err := colorsBefore(c.k.c, c.day)
	if err != nil {
		return err
	}
	fig := newFigures(c.day, c.k.b.Zone(), c.k.palette, c.k.sum, start)
	lines := c.fileLines(ctx)
	switch {
	case c.gone:
		lines = c.ownLines(1 << 40)
	case c.at.base > 0:
		own, file := c.ownLines(c.at.base), lines
		lines = func(yield func(*row, error) bool) {
			for r, err := range own {
				if !yield(r, err) {
					return
				}
			}
			file(yield)
		}
	}
	if err := c.rows(lines, fig); err != nil {
		return err
	}
	if c.wrong { // the figures differ then, too
		return nil
	}
	return c.figures(fig)
}

// fileLines yields what the rows should be, by the day's file. It counts what is not posted.
func (c *comparison) fileLines(ctx context.Context) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		base, damaged := c.from|c.at.base, int64(0)
		var before *earlier
		if c.at.base > 0 {
			var err error
			if before, err = readEarlier(c.k.c, c.day, c.at.base); err != nil {
				yield(nil, err)
				return
			}
		}
		for e, err := range c.k.b.DayEvents(ctx, c.day, 0) {
			var damage *daybook.DamageError
			bad := errors.As(err, &damage)
			switch {
			case err != nil && !bad:
				yield(nil, err)
				return
			case bad && damage.Lines == 0: // Verify tells of it
			case bad && damage.Position.Offset < c.at.posted: // Offset is that in its file, of which a retired day may have two
				damaged++
			case bad: // what may be half written is nothing to post
			case e.Position.Offset >= c.at.posted:
				if c.lines++; c.lines == 1 {
					c.first = e.Position.Offset
				}
			default:
				r := newRow(e, base, c.k.palette)
				if known, err := before.has(c.k.c, r); err != nil {
					yield(nil, err)
					return
				} else if !known && !yield(r, nil) {
					return
				}
			}
		}
		if damaged != c.at.damaged {
			c.differs(-1, "", "the ledger says that %d damaged lines were left out, there are %d", c.at.damaged, damaged)
		}
	}
}

// ownLines yields what the rows should be before an offset, by the lines that the ledger has itself; these must come to the
// cursor's checksum, if they are of one file.
func (c *comparison) ownLines(before int64) iter.Seq2[*row, error] {
	return func(yield func(*row, error) bool) {
		from, to := c.from, c.from+before-1
		whole := c.at.damaged == 0 && c.at.base == 0
		r, err := c.k.c.read("SELECT id, line FROM events WHERE id BETWEEN ? AND ? ORDER BY id", from, to)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.rows.Close() // nothing is written by it
		sum, end := uint32(0), from
		for ; !r.ended && err == nil; err = r.next() {
			line := asText(r.values[1])
			e, perr := daybook.ParseEvent([]byte(line))
			if perr != nil {
				c.differs(r.id()-from, "", "events: the row is no event: %v", perr)
				continue
			}
			if r.id() != end && whole {
				c.differs(end-from, "", "events: the rows of %d bytes are missing; the day's file is gone", r.id()-end)
			}
			sum = crc32.Update(sum, castagnoli(), []byte(line+"\n"))
			want := parseRow(e.In(c.k.b.Zone()), line, r.id(), c.k.palette)
			want.day, end = c.day, from+want.end
			if !yield(want, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
			return
		}
		if whole && !c.wrong && (sum != c.at.sum || end != from+c.at.posted) {
			c.differs(-1, "", "the lines that the ledger has are not those that were posted; the day's file is gone")
		}
	}
}

// rows compares the rows of events and texts with lines, and adds the lines to fig.
func (c *comparison) rows(lines iter.Seq2[*row, error], fig *figures) error {
	from, to := c.from, c.to
	got, err := c.k.c.read("SELECT id, day, event_id, timestamp, utc_offset, event_type, canvas_id, camera_id, node_id, line "+
		"FROM events WHERE id BETWEEN ? AND ? ORDER BY id", from, to)
	if err != nil {
		return err
	}
	defer got.rows.Close() // nothing is written by it
	texts, err := c.k.c.read("SELECT rowid FROM texts WHERE rowid BETWEEN ? AND ? ORDER BY rowid", from, to)
	if err != nil {
		return err
	}
	defer texts.rows.Close() // nothing is written by it
	for want, err := range lines {
		if err != nil {
			return err
		}
		if err := c.surplus(got, texts, want.id); err != nil {
			return err
		}
		if err := c.row(got, texts, want); err != nil {
			return err
		}
		fig.add(want)
	}
	return c.surplus(got, texts, to+1)
}

// surplus passes over the rows before id, which are of no line.
func (c *comparison) surplus(got, texts *readRows, id int64) error {
	from := c.from
	for got.id() < id || texts.id() < id {
		at := min(got.id(), texts.id())
		row, text := got.id() == at, texts.id() == at
		if row {
			c.differs(at-from, asText(got.values[2]), "events: there is a row of a line that is not there")
			if err := got.next(); err != nil {
				return err
			}
		}
		if text {
			if !row {
				c.differs(at-from, "", "texts: there are words of a line that has none")
			}
			if err := texts.next(); err != nil {
				return err
			}
		}
	}
	return nil
}
