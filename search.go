package daybook

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"daybook/internal/dayfile"
	"daybook/internal/jsonline"
	"daybook/internal/packed"
)

// Condition is what a member of an event must be, for Search.
type Condition struct {
	// Member is the path of the member: names from the outside in, joined by dots, as in metadata.run. A name that has
	// dots itself is found, too. An array stands for each of its elements. No part of the path is empty.
	Member string
	// Value is the text of a string, whatever escapes spell it, or a number, true, false or null as it is spelled.
	Value string
}

// ParseCondition reads a condition as Condition.String writes it: MEMBER=VALUE. The member ends at the first =.
func ParseCondition(s string) (Condition, error) {
	member, value, ok := strings.Cut(s, "=")
	if !ok {
		return Condition{}, errors.New("there is no '='")
	}
	c := Condition{member, value}
	return c, c.check()
}

// String returns the condition as in metadata.run=special.
func (c Condition) String() string { return c.Member + "=" + c.Value }

func (c Condition) check() error {
	if c.Member == "" {
		return errors.New("no member stands before '='")
	}
	if slices.Contains(strings.Split(c.Member, "."), "") {
		return errors.New("a part of the member's path is empty")
	}
	return nil
}

// Holds reports whether the condition holds of an event, as Search means it.
func (c Condition) Holds(e Entry) bool {
	return dayfile.NewFilter([]dayfile.Want{{Path: c.Member, Value: c.Value}}).Matches(e.Raw)
}

// Search yields the events of the days that q names of which all conditions hold, in the order of Events, with their
// places. It takes no lock; of what is appended meanwhile it yields the first part. What it yields is read and checked as
// DayEvents does it; of other lines it checks only the form (docs/format.md, What a search checks), but of each: a
// damaged line, whether or not it might have matched, yields a *DamageError, and the search goes on; so it does behind a
// day that cannot be read, of which it yields an *UnreadableError. Any other error
// is the last thing it yields. Without conditions it yields what DayEvents does.
//
// Days, and pieces of a day, are searched by as many goroutines as there are processors (at most 16). They end before the
// iteration does. They are a little ahead of it: breaking off wastes some blocks of work. Memory is a megabyte or two for each,
// and the longest line. An Entry stays valid.
func (b *Book) Search(ctx context.Context, q Query, where ...Condition) iter.Seq2[Entry, error] {
	return Extract(ctx, b, q, Entry.Clone, where...)
}

// Extract is Search for who needs only a part of each event: it yields, in the same order, what read returns for each. read
// is called by the goroutines that search, by several at once; the Entry that it is given, and all that shares memory with
// it, is valid until it returns. With a damaged line it is not called: the zero T is yielded, and the *DamageError.
func Extract[T any](
	ctx context.Context, b *Book, q Query, read func(Entry) T, where ...Condition,
) iter.Seq2[T, error] {
	return ExtractIf(ctx, b, q, nil, read, where...)
}

// ExtractIf is Extract for who can tell by a glance at a line, as it stands in the file, that it is of no interest: what may
// says no to is passed over, and checked as Search checks what it does not find. may gets every line, also one that is
// damaged, and is called by several goroutines at once. nil says yes.
func ExtractIf[T any](
	ctx context.Context, b *Book, q Query, may func(line []byte) bool, read func(Entry) T, where ...Condition,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		filter, err := newFilter(where)
		if err != nil {
			yield(zero, err)
			return
		}
		filter.If(may)
		days, err := b.Days()
		if err != nil {
			yield(zero, err)
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		s := newSearch(b, filter, read)
		s.all = len(where) == 0
		defer s.workers.Wait()
		defer cancel(errStop)
		s.start(ctx, slices.DeleteFunc(days, func(d Day) bool { return !q.holds(d) }))
		var run *DamageError // which the next block may go on with
		var damaged Day      // the last one that had a damaged line
		for block := range s.order {
			found := <-block.found
			for _, r := range found {
				damage := asDamage(r.err)
				if run.join(damage) {
					continue
				}
				if damage != nil {
					if damage.Lines == 0 && damage.Position.Day == damaged {
						continue
					}
					damaged = damage.Position.Day
				}
				if run != nil && !yield(zero, run) {
					return
				}
				if run = damage; run == nil && (!yield(r.value, r.err) || r.err != nil && !isUnreadable(r.err)) {
					return
				}
			}
		}
		if run != nil && !yield(zero, run) {
			return
		}
		if err := context.Cause(ctx); err != nil { // the order may have ended early
			yield(zero, err)
		}
	}
}

func newFilter(where []Condition) (*dayfile.Filter, error) {
	wants := make([]dayfile.Want, len(where))
	for i, c := range where {
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("search for %q: %w", c, err)
		}
		wants[i] = dayfile.Want{Path: c.Member, Value: c.Value}
	}
	return dayfile.NewFilter(wants), nil
}

// search is the goroutines of a Search. One cuts the days into blocks and sends each to order, for who hands out what is
// found, and to work, for who searches. order has a bounded room: so far can the search be ahead.
type search[T any] struct {
	book    *Book
	filter  *dayfile.Filter
	read    func(Entry) T
	order   chan *block[T]
	work    chan *block[T]
	workers sync.WaitGroup
	n       int  // of those who search
	all     bool // days are read to their ends without conditions
}

// block is a piece of what a day holds.
type block[T any] struct {
	day      Day
	content  *shared
	from, to int64
	proof    bool             // the block is no piece of the day, but compares the whole day with its mark
	found    chan []result[T] // gets one list; it has room for it
}

type result[T any] struct {
	value T
	err   error
}

// shared is an open day, which whoever gives it back last closes.
type shared struct {
	*content
	users atomic.Int64
}

func (s *shared) giveBack() {
	if s.users.Add(-1) == 0 {
		s.Close() // nothing was written
	}
}

func newSearch[T any](b *Book, filter *dayfile.Filter, read func(Entry) T) *search[T] {
	n := min(runtime.GOMAXPROCS(0), 16)
	return &search[T]{
		book: b, filter: filter, read: read, n: n,
		order: make(chan *block[T], 2*n), work: make(chan *block[T], 2*n),
	}
}

func (s *search[T]) start(ctx context.Context, days []Day) {
	s.workers.Go(func() { s.divide(ctx, days) })
	for range s.n {
		s.workers.Go(func() {
			w := searcher[T]{search: s, filter: s.filter.Clone()}
			for block := range s.work {
				block.found <- w.find(ctx, block)
				block.content.giveBack()
			}
		})
	}
}

// divide cuts the days into blocks until ctx ends.
func (s *search[T]) divide(ctx context.Context, days []Day) {
	defer close(s.order)
	defer close(s.work)
	for _, day := range days {
		c, err := s.book.openDay(day)
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			if c != nil {
				c.Close() // nothing was written
			}
			err = s.book.unreadable(day, err)
			if !s.tell(ctx, err) || !isUnreadable(err) {
				return
			}
			continue
		}
		if c == nil {
			if harm := s.book.missing(day); harm != nil && !s.tell(ctx, harm) {
				return
			}
			continue
		}
		shared := &shared{content: c}
		shared.users.Store(1)
		n := int64(dayfile.Block)
		if c.packed != nil {
			n = packed.FrameSize // each is unpacked by one
		}
		for at := int64(0); at < c.size && s.hand(ctx, &block[T]{day: day, content: shared, from: at, to: at + n}); at += n {
		}
		if s.all {
			s.hand(ctx, &block[T]{day: day, content: shared, proof: true})
		}
		shared.giveBack()
	}
}

// tell yields an error in its place among the blocks, and reports false when ctx has ended.
func (s *search[T]) tell(ctx context.Context, err error) bool {
	failed := &block[T]{found: make(chan []result[T], 1)}
	failed.found <- []result[T]{{err: err}}
	select {
	case s.order <- failed:
		return true
	case <-ctx.Done():
		return false
	}
}

// hand sends one block on its way, and reports false when ctx has ended.
func (s *search[T]) hand(ctx context.Context, next *block[T]) bool {
	next.found = make(chan []result[T], 1)
	select {
	case s.order <- next:
	case <-ctx.Done():
		return false
	}
	next.content.users.Add(1)
	s.work <- next // who searches takes it, also when ctx has ended
	return true
}

// searcher is one of the goroutines that search.
type searcher[T any] struct {
	*search[T]
	filter *dayfile.Filter
	parser jsonline.Parser
	usual  int // how many lines were found in a block
}

// find returns what is found in a block, and what is wrong there.
func (s *searcher[T]) find(ctx context.Context, k *block[T]) []result[T] {
	err := context.Cause(ctx)
	if k.proof && err == nil {
		var harm *DamageError
		if harm, err = s.book.changed(k.day, k.content.content); harm != nil {
			return []result[T]{{err: harm}}
		}
		if err != nil {
			err = s.book.unreadable(k.day, err)
			return []result[T]{{err: err}}
		}
		return nil
	}
	found := make([]result[T], 0, s.usual)
	if err == nil {
		c := k.content
		err = s.filter.Search(c, k.from, k.to, c.size, func(l dayfile.Line) error {
			var value T
			entry, err := s.book.entry(&s.parser, c.content, k.day, l)
			if err == nil {
				value = s.read(entry)
			}
			found = append(found, result[T]{value, err})
			return nil
		})
	}
	if err != nil {
		found = append(found, result[T]{err: s.book.unreadable(k.day, err)})
	}
	s.usual = len(found)
	return found
}
