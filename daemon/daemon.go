// Package daemon wires a vault's watcher, its book and the book's views, and runs them.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"daybook"
	"daybook/learning"
	"daybook/source/vault"
	"daybook/view/ledger"
	"daybook/view/session"
)

// maxLine is the longest event that watching a vault may make, in bytes: a card's whole text before and after an edit.
const maxLine = 32 << 20

// Config says what Run runs. The zero value of a field is its default.
type Config struct {
	Vault       string                // the folder with the boards
	Book        string                // the book's directory; "" is the vault's own
	Once        bool                  // record what has changed since the last time, and end
	Debounce    time.Duration         // how long a board must have been left alone before it is read; 500 ms
	Poll        time.Duration         // how often the vault is compared instead of being told of changes; see vault.Options
	Ignore      []string              // patterns of boards to leave alone, beyond the usual ones
	Include     []string              // patterns of copies that are boards all the same; see vault.Options
	TextLengths bool                  // keep only the lengths of texts
	Logger      *slog.Logger          // nil discards
	Started     func(b *daybook.Book) // called when everything is open, before the first board is read
	Consumers   []vault.Consumer      // get each recorded event
	// Palette, if not nil, is called with the book's palette before anything is recorded, and with each later one, from one
	// goroutine at a time. One that is wrong is told to Logger: the palette then stays as it was, at first the story's.
	Palette func(learning.Palette)
}

// Views makes the views that daybook.json may name. unknown is called with each name that is none.
func Views(names []string, palette learning.Palette, unknown func(name string)) []daybook.View {
	var views []daybook.View
	for _, name := range names {
		switch name {
		case "session":
			views = append(views, session.New(session.Options{Palette: palette}))
		case "ledger":
			views = append(views, ledger.New(ledger.Options{Palette: palette}))
		default:
			unknown(name)
		}
	}
	return views
}

// ViewNames are the views that Views knows.
func ViewNames() []string { return []string{"session", "ledger"} }

// Run records a vault's boards until ctx ends, or once. It makes the book when there is none. Its end is orderly, with a
// nil error, when ctx has ended and nothing else has gone wrong. Errors are those of daybook.Open and vault.Open
// (vault.ErrWatched when somebody else watches), and what could not be recorded.
func Run(ctx context.Context, c Config) (vault.Summary, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	// A book is made in a vault only, not in the place of one.
	if info, err := os.Stat(c.Vault); err != nil {
		return vault.Summary{}, fmt.Errorf("watch: %w", err)
	} else if !info.IsDir() {
		return vault.Summary{}, fmt.Errorf("watch %s: it is a file: name the vault's folder", c.Vault)
	}
	dir := c.Book
	if dir == "" {
		dir = filepath.Join(c.Vault, daybook.VaultDir)
	}
	palettes, err := newPalettes(dir, c.Logger)
	if err != nil {
		return vault.Summary{}, err
	}
	if c.Palette != nil {
		c.Palette(palettes.palette)
	}
	var documents *session.View
	var ledgers *ledger.View
	book, err := daybook.Open(dir, &daybook.Options{
		Logger:   c.Logger,
		MaxLine:  maxLine,
		Settings: &daybook.Settings{Rules: daybook.RulesVault}, // of a book that is made, wherever it is
		ViewsFor: func(s daybook.Settings) []daybook.View {
			views := Views(s.Views, palettes.palette, func(name string) {
				c.Logger.Warn("daybook.json names a view that this program does not know", "view", name)
			})
			for _, v := range views {
				switch v := v.(type) {
				case *session.View:
					documents = v
				case *ledger.View:
					ledgers = v
				}
			}
			return views
		},
	})
	if err != nil {
		return vault.Summary{}, err
	}
	summary, err := c.record(ctx, book, &keeper{book, documents, ledgers, palettes, c.Palette, c.Logger, nil})
	return summary, errors.Join(err, book.Close())
}

// record runs the watcher on an open book.
func (c *Config) record(ctx context.Context, book *daybook.Book, k *keeper) (s vault.Summary, err error) {
	v, err := vault.Open(c.Vault, book, &vault.Options{
		Debounce: c.Debounce, Poll: c.Poll, Ignore: c.Ignore, Include: c.Include, TextLengths: c.TextLengths, Consumers: c.Consumers, Logger: c.Logger,
	})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	if c.Started != nil {
		c.Started(book)
	}
	if k.documents != nil {
		if err := book.Post(ctx, book.DayOf(book.Now())); err != nil {
			c.Logger.Warn("a view is behind; it catches up when that has passed", "error", err)
		}
	}
	keeping, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.run(keeping)
	}()
	defer func() { stop(); <-done }()
	posting, stopPosting := context.WithCancel(ctx)
	posted := make(chan struct{})
	go func() {
		defer close(posted)
		k.postLedger(posting)
	}()
	defer func() { stopPosting(); <-posted }()
	if c.Once {
		s, err = v.CatchUp(ctx)
		k.catchUp(ctx)
		k.retire(ctx)
		return s, err
	}
	retired := make(chan struct{})
	go func() {
		defer close(retired)
		k.retireDaily(keeping)
	}()
	defer func() { stop(); <-retired }()
	return v.Run(ctx)
}
