package daybook

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
)

// maxOpenDays is how many days stay open, so that days written in turns are not read again for every event. A process that
// may open fewer files keeps fewer, at least minOpenDays: a day and those around it.
const (
	maxOpenDays = 128
	minOpenDays = 4
)

// keptBuffer is how large a buffer may be, in bytes, that waits for the next append.
const keptBuffer = 1 << 20

// flushAfter is the interval of SyncInterval.
const flushAfter = time.Second

// Appends that take longer are reported to the logger, with live views and without.
const (
	slowAppend    = 5 * time.Millisecond
	slowWithViews = 20 * time.Millisecond
)

// retryWaits are the pauses before the retries of a write that failed (promise 6).
func retryWaits() [3]time.Duration {
	return [...]time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond}
}

// lockTimeout is a second for the lock, and three times a pause and another second: story 11.2's limit and retries. The
// lock is tried during the pauses, too.
func lockTimeout() time.Duration {
	limit := time.Second
	for _, pause := range retryWaits() {
		limit += pause + time.Second
	}
	return limit
}

// writer commits groups of requests: the only one that writes a Book's day files.
type writer struct {
	b    *Book
	lock *durable.Lock

	mu     sync.Mutex // held by who leads, flushes or closes
	days   map[Day]*dayWriter
	room   int    // how many days may be open
	clock  uint64 // counts uses, to find the day that was not used for the longest time
	batch  []*item
	buf    []byte
	line   []byte // scratch
	timer  *time.Timer
	closed bool
	// posting says that a view is being called, which may adopt events; adopted is the days of those.
	posting atomic.Bool
	posted  []Day
	adopted []Day
	behind  string // what was last said of views that are behind; "" when none is
	// lockedSince is when the lock was first found taken, if it has not been had since: who queued meanwhile has waited
	// for it too.
	lockedSince time.Time
}

// lead gives the items of the group their verdicts (promise 8) and brings the views up to date. The first request, the
// leader's, is always done then; those that are not have to wait on.
func (w *writer) lead(group []*request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	began := time.Now()
	ctx := context.Background()
	if len(group) == 1 {
		ctx = group[0].ctx
	}
	todo := w.batch[:0]
	for _, r := range group {
		if err := context.Cause(r.ctx); err != nil {
			r.refuse(err)
			continue
		}
		for i := range r.items {
			if it := &r.items[i]; !it.settled {
				todo = append(todo, it)
			}
		}
	}
	w.commit(ctx, group, todo)
	if days := w.settledDays(group); len(days) > 0 {
		var behind error
		for _, day := range days {
			err := w.post(context.Background(), day)
			for durable.IsTooMany(err) && w.shrink() {
				err = w.post(context.Background(), day)
			}
			behind = errors.Join(behind, err)
		}
		w.viewsBehind(slog.LevelWarn, behind)
	}
	w.b.recent.Store(nil)
	limit := slowAppend
	if len(w.b.opts.Views) > 0 {
		limit = slowWithViews
	}
	if took := time.Since(began); took > limit {
		w.b.opts.Logger.Warn("slow append", "milliseconds", took.Milliseconds(), "events", len(todo))
	}
	clear(todo)
	w.batch = todo[:0]
	if cap(w.buf) > keptBuffer {
		w.buf = nil
	}
	if cap(w.line) > keptBuffer {
		w.line = nil
	}
}

// commit settles the items, all of them unless the lock cannot be had.
func (w *writer) commit(ctx context.Context, group []*request, todo []*item) {
	waits := retryWaits()
	for retries := 0; len(todo) > 0; {
		err := w.attempt(ctx, todo, w.patience(group[0]))
		if err == nil {
			return
		}
		if errors.Is(err, ErrLocked) {
			group[0].refuse(err) // the others have come later, and go on waiting
			return
		}
		todo = slices.DeleteFunc(todo, func(it *item) bool { return it.settled })
		if durable.IsFull(err) {
			w.b.opts.Logger.Error("no room for an event", "book", w.b.dir, "error", err)
		}
		if retries < len(waits) && mayRetry(err) {
			w.b.opts.Logger.Warn("append failed, trying again", "attempt", retries+1, "after", waits[retries], "error", err)
			if waitFor(waits[retries], group) {
				retries++
				continue
			}
			err = fmt.Errorf("%w; the retries ended early: %w", err, context.Cause(group[0].ctx))
		}
		for _, it := range todo {
			it.refuse(err)
		}
		return
	}
}

// patience is how long a group may wait for the lock: until its first request, the leader's, has waited for it long
// enough.
func (w *writer) patience(leader *request) time.Duration {
	if w.lockedSince.IsZero() {
		return w.b.opts.LockTimeout
	}
	since := leader.queued
	if since.Before(w.lockedSince) {
		since = w.lockedSince
	}
	return max(0, w.b.opts.LockTimeout-time.Since(since))
}

// mayRetry tells the errors that may pass from those that somebody has to do something about (promise 6). Story 11.2 has a
// missing permission tried again: it may be that of a file which a scanner or a sync client holds for a moment.
func mayRetry(err error) bool {
	var rule *RuleError
	if errors.As(err, &rule) || isDamage(err) {
		return false
	}
	refused := durable.IsRefused(err) && !errors.Is(err, fs.ErrPermission)
	return !durable.IsFull(err) && !refused &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// waitFor waits for d and returns true, or returns false as soon as no request is left whose context lives.
func waitFor(d time.Duration, group []*request) bool {
	ended := make(chan struct{}, len(group))
	live := 0
	for _, r := range group {
		if r.ctx.Err() == nil {
			live++
			defer context.AfterFunc(r.ctx, func() { ended <- struct{}{} })()
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	for live > 0 {
		select {
		case <-timer.C:
			return true
		case <-ended:
			live--
		}
	}
	return false
}

// attempt takes the book's lock once and commits what is not settled, day by day. It returns the first error; items of
// other days may have been settled all the same.
func (w *writer) attempt(ctx context.Context, todo []*item, patience time.Duration) (err error) {
	began := time.Now()
	err = w.lock.Acquire(ctx, patience)
	if errors.Is(err, fs.ErrNotExist) { // the book has been taken away: it is made again
		if err = durable.MkdirAll(w.b.fsys, w.b.dir); err == nil {
			err = w.lock.Acquire(ctx, patience)
		}
	}
	if err != nil {
		if errors.Is(err, ErrLocked) && w.lockedSince.IsZero() {
			w.lockedSince = began
		}
		return err
	}
	w.lockedSince = time.Time{}
	defer func() { w.b.warnIf(w.lock.Release(), "give back the book's lock") }()
	if len(todo) == 1 { // the usual case, without a second list
		return w.commitAgain(w.open(todo[0].day), todo)
	}
	for rest := todo; len(rest) > 0; {
		day := rest[0].day
		var same, other []*item
		for _, it := range rest {
			if it.day == day {
				same = append(same, it)
			} else {
				other = append(other, it)
			}
		}
		rest = other
		if derr := w.commitAgain(w.open(day), same); err == nil {
			err = derr
		}
	}
	return err
}

// open returns the day's writer. Of too many open days, the one that was not used for the longest time is closed.
func (w *writer) open(day Day) *dayWriter {
	w.clock++
	d := w.days[day]
	if d == nil {
		if len(w.days) >= w.room {
			w.evict()
		}
		d = &dayWriter{w: w}
		d.ids.seed = maphash.MakeSeed()
		d.file = dayfile.New(w.b.fsys, w.b.dayDir(day), w.b.dir, w.b.settings.Write == WriteReplace, d)
		w.days[day] = d
	}
	d.used = w.clock
	return d
}

// letGo closes a day whose file somebody is about to remove. The caller holds mu, and the day is durable.
func (w *writer) letGo(day Day) {
	if d := w.days[day]; d != nil {
		w.b.warnIf(d.file.Close(), "close a day file")
		d.beside.rest()
		delete(w.days, day)
	}
}

func (w *writer) evict() {
	var oldest Day
	for day, d := range w.days {
		if o := w.days[oldest]; o == nil || d.used < o.used {
			oldest = day
		}
	}
	d := w.days[oldest]
	if d.dirty {
		w.b.warnIf(d.sync(), "sync a day before closing it")
	}
	w.b.warnIf(d.file.Close(), "close a day file")
	delete(w.days, oldest)
}

// shrink closes half of the open days, for a process that may open no more files, and keeps it at that. It returns false
// if as few are open as there must be.
func (w *writer) shrink() bool {
	room := max(minOpenDays, len(w.days)/2)
	if len(w.days) <= room {
		return false
	}
	for w.room = room; len(w.days) > room; {
		w.evict()
	}
	return true
}

// commitAgain is commitDay, for a second time if the file turns out not to be the one that was indexed, and again while
// closing other days gives it the files that it needs.
func (w *writer) commitAgain(d *dayWriter, items []*item) error {
	defer d.rest()
	err := w.commitDay(d, items)
	for durable.IsTooMany(err) && w.shrink() {
		err = w.commitDay(d, items)
	}
	if errors.Is(err, errRewritten) {
		return w.commitDay(d, items)
	}
	return err
}

// commitDay gives the items, all of the day d, their verdicts: one look at what others have written, one write, one sync.
// After an error none of them has one. The caller holds the book's lock.
func (w *writer) commitDay(d *dayWriter, items []*item) (err error) {
	defer func() {
		if err != nil {
			for _, it := range items {
				it.settled = false
			}
			// What is staged in the index is void: begin again from the file.
			w.b.warnIf(d.file.Close(), "close a day file")
			d.beside.rest()
			d.beside, d.opens = nil, -1
		}
	}()
	if err := d.refresh(items[0].day); err != nil {
		return err
	}
	if d.file.Size() == 0 { // a day begins, or the whole book has been taken away
		if err := w.b.keepSettings(); err != nil {
			return err
		}
	}
	always := w.b.opts.Sync == SyncAlways || w.b.settings.Write == WriteReplace // promise 10
	needSync := false                                                           // a duplicate is acknowledged only when the stored copy is durable (promise 1)
	start := d.file.Size()
	w.buf = w.buf[:0]
	for _, it := range items {
		v, err := w.judge(d, it, start)
		if err != nil {
			return err
		}
		it.settled, it.verdict = true, v
		// What is packed is durable, and stands before the day file's first byte, or its bytes that are packed, too.
		if v.Position.Duplicate && v.Position.Day == it.day && v.Position.Offset-d.base()+int64(v.Position.Length) > d.file.Durable() {
			needSync = always || d.file.Doubtful()
		}
	}
	if len(w.buf) == 0 {
		if needSync {
			return d.file.Sync()
		}
		return nil
	}
	if d.base()+start+int64(len(w.buf)) > maxDaySize {
		return &RuleError{"timestamp", fmt.Sprintf("the day's file is full: it may have %d bytes", int64(maxDaySize))}
	}
	if err := d.make(start); err != nil {
		return err
	}
	if err := d.file.Append(w.buf, always); err != nil {
		return err
	}
	if w.b.opts.Sync == SyncInterval && d.file.Durable() < d.file.Size() {
		d.dirty = true
		w.flushLater()
	}
	w.noteRecent(d, items, start)
	return nil
}

// flushLater has the dirty days synced within the interval. The timer is the writer's own; close stops it.
func (w *writer) flushLater() {
	if w.timer == nil && !w.closed {
		w.timer = time.AfterFunc(flushAfter, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.timer = nil; w.closed {
				return
			}
			if err := w.flush(); err != nil {
				w.b.opts.Logger.Error("sync what has been appended", "book", w.b.dir, "error", err)
				w.flushLater()
			}
		})
	}
}

// flush syncs the dirty days. The caller holds mu.
func (w *writer) flush() error {
	var dirty []*dayWriter
	for _, d := range w.days {
		if d.dirty {
			dirty = append(dirty, d)
		}
	}
	if len(dirty) == 0 {
		return nil
	}
	if err := w.lock.Acquire(context.Background(), w.b.opts.LockTimeout); err != nil {
		return err
	}
	defer func() { w.b.warnIf(w.lock.Release(), "give back the book's lock") }()
	var errs []error
	for _, d := range dirty {
		errs = append(errs, d.sync())
	}
	return errors.Join(errs...)
}

// close syncs what SyncInterval has promised and closes the files.
func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.timer != nil {
		w.timer.Stop()
	}
	errs := []error{w.flush()}
	for _, d := range w.days {
		errs = append(errs, d.file.Close())
	}
	clear(w.days)
	return errors.Join(append(errs, w.lock.Close())...)
}
