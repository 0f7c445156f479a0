package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// swapped is a stage whose boards have changed places while nobody watched: a and b with each other, c has moved to d
// and left its place to a new one.
func swapped(t *testing.T, dir string) *stage {
	t.Helper()
	s := newStage(t, dir)
	play := func(commands ...string) {
		for _, c := range commands {
			if err := s.do(strings.Fields(c), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	play("board a.canvas n1 n2 n3", "board b.canvas m1 m2", "board c.canvas k1 k2", "once", "wait")
	play("mv a.canvas t", "mv b.canvas a.canvas", "mv t b.canvas", "mv c.canvas d.canvas", "board c.canvas new", "wait")
	return s
}

var afterSwap = []string{
	"a.canvas canvas_renamed id=b.canvas",
	"b.canvas canvas_renamed id=a.canvas",
	"c.canvas canvas_created nodes=1 edges=0",
	"d.canvas canvas_renamed id=c.canvas",
}

// checkSwap compares the events since the boards changed places, and what is known in the end.
func checkSwap(t *testing.T, what string, s *stage) {
	t.Helper()
	var got []string
	for _, line := range s.book.lines()[3:] {
		got = append(got, strings.TrimSuffix(notation(t, line), " late"))
	}
	slices.Sort(got)
	if diff := cmp.Diff(afterSwap, got); diff != "" {
		t.Errorf("%s: events (-want +got):\n%s", what, diff)
	}
	if s.book.conflicts > 0 {
		t.Errorf("%s: %d conflicts", what, s.book.conflicts)
	}
	files, err := filepath.Glob(filepath.Join(s.book.dir, "baseline", "*"))
	if err != nil || len(files) != 4 {
		t.Errorf("%s: baselines %v, want 4 (%v)", what, files, err)
	}
	r, err := NewRecorder(s.book, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, board := range []string{"a.canvas", "b.canvas", "c.canvas", "d.canvas"} {
		now := look(osFS(), s.root, board).board
		if last, err := r.lastBoard(board); err != nil || last == nil || hashOf(last) != hashOf(now) {
			t.Errorf("%s: the state of %s is not what it holds (%v)", what, board, err)
		}
	}
}

// TestCrashInSwap dies after every call that changes something on disk while boards that changed places are recorded,
// and once more early in the recovery.
func TestCrashInSwap(t *testing.T) {
	calls := 0
	for n := 0; n <= max(calls, 1); n += everyCall() {
		for _, second := range []int{0, 1 + n%7} {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				s := swapped(t, dir)
				fs := &faultFS{FS: osFS(), fast: true, dieAt: n, applied: true}
				crash(t, s, fs)
				if n == 0 {
					calls = fs.calls
				}
				crash(t, s, &faultFS{FS: osFS(), fast: true, dieAt: second, applied: true})
				crash(t, s, &faultFS{FS: osFS(), fast: true})
				op := ""
				if n > 0 {
					op = fs.log[n-1]
				}
				checkSwap(t, fmt.Sprintf("death after call %d (%s), then after call %d", n, op, second), s)
			})
		}
	}
	if calls < 30 {
		t.Errorf("only %d calls: too little to test with", calls)
	}
}

// TestDeathInSwapAppend dies in every append, after no event or all.
func TestDeathInSwapAppend(t *testing.T) {
	for call := 1; call <= 4; call++ {
		for _, stored := range []int{-1, 0} {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				s := swapped(t, dir)
				fs := &faultFS{FS: osFS(), fast: true}
				s.book.dieAtCall, s.book.dieAfter, s.book.dies = s.book.calls+call, stored, fs.die
				crash(t, s, fs)
				crash(t, s, &faultFS{FS: osFS(), fast: true})
				checkSwap(t, fmt.Sprintf("death in append %d after %d events", call, stored), s)
			})
		}
	}
}

// crash catches up with a file system that may die.
func crash(t *testing.T, s *stage, fs *faultFS) {
	t.Helper()
	s.fsys = fs
	v, err := Open(s.root, s.book, s.options())
	if err == nil {
		_, err = v.CatchUp(context.Background())
		err = errors.Join(err, v.Close())
	}
	if err != nil && !fs.isDead() {
		t.Fatal(err)
	}
	s.book.revive()
	time.Sleep(time.Second)
}

// TestSwapFailures has every call fail once while the vault is watched: what is left is recorded at the next try.
func TestSwapFailures(t *testing.T) {
	calls := 0
	for n := 0; n <= max(calls, 1); n += everyCall() {
		for _, applied := range []bool{false, true} {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				s := swapped(t, dir)
				s.fsys = &faultFS{FS: osFS(), fast: true}
				if err := s.start(); err != nil {
					t.Fatal(err)
				}
				s.fsys.failIn(n, applied)
				time.Sleep(time.Minute)
				if err := s.stop(); err != nil {
					t.Log(err)
				}
				if n == 0 {
					calls = s.fsys.calls
				}
				s.fsys = nil
				checkSwap(t, fmt.Sprintf("failure of call %d, applied %v", n, applied), s)
			})
		}
	}
}

// TestSettleRenames says which is which when old names are occupied.
func TestSettleRenames(t *testing.T) {
	ids := func(board string, ids ...string) inventory { return inventory{board, ids} }
	for _, test := range []struct {
		name       string
		old, fresh []inventory
		want       map[string]string
	}{
		{
			"a swap",
			[]inventory{ids("a", "1", "2"), ids("b", "3")},
			[]inventory{ids("a", "3"), ids("b", "1", "2")},
			map[string]string{"a": "b", "b": "a"},
		},
		{
			"a new board under the old name",
			[]inventory{ids("a", "1", "2")},
			[]inventory{ids("a", "9"), ids("b", "1", "2")},
			map[string]string{"b": "a"},
		},
		{
			"written over by another, and nobody else is it",
			[]inventory{ids("a", "1", "2"), ids("c", "5")},
			[]inventory{ids("a", "5")},
			map[string]string{},
		},
		{
			"a chain of such",
			[]inventory{ids("a", "1"), ids("b", "2"), ids("c", "3")},
			[]inventory{ids("a", "2"), ids("b", "3")},
			map[string]string{},
		},
		{
			"a chain to a new name",
			[]inventory{ids("a", "1"), ids("b", "2"), ids("c", "3")},
			[]inventory{ids("a", "2"), ids("b", "3"), ids("n", "1")},
			map[string]string{"a": "b", "b": "c", "n": "a"},
		},
		{
			"spelled otherwise, and nothing else to go by",
			[]inventory{ids("a"), ids("e\u0301", "1")},
			[]inventory{ids("A", "5"), ids("\u00c9", "2")},
			map[string]string{"A": "a", "\u00c9": "e\u0301"},
		},
		{
			"spelled otherwise, but somebody else is it",
			[]inventory{ids("a", "1", "2")},
			[]inventory{ids("A", "5"), ids("b", "1", "2")},
			map[string]string{"b": "a"},
		},
		{
			"spelled otherwise, but it is somebody else",
			[]inventory{ids("a", "1"), ids("b", "5", "6")},
			[]inventory{ids("A", "5", "6")},
			map[string]string{"A": "b"},
		},
		{
			"both spellings are there",
			[]inventory{ids("A", "1"), ids("a", "2")},
			[]inventory{ids("A", "5"), ids("a", "6")},
			map[string]string{},
		},
		{
			"the old spelling is there too",
			[]inventory{ids("a", "1")},
			[]inventory{ids("A", "5"), ids("a", "6")},
			map[string]string{},
		},
		{
			"what is written over stays, though another spelling has gone",
			[]inventory{ids("A", "1"), ids("a", "2")},
			[]inventory{ids("a", "6")},
			map[string]string{},
		},
		{
			"two spellings for one that has gone",
			[]inventory{ids("AB", "1")},
			[]inventory{ids("Ab", "5"), ids("aB", "6")},
			map[string]string{"Ab": "AB"},
		},
	} {
		if diff := cmp.Diff(test.want, settleRenames(test.old, test.fresh)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestFormerNameHasItsBoardAgain records a copy when the board is back under its old name at the last moment.
func TestFormerNameHasItsBoardAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := swapped(t, dir)
		v, err := Open(s.root, s.book, nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(s.path("d.canvas"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.write("c.canvas", string(data)); err != nil {
			t.Fatal(err)
		}
		outs := v.lookAll(t.Context(), []errand{
			{path: "d.canvas", settled: true, from: "c.canvas", chained: true}, {path: "c.canvas", settled: true},
		})
		if len(outs) != 2 || outs[0].err != nil || outs[1].found != isChanging {
			t.Errorf("outcomes %+v", outs)
		}
		got := told(t, s.book)[3:]
		if diff := cmp.Diff([]string{"d.canvas canvas_created nodes=2 edges=0"}, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
}
