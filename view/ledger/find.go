package ledger

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"daybook"
)

// Find yields the events that are wanted, each once, of a book and its ledger together. The day files are the truth, and what
// stands there is found, posted or not; a day is asked for in the ledger if that is faster and proven to have all of it, or if
// the book no longer has the day. Without a ledger the book alone is asked. It takes no lock of the book's, and the ledger's only for
// moments, also while the iteration is held up.
//
// Errors are those of Book.Search: a damaged line yields a *DamageError, and the search goes on; any other is the last thing
// that is yielded. trouble is called with what is wrong with a ledger that cannot be asked; days that are only there are missing
// then. Close no connection to a ledger, and no View, of this process meanwhile.
func Find(ctx context.Context, b *daybook.Book, q Question, trouble func(error)) iter.Seq2[daybook.Entry, error] {
	return func(yield func(daybook.Entry, error) bool) {
		f := &finder{ctx: ctx, book: b, q: &q, trouble: trouble, left: q.Limit}
		f.yield = func(e daybook.Entry, err error) bool {
			if err == nil {
				f.left--
			}
			more := yield(e, err)
			f.over = !more || err != nil && !isDamage(err) || err == nil && f.left == 0
			return !f.over
		}
		days, err := f.open()
		if err == nil {
			err = f.all(days)
		}
		if f.ledger != nil {
			err = errors.Join(err, f.ledger.close())
		}
		if err != nil && !f.over {
			yield(daybook.Entry{}, err)
		}
	}
}

func isDamage(err error) bool {
	var damage *daybook.DamageError
	return errors.As(err, &damage)
}

// finder is a Find under way.
type finder struct {
	ctx     context.Context // of the call: a finder does not outlive it
	book    *daybook.Book
	q       *Question
	trouble func(error)
	yield   func(daybook.Entry, error) bool
	left    int  // of the limit; below zero there is none
	over    bool // nothing is to be yielded any more

	ledger  *conn // nil if there is none to ask
	cursors map[daybook.Day]cursor
	seen    map[daybook.Day]glance
	sel     selection
	indexed bool
}

// place is where a day's events are.
type source struct {
	day    daybook.Day
	ledger bool
}

// open returns the days that are asked for, in the order in which they are, and opens the ledger.
func (f *finder) open() ([]source, error) {
	f.sel, f.indexed = f.q.selection()
	listed, err := f.book.Days()
	if err != nil {
		return nil, err
	}
	within := func(d daybook.Day) bool {
		return (f.q.From.IsZero() || f.q.From.Compare(d) <= 0) && (f.q.To.IsZero() || d.Compare(f.q.To) <= 0)
	}
	var days []source
	there := map[daybook.Day]bool{}
	for _, d := range listed {
		there[d] = true
		if within(d) {
			days = append(days, source{day: d})
		}
	}
	if err := f.connect(); err != nil && !isMissing(err) {
		f.trouble(err)
	}
	for d, k := range f.cursors {
		if !there[d] && within(d) && k.posted > 0 {
			days = append(days, source{d, true})
		}
	}
	slices.SortFunc(days, func(a, b source) int {
		if f.q.Newest {
			a, b = b, a
		}
		return a.day.Compare(b.day)
	})
	if f.indexed && f.ledger != nil && !f.pays() {
		f.indexed = false
	}
	return days, nil
}

// connect opens the ledger.
func (f *finder) connect() (err error) {
	if f.ledger, err = openToRead(f.book.FS(), filepath.Join(f.book.Dir(), Name)); err != nil {
		f.ledger = nil
		return err
	}
	if f.cursors, err = readCursors(f.ledger); err == nil {
		f.seen, err = readGlances(f.ledger)
	}
	if err != nil {
		f.cursors = nil
		err = errors.Join(err, f.ledger.close())
		f.ledger = nil
	}
	return err
}

// pays reports whether the index is the faster way: a row that is found in it costs as much as some dozen lines that are passed
// over in the day files.
func (f *finder) pays() bool {
	if !f.sel.stamp || f.left > 0 {
		return true
	}
	kind, names := "canvas", f.q.Canvases
	if len(names) == 0 {
		kind, names = "camera", []string{f.q.Camera}
	}
	args := []any{kind}
	for _, name := range names {
		args = append(args, name)
	}
	in := "(?" + strings.Repeat(",?", len(names)-1) + ")"
	found, err := f.ledger.value("SELECT total(n) FROM counts WHERE kind = ? AND name IN "+in, args...)
	if err != nil {
		return false
	}
	all, err := f.ledger.value("SELECT total(events) FROM days")
	n, _ := found.(float64)
	of, _ := all.(float64)
	return err == nil && n*24 < of
}

// all asks for the days, some at a time, and those of each source together.
func (f *finder) all(days []source) error {
	size, most := 32, 512
	switch {
	case f.q.Newest && f.left > 0:
		size, most = 1, 64
	case f.q.Newest && !f.indexed:
		size, most = 1, 1 // all of it is to be put in order
	case !f.indexed:
		size, most = len(days), len(days)
	}
	for len(days) > 0 && !f.over {
		group := days[:min(size, len(days))]
		days = days[len(group):]
		size = min(2*size, most)
		for i := range group {
			group[i].ledger = group[i].ledger || f.indexed && f.current(group[i].day)
		}
		for len(group) > 0 && !f.over {
			n := 1
			for n < len(group) && group[n].ledger == group[0].ledger {
				n++
			}
			ask := f.inBook
			if group[0].ledger {
				ask = f.inLedger
			}
			if err := ask(group[:n]); err != nil {
				return err
			}
			group = group[n:]
		}
	}
	return nil
}

// ends returns the first and the last of days.
func ends(run []source) (first, last daybook.Day) {
	first, last = run[0].day, run[len(run)-1].day
	if first.Compare(last) > 0 {
		return last, first
	}
	return first, last
}

// inBook finds what is wanted in day files.
func (f *finder) inBook(run []source) error {
	first, last := ends(run)
	read := func(e daybook.Entry) *daybook.Entry {
		if !f.q.holds(e) {
			return nil
		}
		e = e.Clone()
		return &e
	}
	p := pile{f: f}
	for e, err := range daybook.ExtractIf(f.ctx, f.book, daybook.Query{From: first, To: last}, f.q.may, read, f.q.conditions()...) {
		switch {
		case isDamage(err):
			if !f.yield(daybook.Entry{}, err) {
				return nil
			}
		case err != nil:
			return err
		case e == nil:
		case f.q.Newest:
			p.put(*e)
		case !f.yield(*e, nil):
			return nil
		}
	}
	p.give()
	return nil
}

// pile is what was found of days that are to be put in order.
type pile struct {
	f    *finder
	list []daybook.Entry
}

func (p *pile) put(e daybook.Entry) {
	p.list = append(p.list, e)
	if left := p.f.left; left > 0 && len(p.list) >= 2*left+64 {
		p.sort()
		p.list = slices.Delete(p.list, left, len(p.list))
	}
}

func (p *pile) sort() {
	slices.SortFunc(p.list, func(a, b daybook.Entry) int {
		return cmp.Or(b.Position.Day.Compare(a.Position.Day), cmp.Compare(b.Event.Time().UnixMicro(), a.Event.Time().UnixMicro()),
			cmp.Compare(b.Position.Offset, a.Position.Offset))
	})
}

// give yields what is on the pile, the newest first.
func (p *pile) give() {
	p.sort()
	for _, e := range p.list {
		if !p.f.yield(e, nil) {
			break
		}
	}
	p.list = p.list[:0]
}

// fetched is how many rows are read at once.
const fetched = 256

// inLedger finds what is wanted in the ledger.
func (f *finder) inLedger(run []source) error {
	ids, err := f.candidates(run)
	if err != nil {
		return err
	}
	names := make(map[int64]daybook.Day, len(run))
	for _, s := range run {
		names[dayNumber(s.day)] = s.day
	}
	p := pile{f: f}
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
			p.give()
		}
	}
	return nil
}

// candidates returns the ids of what may be wanted, in the order in which it is.
func (f *finder) candidates(run []source) (ids []int64, err error) {
	first, last := ends(run)
	from, _ := bounds(first)
	_, to := bounds(last)
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
			return &Error{f.ledger.file, Damaged, fmt.Sprintf("the row %d of events is no event: %v", id, err), err}
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
