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
	Lost    int    // days that were retired by deletion and that it does not have: they are in the file Kept, if anywhere
	Kept    string // where the old one is now, if it, or some of it, could not be read; else ""
}

// Rebuild makes a new ledger of the book and puts it in the old one's place, as a whole: whoever reads it meanwhile has the
// old one. Days that the book no longer has are taken over from the old ledger. If that is no ledger, or damaged, it is
// kept aside under another name, and those of its days that can be read are taken over. One of a newer Daybook is left alone:
// that is an error.
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
	return v.rebuild(ctx, true)
}

// rebuild is Rebuild under the lock. Unless keep is set, an old ledger that cannot be read is an error.
func (v *View) rebuild(ctx context.Context, keep bool) (r Rebuilt, err error) {
	old, err := v.openOld(ctx)
	var wrong *Error
	switch {
	case keep && errors.As(err, &wrong) && (wrong.Problem == Foreign || wrong.Problem == Damaged):
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
	var lost error
	err = next.remove()
	if err == nil && old != nil {
		lost, err = next.carryEarlier(ctx, old)
	}
	if err == nil {
		err = next.pass(ctx, true, &r.Summary)
	}
	if old != nil {
		if err == nil && lost == nil {
			lost, err = next.carry(ctx, old, &r)
		}
		err = errors.Join(err, old.close())
	}
	if err == nil && lost != nil {
		if err = lost; keep {
			r.Kept, err = v.freeName()
		}
	}
	if err == nil {
		r.Lost, err = next.lost(ctx)
	}
	if err != nil {
		return r, err
	}
	return r, v.replace(next.file, r.Kept)
}

// lost counts the days that were retired by deletion and are not in the ledger.
func (v *View) lost(ctx context.Context) (int, error) {
	c, err := openToRead(ctx, v.book.FS(), v.file)
	if err != nil {
		return 0, err
	}
	defer c.close() // nothing was written
	cursors, err := readCursors(c)
	if err != nil {
		return 0, err
	}
	days, err := lacking(v.book, cursors, func(daybook.Day) bool { return true })
	return len(days), err
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
	return refused(v.file, err)
}

// openOld opens the ledger that is to be replaced, for which SQLite first takes back what a crash has left half done.
func (v *View) openOld(ctx context.Context) (*conn, error) {
	found, err := look(v.book.FS(), v.file)
	if err != nil {
		return nil, err
	}
	c, err := open(ctx, v.file, "mode=rw", found)
	if err != nil {
		return nil, err
	}
	n, err := c.known()
	if err == nil && n == 0 {
		err = &Error{v.file, Missing, "it is empty", nil}
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

// isLost reports whether an error says that an old ledger cannot be read, or some of it.
func isLost(old *conn, err error) bool {
	var wrong *Error
	return errors.As(err, &wrong) && wrong.Problem == Damaged && wrong.File == old.file
}

// carry takes over the days that the book no longer has. lost is why there are some that it does not.
func (v *View) carry(ctx context.Context, old *conn, r *Rebuilt) (lost, err error) {
	cursors, err := readCursors(old)
	if isLost(old, err) {
		return err, nil
	}
	if err != nil {
		return nil, err
	}
	days, err := v.book.Days()
	if err != nil {
		return nil, err
	}
	var gone []daybook.Day
	for day, k := range cursors {
		if _, there := slices.BinarySearchFunc(days, day, daybook.Day.Compare); !there && k.posted > 0 {
			gone = append(gone, day)
		}
	}
	r.Carried, lost, err = v.carryDays(ctx, old, gone, func(day daybook.Day) (cursor, int64) { return cursors[day], 1 << 40 })
	return lost, err
}

// carryEarlier takes over what only the old ledger has of days that the book has: events of files that were deleted, before
// late events came.
func (v *View) carryEarlier(ctx context.Context, old *conn) (lost, err error) {
	cursors, err := readCursors(old)
	if isLost(old, err) {
		return err, nil
	}
	if err != nil {
		return nil, err
	}
	days, err := v.book.Days()
	if err != nil {
		return nil, err
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
			return nil, err
		}
		another, err := v.isAnother(day, k, x)
		if err != nil {
			return nil, err
		}
		base := k.base
		if another {
			base += k.posted
		}
		if base > 0 {
			list, bases[day] = append(list, day), base
		}
	}
	_, lost, err = v.carryDays(ctx, old, list, func(day daybook.Day) (cursor, int64) { return cursor{base: bases[day]}, bases[day] })
	return lost, err
}

// carryDays takes over n of the days, of which of says up to where, and which cursor they get. lost is why it is not all of them.
func (v *View) carryDays(
	ctx context.Context, old *conn, days []daybook.Day, of func(daybook.Day) (cursor, int64),
) (n int, lost, err error) {
	if len(days) == 0 {
		return 0, nil, nil
	}
	slices.SortFunc(days, daybook.Day.Compare)
	c, err := openToWrite(ctx, v.book.FS(), v.file)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	p, err := v.newPoster(c, &Summary{}, func(int64) {})
	defer p.close()
	for _, day := range days {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return n, lost, err
		}
		k, to := of(day)
		err = c.transaction(func() error { return p.carry(old, day, k, to) })
		if isLost(old, err) {
			lost, err = err, nil
			continue
		}
		n++
	}
	if err == nil {
		_, err = v.refresh(ctx, c)
	}
	return n, lost, err
}

// carry takes over one day's events before the offset end.
func (p *poster) carry(old *conn, day daybook.Day, k cursor, end int64) error {
	from, to := place(day, 0), place(day, 0)+end-1
	err := old.each("SELECT id, line FROM events WHERE id BETWEEN ? AND ? ORDER BY id", []any{from, to},
		func(values []driver.Value) error {
			id, _ := values[0].(int64)
			r, err := p.v.storedRow(old, id, asText(values[1]))
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
