package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"daybook/canvas"
	"daybook/internal/durable"
)

const (
	baseSuffix    = ".json"
	intentSuffix  = ".intent.json"
	damagedSuffix = ".damaged"
)

func (r *Recorder) baseFile(lineage string) string { return filepath.Join(r.dir, lineage+baseSuffix) }

func (r *Recorder) intentFile(lineage string) string {
	return filepath.Join(r.dir, lineage+intentSuffix)
}

// stateName returns whose state a file of the directory baseline is, by its name, and whether it is an intent.
func stateName(name string) (lineage string, intent, ok bool) {
	lineage, intent = strings.CutSuffix(name, intentSuffix)
	if !intent {
		lineage, ok = strings.CutSuffix(name, baseSuffix)
	}
	return lineage, intent, (intent || ok) && isLineage(lineage)
}

// IsState reports whether a file of the directory baseline, by its name, holds what was recorded last of a board.
func IsState(name string) bool {
	_, intent, ok := stateName(name)
	return ok && !intent
}

// isLineage reports whether s is what drawLineage returns.
func isLineage(s string) bool {
	return len(s) == 2*lineageSize && strings.Trim(s, "0123456789abcdef") == ""
}

// load reads all states, and makes their names durable first: a process that was killed may not have come so far, and
// what is recorded next goes on from them. Damaged ones are kept aside and count as lost.
func (r *Recorder) load() error {
	if err := durable.MkdirAll(r.fsys(), r.dir); err != nil {
		return err
	}
	if _, err := durable.Sweep(r.fsys(), r.dir); err != nil {
		return err
	}
	if err := r.fsys().SyncDir(r.dir); err != nil {
		return err
	}
	entries, err := r.fsys().ReadDir(r.dir)
	if err != nil {
		return err
	}
	times := map[string]string{} // of the boards by path, to find the newer of two
	var intents []string
	for _, f := range entries {
		lineage, intent, ok := stateName(f.Name())
		switch {
		case !ok: // such as the copy that a sync program has made of a state: no state of this book
			continue
		case intent:
			intents = append(intents, lineage)
			continue
		}
		s, err := r.read(r.baseFile(lineage))
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		if other := r.byPath[s.path()]; other != nil {
			// Only somebody else's hand makes two states of one board: the later one stands.
			if older := s.Lineage; times[s.path()] > s.Time {
				if err := r.setAside(r.baseFile(older), errors.New("another state of the same board is newer")); err != nil {
					return err
				}
				continue
			}
			if err := r.setAside(r.baseFile(other.lineage), errors.New("another state of the same board is newer")); err != nil {
				return err
			}
		}
		times[s.path()] = s.Time
		r.know(&entry{lineage: lineage, generation: s.Generation, hash: s.Hash, unreadable: s.Unreadable != ""}, s)
	}
	for _, lineage := range intents {
		if err := r.loadIntent(lineage); err != nil {
			return err
		}
	}
	return nil
}

// loadIntent decides what an intent is: one to be finished, one that was, or one whose baseline is lost.
func (r *Recorder) loadIntent(lineage string) error {
	name := r.intentFile(lineage)
	s, err := r.read(name)
	if err != nil || s == nil {
		return err
	}
	var e *entry
	for _, known := range r.byPath {
		if known.lineage == lineage {
			e = known
		}
	}
	switch {
	case e != nil && s.Generation <= e.generation:
		return r.fsys().Remove(name)
	case e != nil && s.Generation == e.generation+1 && s.Save.OldHash == e.hash:
		e.pending, e.nextID, r.byID[s.Path] = true, s.Path, e
	case e == nil && s.Save.Kind != saveChanged && r.byPath[s.path()] == nil:
		r.know(&entry{lineage: lineage, pending: true}, s)
	default:
		return r.setAside(name, errors.New("the state before it is lost"))
	}
	return nil
}

// read returns a state; nil if the file is not there, or if it was damaged and has been kept aside.
func (r *Recorder) read(name string) (*state, error) {
	if r.memory != nil {
		return r.memory[name], nil
	}
	data, err := durable.ReadFile(r.fsys(), name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := decodeState(data)
	if errors.Is(err, errNewer) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	lineage, _, _ := strings.Cut(filepath.Base(name), ".")
	if err == nil && s.Lineage != lineage {
		err = fmt.Errorf("it belongs to lineage %s", s.Lineage)
	}
	if err != nil {
		return nil, r.setAside(name, err)
	}
	return s, nil
}

// baseline reads the recorded state of e and its board, nil if it was never read. If the state is lost, so is the
// lineage: all is nil, without an error, and e is no longer known.
func (r *Recorder) baseline(e *entry) (*state, *canvas.Board, error) {
	s, err := r.read(r.baseFile(e.lineage))
	if err != nil {
		return nil, nil, err
	}
	if s == nil {
		return nil, nil, r.lost(e, errors.New("its baseline has gone"))
	}
	board, err := s.board()
	if err != nil {
		return nil, nil, r.lost(e, err)
	}
	return s, board, nil
}

// lost ends a lineage of which a part cannot be used: whatever is left of it is kept aside, and the board is a new one
// when it is next looked at.
func (r *Recorder) lost(e *entry, why error) error {
	r.opts.Logger.Warn("a board's recorded state is lost: the board counts as new", "canvas_id", e.id, "error", oneLine(why))
	for _, name := range []string{r.intentFile(e.lineage), r.baseFile(e.lineage)} {
		if err := r.setAside(name, why); err != nil {
			return err
		}
	}
	r.forget(e)
	return nil
}

// setAside renames a file that cannot be used, so that nothing is deleted for being damaged.
func (r *Recorder) setAside(name string, why error) error {
	if r.memory != nil {
		return r.drop(name)
	}
	to := name + damagedSuffix
	for i := 2; ; i++ {
		if _, err := r.fsys().Stat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = fmt.Sprintf("%s.%d%s", name, i, damagedSuffix)
	}
	err := r.fsys().Rename(name, to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		r.opts.Logger.Warn("a recorded state cannot be used and is kept aside", "file", to, "error", oneLine(why))
	}
	return err
}

func (r *Recorder) write(name string, s *state) error {
	if r.memory != nil {
		r.memory[name] = s
		return nil
	}
	err := durable.Replace(r.fsys(), name, s.encode())
	if errors.Is(err, fs.ErrNotExist) { // the directory has gone: make it again
		if err = durable.MkdirAll(r.fsys(), r.dir); err == nil {
			err = durable.Replace(r.fsys(), name, s.encode())
		}
	}
	return err
}

// promote is the third step: the intent becomes the baseline, or the baseline of a deleted board goes.
//
// Calls: rename intent baseline, syncdir. For a deleted board: remove baseline, syncdir, remove intent; the intent goes
// last, because a baseline alone would have the board deleted a second time.
func (r *Recorder) promote(e *entry, s *state, board *canvas.Board) error {
	if s.Save.Kind == saveDeleted {
		return r.remove(e)
	}
	if err := r.move(r.intentFile(e.lineage), r.baseFile(e.lineage)); err != nil {
		return err
	}
	r.update(e, s)
	if s.Save.Kind == saveChanged && r.memory == nil {
		r.recent.note(r.fsys(), r.baseFile(e.lineage), s, board)
	}
	return nil
}

// remove deletes the files of a board and forgets it.
func (r *Recorder) remove(e *entry) error {
	if err := r.drop(r.baseFile(e.lineage)); err != nil {
		return err
	}
	if err := r.sync(); err != nil {
		return err
	}
	if err := r.drop(r.intentFile(e.lineage)); err != nil {
		return err
	}
	r.forget(e)
	return nil
}

// move gives a state another name, durably.
func (r *Recorder) move(from, to string) error {
	if r.memory != nil {
		r.memory[to] = r.memory[from]
		return r.drop(from)
	}
	return durable.Rename(r.fsys(), from, to)
}

// drop removes a state that may not be there.
func (r *Recorder) drop(name string) error {
	if r.memory != nil {
		delete(r.memory, name)
		return nil
	}
	return removeFile(r.fsys(), name)
}

func removeFile(fsys durable.FS, name string) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sync makes durable which states there are.
func (r *Recorder) sync() error {
	if r.memory != nil {
		return nil
	}
	return r.fsys().SyncDir(r.dir)
}

// inventory returns the node ids of a known board. A board that cannot be read any more has none.
func (r *Recorder) inventory(path string) inventory {
	inv := inventory{board: path}
	if b, err := r.lastBoard(path); err == nil && b != nil {
		inv.ids = idsOf(b)
	}
	return inv
}

// lastBoard returns what was recorded last of the board at path; nil if nothing was.
func (r *Recorder) lastBoard(path string) (*canvas.Board, error) {
	e := r.entry(path)
	if e == nil {
		return nil, nil
	}
	s, err := r.read(r.baseFile(e.lineage))
	if err != nil || s == nil {
		return nil, err
	}
	return s.board()
}

// entry returns what is known of the board at path; nil if nothing is.
func (r *Recorder) entry(path string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byPath[path]
}

// known returns a copy of the entry at path.
func (r *Recorder) known(path string) (entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.byPath[path]; e != nil {
		return *e, true
	}
	return entry{}, false
}

// paths returns the paths of all known boards in their order.
func (r *Recorder) paths() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	paths := make([]string, 0, len(r.byPath))
	for path := range r.byPath {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// spellings returns the paths of the known boards that differ from path in their spelling only.
func (r *Recorder) spellings(path string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var paths []string
	key := foldKey(path)
	for other, e := range r.byPath {
		if e.key == key && other != path {
			paths = append(paths, other)
		}
	}
	return paths
}

// displace makes room at a path for another board, durably, before that is recorded there: wherever a crash comes in
// between, the board that was there is looked for among those whose paths are not known. It returns the name under
// which the board is known meanwhile, which holds displacedMark; "" if none is known at the path.
func (r *Recorder) displace(ctx context.Context, path string) (string, error) {
	e := r.entry(path)
	if e != nil && e.pending {
		if err := r.finish(ctx, e); err != nil {
			return "", err
		}
		e = r.entry(path)
	}
	if e == nil || e.hash == "" {
		return "", nil
	}
	base, _, err := r.baseline(e)
	if err != nil || base == nil {
		return "", err
	}
	base.Displaced = true
	if err := r.write(r.baseFile(e.lineage), base); err != nil {
		return "", err
	}
	r.update(e, base)
	return base.path(), nil
}

// know has e be known as the board of s.
func (r *Recorder) know(e *entry, s *state) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.path, e.id = s.path(), s.Path
	e.held, e.came = s.Held, s.Save.OldPath
	r.wrong = r.wrong || s.Save.After != ""
	e.key = foldKey(e.path)
	r.byPath[e.path] = e
	if !s.Displaced { // else another board is to have it
		r.byID[e.id] = e
	}
}

func (r *Recorder) forget(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byPath[e.path] == e {
		delete(r.byPath, e.path)
	}
	r.release(e, e.id)
	r.release(e, e.nextID)
}

// release takes a canvas_id from e. The caller holds mu.
func (r *Recorder) release(e *entry, id string) {
	if r.byID[id] == e {
		delete(r.byID, id)
	}
}
