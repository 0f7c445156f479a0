package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"daybook"
	"daybook/internal/durable"
)

// newSuffix is that of a ledger that is being rebuilt, beside the one that it is to replace.
const newSuffix = ".new"

// journalSuffix is what SQLite adds to the name of a database for its rollback journal, without which a database is not
// whole while a transaction is on disk.
const journalSuffix = "-journal"

// Rebuilt is what Rebuild came to.
type Rebuilt struct {
	Summary
	Carried int    // days that the book no longer has, and that only the old ledger had
	Kept    string // where the old one is now, if it was none that could be read; else ""
}

// Rebuild makes a new ledger of the book and puts it in the old one's place, as a whole: whoever reads it meanwhile has the
// old one. Days that the book no longer has are taken over from the old ledger. If that is no ledger, or damaged, it is
// kept aside under another name. One of a newer Daybook is left alone: that is an error.
//
// Calls when the new one is made: sync new; if the old one is kept aside, rename journal kept-journal, rename old kept; rename new
// old, syncdir. A crash before the last rename leaves the old one, or none, and the new one beside it, which the next posting
// removes.
func (v *View) Rebuild(ctx context.Context) (r Rebuilt, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.acquire(ctx); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, v.lock.Release()) }()
	old, err := v.openOld()
	var wrong *Error
	switch {
	case errors.As(err, &wrong) && (wrong.Problem == Foreign || wrong.Problem == Damaged):
		if r.Kept, err = v.freeName(); err != nil {
			return r, err
		}
	case isMissing(err):
	case err != nil:
		return r, err
	}
	next := &View{
		opts: v.opts, book: v.book, file: v.file + newSuffix, palette: v.palette, sum: v.sum, rows: v.rows, bulk: v.bulk, test: v.test,
	}
	defer func() {
		v.forget()
		if err != nil {
			err = errors.Join(err, next.remove())
		}
	}()
	if err = next.remove(); err == nil && old != nil {
		err = next.carryEarlier(ctx, old)
	}
	if err == nil {
		err = next.pass(ctx, true, &r.Summary)
	}
	if old != nil {
		if err == nil {
			r.Carried, err = next.carry(ctx, old)
		}
		err = errors.Join(err, old.close())
		if codeOf(err) == sqliteCorrupt { // found only now
			var ferr error
			if r.Kept, ferr = v.freeName(); ferr == nil {
				err = nil
			}
		}
	}
	if err != nil {
		return r, err
	}
	return r, v.replace(next.file, r.Kept)
}

// acquire takes the ledger's lock.
func (v *View) acquire(ctx context.Context) error {
	if v.book == nil {
		return errors.New("the ledger is not open")
	}
	err := v.lock.Acquire(ctx, v.opts.LockTimeout)
	if errors.Is(err, durable.ErrLocked) {
		err = &Error{v.file, Busy, "another program has been posting to the ledger for long", err}
	}
	return err
}

// openOld opens the ledger that is to be replaced, for which SQLite first takes back what a crash has left half done.
func (v *View) openOld() (*conn, error) {
	if err := look(v.book.FS(), v.file); err != nil {
		return nil, err
	}
	c, err := open(v.file, "mode=rw")
	if err != nil {
		return nil, err
	}
	if err = c.known(); err == nil {
		var tables driver.Value
		if tables, err = c.value("SELECT count(*) FROM sqlite_schema"); err == nil && tables == int64(0) {
			err = &Error{v.file, Missing, "it is empty", nil}
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// freeName returns a name for an old ledger that is kept aside.
func (v *View) freeName() (string, error) {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s.kept-%d", v.file, n)
		_, err := v.book.FS().Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// replace puts the new ledger in the old one's place, and the old one aside if kept names a place for it.
func (v *View) replace(next, kept string) error {
	fsys := v.book.FS()
	f, err := fsys.Open(next, true)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), v.at("built")); err != nil {
		return err
	}
	if kept != "" {
		err := fsys.Rename(v.file+journalSuffix, kept+journalSuffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := errors.Join(fsys.Rename(v.file, kept), v.at("kept")); err != nil {
			return err
		}
	}
	if err := durable.Rename(fsys, next, v.file); err != nil {
		return fmt.Errorf("put the new ledger in its place: %w", err)
	}
	_ = fsys.Remove(next + journalSuffix) // an empty file that the next posting removes
	return v.at("renamed")
}

// remove removes the file of a ledger that is being rebuilt, or that a crash has left so.
func (v *View) remove() error {
	for _, name := range []string{v.file + journalSuffix, v.file} {
		if err := v.book.FS().Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// carry takes over the days that the book no longer has.
func (v *View) carry(ctx context.Context, old *conn) (n int, err error) {
	cursors, err := readCursors(old)
	if err != nil {
		return 0, err
	}
	days, err := v.book.Days()
	if err != nil {
		return 0, err
	}
	var gone []daybook.Day
	for day, k := range cursors {
		if !slices.Contains(days, day) && k.posted > 0 {
			gone = append(gone, day)
		}
	}
	if len(gone) == 0 {
		return 0, nil
	}
	return len(gone), v.carryDays(ctx, old, gone, func(day daybook.Day) (cursor, int64) { return cursors[day], 1 << 40 })
}

// carryEarlier takes over what only the old ledger has of days that the book has: events of files that were deleted, before
// late events came.
func (v *View) carryEarlier(ctx context.Context, old *conn) error {
	cursors, err := readCursors(old)
	if err != nil {
		return err
	}
	days, err := v.book.Days()
	if err != nil {
		return err
	}
	bases := make(map[daybook.Day]int64)
	var list []daybook.Day
	for _, day := range days {
		k := cursors[day]
		if k.base == 0 && k.retired == 0 {
			continue
		}
		x, err := v.book.Settle(ctx, day)
		if err != nil {
			return err
		}
		another, err := v.isAnother(day, k, x)
		if err != nil {
			return err
		}
		base := k.base
		if another {
			base += k.posted
		}
		if base > 0 {
			list, bases[day] = append(list, day), base
		}
	}
	if len(list) == 0 {
		return nil
	}
	return v.carryDays(ctx, old, list, func(day daybook.Day) (cursor, int64) { return cursor{base: bases[day]}, bases[day] })
}

// carryDays takes over days, of which of says up to where, and which cursor they get.
func (v *View) carryDays(ctx context.Context, old *conn, days []daybook.Day, of func(daybook.Day) (cursor, int64)) error {
	slices.SortFunc(days, daybook.Day.Compare)
	c, err := openToWrite(v.book.FS(), v.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	p, err := v.newPoster(c, &Summary{}, func(int64) {})
	defer p.close()
	for _, day := range days {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			k, to := of(day)
			err = c.transaction(func() error { return p.carry(old, day, k, to) })
		}
	}
	if err == nil {
		_, err = v.refresh(ctx, c)
	}
	return err
}

// carry takes over one day's events before the offset end.
func (p *poster) carry(old *conn, day daybook.Day, k cursor, end int64) error {
	from, to := place(day, 0), place(day, 0)+end-1
	err := old.each("SELECT id, line FROM events WHERE id BETWEEN ? AND ? ORDER BY id", []any{from, to},
		func(values []driver.Value) error {
			id, _ := values[0].(int64)
			r, err := p.v.storedRow(old.file, id, asText(values[1]))
			if err != nil {
				return err
			}
			return p.put(r, day.String())
		})
	if err == nil {
		err = k.write(p.c, day)
	}
	if err != nil {
		return err
	}
	f, err := p.v.readFigures(p.c, day)
	if err != nil {
		return err
	}
	return f.write(p.c)
}
