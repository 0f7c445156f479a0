// Package doctor looks at everything from which the trouble of a book's users may come.
//
// A check is a value: its place, its name, and a function that takes what is known of the book and tells what it has found. What the
// system says stands in System, so that each check can be tried on facts that no machine has at hand.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
	"daybook/learning/palettefile"
	"daybook/source/vault"
)

// State says how bad a Finding is.
type State string

const (
	OK    State = "ok"
	Note  State = "note"  // to be known; nothing is wrong
	Wrong State = "wrong" // something does not work, or may be lost
)

// Finding is what a check has found. A check that is of no use for a book finds nothing.
type Finding struct {
	Group  string `json:"group"`
	Check  string `json:"check"`
	State  State  `json:"state"`
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"` // a command or an action
}

// Options are how Examine works. The zero value is the default.
type Options struct {
	FS     durable.FS       // nil: the system's
	Now    func() time.Time // the book's clock; nil: the system's
	System *System          // nil: this one
}

// Examine looks at the book in the directory dir, which is an absolute path, and returns what it has found, in a fixed order. It
// writes nothing but one temporary file, which shows whether the book can be written and is removed at once. Whatever cannot be
// looked at is a finding; the error is daybook.ErrNoBook or ctx's.
func Examine(ctx context.Context, dir string, o Options) ([]Finding, error) {
	if o.FS == nil {
		o.FS = durable.OS()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.System == nil {
		o.System = thisSystem()
	}
	p := &patient{o: o, sys: o.System, fsys: o.FS, dir: dir}
	p.book, p.unread = daybook.OpenOn(o.FS, dir, &daybook.Options{MustExist: true, Now: o.Now})
	p.days = p.listDays()
	if errors.Is(p.unread, daybook.ErrNoBook) && len(p.days) == 0 {
		return nil, p.unread
	}
	if p.book != nil {
		defer p.book.Close() // nothing was written
	}
	p.palette, p.paletteWrong = palettefile.Load(dir)
	if filepath.Base(dir) == daybook.VaultDir {
		p.vault = filepath.Dir(dir)
		p.survey, p.unsurveyed = vault.Look(o.FS, p.vault, dir)
	}
	for _, c := range checks() {
		if err := context.Cause(ctx); err != nil {
			return p.found, err
		}
		p.group, p.check = c.group, c.name
		c.run(ctx, p)
	}
	return p.found, context.Cause(ctx)
}

// check is one thing that is looked at.
type check struct {
	group, name string
	run         func(ctx context.Context, p *patient)
}

func checks() []check {
	return []check{
		{"book", "settings", settings},
		{"book", "days", days},
		{"book", "quarantine", quarantine},
		{"book", "files", files},
		{"book", "size", size},
		{"machine", "clock", clock},
		{"machine", "zone", zone},
		{"machine", "space", space},
		{"machine", "writing", writing},
		{"machine", "owner", owner},
		{"machine", "file system", fileSystem},
		{"machine", "locks", locks},
		{"vault", "watcher", watcher},
		{"vault", "watches", watches},
		{"vault", "boards", boards},
		{"vault", "palette", palette},
		{"views", "documents", documents},
		{"views", "metadata", metadata},
		{"views", "ledger", posted},
	}
}

// patient is the book that is looked at, and what was found so far.
type patient struct {
	o            Options
	sys          *System
	fsys         durable.FS
	dir          string
	book         *daybook.Book // nil if its settings cannot be read:
	unread       error         // why
	days         []daybook.Day // by their directories, with or without a file
	palette      learning.Palette
	paletteWrong error
	vault        string // "" if the book is in none
	survey       vault.Survey
	unsurveyed   error

	group, check string
	found        []Finding
}

func (p *patient) tell(state State, remedy, format string, args ...any) {
	p.found = append(p.found, Finding{p.group, p.check, state, fmt.Sprintf(format, args...), remedy})
}

func (p *patient) ok(format string, args ...any)           { p.tell(OK, "", format, args...) }
func (p *patient) note(remedy, format string, args ...any) { p.tell(Note, remedy, format, args...) }
func (p *patient) bad(remedy, format string, args ...any)  { p.tell(Wrong, remedy, format, args...) }

// file is the path of a file of the book.
func (p *patient) file(name ...string) string {
	return filepath.Join(append([]string{p.dir}, name...)...)
}

// dayFile is the path of a day's file.
func (p *patient) dayFile(day daybook.Day) string { return p.file(day.String(), "events.json") }

// listDays returns the days that have a directory.
func (p *patient) listDays() (list []daybook.Day) {
	entries, err := p.fsys.ReadDir(p.dir)
	if err != nil {
		return nil // said by the check of the days
	}
	for _, e := range entries {
		if day, err := daybook.ParseDay(e.Name()); err == nil {
			list = append(list, day)
		}
	}
	slices.SortFunc(list, daybook.Day.Compare)
	return list
}

// lastDays returns the last days that have a directory, at most n.
func (p *patient) lastDays(n int) []daybook.Day { return p.days[max(0, len(p.days)-n):] }

// has reports whether the book's settings name a view.
func (p *patient) has(view string) bool {
	return p.book != nil && slices.Contains(p.book.Settings().Views, view)
}

// isVaults reports whether the book is a vault's, wherever it lies.
func (p *patient) isVaults() bool {
	return p.vault != "" || p.book != nil && p.book.Settings().Rules == daybook.RulesVault
}

// count puts a number before a noun: "1 line", "2 lines".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	units := []string{"kB", "MB", "GB", "TB"}
	if n < 1000 {
		return count(int(n), "byte")
	}
	f := float64(n) / 1000
	for i, unit := range units {
		if f < 999.5 || i == len(units)-1 {
			if f < 9.95 {
				return fmt.Sprintf("%.1f %s", f, unit)
			}
			return fmt.Sprintf("%.0f %s", f, unit)
		}
		f /= 1000
	}
	return ""
}

// someOf lists names, the first ones if there are many.
func someOf(names []string) string {
	text := ""
	for i, name := range names {
		if i == 3 {
			return text + fmt.Sprintf(" and %d more", len(names)-3)
		}
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}
