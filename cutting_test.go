package daybook

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"daybook/internal/faultfs"
)

// TestCutWhileAppending: another program cuts the day file, without the lock, at any call of an append: below the mark
// or at it, at a line's end or within one. It is never a panic; what is acknowledged is there after a repair, once.
func TestCutWhileAppending(t *testing.T) {
	three := lineOf("a") + "\n" + lineOf("b") + "\n" + lineOf("c") + "\n"
	for _, write := range []string{WriteAppend, WriteReplace} {
		for _, size := range []int{0, 10, len(three) / 3, len(three) - 1} {
			for at, more := 1, true; more; at++ {
				synctest.Test(t, func(t *testing.T) { more = cutAppend(t, write, three, size, at) }) // retries take no time
			}
		}
	}
}

// cutAppend has the day file cut to size bytes at a call of an append, and reports whether that was before the append
// has written.
func cutAppend(t *testing.T, write, lines string, size, at int) bool {
	dir := t.TempDir()
	book := open(t, dir, &Options{Settings: &Settings{Write: write}})
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		mustAppend(t, book, line)
	}
	book.Close()
	name := filepath.Join(dir, testDay, "events.json")
	calls, written := 0, false
	fsys := &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
		written = written || c.Op == "write" && c.Name == "events.json" || c.Op == "rename"
		if calls++; calls == at && !written {
			if err := os.Truncate(name, int64(size)); err != nil {
				t.Error(err)
			}
		}
		return faultfs.Fault{}
	}}
	what := fmt.Sprintf("%s, cut to %d at call %d", write, size, at)
	again, err := OpenOn(fsys, dir, nil)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer again.Close()
	stored := []string{"e"}
	if _, err := again.Append(t.Context(), parse(t, lineOf("d"))); err == nil {
		stored = append(stored, "d")
	}
	before := calls >= at
	mustAppend(t, again, lineOf("e"))
	for _, err := range again.Repair(t.Context(), Query{}) {
		if err != nil {
			t.Errorf("%s: repair: %v", what, err)
		}
	}
	data := dayFile(t, dir, testDay)
	for _, id := range stored {
		if strings.Count(data, lineOf(id)+"\n") != 1 {
			t.Errorf("%s: %s was acknowledged; there is %q", what, id, data)
		}
	}
	return before
}

// TestReadWhileCutBack: readers go on while a writer writes a line and cuts it back, as one does whose disk is full.
func TestReadWhileCutBack(t *testing.T) {
	dir := t.TempDir()
	book := open(t, dir, nil)
	mustAppend(t, book, lineOf("a"))
	day := book.DayOf(parse(t, lineOf("a")).Time())
	name := filepath.Join(dir, testDay, "events.json")
	size := int64(len(dayFile(t, dir, testDay)))
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, stop := context.WithCancel(t.Context())
	var cutter sync.WaitGroup
	cutter.Go(func() {
		for ctx.Err() == nil {
			if _, err := f.WriteAt([]byte(strings.Repeat("x", 200)), size); err != nil {
				t.Error(err)
			}
			if err := f.Truncate(size); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2000 {
		n := 0
		for _, err := range book.DayEvents(t.Context(), day, 0) {
			if err == nil {
				n++
			} else if !isDamage(err) {
				t.Fatal(err)
			}
		}
		if n != 1 {
			t.Fatalf("%d events", n)
		}
		if _, err := book.DaySize(day); err != nil {
			t.Fatal(err)
		}
		if _, err := book.Durable(day); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	cutter.Wait()
}
