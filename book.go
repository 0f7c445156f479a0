package daybook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
	"daybook/internal/packed"
)

const (
	lockName = "book.lock"
	turnName = "book.turn"
)

// Book is a directory of day files, open for appending and reading. Its methods may be called from any number of
// goroutines; any number of Books, in one process and in many, may be open on one directory.
//
// A Book has no goroutine of its own while nothing is appended: of the goroutines that wait in Append, the first writes
// for all of them.
type Book struct {
	dir      string
	fsys     durable.FS
	opts     Options
	settings Settings
	zone     *time.Location

	queue    queue
	writer   writer
	recent   atomic.Pointer[recent] // while views are being called; else nil
	requests sync.Pool              // of *request
	codec    packed.Codec
	packs    packs

	close sync.Once
	ended error
}

// Open opens the book in the directory dir, and makes it if there is none, unless opts.MustExist is set. opts may be nil.
// The views in opts are brought up to date before it returns; one that fails is reported to the logger only.
// Errors: ErrNoBook, ErrLocked, a *SettingsError, or the file system's.
func Open(dir string, opts *Options) (*Book, error) { return OpenOn(durable.OS(), dir, opts) }

// OpenOn is Open on a file system that is not the system's own. It is for Daybook's own tests: outside of this module
// there is no such thing.
func OpenOn(fsys durable.FS, dir string, opts *Options) (*Book, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the book in %s: %w", dir, err)
	}
	b := &Book{dir: dir, fsys: fsys, opts: opts.withDefaults()}
	lock := durable.NewLock(fsys, filepath.Join(dir, lockName), filepath.Join(dir, turnName))
	b.writer = writer{b: b, lock: lock, days: make(map[Day]*dayWriter), room: maxOpenDays}
	b.settings, err = b.loadSettings()
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if b.zone, err = loadZone(b.settings.Zone); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if !b.opts.MustExist { // who only reads changes nothing
		_, err := durable.Sweep(fsys, dir)
		b.warnIf(err, "remove temporary files of a crash")
	}
	if b.opts.ViewsFor != nil {
		b.opts.Views = append(slices.Clip(b.opts.Views), b.opts.ViewsFor(b.settings)...)
	}
	b.writer.openViews()
	return b, nil
}

// Close makes what is still unsynced durable, closes the views and returns when nothing of the Book runs any more. A
// second Close waits for the first and returns the same.
func (b *Book) Close() error {
	b.close.Do(func() {
		b.queue.shut()
		b.ended = b.writer.close()
		for _, v := range b.opts.Views {
			if err := v.Close(); err != nil {
				b.ended = errors.Join(b.ended, fmt.Errorf("close view %s: %w", v.Name(), err))
			}
		}
	})
	return b.ended
}

// Post brings the views of a day up to the book's end, as an Append to that day does, and returns what went wrong with
// them. It is for who keeps views while nothing is appended: other processes append, and other programs change documents.
func (b *Book) Post(ctx context.Context, day Day) error {
	b.writer.mu.Lock()
	defer b.writer.mu.Unlock()
	if b.writer.closed {
		return ErrClosed
	}
	return b.writer.post(ctx, day)
}

// FS is the file system that the book is on, which its views and sources use, too.
func (b *Book) FS() durable.FS { return b.fsys }

// Settings returns what daybook.json says.
func (b *Book) Settings() Settings { return b.settings }

// Zone returns the zone whose calendar days the book has.
func (b *Book) Zone() *time.Location { return b.zone }

// Dir returns the book's directory, an absolute path.
func (b *Book) Dir() string { return b.dir }

// Now returns the time of the book's clock, in its zone.
func (b *Book) Now() time.Time { return b.opts.Now().In(b.zone) }

// DayOf returns the day of the book that the instant t belongs to.
func (b *Book) DayOf(t time.Time) Day { return DayOf(t.In(b.zone)) }

// ruleChange is by how much newer rules of a zone may change what its clocks show at an instant: daylight saving time that
// is kept or abolished, another standard time.
const ruleChange = 3 * time.Hour

// possibleDays returns the days in which an event of the instant t may have been stored: that of DayOf, and a neighbour
// which begins or ends close to t, since the rules of the book's zone may have been others then, with an older time zone
// database or on another machine. The rules of UTC never change.
func (b *Book) possibleDays(t time.Time) []Day {
	days := []Day{b.DayOf(t)}
	for _, shift := range []time.Duration{-ruleChange, ruleChange} {
		if day := b.DayOf(t.Add(shift)); day != days[0] && b.zone != time.UTC {
			days = append(days, day)
		}
	}
	return days
}

// Logger returns Options.Logger, never nil.
func (b *Book) Logger() *slog.Logger { return b.opts.Logger }

// MaxLine returns Options.MaxLine: the longest line that Append takes, in bytes without the newline.
func (b *Book) MaxLine() int { return b.opts.MaxLine }

// Days returns the days that have a day file, plain or packed, or whose file is missing, in their order.
func (b *Book) Days() ([]Day, error) {
	entries, err := b.fsys.ReadDir(b.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the days: %w", err)
	}
	var days []Day
	for _, e := range entries {
		day, err := ParseDay(e.Name())
		if err != nil {
			continue
		}
		if b.exists(day) {
			days = append(days, day)
		}
	}
	return days, nil
}

// keepSettings writes daybook.json again if somebody has removed it. The caller holds the book's lock.
func (b *Book) keepSettings() error {
	name := filepath.Join(b.dir, SettingsName)
	if _, err := b.fsys.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data, err := b.settings.encode()
	if err != nil {
		return err
	}
	b.opts.Logger.Warn("the settings had been removed and are written again", "file", name)
	return durable.Replace(b.fsys, name, data)
}

// strayLink returns the symbolic link that stands for one of the day's files, or for its directory, if that is what keeps the
// day from being read: it leads nowhere. "" is none. The caller has found that the file is missing.
func (b *Book) strayLink(day Day) string {
	for _, name := range []string{b.dayDir(day), b.dayPath(day), b.packedPath(day)} {
		if b.fsys.Resolve(name) == name {
			continue
		}
		if _, err := b.fsys.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
	return ""
}

func (b *Book) dayDir(day Day) string  { return filepath.Join(b.dir, day.String()) }
func (b *Book) dayPath(day Day) string { return filepath.Join(b.dayDir(day), dayfile.DataName) }

func (b *Book) warnIf(err error, what string) {
	if err != nil {
		b.opts.Logger.Warn(what, "error", err)
	}
}

// Snapshot stores data, a board, durably among the snapshots of the day and returns its name there: boards/ and its
// SHA-256. Stored already, it is left alone. Any number of goroutines and processes may call it at once.
func (b *Book) Snapshot(day Day, data []byte) (name string, err error) {
	return dayfile.Snapshot(b.fsys, b.dayDir(day), b.dir, data)
}

// ReadSnapshot returns the bytes of the snapshot of the day that Snapshot has called name: an event canvas_created has it
// in details.snapshot, and is in that day. One that is missing, or whose bytes are not those that its name stands for, is
// an error that names the file. Any number of goroutines may call it at once.
func (b *Book) ReadSnapshot(day Day, name string) ([]byte, error) {
	return dayfile.ReadSnapshot(b.fsys, b.dayDir(day), name)
}
