package vault

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"daybook"
	"golang.org/x/text/unicode/norm"
)

// This file judges names: which file of a folder looks like a copy of which other.

// IsCopyName reports whether a file called name looks like a copy of one called original: same extension, and a stem that
// extends the other's, or is extended by it, once what programs add to the names of copies is taken off. Case and
// normalisation do not matter. Whether it is a copy, only the content tells.
func IsCopyName(name, original string) bool {
	return name != original && nameOf(name).sibling(nameOf(original))
}

// boardName is a path in the parts that are compared.
type boardName struct{ dir, name, stem, ext, core string }

func nameOf(rel string) boardName {
	stem, ext := splitName(path.Base(rel))
	return boardName{path.Dir(rel), norm.NFC.String(path.Base(rel)), stem, ext, core(stem)}
}

// sibling reports whether two different files are in one folder, and one looks like a copy of the other.
func (n boardName) sibling(m boardName) bool {
	switch {
	case n.dir != m.dir:
		return false
	case n.name == m.name:
		return false // another spelling of the name, which no program gives a copy
	case m.ext == "" && n.ext != "":
		return extends(n.stem+n.ext, m.stem)
	case n.ext == "" && m.ext != "":
		return extends(m.stem+m.ext, n.stem)
	case n.ext != m.ext:
		return false
	}
	return extends(n.stem, m.stem) || extends(m.stem, n.stem) || extends(n.core, m.core) || extends(m.core, n.core)
}

func extends(long, short string) bool {
	return short != "" && (strings.HasPrefix(long, short) || strings.HasSuffix(long, short))
}

// splitName returns the stem and the extension of a file's name in the form in which they are compared.
func splitName(name string) (stem, ext string) {
	name = foldKey(name)
	ext = path.Ext(name)
	if ext == ".zst" {
		ext = path.Ext(strings.TrimSuffix(name, ext)) + ext
	}
	return strings.TrimSuffix(name, ext), ext
}

// decoration is what programs add behind the stem of a copy: a number, a date, a hash of digits, words in brackets.
var decoration = regexp.MustCompile(`[\s_.~-]*(\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）|[\s_.~-]\d[\d\s_.:~-]*|\d+)$`)

// core is a stem without the decorations of a copy; the stem if nothing else is left.
func core(stem string) string {
	for {
		short := strings.TrimRight(decoration.ReplaceAllString(stem, ""), " _.~-")
		if short == "" || short == stem {
			return stem
		}
		stem = short
	}
}

// isSibling reports whether two boards are in one folder and one looks, by its name, like a copy of the other.
func isSibling(a, b string) bool { return a != b && nameOf(a).sibling(nameOf(b)) }

// plainer reports whether of two boards that look like copies of each other, a is the one that b was copied from: the shorter
// name, then the one in NFC, then the first one.
func plainer(a, b string) bool {
	na, nb := norm.NFC.String(a), norm.NFC.String(b)
	switch {
	case len(na) != len(nb):
		return len(na) < len(nb)
	case (na == a) != (nb == b):
		return na == a
	}
	return a < b
}

// verdict says what the new boards of a moment are.
type verdict struct {
	renames map[string]string // which known board each is that is one: new path to old path
	back    map[string]bool   // new paths whose known board went to a copy's name, where it still lies unchanged
	copies  map[string]string // new paths that hold a copy, to the canvas_id of the board
}

// judge decides what each of the new boards is: a known one under another name, a copy of one, or a board of its own. old are
// the known boards that may have another name now; there reports whether a known board's file is there.
//
// A new board is a copy if it lies in the folder of a known one, their names say that one may be a copy of the other, and over
// half of its cards are the known one's. Of several new ones the plainest name is the board. One that was held and has been
// edited is no copy any more, nor is one that Options.Include names.
func (r *Recorder) judge(old, fresh []inventory, there func(path string) bool) verdict {
	v := verdict{renames: settleRenames(old, fresh), back: map[string]bool{}, copies: map[string]string{}}
	known := r.paths()
	boards := map[string]string{} // by the path of a board that is, or is about to be, recorded: the path of its inventory
	for _, path := range known {
		if e := r.entry(path); e != nil && e.hash != "" && !strings.Contains(path, displacedMark) {
			boards[path] = path
		}
	}
	ids := map[string][]string{}
	idsAt := func(path string) []string {
		if _, ok := ids[path]; !ok {
			ids[path] = distinct(r.inventory(path).ids)
		}
		return ids[path]
	}
	names := map[string]boardName{}
	nameAt := func(path string) boardName {
		if _, ok := names[path]; !ok {
			names[path] = nameOf(path)
		}
		return names[path]
	}
	for path, from := range v.renames {
		if path != from {
			delete(boards, from)
		}
	}
	order := slices.Clone(fresh)
	slices.SortFunc(order, func(a, b inventory) int {
		switch {
		case a.board == b.board:
			return 0
		case plainer(a.board, b.board):
			return -1
		}
		return 1
	})
	for _, f := range order {
		if v.renames[f.board] != "" {
			boards[f.board] = f.board
			ids[f.board] = f.ids
		}
	}
	for _, f := range order {
		e, isKnown := r.known(f.board)
		if v.renames[f.board] != "" || isKnown && e.hash != "" {
			continue
		}
		copied := ""
		name := nameOf(f.board)
		for _, path := range sortedKeys(boards) {
			if path == f.board || !name.sibling(nameAt(path)) {
				continue
			}
			of, has := r.known(path)
			if ids[path] == nil && !there(path) {
				continue
			}
			before := idsAt(path)
			if n := sharedIDs(before, f.ids); has && of.came != "" && of.came == canvasID(f.board) && plainer(f.board, path) &&
				2*n > len(before) && !isFresh(fresh, path) && !isTaken(v.renames, path) {
				v.renames[f.board], v.back[f.board] = path, true
				copied = ""
				break
			} else if copied == "" && 2*n > len(f.ids) {
				copied = path
			}
		}
		switch {
		case v.back[f.board]:
			delete(boards, v.renames[f.board])
		case r.included(f.board) || isKnown && e.held != "":
		case copied != "":
			v.copies[f.board] = r.canvasID(copied)
		case IsConflictCopy(path.Base(f.board)):
			v.copies[f.board] = canvasID(f.board)
		}
		if v.copies[f.board] == "" {
			boards[f.board], ids[f.board] = f.board, f.ids
		}
	}
	return v
}

func isFresh(fresh []inventory, path string) bool {
	return slices.ContainsFunc(fresh, func(i inventory) bool { return i.board == path })
}

func isTaken(renames map[string]string, path string) bool {
	for _, from := range renames {
		if from == path {
			return true
		}
	}
	return false
}

// sharedIDs is how many ids two sorted lists share.
func sharedIDs(a, b []string) int {
	n := 0
	for _, id := range a {
		if _, ok := slices.BinarySearch(b, id); ok {
			n++
		}
	}
	return n
}

// included reports whether Options.Include names the board.
func (r *Recorder) included(rel string) bool { return matchesAny(r.opts.Include, rel) }

// hold notes that a file holds a copy of a board, durably, so that it is left alone until it is another one. It is said once.
func (r *Recorder) hold(s Save, of string) error {
	if r.ready != nil {
		if err := r.ready(); err != nil {
			return err
		}
	}
	lineage, err := r.lineage(s)
	if err != nil {
		return err
	}
	e := &entry{lineage: lineage, path: s.Path, generation: 1}
	id := r.claim(e, s)
	n := &state{
		Format: stateFormat, Lineage: lineage, Generation: 1, Time: r.opts.now(r.book).Format(daybook.TimeLayout),
		Save: save{Kind: saveHeld}, Held: hashOf(s.Board), CopyOf: of,
	}
	if s.Historic {
		n.Time = s.Time.In(r.opts.now(r.book).Location()).Format(daybook.TimeLayout)
	}
	n.setPath(s.Path, id)
	if err := r.write(r.baseFile(lineage), n); err != nil {
		r.forget(e)
		return err
	}
	r.know(e, n)
	if r.memory == nil {
		r.opts.Logger.Warn("a copy of a board is not recorded: it becomes a board once somebody edits it, or --include names it",
			"copy", id, "board", of)
	}
	return nil
}
