package daybook

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Position tells where an event is stored.
type Position struct {
	Day       Day
	Offset    int64 // of the line, in bytes from the beginning of the day's file
	Length    int   // of the line in bytes, its newline included
	Duplicate bool  // it was there already, byte for byte, and is not stored again
}

// Verdict is what became of one event of AppendAll.
type Verdict struct {
	Position Position
	Err      error // nil: the event is stored, or was
}

// Append stores e in the file of its day and returns when it is there as durably as Options.Sync says. An event that the
// day holds already, byte for byte, is acknowledged and not stored again; another one of the same event_id is refused
// with ErrConflict. Other errors: a *RuleError, ErrLocked, ErrClosed, the context's cause, or the file system's
// (IsFull tells a full disk). What an error leaves: nothing after a broken rule, a lock that is held or a full disk;
// after a failed sync it is unknown, and appending the same Event again settles it.
//
// When ctx ends before the event's turn has come, nothing is stored; later, Append waits for the verdict, and only
// retries end early.
func (b *Book) Append(ctx context.Context, e Event) (Position, error) {
	r := b.newRequest(ctx)
	r.items = append(r.one[:0], item{event: e})
	b.submit(r)
	v := r.items[0].verdict
	b.release(r)
	return v.Position, v.Err
}

// AppendAll stores events in their order, with one write and one sync for each day they belong to, and returns a Verdict
// for each, in the same order. Apart from that it is Append: one event's refusal does not touch the others.
func (b *Book) AppendAll(ctx context.Context, events []Event) []Verdict {
	r := b.newRequest(ctx)
	r.items = make([]item, len(events))
	for i, e := range events {
		r.items[i].event = e
	}
	b.submit(r)
	verdicts := r.verdicts()
	b.release(r)
	return verdicts
}

// Adopt is AppendAll for a View that has found events where it posts to, in a document that other programs write too: it
// stores those that the book lacks. Only a View may call it, and only before the Open or Post returns that the Book has
// called. The View posts them itself; the Book's other views are called for their days afterwards.
func (b *Book) Adopt(ctx context.Context, events []Event) []Verdict {
	r := &request{ctx: ctx, items: make([]item, len(events))}
	for i, e := range events {
		r.items[i].event = e
	}
	if b.open(r); !r.settled() {
		b.writer.adopt(r)
	}
	return r.verdicts()
}

// request is one call of Append or AppendAll on its way.
type request struct {
	ctx    context.Context
	items  []item
	one    [1]item
	turn   chan struct{} // capacity 1: a verdict for all of it, or its turn to lead
	leads  bool          // guarded by the queue: woken to lead
	queued time.Time
}

// item is one event of a request.
type item struct {
	event   Event
	day     Day
	hash    uint64
	settled bool
	verdict Verdict
}

func (i *item) refuse(err error) { i.settled, i.verdict = true, Verdict{Err: err} }

// newRequest takes a request from the Book's pool, which spares an allocation for each Append.
func (b *Book) newRequest(ctx context.Context) *request {
	r, ok := b.requests.Get().(*request)
	if !ok {
		r = &request{turn: make(chan struct{}, 1)}
	}
	r.ctx = ctx
	return r
}

func (b *Book) release(r *request) {
	clear(r.items)
	*r = request{turn: r.turn}
	b.requests.Put(r)
}

// submit judges the items by the rules that need no file, and has the others committed.
func (b *Book) submit(r *request) {
	if b.open(r); !r.settled() {
		b.queue.enter(r, b.writer.lead)
	}
}

// open judges the items by the rules that need no file, and refuses all when the context has ended.
func (b *Book) open(r *request) {
	r.queued = time.Now()
	now := b.opts.Now()
	for i := range r.items {
		if err := b.prepare(&r.items[i], now); err != nil {
			r.items[i].refuse(err)
		}
	}
	if err := context.Cause(r.ctx); err != nil {
		r.refuse(err)
	}
}

func (r *request) verdicts() []Verdict {
	verdicts := make([]Verdict, len(r.items))
	for i := range r.items {
		verdicts[i] = r.items[i].verdict
	}
	return verdicts
}

func (r *request) settled() bool {
	return !slices.ContainsFunc(r.items, func(i item) bool { return !i.settled })
}

func (r *request) refuse(err error) {
	for i := range r.items {
		if !r.items[i].settled {
			r.items[i].refuse(err)
		}
	}
}

// prepare completes the event with the book's zone, finds its day and applies the rules.
func (b *Book) prepare(i *item, now time.Time) error {
	if i.event.line == nil {
		return &RuleError{"", "the zero Event is no event: make one with ParseEvent"}
	}
	i.event = i.event.In(b.zone)
	if n := len(i.event.line); n > b.opts.MaxLine {
		return &RuleError{"", fmt.Sprintf("the line has %d bytes, %d are allowed", n, b.opts.MaxLine)}
	}
	if i.event.time.After(now.Add(24 * time.Hour)) {
		return &RuleError{"timestamp", fmt.Sprintf("%s lies more than a day ahead of the clock, which shows %s",
			i.event.time.Format(time.RFC3339), now.In(i.event.time.Location()).Format(time.RFC3339))}
	}
	local := i.event.time.In(b.zone)
	if y := local.Year(); y < 0 || y > 9999 {
		return &RuleError{"timestamp", "its day in the book's zone lies outside the years 0000 to 9999"}
	}
	i.day = DayOf(local)
	if b.settings.Rules == RulesVault {
		if broken := i.event.vaultRule(); broken != nil {
			return broken
		}
	}
	return nil
}

// queue is where requests wait for their turn. The first to come leads: it commits for all that wait with it, then hands
// the lead to the first of those that have come since. So a lone writer changes no goroutine, and a crowd shares one
// write and one sync; nobody waits for a timer.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	spare   []*request // an empty one that is not in use
	led     bool       // somebody leads, or has been woken to lead
	closed  bool
	idle    sync.Cond // signalled when nobody leads any more
}

// enter returns when all items of r have a verdict. lead commits a group of requests, that of r being the first.
func (q *queue) enter(r *request, lead func([]*request)) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		r.refuse(ErrClosed)
		return
	}
	q.waiting = append(q.waiting, r)
	if q.led {
		q.mu.Unlock()
		if !q.wait(r) {
			return
		}
		q.mu.Lock()
	}
	q.led = true
	group := q.waiting
	q.waiting, q.spare = q.spare, nil
	q.mu.Unlock()
	lead(group)
	var rest []*request
	for _, other := range group[1:] {
		if other.settled() {
			other.turn <- struct{}{}
		} else {
			rest = append(rest, other)
		}
	}
	clear(group)
	q.mu.Lock()
	if len(rest) > 0 {
		q.waiting = append(rest, q.waiting...)
	}
	q.spare = group[:0]
	q.pass()
	q.mu.Unlock()
}

// wait returns true when r is to lead, false when it has its verdicts.
func (q *queue) wait(r *request) (lead bool) {
	select {
	case <-r.turn:
		return r.leads
	case <-r.ctx.Done():
	}
	q.mu.Lock()
	if i := slices.Index(q.waiting, r); i >= 0 { // not taken yet: nothing will be stored
		q.waiting = slices.Delete(q.waiting, i, i+1)
		if r.leads {
			<-r.turn
			q.pass()
		}
		q.mu.Unlock()
		r.refuse(context.Cause(r.ctx))
		return false
	}
	q.mu.Unlock()
	<-r.turn
	return r.leads
}

// pass hands the lead on, or ends it. The caller holds mu.
func (q *queue) pass() {
	if len(q.waiting) == 0 {
		q.led = false
		if q.idle.L != nil {
			q.idle.Broadcast()
		}
		return
	}
	next := q.waiting[0]
	next.leads = true
	next.turn <- struct{}{}
}

// shut refuses whoever comes from now on and returns when all who came before have their verdicts.
func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.idle.L = &q.mu
	for q.led {
		q.idle.Wait()
	}
}
