package daybook

import (
	"fmt"
	"log/slog"
	"time"
)

// Sync says when Append returns.
type Sync int

const (
	// SyncAlways: when the event is on stable storage. The default.
	SyncAlways Sync = iota
	// SyncInterval: when the system has it; it is on stable storage within a second.
	SyncInterval
	// SyncNone: when the system has it, which decides when to store it. The end of the process loses nothing, a power
	// cut may.
	SyncNone
)

// String returns always, interval or none.
func (s Sync) String() string {
	switch s {
	case SyncAlways:
		return "always"
	case SyncInterval:
		return "interval"
	case SyncNone:
		return "none"
	}
	return fmt.Sprintf("Sync(%d)", int(s))
}

// ParseSync reads what Sync.String writes.
func ParseSync(s string) (Sync, error) {
	for _, v := range []Sync{SyncAlways, SyncInterval, SyncNone} {
		if v.String() == s {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%q is none of always, interval, none", s)
}

// Options are how a book is opened. The zero value is the default.
type Options struct {
	// Sync says when Append returns; zero is SyncAlways, which a book with WriteReplace has in any case.
	Sync Sync
	// Logger gets a warning for each append over 5 ms (20 ms with views), each retry, each damaged line met and each
	// view that fails, and an error for a full disk. nil discards.
	Logger *slog.Logger
	// Views are brought up to date before Append returns. nil is none.
	Views []View
	// ViewsFor, if not nil, makes further views, once the book's settings are known: Settings.Views names those that the
	// book wants.
	ViewsFor func(Settings) []View
	// Settings are for a book that has to be made; those of daybook.json are obeyed otherwise. nil, and every zero
	// field, means the default: for a vault's book, which is one with RulesVault or in a directory called VaultDir, the
	// local zone, RulesVault and the session document, for any other UTC and neither.
	Settings *Settings
	// MustExist makes Open return ErrNoBook instead of making a book.
	MustExist bool
	// LockTimeout is how long Append, Open and whatever else takes the book's lock wait for it. Zero is 4.8 s: the second
	// of story 11.2, and the three retries that it asks for, with their pauses of 100, 200 and 500 ms. Many programs that
	// append one event each at the same moment may want longer.
	LockTimeout time.Duration
	// MaxLine is the longest line that Append takes, in bytes without the newline; zero is 1 MiB.
	MaxLine int
	// Now is the clock, for judging timestamps that lie ahead of it and for which day is today; nil is time.Now. (What has
	// no timestamp gets time.Now from ParseEvent.)
	Now func() time.Time
}

func (o *Options) withDefaults() Options {
	var v Options
	if o != nil {
		v = *o
	}
	if v.Logger == nil {
		v.Logger = slog.New(slog.DiscardHandler)
	}
	if v.LockTimeout == 0 {
		v.LockTimeout = lockTimeout()
	}
	if v.MaxLine == 0 {
		v.MaxLine = defaultMaxLine
	}
	if v.Now == nil {
		v.Now = time.Now
	}
	return v
}
