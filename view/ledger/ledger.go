// Package ledger keeps a book's ledger: a SQLite database of all its events, posted from the day files.
//
// docs/format.md describes its tables. The ledger is a view: it may be deleted at any time, and is posted anew then. It
// follows the book at its own pace, by cursors that are committed with the rows that they stand for, and only what the
// commit marks call durable: so nothing is missing and nothing is there twice, whatever is killed, and however many post.
package ledger

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

// Options are how a View works. The zero value is the default.
type Options struct {
	// Palette says what the colours mean; the zero Palette means the profile "story".
	Palette learning.Palette
	// LockTimeout is how long CatchUp waits while another program posts; zero is 10 s.
	LockTimeout time.Duration
	// Damage, if not nil, is called with each damaged line that is left out; else the book's logger is told.
	Damage func(*daybook.DamageError)
	// Progress, if not nil, is called now and then while much is posted, with bytes of the book.
	Progress func(done, all int64)
}

// View is the ledger of one book. It is a daybook.View: give it to one daybook.Open. Called by the Book it only takes note:
// Run posts, and CatchUp does. Its methods may be called from several goroutines at once. Any number of Views, in one
// process and in many, may post to one ledger.
type View struct {
	opts Options
	wake chan struct{}           // has room for one
	rows int                     // that a transaction has at most
	bulk int64                   // bytes from which on a first posting is one of much
	test func(step string) error // fails at a step, for tests; nil never does

	mu      sync.Mutex // held by who posts
	book    *daybook.Book
	file    string
	lock    *durable.Lock
	palette learning.Palette
	sum     int64                  // of palette
	left    durable.Info           // the ledger as the last posting left it; zero if nothing is known of it
	cursors map[daybook.Day]cursor // as they are in that ledger
	seen    map[daybook.Day]glance // as they are there
	glanced map[daybook.Day]glance // that are to be written there
	looked  map[daybook.Day]bool   // days that this View has compared as a whole, or posted
	open    *figures               // of the day that was posted last; nil if there is none to go on with
}

// New returns a View that is not yet open.
func New(opts Options) *View {
	v := &View{opts: opts, wake: make(chan struct{}, 1), rows: maxRows, bulk: maxBytes}
	if v.opts.LockTimeout == 0 {
		v.opts.LockTimeout = 10 * time.Second
	}
	v.setPalette(opts.Palette)
	return v
}

// Name returns "ledger".
func (v *View) Name() string { return "ledger" }

// Open takes note of the book. Nothing is posted.
func (v *View) Open(_ context.Context, b *daybook.Book) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.book != nil {
		return errors.New("the ledger is open already: one View serves one Book")
	}
	v.book, v.file = b, filepath.Join(b.Dir(), Name)
	v.lock = durable.NewLock(b.FS(), v.file+".lock", "")
	return nil
}

// Post has Run look soon. It costs nothing, and never fails.
func (v *View) Post(context.Context, daybook.Day) error {
	select {
	case v.wake <- struct{}{}:
	default: // it is to look already
	}
	return nil
}

// SetPalette has the figures made anew by another palette, when something is next posted.
func (v *View) SetPalette(p learning.Palette) {
	v.mu.Lock()
	v.setPalette(p)
	v.mu.Unlock()
	_ = v.Post(context.Background(), daybook.Day{}) // never fails
}

func (v *View) setPalette(p learning.Palette) {
	if p.IsZero() {
		p, _ = learning.Profile("story") // there is a profile of this name
	}
	if sum := paletteSum(p); sum != v.sum {
		v.palette, v.sum, v.left = p, sum, durable.Info{}
	}
}

// Close ends the use of the book. Run has to have ended.
func (v *View) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var err error
	if v.book != nil {
		err = v.lock.Close()
	}
	v.book = nil
	return err
}

// Summary is what was posted.
type Summary struct {
	Days      int // that had something to post
	Events    int // rows that were inserted
	Removed   int // rows that were taken away first, of days that no longer began with what had been posted
	Damaged   int // lines that were left out
	Refreshed int // other days whose figures were made anew
}

func (s *Summary) add(more Summary) {
	s.Days += more.Days
	s.Events += more.Events
	s.Removed += more.Removed
	s.Damaged += more.Damaged
	s.Refreshed += more.Refreshed
}

// Nothing reports whether there was nothing to post.
func (s Summary) Nothing() bool { return s == Summary{} }

// CatchUp posts what the book has and the ledger lacks, and makes the ledger if there is none. What stands in the day files
// and is not known to be durable is synced first. Days that cannot be read are left as they are: the error names them, and the
// others are posted. Other errors end it: an *Error (also one that is durable.ErrLocked), the book's, or ctx's. What was
// committed stays, and the next CatchUp goes on from there.
func (v *View) CatchUp(ctx context.Context) (Summary, error) { return v.catchUp(ctx, true) }

func (v *View) catchUp(ctx context.Context, settle bool) (done Summary, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.acquire(ctx); err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, v.lock.Release()) }()
	if err := (&View{book: v.book, file: v.file + newSuffix}).remove(); err != nil { // of a rebuilding that was cut short
		return done, err
	}
	for try := 0; ; try++ {
		err = v.pass(ctx, settle, &done)
		if errors.Is(err, errOlder) {
			var made Rebuilt
			made, err = v.rebuild(ctx, false)
			done.add(made.Summary)
			if err == nil {
				err = v.pass(ctx, settle, &done) // so that it is known what is posted
			}
		}
		if try == 3 || !errors.Is(err, errMoved) && !errors.Is(err, errReplaced) {
			return done, err
		}
	}
}

// pass is catchUp under the lock. Where nothing has changed since the last one, the database is not opened.
func (v *View) pass(ctx context.Context, settle bool, done *Summary) (err error) {
	if info, err := v.book.FS().Stat(v.file); err != nil || info != v.left {
		v.forget()
	}
	var c *conn
	if v.cursors == nil {
		if c, err = v.openCursors(ctx); err != nil {
			return err
		}
	}
	defer func() {
		if c == nil {
			return
		}
		err = errors.Join(err, c.close())
		if info, serr := v.book.FS().Stat(v.file); serr == nil && v.cursors != nil {
			v.left = info
		}
	}()
	fresh := c != nil
	jobs, left, all, err := v.jobs(ctx, settle)
	if err != nil || len(jobs) == 0 && !fresh {
		return errors.Join(err, left)
	}
	if c == nil {
		if c, err = openToWrite(ctx, v.book.FS(), v.file); err != nil {
			return err
		}
	}
	err = v.work(ctx, c, jobs, all, done)
	if err == nil && (len(jobs) > 0 || len(v.glanced) > fewGlances) {
		err = v.writeGlances(c)
	}
	if err != nil {
		v.forget()
		return err
	}
	return left
}

// work posts jobs, and makes the figures anew that need it. all is how many bytes the jobs are.
func (v *View) work(ctx context.Context, c *conn, jobs []job, all int64, done *Summary) error {
	at := int64(0)
	step := func(bytes int64) {
		if at += bytes; v.opts.Progress != nil {
			v.opts.Progress(at, all)
		}
	}
	p, err := v.newPoster(c, done, step)
	defer p.close()
	if err == nil && len(jobs) > 0 {
		p.bulk = all >= v.bulk && len(v.cursors) == 0
		err = p.post(ctx, jobs)
	}
	if err == nil && p.bulk {
		err = c.transaction(func() error { return errors.Join(c.exec(indexes), v.at("indexes")) })
	}
	if err != nil {
		return err
	}
	n, err := v.refresh(ctx, c)
	done.Refreshed += n
	return err
}

// openCursors opens the ledger and reads how far it is.
func (v *View) openCursors(ctx context.Context) (*conn, error) {
	c, err := openToWrite(ctx, v.book.FS(), v.file)
	if err != nil {
		return nil, err
	}
	v.looked = make(map[daybook.Day]bool)
	v.glanced = make(map[daybook.Day]glance)
	if v.seen, err = readGlances(c); err == nil {
		v.cursors, err = readCursors(c)
	}
	if err != nil {
		v.forget()
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// forget drops what is known of the database.
func (v *View) forget() {
	v.cursors, v.seen, v.glanced, v.looked, v.open, v.left = nil, nil, nil, nil, nil, durable.Info{}
}

// jobs returns what is to be posted, in the order of the days, and how much that is. left is why days are left as they are.
func (v *View) jobs(ctx context.Context, settle bool) (jobs []job, left error, all int64, err error) {
	days, err := v.book.Days()
	if err != nil {
		return nil, nil, 0, err
	}
	var errs []error
	for _, day := range days {
		if err := context.Cause(ctx); err != nil {
			return nil, nil, 0, err
		}
		j, ok, err := v.plan(ctx, day, settle)
		switch {
		case err != nil && ctx.Err() == nil:
			errs = append(errs, err)
		case err != nil:
			return nil, nil, 0, err
		case ok:
			jobs = append(jobs, j)
			all += j.extent.Size - j.from
		}
	}
	return jobs, errors.Join(errs...), all, nil
}

// Posted reports whether the ledger has all whole lines of a day, as far as the last posting of this View knows.
func (v *View) Posted(day daybook.Day) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.book == nil {
		return false
	}
	size, err := v.book.DaySize(day)
	return err == nil && v.cursors[day].posted >= size
}

func (v *View) damaged(d *daybook.DamageError) {
	if v.opts.Damage != nil {
		v.opts.Damage(d)
		return
	}
	v.book.Logger().Warn("a damaged line is not posted", "error", d)
}

// at is where tests have posting fail.
func (v *View) at(step string) error {
	if v.test == nil {
		return nil
	}
	return v.test(step)
}

// Pauses of Run: after something was posted, after a look at all days that found nothing, and after an error.
const (
	pace    = time.Second
	idle    = 5 * time.Second
	afterIt = 5 * time.Second
)

// Run posts until ctx ends: about a second after something was appended through the View's Book, within some seconds after
// others have appended. posted, if not nil, is called whenever all is posted, also if there was nothing to post. What goes wrong is told to
// the book's logger, each trouble once, and tried again. It leaves nothing undone that was appended before ctx ended, if
// it can be done in a second.
func (v *View) Run(ctx context.Context, posted func(Summary)) {
	said := ""
	pause := time.NewTimer(0)
	defer pause.Stop()
	look := func(ctx context.Context) time.Duration {
		began := time.Now()
		done, err := v.catchUp(ctx, false)
		if err == nil && posted != nil {
			posted(done)
		}
		if err != nil && ctx.Err() == nil {
			if err.Error() != said {
				v.log().Log(ctx, slog.LevelWarn, "the ledger is behind; it catches up when that has passed", "error", err)
			}
			said = err.Error()
			return afterIt
		}
		said = ""
		return max(pace, 20*time.Since(began))
	}
	for {
		select {
		case <-ctx.Done():
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer stop()
			look(last)
			return
		case <-pause.C:
		}
		rest := look(ctx)
		// Two pauses: one in which nothing is looked at, and one that an append ends.
		pause.Reset(rest)
		select {
		case <-pause.C:
		case <-ctx.Done():
			continue
		}
		pause.Reset(idle)
		select {
		case <-v.wake:
			pause.Reset(0)
		case <-pause.C:
			pause.Reset(0)
		case <-ctx.Done():
		}
	}
}

func (v *View) log() *slog.Logger { return v.book.Logger() }
