package vault

import (
	"context"
	"errors"
	"path/filepath"
	"time"
	"unicode/utf8"

	"daybook/canvas"
	"daybook/internal/durable"
)

// errand is one look at one board, with what the looker may do about what it finds.
type errand struct {
	path string
	late bool // found by the scan at the start

	mayRename bool // a board not known may be a known one under another name: report it, record nothing
	mayDelete bool // its absence has lasted
	absent    time.Time
	mounts    []string // directories on its way where another file system must be for its absence to be believed
	mayTell   bool     // it has been unreadable for long enough

	settled bool   // it is known what the board is:
	from    string // the board that was elsewhere before, or none
	back    bool   // the board at from is there still, unchanged since it went there from this path
	copyOf  string // not "": a copy of that board, to be held
	first   bool   // the board known here has to make room for it, until its turn comes
	chained bool   // the board at from has its turn next
}

// outcome is what became of an errand.
type outcome struct {
	errand
	began    time.Time // before the file was looked at
	info     durable.Info
	found    finding
	reason   string   // of unreadable
	ids      []string // of newcomer
	err      error    // the recording failed
	finished bool     // nothing is left to do until the board changes
	moved    string   // the name of the board that had to make room
	spelled  string   // of isAbsentNow: the board's path in the spelling that there is
}

type finding int

const (
	isBoard finding = iota // it is what is recorded
	isNewcomer
	isAbsentNow
	isUnreadable
	isAway     // its directory cannot be read: nothing is known of it
	isOnServer // a sync client keeps its content on the server only
	isChanging
)

// run looks at the board and records what it finds.
func (v *Vault) look(ctx context.Context, e errand) outcome {
	began := time.Now()
	s := look(v.opts.fsys, v.root, e.path)
	out := outcome{errand: e, began: began, info: s.info}
	known, isKnown := v.rec.known(e.path)
	switch {
	case s.changing:
		out.found = isChanging
	case s.away:
		out.found = isAway
	case s.absent:
		out.found = isAbsentNow
		out.finished = !isKnown
		if isKnown && isEvicted(v.opts.fsys, v.root, e.path) {
			out.found, out.finished = isOnServer, true
			return out
		}
		if v.skip.board(s.spelled) && !v.skip.within(s.spelled) {
			out.spelled = s.spelled
		}
		if isKnown && e.mayDelete && v.gone(e.path) && v.mounted(e.mounts) && !v.renames(out.spelled) {
			out.err = v.rec.Record(ctx, Save{Path: e.path, Time: v.absentTime(e), Late: e.late})
			out.finished = out.err == nil
		}
	case s.reason != "":
		out.found, out.reason = isUnreadable, s.reason
		out.finished = known.unreadable || known.held != ""
		if e.mayTell && !out.finished {
			out.err = v.rec.Record(ctx, Save{
				Path: e.path, Unreadable: s.reason, Time: modTime(s.info), Late: v.isLate(e, s.info),
			})
			out.finished = out.err == nil
		}
	case known.held != "" && known.held == hashOf(s.board) && !v.rec.included(e.path):
		out.finished = true // the copy that it was
	case e.copyOf != "" && known.held == "" && known.hash == "":
		out.err = v.rec.hold(v.saveOf(e, s), e.copyOf)
		out.finished = out.err == nil
	case known.hash == "" && !known.pending && e.mayRename && !e.settled:
		out.found, out.ids = isNewcomer, idsOf(s.board)
	default:
		out.err = v.rec.Record(ctx, v.saveOf(e, s))
		if errors.Is(out.err, errOther) {
			out.err, out.found, out.ids = nil, isNewcomer, idsOf(s.board)
			return out
		}
		out.finished = out.err == nil
	}
	return out
}

// lookAll looks at boards that are to be recorded one after the other, because each takes the path of the next. When
// one is not what it was any more, the others are to be looked at again.
func (v *Vault) lookAll(ctx context.Context, chain []errand) []outcome {
	var outs []outcome
	moved := ""
	for i, e := range chain {
		if e.first {
			var err error
			if moved, err = v.rec.displace(ctx, e.path); err != nil {
				outs = append(outs, outcome{errand: e, err: err})
				return append(outs, notNow(chain[i+1:])...)
			}
		}
		if e.from != "" && e.from == chain[0].path {
			e.from = moved
		}
		was, _ := v.rec.known(e.from)
		out := v.look(ctx, e)
		if e.first {
			out.moved = moved
		}
		outs = append(outs, out)
		is, still := v.rec.known(e.from)
		if out.err != nil || out.found != isBoard || e.from != "" && still && is.lineage == was.lineage {
			return append(outs, notNow(chain[i+1:])...)
		}
	}
	return outs
}

func notNow(rest []errand) []outcome {
	var outs []outcome
	for _, e := range rest {
		outs = append(outs, outcome{errand: e, found: isChanging})
	}
	return outs
}

// saveOf is the save that a board's file holds.
func (v *Vault) saveOf(e errand, s sight) Save {
	save := Save{Path: e.path, Board: s.board, Time: modTime(s.info), Late: v.isLate(e, s.info)}
	save.mayBeOther, save.apart = !e.settled, v.yields(e.path)
	if e.from != "" && (v.gone(e.from) || e.chained && v.hasOther(e.from) || e.back && v.unchanged(e.from)) {
		save.From = e.from // otherwise it is a copy
	}
	return save
}

// unchanged reports whether the file of a known board holds what was recorded last.
func (v *Vault) unchanged(path string) bool {
	s := look(v.opts.fsys, v.root, path)
	known, ok := v.rec.known(path)
	return ok && s.board != nil && hashOf(s.board) == known.hash
}

// hasOther reports whether there is another board by now where a known one was.
func (v *Vault) hasOther(path string) bool {
	s := look(v.opts.fsys, v.root, path)
	known, err := v.rec.lastBoard(path)
	return err == nil && s.board != nil && isOther(idsOf(s.board), known)
}

// renames reports whether a board that is there in the spelling path only is to be recorded as that, not as deleted.
func (v *Vault) renames(path string) bool {
	known, ok := v.rec.known(path)
	return path != "" && (!ok || known.hash == "")
}

// yields reports whether besides the board at path there is one whose path is the canvas_id that this one would have.
func (v *Vault) yields(path string) bool {
	id := canvasID(path)
	if id == path || !utf8.ValidString(path) {
		return false
	}
	_, err := v.opts.fsys.Stat(filepath.Join(v.root, filepath.FromSlash(id)))
	return err == nil && spelling(v.opts.fsys, v.root, id) == id
}

// isLate reports whether what a look found happened while nobody watched. The first look at a vault finds everything
// for the first time, and nothing late.
func (v *Vault) isLate(e errand, info durable.Info) bool {
	return e.late && !v.rec.fresh && modTime(info).Before(v.started)
}

// absentTime is the time of a deletion: when the board was first missed, if somebody watched.
func (v *Vault) absentTime(e errand) time.Time {
	if e.late || e.absent.IsZero() {
		return time.Time{}
	}
	return v.opts.now(v.book).Add(-time.Since(e.absent))
}

func modTime(info durable.Info) time.Time { return time.Unix(0, info.ModTime) }

func idsOf(b *canvas.Board) []string {
	ids := make([]string, 0, len(b.Nodes))
	for _, n := range b.Nodes {
		ids = append(ids, n.ID())
	}
	return distinct(ids)
}

// relative returns the path in the vault of a file or directory below its root, in whatever spelling.
func (v *Vault) relative(name string) (string, bool) {
	rel, err := filepath.Rel(v.root, name)
	if err == nil && !filepath.IsLocal(rel) {
		rel, err = filepath.Rel(respelled(name, v.root), name)
	}
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}
