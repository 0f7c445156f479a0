package daybook

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
	"daybook/internal/killtest"
)

func sealAll(b *Book) (statuses string, list []Sealed, err error) {
	var words []string
	for s, err := range b.Seal(context.Background(), Query{}) {
		if err != nil {
			return strings.Join(words, ", "), list, err
		}
		for _, f := range s.Findings {
			if f.Problem == ProblemUnreadable {
				return strings.Join(words, ", "), list, errors.New(f.Reason)
			}
		}
		words, list = append(words, string(s.Status)), append(list, s)
	}
	return strings.Join(words, ", "), list, nil
}

func wantSeal(t *testing.T, b *Book, want string) {
	t.Helper()
	if got, list, err := sealAll(b); err != nil || got != want {
		t.Errorf("seal: got %s, %v, want %s: %v", got, err, want, list)
	}
}

func sumsFile(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, testDay, "SHA256SUMS"))
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	try(t, err)
	return string(data)
}

func sumsOf(day string) string {
	return fmt.Sprintf("# A sealed day. In this directory: sha256sum -c SHA256SUMS\n# size %d events.json\n%x  events.json\n",
		len(day), sha256.Sum256([]byte(day)))
}

// TestSealTellsGrownFromChanged holds promise 12: what may happen to a sealed day, what Verify says of it, and whether it is
// sealed again.
func TestSealTellsGrownFromChanged(t *testing.T) {
	day := func(dir string) string { return filepath.Join(dir, testDay, "events.json") }
	rewrite := func(t *testing.T, dir string, change func(string) string) {
		try(t, os.WriteFile(day(dir), []byte(change(dayFile(t, dir, testDay))), 0o644))
		try(t, os.Remove(filepath.Join(dir, testDay, "events.mark"))) // so that it is the seal that tells
	}
	snapshot := func(dir string) string {
		names, _ := filepath.Glob(filepath.Join(dir, testDay, "boards", "*"))
		return names[0]
	}
	for _, c := range []struct {
		name     string
		happens  func(t *testing.T, dir string, b *Book)
		problems string
		again    string
	}{
		{"nothing", func(*testing.T, string, *Book) {}, "", "unchanged"},
		{"late event", func(t *testing.T, _ string, b *Book) { mustAppend(t, b, lineOf("late")) }, "", "sealed"},
		{"another snapshot", func(t *testing.T, _ string, b *Book) {
			_, err := b.Snapshot(mustDay(t, testDay), []byte(`{"nodes":[]}`))
			try(t, err)
		}, "", "sealed"},
		{"another file", func(t *testing.T, dir string, _ *Book) {
			try(t, os.WriteFile(filepath.Join(dir, testDay, "boards", ".DS_Store"), nil, 0o644))
		}, "", "unchanged"},
		{"mark gone", func(t *testing.T, dir string, _ *Book) {
			try(t, os.Remove(filepath.Join(dir, testDay, "events.mark")))
		}, "", "unchanged"},
		{"replaced by the same and more", func(t *testing.T, dir string, _ *Book) {
			data := dayFile(t, dir, testDay) + lineOf("more") + "\n"
			try(t, os.Rename(day(dir), day(dir)+".old"))
			try(t, os.WriteFile(day(dir), []byte(data), 0o644))
		}, "", "sealed"},
		{"an event changed", func(t *testing.T, dir string, _ *Book) {
			rewrite(t, dir, func(s string) string { return strings.Replace(s, `"n":1`, `"n":7`, 1) })
		}, "changed", "refused"},
		{"an event gone", func(t *testing.T, dir string, _ *Book) {
			rewrite(t, dir, func(s string) string { return s[strings.Index(s, "\n")+1:] })
		}, "changed", "refused"},
		{"an event gone, a longer one come", func(t *testing.T, dir string, _ *Book) {
			rewrite(t, dir, func(s string) string { return s[strings.Index(s, "\n")+1:] + lineOf("another one") + "\n" })
		}, "changed", "refused"},
		{"damage behind the seal", func(t *testing.T, dir string, _ *Book) {
			rewrite(t, dir, func(s string) string { return s + "{\n" })
		}, "damaged", "refused"},
		{"day file gone", func(t *testing.T, dir string, _ *Book) {
			try(t, os.Remove(day(dir)))
		}, "missing missing", "refused"},
		{"snapshot gone", func(t *testing.T, dir string, _ *Book) {
			try(t, os.Remove(snapshot(dir)))
		}, "missing", "refused"},
		{"snapshot changed", func(t *testing.T, dir string, _ *Book) {
			try(t, os.WriteFile(snapshot(dir), []byte("{ }"), 0o644))
		}, "changed", "refused"},
		{"not a list", func(t *testing.T, dir string, _ *Book) {
			try(t, os.WriteFile(filepath.Join(dir, testDay, "SHA256SUMS"), []byte("hello\n"), 0o644))
		}, "changed", "refused"},
		{"a list of files elsewhere", func(t *testing.T, dir string, _ *Book) {
			line := fmt.Sprintf("%x  ../daybook.json\n", sha256.Sum256(nil))
			try(t, os.WriteFile(filepath.Join(dir, testDay, "SHA256SUMS"), []byte(line), 0o644))
		}, "changed", "refused"},
		{"another program's list", func(t *testing.T, dir string, _ *Book) {
			sum := sha256.Sum256([]byte(dayFile(t, dir, testDay)))
			list := fmt.Sprintf("%x *./events.json\n%x  events.mark\n", sum, sum)
			try(t, os.WriteFile(filepath.Join(dir, testDay, "SHA256SUMS"), []byte(list), 0o644))
		}, "", "sealed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := killtest.TempDir(t)
			b := open(t, dir, nil)
			mustAppend(t, b, lineOf("a"))
			mustAppend(t, b, lineOf("b"))
			_, err := b.Snapshot(mustDay(t, testDay), []byte("{}"))
			try(t, err)
			wantSeal(t, b, "sealed")
			c.happens(t, dir, b)
			sums := sumsFile(t, dir)
			var problems []string
			for _, f := range findings(t, b) {
				problems = append(problems, string(f.Problem))
			}
			if got := strings.Join(problems, " "); got != c.problems {
				t.Errorf("verify: got %q, want %q", got, c.problems)
			}
			wantSeal(t, b, c.again)
			if got := sumsFile(t, dir); (got == sums) == (c.again == "sealed") {
				t.Errorf("SHA256SUMS, to be %s, was\n%sand is\n%s", c.again, sums, got)
			}
			if c.again != "refused" {
				wantSeal(t, b, "unchanged")
			}
		})
	}
}

// TestSealOnlyThePast: today is not sealed, the day before is; days are those of the book's zone.
func TestSealOnlyThePast(t *testing.T) {
	now := time.Date(2025, 11, 8, 23, 30, 0, 0, time.UTC) // the 9th in Tokyo
	b := open(t, killtest.TempDir(t), &Options{Settings: &Settings{Zone: "Asia/Tokyo"}, Now: func() time.Time { return now }})
	for day := 7; day <= 9; day++ {
		mustAppend(t, b, fmt.Sprintf(`{"event_id":"x","timestamp":"2025-11-%02dT12:00:00+09:00"}`, day))
	}
	_, list, err := sealAll(b)
	var days []string
	for _, s := range list {
		days = append(days, fmt.Sprint(s.Day, " ", s.Status))
	}
	if got := strings.Join(days, ", "); err != nil || got != "2025-11-07 sealed, 2025-11-08 sealed" {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestSealCrashes holds promise 12: the process is gone after each call; SHA256SUMS is the old one or the new one, Verify finds
// nothing, and seal done again writes the new one. What is sealed is durable.
func TestSealCrashes(t *testing.T) {
	for _, applied := range []bool{false, true} {
		for n := 1; ; n += everyCall() {
			dir := killtest.TempDir(t)
			writer := open(t, dir, &Options{Sync: SyncNone})
			mustAppend(t, writer, lineOf("a"))
			old := sumsOf(lineOf("a") + "\n")
			wantSeal(t, writer, "sealed")
			mustAppend(t, writer, lineOf("b"))
			want := sumsOf(lineOf("a") + "\n" + lineOf("b") + "\n")

			fs, made := crashAt(1<<30, false, 0)
			b, err := OpenOn(fs, dir, nil)
			try(t, err)
			base := *made
			crashed, made := crashAt(base+n, applied, 5)
			fs.Fault = crashed.Fault
			_, _, err = sealAll(b)
			b.Close() // for its descriptors: nothing reaches the disk any more
			got := sumsFile(t, dir)
			if got != old && got != want || err == nil && got != want {
				t.Errorf("call %d, applied %v: error %v, SHA256SUMS\n got %s\nwant %s", n, applied, err, got, want)
			}
			again := open(t, dir, nil)
			if list := findings(t, again); len(list) > 0 {
				t.Errorf("call %d, applied %v: %v", n, applied, list)
			}
			if _, _, err := sealAll(again); err != nil || sumsFile(t, dir) != want {
				t.Errorf("call %d, applied %v: sealed again: %v\n got %s\nwant %s", n, applied, err, sumsFile(t, dir), want)
			}
			checkNoTemp(t, dir)
			if *made < base+n {
				if n < 15 {
					t.Errorf("only %d calls", n)
				}
				break
			}
		}
	}
}

// TestSealCallOrder: what is sealed is synced before, unless its mark says that it is.
func TestSealCallOrder(t *testing.T) {
	dir := killtest.TempDir(t)
	mustAppend(t, open(t, dir, &Options{Sync: SyncNone}), lineOf("a"))
	b, fs := openFaulty(t, dir, nil)
	write := []string{"create sums", "write sums", "sync sums", "rename SHA256SUMS", "syncdir " + testDay}
	sync := []string{
		"create events.mark", "write events.json", "sync events.json", "syncdir " + testDay, "syncdir " + filepath.Base(dir),
		"write events.mark",
	}
	locks := []string{"create book.turn", "create book.lock"}
	for _, want := range [][]string{slices.Concat(locks, sync, write), nil, write} {
		if _, _, err := sealAll(b); err != nil {
			t.Fatal(err)
		}
		got := fs.Calls()
		for i, call := range got {
			if op, name, _ := strings.Cut(call, " "); strings.HasPrefix(name, "SHA256SUMS.") {
				got[i] = op + " sums"
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("calls\n got %q\nwant %q", got, want)
		}
		if want == nil {
			mustAppend(t, b, lineOf("late"))
			fs.Calls()
		}
	}
}

// TestSealWhileWriting holds promise 12: days are sealed, verified, damaged and repaired while others append to them. Verify
// never takes a day for changed, and what is sealed in the end is what is there.
func TestSealWhileWriting(t *testing.T) {
	for _, settings := range []*Settings{nil, {Write: WriteReplace}} {
		dir := killtest.TempDir(t)
		books := []*Book{open(t, dir, &Options{Settings: settings, LockTimeout: 30 * time.Second})}
		books = append(books, open(t, dir, &Options{LockTimeout: 30 * time.Second, Sync: SyncNone}))
		sealer := open(t, dir, &Options{LockTimeout: 30 * time.Second})
		mustAppend(t, books[0], lineOf("first"))
		var stop atomic.Bool
		var work sync.WaitGroup
		for i, b := range books {
			work.Go(func() {
				for n := 0; !stop.Load() && n < 1000; n++ {
					if _, err := b.Append(context.Background(), parse(t, lineOf(fmt.Sprintf("%d-%d", i, n)))); err != nil {
						t.Errorf("append while a seal runs: %v", err)
						return
					}
				}
			})
		}
		work.Go(func() {
			for !stop.Load() {
				for f, err := range books[0].Verify(context.Background(), Query{}) {
					if err != nil || f.Problem == ProblemChanged || f.Problem == ProblemMissing || f.Problem == ProblemCut || f.Problem == ProblemReplaced {
						t.Errorf("verify while a seal runs: %v, %v", f, err)
					}
				}
			}
		})
		sealed := 0
		for round := range 8 {
			if round%4 == 3 {
				damageDay(t, dir, books[1], fmt.Sprintf("{broken %d\n", round))
				if _, _, err := repairAll(books[1]); err != nil {
					t.Errorf("repair: %v", err)
				}
			}
			status, _, err := sealAll(sealer)
			if err != nil && !errors.Is(err, errRewritten) { // in replace mode each append is another file
				t.Errorf("seal: %v", err)
			}
			sealed += strings.Count(status, "sealed")
		}
		stop.Store(true)
		work.Wait()
		wantFinally := "sealed"
		if got, list, err := sealAll(sealer); err != nil || got != wantFinally && got != "unchanged" {
			t.Errorf("in the end: %s, %v, %v", got, err, list)
		}
		if got, want := strings.SplitN(sumsFile(t, dir), "\n", 4), strings.SplitN(sumsOf(dayFile(t, dir, testDay)), "\n", 4); !slices.Equal(got[:3], want[:3]) {
			t.Errorf("SHA256SUMS\n got %q\nwant %q", got, want)
		}
		if sealed == 0 && settings == nil {
			t.Error("the day was never sealed while others wrote")
		}
	}
}

// TestSealMeetsForeignWriter: a day file that another one replaces while it is hashed is looked at again.
func TestSealMeetsForeignWriter(t *testing.T) {
	skipIfPinned(t)
	dir := killtest.TempDir(t)
	mustAppend(t, open(t, dir, nil), lineOf("a"))
	b, fs := openFaulty(t, dir, nil)
	met := 0
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.String() == "lock book.lock" && met == 0 {
			met++
			name := filepath.Join(dir, testDay, "events.json")
			try(t, os.WriteFile(name+".new", []byte(lineOf("b")+"\n"), 0o644))
			try(t, os.Rename(name+".new", name))
			try(t, os.Remove(filepath.Join(dir, testDay, "events.mark")))
		}
		return faultfs.Fault{}
	}
	wantSeal(t, b, "sealed")
	if got, want := sumsFile(t, dir), sumsOf(lineOf("b")+"\n"); got != want || met != 1 {
		t.Errorf("SHA256SUMS\n got %s\nwant %s", got, want)
	}
}

// TestSealRefused: a held lock and a full disk leave no SHA256SUMS.
func TestSealRefused(t *testing.T) {
	dir := killtest.TempDir(t)
	fs := &faultfs.FS{Under: durable.OS()}
	b, err := OpenOn(fs, dir, &Options{LockTimeout: time.Millisecond})
	try(t, err)
	t.Cleanup(func() { b.Close() })
	mustAppend(t, b, lineOf("a"))
	other := open(t, dir, nil)
	release, err := other.writer.exclude(t.Context())
	try(t, err)
	if _, _, err := sealAll(b); !errors.Is(err, ErrLocked) {
		t.Errorf("the lock is held: got %v, want ErrLocked", err)
	}
	release()
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.Op == "write" && strings.HasPrefix(c.Name, "SHA256SUMS") {
			return faultfs.Fault{Err: faultfs.ENOSPC}
		}
		return faultfs.Fault{}
	}
	if _, _, err := sealAll(b); !IsFull(err) {
		t.Errorf("no room: got %v", err)
	}
	if got := sumsFile(t, dir); got != "" {
		t.Errorf("SHA256SUMS: got %q", got)
	}
	checkNoTemp(t, dir)
}
