package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"daybook"

	"daybook/internal/printable"
	"daybook/learning"
)

// clock: it is not earlier than the newest event, and no day lies in the future.
func clock(ctx context.Context, p *patient) {
	if p.book == nil {
		return
	}
	now := p.book.Now()
	today := p.book.DayOf(now)
	var newest time.Time
	for _, day := range p.lastDays(1) {
		for e, err := range p.book.DayEvents(ctx, day, 0) {
			if err == nil && e.Event.Time().After(newest) {
				newest = e.Event.Time()
			}
		}
	}
	ahead := newest.Sub(now)
	future := slices.DeleteFunc(slices.Clone(p.days), func(d daybook.Day) bool { return d.Compare(today) <= 0 })
	const layout = "2006-01-02 15:04 -07:00"
	switch {
	case ahead > 5*time.Minute:
		text := fmt.Sprintf("the clock shows %s, and the newest event is of %s", now.Format(layout), newest.In(p.book.Zone()).Format(layout))
		if len(future) > 1 {
			text += fmt.Sprintf("; %d days lie in the future", len(future))
		}
		p.bad("set the clock, if it was set back or never set (turn on NTP); if it is right, it was wrong then, and these events stay where they are", "%s", text)
	default:
		p.ok("%s", now.Format(layout))
	}
	jumps(ctx, p)
}

// jump is the first save of a board that has an earlier day than the one that it follows.
type jump struct {
	board     string
	after, at time.Time
}

// jumps tells which boards were recorded while the clock went back.
func jumps(ctx context.Context, p *patient) {
	may := func(line []byte) bool { return bytes.Contains(line, []byte(`"after":"`)) }
	read := func(e daybook.Entry) jump {
		event := learning.ParseEvent(e.Event.Time(), e.Event.Member)
		after, ok := learning.After(event.Details)
		if !ok {
			return jump{}
		}
		return jump{strings.Clone(event.Canvas), after, event.Time}
	}
	first := map[string]jump{}
	for j, err := range daybook.ExtractIf(ctx, p.book, daybook.Query{}, may, read) {
		if was, ok := first[j.board]; err == nil && j.board != "" && (!ok || j.after.Before(was.after)) {
			first[j.board] = j
		}
	}
	if len(first) == 0 {
		return
	}
	const layout = "2006-01-02 15:04"
	var list []string
	for _, board := range slices.Sorted(maps.Keys(first)) {
		j := first[board]
		list = append(list, fmt.Sprintf("%s (%s, then %s)", printable.Line(board),
			j.after.In(p.book.Zone()).Format(layout), j.at.In(p.book.Zone()).Format(layout)))
	}
	p.note("turn on NTP; the saves stay on the days of their times, and history, review and colours follow them in their order",
		"the clock went back between two saves of %s", someOf(list))
}

// zone: the days of the book are those of the people here.
func zone(_ context.Context, p *patient) {
	if p.book == nil {
		return
	}
	name := p.book.Settings().Zone
	_, theirs := p.book.Now().Zone()
	here := p.book.Now().In(p.sys.Local)
	_, ours := here.Zone()
	if p.book.Settings().Rules == daybook.RulesVault && theirs != ours {
		p.note("nothing, while you travel; a book keeps its zone. `daybook init` in a new book takes another",
			"the book's days are those of %s, where it is %s; here it is %s", name, p.book.Now().Format("15:04"), here.Format("15:04"))
		return
	}
	p.ok("%s", name)
}

const (
	littleSpace = 1_000_000_000
	noSpace     = 100_000_000
	noInodes    = 1000
)

// space: the disk has room.
func space(_ context.Context, p *patient) {
	s, err := p.sys.Space(p.dir)
	if err != nil {
		p.note("", "how much room there is cannot be learned: %v", err)
		return
	}
	remedy := "make room on the disk that holds the book; `daybook retire` compresses past days"
	percent := func(free, all uint64) string { return fmt.Sprintf("%.0f %%", 100*float64(free)/float64(max(all, 1))) }
	free := bytesText(int64(min(s.Free, 1<<62)))
	switch {
	case s.Free < noSpace:
		p.bad(remedy, "the disk is full but for %s", free)
	case s.Free < littleSpace || s.Free < s.All/20:
		p.note(remedy, "the disk has %s left, %s", free, percent(s.Free, s.All))
	default:
		p.ok("%s free", free)
	}
	switch {
	case s.Inodes == 0: // file systems that make them as they are needed
	case s.FreeInodes < noInodes:
		p.bad("remove files that nobody needs: each takes an inode, whatever its size", "the disk has room for %s only", count(int(s.FreeInodes), "more file"))
	case s.FreeInodes < s.Inodes/20:
		p.note("remove files that nobody needs: each takes an inode, whatever its size", "the disk has room for %d more files, %s",
			s.FreeInodes, percent(s.FreeInodes, s.Inodes))
	}
}

// writing: a file can be made, written, locked and removed in the book's directory, and gets the time of this machine.
func writing(_ context.Context, p *patient) {
	name := p.file(fmt.Sprintf("doctor.%08x.daybook-tmp", rand.Uint32())) // what a crash leaves the next command sweeps
	f, made, err := p.fsys.Create(name)
	if err != nil {
		p.bad("see who owns the directory, and whether the disk is mounted read-only; who only reads needs nothing", "the book cannot be written: %v", err)
		return
	}
	defer func() {
		f.Close() // what is in it does not matter
		if made {
			if err := p.fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				p.bad("see who owns the directory", "a file that was made cannot be removed: %v", err)
			}
		}
	}()
	if _, err := f.WriteAt([]byte("\n"), 0); err != nil {
		p.bad("make room on the disk, or see what its trouble is", "a file can be made in the book, and not be written: %v", err)
		return
	}
	info, err := f.Stat()
	if err != nil {
		p.bad("see what the disk's trouble is", "a file that was made cannot be looked at: %v", err)
		return
	}
	ours, err := f.TryLock()
	if err != nil || !ours {
		p.bad("keep the book on a disk with locks, or let only one program write to it", "this file system has no locks: %v", err)
		return
	}
	other, err := p.fsys.Open(name, true)
	if err == nil {
		theirs, lerr := other.TryLock()
		other.Close() // nothing was written
		if lerr == nil && theirs {
			p.bad("keep the book on a disk with locks, or let only one program write to it", "this file system honours no locks: two programs at once may tear lines")
			return
		}
	}
	if apart := time.Unix(0, info.ModTime).Sub(p.sys.Now()); apart.Abs() > time.Minute {
		p.bad("set the clocks of both machines (turn on NTP)", "the file system's clock is %s the time of this machine", aheadOf(apart))
		return
	}
	p.ok("the book can be written and locked")
}

// aheadOf says how far a clock is from another.
func aheadOf(d time.Duration) string {
	if d < 0 {
		return (-d).Round(time.Second).String() + " behind"
	}
	return d.Round(time.Second).String() + " ahead of"
}

// owner: what is to be written belongs to somebody who may.
func owner(_ context.Context, p *patient) {
	if p.sys.Owner == nil {
		return
	}
	names := []string{"", "daybook.json", "book.lock", "book.turn", "watch.lock", "metadata.json", "ledger.db", "ledger.db.lock", "baseline"}
	for _, day := range p.lastDays(quick) {
		d := day.String()
		names = append(names, d, d+"/events.json", d+"/events.mark", "session_"+d+".json", "session_"+d+".json.lock")
	}
	home, err := p.sys.Owner(p.dir)
	if err != nil {
		return // the check of writing has told
	}
	var shut, strange []string
	for _, name := range names {
		o, err := p.sys.Owner(p.file(name))
		switch {
		case err != nil: // there is none
		case !o.Writable:
			shut = append(shut, fmt.Sprintf("%s (of %s)", nameOf(name), o.Name))
		case o.Name != home.Name && p.sys.Root:
			strange = append(strange, fmt.Sprintf("%s (of %s)", nameOf(name), o.Name))
		}
	}
	if len(shut) > 0 {
		p.bad("give them back to their owner (`chown`), or run daybook as him; an immutable file: `lsattr`, `chattr -i`", "not to be written by this user: %s", someOf(shut))
	}
	if len(strange) > 0 {
		p.bad(fmt.Sprintf("`chown -R %s %s`, and run daybook as that user", home.Name, printable.Path(p.dir)),
			"the book is of %s, who may not be able to write: %s", home.Name, someOf(strange))
	}
	if len(shut)+len(strange) == 0 {
		p.ok("%s", home.Name)
	}
}

func nameOf(name string) string {
	if name == "" {
		return "the book's directory"
	}
	return name
}

// fileSystem: it tells of changes, and its locks reach all who write.
func fileSystem(_ context.Context, p *patient) {
	name, tells := p.sys.FileSystem(p.dir)
	if tells {
		p.ok("%s", name)
	} else {
		p.note("nothing, while one machine writes; let several write to books of their own",
			"the book lies on %s: whether locks hold for other machines depends on the server", name)
	}
	silent := make([]string, 0, len(p.survey.Silent))
	for at, kind := range p.survey.Silent {
		if at == "." {
			at = "the vault"
		}
		silent = append(silent, fmt.Sprintf("%s (%s)", at, kind))
	}
	if len(silent) > 0 {
		slices.Sort(silent)
		p.note("nothing: `daybook watch` compares the boards every 5 s, too; --poll says how often",
			"the system does not tell of all changes in %s", someOf(silent))
	}
}

// state of a lock.
type held int

const (
	free held = iota
	taken
	unknown
)

// holder reports whether somebody holds the lock of a file.
func (p *patient) holder(file string) held {
	f, err := p.fsys.Open(file, false)
	if err != nil {
		return unknown
	}
	defer f.Close() // gives the lock back
	switch ok, err := f.TryLock(); {
	case err != nil:
		return unknown
	case !ok:
		return taken
	}
	return free
}

// patience is how long somebody may hold a lock before that is told.
const patience = time.Second

// locks: who holds which.
func locks(ctx context.Context, p *patient) {
	entries, err := p.fsys.ReadDir(p.dir)
	if err != nil {
		return // the check of the days has told
	}
	var busy, open []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".lock") && name != "book.turn" {
			continue
		}
		if name != "watch.lock" && p.holder(p.file(name)) == taken {
			busy = append(busy, name)
		}
		// Who can open a lock file can hold the lock. Where modes say nothing (Windows) the system knows no owners either.
		info, err := p.fsys.Stat(p.file(name))
		if mode := info.Mode.Perm(); err == nil && p.sys.Owner != nil && runtime.GOOS != "windows" /* it has no modes */ && (mode&0o060 == 0o040 || mode&0o006 == 0o004) {
			open = append(open, name)
		}
	}
	began := p.sys.Now()
	for len(busy) > 0 && p.sys.Now().Sub(began) < patience { // who writes holds one for moments
		select {
		case <-ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
		busy = slices.DeleteFunc(busy, func(name string) bool { return p.holder(p.file(name)) != taken })
	}
	for _, name := range busy {
		who := "somebody"
		if list := p.sys.Holders(p.file(name)); len(list) > 0 {
			who = strings.Join(list, ", ")
		}
		p.bad("wait for that program, or end it: locks end with their process", "%s has been held for over a second by %s", name, who)
	}
	if len(open) > 0 {
		p.note("the next append by their owner or by root takes the permission to read them away",
			"users who may not write the book can keep its writers out: they may read %s", someOf(open))
	}
	if len(busy)+len(open) == 0 {
		p.ok("nobody waits")
	}
}
