package daybook

import (
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

	"daybook/internal/faultfs"
)

// dayLine is an event of a day.
func dayLine(day, id string) string {
	return fmt.Sprintf(`{"event_id":%q,"timestamp":"%sT00:00:00Z"}`, id, day)
}

// followed is what Follow yields as text, up to its end, and the last token.
func followed(t *testing.T, b *Book, from Token, opts *FollowOptions) (list []string, last Token) {
	t.Helper()
	last = from
	for e, err := range b.Follow(t.Context(), from, opts) {
		if last = e.Token; err != nil {
			list = append(list, err.Error())
			continue
		}
		list = append(list, e.Event.ID())
	}
	return list, last
}

// once follows what there is, without a sync.
func once() *FollowOptions { return &FollowOptions{Once: true, Settle: -1} }

func wantList(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestFollowGoesOn(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	for _, line := range []string{dayLine("1999-11-08", "b1"), dayLine("1999-11-07", "a1"), dayLine("1999-11-08", "b2")} {
		mustAppend(t, b, line)
	}
	list, last := followed(t, b, Token{}, once())
	wantList(t, "all", list, "a1", "b1", "b2")
	list, again := followed(t, b, last, once())
	wantList(t, "again", list)
	mustAppend(t, b, dayLine("1999-11-07", "a2")) // late
	mustAppend(t, b, dayLine("1999-11-06", "z1")) // later
	mustAppend(t, b, dayLine("1999-11-08", "b3"))
	list, _ = followed(t, b, again, once())
	wantList(t, "what has come since", list, "z1", "a2", "b3")
	list, _ = followed(t, b, TokenFrom(mustDay(t, "1999-11-08")), once())
	wantList(t, "from a day on", list, "b1", "b2", "b3")
	end, err := b.End(t.Context())
	try(t, err)
	mustAppend(t, b, dayLine("1999-11-07", "a3"))
	list, last = followed(t, b, end, once())
	wantList(t, "from the end on", list, "a3")
	if now, err := b.End(t.Context()); err != nil || now.String() != last.String() {
		t.Errorf("the end is %v, %v, want what the last event's token says: %s", now, err, last)
	}
	for e, err := range b.Follow(t.Context(), Token{}, once()) { // each token goes on behind its event
		try(t, err)
		rest, _ := followed(t, b, e.Token, once())
		all := []string{"z1", "a1", "a2", "a3", "b1", "b2", "b3"}
		wantList(t, "after "+e.Event.ID(), rest, all[slices.Index(all, e.Event.ID())+1:]...)
	}
}

// TestFollowTroubles holds what Follow says of a token that does not fit, and that it goes on.
func TestFollowTroubles(t *testing.T) {
	const a, b, c = "1999-11-07", "1999-11-08", "1999-11-09"
	file := func(dir, day string) string { return filepath.Join(dir, day, "events.json") }
	gone := ": it is gone from the book: retired, or removed by somebody"
	other := ": it is no longer what was read of it: repaired, cut back, or replaced by somebody"
	for _, test := range []struct {
		name   string
		change func(t *testing.T, dir string, b *Book)
		want   []string
	}{
		{"a day is gone", func(t *testing.T, dir string, _ *Book) {
			try(t, os.RemoveAll(filepath.Join(dir, a)))
		}, []string{a + gone, "new"}},
		{"a day's file is gone", func(t *testing.T, dir string, _ *Book) {
			try(t, os.Remove(file(dir, a)))
		}, []string{a + gone, "new"}},
		{"a day is gone, and has begun anew", func(t *testing.T, dir string, book *Book) {
			try(t, os.RemoveAll(filepath.Join(dir, a)))
			mustAppend(t, book, dayLine(a, "late"))
		}, []string{a + other, "late", "new"}},
		{"a day is repaired", func(t *testing.T, _ string, book *Book) {
			mended(t, book)
		}, []string{b + other, "b1", "b2", "new"}},
		{"a day is cut back", func(t *testing.T, dir string, _ *Book) {
			try(t, os.Truncate(file(dir, a), int64(len(dayLine(a, "a1"))+1)))
		}, []string{a + other, "new"}}, // what is left is not durable, as far as anybody knows
		{"another file, of the same size", func(t *testing.T, dir string, _ *Book) {
			text := dayFile(t, dir, a)
			try(t, os.WriteFile(file(dir, a)+".new", []byte(strings.ReplaceAll(text, `"a1"`, `"x1"`)), 0o644))
			try(t, os.Rename(file(dir, a)+".new", file(dir, a)))
		}, []string{a + other, "new"}},
		{"the mark is gone", func(t *testing.T, dir string, _ *Book) {
			try(t, os.Remove(filepath.Join(dir, a, "events.mark")))
		}, []string{"new"}},
		{"a copy with the same bytes", func(t *testing.T, dir string, _ *Book) {
			text := dayFile(t, dir, a)
			try(t, os.WriteFile(file(dir, a)+".new", []byte(text), 0o644))
			try(t, os.Rename(file(dir, a)+".new", file(dir, a)))
		}, []string{"new"}},
		{"another book", func(t *testing.T, dir string, _ *Book) {
			for _, day := range []string{a, b} {
				try(t, os.RemoveAll(filepath.Join(dir, day)))
			}
		}, []string{"the token is of another book, or of this one and " + a + gone}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			book := open(t, dir, nil)
			for _, line := range []string{dayLine(a, "a1"), dayLine(a, "a2"), dayLine(b, "b1")} {
				mustAppend(t, book, line)
			}
			appendFile(t, file(dir, b), "torn}\n")
			mustAppend(t, book, dayLine(b, "b2"))
			list, last := followed(t, book, Token{}, once())
			damage := file(dir, b) + ": 6 damaged bytes at offset 53: the line must be a JSON object: {…} (at byte 1)"
			wantList(t, "before", list, "a1", "a2", "b1", damage, "b2")
			try(t, book.Close())
			book = open(t, dir, nil)
			mustAppend(t, book, dayLine(c, "new"))
			test.change(t, dir, book)
			list, last = followed(t, book, last, once())
			wantList(t, "then", list, test.want...)
			if strings.HasPrefix(test.want[0], "the token") {
				return
			}
			list, _ = followed(t, book, last, once())
			wantList(t, "again", list)
		})
	}
}

func mended(t *testing.T, b *Book) {
	t.Helper()
	_, _, err := repairAll(b)
	try(t, err)
}

// A day that is repaired while its events are being used is told of, also if there is more of it than is read ahead.
func TestFollowMeetsRepair(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	mustAppend(t, b, dayLine(testDay, "first"))
	appendFile(t, filepath.Join(dir, testDay, "events.json"), "torn}\n")
	var events []Event
	for n := range 40 {
		line := dayLine(testDay, fmt.Sprint(n))
		events = append(events, parse(t, line[:len(line)-1]+`,"pad":"`+strings.Repeat("x", 100_000)+`"}`))
	}
	for _, v := range b.AppendAll(t.Context(), events) {
		try(t, v.Err)
	}
	seen := map[string]int{}
	var rewritten error
	for e, err := range b.Follow(t.Context(), Token{}, once()) {
		switch {
		case errors.Is(err, ErrRewritten):
			rewritten = err
			clear(seen)
		case isDamage(err):
			mended(t, b)
		default:
			try(t, err)
			seen[e.Event.ID()]++
		}
	}
	if rewritten == nil || len(seen) != 41 {
		t.Errorf("told %v; then %d events, want 41", rewritten, len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}

// following is a Follow that runs in a bubble.
type following struct {
	mu   sync.Mutex
	seen map[string]time.Time
	errs []string
	stop func()
}

func startFollowing(t *testing.T, b *Book, from Token, opts *FollowOptions) *following {
	f := &following{seen: map[string]time.Time{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	f.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for e, err := range b.Follow(ctx, from, opts) {
			f.mu.Lock()
			if err != nil {
				f.errs = append(f.errs, err.Error())
			} else {
				f.seen[e.Event.ID()] = time.Now()
			}
			f.mu.Unlock()
		}
	}()
	return f
}

// sees waits until an event has been seen, and holds that this did not take longer than it may.
func (f *following) sees(t *testing.T, id string, within time.Duration) {
	t.Helper()
	began := time.Now()
	time.Sleep(within)
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, ok := f.seen[id]; !ok {
		t.Errorf("%s has not been seen after %v", id, within)
	} else {
		t.Logf("%s was seen after %v", id, at.Sub(began))
	}
}

// TestFollowLatency holds how soon an event is seen, in a book of a year that another process writes to.
func TestFollowLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := faultfs.NewDisk(1)
		var ahead atomic.Int64 // of the bubble's midnight
		ahead.Store(int64(23 * time.Hour))
		opts := &Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}
		b, err := OpenOn(disk.Process(), "/book", opts)
		try(t, err)
		defer b.Close()
		lazy, err := OpenOn(disk.Process(), "/book", &Options{Sync: SyncNone, Now: opts.Now})
		try(t, err)
		defer lazy.Close()
		today := b.DayOf(b.Now())
		for n := range daysOfYear() {
			day := today.Add(-n - 1).String()
			mustAppend(t, b, dayLine(day, "old "+day))
		}
		end, err := b.End(t.Context())
		try(t, err)
		reader, err := OpenOn(disk.Process(), "/book", &Options{MustExist: true, Now: opts.Now})
		try(t, err)
		defer reader.Close()
		f := startFollowing(t, reader, end, nil)
		time.Sleep(followWarm + 10*time.Second)
		for _, test := range []struct {
			id     string
			by     *Book
			day    Day
			within time.Duration
		}{
			{"today", b, today, 200 * time.Millisecond},
			{"today again", b, today, 200 * time.Millisecond},
			{"yesterday", b, today.Add(-1), 200 * time.Millisecond},
			{"tomorrow", b, today.Add(1), 500 * time.Millisecond},
			{"a year ago", b, today.Add(-360), 1200 * time.Millisecond},
			{"a year ago, another day", b, today.Add(-340), 1200 * time.Millisecond},
			{"a year ago, a third day", b, today.Add(-330), 1200 * time.Millisecond},
			{"a year ago, a fourth day", b, today.Add(-320), 1200 * time.Millisecond},
			{"a year ago again", b, today.Add(-360), 200 * time.Millisecond},
			{"a day that was not there", b, today.Add(-600), 500 * time.Millisecond},
			{"without a sync", lazy, today, followSettle + 300*time.Millisecond},
			{"a year ago, without a sync", lazy, today.Add(-361), followSettle + 1300*time.Millisecond},
		} {
			mustAppend(t, test.by, dayLine(test.day.String(), test.id))
			f.sees(t, test.id, test.within)
		}
		time.Sleep(today.Add(1).Start(time.UTC).Sub(b.Now()) + time.Second)
		mustAppend(t, b, dayLine(today.Add(1).String(), "after midnight"))
		f.sees(t, "after midnight", 200*time.Millisecond)
		ahead.Add(int64(20 * 24 * time.Hour))
		mustAppend(t, b, dayLine(today.Add(21).String(), "after weeks"))
		f.sees(t, "after weeks", 300*time.Millisecond)
		f.stop()
		if len(f.errs) > 0 || len(f.seen) != 14 {
			t.Errorf("errors %q; %d events, want 14", f.errs, len(f.seen))
		}
	})
}

// daysOfYear is how many days the book of a year has; fewer with -short.
func daysOfYear() int {
	if testing.Short() {
		return 60
	}
	return 365
}

// TestFollowCost holds how many calls of the file system a second of waiting costs, in a book of a year.
func TestFollowCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := faultfs.NewDisk(1)
		b, err := OpenOn(disk.Process(), "/book", nil)
		try(t, err)
		defer b.Close()
		for n := range daysOfYear() {
			day := b.DayOf(b.Now()).Add(-n).String()
			mustAppend(t, b, dayLine(day, day))
		}
		end, err := b.End(t.Context())
		try(t, err)
		var mu sync.Mutex
		counts, calls := false, map[string]int{}
		disk.Before = func(c faultfs.Call) {
			mu.Lock()
			defer mu.Unlock()
			if counts {
				calls[c.Op]++
			}
		}
		f := startFollowing(t, b, end, nil)
		time.Sleep(followWarm + 10*time.Second)
		mu.Lock()
		counts = true
		mu.Unlock()
		const seconds = 100
		time.Sleep(seconds * time.Second)
		f.stop()
		all := 0
		for op, n := range calls {
			all += n
			if (faultfs.Call{Op: op}).Changes() {
				t.Errorf("%d calls of %s: waiting changes nothing and locks nothing", n, op)
			}
		}
		t.Logf("%d calls in a second: %v in %d", all/seconds, calls, seconds)
		if all/seconds > 450 {
			t.Errorf("%d calls in a second are too many", all/seconds)
		}
	})
}

// TestFollowTakesNoLock: while somebody holds the book's lock, events are followed that are durable.
func TestFollowTakesNoLock(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	mustAppend(t, b, dayLine(testDay, "a"))
	reader, fs := openFaulty(t, dir, &Options{MustExist: true})
	release, err := b.writer.exclude(t.Context())
	try(t, err)
	defer release()
	list, _ := followed(t, reader, Token{}, &FollowOptions{Once: true})
	wantList(t, "all", list, "a")
	if got := fs.Calls(); len(got) > 0 {
		t.Errorf("following calls %q", got)
	}
}

// Events that nobody has synced come when somebody does: a follower that may, or another one.
func TestFollowWhatIsNotDurable(t *testing.T) {
	b := open(t, t.TempDir(), &Options{Sync: SyncNone})
	mustAppend(t, b, dayLine(testDay, "a"))
	list, _ := followed(t, b, Token{}, once())
	wantList(t, "before a sync", list)
	list, last := followed(t, b, Token{}, &FollowOptions{Once: true})
	wantList(t, "with a sync", list, "a")
	mustAppend(t, b, dayLine(testDay, "b"))
	appendFile(t, filepath.Join(b.Dir(), testDay, "events.json"), `{"event_id":"c"`) // somebody is writing it
	list, _ = followed(t, b, last, once())
	wantList(t, "one more before a sync", list)
	end, err := b.End(t.Context()) // has it synced
	try(t, err)
	list, _ = followed(t, b, end, once())
	wantList(t, "behind the end", list)
	list, _ = followed(t, b, last, once())
	wantList(t, "after the sync", list, "b")
}

// A follower that cannot have a day synced says so once, and goes on with what is durable.
func TestFollowCannotSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := faultfs.NewDisk(1)
		b, err := OpenOn(disk.Process(), "/book", &Options{Sync: SyncNone})
		try(t, err)
		defer b.Close()
		var log strings.Builder
		reader, err := OpenOn(disk.Process(), "/book", &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		try(t, err)
		defer reader.Close()
		var mended atomic.Bool
		disk.Fault = func(c faultfs.Call) faultfs.Fault {
			if c.Op == "sync" && !mended.Load() {
				return faultfs.Fault{Err: faultfs.EROFS}
			}
			return faultfs.Fault{}
		}
		f := startFollowing(t, reader, Token{}, nil)
		mustAppend(t, b, dayLine(testDay, "a"))
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), testDay) {
			t.Errorf("said %q, want one line that names the day", log.String())
		}
		mended.Store(true)
		f.sees(t, "a", time.Minute+time.Second)
		f.stop()
	})
}

// TestFollowersAtOnce has processes and followers at work at the same time.
func TestFollowersAtOnce(t *testing.T) {
	const writers, each, followers = 4, 60, 3
	dir := t.TempDir()
	var work sync.WaitGroup
	b := open(t, dir, nil)
	for range followers {
		work.Go(func() {
			seen := map[string]int{}
			last := Token{}
			for len(seen) < writers*each {
				n := 0
				for e, err := range b.Follow(t.Context(), last, &FollowOptions{Poll: time.Millisecond}) {
					if err != nil {
						t.Error(err)
						return
					}
					seen[e.Event.ID()]++
					last = e.Token
					if n++; n == 17 || len(seen) == writers*each {
						break
					}
				}
			}
			for id, n := range seen {
				if n != 1 {
					t.Errorf("%s came %d times", id, n)
				}
			}
		})
	}
	for w := range writers {
		work.Go(func() {
			own := open(t, dir, &Options{Sync: Sync(w % 2), LockTimeout: time.Minute}) // always, interval
			for n := range each {
				mustAppend(t, own, dayLine(fmt.Sprintf("1999-11-%02d", 1+(w+n)%5), fmt.Sprint(w, "-", n)))
			}
		})
	}
	work.Wait()
}

func TestFollowEnds(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	mustAppend(t, b, dayLine(testDay, "a"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range b.Follow(ctx, Token{}, nil) {
		try(t, err)
		n++
		cancel()
	}
	for _, err := range b.Follow(ctx, Token{}, nil) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	try(t, b.Close()) // Windows keeps what is open
	try(t, os.RemoveAll(b.Dir()))
	list, _ := followed(t, b, Token{}, nil)
	wantList(t, "without a book", list, b.Dir()+" is gone: no book here")
}

// TestFollowRetired: a day that is packed goes on where it was. One that is deleted is over, if all of it had been followed.
func TestFollowRetired(t *testing.T) {
	day := mustDay(t, testDay)
	retire := func(t *testing.T, b *Book, keep Keep) {
		t.Helper()
		_, err := b.Retire(t.Context(), day, keep, nil)
		try(t, err)
	}
	gone := testDay + ": it is gone from the book: retired, or removed by somebody"
	b := open(t, t.TempDir(), nil)
	mustAppend(t, b, dayLine("1999-11-07", "other"))
	mustAppend(t, b, dayLine(testDay, "a"))
	_, before := followed(t, b, TokenFrom(day), once())
	mustAppend(t, b, dayLine(testDay, "b"))
	retire(t, b, KeepPacked)
	list, last := followed(t, b, Token{}, once())
	wantList(t, "packed", list, "other", "a", "b")
	list, _ = followed(t, b, before, once())
	wantList(t, "packed since", list, "b")
	mustAppend(t, b, dayLine(testDay, "c"))
	list, last = followed(t, b, last, once())
	wantList(t, "late", list, "c")
	retire(t, b, KeepPacked)
	list, last = followed(t, b, last, once())
	wantList(t, "packed again", list)
	_, first := followed(t, b, Token{}, once())
	retire(t, b, KeepNothing)
	list, again := followed(t, b, last, once())
	wantList(t, "deleted", list)
	mustAppend(t, b, dayLine(testDay, "d"))
	for name, from := range map[string]Token{"the last": last, "the first": first, "the one since": again} {
		list, _ = followed(t, b, from, once())
		wantList(t, "deleted, and late, from "+name, list, "d")
	}
	list, d := followed(t, b, first, once())
	wantList(t, "late", list, "d")
	mustAppend(t, b, dayLine(testDay, "e"))
	retire(t, b, KeepNothing)
	list, _ = followed(t, b, d, once())
	wantList(t, "deleted before it was followed", list, gone)
}
