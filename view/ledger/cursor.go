package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"hash/crc32"
	"io"

	"daybook"
	"daybook/internal/durable"
)

// cursor is how far a day is posted.
type cursor struct {
	posted  int64 // bytes of the day's file, the end of a line
	sum     uint32
	tail    int64 // where the last line of these begins
	tailSum uint32
	file    durable.FileID
	damaged int64 // lines that were left out
	// Of a day that is retired by deletion: how many bytes its earlier files had, behind which the present one's lines stand, and
	// how many bytes of the present one may be deleted at any time.
	base       int64
	retired    int64
	retiredSum uint32
}

// cursorColumns are what cursorOf takes, in the order of the table's columns, by a connection to a ledger of a version.
func cursorColumns(c *conn) (string, error) {
	columns := "posted, sum, tail, tail_sum, device, inode, damaged"
	v, err := c.value("PRAGMA user_version")
	if n, ok := v.(int64); ok && n < 2 { // it is only read
		return columns + ", 0, 0, 0", err
	}
	return columns + ", base, retired, retired_sum", err
}

func readCursors(c *conn) (map[daybook.Day]cursor, error) {
	cursors := make(map[daybook.Day]cursor)
	columns, err := cursorColumns(c)
	if err != nil {
		return nil, err
	}
	err = c.each("SELECT day, "+columns+" FROM cursors", nil, func(v []driver.Value) error {
		day, err := c.day("cursors", v[0])
		cursors[day] = cursorOf(v[1:])
		return err
	})
	return cursors, err
}

// day reads the day that a row of a table is of.
func (c *conn) day(table string, v driver.Value) (daybook.Day, error) {
	day, err := daybook.ParseDay(asText(v))
	if err != nil {
		err = c.damaged("%s has a row of the day %q", table, v)
	}
	return day, err
}

// readCursor returns the cursor of a day, the zero one if it has none.
func readCursor(c *conn, day daybook.Day) (k cursor, err error) {
	columns, err := cursorColumns(c)
	if err != nil {
		return k, err
	}
	err = c.each("SELECT "+columns+" FROM cursors WHERE day = ?", []any{day.String()}, func(v []driver.Value) error {
		k = cursorOf(v)
		return nil
	})
	return k, err
}

func cursorOf(v []driver.Value) cursor {
	n := func(i int) int64 {
		n, _ := v[i].(int64)
		return n
	}
	return cursor{
		posted: n(0), sum: uint32(n(1)), tail: n(2), tailSum: uint32(n(3)),
		file: durable.FileID{Device: uint64(n(4)), Inode: uint64(n(5))}, damaged: n(6),
		base: n(7), retired: n(8), retiredSum: uint32(n(9)),
	}
}

// isStill reports whether the database has the cursor of a day as it was read; the zero cursor stands for none.
func (k cursor) isStill(c *conn, day daybook.Day) (same bool, err error) {
	now, err := readCursor(c, day)
	return now == k, err
}

func (k cursor) write(c *conn, day daybook.Day) error {
	return c.exec("INSERT OR REPLACE INTO cursors VALUES (?,?,?,?,?,?,?,?,?,?,?)", day.String(), k.posted, int64(k.sum), k.tail,
		int64(k.tailSum), int64(k.file.Device), int64(k.file.Inode), k.damaged, k.base, k.retired, int64(k.retiredSum))
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// job is a day that has something to post.
type job struct {
	day    daybook.Day
	was    cursor // as the database has it; zero if it has none
	base   int64  // where the file's lines begin in the ledger, see cursor
	from   int64  // in the file; 0 if the day is to be posted anew
	anew   bool   // there are rows that may be others than the day's lines
	extent daybook.Extent
}

// plan compares a day with its cursor. It is not ok if there is nothing to do.
func (v *View) plan(ctx context.Context, day daybook.Day, settle bool) (j job, ok bool, err error) {
	j = job{day: day, was: v.cursors[day]}
	j.base = j.was.base
	looks, err := lookAt(v.book, day)
	if err == nil && v.seen[day].fits(looks.String(), j.was) {
		return j, false, nil
	}
	x, err := v.extent(ctx, day, settle, j.was.posted)
	if err != nil {
		return j, false, err
	}
	j.extent = x
	fits, err := v.fits(day, j.was, x)
	if err != nil {
		return j, false, err
	}
	if fits {
		if looks.old && x.Size == j.was.posted && x.File == j.was.file && holds(v.book, day, x) {
			v.glanced[day] = glance{looks.String(), j.was.posted, j.was.sum}
		}
		j.from = j.was.posted
		return j, x.Size > j.from || x.File != j.was.file && x.Size > 0, nil
	}
	j.anew = true
	another, err := v.isAnother(day, j.was, x)
	if another { // what was retired is gone, and late events have come since
		j.base += j.was.posted
	}
	return j, err == nil, err
}

// extent returns how much of a day may be posted. If that is less than what was, or nothing is known, the day is settled
// first, for a mark is only a lower bound: rows go only where the file itself has become shorter.
func (v *View) extent(ctx context.Context, day daybook.Day, settle bool, posted int64) (daybook.Extent, error) {
	if !settle {
		x, err := v.book.Durable(day)
		if err != nil || x.Size > 0 && x.Size >= posted {
			return x, err
		}
	}
	return v.book.Settle(ctx, day)
}

// fits reports whether what was posted is still the day's beginning. A day that has not grown is compared by the mark's
// checksum, one that has by reading what was posted; but while this View looks on, and the file stays the same one, only by
// its last line. (That a file is the same its number alone does not say: numbers are used again, at once where days are replaced
// whole.)
func (v *View) fits(day daybook.Day, k cursor, x daybook.Extent) (bool, error) {
	switch {
	case x.Size < k.posted:
		return false, nil
	case x.Size == k.posted:
		return x.Sum == k.sum, nil
	case k.posted == 0:
		return true, nil
	}
	from, want := int64(0), k.sum
	if v.looked[day] && x.File == k.file && v.book.Settings().Write != daybook.WriteReplace {
		from, want = k.tail, k.tailSum
	}
	sum, err := v.book.Sum(day, 0, from, k.posted)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	v.looked[day] = err == nil && sum == want
	return v.looked[day], err
}
