package vault

import (
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"daybook/internal/durable"
)

// Survey is what lies in a vault, as a watcher sees it.
type Survey struct {
	Boards      []string          // paths in the vault, sorted
	Found       int               // of Copies, those that a watcher has found
	Evicted     []string          // boards whose content a sync client keeps on its server only; sorted
	Copies      []string          // files that are held as copies of boards; sorted
	Directories int               // that are to be watched
	Entries     int               // files and directories in them, and they themselves
	Held        int               // how many entries watches may hold open on this system; 0: they hold none
	Silent      map[string]string // where a file system begins that is not known to tell of all changes: its kind
	Failed      map[string]error  // directories that cannot be listed
	Err         error             // all that could not be read
}

// Look walks once through a vault, without watching anything. book is the book's directory, which is left alone.
func Look(fsys durable.FS, root, book string) (Survey, error) {
	s := Survey{Held: heldLimit}
	skip, err := newSkipper(fsys, root, book, nil)
	if err != nil {
		return s, err
	}
	w := &walker{fsys: fsys, root: root, real: realPath(root), skip: skip, kindOf: kindOf}
	w.other = func(rel string) {
		if board, ok := evicted(rel); ok && skip.board(board) {
			s.Evicted = append(s.Evicted, board)
		}
	}
	found := w.walk(".")
	known, err := recorded(fsys, book)
	if err != nil {
		s.Err = err
	}
	for board := range found.boards {
		if held, ok := known[board]; held || !ok && IsConflictCopy(path.Base(board)) {
			s.Copies = append(s.Copies, board)
			if held {
				s.Found++
			}
			continue
		}
		s.Boards = append(s.Boards, board)
	}
	slices.Sort(s.Boards)
	slices.Sort(s.Copies)
	slices.Sort(s.Evicted)
	s.Directories, s.Entries, s.Silent, s.Failed, s.Err = len(found.dirs), w.holds, found.silent, found.failed, errors.Join(s.Err, found.err)
	return s, nil
}

// recorded returns the paths whose state is recorded in the directory baseline of a book, and whether each is held as a copy.
func recorded(fsys durable.FS, book string) (map[string]bool, error) {
	dir := filepath.Join(book, "baseline")
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, nil // nothing is recorded yet
	}
	known := map[string]bool{}
	for _, e := range entries {
		if !IsState(e.Name()) {
			continue
		}
		data, err := durable.ReadFile(fsys, filepath.Join(dir, e.Name()))
		if err != nil {
			return known, err
		}
		if s, err := decodeState(data); err == nil { // a damaged one is kept aside by the next watcher
			known[s.path()] = s.Held != "" && s.Hash == ""
		}
	}
	return known, nil
}

// IsConflictCopy reports whether a file's name is one that sync programs give to the copy of a file that was changed in two
// places.
func IsConflictCopy(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, ".sync-conflict-") || isConflictedCopy(name)
}

// FileSystem returns what people call the kind of file system that a directory lies on, and whether it is known to tell of all
// changes.
func FileSystem(dir string) (name string, tells bool) {
	k := kindOf(dir)
	return k.name, !k.silent
}
