package vault

import "time"

// agenda decides when which board is looked at. It is told of the time by its callers and waits for nothing itself.
//
// A board is due when it has been left alone for quiet, or limit after its first change if it keeps changing. A board
// that is being looked at is never handed out a second time until it is done: what happens meanwhile stays noted.
type agenda struct {
	quiet, limit time.Duration
	items        map[string]*item
	busy         map[string]bool
}

// item is a board to be looked at.
type item struct {
	first   time.Time // when the first change was seen; zero if it is only to be looked at again
	due     time.Time
	late    bool // found by the scan at the start, not seen to happen
	changed bool // somebody changed it, as far as is known
}

func newAgenda(quiet, limit time.Duration) *agenda {
	return &agenda{quiet: quiet, limit: limit, items: map[string]*item{}, busy: map[string]bool{}}
}

// touch notes that a board has changed just now.
func (a *agenda) touch(board string, now time.Time) {
	it := a.items[board]
	if it == nil || !it.changed {
		it = &item{first: now, changed: true}
		a.items[board] = it
	}
	it.late = false
	it.due = now.Add(a.quiet)
	if last := it.first.Add(a.limit); it.due.After(last) {
		it.due = last
	}
}

// found notes that a board is to be compared at once, because a scan came upon it. A change seen before stands.
func (a *agenda) found(board string, now time.Time, late bool) {
	if it := a.items[board]; it == nil || !it.changed {
		a.items[board] = &item{first: now, due: now, late: late, changed: true}
	}
}

// again notes that a board is to be looked at once more at the time at, unless something happens to it before.
func (a *agenda) again(board string, at time.Time, late bool) {
	if it := a.items[board]; it == nil || !it.changed && at.Before(it.due) {
		a.items[board] = &item{due: at, late: late}
	}
}

// has reports whether a board is to be looked at or being looked at.
func (a *agenda) has(board string) bool { return a.items[board] != nil || a.busy[board] }

// take hands out one board that is due and marks it busy.
func (a *agenda) take(now time.Time) (string, item, bool) {
	best := ""
	var bestItem *item
	for board, it := range a.items {
		if it.due.After(now) || a.busy[board] {
			continue
		}
		if bestItem == nil || it.due.Before(bestItem.due) || it.due.Equal(bestItem.due) && board < best {
			best, bestItem = board, it
		}
	}
	if bestItem == nil {
		return "", item{}, false
	}
	delete(a.items, best)
	a.busy[best] = true
	return best, *bestItem, true
}

// done says that a board is no longer busy.
func (a *agenda) done(board string) { delete(a.busy, board) }

// next returns the time at which the next board is due.
func (a *agenda) next() (time.Time, bool) {
	var at time.Time
	ok := false
	for board, it := range a.items {
		if !a.busy[board] && (!ok || it.due.Before(at)) {
			at, ok = it.due, true
		}
	}
	return at, ok
}

// hurry makes all changed boards due now and drops those that were only to be looked at again.
func (a *agenda) hurry(now time.Time) {
	for board, it := range a.items {
		if !it.changed {
			delete(a.items, board)
			continue
		}
		it.due = now
	}
}
