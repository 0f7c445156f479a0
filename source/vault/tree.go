package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"daybook/internal/durable"
)

// tree is what a walk through a vault found.
type tree struct {
	boards map[string]durable.Info   // by path in the vault
	dirs   map[string]durable.FileID // by path in the vault, "." for the vault itself
	lost   []string                  // directories that had a watch and could not be listed
	err    error                     // what could not be read; the rest was found all the same
	noRoom bool                      // the system grants no more watches
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
	quit    <-chan struct{}           // closed, the walk ends early and has found nothing that may be relied upon

	found tree
	seen  map[durable.FileID]bool
	links []string // directories behind symbolic links, to be walked after all others
}

// walk walks through the directory rel and everything below it. Symbolic links to directories are followed if they lead
// out of the vault, once all real directories have been seen, and no directory is walked twice, so that links in a
// circle do no harm.
func (w *walker) walk(rel string) tree {
	w.found = tree{boards: map[string]durable.Info{}, dirs: map[string]durable.FileID{}}
	w.seen = map[durable.FileID]bool{}
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
	}
	return w.found
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
		w.fail(rel, err)
		return
	case !info.Mode.IsDir() || w.seen[info.ID]:
		return
	}
	w.seen[info.ID] = true
	if w.watch != nil {
		if id, ok := w.watched[rel]; ok && id != info.ID {
			// The system still watches the directory that had this name before, or none.
			_ = w.unwatch(w.full(rel))
		}
		if err := w.watch(w.full(rel)); errors.Is(err, errNoRoom) {
			w.found.noRoom = true
		} else if err != nil {
			w.fail(rel, err)
		}
	}
	entries, err := w.fsys.ReadDir(w.full(rel))
	if err != nil {
		w.fail(rel, err)
		return
	}
	w.found.dirs[rel] = info.ID
	for _, e := range entries {
		w.entry(path.Join(rel, e.Name()), e.Type())
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
		case err != nil: // a link that leads nowhere
		case info.Mode.IsDir() && !w.isAlias(rel):
			w.links = append(w.links, rel)
		case info.Mode.IsRegular() && w.skip.board(rel):
			w.found.boards[rel] = info
		}
	case kind.IsRegular() && w.skip.board(rel):
		if info, err := w.fsys.Stat(w.full(rel)); err == nil {
			w.found.boards[rel] = info
		} else if !isAbsent(err) {
			w.found.boards[rel] = durable.Info{} // it is there; why it cannot be read shows when it is looked at
		}
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

// fail notes an error. A directory that went away meanwhile is none, but for the vault itself.
func (w *walker) fail(rel string, err error) {
	if rel != "." && isAbsent(err) {
		return
	}
	w.found.err = errors.Join(w.found.err, fmt.Errorf("look through %q: %w", rel, err))
}
