// Package vault turns a folder of JSON Canvas boards into events: it watches the boards of an Obsidian vault, waits
// until each has settled, and records in a book what changed on every node since the state it recorded last.
//
// The boards are only read. What was recorded last stands in the book's directory baseline, one file per board, so that
// a crash at any moment neither loses nor doubles an event, and what was edited while nobody watched is recorded at the
// next start, marked as late.
package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// Book is what a Vault and a Recorder need of a book; *daybook.Book is one.
type Book interface {
	// AppendAll appends events in their order and gives one verdict for each.
	AppendAll(ctx context.Context, events []daybook.Event) []daybook.Verdict
	// Snapshot stores a board beside the day's events and returns the name to refer to it by. Repeated, it does
	// nothing.
	Snapshot(day daybook.Day, data []byte) (string, error)
	// DayOf returns the day of an instant in the book's zone.
	DayOf(t time.Time) daybook.Day
	// Now is the clock, in the book's zone.
	Now() time.Time
	// Dir is the book's directory.
	Dir() string
}

// Options says how a vault is watched. The zero value, and nil, mean the defaults.
type Options struct {
	// Debounce is how long a board must have been left alone before it is read. 500 ms.
	Debounce time.Duration
	// MaxDelay is how long a board that keeps changing may put off being read. 5 s.
	MaxDelay time.Duration
	// Absence is how long a board must be missing before it counts as deleted. 2 s.
	Absence time.Duration
	// Patience is how long a board must be unreadable before that is recorded. 3 s.
	Patience time.Duration
	// Retry is the pause before a recording that failed is tried again. 1 s.
	Retry time.Duration
	// Rescan is how often the whole vault is compared, in case the system left something out. 5 min.
	Rescan time.Duration
	// Poll, if not zero, is the pause between two comparisons of the whole vault; the system is then not asked to tell of
	// changes. At least MinPoll. Zero: the system tells of them, and only where it is not known to tell of all, or has
	// no room for more watches, the vault is also compared every 5 s.
	Poll time.Duration
	// Parallel is how many boards are read and recorded at once. 4.
	Parallel int
	// Ignore are patterns of boards and directories to leave alone beyond the usual ones, in the syntax of path.Match,
	// compared with the path in the vault and with the last element of it, both in NFC.
	Ignore []string
	// Include are patterns, as in Ignore, of copies that are boards all the same.
	Include []string
	// TextLengths keeps only the lengths of texts, in characters, instead of the texts.
	TextLengths bool
	// Consumers get each event after it was recorded. None.
	Consumers []Consumer
	// Logger gets what the operator should know. Nil discards.
	Logger *slog.Logger

	fsys   durable.FS               // the file system; the book's
	notify func() (notifier, error) // makes what tells of changes; fsnotify
	kindOf func(dir string) kind    // of the file system that a directory lies on; the system's own word
	held   int                      // how many files and directories watches may hold open, if they do; heldLimit
	now    func(Book) time.Time     // for events; Book.Now
	random func() (string, error)   // draws a lineage; 16 random bytes in hex
}

// MinPoll is the shortest pause between two comparisons of a vault.
const MinPoll = 10 * time.Millisecond

// Summary is what a run came to.
type Summary struct {
	Boards     int // boards known at the end
	Events     int // recorded
	Saves      int // recorded: one save may be many events; that a board cannot be read is none
	Late       int // events of what happened while nobody watched
	Unreadable int // boards that could not be read
	Retries    int // recordings that failed and were tried again
	Lost       int // events that the book refused for good, each logged
	Unsettled  int // boards whose latest state could not be recorded: unreadable, or the recording failed last

	Waiting []Waiting // the boards that Unsettled counts, by CanvasID

	Consumers []ConsumerSummary // in the order of Options.Consumers
}

// Waiting is a board whose latest state is not recorded.
type Waiting struct {
	CanvasID string
	Reason   string // for people
}

// ErrWatched is what Open returns, in a *WatchedError, when the book has a watcher already. It wraps
// daybook.ErrLocked.
var ErrWatched = fmt.Errorf("the vault is being watched already: %w", daybook.ErrLocked)

// Vault is a folder of boards with the book that its events go into. Its methods are not to be called at once, but for
// Close.
type Vault struct {
	root string // absolute
	real string // root without symbolic links
	book Book
	opts Options
	rec  *Recorder
	lock *watchLock
	home atomic.Pointer[durable.FileID] // what root was when it was opened, or has been found to be since
	skip skipper

	started time.Time // when the running CatchUp or Run began

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	stop    context.CancelCauseFunc // of the running CatchUp or Run; nil when there is none
}

// Open prepares to watch the boards under the directory root, takes the watcher's lock and reads what was recorded
// last. It starts nothing and records nothing. The error wraps fs.ErrNotExist when there is no root, and ErrWatched
// when somebody else watches with this book.
func Open(root string, book Book, opts *Options) (*Vault, error) {
	o := opts.withDefaults(book)
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open vault %q: %w", root, err)
	}
	info, err := o.fsys.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("open vault %q: %w", root, err)
	}
	if !info.Mode.IsDir() {
		return nil, fmt.Errorf("open vault %q: it is a file, not a directory", root)
	}
	skip, err := newSkipper(o.fsys, abs, book.Dir(), o.Ignore)
	if err != nil {
		return nil, fmt.Errorf("open vault %q: %w", root, err)
	}
	if o.Consumers, err = prepareConsumers(o.Consumers); err != nil {
		return nil, fmt.Errorf("open vault %q: %w", root, err)
	}
	lock, err := takeWatchLock(o.fsys, book, abs)
	if err != nil {
		return nil, fmt.Errorf("open vault %q: %w", root, err)
	}
	rec, err := openRecorder(book, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open vault %q: %w", root, err), lock.close())
	}
	rec.root = abs
	v := &Vault{root: abs, real: realPath(abs), book: book, opts: o, rec: rec, lock: lock, skip: skip}
	v.home.Store(&info.ID)
	if skip.own != "" {
		rec.ready = v.there // recording makes missing directories again: never a vault that is away
	}
	return v, nil
}

// CatchUp records what changed since the last recorded states, and returns when all boards are dealt with: 2 s later
// when boards have gone, 3 s later when some cannot be read. What cannot be recorded after three attempts is returned
// as an error and left to the next start. When ctx ends, it returns within 2 s with the context's cause.
func (v *Vault) CatchUp(ctx context.Context) (Summary, error) { return v.run(ctx, false) }

// Run catches up and then records changes as they happen until ctx ends. Boards that are waiting to settle are then
// read at once; it returns within 2 s with what it recorded, and no error. Other errors: daybook.ErrClosed.
func (v *Vault) Run(ctx context.Context) (Summary, error) { return v.run(ctx, true) }

// Close ends a CatchUp or Run in progress, waits for it, and gives the lock back. A second call does nothing.
func (v *Vault) Close() error {
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		v.running.Wait()
		return nil
	}
	v.closed = true
	if v.stop != nil {
		v.stop(errClosed)
	}
	v.mu.Unlock()
	v.running.Wait()
	return v.lock.close()
}

var errClosed = errors.New("the vault is closed")

// run is one CatchUp or Run, from its beginning to its end.
func (v *Vault) run(ctx context.Context, watch bool) (Summary, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	v.mu.Lock()
	if v.closed || v.stop != nil {
		v.mu.Unlock()
		return Summary{}, errClosed
	}
	v.stop = stop
	v.running.Add(1)
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		v.stop = nil
		v.mu.Unlock()
		v.running.Done()
	}()
	return newEngine(v, watch).run(ctx)
}

// fsysOf returns the file system that the book is on, as a *daybook.Book tells; another Book's is the system's.
func fsysOf(book Book) durable.FS {
	if b, ok := book.(interface{ FS() durable.FS }); ok {
		return b.FS()
	}
	return durable.OS()
}

// withDefaults returns a copy of o with every zero field filled in for a vault with this book.
func (o *Options) withDefaults(book Book) Options {
	var d Options
	if o != nil {
		d = *o
	}
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&d.Debounce, 500 * time.Millisecond},
		{&d.MaxDelay, 5 * time.Second},
		{&d.Absence, 2 * time.Second},
		{&d.Patience, 3 * time.Second},
		{&d.Retry, time.Second},
		{&d.Rescan, 5 * time.Minute},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	d.MaxDelay = max(d.MaxDelay, d.Debounce)
	if d.Poll = max(d.Poll, 0); d.Poll > 0 {
		d.Poll = max(d.Poll, MinPoll)
	}
	if d.Parallel <= 0 {
		d.Parallel = 4
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.fsys == nil {
		d.fsys = fsysOf(book)
	}
	if d.notify == nil {
		d.notify = newFSNotify
	}
	if d.kindOf == nil {
		d.kindOf = kindOf
	}
	if d.held == 0 {
		d.held = heldLimit
	}
	if d.now == nil {
		d.now = Book.Now
	}
	if d.random == nil {
		d.random = drawLineage
	}
	return d
}
