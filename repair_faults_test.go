package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
	"daybook/internal/killtest"
)

var errCrash = errors.New("crash")

// crashAt makes call n fail and all calls after it; applied is whether call n takes effect all the same.
func crashAt(n int, applied bool, part int) (*faultfs.FS, *int) {
	made := new(int)
	return &faultfs.FS{Under: durable.OS(), Fault: func(c faultfs.Call) faultfs.Fault {
		*made = c.N
		switch {
		case c.N == n:
			return faultfs.Fault{Err: errCrash, Applied: applied, Part: part}
		case c.N > n:
			return faultfs.Fault{Err: errCrash}
		}
		return faultfs.Fault{}
	}}, made
}

// TestRepairCrashes holds promise 11: the process is gone after each call, with and without its effect. The day file is
// then the old one or the new one (with its tail mended or not), all bytes are accounted for, nobody takes what was cut out for
// lost, and the repair done again ends as if nothing had happened. The kinds of damage are those that differ in the calls.
func TestRepairCrashes(t *testing.T) {
	paths := []string{ // those that differ in the calls that are made
		"torn line", "glued", "byte order mark", "twice",
		"unfinished after damage", "only its newline is missing", "no event, its newline is missing",
	}
	for i, c := range damagedDays() {
		if !slices.Contains(paths, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var settings *Settings
			if i%2 == 1 {
				settings = &Settings{Write: WriteReplace}
			}
			// In a bubble waiting for the end of an unfinished line takes no time.
			synctest.Test(t, func(t *testing.T) {
				clean := killtest.TempDir(t)
				book := open(t, clean, &Options{Settings: settings})
				writeDay(t, clean, c.before)
				_, _, err := repairAll(book)
				try(t, err)
				want := pieces(t, clean)
				for n := 1; ; n += everyCall() {
					done := false
					both := []bool{false, true}
					if i > 2 {
						both = both[n%2:][:1]
					}
					for _, applied := range both {
						done = crashRepair(t, c, settings, n, applied, want)
					}
					if done {
						if n < 12 {
							t.Errorf("only %d calls", n)
						}
						return
					}
				}
			})
		})
	}
}

// crashRepair repairs with a crash at call n. It returns true if there are fewer calls.
func crashRepair(t *testing.T, c damagedDay, settings *Settings, n int, applied bool, want map[int64]string) (done bool) {
	t.Helper()
	dir := killtest.TempDir(t)
	var log bytes.Buffer
	writer := open(t, dir, &Options{Settings: settings, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	mustAppend(t, writer, lineOf("first"))
	first := dayFile(t, dir, testDay)
	// The damage is done to the file, in place, behind what the writer knows, as by a program without the lock.
	writeDay(t, dir, first+c.before)
	before, after := first+c.before, first+c.after
	if strings.HasSuffix(before, "\n") { // the mark is for the damage, too
		mustAppend(t, writer, lineOf("last"))
		before, after = before+lineOf("last")+"\n", after+lineOf("last")+"\n"
	}
	mended := before[:strings.LastIndexByte(before, '\n')+1]
	completed := before + "\n"

	fsys, made := crashAt(1<<30, false, 0)
	book, err := OpenOn(fsys, dir, nil)
	try(t, err)
	base := *made
	crashed, made := crashAt(base+n, applied, 1)
	fsys.Fault = crashed.Fault
	_, _, err = repairAll(book)
	book.Close() // for its descriptors: nothing reaches the disk any more
	done = *made < base+n
	now := dayFile(t, dir, testDay)
	if err == nil && now != after {
		t.Errorf("call %d, applied %v: no error, and the day file is %q", n, applied, now)
	}
	if !slices.Contains([]string{before, mended, completed, after}, now) {
		t.Fatalf("call %d, applied %v: day file\n got %q\nwant %q\n or  %q", n, applied, now, before, after)
	}
	switch {
	case now == after:
		checkAccounts(t, dir, c.whole(before), after)
	case now == mended && now != before:
		if got, want := pieces(t, dir)[int64(len(mended))], before[len(mended):]; got != want {
			t.Errorf("call %d, applied %v: in place of the last line quarantine has %q, want %q", n, applied, got, want)
		}
	}
	again := open(t, dir, nil)
	for _, f := range findings(t, again) {
		if f.Problem == ProblemCut || f.Problem == ProblemReplaced {
			t.Errorf("call %d, applied %v: false report: %v", n, applied, f)
		}
	}
	_, _, err = repairAll(again)
	try(t, err)
	if got := dayFile(t, dir, testDay); got != after {
		t.Errorf("call %d, applied %v: after the second repair\n got %q\nwant %q", n, applied, got, after)
	}
	if got := len(pieces(t, dir)); got != len(want) {
		t.Errorf("call %d, applied %v: %d pieces in quarantine, want %d", n, applied, got, len(want))
	}
	mustAppend(t, writer, lineOf("next"))
	if got := dayFile(t, dir, testDay); got != after+lineOf("next")+"\n" {
		t.Errorf("call %d, applied %v: after an append\n got %q", n, applied, got)
	}
	if strings.Contains(log.String(), "durable") {
		t.Errorf("call %d, applied %v: the writer takes bytes for lost: %s", n, applied, log.String())
	}
	checkNoTemp(t, dir)
	return done
}

// TestRepairCallOrder compares with docs/durability.md what is written, and in which order.
func TestRepairCallOrder(t *testing.T) {
	dir := killtest.TempDir(t)
	mustAppend(t, open(t, dir, nil), lineOf("a"))
	writeDay(t, dir, lineOf("a")+"\n{\n"+lineOf("b")+"\n")
	book, fs := openFaulty(t, dir, nil)
	if _, _, err := repairAll(book); err != nil {
		t.Fatal(err)
	}
	piece := []string{"create raw", "write raw", "sync raw", "rename raw", "syncdir quarantine"}
	note := []string{"create note", "write note", "sync note", "rename note", "syncdir quarantine"}
	want := slices.Concat(
		[]string{"create book.turn", "create book.lock", "create events.mark", "create temp", "write temp"},
		[]string{"syncdir daybook-kills", "mkdir quarantine", "syncdir " + testDay}, piece, note,
		[]string{"write temp", "sync temp", "write events.mark", "sync events.mark"},
		[]string{"sync temp", "rename events.json", "syncdir " + testDay, "write events.mark"},
	)
	got := plainCalls(fs.Calls())
	for i, call := range got {
		op, name, _ := strings.Cut(call, " ")
		switch {
		case strings.Contains(name, ".raw"):
			got[i] = op + " raw"
		case strings.Contains(name, "-") && strings.Contains(name, ".json"):
			got[i] = op + " note"
		case strings.HasPrefix(name, "daybook-kills-"):
			got[i] = op + " daybook-kills"
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("calls\n got %q\nwant %q", got, want)
	}
}

// TestRepairWhileWriting holds promise 11: writers of this Book, of others and readers go on while a day is repaired again and
// again. Nothing is lost or doubled, no append fails, and Verify never reports what is not so.
func TestRepairWhileWriting(t *testing.T) {
	for _, settings := range []*Settings{nil, {Write: WriteReplace}} {
		t.Run(fmt.Sprint("replace=", settings != nil), func(t *testing.T) {
			dir := killtest.TempDir(t)
			var log syncBuffer
			logger := slog.New(slog.NewTextHandler(&log, nil))
			books := []*Book{open(t, dir, &Options{Settings: settings, Logger: logger, LockTimeout: 30 * time.Second})}
			for _, sync := range []Sync{SyncAlways, SyncInterval, SyncNone} {
				books = append(books, open(t, dir, &Options{Sync: sync, Logger: logger, LockTimeout: 30 * time.Second}))
			}
			mustAppend(t, books[0], lineOf("first"))
			var stop atomic.Bool
			var stored atomic.Int64
			var work sync.WaitGroup
			for i, b := range books {
				work.Go(func() {
					for n := 0; n < 20 || !stop.Load() && n < 1000; n++ {
						e := parse(t, lineOf(fmt.Sprintf("%d-%d", i, n)))
						if pos, err := b.Append(context.Background(), e); err != nil || pos.Duplicate {
							t.Errorf("append while a repair runs: %+v, %v", pos, err)
							return
						}
						stored.Add(1)
					}
				})
			}
			work.Go(func() {
				for !stop.Load() {
					for f, err := range books[0].Verify(context.Background(), Query{}) {
						if err != nil || f.Problem != ProblemDamaged && f.Problem != ProblemTwice && f.Problem != ProblemUnfinished {
							t.Errorf("verify while a repair runs: %v, %v", f, err)
						}
					}
				}
			})
			const rounds = 4
			fixed := 0
			for round := range rounds {
				damageDay(t, dir, books[1], fmt.Sprintf("{broken %d\n%s\n", round, lineOf("first")))
				_, list, err := repairAll(books[round%len(books)])
				if err != nil {
					t.Errorf("repair: %v", err)
				}
				fixed += len(list)
			}
			stop.Store(true)
			work.Wait()
			if left := findings(t, books[0]); len(left) > 0 || fixed != 2*rounds {
				t.Errorf("%d findings were repaired, want %d; left: %v", fixed, 2*rounds, left)
			}
			if got := strings.Count(dayFile(t, dir, testDay), "\n"); int64(got) != stored.Load()+1 {
				t.Errorf("got %d lines, want %d", got, stored.Load()+1)
			}
			if strings.Contains(log.String(), "durable") {
				t.Errorf("bytes are taken for lost: %s", log.String())
			}
		})
	}
}

// damageDay appends bytes to the day file as a program does that takes the lock but looks at nothing.
func damageDay(t *testing.T, dir string, b *Book, bytes string) {
	t.Helper()
	release, err := b.writer.exclude(context.Background())
	try(t, err)
	defer release()
	f, err := os.OpenFile(filepath.Join(dir, testDay, "events.json"), os.O_APPEND|os.O_WRONLY, 0)
	try(t, err)
	_, err = f.WriteString(bytes)
	try(t, errors.Join(err, f.Close()))
}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}
