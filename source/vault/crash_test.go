package vault

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/canvas"
)

// history is the life of a board and of a neighbour, save by save.
func history(t *testing.T) []Save {
	a := func(items ...string) *canvas.Board { return parse(t, boardOf(items)) }
	return []Save{
		{Path: "a.canvas", Board: a("n1:1", "n2", "n3")},
		{Path: "b.canvas", Board: a("m1")},
		{Path: "a.canvas", Board: a("n1:2", "n2", "n3:4")},
		{Path: "a.canvas", Unreadable: "truncated"},
		{Path: "a.canvas", Board: a("n1:2", "n2", "n3:4")},
		{Path: "a.canvas", Unreadable: "empty"},
		{Path: "a.canvas", Board: a("n1:1", "n2", "n3")},
		{Path: "c.canvas", From: "a.canvas", Board: a("n1:1", "n2:5")},
		{Path: "u.canvas", Unreadable: "empty"},
		{Path: "d.canvas", From: "c.canvas", Board: a("n1:1", "n2:5")},
		{Path: "u.canvas", Board: a("k1")},
		{Path: "d.canvas"},
		{Path: "d.canvas", Board: a("n1:1", "n2:5")},
	}
}

// life plays the history on a book. Each process but the last is cut off by what fault does to its file system and
// book; the next one goes on with the save that was not finished, as a watcher does.
func life(t *testing.T, saves []Save, fault func(process int, fs *faultFS, book *fakeBook)) (*fakeBook, []*faultFS) {
	t.Helper()
	dir := t.TempDir()
	book := newFakeBook(dir)
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := func(Book) time.Time {
		clock = clock.Add(time.Second)
		return clock
	}
	drawn := 0
	random := func() (string, error) {
		drawn++
		return fmt.Sprintf("%032x", drawn), nil
	}
	var all []*faultFS
	at := 0
	for process := 0; process < 10; process++ {
		fs := &faultFS{FS: osFS(), fast: true}
		all = append(all, fs)
		book.revive()
		fault(process, fs, book)
		if at = live(book, &Options{fsys: fs, now: now, random: random}, saves, at, fs); at == len(saves) {
			return book, all
		}
	}
	t.Fatalf("ten processes could not record the history: stuck at save %d", at)
	return nil, nil
}

// live is one process: it returns how far it came.
func live(book *fakeBook, o *Options, saves []Save, at int, fs *faultFS) int {
	r, err := NewRecorder(book, o)
	if err != nil {
		return at
	}
	ctx := context.Background()
	for try := 0; r.Finish(ctx) != nil; try++ {
		if fs.dead || book.dead || try > 3 {
			return at
		}
	}
	for ; at < len(saves); at++ {
		for try := 0; ; try++ {
			err := r.Record(ctx, saves[at])
			if fs.dead || book.dead || try > 3 {
				return at
			}
			if err == nil {
				break
			}
		}
	}
	return at
}

// told is the events of a book in the short notation.
func told(t *testing.T, book *fakeBook) []string {
	var out []string
	for _, line := range book.lines() {
		out = append(out, notation(t, line))
	}
	return out
}

func checkLife(t *testing.T, what string, book *fakeBook, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, told(t, book)); diff != "" {
		t.Errorf("%s: events (-want +got):\n%s", what, diff)
	}
	if book.conflicts > 0 {
		t.Errorf("%s: %d events came out with the same id and other bytes", what, book.conflicts)
	}
	left, err := filepath.Glob(filepath.Join(book.dir, "baseline", "*.damaged*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%s: states were taken for damaged: %v %v", what, left, err)
	}
}

// TestCrashAtEveryCall dies after every call that changes something on disk, and once more early in the recovery. (To
// die before a call takes effect is to die after the one before.)
func TestCrashAtEveryCall(t *testing.T) {
	saves := history(t)
	book, fs := life(t, saves, func(int, *faultFS, *fakeBook) {})
	want, calls := told(t, book), fs[0].calls
	if len(want) < 14 || calls < 50 {
		t.Fatalf("the history is %d events in %d calls: too little to test with", len(want), calls)
	}
	again := 0
	for n := 1; n <= calls; n += everyCall() {
		for _, second := range []int{0, 1 + n%5} {
			book, _ := life(t, saves, func(process int, fs *faultFS, _ *fakeBook) {
				switch process {
				case 0:
					fs.dieAt, fs.applied = n, true
				case 1:
					fs.dieAt, fs.applied = second, true
				}
			})
			checkLife(t, fmt.Sprintf("death after call %d (%s), then after call %d", n, fs[0].log[n-1], second), book, want)
			again += book.again
		}
	}
	if again == 0 && !testing.Short() {
		t.Error("no event was ever appended a second time: the test tests nothing")
	}
}

// TestCrashInAppend dies after each number of events of each save.
func TestCrashInAppend(t *testing.T) {
	saves := history(t)
	book, _ := life(t, saves, func(int, *faultFS, *fakeBook) {})
	want, calls := told(t, book), book.calls
	for call := 1; call <= calls; call++ {
		for stored := -1; stored <= 4; stored++ {
			var of *fakeBook
			book, _ := life(t, saves, func(process int, fs *faultFS, book *fakeBook) {
				of = book
				if process == 0 {
					book.dieAtCall, book.dieAfter, book.dies = call, stored, fs.die
				}
			})
			checkLife(t, fmt.Sprintf("death in append %d of %d after %d events", call, of.calls, stored), book, want)
		}
	}
}

// TestFailureAtEveryCall has every call fail once, before or after it took effect; the same process tries again.
func TestFailureAtEveryCall(t *testing.T) {
	saves := history(t)
	book, fs := life(t, saves, func(int, *faultFS, *fakeBook) {})
	want := told(t, book)
	for n := 1; n <= fs[0].calls; n += everyCall() {
		for _, applied := range []bool{false, true} {
			book, _ := life(t, saves, func(process int, fs *faultFS, _ *fakeBook) {
				if process == 0 {
					fs.failAt, fs.applied = n, applied
				}
			})
			checkLife(t, fmt.Sprintf("failure of call %d (%s), applied %v", n, fs[0].log[n-1], applied), book, want)
		}
	}
}

// TestSameBytesAgain compares, byte for byte, what a second attempt appends.
func TestSameBytesAgain(t *testing.T) {
	saves := history(t)
	plain, _ := life(t, saves, func(int, *faultFS, *fakeBook) {})
	for call := 1; call <= plain.calls; call++ {
		book, _ := life(t, saves, func(process int, fs *faultFS, book *fakeBook) {
			if process == 0 {
				book.dieAtCall, book.dieAfter, book.dies = call, -1, fs.die
			}
		})
		if book.again == 0 || book.conflicts > 0 {
			t.Errorf("after a crash behind append %d, %d events were acknowledged as duplicates and %d refused", call, book.again, book.conflicts)
		}
		ids := map[string]bool{}
		for _, line := range book.lines() {
			if id := member(t, line, "event_id"); ids[id] {
				t.Errorf("id %s twice", id)
			} else {
				ids[id] = true
			}
		}
	}
}

// TestDamagedStates damages every state file at several places: it is kept aside, and its board counts as new.
func TestDamagedStates(t *testing.T) {
	saves := history(t)[:3]
	for _, damage := range []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)/2] },
		func([]byte) []byte { return nil },
		func(b []byte) []byte { b[len(b)-20] ^= 1; return b },
		func(b []byte) []byte { b[20] ^= 1; return b },
		func(b []byte) []byte { return append(b, "{}"...) },
	} {
		book, _ := life(t, saves, func(int, *faultFS, *fakeBook) {})
		files, err := filepath.Glob(filepath.Join(book.dir, "baseline", "*.json"))
		if err != nil || len(files) != 2 {
			t.Fatalf("baselines %v %v", files, err)
		}
		slices.Sort(files)
		rewrite(t, files[0], damage)
		before := len(book.lines())
		r, err := NewRecorder(book, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Record(context.Background(), saves[2]); err != nil {
			t.Fatal(err)
		}
		want := []string{"a.canvas canvas_created nodes=3 edges=0"}
		if diff := cmp.Diff(want, told(t, book)[before:]); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if aside, err := filepath.Glob(files[0] + ".damaged"); err != nil || len(aside) != 1 {
			t.Errorf("kept aside: %v %v", aside, err)
		}
	}
}

// TestNewerState refuses to work on states of a later version.
func TestNewerState(t *testing.T) {
	book, _ := life(t, history(t)[:1], func(int, *faultFS, *fakeBook) {})
	files, err := filepath.Glob(filepath.Join(book.dir, "baseline", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("baselines %v %v", files, err)
	}
	rewrite(t, files[0], func([]byte) []byte { return []byte(`{"format":2,"all":"else is new"}`) })
	if _, err := NewRecorder(book, nil); !errors.Is(err, errNewer) {
		t.Errorf("got %v, want %v", err, errNewer)
	}
}

// TestLostBaseline begins a new lineage when the baselines are deleted.
func TestLostBaseline(t *testing.T) {
	saves := history(t)[:3]
	book, _ := life(t, saves, func(int, *faultFS, *fakeBook) {})
	r, err := NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(book.dir, "baseline", "*.json"))
	for _, f := range files {
		if err := osFS().Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	before := len(book.lines())
	if err := r.Record(context.Background(), saves[0]); err != nil {
		t.Fatal(err)
	}
	want := []string{"a.canvas canvas_created nodes=3 edges=0"}
	if diff := cmp.Diff(want, told(t, book)[before:]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
