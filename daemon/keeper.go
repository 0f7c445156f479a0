package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"daybook"
	"daybook/learning"
	"daybook/learning/palettefile"
	"daybook/view/ledger"
	"daybook/view/session"
)

// keeper keeps what lies beside the events of a book that is open for long.
type keeper struct {
	book      *daybook.Book
	documents *session.View // nil if the book has none
	ledger    *ledger.View  // the same
	palettes  *palettes
	follow    func(learning.Palette) // told of another palette; may be nil
	log       *slog.Logger
	told      map[daybook.Day]string // what was said of days that could not be retired; the zero Day stands for all
}

// run makes the document of today, and of each day when it begins, until ctx ends, and has the documents that other
// programs have changed, deleted or spoilt looked at within a second; when the palette changes, all. It looks at the
// clock again and again: clocks are set, and machines sleep.
func (k *keeper) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := ""
	for {
		if k.palettes.next() {
			if k.follow != nil {
				k.follow(k.palettes.palette)
			}
			if k.documents != nil {
				k.documents.SetPalette(k.palettes.palette)
			}
			if k.ledger != nil {
				k.ledger.SetPalette(k.palettes.palette)
			}
		}
		said := ""
		err := k.post(ctx)
		if err != nil {
			said = err.Error()
		}
		if ctx.Err() == nil && said != "" && said != last { // each trouble once
			k.log.Warn("a view is behind; it catches up when that has passed", "error", err)
		}
		last = said
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// post brings the documents up to date that need it, today's first.
func (k *keeper) post(ctx context.Context) error {
	if k.documents == nil {
		return nil
	}
	today := k.book.DayOf(k.book.Now())
	err := k.book.Post(ctx, today)
	for _, day := range k.documents.Changed() {
		if day != today && ctx.Err() == nil {
			err = errors.Join(err, k.book.Post(ctx, day))
		}
	}
	return err
}

// postLedger posts to the ledger until ctx ends, and what was appended until then, too.
func (k *keeper) postLedger(ctx context.Context) {
	if k.ledger == nil {
		return
	}
	said := ""
	k.ledger.Run(ctx, func(done ledger.Summary) {
		text := ""
		if err := k.noteSynced(done); err != nil {
			text = err.Error()
			if text != said {
				k.log.Warn("metadata.json does not say what is posted to the ledger", "error", err)
			}
		}
		said = text
	})
}

// catchUp posts to the ledger all that there is to post.
func (k *keeper) catchUp(ctx context.Context) {
	if k.ledger == nil {
		return
	}
	done, err := k.ledger.CatchUp(ctx)
	if err == nil {
		err = k.noteSynced(done)
	}
	if err != nil && ctx.Err() == nil {
		k.log.Warn("the ledger is behind; it catches up when that has passed", "error", err)
	}
}

// noteSynced has metadata.json say what is posted, if that has changed.
func (k *keeper) noteSynced(done ledger.Summary) error {
	if k.documents == nil {
		return nil
	}
	if done.Nothing() {
		days, err := session.ToSync(k.book)
		if err != nil || !slices.ContainsFunc(days, k.ledger.Posted) {
			return err
		}
	}
	return session.Synced(context.Background(), k.book, k.book.Now(), k.ledger.Posted)
}

// lookForDay is how often retireDaily looks whether another day has begun: clocks are set, and machines sleep.
// retryRetiring is after how long it tries again what it could not do.
const (
	lookForDay    = time.Minute
	retryRetiring = time.Hour
)

// retireDaily retires the days that the book's settings say, now and whenever a day has begun, until ctx ends.
func (k *keeper) retireDaily(ctx context.Context) {
	if k.book.Settings().Retire == nil {
		return
	}
	tick := time.NewTicker(lookForDay)
	defer tick.Stop()
	var done daybook.Day
	tried := time.Time{}
	for {
		today := k.book.DayOf(k.book.Now())
		if today != done && (k.told == nil || time.Since(tried) >= retryRetiring) {
			if k.retire(ctx) {
				done = today
			}
			tried = time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// retire retires the days that the book's settings say, if they do. It reports whether there is nothing left to do;
// what it could not do is logged, each trouble once.
func (k *keeper) retire(ctx context.Context) bool {
	policy := k.book.Settings().Retire
	if policy == nil {
		return true
	}
	left := make(map[daybook.Day]error)
	err := k.retireDue(ctx, *policy, left)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		left[daybook.Day{}] = err
	}
	told := k.told
	if k.told = nil; len(left) > 0 {
		k.told = make(map[daybook.Day]string)
	}
	for _, day := range slices.SortedFunc(maps.Keys(left), daybook.Day.Compare) {
		k.told[day] = left[day].Error()
		switch {
		case told[day] == k.told[day]:
		case day.IsZero():
			k.log.Warn("days are not retired, which is tried again each hour", "error", left[day])
		default:
			k.log.Warn("a day is not retired, which is tried again each hour; `daybook retire` says what can be done",
				"day", day, "error", left[day])
		}
	}
	return len(left) == 0
}

// retireDue retires the days whose turn it is. Those that stay as they are get into left, and why.
func (k *keeper) retireDue(ctx context.Context, policy daybook.Retention, left map[daybook.Day]error) (err error) {
	r := Retirement{Book: k.book, Ledger: k.ledger, Documents: k.documents, Keep: policy.Keep}
	due, err := r.Due(policy)
	if err != nil || len(due) == 0 {
		return err
	}
	if r.Ledger == nil {
		palette, err := palettefile.Load(k.book.Dir())
		if err != nil {
			return err
		}
		r.Ledger = ledger.New(ledger.Options{Palette: palette})
		defer func() { err = errors.Join(err, r.Ledger.Close()) }()
		if err := r.Ledger.Open(ctx, k.book); err != nil {
			return err
		}
	}
	for d, err := range r.Run(ctx, due) {
		switch {
		case err != nil:
			return err
		case len(d.Findings) > 0:
			left[d.Day] = fmt.Errorf("%w: %v", d.Err, d.Findings[0])
		case d.Err != nil:
			left[d.Day] = d.Err
		default:
			k.log.Debug("a day is retired", "day", d.Day, "status", d.Status)
		}
	}
	return nil
}
