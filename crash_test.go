package daybook_test

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/internal/crashtest"
	"daybook/internal/faultfs"
)

// The tests of this file crash the operations of a book on a simulated disk after every call that they make. What a
// crash leaves is read by package crashtest; docs/durability.md says which promises that holds.

const crashRoot = "/book"

// crashDays are the days of the tests, long past.
var crashDays = [...]string{"1999-11-07", "1999-11-08", "1999-11-09"}

// crashLine is a line of about so many bytes, as it is stored.
func crashLine(day, id string, size int) string {
	line := fmt.Sprintf(`{"event_id":%q,"timestamp":"%sT12:00:00Z","pad":""}`, id, day)
	return strings.TrimSuffix(line, `"}`) + strings.Repeat("x", max(0, size-len(line))) + `"}`
}

// crashed is a book on the disk of a world.
type crashed struct {
	*daybook.Book
	w    *crashtest.World
	sync daybook.Sync
}

func crashOpen(w *crashtest.World, opts *daybook.Options) (crashed, error) {
	b, err := daybook.OpenOn(w.FS(), crashRoot, opts)
	if err != nil {
		return crashed{}, err
	}
	return crashed{b, w, opts.Sync}, nil
}

// mustCrashOpen is crashOpen where nothing fails.
func mustCrashOpen(w *crashtest.World, opts *daybook.Options) crashed {
	b, err := crashOpen(w, opts)
	if err != nil {
		panic(err)
	}
	return b
}

// add appends lines, all of them at once, and takes note of what is said of them.
func (b crashed) add(lines ...string) error {
	events := make([]daybook.Event, len(lines))
	for i, line := range lines {
		e, err := daybook.ParseEvent([]byte(line))
		if err != nil {
			panic(err)
		}
		events[i] = e
		b.w.Give(b.DayOf(e.Time()).String(), line)
	}
	var errs []error
	for i, v := range b.AppendAll(context.Background(), events) {
		if errs = append(errs, v.Err); v.Err == nil {
			durable := b.sync == daybook.SyncAlways || b.Settings().Write == daybook.WriteReplace
			b.w.Ack(v.Position.Day.String(), lines[i], durable)
			if durable { // an event is nothing without its book
				b.w.AckFile(crashRoot+"/daybook.json", b.w.Disk.Files()[crashRoot+"/daybook.json"].Data)
			}
		}
	}
	return errors.Join(errs...)
}

// shut closes the book. What SyncInterval owes is stored then.
func (b crashed) shut() error {
	err := b.Close()
	if err == nil && b.sync == daybook.SyncInterval {
		b.w.Stable()
	}
	return err
}

// recoverBook is the next process: it opens the book, appends once more whatever was not acknowledged, and something of
// its own to every day.
func recoverBook(w *crashtest.World) error {
	opts := &daybook.Options{Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesNone}} // they may be removed
	if w.Rand.IntN(3) == 0 {
		opts.Sync = daybook.SyncNone
	}
	b, err := crashOpen(w, opts)
	if err != nil {
		return err
	}
	if err := crashtest.CheckOpened(w.Disk.Files(), crashRoot); err != nil {
		return err
	}
	_, lines := w.Unsettled()
	if w.Rand.IntN(2) == 0 {
		lines = append(lines, crashLine(crashDays[1], fmt.Sprintf("first-%d", w.Generation), 200))
	}
	if err := b.add(lines...); err != nil {
		return err
	}
	for _, day := range w.Days() {
		if err := b.add(crashLine(day, fmt.Sprintf("new-%d", w.Generation), 100+w.Rand.IntN(900))); err != nil {
			return err
		}
	}
	return errors.Join(b.shut(), crashtest.CheckEnds(w.Disk.Files(), func(int) bool { return false }))
}

// crashBook makes a book with two events on one day.
func crashBook(w *crashtest.World, settings *daybook.Settings) {
	b := mustCrashOpen(w, &daybook.Options{Settings: settings})
	crashMust(b.add(crashLine(crashDays[1], "old-1", 100+w.Rand.IntN(600))), b.add(crashLine(crashDays[1], "old-2", 300)), b.shut())
}

func crashMust(errs ...error) {
	if err := errors.Join(errs...); err != nil {
		panic(err)
	}
}

// crashTail makes a book whose day ends with bytes that somebody has left there, as a crash does or another program.
func crashTail(tail string) func(*crashtest.World) {
	return func(w *crashtest.World) {
		crashBook(w, nil)
		name := path.Join(crashRoot, crashDays[1], "events.json")
		f, err := w.FS().Open(name, true)
		crashMust(err)
		_, err = f.WriteAt([]byte(tail), int64(len(w.Disk.Files()[name].Data)))
		crashMust(err, f.Sync(), f.Close())
		for line := range strings.Lines(tail) {
			if text, whole := strings.CutSuffix(line, "\n"); strings.HasPrefix(line, "{") && strings.HasSuffix(text, "}") {
				w.Give(crashDays[1], text)
				if whole {
					w.Ack(crashDays[1], text, true)
					continue
				}
			}
			w.Keep(crashDays[1], strings.TrimSuffix(line, "\n"))
			w.Tear()
		}
	}
}

// appends is an operation that opens the book and appends lines of these sizes to these days, one by one.
func appends(opts daybook.Options, sizes ...int) func(*crashtest.World) {
	return func(w *crashtest.World) {
		b, err := crashOpen(w, &opts)
		if err != nil {
			return
		}
		for i, size := range sizes {
			_ = b.add(crashLine(crashDays[1+i/4%2], fmt.Sprintf("run-%d", i), size)) // what is not acknowledged may be there
		}
		_ = b.shut()
	}
}

// crashOperations are the operations of a book. Add one here, and it is crashed after every call.
func crashOperations() []crashtest.Scenario {
	plain := func(w *crashtest.World) { crashBook(w, nil) }
	replaces := func(w *crashtest.World) { crashBook(w, &daybook.Settings{Write: daybook.WriteReplace}) }
	return []crashtest.Scenario{
		{Name: "make a book", Prepare: func(*crashtest.World) {}, Run: appends(daybook.Options{}), Faults: true},
		{Name: "first append", Prepare: func(*crashtest.World) {}, Run: appends(daybook.Options{}, 200, 300), Faults: true},
		{Name: "append", Prepare: plain, Run: appends(daybook.Options{}, 300, 700, 150, 420), Faults: true},
		{Name: "append lines of pages", Prepare: plain, Run: appends(daybook.Options{}, 9000, 100, 5000), Faults: true},
		{Name: "append to two days", Prepare: plain, Run: appends(daybook.Options{}, 300, 300, 300, 300, 300, 300), Faults: true},
		{Name: "batch over days", Prepare: plain, Run: batchOverDays, Faults: true},
		{Name: "no sync", Prepare: plain, Run: appends(daybook.Options{Sync: daybook.SyncNone}, 300, 6000, 150, 200), Faults: true},
		{Name: "sync now and then", Prepare: plain, Run: syncNowAndThen, Faults: true},
		{Name: "replace", Prepare: replaces, Run: appends(daybook.Options{}, 300, 5000, 200), Faults: true},
		{
			Name: "replace, a new day", Faults: true, Run: appends(daybook.Options{Sync: daybook.SyncNone}, 300, 200, 100, 100, 400),
			Prepare: func(w *crashtest.World) {
				crashMust(mustCrashOpen(w, &daybook.Options{Settings: &daybook.Settings{Write: daybook.WriteReplace}}).shut())
			},
		},
		{Name: "a torn tail", Prepare: crashTail(`{"event_id":"torn","timestamp":"1999-1`), Run: appends(daybook.Options{}, 300)},
		{Name: "a long torn tail", Prepare: crashTail(`{"event_id":"` + strings.Repeat("t", 5000)), Run: appends(daybook.Options{}, 300)},
		{Name: "a tail of NULs", Prepare: crashTail(strings.Repeat("\x00", 700)), Run: appends(daybook.Options{}, 300)},
		{
			Name:    "a tail without its newline",
			Prepare: crashTail(crashLine(crashDays[1], "complete", 300)), Run: appends(daybook.Options{}, 300),
		},
		{
			Name:    "damage in the midst",
			Prepare: crashTail("glued}{" + strings.Repeat("x", 600) + "\n" + crashLine(crashDays[1], "behind", 300) + "\n\x00\x00"),
			Run:     appends(daybook.Options{}, 300),
		},
		{
			Name: "a torn tail, replaced", Run: appends(daybook.Options{}, 300, 200),
			Prepare: func(w *crashtest.World) {
				crashTail(`{"event_id":"torn"`)(w)
				writeWhole(w, crashRoot+"/daybook.json", `{"format":1,"zone":"UTC","rules":"none","views":[],"write":"replace"}`)
			},
		},
		{
			Name: "repair", Run: repairAndSeal, Recover: recoverAndRepair, Mends: true, Faults: true,
			Prepare: crashTail("glued}{" + strings.Repeat("x", 600) + "\n" + crashLine(crashDays[1], "behind", 300) + "\n\x00\x00\n"),
		},
		{
			Name: "repair, replaced", Run: repairAndSeal, Recover: recoverAndRepair, Mends: true, Faults: true,
			Prepare: func(w *crashtest.World) {
				crashTail("torn}\n" + crashLine(crashDays[1], "behind", 3000) + "\n{\"event_id\":\"torn\"")(w)
				writeWhole(w, crashRoot+"/daybook.json", `{"format":1,"zone":"UTC","rules":"none","views":[],"write":"replace"}`)
			},
		},
		{Name: "seal", Prepare: plain, Run: repairAndSeal, Recover: recoverAndRepair, Mends: true, Faults: true},
		{Name: "settings removed", Prepare: plain, Run: settingsRemoved, Faults: true},
		{Name: "snapshot", Prepare: plain, Run: snapshots, Faults: true},
		{Name: "duplicates", Prepare: plain, Run: duplicates, Faults: true},
		{Name: "two writers", Prepare: plain, Run: twoWriters, Faults: true},
		{Name: "two writers, files pinned", Prepare: plain, Run: twoWriters, Faults: true, Pinned: true},
		{Name: "two writers that replace, files pinned", Prepare: replaces, Run: twoWriters, Faults: true, Pinned: true},
		{
			Name: "repair, files pinned", Run: repairAndSeal, Recover: recoverAndRepair, Mends: true, Faults: true, Pinned: true,
			Prepare: crashTail("torn}\n" + crashLine(crashDays[1], "behind", 300) + "\n"),
		},
		{Name: "a writer between", Prepare: plain, Run: writerBetween, Faults: true},
		{Name: "a sync fails", Prepare: plain, Run: syncFails},
		{Name: "a writer between, a sync fails", Prepare: plain, Run: syncFailsBetween},
		{Name: "a file put in its place", Prepare: plain, Run: putInItsPlace},
		{Name: "retire", Prepare: plain, Run: retires(daybook.KeepPacked), Recover: retireAgain(daybook.KeepPacked), Mends: true, Faults: true},
		{Name: "retire, replaced", Prepare: replaces, Run: retires(daybook.KeepPacked), Recover: retireAgain(daybook.KeepPacked), Mends: true, Faults: true},
		{Name: "retire, files pinned", Prepare: plain, Run: retires(daybook.KeepPacked), Recover: retireAgain(daybook.KeepPacked), Mends: true, Faults: true, Pinned: true},
		{Name: "retire and delete", Prepare: plain, Run: retires(daybook.KeepNothing), Recover: retireAgain(daybook.KeepNothing), Mends: true, Faults: true},
		{Name: "append to a retired day", Prepare: retired, Run: appends(daybook.Options{}, 300, 700, 150), Recover: retireAgain(daybook.KeepPacked), Mends: true, Faults: true},
		{Name: "a writer while a day is retired", Some: 12, Prepare: plain, Run: retiredMeanwhile, Recover: retireAgain(daybook.KeepPacked), Mends: true, Faults: true},
	}
}

// repairAndSeal appends to a day, repairs the book and seals its days, twice.
func repairAndSeal(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{Sync: daybook.SyncNone})
	if err != nil {
		return
	}
	for i := range 2 {
		_ = b.add(crashLine(crashDays[1], fmt.Sprintf("before-%d", i), 300))
		for range b.Repair(context.Background(), daybook.Query{}) { // errors are the faults'
		}
		for range b.Seal(context.Background(), daybook.Query{}) {
		}
	}
	_ = b.shut()
}

// recoverAndRepair is the next process after a repair: it repairs what is left, which makes the same pieces, and goes on.
func recoverAndRepair(w *crashtest.World) error {
	b, err := crashOpen(w, &daybook.Options{})
	if err != nil {
		return err
	}
	for r, err := range b.Repair(context.Background(), daybook.Query{}) {
		if err != nil {
			return err
		}
		if r.Action == daybook.ActionLeave {
			return fmt.Errorf("a repair leaves %v", r)
		}
	}
	return errors.Join(b.shut(), recoverBook(w))
}

func batchOverDays(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{})
	if err != nil {
		return
	}
	var lines []string
	for i := range 8 {
		lines = append(lines, crashLine(crashDays[i%3], fmt.Sprintf("batch-%d", i), 200+300*i))
	}
	_ = b.add(lines...)
	_ = b.shut()
}

// syncNowAndThen waits until what was appended has been synced.
func syncNowAndThen(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{Sync: daybook.SyncInterval})
	if err != nil {
		return
	}
	_ = b.add(crashLine(crashDays[1], "soon-1", 300))
	_ = b.add(crashLine(crashDays[1], "soon-2", 700))
	if time.Sleep(2 * time.Second); w.Disk.Fault == nil {
		w.Stable()
	}
	_ = b.add(crashLine(crashDays[1], "soon-3", 300))
	_ = b.shut()
}

func settingsRemoved(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{})
	if err != nil {
		return
	}
	w.DropFile(crashRoot + "/daybook.json")
	_ = w.FS().Remove(crashRoot + "/daybook.json")
	_ = b.add(crashLine(crashDays[0], "late-1", 300))
	_ = b.shut()
}

func snapshots(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{})
	if err != nil {
		return
	}
	for i := range 3 {
		day, err := daybook.ParseDay(crashDays[i])
		crashMust(err)
		data := strings.Repeat("board", 100+i/2)
		if name, err := b.Snapshot(day, []byte(data)); err == nil {
			w.AckFile(path.Join(crashRoot, crashDays[i], name), []byte(data))
		}
		_ = b.add(crashLine(crashDays[i], fmt.Sprintf("with-%d", i), 200))
	}
	_ = b.shut()
}

// duplicates appends without a sync what another process then appends with one.
func duplicates(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{Sync: daybook.SyncNone})
	if err != nil {
		return
	}
	line := crashLine(crashDays[1], "same", 900)
	_ = b.add(line)
	c, err := daybook.OpenOn(w.Another(), crashRoot, nil)
	if err != nil {
		return
	}
	_ = crashed{c, w, daybook.SyncAlways}.add(line)
	_ = crashed{c, w, daybook.SyncAlways}.add(crashLine(crashDays[1], "old-2", 300))
	_ = c.Close()
	_ = b.shut()
}

// twoWriters are two processes that write in turns, one of them without a sync.
func twoWriters(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{Sync: daybook.SyncNone})
	if err != nil {
		return
	}
	other, err := daybook.OpenOn(w.Another(), crashRoot, nil)
	if err != nil {
		return
	}
	c := crashed{other, w, daybook.SyncAlways}
	for i := range 3 {
		_ = b.add(crashLine(crashDays[1], fmt.Sprintf("b-%d", i), 300))
		_ = c.add(crashLine(crashDays[1], fmt.Sprintf("c-%d", i), 400))
	}
	_ = c.Close()
	_ = b.shut()
}

// writerBetween has another process append before some call of an append. While the lock is held, it cannot.
func writerBetween(w *crashtest.World) { between(w, func() {}) }

// syncFails has one sync fail of bytes that another process has not synced, and of its own.
func syncFails(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{Sync: daybook.SyncNone})
	if err != nil {
		return
	}
	_ = b.add(crashLine(crashDays[1], "unsynced", 900))
	c, err := daybook.OpenOn(w.Another(), crashRoot, nil)
	if err != nil {
		return
	}
	fails := 1 + w.Rand.IntN(2)
	w.Disk.Fault = func(c faultfs.Call) faultfs.Fault {
		if fails == 0 || c.String() != "sync events.json" {
			return faultfs.Fault{}
		}
		fails--
		w.Tear()
		w.Fail()
		w.Forget()
		return faultfs.Fault{Err: faultfs.ENOSPC}
	}
	always := crashed{c, w, daybook.SyncAlways}
	for i := range 3 {
		_ = always.add(crashLine(crashDays[1], fmt.Sprintf("synced-%d", i), 300))
	}
	_ = always.add(crashLine(crashDays[1], "unsynced", 900))
	_ = c.Close()
	_ = b.shut()
}

// syncFailsBetween is writerBetween, and the next sync after that fails.
func syncFailsBetween(w *crashtest.World) {
	armed := false
	w.Disk.Fault = func(c faultfs.Call) faultfs.Fault {
		if !armed || c.String() != "sync events.json" {
			return faultfs.Fault{}
		}
		armed = false
		w.Tear()
		w.Fail()
		return faultfs.Fault{Err: faultfs.EIO}
	}
	between(w, func() { armed = true })
}

func between(w *crashtest.World, done func()) {
	b, err := crashOpen(w, &daybook.Options{})
	if err != nil {
		return
	}
	_ = b.add(crashLine(crashDays[1], "first", 300))
	other, err := daybook.OpenOn(w.Another(), crashRoot, &daybook.Options{LockTimeout: time.Nanosecond})
	if err != nil {
		return
	}
	c := crashed{other, w, daybook.SyncAlways}
	w.At = w.Calls + 1 + w.Rand.IntN(8)
	w.Between = func() {
		_ = c.add(crashLine(crashDays[1], "between", 500))
		done()
	}
	_ = b.add(crashLine(crashDays[1], "second", 400))
	_ = b.add(crashLine(crashDays[1], "third", 400))
	_ = c.Close()
	_ = b.shut()
}

// putInItsPlace has a sync client put another file in the place of the day's, with an event of another machine.
func putInItsPlace(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{})
	if err != nil {
		return
	}
	_ = b.add(crashLine(crashDays[1], "before", 300))
	name := path.Join(crashRoot, crashDays[1], "events.json")
	foreign := crashLine(crashDays[1], "foreign", 300)
	w.Give(crashDays[1], foreign)
	writeWhole(w, name, string(w.Disk.Files()[name].Data)+foreign+"\n")
	w.Ack(crashDays[1], foreign, true)
	_ = b.add(crashLine(crashDays[1], "after", 300))
	_ = b.add(crashLine(crashDays[1], "long after", 300))
	_ = b.shut()
}

// writeWhole puts a file in the place of another one, as programs do, by a process of its own.
func writeWhole(w *crashtest.World, name, text string) {
	fsys := w.Disk.Process()
	w.DropFile(name)
	f, err := fsys.CreateLike(path.Join("/", "incoming"), name)
	crashMust(err)
	_, err = f.WriteAt([]byte(text), 0)
	crashMust(err, f.Sync(), f.Close(), fsys.Rename("/incoming", name), fsys.SyncDir(path.Dir(name)))
}

// TestCrash holds promises 1 to 5, 7 and 9 for every operation: after a crash at any call, and after another one while
// that is recovered from.
func TestCrash(t *testing.T) {
	operations := crashOperations()
	for _, s := range operations {
		s.Root = crashRoot
		if s.Recover == nil {
			s.Recover = recoverBook
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			n := 500
			if strings.Contains(s.Name, "retire") {
				n = 200 // they make many calls, and each recovery retires once more
			}
			crashtest.Run(t, s, crashtest.States(n))
		})
	}
}

// retireDay retires the day of the tests. What is deleted has been proven before.
func retireDay(b crashed, keep daybook.Keep) error {
	day, err := daybook.ParseDay(crashDays[1])
	crashMust(err)
	r, err := b.Retire(context.Background(), day, keep, func(context.Context, daybook.Extent) error {
		if keep == daybook.KeepNothing {
			b.w.Delete(crashDays[1])
		}
		return nil
	})
	if err == nil && r.Status == daybook.RetireRefused {
		err = fmt.Errorf("not retired: %v", r.Findings)
	}
	return err
}

// retires appends to a day and retires it, twice, by a process of its own, while another one has the day open.
func retires(keep daybook.Keep) func(*crashtest.World) {
	return func(w *crashtest.World) {
		b, err := crashOpen(w, &daybook.Options{Sync: daybook.SyncNone})
		if err != nil {
			return
		}
		other, err := daybook.OpenOn(w.Another(), crashRoot, nil)
		if err != nil {
			return
		}
		c := crashed{other, w, daybook.SyncAlways}
		for i := range 2 {
			_ = b.add(crashLine(crashDays[1], fmt.Sprintf("b-%d", i), 300))
			_ = c.add(crashLine(crashDays[1], fmt.Sprintf("c-%d", i), 300))
			_ = retireDay(c, keep)
			_ = b.add(crashLine(crashDays[1], fmt.Sprintf("b-%d", i), 300), crashLine(crashDays[1], fmt.Sprintf("late-%d", i), 300))
		}
		_ = c.Close()
		_ = b.shut()
	}
}

// retired makes a book with a packed day, and a late event beside it.
func retired(w *crashtest.World) {
	crashBook(w, nil)
	b := mustCrashOpen(w, &daybook.Options{})
	crashMust(retireDay(b, daybook.KeepPacked), b.add(crashLine(crashDays[1], "late", 300)), b.shut())
}

// retiredMeanwhile has another process append before some call of a retirement.
func retiredMeanwhile(w *crashtest.World) {
	b, err := crashOpen(w, &daybook.Options{})
	if err != nil {
		return
	}
	other, err := daybook.OpenOn(w.Another(), crashRoot, &daybook.Options{LockTimeout: time.Nanosecond})
	if err != nil {
		return
	}
	c := crashed{other, w, daybook.SyncAlways}
	_ = c.add(crashLine(crashDays[1], "before", 300))
	w.At = w.Calls + 1 + w.Rand.IntN(22)
	w.Between = func() {
		_ = c.add(crashLine(crashDays[1], "between", 500), crashLine(crashDays[1], "before", 300))
	}
	_ = retireDay(b, daybook.KeepPacked)
	_ = b.add(crashLine(crashDays[1], "after", 300))
	_ = c.add(crashLine(crashDays[1], "long after", 300))
	_ = c.Close()
	_ = b.shut()
}

// retireAgain is the next process after a retirement: readers and Verify find nothing wrong, no event twice; it goes on, and the
// day is retired.
func retireAgain(keep daybook.Keep) func(*crashtest.World) error {
	return func(w *crashtest.World) error {
		opts := &daybook.Options{}
		b, err := crashOpen(w, opts)
		if err != nil {
			return err
		}
		if err := noneTwice(b.Book, true); err != nil {
			return fmt.Errorf("as it was left: %w", err)
		}
		for r, err := range b.Repair(context.Background(), daybook.Query{}) {
			if err != nil || r.Action == daybook.ActionLeave {
				return errors.Join(err, fmt.Errorf("a repair leaves %v", r))
			}
		}
		lines := []string{crashLine(crashDays[1], fmt.Sprintf("mends-%d", w.Generation), 200)}
		if w.Rand.IntN(2) == 0 {
			_, more := w.Unsettled()
			lines = append(lines, more...)
		}
		if err := b.add(lines...); err != nil {
			return err
		}
		if err := retireDay(b, keep); err != nil {
			return err
		}
		name := path.Join(crashRoot, crashDays[1], "events.json")
		if _, ok := w.Disk.Files()[name]; ok {
			return fmt.Errorf("%s is there although the day is retired", name)
		}
		if err := noneTwice(b.Book, false); err != nil {
			return fmt.Errorf("retired: %w", err)
		}
		if err := errors.Join(b.shut(), recoverBook(w)); err != nil {
			return err
		}
		b, err = crashOpen(w, opts)
		if err != nil {
			return err
		}
		return errors.Join(noneTwice(b.Book, false), b.shut())
	}
}

// noneTwice reads the book, in which nothing is wrong, but for what a crash may have torn in a day file that is appended to.
func noneTwice(b *daybook.Book, torn bool) error {
	seen := map[string]bool{}
	for e, err := range b.Events(context.Background(), daybook.Query{}) {
		var damage *daybook.DamageError
		if torn && errors.As(err, &damage) && filepath.Base(damage.File) == "events.json" {
			continue
		}
		if err != nil {
			return err
		}
		if seen[e.ID()] {
			return fmt.Errorf("%s is read twice", e.ID())
		}
		seen[e.ID()] = true
	}
	for f, err := range b.Verify(context.Background(), daybook.Query{}) {
		if err != nil {
			return err
		}
		if !torn || f.Problem != daybook.ProblemUnfinished && f.Problem != daybook.ProblemDamaged {
			return fmt.Errorf("verify: %v", f)
		}
	}
	return nil
}
