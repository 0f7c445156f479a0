package daemon

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"daybook"
	"daybook/learning"
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
}

// run makes the document of today, and of each day when it begins, until ctx ends, and has the documents that other programs
// have changed, deleted or spoilt looked at within a second; when the palette changes, all. It looks at the clock again and
// again: clocks are set, and machines sleep.
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
