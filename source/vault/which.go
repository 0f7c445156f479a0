package vault

import (
	"maps"
	"slices"
	"time"
)

// This file is the engine's part that finds out which board is which: what was renamed, and what only looks like it.

// suspects are the known boards that a newcomer may be: those that something happened to, those that are missing, and
// those whose name is spelled otherwise.
func (e *engine) suspects(newcomer string) []string {
	var out []string
	key := foldKey(newcomer)
	for _, board := range e.v.rec.paths() {
		known, ok := e.v.rec.known(board)
		if !ok || known.hash == "" || board == newcomer {
			continue
		}
		t := e.troubles[board]
		_, noted := e.agenda.items[board]
		if noted || e.agenda.busy[board] || t != nil && !t.absent.IsZero() || known.key == key {
			out = append(out, board)
		}
	}
	return out
}

// hasSibling reports whether there is a board in the same folder, known or not looked at yet, that looks by its name like a copy
// of the one at path, or that one like a copy of it.
func (e *engine) hasSibling(path string) bool {
	name := e.nameOf(path)
	is := func(board string) bool { return board != path && name.sibling(e.nameOf(board)) }
	for board := range e.agenda.items {
		if is(board) {
			return true
		}
	}
	for board := range e.agenda.busy {
		if is(board) {
			return true
		}
	}
	return slices.ContainsFunc(e.v.rec.paths(), is)
}

// nameOf is nameOf, remembered: a new board is compared with all others.
func (e *engine) nameOf(path string) boardName {
	n, ok := e.names[path]
	if !ok {
		n = nameOf(path)
		e.names[path] = n
	}
	return n
}

// spellings are the boards that may be meant where a look at another spelling of their path has found none.
func (e *engine) spellings(out outcome) []string {
	boards := []string{out.spelled}
	if _, ok := e.v.rec.known(out.path); out.found == isAbsentNow && !ok {
		boards = append(boards, e.v.rec.spellings(out.path)...)
	}
	return boards
}

// holding reports whether boards that may be others under a new name have to be looked at before one is deleted.
func (e *engine) holding() bool { return len(e.newcomers) > 0 || len(e.settled) > 0 || e.strangers() }

// strangers reports whether a board that is not known by its path is waiting to be looked at for the first time. The
// newcomers have been looked at; what has happened to them since waits for them.
func (e *engine) strangers() bool {
	stranger := func(board string) bool {
		known, ok := e.v.rec.known(board)
		return e.newcomers[board] == nil && (!ok || known.hash == "" && !known.unreadable && known.held == "")
	}
	for board := range e.agenda.items {
		if stranger(board) {
			return true
		}
	}
	for board := range e.agenda.busy {
		if stranger(board) {
			return true
		}
	}
	return false
}

// unsure reports whether a known board that was changed before the time at waits to be looked at: its file may hold
// another board by now, and it may be one of the newcomers.
func (e *engine) unsure(at time.Time) bool {
	for board, it := range e.agenda.items {
		if e.newcomers[board] != nil {
			continue // as in strangers
		}
		if known, ok := e.v.rec.known(board); ok && known.hash != "" && it.changed && !it.first.After(at) {
			return true
		}
	}
	return false
}

// resolve decides which newcomers are known boards under another name, once all have been looked at. Nothing else is
// under way then.
func (e *engine) resolve(now time.Time) {
	e.barrier = false
	if len(e.newcomers) == 0 {
		return
	}
	oldest, latest := now, time.Time{}
	for _, n := range e.newcomers {
		oldest = minTime(oldest, n.since)
		if n.since.After(latest) {
			latest = n.since
		}
	}
	if (e.strangers() || e.unsure(latest)) && now.Sub(oldest) < longestHold && e.work.Err() == nil {
		return
	}
	if e.running > 0 {
		e.barrier = true
		return
	}
	var old, fresh []inventory
	suspected := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(e.newcomers)) {
		if e.v.gone(path) { // the old name of a board of which the case was changed
			e.agenda.done(path)
			delete(e.newcomers, path)
			continue
		}
		fresh = append(fresh, inventory{path, e.newcomers[path].ids})
		if known, ok := e.v.rec.known(path); ok && known.hash != "" {
			old = append(old, e.v.rec.inventory(path))
			suspected[path] = true
		}
	}
	for _, f := range fresh {
		for _, board := range e.suspects(f.board) {
			if !suspected[board] && e.v.gone(board) {
				old = append(old, e.v.rec.inventory(board))
			}
			suspected[board] = true
		}
	}
	e.chains(e.v.rec.judge(old, fresh, func(path string) bool { return !e.v.gone(path) }))
	clear(e.newcomers)
}

// chains puts the newcomers into the order in which they can be recorded.
func (e *engine) chains(v verdict) {
	for _, chain := range chainsOf(slices.Sorted(maps.Keys(e.newcomers)), v.renames) {
		var errands []errand
		for _, l := range chain {
			er := e.newcomers[l.path].errand
			er.settled, er.from, er.first, er.chained = true, l.from, l.first, l.chained
			er.back, er.copyOf = v.back[l.path], v.copies[l.path]
			if er.from != "" {
				e.agenda.busy[er.from] = true
			}
			errands = append(errands, er)
		}
		e.settled = append(e.settled, errands)
	}
}
