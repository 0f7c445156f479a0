package daybook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"daybook"
	"daybook/internal/faultfs"
)

// TestFollowCuts holds promise 14 at every moment: a follower looks before each call that an append makes, and in the midst of
// writes, and then the power is cut, or the process killed. What it was given is in the book that is left, and it goes on there,
// each event once.
func TestFollowCuts(t *testing.T) {
	cuts := 0
	for seed := range uint64(30 * followTimes()) {
		synctest.Test(t, func(t *testing.T) { cuts += followCuts(t, seed) })
	}
	if t.Logf("%d crashes", cuts); cuts < 100 {
		t.Errorf("%d crashes are too few", cuts)
	}
}

func followCuts(t *testing.T, seed uint64) (crashes int) {
	disk, rng := faultfs.NewDisk(seed), rand.New(rand.NewPCG(seed, 3))
	settings := &daybook.Settings{Write: []string{daybook.WriteAppend, daybook.WriteReplace}[seed%2]}
	opts := &daybook.Options{Sync: daybook.Sync(seed / 2 % 3), Settings: settings, LockTimeout: time.Nanosecond}
	book, err := daybook.OpenOn(disk.Process(), crashRoot, opts)
	try(t, err)
	f := &cutFollower{got: map[string][]string{}}
	var looking atomic.Bool // the book's own goroutine syncs, too
	chance := rand.New(rand.NewPCG(seed, 4))
	disk.Before = func(c faultfs.Call) {
		if !c.Changes() || !looking.CompareAndSwap(false, true) {
			return
		}
		defer looking.Store(false)
		f.follow(t, disk, -1)
		if chance.IntN(3) > 0 {
			return
		}
		crashes++
		left := disk.Crash(faultfs.CrashKind(chance.IntN(2)), chance.Uint64())
		f.clone().goesOn(t, left, fmt.Sprintf("seed %d, before call %d, %s", seed, c.N, c))
	}
	for i := range 6 {
		day := crashDays[rng.IntN(2)]
		if e := mustParse(t, crashLine(day, fmt.Sprint("id-", i), []int{100, 700, 9000}[rng.IntN(3)])); seed%5 != 0 || i%2 == 0 {
			_, err = book.Append(context.Background(), e)
		} else {
			err = book.AppendAll(context.Background(), []daybook.Event{e})[0].Err
		}
		try(t, err)
		time.Sleep(400 * time.Millisecond)
	}
	try(t, book.Close())
	return crashes
}

func mustParse(t *testing.T, line string) daybook.Event {
	t.Helper()
	e, err := daybook.ParseEvent([]byte(line))
	try(t, err)
	return e
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventsOf returns the events of a day, read by plain means.
func eventsOf(disk *faultfs.Disk, day string) []string {
	return slices.DeleteFunc(linesOf(disk, day), func(line string) bool { return !json.Valid([]byte(line)) })
}

// cutFollower is what somebody has stored: events by their days, and a token.
type cutFollower struct {
	token daybook.Token
	got   map[string][]string
}

func (f *cutFollower) clone() *cutFollower {
	c := &cutFollower{f.token, map[string][]string{}}
	for day, lines := range f.got {
		c.got[day] = slices.Clone(lines)
	}
	return c
}

// follow gives what there is, in a process of its own.
func (f *cutFollower) follow(t *testing.T, disk *faultfs.Disk, settle time.Duration) {
	t.Helper()
	process := disk.Process()
	defer process.Kill()
	b, err := daybook.OpenOn(process, crashRoot, &daybook.Options{MustExist: true})
	if errors.Is(err, daybook.ErrNoBook) {
		return
	}
	try(t, err)
	for e, err := range b.Follow(context.Background(), f.token, &daybook.FollowOptions{Once: true, Settle: settle}) {
		var damage *daybook.DamageError
		if errors.As(err, &damage) { // unsynced bytes of which a cut has left some
			continue
		}
		if err != nil {
			t.Fatalf("follow: %v", err)
		}
		f.got[e.Position.Day.String()] = append(f.got[e.Position.Day.String()], string(e.Raw))
		f.token, err = daybook.ParseToken(e.Token.String())
		try(t, err)
	}
}

// goesOn looks at what a crash has left, and follows on there.
func (f *cutFollower) goesOn(t *testing.T, disk *faultfs.Disk, when string) {
	t.Helper()
	for day, lines := range f.got {
		for _, line := range lines {
			if !slices.Contains(linesOf(disk, day), line) {
				t.Fatalf("%s: the crash has taken what was followed: %.60s", when, line)
			}
		}
	}
	b, err := daybook.OpenOn(disk.Process(), crashRoot, nil)
	try(t, err)
	for _, day := range crashDays {
		_, err := b.Append(context.Background(), mustParse(t, crashLine(day, "afterwards", 300)))
		try(t, err)
	}
	try(t, b.Close())
	f.follow(t, disk, 0)
	for _, day := range crashDays {
		if got, want := f.got[day], eventsOf(disk, day); !slices.Equal(got, want) {
			t.Fatalf("%s: %s: followed %s, the day has %s", when, day, ids(got), ids(want))
		}
	}
}
