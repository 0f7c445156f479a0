package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"daybook/canvas"
)

// Replay records the boards of a history, moment by moment, as if each had been watched: the Recorder, the rules of
// renaming and the boards that are left alone are the watcher's. It is not to be used from several goroutines at once.
//
// What its events are made from is the history alone, so that a replay that was killed and begins again makes the same
// events byte for byte, and the book acknowledges them as duplicates. Therefore it needs no intents: the states are in
// memory, and from time to time all of them are put into one file, the checkpoint, with the place in the history up to
// which everything is in the book. When the history is done, the states become the watcher's baselines, so that watching
// goes on from them; before a replay goes on with a board, it takes that baseline away again. Thus wherever a kill
// comes, a watcher that starts then finds a state up to which everything is recorded and nothing beyond, or none and counts
// the board as new.
//
// What is recorded by watching is left to the watcher: of a board, the versions from its first record on.
type Replay struct {
	opts  ReplayOptions
	book  Book
	rec   *Recorder // in memory
	real  *Recorder // the watcher's; nil in a trial
	lock  *watchLock
	skip  skipper
	head  checkpoint
	alive map[string]bool // the files of the present moment
	names []Recorded      // events of the step that is under way
}

// ReplayOptions says how a history is replayed.
type ReplayOptions struct {
	Options // Ignore, TextLengths and Logger; the others are a watcher's
	// Observed is what the events have as details.observed: whose history it is.
	Observed string
	// Checkpoint is the name of the checkpoint's file in the book's directory. Each history has its own.
	Checkpoint string
	// Begin, for people, says where in the history the first replay begins; "" is its beginning.
	Begin string
	// First is when something else than this history first recorded each board, by canvas_id; see FirstRecords.
	First map[string]time.Time
	// Trial counts what would be recorded, and writes nothing.
	Trial bool
}

// Version is what one moment of a history has made of one board.
type Version struct {
	Path string // in the vault, with "/"
	Data []byte // the file's bytes
	Gone bool   // there is no such file any more
	// Unreadable, if not "", is why Data is not what the board holds. The recorded state stands.
	Unreadable string
}

// Moment is what came at once in a history.
type Moment struct {
	// Place is where in the history it stands: what Replay.Place returns when it is the last one that was recorded.
	Place string
	// Time is that of its events. One before that of the last moment is replaced by it.
	Time time.Time
	// Versions are the boards that are not as they were, each path once.
	Versions []Version
	// Whole says that Versions are all boards there are, whether they have changed or not.
	Whole bool
}

// Result is what was made of a Moment.
type Result struct {
	Events  []Recorded // its events; those that were in the book already are Duplicates
	Damaged []Waiting  // versions that hold no board
	Left    int        // versions that are left to the watcher
}

// OpenReplay prepares to record a history of the boards under the directory root. It takes the watcher's lock: the error
// wraps ErrWatched when somebody watches. An interrupted replay goes on, a finished one is continued.
func OpenReplay(ctx context.Context, root string, book Book, o ReplayOptions) (*Replay, error) {
	o.Options = o.withDefaults(book)
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open vault %q: %w", root, err)
	}
	p := &Replay{opts: o, book: book, alive: map[string]bool{}}
	if p.skip, err = newSkipper(o.fsys, abs, book.Dir(), o.Ignore); err != nil {
		return nil, fmt.Errorf("open vault %q: %w", root, err)
	}
	p.rec = &Recorder{
		book: book, opts: o.Options, dir: "states", root: abs,
		byPath: map[string]*entry{}, byID: map[string]*entry{}, memory: map[string]*state{},
		lineage: p.lineage,
		tell:    func(r []Recorded) { p.names = append(p.names, r...) },
	}
	if !o.Trial {
		if p.lock, err = takeWatchLock(o.fsys, book, abs); err != nil {
			return nil, fmt.Errorf("open vault %q: %w", root, err)
		}
		if p.real, err = openRecorder(book, o.Options); err == nil {
			err = p.real.Finish(ctx) // what a watcher has left half recorded is its own
		}
	}
	if err == nil {
		err = p.resume()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open vault %q: %w", root, err), p.Close())
	}
	return p, nil
}

// Close gives the lock back. What was recorded since the last Save is found by the next replay.
func (p *Replay) Close() error {
	if p.lock == nil {
		return nil
	}
	return p.lock.close()
}

// Place returns the place up to which the history is in the book, and the time of its last moment; "" if nothing is.
func (p *Replay) Place() (place string, at time.Time) { return p.head.Place, p.head.moment() }

// Until returns the place up to which an unfinished replay was to go; "" if there is none.
func (p *Replay) Until() string { return p.head.Until }

// Begin puts down the place up to which the moments are known that come next, before the first of them is recorded. Save(true)
// takes that back.
func (p *Replay) Begin(until string) error {
	if p.head.Until == until {
		return nil
	}
	if p.head.Until = until; p.opts.Trial {
		return nil
	}
	return p.write()
}

// Wants reports whether a path in the vault is that of a board which is not left alone.
func (p *Replay) Wants(path string) bool {
	return BadPath(path) == "" && p.skip.board(path) && !p.skip.within(path)
}

// Holds reports whether a directory of the vault is one whose boards are not left alone.
func (p *Replay) Holds(dir string) bool { return !p.skip.dir(dir) && !p.skip.within(dir) }

// longestPath is how many bytes a path may have that a file system takes.
const longestPath = 4096

// BadPath returns why no file of a vault can have this path, for people; "" if one can. Other programs may write anything into a
// history.
func BadPath(path string) string {
	if len(path) > longestPath {
		return "no path of a file: it is too long"
	}
	if strings.IndexByte(path, 0) >= 0 {
		return "no path of a file: it has a NUL"
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." || name == ".." {
			return "no path of a file: a name in it is empty, or is . or .."
		}
	}
	return ""
}

// SameBoard reports whether two contents of a file are one board, before and after: over half of its cards are still there.
func SameBoard(before, after []byte) bool {
	a, _ := parseBoard(before)
	b, _ := parseBoard(after)
	return a != nil && b != nil && len(a.Nodes) > 0 && !isOther(idsOf(b), a)
}

// Record records a moment. It returns when its events are in the book. After an error the Replay is of no more use; the
// next one goes on from the last Save.
func (p *Replay) Record(ctx context.Context, m Moment) (Result, error) {
	var res Result
	at := m.Time
	if last := p.head.moment(); at.Before(last) {
		at = last
	}
	versions := slices.SortedFunc(slices.Values(p.all(m)), func(a, b Version) int { return strings.Compare(a.Path, b.Path) })
	s := step{Replay: p, at: at, boards: map[string]*canvas.Board{}, left: map[string]bool{}}
	for _, v := range versions {
		if !p.Wants(v.Path) {
			continue
		}
		if p.alive[v.Path] = true; v.Gone {
			delete(p.alive, v.Path)
		}
		switch id := p.rec.canvasID(v.Path); {
		case p.isLeft(v.Path, id, at):
			res.Left++
			if err := s.leave(v); err != nil {
				return res, err
			}
		case v.Gone:
			s.gone = append(s.gone, v.Path)
		default:
			board, reason := parseBoard(v.Data)
			if v.Unreadable != "" {
				board, reason = nil, v.Unreadable
			}
			if board == nil {
				res.Damaged = append(res.Damaged, Waiting{id, reason})
				continue
			}
			s.boards[v.Path] = board
		}
	}
	p.names = nil
	p.head.next(m.Place, at)
	err := s.record(ctx)
	res.Events = p.names
	res.Left += s.more
	return res, err
}

// all returns the versions of a moment, and of one that is whole also those that it lacks.
func (p *Replay) all(m Moment) []Version {
	if !m.Whole {
		return m.Versions
	}
	all := slices.Clone(m.Versions)
	has := map[string]bool{}
	for _, v := range all {
		has[v.Path] = true
	}
	for _, path := range p.rec.paths() {
		if !has[path] {
			all = append(all, Version{Path: path, Gone: true})
		}
	}
	clear(p.alive)
	return all
}

// isLeft reports whether what happened to a board at a time is left to the watcher.
func (p *Replay) isLeft(path, id string, at time.Time) bool {
	_, left := p.head.Left[path]
	first, ok := p.opts.First[id]
	return left || ok && !at.Before(first)
}

// lineage names the lineage that a save begins: the same one whenever this history is replayed, and no other history's.
func (p *Replay) lineage(s Save) (string, error) {
	key := fmt.Sprintf("%s\n%s\n%s\n%d", p.opts.Observed, s.Path, s.hash, s.Time.UnixMicro())
	n := p.head.Drawn[key]
	if p.head.Drawn == nil {
		p.head.Drawn = map[string]int{}
	}
	p.head.Drawn[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "lineage\n%s\n%d", key, n))
	return hex.EncodeToString(sum[:lineageSize]), nil
}

// step is a moment under way.
type step struct {
	*Replay
	at     time.Time
	boards map[string]*canvas.Board
	gone   []string
	left   map[string]bool // boards of the watcher's that are gone: one that is new may be one of them
	more   int             // new boards that are
}

// leave ends the account of a board that is left to the watcher. Its cards are kept in mind: when it gets another name
// it is left to the watcher there, too, whenever that has seen it.
func (s *step) leave(v Version) error {
	ids := s.head.Left[v.Path]
	if ids == nil {
		ids = s.rec.inventory(v.Path).ids
	}
	if board, _ := parseBoard(v.Data); board != nil && !v.Gone {
		ids = idsOf(board)
	}
	s.head.leave(v.Path, ids)
	s.left[v.Path] = v.Gone
	if e := s.rec.entry(v.Path); e != nil {
		return s.rec.remove(e)
	}
	return nil
}

// record finds out which board is which, as the watcher does (engine.resolve), and records them.
func (s *step) record(ctx context.Context) error {
	var fresh, old []inventory
	var rest []string
	for _, path := range s.gone {
		if known, ok := s.rec.known(path); ok && known.hash != "" {
			old = append(old, s.rec.inventory(path))
		}
	}
	for _, path := range sortedKeys(s.left) {
		if s.left[path] {
			old = append(old, inventory{path, s.head.Left[path]})
			s.head.leave(path, nil)
		}
	}
	for _, path := range sortedKeys(s.boards) {
		known, ok := s.rec.known(path)
		ids := idsOf(s.boards[path])
		if ok && known.held != "" && known.held == hashOf(s.boards[path]) {
			continue // the copy that it was
		}
		if !ok || known.hash == "" {
			fresh = append(fresh, inventory{path, ids})
			continue
		}
		last, err := s.rec.lastBoard(path)
		if err != nil {
			return err
		}
		if isOther(ids, last) {
			fresh = append(fresh, inventory{path, ids})
			old = append(old, s.rec.inventory(path))
			continue
		}
		rest = append(rest, path)
	}
	for _, path := range rest {
		if err := s.save(ctx, path, ""); err != nil {
			return err
		}
	}
	paths := make([]string, 0, len(fresh))
	for _, f := range fresh {
		paths = append(paths, f.board)
	}
	v := s.rec.judge(old, fresh, func(path string) bool { return !slices.Contains(s.gone, path) })
	for _, chain := range chainsOf(paths, v.renames) {
		if err := s.chain(ctx, chain, v); err != nil {
			return err
		}
	}
	for _, path := range s.gone {
		if err := s.save(ctx, path, ""); err != nil { // nothing, for one that has another name now
			return err
		}
	}
	return nil
}

// chain records boards of which each takes the path of the next.
func (s *step) chain(ctx context.Context, chain []link, v verdict) error {
	moved := ""
	for _, l := range chain {
		if l.first {
			var err error
			if moved, err = s.rec.displace(ctx, l.path); err != nil {
				return err
			}
		}
		if l.from != "" && l.from == chain[0].path {
			l.from = moved
		}
		if of := v.copies[l.path]; of != "" {
			if err := s.rec.hold(s.saveOf(l.path, ""), of); err != nil {
				return err
			}
			continue
		}
		if s.left[l.from] {
			s.head.leave(l.path, idsOf(s.boards[l.path]))
			s.more++
			continue
		}
		if err := s.save(ctx, l.path, l.from); err != nil {
			return err
		}
	}
	return nil
}

// save records one board; without one in s.boards its deletion.
func (s *step) save(ctx context.Context, path, from string) error {
	for _, name := range []string{from, path} {
		if e := s.rec.entry(name); e != nil {
			if err := s.retire(e.lineage); err != nil {
				return err
			}
		}
	}
	return s.rec.Record(ctx, s.saveOf(path, from))
}

func (s *step) saveOf(path, from string) Save {
	id := canvasID(path)
	return Save{
		Path: path, From: from, Board: s.boards[path], Time: s.at, Historic: true, Observed: s.opts.Observed,
		apart: id != path && utf8.ValidString(path) && s.alive[id], // as in Vault.yields
	}
}
