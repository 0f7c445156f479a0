package ledger

import (
	"context"
	"errors"
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
// that is yielded. trouble is called with what is wrong with a ledger that cannot be asked, and, by an *Error that is Lacking, with
// days that would be only there. Close no connection to a ledger, and no View, of this process meanwhile.
func Find(ctx context.Context, b *daybook.Book, q Question, trouble func(error)) iter.Seq2[daybook.Entry, error] {
	return func(yield func(daybook.Entry, error) bool) {
		f := &finder{ctx: ctx, book: b, q: &q, trouble: trouble, left: q.Limit, room: q.room}
		if f.room == 0 {
			f.room = maxPile
		}
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
	room    int  // bytes of lines that a pile keeps
	over    bool // nothing is to be yielded any more

	ledger  *conn // nil if there is none to ask
	cursors map[daybook.Day]cursor
	seen    map[daybook.Day]glance
	sel     selection
	indexed bool
}

// source is where a day's events are.
type source struct {
	day daybook.Day
	in  where
}

type where int

const (
	inBook   where = iota
	inLedger       // as a whole
	inBoth         // files of the day were deleted, which the ledger has, and late events have come since
)

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
		if cause := context.Cause(f.ctx); cause != nil {
			return nil, cause
		}
		f.trouble(err)
	}
	lost, err := lacking(f.book, f.cursors, within)
	if err != nil {
		return nil, err
	}
	if err := lackingError(f.book, lost); err != nil {
		f.trouble(err)
	}
	for d, k := range f.cursors {
		if !there[d] && within(d) && k.posted+k.base > 0 {
			days = append(days, source{d, inLedger})
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
	if f.ledger, err = openToRead(f.ctx, f.book.FS(), filepath.Join(f.book.Dir(), Name)); err != nil {
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
			if group[i].in == inBook {
				group[i].in = f.where(group[i].day)
			}
		}
		for len(group) > 0 && !f.over {
			n := 1
			for n < len(group) && group[n].in == group[0].in && group[0].in != inBoth {
				n++
			}
			ask := f.askBook
			switch group[0].in {
			case inLedger:
				ask = f.askLedger
			case inBoth:
				ask = f.askBoth
			}
			if err := ask(group[:n]); err != nil {
				return err
			}
			group = group[n:]
		}
	}
	return nil
}

// where says where to ask for a day that has a file.
func (f *finder) where(day daybook.Day) where {
	k := f.cursors[day]
	gone := k.base > 0 || k.retired > 0
	switch {
	case (f.indexed || gone) && f.current(day):
		return inLedger
	case gone:
		return inBoth
	}
	return inBook
}
