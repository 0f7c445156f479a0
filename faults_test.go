package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

const testDay = "1999-11-08" // in the past of a synctest bubble too

// openFaulty opens a book on a file system whose calls can be made to fail.
func openFaulty(t *testing.T, dir string, opts *Options) (*Book, *faultfs.FS) {
	t.Helper()
	fs := &faultfs.FS{Under: durable.OS()}
	b, err := OpenOn(fs, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	fs.Calls()
	return b, fs
}

// failOnce makes the nth call like want fail from now on.
func failOnce(fs *faultfs.FS, want string, nth int, f faultfs.Fault) {
	seen := 0
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.String() == want {
			if seen++; seen == nth {
				return f
			}
		}
		return faultfs.Fault{}
	}
}

func failAlways(fs *faultfs.FS, want string, err error) {
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.String() == want {
			return faultfs.Fault{Err: err}
		}
		return faultfs.Fault{}
	}
}

func writeDay(t *testing.T, dir, contents string) string {
	t.Helper()
	name := filepath.Join(dir, testDay, "events.json")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(contents), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, SettingsName)); err != nil { // nobody guesses them where there are days
		writeSettings(t, dir, `{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append"}`)
	}
	return name
}

// TestAppendCallOrder holds promises 1, 3, 4 and 9: what is written, synced and marked, and in which order.
func TestAppendCallOrder(t *testing.T) {
	b, fs := openFaulty(t, t.TempDir(), nil)
	mustAppend(t, b, lineOf("a"))
	book := filepath.Base(b.Dir())
	want := []string{
		"create book.turn", "create book.lock", "syncdir " + filepath.Base(filepath.Dir(b.Dir())), "mkdir " + testDay,
		"syncdir " + book, "create events.json", "create events.mark", "write events.mark", "syncdir " + testDay,
		"write events.json", "sync events.json", "write events.mark",
	}
	if got := fs.Calls(); fmt.Sprint(got) != fmt.Sprint(want) {
		// Making the book has opened the lock files already.
		if fmt.Sprint(got) != fmt.Sprint(want[2:]) {
			t.Errorf("first append of a day\n got %q\nwant %q", got, want)
		}
	}
	mustAppend(t, b, lineOf("b"))
	want = []string{"write events.json", "sync events.json", "write events.mark"}
	if got := fs.Calls(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("next append\n got %q\nwant %q", got, want)
	}
	mustAppend(t, b, lineOf("a"))
	if got := fs.Calls(); len(got) != 0 {
		t.Errorf("a duplicate whose copy is durable\n got %q, want no call", got)
	}
}

// TestDuplicateOfAnUnsyncedLine holds promise 1: a duplicate is acknowledged only when the stored copy is durable.
func TestDuplicateOfAnUnsyncedLine(t *testing.T) {
	dir := t.TempDir()
	mustAppend(t, open(t, dir, &Options{Sync: SyncNone}), lineOf("a"))
	b, fs := openFaulty(t, dir, nil)
	failAlways(fs, "sync events.json", faultfs.ENOSPC)
	if _, err := b.Append(t.Context(), parse(t, lineOf("a"))); !errors.Is(err, faultfs.ENOSPC) {
		t.Errorf("duplicate that cannot be synced: got %v, want ENOSPC", err)
	}
	fs.Fault = nil
	fs.Calls()
	if pos := mustAppend(t, b, lineOf("a")); !pos.Duplicate {
		t.Errorf("got %+v, want a duplicate", pos)
	}
	// The bytes beyond the mark are written once more: an earlier sync may have failed and dropped them.
	// Without a sync yet, the names are not known to be durable either.
	book := filepath.Base(dir)
	want := []string{
		"create events.mark", "write events.json", "sync events.json", "syncdir " + testDay, "syncdir " + book, "write events.mark",
	}
	if got := fs.Calls(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("calls\n got %q\nwant %q", got, want)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"; got != want {
		t.Errorf("day file\n got %s want %s", got, want)
	}
}

// TestFailedWriteIsRetried holds promise 6, for every call of an append, failed with and without effect.
func TestFailedWriteIsRetried(t *testing.T) {
	for _, call := range []string{
		"mkdir " + testDay, "create events.json", "create events.mark", "syncdir " + testDay,
		"write events.json", "sync events.json", "truncate events.json", "stat events.json",
	} {
		for _, applied := range []bool{false, true} {
			for _, first := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s applied=%v first=%v", call, applied, first), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						dir := t.TempDir()
						b, fs := openFaulty(t, dir, nil)
						want := lineOf("b") + "\n"
						if !first {
							mustAppend(t, b, lineOf("a"))
							want = lineOf("a") + "\n" + want
						}
						failOnce(fs, call, 1, faultfs.Fault{Err: faultfs.EIO, Applied: applied, Part: 10})
						mustAppend(t, b, lineOf("b"))
						fs.Fault = nil
						if got := dayFile(t, dir, testDay); got != want {
							t.Errorf("day file\n got %q\nwant %q", got, want)
						}
						if pos := mustAppend(t, b, lineOf("b")); !pos.Duplicate {
							t.Errorf("appended again: got %+v, want a duplicate", pos)
						}
						b.Close()
					})
				})
			}
		}
	}
}

// TestFailedSyncWritesAgain holds promise 6: after a failed sync the bytes are written again before the next one, or they
// would be acknowledged although the system has dropped them.
func TestFailedSyncWritesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b, fs := openFaulty(t, dir, nil)
		mustAppend(t, b, lineOf("a"))
		fs.Calls()
		failOnce(fs, "sync events.json", 1, faultfs.Fault{Err: faultfs.EIO})
		began := time.Now()
		mustAppend(t, b, lineOf("b"))
		want := []string{
			"write events.json", "sync events.json", "write events.mark", "truncate events.json", // the first attempt
			"create events.mark", "write events.json", "sync events.json", "write events.mark",
		}
		if got := fs.Calls(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("calls\n got %q\nwant %q", got, want)
		}
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("the first retry came after %v, want 100ms", took)
		}
		b.Close()
	})
}

// TestFailedSyncIsMadeGood holds promise 6: after a failed write or sync nobody goes on without a sync, in whatever mode
// and process, until one has succeeded: what was cut back may still be on the disk, in the place of what is read.
func TestFailedSyncIsMadeGood(t *testing.T) {
	for fails, nth := range map[string]int{"write events.json": 2, "sync events.json": 1} { // the first write is of a and d
		dir := t.TempDir()
		b, fs := openFaulty(t, dir, &Options{Sync: SyncNone})
		mustAppend(t, b, lineOf("a"))
		other, faulty := openFaulty(t, dir, nil)
		failOnce(faulty, fails, nth, faultfs.Fault{Err: faultfs.ENOSPC})
		if _, err := other.Append(t.Context(), parse(t, lineOf("b"))); !errors.Is(err, faultfs.ENOSPC) {
			t.Fatalf("%s fails: got %v, want ENOSPC", fails, err)
		}
		other.Close()
		fs.Calls()
		if pos := mustAppend(t, b, lineOf("c")); pos.Duplicate {
			t.Errorf("%s fails: got %+v, want it stored", fails, pos)
		}
		got, want := fs.Calls(), []string{"write events.json", "write events.json", "sync events.json", "write events.mark"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s fails: the next append without sync makes\n got %q\nwant %q", fails, got, want)
		}
		mustAppend(t, b, lineOf("d"))
		if got := fmt.Sprint(fs.Calls()); got != "[write events.json]" {
			t.Errorf("%s fails: the one after that makes %v", fails, got)
		}
		// A duplicate too: what is read of the stored copy may be all there is of it.
		other, faulty = openFaulty(t, dir, nil)
		failOnce(faulty, fails, nth, faultfs.Fault{Err: faultfs.ENOSPC})
		if _, err := other.Append(t.Context(), parse(t, lineOf("b"))); !errors.Is(err, faultfs.ENOSPC) {
			t.Fatalf("%s fails: got %v, want ENOSPC", fails, err)
		}
		other.Close()
		fs.Calls()
		if pos := mustAppend(t, b, lineOf("d")); !pos.Duplicate {
			t.Errorf("%s fails: got %+v, want a duplicate", fails, pos)
		}
		if got := fmt.Sprint(fs.Calls()); !strings.HasSuffix(got, "sync events.json write events.mark]") {
			t.Errorf("%s fails: a duplicate is acknowledged after %v, want a sync", fails, got)
		}
		b.Close()
	}
}

func TestRetriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, fs := openFaulty(t, t.TempDir(), nil)
		failAlways(fs, "sync events.json", faultfs.EIO)
		began := time.Now()
		_, err := b.Append(t.Context(), parse(t, lineOf("a")))
		if took := time.Since(began); !errors.Is(err, faultfs.EIO) || took != 800*time.Millisecond {
			t.Errorf("got %v after %v, want EIO after 100+200+500 ms", err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		began = time.Now()
		_, err = b.Append(ctx, parse(t, lineOf("a")))
		if took := time.Since(began); !errors.Is(err, faultfs.EIO) || took != 150*time.Millisecond {
			t.Errorf("with a context of 150 ms: got %v after %v, want EIO then", err, took)
		}
		fs.Fault = nil
		if pos := mustAppend(t, b, lineOf("a")); pos.Duplicate { // cut back
			t.Errorf("after the fault: got %+v, want it stored", pos)
		}
		b.Close()
	})
}

// TestFullDisk holds promise 6: a full disk is reported at once, leaves no trace, and the book goes on afterwards.
func TestFullDisk(t *testing.T) {
	for _, errno := range []error{faultfs.ENOSPC, faultfs.EDQUOT, faultfs.EFBIG, faultfs.EROFS} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			var log bytes.Buffer
			b, fs := openFaulty(t, dir, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			mustAppend(t, b, lineOf("a"))
			failOnce(fs, "write events.json", 1, faultfs.Fault{Err: errno, Part: 17})
			began := time.Now()
			_, err := b.Append(t.Context(), parse(t, lineOf("b")))
			if !errors.Is(err, errno) || time.Since(began) != 0 {
				t.Errorf("%v: got %v after %v, want it at once", errno, err, time.Since(began))
			}
			if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"; got != want {
				t.Errorf("%v: day file\n got %q\nwant %q", errno, got, want)
			}
			if errno != faultfs.EROFS && !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("%v: the log says %q, want an error", errno, log.String())
			}
			if pos := mustAppend(t, b, lineOf("b")); pos.Duplicate {
				t.Errorf("%v: afterwards: got %+v", errno, pos)
			}
			b.Close()
		})
	}
}

func TestTornTail(t *testing.T) {
	a, b := lineOf("a")+"\n", lineOf("b")
	for _, c := range []struct {
		name, before  string
		after, piece  string // piece: what is put into quarantine
		duplicateOfB  bool
		wantConflicts bool
	}{
		{"nothing torn", a, a + b + "\n", "", false, false},
		{"half a line", a + b[:30], a + b + "\n", b[:30], false, false},
		{"one byte", a + "{", a + b + "\n", "{", false, false},
		{"only half a line", b[:30], b + "\n", b[:30], false, false},
		{"no newline", a + b, a + b + "\n", "", true, false},
		{"NULs", a + "\x00\x00\x00\x00", a + b + "\n", "\x00\x00\x00\x00", false, false},
		{"a long tear", a + `{"event_id":"` + strings.Repeat("x", 600_000), a + b + "\n", `{"event_id":"` + strings.Repeat("x", 600_000), false, false},
		{"cut inside a character", a + "{\"event_id\":\"\xe5\xad", a + b + "\n", "{\"event_id\":\"\xe5\xad", false, false},
		{"damage before the end stays", "{\"event_id\":\"b\",\n" + a, "{\"event_id\":\"b\",\n" + a + b + "\n", "", false, false},
		{"glued lines stay", b[:20] + a + a, b[:20] + a + a + b + "\n", "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeDay(t, dir, c.before)
			book := open(t, dir, nil)
			if pos := mustAppend(t, book, b); pos.Duplicate != c.duplicateOfB {
				t.Errorf("append of b: got %+v, want duplicate %v", pos, c.duplicateOfB)
			}
			if got := dayFile(t, dir, testDay); got != c.after {
				t.Errorf("day file\n got %q\nwant %q", got, c.after)
			}
			raw, err := filepath.Glob(filepath.Join(dir, testDay, "quarantine", "*.raw"))
			if err != nil {
				t.Fatal(err)
			}
			var piece []byte
			for _, name := range raw {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				piece = append(piece, data...)
				note, err := os.ReadFile(strings.TrimSuffix(name, "raw") + "json")
				if want := fmt.Sprintf(`"offset":%d,"length":%d,`, len(c.before)-len(c.piece), len(c.piece)); err != nil ||
					!strings.Contains(string(note), want) {
					t.Errorf("note: got %s, %v, want %s in it", note, err, want)
				}
			}
			if string(piece) != c.piece {
				t.Errorf("quarantine: got %d bytes, want the %d that were cut off", len(piece), len(c.piece))
			}
		})
	}
}

// TestQuarantineComesFirst holds promise 5: bytes are cut off only when they are durable elsewhere.
func TestQuarantineComesFirst(t *testing.T) {
	dir := t.TempDir()
	torn := lineOf("a") + "\n{\"event"
	b, fs := openFaulty(t, dir, nil)
	writeDay(t, dir, torn)
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.Op == "rename" && strings.HasSuffix(c.Name, ".raw") {
			return faultfs.Fault{Err: faultfs.ENOSPC}
		}
		return faultfs.Fault{}
	}
	if _, err := b.Append(t.Context(), parse(t, lineOf("b"))); !IsFull(err) {
		t.Errorf("append: got %v, want a full disk", err)
	}
	if got := dayFile(t, dir, testDay); got != torn {
		t.Errorf("day file\n got %q\nwant it untouched", got)
	}
}

// TestFileReplacedBySomebody holds promise 3: path and open file are the same before every write.
func TestFileReplacedBySomebody(t *testing.T) {
	a, b := lineOf("a")+"\n", lineOf("b")+"\n"
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   string
		again  bool // whether "a" is a duplicate afterwards
	}{
		{"by rename", func(dir string) error {
			name := filepath.Join(dir, testDay, "events.json")
			if err := os.WriteFile(name+".new", []byte(b), 0o644); err != nil {
				return err
			}
			return os.Rename(name+".new", name)
		}, b + a, false},
		{"day removed", func(dir string) error { return os.RemoveAll(filepath.Join(dir, testDay)) }, a, false},
		{"file removed", func(dir string) error { return os.Remove(filepath.Join(dir, testDay, "events.json")) }, a, false},
		{"mark removed", func(dir string) error { return os.Remove(filepath.Join(dir, testDay, "events.mark")) }, a, true},
		{"cut to nothing", func(dir string) error { return os.Truncate(filepath.Join(dir, testDay, "events.json"), 0) }, a, false},
		{"cut inside a line", func(dir string) error {
			return os.Truncate(filepath.Join(dir, testDay, "events.json"), int64(len(a)-5))
		}, a, false},
		{"rewritten in place", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, testDay, "events.json"), []byte(strings.Replace(a, "a", "b", 1)[:len(a)-1]+" "), 0o644)
		}, strings.Replace(a, "a", "b", 1)[:len(a)-1] + " \n" + a, false},
		{"book removed", func(dir string) error { return os.RemoveAll(dir) }, a, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "book")
			book := open(t, dir, nil)
			mustAppend(t, book, lineOf("a"))
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			if pos := mustAppend(t, book, lineOf("a")); pos.Duplicate != c.again {
				t.Errorf("append: got %+v, want duplicate %v", pos, c.again)
			}
			if got := dayFile(t, dir, testDay); got != c.want {
				t.Errorf("day file\n got %q\nwant %q", got, c.want)
			}
			if again, err := Open(dir, &Options{MustExist: true}); err != nil {
				t.Errorf("it is no book any more: %v", err)
			} else if err := again.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMark holds promise 4: what a mark of any kind lets be believed.
func TestMark(t *testing.T) {
	dir := t.TempDir()
	mustAppend(t, open(t, dir, nil), lineOf("a"))
	good, err := os.ReadFile(filepath.Join(dir, testDay, "events.mark"))
	if err != nil {
		t.Fatal(err)
	}
	for name, mark := range map[string]string{
		"good": string(good), "missing": "", "torn": string(good[:20]), "garbage": strings.Repeat("x", len(good)),
		"checksum": strings.Replace(string(good), "v1: ", "v1:  ", 1)[:len(good)],
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, testDay, "events.mark"), []byte(mark), 0o644); err != nil {
				t.Fatal(err)
			}
			b, fs := openFaulty(t, dir, nil)
			if pos := mustAppend(t, b, lineOf("a")); !pos.Duplicate {
				t.Errorf("got %+v, want a duplicate", pos)
			}
			synced := strings.Contains(fmt.Sprint(fs.Calls()), "sync events.json")
			if synced != (name != "good") {
				t.Errorf("synced before the duplicate was acknowledged: got %v", synced)
			}
			now, err := os.ReadFile(filepath.Join(dir, testDay, "events.mark"))
			if err != nil || !bytes.Equal(now, good) {
				t.Errorf("mark afterwards: got %q, %v, want %q", now, err, good)
			}
		})
	}
	t.Run("of other bytes", func(t *testing.T) {
		name := filepath.Join(dir, testDay, "events.json")
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("["), 0); err != nil { // damaged behind the book's back: the line holds nothing
			t.Fatal(err)
		}
		f.Close()
		if pos := mustAppend(t, open(t, dir, nil), lineOf("a")); pos.Duplicate {
			t.Errorf("got %+v, want it stored", pos)
		}
	})
}

func TestLockHeldBySomebody(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, &Options{LockTimeout: 20 * time.Millisecond})
	mustAppend(t, b, lineOf("a"))
	lock := durable.NewLock(durable.OS(), filepath.Join(dir, "book.lock"), "")
	defer lock.Close()
	if err := lock.Acquire(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Append(t.Context(), parse(t, lineOf("b"))); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"; got != want {
		t.Errorf("day file\n got %q\nwant %q", got, want)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, b, lineOf("b"))
}

// TestLockLimitHoldsForAll: who waits behind another for the lock waits no longer than the limit, either.
func TestLockLimitHoldsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, t.TempDir(), nil)
		mustAppend(t, b, lineOf("a"))
		lock := durable.NewLock(durable.OS(), filepath.Join(b.Dir(), "book.lock"), "")
		defer lock.Close()
		if err := lock.Acquire(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond) // in the bubble: no time passes
				_, err := b.Append(t.Context(), parse(t, lineOf(fmt.Sprint(i))))
				waited := time.Since(began) - time.Duration(i)*100*time.Millisecond
				if !errors.Is(err, ErrLocked) || waited < 4790*time.Millisecond || waited > 4860*time.Millisecond {
					t.Errorf("append %d: got %v after %v, want ErrLocked after 4.8 s", i, err, waited)
				}
			})
		}
		wg.Wait()
		if err := lock.Release(); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, b, lineOf("b"))
		b.Close()
	})
}

// TestLockIsTriedAgain: story 11.2's limit is a second; a lock that is held for longer is tried again, three times after
// its pauses.
func TestLockIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, t.TempDir(), nil)
		lock := durable.NewLock(durable.OS(), filepath.Join(b.Dir(), "book.lock"), "")
		defer lock.Close()
		if err := lock.Acquire(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		released := make(chan struct{})
		time.AfterFunc(4500*time.Millisecond, func() {
			lock.Release()
			close(released)
		})
		mustAppend(t, b, lineOf("a"))
		<-released
		b.Close()
	})
}

// TestCrowdOfBooks: of many that append one event each at the same moment, each has stored it well within the limit,
// once, although each commit takes 5 ms (promise 3).
func TestCrowdOfBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowd = 400
		disk := faultfs.NewDisk(1)
		var all sync.WaitGroup
		began := time.Now()
		for i := range crowd {
			all.Go(func() {
				p := disk.Process()
				b, err := OpenOn(&faultfs.FS{Under: p, Fault: func(c faultfs.Call) faultfs.Fault {
					if c.Op == "write" && c.Name == "events.json" {
						time.Sleep(5 * time.Millisecond) // in the bubble: no time passes
					}
					return faultfs.Fault{}
				}}, "/book", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := b.Append(t.Context(), parse(t, lineOf(fmt.Sprint(i)))); err != nil {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
				b.Close()
			})
		}
		all.Wait()
		b, err := OpenOn(disk.Process(), "/book", nil)
		if err != nil {
			t.Fatal(err)
		}
		stored := make(map[string]int)
		for e, err := range b.Events(t.Context(), Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			stored[e.ID()]++
		}
		for i := range crowd {
			if n := stored[fmt.Sprint(i)]; n != 1 {
				t.Errorf("event %d is there %d times", i, n)
			}
		}
		b.Close()
	})
}

// TestRewrittenInPlace: a running appender notices that its index does not fit the file any more.
func TestRewrittenInPlace(t *testing.T) {
	a, b, c := lineOf("a")+"\n", lineOf("b")+"\n", lineOf("c")+"\n"
	for name, contents := range map[string]string{"one more before": c + a + b, "in another order": b + a, "the last one stays": b + a + c} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			book := open(t, dir, nil)
			mustAppend(t, book, lineOf("a"))
			mustAppend(t, book, lineOf("b"))
			if strings.HasSuffix(contents, c) {
				mustAppend(t, book, lineOf("c"))
			}
			f, err := os.OpenFile(filepath.Join(dir, testDay, "events.json"), os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(contents); err != nil {
				t.Fatal(err)
			}
			f.Close()
			for _, id := range []string{"a", "b"} {
				if pos := mustAppend(t, book, lineOf(id)); !pos.Duplicate {
					t.Errorf("append of %s: got %+v, want a duplicate", id, pos)
				}
			}
			if got := dayFile(t, dir, testDay); got != contents {
				t.Errorf("day file\n got %q\nwant %q", got, contents)
			}
		})
	}
}

// TestCutIsReported holds promise 7: durable bytes that have gone are reported, to the log and by Verify, before the next
// append makes the file whole again.
func TestCutIsReported(t *testing.T) {
	for name, cut := range map[string]func(file string) error{
		"to nothing": func(file string) error { return os.Truncate(file, 0) },
		"a line":     func(file string) error { return os.Truncate(file, int64(len(lineOf("a"))+1)) },
		"replaced": func(file string) error {
			if err := os.WriteFile(file+".new", nil, 0o644); err != nil {
				return err
			}
			return os.Rename(file+".new", file)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			book := open(t, dir, nil)
			mustAppend(t, book, lineOf("a"))
			mustAppend(t, book, lineOf("b"))
			if err := cut(filepath.Join(dir, testDay, "events.json")); err != nil {
				t.Fatal(err)
			}
			found := 0
			for f, err := range book.Verify(t.Context(), Query{}) {
				if err != nil || f.Problem != ProblemCut {
					t.Errorf("verify: %v, %v", f, err)
				}
				found++
			}
			if found != 1 {
				t.Errorf("verify finds %d problems, want 1", found)
			}
			var log bytes.Buffer
			mustAppend(t, open(t, dir, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}), lineOf("c"))
			if !strings.Contains(log.String(), "have been cut off") {
				t.Errorf("log: %q", log.String())
			}
		})
	}
}

// TestSameEventInAnotherSpelling: a line that another program wrote, with white space and CRLF, is the same event.
func TestSameEventInAnotherSpelling(t *testing.T) {
	dir := t.TempDir()
	contents := "{\"n\": 1, \"timestamp\": \"1999-11-08T14:32:15Z\", \"event_id\": \"a\"}\r\n"
	writeDay(t, dir, contents)
	if pos := mustAppend(t, open(t, dir, nil), lineOf("a")); !pos.Duplicate || pos.Length != len(contents) {
		t.Errorf("got %+v, want a duplicate of %d bytes", pos, len(contents))
	}
}

// TestCancelled holds promise 8: nothing is stored when the context ends before the group is taken; afterwards Append waits.
func TestCancelled(t *testing.T) {
	dir := t.TempDir()
	b, fs := openFaulty(t, dir, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Append(ended, parse(t, lineOf("a"))); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before: got %v", err)
	}
	// The first append is held in its sync; the second waits in the queue, is cancelled there and leaves no trace; the
	// third waits, too, and is stored.
	inSync, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.String() == "sync events.json" {
			once.Do(func() { close(inSync); <-goOn })
		}
		return faultfs.Fault{}
	}
	var wg sync.WaitGroup
	first, cancelFirst := context.WithCancel(t.Context())
	wg.Go(func() {
		if _, err := b.Append(first, parse(t, lineOf("first"))); err != nil {
			t.Errorf("first: %v", err)
		}
	})
	select {
	case <-inSync:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is synced")
	}
	cancelFirst() // too late: it is being committed
	second, cancelSecond := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := b.Append(second, parse(t, lineOf("second")))
		done <- err
	}()
	waitQueued(b, 1)
	wg.Go(func() {
		if _, err := b.Append(context.Background(), parse(t, lineOf("third"))); err != nil {
			t.Errorf("third: %v", err)
		}
	})
	waitQueued(b, 2)
	cancelSecond()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("second: got %v, want context.Canceled while the first is still being committed", err)
	}
	close(goOn)
	wg.Wait()
	if got, want := dayFile(t, dir, testDay), lineOf("first")+"\n"+lineOf("third")+"\n"; got != want {
		t.Errorf("day file\n got %q\nwant %q", got, want)
	}
}

// waitQueued returns when n requests wait in the book's queue.
func waitQueued(b *Book, n int) {
	for {
		b.queue.mu.Lock()
		got := len(b.queue.waiting)
		b.queue.mu.Unlock()
		if got == n {
			return
		}
	}
}

func TestSyncInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, fs := openFaulty(t, t.TempDir(), &Options{Sync: SyncInterval})
		mustAppend(t, b, lineOf("a"))
		if got := fmt.Sprint(fs.Calls()); strings.Contains(got, " sync events.json") {
			t.Errorf("synced at once: %v", got)
		}
		time.Sleep(1100 * time.Millisecond) // in the bubble: no time passes
		synctest.Wait()
		if got, want := fmt.Sprint(fs.Calls()), "[write events.json sync events.json write events.mark]"; got != want {
			t.Errorf("after a second: got %v, want %v", got, want)
		}
		mustAppend(t, b, lineOf("b"))
		fs.Calls()
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(fs.Calls()); !strings.Contains(got, "sync events.json") {
			t.Errorf("Close: got %v, want a sync", got)
		}
		if _, err := b.Append(t.Context(), parse(t, lineOf("c"))); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: got %v, want ErrClosed", err)
		}
		if err := b.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

// TestSyncIntervalGoesOn: a sync fails, and memory forgets what was to be synced. What is there is read anew, and the
// next sync succeeds.
func TestSyncIntervalGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b, fs := openFaulty(t, dir, &Options{Sync: SyncInterval})
		failOnce(fs, "sync events.json", 1, faultfs.Fault{Err: faultfs.EIO})
		mustAppend(t, b, lineOf("a"))
		time.Sleep(1100 * time.Millisecond) // in the bubble: no time passes
		synctest.Wait()
		mustAppend(t, b, lineOf("b"))
		data := []byte(dayFile(t, dir, testDay))
		clear(data[:8])
		if err := os.WriteFile(filepath.Join(dir, testDay, "events.json"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		fs.Calls()
		time.Sleep(2100 * time.Millisecond) // in the bubble: no time passes
		synctest.Wait()
		got := fmt.Sprint(fs.Calls())
		if !strings.Contains(got, " sync events.json") || !strings.HasSuffix(got, "write events.mark]") {
			t.Errorf("two seconds later: %v, want a sync", got)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSlowAppendIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b, fs := openFaulty(t, t.TempDir(), &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		mustAppend(t, b, lineOf("a"))
		if log.Len() > 0 {
			t.Errorf("log of a quick append: %s", log.String())
		}
		fs.Fault = func(c faultfs.Call) faultfs.Fault {
			if c.String() == "sync events.json" {
				time.Sleep(6 * time.Millisecond) // in the bubble: no time passes
			}
			return faultfs.Fault{}
		}
		mustAppend(t, b, lineOf("b"))
		if !strings.Contains(log.String(), "slow append") {
			t.Errorf("log of an append of 6 ms: got %q", log.String())
		}
		b.Close()
	})
}

// failingView fails whenever it is called.
type failingView struct{ posts int }

func (*failingView) Name() string                      { return "failing" }
func (*failingView) Open(context.Context, *Book) error { return io.ErrUnexpectedEOF }
func (v *failingView) Post(context.Context, Day) error { v.posts++; return io.ErrUnexpectedEOF }
func (*failingView) Close() error                      { return nil }

func TestFailingViewHarmsNoAppend(t *testing.T) {
	var log bytes.Buffer
	v := &failingView{}
	b := open(t, t.TempDir(), &Options{Views: []View{v}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	mustAppend(t, b, lineOf("a"))
	if v.posts != 1 || !strings.Contains(log.String(), "view is behind") {
		t.Errorf("posts %d, log %q", v.posts, log.String())
	}
}

func writeSettings(t *testing.T, dir, contents string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, SettingsName), []byte(contents), 0o644); err != nil {
		t.Fatal(err)
	}
}
