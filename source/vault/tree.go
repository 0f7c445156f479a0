package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"daybook/internal/durable"
)

// tree is what a walk through a vault found.
type tree struct {
	boards map[string]durable.Info   // by path in the vault
	dirs   map[string]durable.FileID // by path in the vault, "." for the vault itself
	links  map[string]bool           // symbolic links to files with a board's name, and such that lead nowhere
	lost   []string                  // directories that had a watch and could not be listed
	failed map[string]error          // directories that are there and could not be listed
	err    error                     // what could not be read; the rest was found all the same
	noRoom bool                      // the system grants no more watches
	held   bool                      // watches would hold more files open than they may
	silent map[string]string         // where a file system begins that is not known to tell of all changes: its kind
	took   time.Duration
}

// walker walks through the directories of a vault.
type walker struct {
	fsys durable.FS
	root string
	real string // root without symbolic links
	skip skipper
	// watch, if not nil, is called with each directory before it is listed: what is made in it afterwards is told by
	// notices, what was there before is found by the walk.
	watch   func(dir string) error
	unwatch func(dir string) error
	watched map[string]durable.FileID // what has a watch: what is another directory by now gets a new one
	kindOf  func(dir string) kind     // if not nil, asked once for each device
	limit   int                       // of files that watches hold open; 0: they hold none
	known   []string                  // boards to look for where a directory may be entered but not listed
	other   func(rel string)          // if not nil, called with each file that is no board
	quit    <-chan struct{}           // closed, the walk ends early and has found nothing that may be relied upon

	found tree
	kinds map[uint64]kind // by device
	holds int             // files that the watches hold open
	seen  map[durable.FileID]bool
	links []string // directories behind symbolic links, to be walked after all others
}

// walk walks through the directory rel and everything below it. Symbolic links to directories are followed if they lead
// out of the vault, once all real directories have been seen, and no directory is walked twice, so that links in a
// circle do no harm.
func (w *walker) walk(rel string) tree {
	began := time.Now()
	w.found = tree{
		boards: map[string]durable.Info{}, dirs: map[string]durable.FileID{},
		failed: map[string]error{}, silent: map[string]string{}, links: map[string]bool{},
	}
	w.seen, w.kinds, w.holds = map[durable.FileID]bool{}, map[uint64]kind{}, 0
	if rel == "." || !w.isAlias(rel) {
		w.dir(rel)
	}
	for len(w.links) > 0 {
		next := w.links[0]
		w.links = w.links[1:]
		w.dir(next)
	}
	if rel == "." {
		for dir := range w.watched {
			if !w.found.at(dir) {
				w.found.lost = append(w.found.lost, dir)
			}
		}
		w.unlisted()
	}
	w.found.took = time.Since(began)
	return w.found
}

// unlisted finds the known boards in directories that may be entered, but not listed.
func (w *walker) unlisted() {
	if len(w.found.failed) == 0 {
		return
	}
	for _, board := range w.known {
		// Nothing is asked for on a share that does not answer: each question may take a minute.
		if err := w.found.hides(board); !errors.Is(err, fs.ErrPermission) {
			continue
		}
		if info, err := w.fsys.Stat(w.full(board)); err == nil && info.Mode.IsRegular() {
			w.found.boards[board] = info
		}
	}
}

// hides returns why a directory on the way to a board could not be listed, so that nothing is known of the board; nil
// if all could.
func (t tree) hides(board string) error {
	if len(t.failed) == 0 {
		return nil
	}
	for dir := path.Dir(board); ; dir = path.Dir(dir) {
		if err := t.failed[dir]; err != nil || dir == "." || dir == "/" {
			return err
		}
	}
}

// at reports whether the directory dir was listed.
func (t tree) at(dir string) bool {
	_, ok := t.dirs[dir]
	return ok
}

func (w *walker) full(rel string) string { return filepath.Join(w.root, filepath.FromSlash(rel)) }

func (w *walker) dir(rel string) {
	select {
	case <-w.quit:
		return
	default:
	}
	info, err := w.fsys.Stat(w.full(rel))
	switch {
	case err != nil:
		w.failDir(rel, err)
		return
	case !info.Mode.IsDir() || w.seen[info.ID]:
		return
	}
	w.seen[info.ID] = true
	if k := w.kind(rel, info.ID.Device); w.watch != nil && !k.shun {
		w.watchDir(rel, info.ID)
	}
	entries, err := w.fsys.ReadDir(w.full(rel))
	if err != nil {
		w.failDir(rel, err)
		return
	}
	w.found.dirs[rel] = info.ID
	if w.holds += 1 + len(entries); w.watch != nil && w.limit > 0 && w.holds > w.limit {
		w.watch, w.found.held = nil, true
	}
	for _, e := range entries {
		w.entry(path.Join(rel, e.Name()), e.Type())
	}
}

// kind is the kind of the file system that the directory rel lies on. Each is noted where it is first met.
func (w *walker) kind(rel string, device uint64) kind {
	k, ok := w.kinds[device]
	if ok || w.kindOf == nil {
		return k
	}
	k = w.kindOf(w.full(rel))
	w.kinds[device] = k
	if k.silent {
		w.found.silent[rel] = k.name
	}
	return k
}

// watchDir has a directory watched.
func (w *walker) watchDir(rel string, id durable.FileID) {
	if was, ok := w.watched[rel]; ok && was != id {
		// The system still watches the directory that had this name before, or none.
		_ = w.unwatch(w.full(rel))
	}
	if err := w.watch(w.full(rel)); errors.Is(err, errNoRoom) {
		w.found.noRoom = true
	} else if err != nil {
		w.fail(rel, err)
	}
}

func (w *walker) entry(rel string, kind fs.FileMode) {
	isLink := kind&(fs.ModeSymlink|fs.ModeIrregular) != 0
	switch {
	case kind.IsDir() && !w.skip.dir(rel):
		w.dir(rel)
	case isLink && !w.skip.dir(rel):
		info, err := w.fsys.Stat(w.full(rel))
		switch {
		case isAbsent(err), errors.Is(err, syscall.ELOOP): // it leads nowhere
			w.found.links[rel] = true
		case err != nil && w.skip.board(rel):
			w.found.boards[rel], w.found.links[rel] = durable.Info{}, true // as below
		case err != nil:
			w.failDir(rel, err) // perhaps a directory on a share that does not answer
		case info.Mode.IsDir() && !w.isAlias(rel):
			w.links = append(w.links, rel)
		case info.Mode.IsRegular() && w.skip.board(rel):
			w.found.boards[rel], w.found.links[rel] = info, true
		}
	case kind.IsRegular() && w.skip.board(rel):
		if info, err := w.fsys.Stat(w.full(rel)); err == nil {
			w.found.boards[rel] = info
		} else if !isAbsent(err) {
			w.found.boards[rel] = durable.Info{} // it is there; why it cannot be read shows when it is looked at
		}
	case kind.IsRegular() && w.other != nil:
		w.other(rel)
	}
}

// isAlias reports whether rel is another name of a directory in the vault, or of one that the vault is in.
func (w *walker) isAlias(rel string) bool {
	name := realPath(w.full(rel))
	if name == filepath.Join(w.real, filepath.FromSlash(rel)) {
		return false
	}
	for _, pair := range [][2]string{{w.real, name}, {name, w.real}} {
		if sub, err := filepath.Rel(pair[0], pair[1]); err == nil && filepath.IsLocal(sub) {
			return true
		}
	}
	return false
}

// failDir notes that the directory rel cannot be listed.
func (w *walker) failDir(rel string, err error) {
	if !isAbsent(err) {
		w.found.failed[rel] = err
	}
	w.fail(rel, err)
}

// fail notes an error. A directory that went away meanwhile is none, but for the vault itself.
func (w *walker) fail(rel string, err error) {
	if rel != "." && isAbsent(err) {
		return
	}
	w.found.err = errors.Join(w.found.err, fmt.Errorf("look through %q: %w", rel, err))
}
