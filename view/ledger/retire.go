package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"path/filepath"

	"daybook"
)

// Prove compares a day with what the book has of it, the extent x, as Compare does, for who is about to retire it. If it is to be
// deleted, Prove also writes down, durably, that it may be gone from now on at any time: then what the ledger has of it stays, and
// the lines of a file that comes into the place of the day's, of late events, stand behind. It returns how many events the ledger
// has of the day.
func (v *View) Prove(ctx context.Context, day daybook.Day, x daybook.Extent, deleted bool) (events int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.compare(ctx, day, x.Size); err != nil {
		return 0, err
	}
	if sum, err := v.book.Sum(day, 0, 0, x.Size); err != nil || sum != x.Sum {
		return 0, errors.Join(err, fmt.Errorf("%s: %w", day, errReplaced))
	}
	if deleted {
		if err := v.mayGo(ctx, day, x); err != nil {
			return 0, err
		}
	}
	c, err := openToRead(ctx, v.book.FS(), v.file)
	if err != nil {
		return 0, err
	}
	defer c.close() // nothing was written
	n, err := c.value("SELECT events FROM days WHERE day = ?", day.String())
	count, _ := n.(int64)
	return int(count), err
}

// mayGo writes down that a day may be deleted.
func (v *View) mayGo(ctx context.Context, day daybook.Day, x daybook.Extent) (err error) {
	if err := v.acquire(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.lock.Release()) }()
	c, err := openToWrite(ctx, v.book.FS(), v.file)
	if err != nil {
		return err
	}
	// What is known of the ledger stays known, but for this day: a retirement of many days does not read all cursors for each.
	info, err := v.book.FS().Stat(v.file)
	if err != nil || info != v.left {
		v.forget()
	}
	defer func() {
		err = errors.Join(err, c.close())
		if info, serr := v.book.FS().Stat(v.file); err != nil || serr != nil {
			v.forget()
		} else if v.cursors != nil {
			v.left = info
		}
	}()
	var k cursor
	err = c.transaction(func() error {
		k, err = readCursor(c, day)
		if err == nil && k.posted < x.Size {
			err = errMoved
		}
		if err != nil {
			return err
		}
		k.retired, k.retiredSum = x.Size, x.Sum
		return errors.Join(k.write(c, day), v.at("proven"))
	})
	if err != nil {
		return err
	}
	if v.cursors != nil {
		v.cursors[day] = k
	}
	// SQLite syncs what it writes; the names of the files are this package's.
	return v.book.FS().SyncDir(filepath.Dir(v.file))
}

// isAnother reports whether the file that a cursor's retired bytes were in is gone from a day, which has the extent x now.
func (v *View) isAnother(day daybook.Day, k cursor, x daybook.Extent) (bool, error) {
	if k.retired == 0 || x.Size < k.retired {
		return k.retired > 0, nil
	}
	sum, err := v.book.Sum(day, 0, 0, k.retired)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return true, nil
	}
	return err == nil && sum != k.retiredSum, err
}

// earlier are the events of a day's deleted files, by a hash of their lines: whose events come again, by somebody who does not
// know that they are there, are not posted twice. The book cannot tell any more.
type earlier struct{ ids map[uint64]int64 }

func readEarlier(c *conn, day daybook.Day, base int64) (*earlier, error) {
	e := &earlier{ids: make(map[uint64]int64)}
	err := c.each("SELECT id, line FROM events WHERE id BETWEEN ? AND ?", []any{place(day, 0), place(day, base) - 1},
		func(v []driver.Value) error {
			id, _ := v[0].(int64)
			e.ids[lineHash(asText(v[1]))] = id
			return nil
		})
	return e, err
}

func lineHash(line string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, line) // a hash takes everything
	return h.Sum64()
}

// has reports whether the line of a row is among them.
func (e *earlier) has(c *conn, r *row) (bool, error) {
	if e == nil {
		return false, nil
	}
	id, ok := e.ids[lineHash(r.line)]
	if !ok {
		return false, nil
	}
	line, err := c.value("SELECT line FROM events WHERE id = ?", id)
	return err == nil && asText(line) == r.line, err
}
