package vault

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"daybook/internal/durable"
)

// This file is the part of the engine that keeps an eye on the vault's own directory, which may be moved away and come
// back, be restored as another directory, or be the place where a disk is mounted.

const (
	homeAway  = 2 * time.Second  // between looks for a vault that has gone
	homeThere = 10 * time.Second // between looks at one that is there: not every system tells that it was replaced
)

// home is what the engine knows of the vault's directory.
type home struct {
	lookAt  time.Time
	away    bool
	strange *strangeHome // another directory stands where the vault was
}

// strangeHome is a directory that may be the vault under another identity. Until it is known to be, nothing that it
// lacks counts as deleted: the empty directory where a disk was mounted lacks everything.
type strangeHome struct {
	id     durable.FileID
	known  []string                // the boards known when it was first seen
	boards map[string]durable.Info // found by the last complete scan
	at     time.Time               // of that scan
}

// lookHome sees from time to time whether the vault's directory is there and the one that is watched.
func (e *engine) lookHome(now time.Time) {
	if !e.watch || e.stopping || now.Before(e.home.lookAt) {
		return
	}
	e.home.lookAt = now.Add(homeThere)
	info, err := e.v.opts.fsys.Stat(e.v.root)
	if err == nil && !info.Mode.IsDir() {
		err = errors.New("it is no directory")
	}
	if err != nil {
		e.homeGone(err, now)
		return
	}
	if id, ok := e.dirs["."]; !ok || id != info.ID {
		e.scanSoon(0)
	}
}

// homeGone ends all watches: they are of the directories that were, and tell of nothing under this path any more.
func (e *engine) homeGone(err error, now time.Time) {
	e.home.lookAt = now.Add(homeAway)
	e.scanSoon(e.v.opts.Rescan)
	var all []string
	for dir := range e.dirs {
		all = append(all, dir)
	}
	e.unwatch(all)
	if !e.home.away {
		e.home.away = true
		e.log.Warn("the vault has gone: it is looked for, and none of its boards counts as deleted",
			"vault", e.v.root, "every", homeAway, "error", oneLine(err))
	}
}

// homeFound takes in that a scan has found the vault's directory. It reports whether it had gone or is another one, so
// that everything is to be compared.
func (e *engine) homeFound(found tree, now time.Time) (again bool) {
	id, was := found.dirs["."], e.home
	again = was.away
	if before, ok := e.dirs["."]; ok && before != id {
		again = true
	}
	e.home.away = false
	switch {
	case id == *e.v.home.Load():
		e.home.strange = nil
		again = again || was.strange != nil
	case was.strange == nil || was.strange.id != id:
		e.home.strange = &strangeHome{id: id, known: e.v.rec.paths()}
		again = true
		e.log.Warn("another directory is where the vault was: its boards are recorded, but none counts as deleted "+
			"before some of the vault's boards are found in it", "vault", e.v.root)
		fallthrough
	default:
		if e.home.strange.isVault(found, now) {
			e.v.home.Store(&id)
			e.home.strange = nil
			again = true
		}
	}
	if again {
		for _, t := range e.troubles { // that they were missing while all was says nothing
			if !t.absent.IsZero() {
				t.absent = now
			}
		}
	}
	if e.home.strange == nil && (was.away || was.strange != nil) {
		e.log.Info("the vault is back", "vault", e.v.root)
	}
	return again
}

// isVault reports whether the directory is the vault: two complete scans, some time apart, have found the same boards
// in it, so that nobody is still putting them back, and one at least is known.
func (s *strangeHome) isVault(found tree, now time.Time) bool {
	if found.err != nil {
		return false
	}
	before, at := s.boards, s.at
	if before != nil && now.Sub(at) < homeAway {
		return false
	}
	s.boards, s.at = found.boards, now
	if before == nil || len(before) != len(found.boards) {
		return false
	}
	for board := range found.boards {
		if _, ok := before[board]; !ok {
			return false
		}
	}
	for _, board := range s.known {
		if _, ok := found.boards[board]; ok {
			return true
		}
	}
	return len(s.known) == 0
}

// there returns why the vault's directory cannot be looked at; nil if it can.
func (v *Vault) there() error {
	if _, err := v.opts.fsys.Stat(v.root); err != nil {
		return fmt.Errorf("the vault has gone, and its book with it: %w", err)
	}
	return nil
}

// gone reports whether the absence of the board rel can be believed, and no placeholder of a sync client stands for it.
func (v *Vault) gone(rel string) bool {
	return gone(v.opts.fsys, v.root, *v.home.Load(), rel) && !isEvicted(v.opts.fsys, v.root, rel)
}

// mounted reports whether another file system is mounted on each of the directories that is there. Where one was
// mounted, an empty directory may be left, or a symbolic link that leads nowhere.
func (v *Vault) mounted(dirs []string) bool {
	for _, dir := range dirs {
		name := filepath.Join(v.root, filepath.FromSlash(dir))
		parent, err := v.opts.fsys.Stat(filepath.Dir(name))
		if err != nil {
			return false
		}
		info, err := v.opts.fsys.Stat(name)
		if isAbsent(err) {
			entries, err := v.opts.fsys.ReadDir(filepath.Dir(name))
			if err != nil || lists(entries, filepath.Base(name)) {
				return false
			}
		} else if err != nil || info.ID.Device == parent.ID.Device {
			return false
		}
	}
	return true
}

// oneLine is an error for the operator's log: joined errors in one line.
func oneLine(err error) error {
	if err == nil || !strings.Contains(err.Error(), "\n") {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}
