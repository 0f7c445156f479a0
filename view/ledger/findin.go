package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"daybook"
)

// ends returns the first and the last of days.
func ends(run []source) (first, last daybook.Day) {
	first, last = run[0].day, run[len(run)-1].day
	if first.Compare(last) > 0 {
		return last, first
	}
	return first, last
}

// askBook finds what is wanted in day files.
func (f *finder) askBook(run []source) error {
	p := newPile(f, run, func(daybook.Day) int64 { return 0 })
	give := f.yield
	if f.q.Newest {
		give = func(e daybook.Entry, err error) bool {
			if err == nil {
				p.put(e)
				return true
			}
			return f.yield(e, err)
		}
	}
	err := f.scan(run, give)
	if err == nil && !f.over {
		err = f.there(run)
	}
	if err == nil && !f.over {
		err = p.give()
	}
	return err
}

// there sees to it that the files of days that were read have been there: one that is retired by deletion just now may have gone
// before it was read.
func (f *finder) there(run []source) error {
	for _, s := range run {
		if _, posted := f.cursors[s.day]; !posted {
			continue
		}
		if l, err := lookAt(f.book, s.day); err != nil || !l.none() {
			continue
		}
		days, err := f.book.Days()
		if err != nil {
			return err
		}
		if !slices.Contains(days, s.day) {
			return fmt.Errorf("%s has left the book meanwhile: ask again", s.day)
		}
	}
	return nil
}

// scan calls give with what is wanted of day files, and with damage, until it returns false.
func (f *finder) scan(run []source, give func(daybook.Entry, error) bool) error {
	first, last := ends(run)
	read := func(e daybook.Entry) *daybook.Entry {
		if !f.q.holds(e) {
			return nil
		}
		e = e.Clone()
		return &e
	}
	for e, err := range daybook.ExtractIf(f.ctx, f.book, daybook.Query{From: first, To: last}, f.q.may, read, f.q.conditions()...) {
		switch {
		case err != nil && !isDamage(err):
			return err
		case err == nil && e == nil:
			continue
		case e == nil:
			e = &daybook.Entry{}
		}
		if !give(*e, err) {
			break
		}
	}
	return nil
}

// askBoth finds what is wanted of one day: first of what the ledger has of its earlier files, then of the one that is there. A line
// that has come again is one event.
func (f *finder) askBoth(run []source) error {
	day, k := run[0].day, f.cursors[run[0].day]
	end, err := f.earlier(day, k)
	if err != nil {
		return err
	}
	p := newPile(f, run, func(daybook.Day) int64 { return end })
	known := map[[sha256.Size]byte]bool{}
	give := func(e daybook.Entry, err error) bool {
		switch {
		case err != nil:
			return f.yield(e, err)
		case known[sha256.Sum256(e.Raw)]:
		case f.q.Newest:
			p.put(e)
		default:
			return f.yield(e, nil)
		}
		return true
	}
	ids, err := f.candidates(day, day, place(day, 0), place(day, 0)+end-1)
	if err != nil {
		return err
	}
	if f.q.Newest {
		slices.Reverse(ids)
	}
	for part := range slices.Chunk(ids, fetched) {
		err := f.fetch(part, map[int64]daybook.Day{dayNumber(day): day}, func(e daybook.Entry) {
			if !f.over && f.q.holds(e) && give(e, nil) {
				known[sha256.Sum256(e.Raw)] = true
			}
		})
		if err != nil || f.over {
			return err
		}
	}
	err = f.scan(run, func(e daybook.Entry, err error) bool {
		e.Position.Offset += end // behind the others, as in the ledger
		return give(e, err)
	})
	if err == nil && !f.over {
		err = f.there(run)
	}
	if err == nil && !f.over {
		err = p.give()
	}
	return err
}

// earlier returns up to which place the ledger has events of files of a day that are gone.
func (f *finder) earlier(day daybook.Day, k cursor) (int64, error) {
	if k.retired == 0 {
		return k.base, nil
	}
	size, err := f.book.DaySize(day)
	if err == nil && size >= k.retired {
		var sum uint32
		if sum, err = f.book.Sum(day, 0, 0, k.retired); err == nil && sum == k.retiredSum {
			return k.base, nil // the file is still there
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return k.base + k.posted, err
}

// fetched is how many rows are read at once.
const fetched = 256

// askLedger finds what is wanted in the ledger.
func (f *finder) askLedger(run []source) error {
	first, last := ends(run)
	from, _ := bounds(first)
	_, to := bounds(last)
	ids, err := f.candidates(first, last, from, to)
	if err != nil {
		return err
	}
	names := make(map[int64]daybook.Day, len(run))
	for _, s := range run {
		names[dayNumber(s.day)] = s.day
	}
	p := newPile(f, run, func(daybook.Day) int64 { return 1 << 40 })
	for len(ids) > 0 && !f.over {
		if err := context.Cause(f.ctx); err != nil {
			return err
		}
		n := 1
		for n < min(len(ids), fetched) && (!f.q.Newest || ids[n]>>40 == ids[0]>>40) {
			n++
		}
		part, day := ids[:n], ids[0]>>40
		ids = ids[n:]
		err := f.fetch(part, names, func(e daybook.Entry) {
			switch {
			case !f.q.holds(e) || f.over:
			case f.q.Newest:
				p.put(e)
			default:
				f.yield(e, nil)
			}
		})
		if err != nil {
			return err
		}
		if f.q.Newest && (len(ids) == 0 || ids[0]>>40 != day) {
			if err := p.give(); err != nil {
				return err
			}
		}
	}
	return nil
}

// candidates returns the ids between from and to of what may be wanted of some days, in the order in which it is.
func (f *finder) candidates(first, last daybook.Day, from, to int64) (ids []int64, err error) {
	query := fmt.Sprintf("SELECT %s FROM %s AND %[1]s BETWEEN ? AND ?", f.sel.id, f.sel.from)
	args := append(slices.Clone(f.sel.args), from, to)
	if f.sel.stamp && last.String() < "9999" { // later the texts are not in the order of the times
		err := f.ledger.each("SELECT min(first_timestamp), max(last_timestamp) FROM days WHERE day BETWEEN ? AND ?",
			[]any{first.String(), last.String()}, func(v []driver.Value) error {
				query += " AND timestamp BETWEEN ? AND ?"
				args = append(args, asText(v[0]), asText(v[1]))
				return nil
			})
		if err != nil {
			return nil, err
		}
	}
	query += " ORDER BY " + f.sel.id
	if f.q.Newest {
		query += " DESC"
	}
	err = f.ledger.each(query, args, func(v []driver.Value) error {
		id, _ := v[0].(int64)
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// fetch calls with with the events of these ids, in the book's order. The rows are read first: nothing is held open while with
// is at work. A row that has gone meanwhile was of a day that is posted anew.
func (f *finder) fetch(ids []int64, names map[int64]daybook.Day, with func(daybook.Entry)) error {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = fmt.Sprint(id)
	}
	var found []daybook.Entry
	query := "SELECT id, line FROM events WHERE id IN (" + strings.Join(list, ",") + ") ORDER BY id"
	err := f.ledger.each(query, nil, func(v []driver.Value) error {
		id, _ := v[0].(int64)
		line := []byte(asText(v[1]))
		e, err := daybook.ParseEvent(line)
		if err != nil {
			return f.ledger.damaged("the row %d of events is no event: %v", id, err)
		}
		found = append(found, daybook.Entry{
			Position: daybook.Position{Day: names[id>>40], Offset: id & (1<<40 - 1), Length: len(line) + 1},
			Event:    e.In(f.book.Zone()), Raw: line,
		})
		return nil
	})
	for _, e := range found {
		if err == nil {
			with(e)
		}
	}
	return err
}
