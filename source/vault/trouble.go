package vault

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// This file is the engine's part that deals with boards that are missing or cannot be read or recorded.

func (e *engine) isAbsent(out outcome, t *trouble, now time.Time) {
	t.unreadable, t.looks, t.unrecorded = time.Time{}, 0, false
	if out.finished {
		delete(e.troubles, out.path)
		delete(e.seen, out.path)
		delete(e.failed, out.path)
		return
	}
	if t.absent.IsZero() {
		t.absent = now
	}
	switch at := t.absent.Add(e.v.opts.Absence); {
	case at.After(now):
		e.agenda.again(out.path, at, out.late)
	case !out.mayDelete: // others have to be looked at first
		e.agenda.again(out.path, now.Add(e.v.opts.Debounce/2), out.late)
	case e.watch: // its directory cannot be read, or nothing is mounted on it: it may come back
		e.agenda.again(out.path, now.Add(slowestLook), out.late)
	}
}

func (e *engine) isUnreadable(out outcome, t *trouble, now time.Time) {
	t.absent, t.reason = time.Time{}, out.reason
	if t.unreadable.IsZero() {
		t.unreadable = now
	}
	t.looks++
	switch at := t.unreadable.Add(e.v.opts.Patience); {
	case at.After(now) && !out.finished:
		e.agenda.again(out.path, minTime(at, now.Add(e.v.opts.Debounce)), out.late)
	case !out.finished:
		e.agenda.again(out.path, now, out.late)
	case e.watch:
		e.agenda.again(out.path, now.Add(min(slowestLook, time.Duration(t.looks)*time.Second)), out.late)
	}
}

// recordFailed has a recording tried again.
func (e *engine) recordFailed(out outcome, t *trouble, now time.Time) {
	if errors.Is(out.err, daybook.ErrClosed) {
		e.fatal = out.err
		return
	}
	t.attempts++
	cause := out.err
	var record *recordError
	if errors.As(out.err, &record) {
		cause = record.err // whoever lists the boards names them
	}
	t.unrecorded, t.reason = true, oneLine(cause).Error()
	if t.attempts == 1 {
		level := slog.LevelWarn
		if durable.IsFull(out.err) || durable.IsRefused(out.err) {
			level = slog.LevelError
		}
		e.log.Log(e.work, level, "a save cannot be recorded yet, it is tried again",
			"canvas_id", e.v.rec.canvasID(out.path), "error", oneLine(out.err))
	}
	if !e.watch && t.attempts >= onceAttempts {
		e.failed[out.path] = out.err
		return
	}
	if e.stopping {
		return // the next start finds it
	}
	e.retries++
	e.agenda.again(out.path, now.Add(e.v.opts.Retry), out.late)
}

// waiting returns the boards whose latest state is not recorded.
func (e *engine) waiting() []Waiting {
	reasons := map[string]string{}
	for board, it := range e.agenda.items {
		if it.changed {
			reasons[board] = "it has just changed"
		}
	}
	for board := range e.newcomers {
		reasons[board] = "it may be another board under a new name"
	}
	for _, chain := range e.settled {
		for _, er := range chain {
			reasons[er.path] = "there was no time left"
		}
	}
	for board, t := range e.troubles {
		if t.unrecorded || !t.unreadable.IsZero() {
			reasons[board] = t.reason
		}
	}
	var list []Waiting
	for board, reason := range reasons {
		list = append(list, Waiting{e.v.rec.canvasID(board), reason})
	}
	slices.SortFunc(list, func(a, b Waiting) int { return strings.Compare(a.CanvasID, b.CanvasID) })
	return list
}
