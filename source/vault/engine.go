package vault

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"daybook/internal/durable"
)

const (
	stopLimit    = 1500 * time.Millisecond // after ctx has ended, for what is under way
	feedLimit    = 1700 * time.Millisecond // after ctx has ended, for consumers to get what is recorded
	leaveLimit   = 100 * time.Millisecond  // after that, for calls whose contexts have ended then
	onceAttempts = 3                       // of a recording that fails, in CatchUp
	longestHold  = 10 * time.Second        // that a new board waits to be compared with others
	slowestLook  = 30 * time.Second        // between looks at an unreadable board
	never        = 1000 * time.Hour        // until a scan that nothing has asked for
)

// engine is one CatchUp or Run. Its fields belong to the goroutine that calls run; looks at boards and scans run in
// goroutines of their own, which it starts and waits for, and report to it through channels.
type engine struct {
	v      *Vault
	log    *slog.Logger
	watch  bool
	notify notifier // nil when nothing tells of changes

	agenda    *agenda
	troubles  map[string]*trouble
	newcomers map[string]*newcomer
	names     map[string]boardName // of boards that were compared with new ones
	settled   [][]errand           // boards of which it has just been decided what they are, in chains
	seen      map[string]seen      // boards as they were last looked at, and as scans saw them
	results   chan outcome
	running   int
	barrier   bool // no new looks: newcomers are about to be compared

	dirs     map[string]durable.FileID // directories that have a watch
	links    map[string]bool           // boards that are symbolic links, and what leads nowhere
	mounts   map[string]bool           // directories where another file system begins, or began
	scans    chan tree                 // of a scan in progress
	scanning bool
	scanAt   time.Time // when the next scan is due
	glances  glances
	home     home
	poll     bool // the notifier fails
	silent   bool // scans have found a file system that is not known to tell of all changes
	held     bool // watches would hold too many files open: there are none
	said     map[string]bool

	quit     <-chan struct{} // closed when ctx ends
	work     context.Context // of the looks: outlasts ctx by stopLimit
	stopping bool
	failed   map[string]error // in CatchUp: what could not be recorded
	retries  int
	fatal    error
}

// trouble is what is wrong with a board at present.
type trouble struct {
	absent     time.Time // since when it has been missing
	unreadable time.Time // since when it cannot be read
	looks      int       // since it was unreadable
	attempts   int       // at recording it
	unrecorded bool      // its latest state is not recorded
	reason     string    // why it is not, or why it cannot be read
	late       bool
}

// newcomer is a board that is not known by its path, or a file that may hold another board than the one known by it.
type newcomer struct {
	errand
	ids   []string
	since time.Time
}

func newEngine(v *Vault, watch bool) *engine {
	return &engine{
		v: v, log: v.opts.Logger, watch: watch,
		agenda:    newAgenda(v.opts.Debounce, v.opts.MaxDelay),
		troubles:  map[string]*trouble{},
		newcomers: map[string]*newcomer{},
		names:     map[string]boardName{},
		seen:      map[string]seen{},
		dirs:      map[string]durable.FileID{},
		links:     map[string]bool{},
		mounts:    map[string]bool{},
		glances:   glances{results: make(chan glance, 1), deaf: map[string]bool{}},
		results:   make(chan outcome),
		scans:     make(chan tree),
		failed:    map[string]error{},
		said:      map[string]bool{},
		scanAt:    time.Now().Add(never),
	}
}

// run works until ctx ends or, without watch, everything is dealt with.
func (e *engine) run(ctx context.Context) (Summary, error) {
	v := e.v
	before := v.rec.Summary()
	f := startFeeds(ctx, v.opts.Consumers, e.log)
	v.rec.tell = f.tell
	v.started = v.opts.now(v.book)
	e.quit = ctx.Done()
	var cancel context.CancelCauseFunc
	e.work, cancel = outlast(ctx, stopLimit) // looks that are under way when ctx ends may still be finished, for a while
	defer cancel(nil)

	e.begin(ctx)
	e.loop(ctx)
	if e.notify != nil {
		if err := e.notify.Close(); err != nil {
			e.log.Warn("end the watching", "error", oneLine(err))
		}
	}
	sum := since(before, v.rec.Summary())
	sum.Retries, sum.Waiting = e.retries, e.waiting()
	sum.Unsettled = len(sum.Waiting)
	sum.Consumers = f.close()
	v.rec.fresh = false
	err := e.fatal
	for _, f := range e.failed {
		err = errors.Join(err, f)
	}
	if err == nil && !e.watch && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return sum, err
}

// outlast returns a context that ends as long after ctx as limit says, with ctx's cause, or when cancel is called, as it
// must be in the end.
func outlast(ctx context.Context, limit time.Duration) (context.Context, context.CancelCauseFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(context.Cause(ctx))
		case <-longer.Done():
		}
	})
	return longer, func(cause error) {
		stop()
		cancel(cause)
	}
}

// since is what b has more than a.
func since(a, b Summary) Summary {
	b.Events -= a.Events
	b.Saves -= a.Saves
	b.Late -= a.Late
	b.Unreadable -= a.Unreadable
	b.Lost -= a.Lost
	return b
}

// begin finishes what a crash left over and looks through the whole vault.
func (e *engine) begin(ctx context.Context) {
	if err := e.v.rec.Finish(ctx); err != nil {
		e.log.Warn("what was half recorded cannot be finished yet", "error", oneLine(err))
	}
	if e.watch && e.v.opts.Poll == 0 {
		n, err := e.v.opts.notify()
		if err != nil {
			e.noWatch(err)
		} else {
			e.notify = n
		}
	}
	w := e.walker()
	w.known = e.v.rec.paths()
	if found := w.walk("."); ctx.Err() == nil {
		e.scanned(found, true)
	}
}

// loop hands out looks and takes in what they found, until there is nothing more to do.
func (e *engine) loop(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var notices <-chan notice
	var errs <-chan error
	if e.notify != nil {
		notices, errs = e.notify.Notices(), e.notify.Errors()
	}
	done, limit := ctx.Done(), e.work.Done()
	for {
		now := time.Now()
		e.resolve(now)
		e.dispatch(now)
		e.lookHome(now)
		e.startScan(now)
		e.startGlance(now)
		if e.idle() {
			return
		}
		timer.Reset(e.nextWake(now))
		select {
		case <-done:
			done = nil
			e.drain(notices)
			notices, errs = nil, nil
			e.stopping = true
			e.agenda.hurry(time.Now())
		case <-limit:
			limit = nil // idle knows of it
		case n := <-notices:
			e.noticed(n)
		case err := <-errs:
			e.notifyFailed(err)
		case out := <-e.results:
			e.running--
			e.looked(out)
			if e.stopping {
				e.agenda.hurry(time.Now())
			}
		case found := <-e.scans:
			e.scanning = false
			if ctx.Err() == nil {
				e.scanned(found, false)
			}
		case g := <-e.glances.results:
			e.glanced(g)
		case <-timer.C:
		}
	}
}

// idle reports whether the loop has nothing left to do.
func (e *engine) idle() bool {
	if e.running > 0 || e.scanning {
		return false
	}
	if e.fatal != nil || e.stopping && e.work.Err() != nil {
		return true
	}
	_, waiting := e.agenda.next()
	return (e.stopping || !e.watch) && !waiting && len(e.newcomers) == 0 && len(e.settled) == 0
}

// nextWake is how long nothing is to be done unless something happens.
func (e *engine) nextWake(now time.Time) time.Duration {
	wait := time.Minute
	if e.running < e.v.opts.Parallel && !e.barrier {
		if at, ok := e.agenda.next(); ok {
			wait = min(wait, at.Sub(now))
		}
	}
	if e.watch && !e.scanning && !e.stopping {
		wait = min(wait, e.scanAt.Sub(now), e.home.lookAt.Sub(now))
	}
	if e.mayGlance() {
		wait = min(wait, e.glances.at.Sub(now))
	}
	for _, n := range e.newcomers {
		if !e.barrier { // otherwise only a look that comes to its end makes a difference
			wait = min(wait, n.since.Add(longestHold).Sub(now))
		}
	}
	return max(wait, 0)
}

// drain takes in the notices that are waiting to be read.
func (e *engine) drain(notices <-chan notice) {
	for {
		select {
		case n := <-notices:
			e.noticed(n)
		default:
			return
		}
	}
}

// dispatch starts looks at the boards that are due, as many at once as allowed.
func (e *engine) dispatch(now time.Time) {
	if e.fatal != nil || e.stopping && e.work.Err() != nil {
		return
	}
	for e.running < e.v.opts.Parallel && len(e.settled) > 0 {
		next := e.settled[0]
		e.settled = e.settled[1:]
		e.start(next...)
	}
	for e.running < e.v.opts.Parallel && !e.barrier {
		path, it, ok := e.agenda.take(now)
		if !ok {
			return
		}
		e.start(e.errand(path, it, now))
	}
}

// errand decides what may be done about what a look will find.
func (e *engine) errand(path string, it item, now time.Time) errand {
	er := errand{path: path, late: it.late}
	if t := e.troubles[path]; t != nil {
		t.late = t.late && it.late
		er.absent = t.absent
		er.mayDelete = !t.absent.IsZero() && now.Sub(t.absent) >= e.v.opts.Absence && !e.holding()
		er.mounts = e.mountsOf(path)
		er.mayTell = !t.unreadable.IsZero() && now.Sub(t.unreadable) >= e.v.opts.Patience
	}
	if known, ok := e.v.rec.known(path); !ok || known.hash == "" {
		er.mayRename = len(e.suspects(path)) > 0 || IsConflictCopy(path) || e.hasSibling(path)
	}
	return er
}

// start starts a look at a board, or at several, one after the other.
func (e *engine) start(chain ...errand) {
	e.running += len(chain)
	go func() {
		for _, out := range e.v.lookAll(e.work, chain) {
			e.results <- out
		}
	}()
}

// looked takes in what a look found.
func (e *engine) looked(out outcome) {
	now := time.Now()
	if out.found == isNewcomer {
		e.newcomers[out.path] = &newcomer{errand: out.errand, ids: out.ids, since: now}
		return // the board stays busy until it is known what it is
	}
	e.agenda.done(out.path)
	s := e.seen[out.path]
	s.saw(out.info, now)
	s.looked, s.at = out.info, out.began
	e.seen[out.path] = s
	if out.from != "" && !out.chained {
		e.agenda.done(out.from)
		e.agenda.found(out.from, now, out.late)
	}
	for _, board := range append(e.spellings(out), out.moved) {
		if board != "" {
			e.agenda.found(board, now, out.late)
		}
	}
	t := e.troubles[out.path]
	if t == nil {
		t = &trouble{late: out.late}
		e.troubles[out.path] = t
	}
	switch {
	case out.err != nil:
		e.recordFailed(out, t, now)
		return
	case out.found == isBoard, out.found == isOnServer:
		delete(e.troubles, out.path)
		delete(e.failed, out.path)
		return
	case out.found == isAbsentNow:
		e.isAbsent(out, t, now)
	case out.found == isAway:
		t.absent, t.unreadable, t.unrecorded = time.Time{}, time.Time{}, true
		t.reason = "its folder cannot be read"
		if e.watch {
			e.scanSoon(e.v.opts.Debounce) // which says what is wrong, once for all boards
			e.agenda.again(out.path, now.Add(slowestLook), out.late)
		}
	case out.found == isUnreadable:
		e.isUnreadable(out, t, now)
	case out.found == isChanging:
		t.unrecorded, t.reason = true, "it keeps changing"
		if t.looks++; e.watch || t.looks < 20 {
			e.agenda.again(out.path, now.Add(e.v.opts.Debounce/2), out.late)
		}
	}
	t.attempts = 0
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
