package vault

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// This file is the engine's part that finds out which boards to look at: scans, notices, and which board is which.

func (e *engine) walker() *walker {
	w := &walker{fsys: e.v.opts.fsys, root: e.v.root, real: e.v.real, skip: e.v.skip, quit: e.quit}
	if e.notify != nil {
		w.watch = e.notify.Add
	}
	return w
}

// startScan starts a scan of the whole vault when one is due.
func (e *engine) startScan(now time.Time) {
	if !e.watch || e.scanning || e.stopping || now.Before(e.scanAt) {
		return
	}
	e.scanning = true
	w := e.walker()
	go func() { e.scans <- w.walk(".") }()
}

// scanned compares what a scan found with what has been seen. At the start everything is looked at.
func (e *engine) scanned(found tree, start bool) {
	now := time.Now()
	if found.err != nil && e.once("scan") {
		e.log.Warn("the vault cannot be looked through completely", "error", found.err)
	}
	if found.err == nil {
		delete(e.said, "scan")
	}
	if found.noRoom {
		e.noWatch(errNoRoom)
	}
	e.watched(found.dirs)
	for board, info := range found.boards {
		s, ok := e.seen[board]
		switch racy := time.Unix(0, info.ModTime).Add(racyWindow); {
		case start:
			e.agenda.found(board, now, true)
		case !ok || s.info != info:
			e.agenda.touch(board, now)
		case s.at.Before(racy): // it may have changed since without showing it
			e.agenda.found(board, now, false)
		}
	}
	for _, board := range e.v.rec.paths() {
		if _, ok := found.boards[board]; ok {
			continue
		}
		if t := e.troubles[board]; t == nil || t.absent.IsZero() && t.unreadable.IsZero() {
			e.agenda.found(board, now, start)
		}
	}
	wait := e.v.opts.Rescan
	if e.poll {
		wait = min(wait, e.v.opts.Poll)
	}
	e.scanAt = now.Add(wait)
}

// watched notes which directories have a watch.
func (e *engine) watched(dirs []string) {
	for _, dir := range dirs {
		e.dirs[dir] = true
	}
}

// noWatch says that the system does not tell of all changes and what to do about it, and has the vault compared often.
func (e *engine) noWatch(err error) {
	e.poll = true
	if !e.once("watch") {
		return
	}
	remedy := "none known; changes are found a few seconds late"
	if errors.Is(err, errNoRoom) {
		remedy = "raise the limit, on Linux: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024"
	}
	e.log.Error("the system does not tell of all changes: the vault is compared again and again instead",
		"every", e.v.opts.Poll, "error", err, "remedy", remedy)
}

// once reports whether something is to be said that has not been said yet.
func (e *engine) once(what string) bool {
	said := e.said[what]
	e.said[what] = true
	return !said
}

// notifyFailed takes in an error of the notifier.
func (e *engine) notifyFailed(err error) {
	if errors.Is(err, errOverflow) {
		e.log.Warn("changes came faster than they could be taken in: the whole vault is compared")
		e.scanSoon(0)
		return
	}
	e.log.Warn("watch the vault", "error", err)
	e.scanSoon(e.v.opts.Poll)
}

func (e *engine) scanSoon(wait time.Duration) { e.scanAt = minTime(e.scanAt, time.Now().Add(wait)) }

// noticed takes in one change that the system told of.
func (e *engine) noticed(n notice) {
	rel, ok := e.v.relative(n.name)
	if !ok || e.v.skip.within(rel) {
		return
	}
	now := time.Now()
	if rel == "." {
		e.scanSoon(e.v.opts.Debounce)
		return
	}
	if e.v.skip.board(rel) {
		e.agenda.touch(rel, now)
	}
	if e.v.skip.dir(rel) {
		return
	}
	if n.gone {
		e.dirGone(rel, now)
	}
	if n.made || n.gone {
		// The notice of a moved directory's own end may come after it has been watched under its new name, and ends
		// that: whatever is there now is watched again.
		e.dirMade(rel, now)
	}
}

// dirMade watches a directory that has appeared and has its boards looked at.
func (e *engine) dirMade(rel string, now time.Time) {
	w := e.walker()
	if info, err := w.fsys.Stat(w.full(rel)); err != nil || !info.Mode.IsDir() {
		return
	}
	found := w.walk(rel)
	e.watched(found.dirs)
	for board := range found.boards {
		e.agenda.touch(board, now)
	}
	if found.noRoom {
		e.noWatch(errNoRoom)
	}
	// Between the making of a directory and its watching anything may have happened.
	e.scanSoon(2 * e.v.opts.Debounce)
}

// dirGone has the boards of a directory that is no longer there looked at, and ends the watches below it, which
// otherwise would go on under the old name when it was only moved.
func (e *engine) dirGone(rel string, now time.Time) {
	if e.v.skip.board(rel) && !e.dirs[rel] {
		return // it was a board
	}
	below := rel + "/"
	for _, known := range [][]string{e.v.rec.paths(), slices.Collect(maps.Keys(e.seen))} {
		for _, board := range known {
			if strings.HasPrefix(board, below) {
				e.agenda.touch(board, now)
			}
		}
	}
	if e.notify == nil {
		return
	}
	for dir := range e.dirs {
		if dir == rel || strings.HasPrefix(dir, below) {
			delete(e.dirs, dir)
			// The system ends the watch of a directory that is gone by itself, and then has none to end.
			_ = e.notify.Remove(filepath.Join(e.v.root, filepath.FromSlash(dir)))
		}
	}
}

// suspects are the known boards that a newcomer may be: those that something happened to, those that are missing, and
// those whose name differs only in case.
func (e *engine) suspects(newcomer string) []string {
	var out []string
	for _, board := range e.v.rec.paths() {
		known, ok := e.v.rec.known(board)
		if !ok || known.hash == "" || board == newcomer {
			continue
		}
		t := e.troubles[board]
		_, noted := e.agenda.items[board]
		if noted || e.agenda.busy[board] || t != nil && !t.absent.IsZero() || strings.EqualFold(board, newcomer) {
			out = append(out, board)
		}
	}
	return out
}

// holding reports whether boards that may be others under a new name have to be looked at before one is deleted.
func (e *engine) holding() bool { return len(e.newcomers) > 0 || len(e.settled) > 0 || e.strangers() }

// strangers reports whether a board that is not known by its path is waiting to be looked at for the first time.
func (e *engine) strangers() bool {
	stranger := func(board string) bool {
		known, ok := e.v.rec.known(board)
		return !ok || known.hash == "" && !known.unreadable
	}
	for board := range e.agenda.items {
		if stranger(board) {
			return true
		}
	}
	for board := range e.agenda.busy {
		if e.newcomers[board] == nil && stranger(board) {
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
	oldest := now
	for _, n := range e.newcomers {
		oldest = minTime(oldest, n.since)
	}
	if e.strangers() && now.Sub(oldest) < longestHold && e.work.Err() == nil {
		return
	}
	if e.running > 0 {
		e.barrier = true
		return
	}
	var missing, fresh []inventory
	suspected := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(e.newcomers)) {
		if gone(e.v.opts.fsys, e.v.root, e.v.home, path) { // the old name of a board of which the case was changed
			e.agenda.done(path)
			continue
		}
		fresh = append(fresh, inventory{path, e.newcomers[path].ids})
		for _, board := range e.suspects(path) {
			if !suspected[board] && gone(e.v.opts.fsys, e.v.root, e.v.home, board) {
				missing = append(missing, e.v.rec.inventory(board))
			}
			suspected[board] = true
		}
	}
	renames := matchRenames(missing, fresh)
	for _, f := range fresh {
		er := e.newcomers[f.board].errand
		er.settled, er.from = true, renames[f.board]
		if er.from != "" {
			e.agenda.busy[er.from] = true
		}
		e.settled = append(e.settled, er)
	}
	clear(e.newcomers)
}
