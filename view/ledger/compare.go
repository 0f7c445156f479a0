package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"daybook"
	"daybook/learning"
)

// Difference is what a ledger has otherwise than its book.
type Difference struct {
	Day     daybook.Day // zero: it is about the ledger as a whole
	Behind  bool        // it is not posted yet, or not anew, which the next posting does: no fault
	Events  int         // how many lines are not posted, if it is Behind
	Offset  int64       // where the line begins in the day's file; -1 if it is about no single line
	EventID string      // "" if it is about no single event
	Reason  string      // for people
}

// Error says what differs.
func (d Difference) Error() string {
	switch {
	case d.Day.IsZero():
		return d.Reason
	case d.Offset < 0:
		return fmt.Sprintf("%s: %s", d.Day, d.Reason)
	}
	return fmt.Sprintf("%s: offset %d: %s", d.Day, d.Offset, d.Reason)
}

// maxDifferences is of how many lines of a day it is told how they differ; how many more there are is told in one.
const maxDifferences = 10

// errEnough ends a comparison.
var errEnough = errors.New("enough")

// Compare compares the ledger of a book with the days that q names, and with itself: each row with the line that it is of, by
// all that is made of a line; which rows have a text; the figures of each day, by the palette (the zero Palette means
// the profile "story"); the form of the database (SQLite's quick_check). It changes nothing, takes no lock of the ledger's, and may
// run while others append and post. Of a day that has left the book, it compares the lines that the ledger has with the cursor's
// checksum. Differences come in the order of the days; those of the ledger as a whole first, and only where q names all days.
// The error is an *Error (one that is Missing where there is no ledger), the book's, or ctx's, and the last thing that is
// yielded.
func Compare(ctx context.Context, b *daybook.Book, q daybook.Query, p learning.Palette) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		err := compareBook(ctx, b, q, p, func(d Difference) error {
			if !yield(d, nil) {
				return errEnough
			}
			return nil
		})
		if d, ok := asDifference(err); ok {
			yield(d, nil)
		} else if err != nil && !errors.Is(err, errEnough) {
			yield(Difference{}, err)
		}
	}
}

// compareBook is Compare, which calls found with each Difference and ends with its error.
func compareBook(ctx context.Context, b *daybook.Book, q daybook.Query, p learning.Palette, found func(Difference) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	pool, err := newComparers(ctx, b, p, min(runtime.GOMAXPROCS(0), 8))
	if err != nil {
		cancel(nil)
		return err
	}
	var workers sync.WaitGroup
	defer func() {
		cancel(errEnough)
		workers.Wait()
		for _, k := range pool {
			k.c.close() // nothing was written
		}
	}()
	days, list, err := pool[0].whole(q)
	for _, d := range list {
		if err := found(d); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	for day := range compareDays(ctx, &workers, pool, days) {
		c := <-day
		for _, d := range c.list {
			if err := found(d); err != nil {
				return err
			}
		}
		if c.err != nil {
			return c.err
		}
	}
	return context.Cause(ctx) // the days may have ended early
}

// asDifference tells what keeps a ledger from being read from what is wrong with it.
func asDifference(err error) (Difference, bool) {
	var e *Error
	switch {
	case !errors.As(err, &e):
		return Difference{}, false
	case e.Problem == Damaged:
		return Difference{Offset: -1, Reason: e.Reason}, true
	case extendedCode(err) == sqliteReadOnlyRollback:
		return Difference{Offset: -1, Behind: true, Reason: "a posting was cut short; the next one takes it back and goes on"}, true
	}
	return Difference{}, false
}

// Compare compares one day with its file, for who is about to remove the file: it returns nil if the ledger has every whole line
// of the first size bytes, and of what else of the day was posted, as the package's Compare looks at them. Otherwise the error is
// the first Difference, also one that is Behind, or one of those of the package's Compare. It posts nothing, and
// waits for a posting of this View; Damage and Progress must not call it.
func (v *View) Compare(ctx context.Context, day daybook.Day, size int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.compare(ctx, day, size)
}

func (v *View) compare(ctx context.Context, day daybook.Day, size int64) error {
	if v.book == nil {
		return errors.New("the ledger is not open")
	}
	pool, err := newComparers(ctx, v.book, v.palette, 1)
	if err != nil {
		if d, ok := asDifference(err); ok {
			return d
		}
		return err
	}
	defer pool[0].c.close() // nothing was written
	list, err := pool[0].day(ctx, day)
	for _, d := range list {
		if !d.Behind {
			return d
		}
	}
	if err != nil {
		return err
	}
	k, err := readCursor(pool[0].c, day)
	if err != nil {
		return err
	}
	if k.posted < size {
		return Difference{Day: day, Behind: true, Offset: k.posted, Reason: "the lines from here on are not posted"}
	}
	if fits, err := pool[0].fits(day, k); err != nil || !fits {
		return errors.Join(err, Difference{Day: day, Behind: true, Offset: -1, Reason: "the day's file is not what was posted any more"})
	}
	return nil
}

// compared is what was found of a day.
type compared struct {
	list []Difference
	err  error
}

// compareDays has the days compared, each by one of the comparers, and returns them in their order. All end when ctx does.
func compareDays(
	ctx context.Context, workers *sync.WaitGroup, pool []*comparer, days []daybook.Day,
) <-chan chan compared {
	type task struct {
		day   daybook.Day
		found chan compared // gets one, and has room for it
	}
	order, work := make(chan chan compared, 2*len(pool)), make(chan task)
	workers.Go(func() {
		defer close(order)
		defer close(work)
		for _, day := range days {
			t := task{day, make(chan compared, 1)}
			select {
			case order <- t.found:
				work <- t // who compares takes it, also when ctx has ended
			case <-ctx.Done():
				return
			}
		}
	})
	for _, k := range pool {
		workers.Go(func() {
			for t := range work {
				list, err := k.day(ctx, t.day)
				t.found <- compared{list, err}
			}
		})
	}
	return order
}

// newComparers opens the ledger n times.
func newComparers(ctx context.Context, b *daybook.Book, p learning.Palette, n int) (pool []*comparer, err error) {
	if p.IsZero() {
		p, _ = learning.Profile("story") // there is a profile of this name
	}
	file := filepath.Join(b.Dir(), Name)
	found, err := look(b.FS(), file) // once: see there
	if err != nil {
		return nil, err
	}
	for range n {
		c, err := openLooked(ctx, file, "-4096", found)
		if err != nil {
			for _, k := range pool {
				k.c.close() // nothing was written
			}
			return nil, err
		}
		pool = append(pool, &comparer{b: b, c: c, palette: p, sum: paletteSum(p)})
	}
	return pool, nil
}

// whole looks at the ledger as a whole, and returns the days that are to be compared: none if it is damaged.
func (k *comparer) whole(q daybook.Query) (days []daybook.Day, list []Difference, err error) {
	if all := q == (daybook.Query{}); all {
		if list, err = k.form(); err != nil || len(list) > 0 {
			return nil, list, err
		}
		defer func() {
			if err == nil {
				list, err = k.strays()
			}
		}()
	}
	cursors, err := readCursors(k.c)
	if err != nil {
		return nil, nil, err
	}
	days, err = k.b.Days()
	if err != nil {
		return nil, nil, err
	}
	for day := range cursors {
		if !slices.Contains(days, day) {
			days = append(days, day)
		}
	}
	slices.SortFunc(days, daybook.Day.Compare)
	return slices.DeleteFunc(days, func(d daybook.Day) bool {
		return !q.From.IsZero() && d.Compare(q.From) < 0 || !q.To.IsZero() && d.Compare(q.To) > 0
	}), nil, nil
}

// form has SQLite look at its pages.
func (k *comparer) form() (list []Difference, err error) {
	err = k.c.each("PRAGMA quick_check(5)", nil, func(v []driver.Value) error {
		if said := asText(v[0]); said != "ok" {
			list = append(list, Difference{Offset: -1, Reason: "the database is damaged: " + strings.ReplaceAll(said, "\n", " ")})
		}
		return nil
	})
	if d, ok := asDifference(err); ok {
		return append(list, d), nil
	}
	return list, err
}
