package vault

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"daybook/internal/durable"
)

// This file is the engine's part that finds out which boards to look at: scans, notices, and which board is which.

func (e *engine) walker() *walker {
	w := &walker{
		fsys: e.v.opts.fsys, root: e.v.root, real: e.v.real, skip: e.v.skip, quit: e.quit,
		watched: maps.Clone(e.dirs),
	}
	if e.notify != nil {
		w.kindOf = e.v.opts.kindOf
	}
	if e.notify != nil && !e.held {
		w.watch, w.unwatch, w.limit = e.notify.Add, e.notify.Remove, e.v.opts.held
	}
	return w
}

// pause is how long after a scan that took so long the next one is due.
func (e *engine) pause(took time.Duration) time.Duration {
	o := e.v.opts
	switch {
	case o.Poll > 0 && e.home.strange != nil:
		return min(o.Poll, pollEvery)
	case o.Poll > 0:
		return o.Poll
	case e.poll || e.silent || e.held || e.home.strange != nil:
		return min(o.Rescan, max(pollEvery, pollShare*took))
	}
	return o.Rescan
}

// startScan starts a scan of the whole vault when one is due.
func (e *engine) startScan(now time.Time) {
	if !e.watch || e.scanning || e.stopping || now.Before(e.scanAt) {
		return
	}
	e.scanning = true
	e.scanAt = now.Add(never) // a scan asked for while this one runs is not forgotten
	w := e.walker()
	w.known = e.v.rec.paths()
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
	if found.err == nil && e.said["scan"] {
		delete(e.said, "scan")
		e.log.Info("the vault can be looked through completely again")
	}
	e.mounted(found)
	e.watched(found)
	e.links = found.links
	e.unwatch(found.lost)
	e.compare(found, start, again, now)
	wait := e.pause(found.took)
	if found.err != nil {
		wait = min(wait, slowestLook)
	}
	e.scanSoon(wait)
}

// compare has the boards looked at that differ from what was seen of them, are missing, or, at the start and when the
// vault has come back, are there.
func (e *engine) compare(found tree, start, again bool, now time.Time) {
	for board, info := range found.boards {
		e.compareBoard(board, info, start, again, now)
	}
	for _, board := range e.v.rec.paths() {
		if _, ok := found.boards[board]; ok || found.hides(board) != nil {
			continue
		}
		e.missing(board, start, again, now)
	}
}

// compareBoard is compare for a board that is there.
func (e *engine) compareBoard(board string, info durable.Info, start, again bool, now time.Time) {
	s := e.seen[board]
	fresh := s.saw(info, now)
	e.seen[board] = s
	switch {
	case start:
		e.agenda.found(board, now, true)
	case fresh && s.looked != info:
		e.agenda.touch(board, now)
	case s.looked != info && !e.agenda.has(board): // and it is known to have changed
		e.agenda.found(board, now, false)
	case s.looked != info:
	case again:
		e.agenda.found(board, now, false)
	case s.at.Before(s.settles()) && !e.agenda.has(board): // it may have changed since without showing it
		e.agenda.again(board, s.settles(), false)
	}
}

// missing is compare for a known board that is not there.
func (e *engine) missing(board string, start, again bool, now time.Time) {
	if t := e.troubles[board]; again || t == nil || t.absent.IsZero() && t.unreadable.IsZero() {
		e.agenda.found(board, now, start)
	}
}

// watched notes which directories a walk has found and watched, and what came of it.
func (e *engine) watched(found tree) {
	maps.Copy(e.dirs, found.dirs)
	if found.noRoom {
		e.noWatch(errNoRoom)
	}
	if found.held && !e.held {
		e.held = true
		for dir := range e.dirs {
			// What cannot be ended goes with the notifier: it only tells more than is needed.
			_ = e.notify.Remove(e.full(dir))
		}
		e.log.Info("watching so many files would keep each of them open: the vault is compared again and again instead",
			"files", fmt.Sprintf("over %d", e.v.opts.held), "every", pollEvery)
	}
	for _, dir := range slices.Sorted(maps.Keys(found.silent)) {
		e.silent = true
		if e.once("kind " + found.silent[dir]) {
			e.log.Info("on this kind of file system not all changes are told of: the vault is compared again and again",
				"dir", e.full(dir), "kind", found.silent[dir], "every", pollEvery)
		}
	}
}

// mounted notes where other file systems begin, and says where one has gone: an empty directory is then in its place,
// and none of its boards counts as deleted before it is back, or the next start.
func (e *engine) mounted(found tree) {
	for dir, id := range found.dirs {
		parent, ok := found.dirs[path.Dir(dir)]
		switch {
		case dir == "." || !ok:
		case parent.Device != id.Device:
			e.mounts[dir] = true
			delete(e.said, "mount "+dir)
		case e.mounts[dir] && e.once("mount "+dir):
			e.log.Warn("what was mounted in the vault has gone: none of its boards counts as deleted", "dir", e.full(dir))
		}
	}
}

// mountsOf returns the directories on the way to a board where another file system begins, or began.
func (e *engine) mountsOf(board string) []string {
	var dirs []string
	for dir := path.Dir(board); len(e.mounts) > 0 && dir != "." && dir != "/"; dir = path.Dir(dir) {
		if e.mounts[dir] {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func (e *engine) full(rel string) string { return filepath.Join(e.v.root, filepath.FromSlash(rel)) }

// unwatch ends the watches of directories.
func (e *engine) unwatch(dirs []string) {
	for _, dir := range dirs {
		delete(e.dirs, dir)
		if e.notify != nil {
			// The system ends the watch of a directory that is gone by itself, and then has none to end.
			_ = e.notify.Remove(e.full(dir))
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
		"every", pollEvery, "error", oneLine(err), "remedy", remedy)
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
	e.scanSoon(pollEvery)
}

func (e *engine) scanSoon(wait time.Duration) { e.scanAt = minTime(e.scanAt, time.Now().Add(wait)) }

// noticed takes in one change that the system told of.
func (e *engine) noticed(n notice) {
	rel, ok := e.v.relative(n.name)
	if !ok || e.v.skip.within(rel) {
		return
	}
	now := time.Now()
	if n.attr {
		e.attributes(rel, now)
		return
	}
	if rel == "." {
		e.home.lookAt = now // it may have gone, and its watch with it
		e.scanSoon(e.v.opts.Debounce)
		return
	}
	if board, ok := evicted(rel); ok && e.v.skip.board(board) {
		e.agenda.touch(board, now) // its placeholder has come or gone
	}
	if e.v.skip.board(rel) {
		e.agenda.touch(rel, now)
		if name := e.full(rel); n.made && e.v.opts.fsys.Resolve(name) != name {
			e.links[rel] = true
		}
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

// attributes has a board looked at whose attributes have changed, if it is not as it was last looked at, or can no longer
// be opened: what else has been done to it needs no reading.
func (e *engine) attributes(rel string, now time.Time) {
	if !e.v.skip.board(rel) {
		return
	}
	info, err := e.v.opts.fsys.Stat(e.full(rel))
	if isAbsent(err) || err == nil && !info.Mode.IsRegular() {
		return // that it is gone is told as such
	}
	if err == nil && info == e.seen[rel].looked {
		if t := e.troubles[rel]; t != nil && !t.unreadable.IsZero() {
			return // it is looked at from time to time anyway
		}
		if f, err := e.v.opts.fsys.Open(e.full(rel), false); err == nil {
			f.Close() // nothing was written
			return
		}
	}
	e.agenda.touch(rel, now)
}

// dirMade watches a directory that has appeared and has its boards looked at.
func (e *engine) dirMade(rel string, now time.Time) {
	w := e.walker()
	if info, err := w.fsys.Stat(w.full(rel)); err != nil || !info.Mode.IsDir() {
		return
	}
	found := w.walk(rel)
	e.watched(found)
	maps.Copy(e.links, found.links)
	for board := range found.boards {
		e.agenda.touch(board, now)
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
