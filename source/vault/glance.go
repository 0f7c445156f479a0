package vault

import (
	"errors"
	"maps"
	"slices"
	"syscall"
	"time"

	"daybook/internal/durable"
)

// This file is the engine's part that sees what is told of in no directory of the vault: that the file has changed which
// a board leads to that is a symbolic link, and that something has been mounted on a directory, or is mounted no more.

const (
	glanceEvery = time.Second
	glanceShare = 50 // after a glance comes a pause of at least so many times what it took
)

// glances is when the engine glances, and at what it need not.
type glances struct {
	at      time.Time
	under   bool
	results chan glance     // with room for one: nobody waits for a glance when the run ends
	deaf    map[string]bool // directories that had no watch when that was last seen: scans did not get them one
}

// glance is what was seen.
type glance struct {
	boards map[string]durable.Info // behind symbolic links; zero where that cannot be said
	none   []string                // symbolic links that lead nowhere
	other  []string                // directories that are not the ones that are watched, and links to directories
	deaf   map[string]bool         // directories without a watch
	took   time.Duration
}

// mayGlance reports whether anything is to be glanced at: not where the whole vault is compared every few seconds anyway.
func (e *engine) mayGlance() bool {
	return e.watch && e.notify != nil && !e.poll && !e.silent && !e.held && !e.stopping && !e.glances.under && !e.home.away
}

// startGlance starts a glance when one is due.
func (e *engine) startGlance(now time.Time) {
	if !e.mayGlance() || now.Before(e.glances.at) {
		return
	}
	e.glances.under = true
	links, dirs := slices.Collect(maps.Keys(e.links)), maps.Clone(e.dirs)
	delete(dirs, ".") // lookHome looks after it
	go func() { e.glances.results <- e.glance(links, dirs) }()
}

// glance looks at links and directories. It reads nothing of the engine that changes.
func (e *engine) glance(links []string, dirs map[string]durable.FileID) glance {
	began := time.Now()
	g := glance{boards: map[string]durable.Info{}, deaf: map[string]bool{}}
	watched := map[string]bool{}
	for _, name := range e.notify.Watched() {
		watched[name] = true
	}
	for _, link := range links {
		if e.ending() {
			break
		}
		info, err := e.v.opts.fsys.Stat(e.full(link))
		switch {
		case isAbsent(err), errors.Is(err, syscall.ELOOP):
			g.none = append(g.none, link)
		case err == nil && info.Mode.IsDir():
			g.other = append(g.other, link)
		case e.v.skip.board(link):
			g.boards[link] = info // zero after an error
		}
	}
	for dir, id := range dirs {
		if e.ending() {
			break
		}
		if info, err := e.v.opts.fsys.Stat(e.full(dir)); err != nil || info.ID != id {
			g.other = append(g.other, dir)
		}
		if !watched[e.full(dir)] {
			g.deaf[dir] = true
		}
	}
	g.took = time.Since(began)
	return g
}

// ending reports whether the run's context has ended.
func (e *engine) ending() bool {
	select {
	case <-e.quit:
		return true
	default:
		return false
	}
}

// glanced takes in what a glance has seen.
func (e *engine) glanced(g glance) {
	now := time.Now()
	e.glances.under = false
	e.glances.at = now.Add(max(glanceEvery, glanceShare*g.took))
	if e.stopping {
		return
	}
	for board, info := range g.boards {
		e.compareBoard(board, info, false, false, now)
	}
	for _, board := range g.none {
		if _, ok := e.v.rec.known(board); ok {
			e.missing(board, false, false, now)
		}
	}
	for _, dir := range g.other {
		if _, ok := e.dirs[dir]; ok || e.links[dir] {
			e.scanSoon(0)
		}
	}
	for dir := range g.deaf {
		if _, ok := e.dirs[dir]; ok && !e.glances.deaf[dir] {
			e.scanSoon(0)
		}
	}
	e.glances.deaf = g.deaf
}
