package vault

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"daybook/internal/durable"
)

// This file is the engine's part that finds out which boards to look at: scans, notices, and which board is which.

func (e *engine) walker() *walker {
	w := &walker{fsys: e.v.opts.fsys, root: e.v.root, real: e.v.real, skip: e.v.skip, quit: e.quit}
	if e.notify != nil {
		w.watch, w.unwatch, w.watched = e.notify.Add, e.notify.Remove, maps.Clone(e.dirs)
	}
	return w
}

// startScan starts a scan of the whole vault when one is due.
func (e *engine) startScan(now time.Time) {
	if !e.watch || e.scanning || e.stopping || now.Before(e.scanAt) {
		return
	}
	e.scanning = true
	e.scanAt = now.Add(e.v.opts.Rescan) // a scan asked for while this one runs is not forgotten
	w := e.walker()
	go func() { e.scans <- w.walk(".") }()
}

// scanned compares what a scan found with what has been seen. At the start everything is looked at.
func (e *engine) scanned(found tree, start bool) {
	now := time.Now()
	if !found.at(".") {
		e.homeGone(found.err, now)
		return
	}
	again := e.homeFound(found, now)
	if found.err != nil && e.once("scan") {
		e.log.Warn("the vault cannot be looked through completely", "error", oneLine(found.err))
	}
	if found.err == nil {
		delete(e.said, "scan")
	}
	if found.noRoom {
		e.noWatch(errNoRoom)
	}
	e.watched(found.dirs)
	e.unwatch(found.lost)
	e.compare(found, start, again, now)
	wait := e.v.opts.Rescan
	if found.err != nil {
		wait = min(wait, slowestLook)
	}
	if e.poll || e.home.strange != nil {
		wait = min(wait, e.v.opts.Poll)
	}
	e.scanSoon(wait)
}

// compare has the boards looked at that differ from what was seen of them, are missing, or, at the start and when the
// vault has come back, are there.
func (e *engine) compare(found tree, start, again bool, now time.Time) {
	for board, info := range found.boards {
		s, ok := e.seen[board]
		switch racy := time.Unix(0, info.ModTime).Add(racyWindow); {
		case start:
			e.agenda.found(board, now, true)
		case !ok || s.info != info:
			e.agenda.touch(board, now)
		case again || s.at.Before(racy): // it may have changed since without showing it
			e.agenda.found(board, now, false)
		}
	}
	for _, board := range e.v.rec.paths() {
		if _, ok := found.boards[board]; ok {
			continue
		}
		if t := e.troubles[board]; again || t == nil || t.absent.IsZero() && t.unreadable.IsZero() {
			e.agenda.found(board, now, start)
		}
	}
}

// watched notes which directories have a watch.
func (e *engine) watched(dirs map[string]durable.FileID) { maps.Copy(e.dirs, dirs) }

// unwatch ends the watches of directories.
func (e *engine) unwatch(dirs []string) {
	for _, dir := range dirs {
		delete(e.dirs, dir)
		if e.notify != nil {
			// The system ends the watch of a directory that is gone by itself, and then has none to end.
			_ = e.notify.Remove(filepath.Join(e.v.root, filepath.FromSlash(dir)))
		}
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
		"every", e.v.opts.Poll, "error", oneLine(err), "remedy", remedy)
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
	e.log.Warn("watch the vault", "error", oneLine(err))
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
		e.home.lookAt = now // it may have gone, and its watch with it
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
	if _, wasDir := e.dirs[rel]; e.v.skip.board(rel) && !wasDir {
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
	var lost []string
	for dir := range e.dirs {
		if dir == rel || strings.HasPrefix(dir, below) {
			lost = append(lost, dir)
		}
	}
	e.unwatch(lost)
}
