package daybook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"daybook/internal/durable"
)

const (
	followPoll   = 100 * time.Millisecond
	followSettle = 2 * time.Second
	// followAll is how often all days are looked at. Where that takes long, on a network or over many days, it takes a
	// fiftieth of the time, but is done every followMost.
	followAll  = time.Second
	followMost = 15 * time.Second
	// followList is how long it takes at least until the days are listed again when the book's directory has changed.
	followList = 250 * time.Millisecond
	// followWarm is for how long a day is looked at often after something has come to it.
	followWarm = time.Minute
	// followGrace is how long a day must have been missing, or another one than it was: a sync client may be at work.
	followGrace = 500 * time.Millisecond
)

// follower is one iteration of Follow.
type follower struct {
	b     *Book
	opts  FollowOptions
	first Day
	yield func(Followed, error) bool

	days   []*followedDay // ascending
	listed time.Time      // when the directory was listed last,
	dir    int64          // and its modification time then

	seen int           // how many lines were yielded,
	away time.Duration // and the time that the loop's body took

	base   []cursor // of the tokens: how far all days were read when baseOf was turned to
	baseOf *followedDay
}

// followedDay is a day that there is, or that there may soon be.
type followedDay struct {
	cursor
	read    durable.Info // its file when there was no more to read in it; else zero
	warm    time.Time    // until then it is looked at often
	checked vouched

	fresh bool      // it begins anew, and has not been looked at yet
	odd   time.Time // since when it is another one than what was read; zero: it is not
	gone  time.Time // since when its file has been missing, though something was read of it

	behind time.Time // since when there is something beyond the mark, which
	marked int64     // has said this since then
	again  time.Time // when to try again to settle it,
	wait   time.Duration
	goal   int64 // with Once: how far it is to be read
}

// vouched is a file whose first bytes, behind those that were read before, are known to be those that the mark vouches for.
type vouched struct {
	file durable.FileID
	size int64
	sum  uint32
}

func (f *follower) run(ctx context.Context, from Token) error {
	if err := f.begin(ctx, from); err != nil {
		return err
	}
	for next := (time.Time{}); ; {
		began, away, seen := time.Now(), f.away, f.seen
		all := f.opts.Once || !began.Before(next)
		if err := f.list(began, all); err != nil {
			return err
		}
		pending := false
		for _, d := range f.days {
			if !all && d.warm.Before(began) {
				continue
			}
			if err := f.look(ctx, d, all); err != nil {
				return err
			}
			pending = pending || d.pending()
		}
		if f.opts.Once && !pending {
			return nil
		}
		took := time.Since(began) - (f.away - away)
		if f.seen != seen { // it was not the looking that took the time
			took = 0
		}
		if all {
			next = began.Add(min(max(followAll, 50*took), followMost))
		}
		if !pauseFor(ctx, min(max(f.opts.Poll, 4*took), max(f.opts.Poll, followAll))) {
			return errStop
		}
	}
}

// pending reports whether there is more to do for a day than to look at it now and then.
func (d *followedDay) pending() bool {
	return d.fresh || !d.odd.IsZero() || !d.gone.IsZero() || d.offset < d.goal
}

// pauseFor waits, and reports false when ctx has ended.
func pauseFor(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// begin takes over what the token has, and tells of days that it does not fit. If it fits none, it is one of another book.
func (f *follower) begin(ctx context.Context, from Token) error {
	var bad []*DayError
	cursors := from.cursors()
	for _, c := range cursors {
		f.add(c.day).cursor = c
		err := f.fits(c)
		if day := (*DayError)(nil); errors.As(err, &day) && f.ended(c) {
			f.restart(f.add(c.day))
		} else if day != nil {
			bad = append(bad, day)
		} else if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return errStop
		}
	}
	if len(bad) > 0 && len(bad) == len(cursors) {
		return fmt.Errorf("%w, or of this one and %w", ErrOtherBook, bad[0])
	}
	for i, day := range bad {
		f.restart(f.add(day.Day))
		if err := f.hand(Followed{Token: f.token()}, &DayError{day.Day, day.Err, i < len(bad)-1}); err != nil {
			return err
		}
	}
	return nil
}

// fits returns a *DayError if what was read of a day is not its beginning.
func (f *follower) fits(c cursor) error {
	x, err := f.b.Durable(c.day)
	if err != nil {
		return err
	}
	var sum, want uint32
	switch {
	case x.File == durable.FileID{}:
		return &DayError{Day: c.day, Err: ErrRetired}
	case x.Size >= c.offset:
		want = x.Sum
		sum, err = f.b.Sum(c.day, c.sum, c.offset, x.Size)
	default:
		want = c.sum
		sum, err = f.b.Sum(c.day, 0, 0, c.offset)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || err == nil && sum != want {
		return &DayError{Day: c.day, Err: ErrRewritten}
	}
	return err
}

// add returns the day's followedDay, a new one if there is none.
func (f *follower) add(day Day) *followedDay {
	i, found := slices.BinarySearchFunc(f.days, day, func(d *followedDay, day Day) int { return d.day.Compare(day) })
	if !found {
		f.days = slices.Insert(f.days, i, &followedDay{cursor: cursor{day: day}})
	}
	return f.days[i]
}

// list finds the days that there are: with all, and soon after the book's directory has changed.
func (f *follower) list(now time.Time, all bool) error {
	today := f.b.DayOf(f.b.Now())
	for n := range 2 { // to them the most comes
		if day := today.Add(-n); f.first.IsZero() || day.Compare(f.first) >= 0 {
			f.add(day).warmUntil(now.Add(followAll))
		}
	}
	info, err := f.b.fsys.Stat(f.b.dir)
	if err != nil {
		return f.lost(err)
	}
	if !all && (info.ModTime == f.dir || now.Sub(f.listed) < followList) {
		return nil
	}
	entries, err := f.b.fsys.ReadDir(f.b.dir)
	if err != nil {
		return f.lost(err)
	}
	for _, e := range entries {
		day, err := ParseDay(e.Name())
		if err != nil || !f.first.IsZero() && day.Compare(f.first) < 0 {
			continue
		}
		had := len(f.days)
		if d := f.add(day); len(f.days) > had && !f.listed.IsZero() {
			d.warmUntil(now.Add(followWarm))
		}
	}
	f.dir, f.listed = info.ModTime, now
	return nil
}

// lost is the error of a book that cannot be listed.
func (f *follower) lost(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is gone: %w", f.b.dir, ErrNoBook)
	}
	return fmt.Errorf("list the days: %w", err)
}

func (d *followedDay) warmUntil(t time.Time) {
	if d.warm.Before(t) {
		d.warm = t
	}
}

// look yields what has come to a day and is durable.
func (f *follower) look(ctx context.Context, d *followedDay, all bool) error {
	now := time.Now()
	d.fresh = false
	info, err := f.b.fsys.Stat(f.b.dayPath(d.day))
	if errors.Is(err, fs.ErrNotExist) && (all || d.offset > 0) { // retired?
		info, err = f.b.fsys.Stat(f.b.packedPath(d.day))
	}
	if err == nil && info == d.read || errors.Is(err, fs.ErrNotExist) && d.offset == 0 && !all {
		return nil
	}
	x, whole, err := f.b.durable(d.day)
	if err != nil {
		return err
	}
	if x.File == (durable.FileID{}) {
		return f.missing(d, now)
	}
	d.gone = time.Time{}
	was := d.offset
	var same bool
	switch {
	case x.Size > d.offset:
		same, err = f.readTo(ctx, d, x)
	case x.Size == d.offset:
		same = x.Sum == d.sum
	default: // a mark is only a lower bound
		same, err = f.holds(d, x.File)
	}
	if err != nil {
		return err
	}
	if !same {
		return f.changed(d, now)
	}
	if d.offset != was {
		d.warmUntil(now.Add(followWarm))
	}
	d.odd = time.Time{}
	if whole {
		d.read, d.behind, d.goal = info, time.Time{}, 0
		return nil
	}
	return f.settle(ctx, d, x, info)
}

// holds reports whether a file, of which the mark does not say it, begins with what was read of the day.
func (f *follower) holds(d *followedDay, file durable.FileID) (bool, error) {
	seen := vouched{file, d.offset, d.sum}
	if d.checked == seen {
		size, err := f.b.DaySize(d.day)
		return size >= d.offset, err
	}
	sum, err := f.b.Sum(d.day, 0, 0, d.offset)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	if err == nil && sum == d.sum {
		d.checked = seen
	}
	return sum == d.sum, err
}

// missing deals with a day that has no file.
func (f *follower) missing(d *followedDay, now time.Time) error {
	d.read, d.goal, d.odd = durable.Info{}, 0, time.Time{}
	if d.offset == 0 || d.lasts(&d.gone, now) {
		return nil
	}
	if _, err := f.b.fsys.Stat(filepath.Join(f.b.dir, SettingsName)); err != nil { // all days are gone
		return f.lost(err)
	}
	return f.restartFor(d, ErrRetired)
}

// changed deals with a day that is another one than what was read of it.
func (f *follower) changed(d *followedDay, now time.Time) error {
	d.read, d.goal = durable.Info{}, 0
	if d.lasts(&d.odd, now) {
		return nil
	}
	return f.restartFor(d, ErrRewritten)
}

// lasts reports whether what is wrong since then may pass; the zero time is set to now.
func (d *followedDay) lasts(since *time.Time, now time.Time) bool {
	if since.IsZero() {
		*since = now
	}
	d.warmUntil(now.Add(2 * followGrace))
	return now.Sub(*since) < followGrace
}

// hand yields one thing, and returns errStop if that was the last.
func (f *follower) hand(next Followed, err error) error {
	began := time.Now()
	f.seen++
	more := f.yield(next, err)
	if f.away += time.Since(began); !more {
		return errStop
	}
	return nil
}

// settle has a day synced that has stood beyond its mark, x, for long.
func (f *follower) settle(ctx context.Context, d *followedDay, x Extent, info durable.Info) error {
	now := time.Now()
	if d.behind.IsZero() || d.marked != x.Size {
		d.behind, d.marked = now, x.Size
	}
	if f.opts.Settle < 0 {
		return nil
	}
	if d.warmUntil(now.Add(f.opts.Settle + followAll)); f.opts.Once && d.goal == 0 {
		size, err := f.b.DaySize(d.day)
		if d.goal = size; err != nil {
			return err
		}
	}
	patience := f.opts.Settle
	if f.opts.Once {
		patience = min(patience, f.opts.Poll) // a mark that comes with an append under way is there by then
	}
	if now.Sub(d.behind) < patience || now.Before(d.again) || f.opts.Once && d.offset >= d.goal {
		return nil
	}
	settled, err := f.b.Settle(ctx, d.day)
	size := int64(0)
	if err == nil && settled == x {
		if size, err = f.b.DaySize(d.day); err == nil && size > x.Size {
			err = fmt.Errorf("no mark can be written in %s", f.b.dayDir(d.day))
		}
	}
	switch {
	case ctx.Err() != nil:
		return errStop
	case err != nil && f.opts.Once:
		return err
	case err != nil:
		if d.wait == 0 {
			f.b.opts.Logger.Warn("events are not followed before somebody syncs them", "day", d.day.String(), "error", err)
		}
		d.wait = min(max(time.Second, 2*d.wait), time.Minute)
		d.again = now.Add(d.wait)
		return nil
	case settled == x: // what stands beyond is no whole line
		d.read = info
	}
	d.wait, d.behind, d.goal = 0, time.Time{}, min(d.goal, settled.Size)
	return nil
}

// token is the Token that everything is behind that was yielded.
func (f *follower) token() Token {
	t := Token{first: f.first}
	for _, d := range f.days {
		if d.offset > 0 {
			t.days = append(t.days, d.cursor)
		}
	}
	return t
}
