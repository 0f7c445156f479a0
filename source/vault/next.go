package vault

import (
	"time"

	"daybook"
	"daybook/canvas"
)

// claim gives the board e a canvas_id that no other has, beside the one that it has already until e is updated.
func (r *Recorder) claim(e *entry, s Save) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.nextID != e.id {
		r.release(e, e.nextID)
	}
	id := canvasID(s.Path)
	if other := r.byID[id]; other != nil && other != e || s.apart {
		id = apartID(s.Path)
	}
	if e.id == "" {
		e.id = id
	}
	e.nextID, r.byID[id] = id, e
	return id
}

// canvasID is the name that events have for the board at path.
func (r *Recorder) canvasID(path string) string {
	if e, ok := r.known(path); ok {
		return e.id
	}
	return canvasID(path)
}

// next is the state that the save leads to, in which the board has the canvas_id id.
func (r *Recorder) next(base *state, old *canvas.Board, s Save, id string) *state {
	first := base.Hash == ""
	sv := save{
		Kind: saveChanged, Late: s.Late, Observed: s.Observed, Lengths: r.opts.TextLengths, Steps: true, Colored: true,
	}
	at := r.eventTime(s, base)
	switch {
	case s.Board == nil && s.Unreadable != "":
		sv.Kind = saveUnreadable
	case s.Board == nil:
		sv.Kind = saveDeleted
		sv.Nodes, sv.Edges, sv.Colors = len(old.Nodes), len(old.Edges), old.Colors()
	case first:
		sv.Kind = saveCreated
		if !s.Time.IsZero() && !s.Historic {
			sv.FileTime = s.Time.In(at.Location()).Format(daybook.TimeLayout)
		}
	case base.Path != id: // else it is spelled otherwise, or a displaced board is back
		sv.OldPath = base.Path
	}
	n := base.following(at, sv)
	n.Unreadable = s.Unreadable
	if sv.Kind != saveDeleted {
		n.setPath(s.Path, id)
	}
	switch sv.Kind {
	case saveDeleted:
		n.Hash, n.Board, n.History = "", nil, nil
	case saveCreated, saveChanged:
		n.Hash = s.hash
		n.Save.Reverted = n.Hash != base.Hash && base.knew(n.Hash)
		n.remember(n.Hash)
		n.Board = s.Board.Encode()
		if r.memory != nil {
			n.Parsed = s.Board
		}
	}
	r.order(n, base)
	return n
}

// eventTime applies the rules of Save.Time.
func (r *Recorder) eventTime(s Save, base *state) time.Time {
	now := r.opts.now(r.book)
	t := s.Time.In(now.Location()).Truncate(time.Microsecond)
	switch {
	case s.Historic && !s.Time.IsZero():
		return t
	case s.Time.IsZero(), t.After(now), t.Before(base.moment()):
		return now
	case base.Hash == "" || s.Board != nil && base.Hash == s.hash:
		return now
	}
	return t
}
