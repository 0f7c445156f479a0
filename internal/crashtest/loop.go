// Package crashtest crashes operations on a simulated disk after every call that they make, has the next process recover,
// and reads with a checker of its own what is on the disk then.
package crashtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"testing/synctest"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

// Scenario is an operation to be crashed.
type Scenario struct {
	Name string
	// Root is the directory that everything is in, a path with "/".
	Root string
	// Prepare makes what is there before. It is not crashed.
	Prepare func(*World)
	// Run is the operation. Errors are its business: it acknowledges what has been acknowledged.
	Run func(*World)
	// Recover is what the next process does, and the one after a crash of that: open, go on, come to an end. An error
	// is a violation.
	Recover func(*World) error
	// Mends says that damaged lines may go from the day files. What of them must be kept, the Ledger knows.
	Mends bool
	// Check, if not nil, looks at what Recover has left, besides what is always looked at.
	Check func(*World) error
	// Cuts is how many outcomes of a power cut each call is crashed with; zero is 3.
	Cuts int
	// Some, if over 1, crashes the operation before one in so many calls, others in each run.
	Some int
	// Faults says that in one half of the runs a call of Run fails.
	Faults bool
	// Pinned is the Disk's.
	Pinned bool
	// Plant, if not nil, has the processes' calls go through something faulty.
	Plant func(*World, durable.FS) durable.FS
}

// World is one disk with one process on it, and what is known of the two.
type World struct {
	*Ledger
	Disk *faultfs.Disk
	Rand *rand.Rand
	Seed uint64
	// Generation counts the crashes before this process.
	Generation int
	// Between, if not nil, is called once before the call At of Run, counted from 1: another process comes in.
	Between func()
	At      int
	// Done is how far the test has come; the process after a crash goes on there.
	Done int
	// Calls is how many calls Run has made that change something.
	Calls int

	fsys    durable.FS
	process *faultfs.Process
	plant   func(*World, durable.FS) durable.FS
	torn    bool // a write was cut short, by a fault or a crash: a file may end anywhere
	cut     bool // the power has been cut before
}

// NewWorld returns a world with an empty disk and a process, which nobody crashes.
func NewWorld(seed uint64) *World {
	w := &World{Ledger: NewLedger(), Disk: faultfs.NewDisk(seed), Rand: rand.New(rand.NewPCG(seed, 1)), Seed: seed}
	w.start()
	return w
}

// FS is the file system of the world's process.
func (w *World) FS() durable.FS { return w.fsys }

// Another starts another process on the same disk, with the same faults planted.
func (w *World) Another() durable.FS {
	fsys := durable.FS(w.Disk.Process())
	if w.plant != nil {
		fsys = w.plant(w, fsys)
	}
	return fsys
}

// Tear takes note that files may end in the midst of a line.
func (w *World) Tear() { w.torn = true }

// States is how many crashed states a test runs: n, or what DAYBOOK_TEST_STATES says, in the same proportion to all.
func States(n int) int {
	if all, err := strconv.Atoi(os.Getenv("DAYBOOK_TEST_STATES")); err == nil && all > 0 {
		return int(int64(n) * int64(all) / defaultStates)
	}
	return n
}

// defaultStates is what all tests together run without being told: the sum of their calls of States.
const defaultStates = 19_400

// Run crashes the scenario until it has seen so many states, and reports the first violation with the seed that finds it
// again. Each seed is one run of the operation, crashed after each call; with DAYBOOK_TEST_SEED it is that one only.
func Run(t *testing.T, s Scenario, states int) {
	t.Helper()
	seen, seeds, err := Find(t, s, states)
	if err != nil {
		t.Errorf("%v\nto see it again: DAYBOOK_TEST_SEED=%d go test -run '%s' .", err, seeds, t.Name())
		return
	}
	t.Logf("%d crash states from %d seeds, no violation", seen, seeds)
	if seen < states && os.Getenv(seedName) == "" {
		t.Errorf("%d crash states, want %d", seen, states)
	}
}

const seedName = "DAYBOOK_TEST_SEED"

// Find is Run for a test that wants to know: it returns how many states were seen, the last seed and the first
// violation.
func Find(t *testing.T, s Scenario, states int) (seen int, seed uint64, err error) {
	t.Helper()
	if s.Cuts == 0 {
		s.Cuts = 3
	}
	only, set := strconv.ParseUint(os.Getenv(seedName), 10, 64)
	synctest.Test(t, func(t *testing.T) {
		l := loop{s: s}
		for seed = 1; l.seen < states && l.err == nil && seed <= uint64(states); seed++ {
			if set == nil {
				seed = only
			}
			l.run(seed)
			if set == nil {
				break
			}
		}
		if l.err != nil && set != nil {
			seed--
		}
		seen, err = l.seen, l.err
		if l.mixed > 0 {
			t.Logf("%d crash states with an event that is a mixture of two that were never acknowledged", l.mixed)
		}
	})
	return seen, seed, err
}

// loop runs one scenario.
type loop struct {
	s     Scenario
	seen  int
	mixed int // of them with a mixture of what was never acknowledged
	err   error
}

// run is one run of the operation.
func (l *loop) run(seed uint64) {
	w := NewWorld(seed)
	w.plant, w.Disk.Pinned = l.s.Plant, l.s.Pinned
	w.start()
	l.s.Prepare(w)
	w.start()
	crashes := rand.New(rand.NewPCG(seed, 2))
	if l.s.Faults && seed%2 == 0 {
		w.fail(1+crashes.IntN(40), crashes)
	}
	w.Disk.Before = func(c faultfs.Call) {
		if !c.Changes() {
			return
		}
		w.Calls++
		if between := w.Between; between != nil && w.Calls == w.At {
			w.Between = nil
			between()
		}
		if l.s.Some > 1 && crashes.IntN(l.s.Some) > 0 {
			return
		}
		l.crash(w, fmt.Sprintf("before call %d of the operation, %s", w.Calls, c), crashes, 0)
	}
	l.s.Run(w)
	w.Disk.Before, w.Disk.Fault = nil, nil
	l.crash(w, "after the operation", crashes, 0)
}

// start gives the world a process of its own.
func (w *World) start() {
	w.process = w.Disk.Process()
	w.fsys = w.process
	if w.plant != nil {
		w.fsys = w.plant(w, w.fsys)
	}
}

// fail has one call fail, the nth that changes something, or that sort of call as often as it comes.
func (w *World) fail(n int, r *rand.Rand) {
	errs := []error{faultfs.EIO, faultfs.ENOSPC, faultfs.EROFS}
	fault := faultfs.Fault{Err: errs[r.IntN(len(errs))], Applied: r.IntN(3) == 0, Part: r.IntN(300)}
	always, calls, failed := r.IntN(4) == 0, 0, ""
	w.Disk.Fault = func(c faultfs.Call) faultfs.Fault {
		if !c.Changes() {
			return faultfs.Fault{}
		}
		calls++
		if calls != n && (failed != c.String() || !always) {
			return faultfs.Fault{}
		}
		failed = c.String()
		if c.Op == "write" || c.Op == "sync" {
			w.torn = true
			w.Fail()
		}
		if c.Op == "sync" {
			w.Forget() // bytes that another process has not synced may go with those of this one (A3)
		}
		return fault
	}
}

// crash ends the world at this moment, in each manner, and has others recover.
func (l *loop) crash(w *World, when string, r *rand.Rand, depth int) {
	kinds := make([]faultfs.CrashKind, 1+l.s.Cuts)
	for i := range kinds {
		kinds[i] = faultfs.Cut
	}
	kinds[0] = faultfs.Kill
	if depth > 0 {
		kinds = kinds[r.IntN(2) : 1+r.IntN(2)] // one, or none
		if r.IntN(2) == 0 {
			kinds = []faultfs.CrashKind{faultfs.Cut}
		}
	}
	for _, kind := range kinds {
		if l.err != nil {
			return
		}
		l.after(w, kind, fmt.Sprintf("%s, %s", when, kind), r, depth)
	}
}

// after is what comes after one crash.
func (l *loop) after(w *World, kind faultfs.CrashKind, when string, r *rand.Rand, depth int) {
	l.seen++
	next := &World{
		Ledger: w.Clone(), Disk: w.Disk.Crash(kind, r.Uint64()), Rand: rand.New(rand.NewPCG(r.Uint64(), 3)),
		Seed: w.Seed, Generation: w.Generation + 1, Done: w.Done, plant: w.plant, torn: w.torn, cut: w.cut,
	}
	if kind == faultfs.Cut {
		next.Forget()
		next.torn, next.cut = true, true
	}
	next.start()
	left := next.Disk.Files()
	err := Check(left, l.s.Root, next.Ledger)
	if errors.Is(err, ErrMixed) {
		l.mixed++ // its producer cannot append it any more: there is nothing to go on with
		return
	}
	l.note(when, err)
	if !next.torn { // A6: only a kill in a write leaves part of a line, and that at a page boundary
		l.note(when, CheckEnds(left, func(size int) bool { return size%4096 == 0 }))
	}
	if l.err != nil {
		return
	}
	if again, calls := 1+r.IntN(20), 0; depth == 0 && r.IntN(2) == 0 {
		next.Disk.Before = func(c faultfs.Call) {
			if !c.Changes() { // readers are many at once, and in no order
				return
			}
			if calls++; calls == again {
				l.crash(next, fmt.Sprintf("%s, then before call %d of the recovery, %s", when, calls, c), r, depth+1)
			}
		}
	}
	if err := l.s.Recover(next); err != nil {
		l.note(when, fmt.Errorf("recovery: %w", err))
	}
	next.Disk.Before = nil
	if l.err != nil {
		return
	}
	files := next.Disk.Files()
	l.note(when, Check(files, l.s.Root, next.Ledger))
	l.note(when, CheckOpened(files, l.s.Root))
	if !l.s.Mends && (!next.failed || kind == faultfs.Cut) { // else the cache may have forgotten lines since, which no sync has brought to the disk
		l.note(when, CheckCut(left, files))
	}
	if !l.s.Mends || !next.cut { // a cut may take the damage with it that a piece without its note was copied from
		l.note(when, CheckQuarantine(files))
	}
	if l.s.Check != nil {
		l.note(when, l.s.Check(next))
	}
	if depth == 0 && r.IntN(4) == 0 && l.err == nil { // what was recovered must last, too
		l.crash(next, when+", then after the recovery", r, depth+1)
	}
}

func (l *loop) note(when string, err error) {
	if err != nil && l.err == nil {
		l.err = fmt.Errorf("%s, %s: %w", l.s.Name, when, err)
	}
}
