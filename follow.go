package daybook

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Followed is an event that Follow yields.
type Followed struct {
	Entry
	Token Token // what goes on behind this event
}

// FollowOptions are how a book is followed. The zero value is the default.
type FollowOptions struct {
	// Poll is how often the days are looked at to which events come; zero is 100 ms.
	Poll time.Duration
	// Settle is for how long a day may stand beyond its commit mark before Follow has it synced (Book.Settle), which takes
	// the book's lock for as long as a sync takes: writers that do not sync, a crash, or another program have left it
	// so. Zero is 2 s. If it is negative, Follow takes no lock and changes nothing; such events come when
	// somebody else has them synced.
	Settle time.Duration
	// Once ends the iteration when everything has been yielded that is there. Days that stand beyond their marks are
	// synced at once, unless Settle is negative.
	Once bool
}

var (
	// ErrRetired is in the DayError of a day that is no longer in the book.
	ErrRetired = errors.New("it is gone from the book: retired, or removed by somebody")
	// ErrRewritten is in the DayError of a day of which other bytes have been read than it has now.
	ErrRewritten = errors.New("it is no longer what was read of it: repaired, cut back, or replaced by somebody")
	// ErrOtherBook is what Follow yields with a Token of which nothing fits the book.
	ErrOtherBook = errors.New("the token is of another book")
)

// DayError tells of a day that cannot be followed from where it was read to. Err is ErrRetired or ErrRewritten.
type DayError struct {
	Day  Day
	Err  error
	More bool // another DayError follows at once
}

func (e *DayError) Error() string { return fmt.Sprintf("%s: %s", e.Day, e.Err) }

// Unwrap returns Err.
func (e *DayError) Unwrap() error { return e.Err }

// Follow yields the events of the book that from does not have behind it, and then each event as it becomes durable, in
// whichever process it is appended and to whichever day; each once, the events of a day in their order. It never yields what
// a power cut could take back (docs/durability.md, promise 14). The Token of each goes on behind it, also after this
// process has ended. opts may be nil.
//
// Events of days to which others have come within a minute are yielded within 0.2 s, others within 2 s or so. It takes no
// lock (but see FollowOptions.Settle) and keeps no file open while the loop's body runs. Any number of goroutines and
// processes may follow.
//
// It ends when ctx ends, without an error: that is how it is ended. A damaged line yields a *DamageError, and the next
// events follow. A *DayError comes with the Token that it goes on with: without a day that is gone, and from the beginning of
// one that was rewritten, whose events are then yielded again. Who must not miss an event nor have one twice breaks off
// there. Any other error is the last thing that it yields.
func (b *Book) Follow(ctx context.Context, from Token, opts *FollowOptions) iter.Seq2[Followed, error] {
	var o FollowOptions
	if opts != nil {
		o = *opts
	}
	if o.Poll <= 0 {
		o.Poll = followPoll
	}
	if o.Settle == 0 {
		o.Settle = followSettle
	}
	return func(yield func(Followed, error) bool) {
		f := &follower{b: b, opts: o, first: from.first, yield: yield}
		err := f.run(ctx, from)
		if err != nil && !errors.Is(err, errStop) && ctx.Err() == nil {
			yield(Followed{Token: f.token()}, err)
		}
	}
}

// End returns the Token that everything is behind that stands in the book now: what comes after it follows. Days that
// stand beyond their commit marks are synced, as by Settle, if that can be done.
func (b *Book) End(ctx context.Context) (Token, error) {
	days, err := b.Days()
	if err != nil {
		return Token{}, err
	}
	var t Token
	for _, day := range days {
		x, all, err := b.durable(day)
		if err == nil && !all {
			x, err = b.endOf(ctx, day, x)
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return Token{}, err
		}
		if x.Size > 0 {
			t.days = append(t.days, cursor{day, x.Size, x.Sum})
		}
	}
	return t, nil
}

// endOf returns the end of a day that stands beyond its mark, which says x.
func (b *Book) endOf(ctx context.Context, day Day, x Extent) (Extent, error) {
	settled, err := b.Settle(ctx, day)
	if err == nil && settled.Size > 0 {
		return settled, nil
	}
	if x.Size > 0 { // what lies beyond follows when it is durable
		return x, nil
	}
	x.Size, err = b.DaySize(day)
	if err == nil {
		x.Sum, err = b.Sum(day, 0, 0, x.Size)
	}
	return x, err
}
