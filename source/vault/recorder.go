package vault

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"daybook/canvas"
	"daybook/internal/durable"
)

// Save is one settled state of one board.
type Save struct {
	Path string // the board's path in the vault, with "/"
	// From is the path that the board had before, if it was renamed. The caller has seen to it that it is the same
	// board; a From that is not known, or a Path that is, makes the save an ordinary one.
	From string
	// Board is what the file holds. Nil together with an empty Unreadable means that the board was deleted.
	Board *canvas.Board
	// Unreadable is why the file holds no board at present.
	Unreadable string
	// Time is when it happened, for a file its modification time. Unless Historic is set, a time that is zero, ahead
	// of the clock or older than the board's last recorded save is replaced by the present, and so is that of a board
	// that has not been read yet, readable or not, and of a mere renaming, which leaves the modification time alone.
	Time time.Time
	// Historic keeps Time as it is: the save comes from a history, not from the file system.
	Historic bool
	// Observed, if not "", is whose history that is: the events say so in details.observed.
	Observed string
	// Late marks what happened while nobody watched.
	Late bool

	hash string // of Board
	// mayBeOther has errOther returned, and nothing recorded, when the file may hold another board than before.
	mayBeOther bool
	// apart says that another board's path is the canvas_id that this one would have.
	apart bool
}

// errOther is what Record returns, if Save.mayBeOther is set, for a file that holds half or less of the cards of the
// board that it held before.
var errOther = errors.New("it may be another board")

// Recorder turns saves into events: each against the board's last recorded state, which it keeps in the directory
// baseline of the book, each exactly once, whatever crashes.
//
// A save is recorded in three durable steps. The new state is put beside the baseline as an intent, with all that the
// events are made from; the events are appended; the intent is renamed to the baseline. A crash after the first or
// the second step leaves the intent, which is finished before anything else is recorded for that board: the events
// come out byte for byte the same, so that the book acknowledges as duplicates those that it has.
//
// Different boards may be recorded at once; of one board, and of the two names of a renaming, one save at a time.
type Recorder struct {
	book  Book
	opts  Options
	dir   string
	fresh bool             // no board was known when the Recorder was made
	root  string           // of the boards' files; "" if there are none
	tell  func([]Recorded) // if not nil, gets the events of each save that are on disk
	ready func() error     // if not nil, says why nothing can be recorded at present
	// lineage names a new board.
	lineage func(Save) (string, error)
	// memory, if not nil, holds the states instead of files, by the names that those would have.
	memory map[string]*state

	recent recentStates

	mu     sync.Mutex
	newest time.Time // the last place in the book, once that had to be looked up
	wrong  bool      // a save is known that is out of order
	byPath map[string]*entry
	byID   map[string]*entry // who has a canvas_id, or is to have it
	total  Summary
}

// entry is what the Recorder has in memory of a board. It is changed only by the one who records that board.
type entry struct {
	lineage    string
	path       string
	key        string // foldKey of path
	id         string // its canvas_id
	nextID     string // that of the intent that was made last
	generation int64
	hash       string // of the last recorded state; "" while none has been read yet
	held       string // state.Held
	came       string // the canvas_id that it had before, if its last save was a renaming
	unreadable bool   // canvas_unreadable was recorded, and the board has not been read since
	pending    bool   // there is an intent, to be finished first
	told       int64  // the generation whose events the consumers have been told of
}

// NewRecorder reads what was recorded last into the directory baseline of the book, and finishes nothing yet. Only one
// Recorder may work on a book at a time; a Vault sees to that with a lock. Options.Consumers are a Vault's: a Recorder
// alone calls none.
func NewRecorder(book Book, opts *Options) (*Recorder, error) {
	return openRecorder(book, opts.withDefaults(book))
}

func openRecorder(book Book, opts Options) (*Recorder, error) {
	r := &Recorder{
		book:   book,
		opts:   opts,
		dir:    filepath.Join(book.Dir(), "baseline"),
		byPath: map[string]*entry{},
		byID:   map[string]*entry{},

		lineage: func(Save) (string, error) { return opts.random() },
	}
	if err := r.load(); err != nil {
		return nil, fmt.Errorf("read the recorded states in %s: %w", r.dir, err)
	}
	r.fresh = len(r.byPath) == 0
	return r, nil
}

// Summary returns what was recorded so far.
func (r *Recorder) Summary() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.total
	for _, e := range r.byPath {
		if e.hash != "" {
			s.Boards++
		}
	}
	return s
}

// Finish records what a crash left half recorded. It goes on after an error, and what fails stays to be finished when
// something else is recorded of the same board.
func (r *Recorder) Finish(ctx context.Context) error {
	var errs []error
	for _, path := range r.paths() {
		if e := r.entry(path); e != nil && e.pending {
			errs = append(errs, r.finish(ctx, e))
		}
	}
	return errors.Join(errs...)
}

// Record records one save. It returns nil when the save's events are in the book, or when there is nothing to record:
// the same state, an unreadable board that is known to be so, a deletion of what is not known. After an error nothing
// is lost: Record, called again with the state of that time, finishes what is left. When ctx ends before the events are
// appended, the error is its cause.
func (r *Recorder) Record(ctx context.Context, s Save) error {
	if r.ready != nil {
		if err := r.ready(); err != nil {
			return err
		}
	}
	was := r.entry(s.Path)
	e, err := r.subject(ctx, &s)
	if err != nil {
		return err
	}
	if s.mayBeOther && s.Board != nil && was != nil && e != was {
		return errOther // a renaming was half recorded: the board known here has another path
	}
	if s.Board != nil {
		s.hash = hashOf(s.Board)
	}
	switch {
	case s.Board != nil && e != nil && e.hash == s.hash && s.From == "":
		return r.readableAgain(ctx, e, s)
	case s.Board == nil && s.Unreadable != "" && e != nil && e.unreadable:
		return nil
	case s.Board == nil && s.Unreadable == "" && e == nil:
		return nil
	case s.Board == nil && s.Unreadable == "" && e.hash == "":
		return r.remove(e) // it was never read: there is nothing to tell
	}
	if e == nil {
		lineage, err := r.lineage(s)
		if err != nil {
			return fmt.Errorf("draw a lineage for %q: %w", s.Path, err)
		}
		return r.record(ctx, &entry{lineage: lineage, path: s.Path, key: foldKey(s.Path)}, &state{Lineage: lineage}, nil, s)
	}
	var base *state
	var old *canvas.Board
	if s.Board != nil && r.memory == nil { // else the state is written with the board that it has, or in memory anyway
		base, old = r.recent.find(r.fsys(), r.baseFile(e.lineage))
	}
	if base == nil {
		if base, old, err = r.baseline(e); err != nil {
			return err
		}
	}
	if base == nil {
		return r.Record(ctx, s) // its lineage has ended: it is a new board
	}
	if s.mayBeOther && s.Board != nil && isOther(idsOf(s.Board), old) {
		return errOther
	}
	return r.record(ctx, e, base, old, s)
}

// subject finds the board that a save is about, with nothing left to finish. It clears s.From if it is no renaming.
func (r *Recorder) subject(ctx context.Context, s *Save) (*entry, error) {
	for _, path := range []string{s.From, s.Path} {
		if e := r.entry(path); path != "" && e != nil && e.pending {
			was := e.path
			if err := r.finish(ctx, e); err != nil {
				return nil, err
			}
			if s.From == was && e.path != was && r.entry(e.path) == e {
				s.From = e.path // an earlier renaming had not been recorded yet
			}
		}
	}
	known := r.entry(s.Path)
	e := r.entry(s.From)
	if s.From == "" || e == nil || e.hash == "" || s.From == s.Path || known != nil && known.hash != "" {
		s.From = ""
		return known, nil
	}
	if known != nil {
		if err := r.remove(known); err != nil { // it was never read: the renamed board takes its place
			return nil, err
		}
	}
	return e, nil
}

// record makes the intent and sees it through.
func (r *Recorder) record(ctx context.Context, e *entry, base *state, old *canvas.Board, s Save) error {
	id := base.Path
	if s.Board != nil || base.Generation == 0 {
		id = r.claim(e, s)
	}
	next := r.next(base, old, s, id)
	if err := r.write(r.intentFile(e.lineage), next); err != nil {
		if base.Generation == 0 { // the next attempt draws another lineage: what was written all the same is nobody's
			r.forget(e)
			return errors.Join(err, r.drop(r.intentFile(e.lineage)))
		}
		return err
	}
	r.mu.Lock()
	r.byPath[e.path] = e
	e.pending = true
	r.mu.Unlock()
	return r.settle(ctx, e, next, old, s.Board)
}

// readableAgain notes that a board is as it was before it became unreadable.
func (r *Recorder) readableAgain(ctx context.Context, e *entry, s Save) error {
	if !e.unreadable {
		return nil
	}
	base, _, err := r.baseline(e)
	if err != nil {
		return err
	}
	if base == nil {
		return r.Record(ctx, s)
	}
	base.Unreadable = ""
	if err := r.write(r.baseFile(e.lineage), base); err != nil {
		return err
	}
	r.mu.Lock()
	e.unreadable = false
	r.mu.Unlock()
	return nil
}

// finish records the intent of e.
func (r *Recorder) finish(ctx context.Context, e *entry) error {
	next, err := r.read(r.intentFile(e.lineage))
	if err != nil {
		return err
	}
	if next == nil {
		return r.finished(e)
	}
	var old *canvas.Board
	if next.Save.Kind == saveChanged {
		var base *state
		if base, old, err = r.baseline(e); err != nil || base == nil {
			return err
		}
	}
	board, err := next.board()
	if err != nil {
		return r.lost(e, err)
	}
	return r.settle(ctx, e, next, old, board)
}

// finished takes e from its baseline when the intent is no longer there: the third step took effect although it
// failed, or the intent was damaged, and then what it would have recorded is found again by comparing.
func (r *Recorder) finished(e *entry) error {
	if err := r.sync(); err != nil { // the rename may be all that has taken effect
		return err
	}
	base, err := r.read(r.baseFile(e.lineage))
	if err != nil {
		return err
	}
	if base == nil {
		r.forget(e)
		return nil
	}
	r.update(e, base)
	return nil
}

// update makes e what the baseline s says.
func (r *Recorder) update(e *entry, s *state) {
	r.forget(e)
	r.mu.Lock()
	e.generation, e.hash, e.unreadable, e.pending = s.Generation, s.Hash, s.Unreadable != "", false
	r.mu.Unlock()
	r.know(e, s)
}

// settle is the second and the third step.
func (r *Recorder) settle(ctx context.Context, e *entry, next *state, old, board *canvas.Board) error {
	told, err := r.append(ctx, next, old, board)
	if err != nil {
		return &recordError{next, err}
	}
	if e.told != next.Generation { // a third step that is tried again appends again
		r.count(e, next, told)
		if r.tell != nil {
			r.tell(told)
		}
	}
	return r.promote(e, next, board)
}

// recordError is why the second step of a save failed.
type recordError struct {
	state *state
	err   error
}

func (e *recordError) Error() string { return fmt.Sprintf("record %v: %v", e.state, e.err) }
func (e *recordError) Unwrap() error { return e.err }

func (r *Recorder) count(e *entry, s *state, told []Recorded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.told = s.Generation
	r.total.Events += len(told)
	if len(told) > 0 && s.Save.Kind != saveUnreadable {
		r.total.Saves++
	}
	if s.Save.Late {
		r.total.Late += len(told)
	}
	if s.Save.Kind == saveUnreadable {
		r.total.Unreadable++
	}
}

const lineageSize = 16 // bytes

func drawLineage() (string, error) {
	var b [lineageSize]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}

// fsys is the file system that the states are on.
func (r *Recorder) fsys() durable.FS { return r.opts.fsys }
