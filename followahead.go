package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"

	"daybook/internal/dayfile"
	"daybook/internal/jsonline"
)

// followBatch is about how many bytes of lines are read ahead.
const followBatch = 1 << 20

// readTo yields the lines of a day up to the end of x. same is false if the bytes are not those that x vouches for.
func (f *follower) readTo(ctx context.Context, d *followedDay, x Extent) (same bool, err error) {
	for d.offset < x.Size {
		batch, err := f.ahead(d, x)
		if err != nil || len(batch) == 0 {
			return false, err
		}
		if f.baseOf != d {
			f.base, f.baseOf = f.token().days, d
		}
		for _, r := range batch {
			if ctx.Err() != nil {
				return true, errStop
			}
			d.cursor = r.end
			if err := f.hand(Followed{r.entry, Token{f.first, f.base, r.end}}, r.err); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// lineAhead is a line that was read and not yielded yet.
type lineAhead struct {
	entry Entry
	err   error // a *DamageError, or nil
	end   cursor
}

// ahead reads the next lines of a day, some of those up to the end of x. There are none if the bytes up to there are not
// those that x vouches for. The file is closed again: while the events are used, others may replace it.
func (f *follower) ahead(d *followedDay, x Extent) (batch []lineAhead, err error) {
	c, err := f.b.openDay(d.day)
	if err != nil || c == nil {
		return nil, err
	}
	defer c.Close() // nothing was written
	if c.size < x.Size {
		return nil, nil
	}
	if now := (vouched{c.id(), x.Size, x.Sum}); d.checked != now {
		sum, err := c.sum(d.sum, d.offset, x.Size)
		if err != nil || sum != x.Sum {
			return nil, err
		}
		d.checked = now
	}
	var p jsonline.Parser
	end, bytesRead := d.cursor, 0
	err = dayfile.Scan(c, d.offset, x.Size, func(l dayfile.Line) error {
		if bytesRead > followBatch {
			return errStop
		}
		next, err := end.behind(c, l)
		if err != nil {
			return err
		}
		end = next
		l.Text = bytes.Clone(l.Text)
		entry, err := f.b.entry(&p, c, d.day, l)
		batch = append(batch, lineAhead{entry, err, end})
		bytesRead += int(l.Length)
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return nil, fmt.Errorf("read %s: %w", f.b.dayPath(d.day), err)
	}
	if end.offset == x.Size && end.sum != x.Sum { // rewritten in place at this moment
		return nil, nil
	}
	return batch, nil
}

// behind returns the cursor behind a line of a day.
func (k cursor) behind(c *content, l dayfile.Line) (cursor, error) {
	var err error
	if k.offset = l.Offset + l.Length; l.Lines > 1 || l.Text == nil && l.Length > 1 {
		k.sum, err = c.sum(k.sum, l.Offset, k.offset)
		return k, err
	}
	k.sum = crc32.Update(k.sum, castagnoli(), l.Text)
	if l.Whole {
		k.sum = crc32.Update(k.sum, castagnoli(), []byte{'\n'})
	}
	return k, nil
}

// restart has a day followed from its beginning.
func (f *follower) restart(d *followedDay) {
	*d = followedDay{cursor: cursor{day: d.day}, warm: d.warm, fresh: true}
	f.baseOf = nil
}

// restartFor is restart for a day that cannot be followed from where it was read to, and says so, unless it has ended there.
func (f *follower) restartFor(d *followedDay, why error) error {
	over := f.ended(d.cursor)
	if f.restart(d); over {
		return nil
	}
	return f.hand(Followed{Token: f.token()}, &DayError{Day: d.day, Err: why})
}

// ended reports whether a day was deleted when it was retired, and had no more by then than was read of it: what has come since
// begins anew.
func (f *follower) ended(c cursor) bool {
	file, err := f.b.fsys.Open(filepath.Join(f.b.dayDir(c.day), dayfile.SumsName), false)
	if err != nil {
		return false // then nothing says so
	}
	defer file.Close() // nothing was written
	data, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<20))
	if err != nil {
		return false
	}
	sums, err := dayfile.ParseSums(data)
	return err == nil && len(sums.Deleted) > 0 && sums.Deleted[len(sums.Deleted)-1].Size == c.offset
}
