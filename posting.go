package daybook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"daybook/internal/durable"
)

// This file is the writer's part that calls the views: under mu, and never under the book's lock.

// settledDays returns the days of the events that are in the book now, also of those that were there before: their
// documents are looked at.
func (w *writer) settledDays(group []*request) []Day {
	w.posted = w.posted[:0]
	if len(w.b.opts.Views) == 0 {
		return nil
	}
	for _, r := range group {
		for i := range r.items {
			it := &r.items[i]
			if it.settled && it.verdict.Err == nil && !slices.Contains(w.posted, it.day) {
				w.posted = append(w.posted, it.day)
			}
		}
	}
	return w.posted
}

// recent is what the last commit has appended to a day: the views that are called then need neither read nor parse it. It
// never changes.
type recent struct {
	day     Day
	path    string
	id      durable.FileID // of the day's file, which
	start   int64          // has more from this offset of the day on
	end     int64          // and ends at this one of its own
	entries []Entry
}

// noteRecent remembers what has been appended to d at start, if there are views to tell. A file that is replaced by each
// append has another identity now than the one that was written.
func (w *writer) noteRecent(d *dayWriter, items []*item, start int64) {
	if len(w.b.opts.Views) == 0 || w.b.settings.Write == WriteReplace {
		return
	}
	r := &recent{day: items[0].day, path: d.file.Path(), id: d.file.ID(), start: d.base() + start, end: d.file.Size()}
	r.entries = make([]Entry, 0, len(items))
	for _, it := range items {
		if it.verdict.Err == nil && !it.verdict.Position.Duplicate {
			r.entries = append(r.entries, Entry{it.verdict.Position, it.event, it.event.line})
		}
	}
	w.b.recent.Store(r)
}

// Appended returns what the commit that a View is called for has appended to a day at the byte offset from, if that is all
// that there is from there on. A View that has posted the day up to from need not read and parse it then. file is the
// identity of the day's file. Called from elsewhere, after others have written, and for a day that is posted for
// another reason, it is not ok, and DayEvents tells.
func (b *Book) Appended(day Day, from int64) (entries []Entry, file durable.FileID, ok bool) {
	r := b.recent.Load()
	if r == nil || r.day != day || r.start != from {
		return nil, file, false
	}
	info, err := b.fsys.Stat(r.path)
	if err != nil || info.ID != r.id || info.Size != r.end { // others have written since
		return nil, file, false
	}
	return r.entries, r.id, true
}

// openViews opens the views.
func (w *writer) openViews() {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.each(func(v View) error { return v.Open(context.Background(), w.b) })
	level := slog.LevelWarn
	if w.b.opts.MustExist && durable.IsRefused(err) {
		level = slog.LevelInfo // who only reads can read without it
	}
	w.viewsBehind(level, err)
}

// viewsBehind says which views are behind and why, once, or that none is.
func (w *writer) viewsBehind(level slog.Level, err error) {
	said := w.behind
	if w.behind = ""; err == nil {
		return
	}
	if w.behind = err.Error(); w.behind != said {
		w.b.opts.Logger.Log(context.Background(), level, "a view is behind; it catches up when that has passed", "error", err)
	}
}

// post brings the views of a day up to date. The book's lock is not held: it is a leaf. The caller holds mu.
func (w *writer) post(ctx context.Context, day Day) error {
	return w.each(func(v View) error { return v.Post(ctx, day) })
}

// each has all views do something, and then post the days to which one of them has adopted events.
func (w *writer) each(do func(View) error) error {
	w.adopted = w.adopted[:0]
	var errs []error
	note := func(err error) {
		if err != nil && !slices.ContainsFunc(errs, func(e error) bool { return e.Error() == err.Error() }) {
			errs = append(errs, err)
		}
	}
	for _, v := range w.b.opts.Views {
		note(w.call(v, do))
	}
	for _, day := range slices.Clone(w.adopted) {
		for _, v := range w.b.opts.Views {
			note(w.call(v, func(v View) error { return v.Post(context.Background(), day) }))
		}
	}
	return errors.Join(errs...)
}

// call has a view do something during which it may adopt events. The caller holds mu.
func (w *writer) call(v View, do func(View) error) error {
	w.posting.Store(true)
	defer w.posting.Store(false)
	if err := do(v); err != nil {
		return fmt.Errorf("%s: %w", v.Name(), err)
	}
	return nil
}

// adopt commits a request of a view that is being called: mu is held on its behalf.
func (w *writer) adopt(r *request) {
	if !w.posting.Load() {
		r.refuse(errors.New("Adopt is for a View that the Book is calling"))
		return
	}
	var todo []*item
	for i := range r.items {
		if it := &r.items[i]; !it.settled {
			todo = append(todo, it)
		}
	}
	w.commit(r.ctx, []*request{r}, todo)
	for i := range r.items {
		it := &r.items[i]
		if it.verdict.Err == nil && !it.verdict.Position.Duplicate && !slices.Contains(w.adopted, it.day) {
			w.adopted = append(w.adopted, it.day)
		}
	}
}
