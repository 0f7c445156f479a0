package daybook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"daybook"
	"daybook/internal/faultfs"
)

// TestFollowRandomBooks holds promise 14: processes append to random days, in all modes of sync, die, leave damage, repair and
// remove days, the power is cut; followers stop at random places and go on from the text of a token, in another process. What
// each has been given of a day is, event for event, the day.
func TestFollowRandomBooks(t *testing.T) {
	var seeds []uint64
	for n := range uint64(150 * followTimes()) {
		seeds = append(seeds, n)
	}
	if seed, err := strconv.ParseUint(os.Getenv("DAYBOOK_TEST_SEED"), 10, 64); err == nil {
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		synctest.Test(t, func(t *testing.T) { // what takes a time takes none
			defer func() {
				if t.Failed() {
					t.Logf("to see it again: DAYBOOK_TEST_SEED=%d go test -run '^TestFollowRandomBooks$' .", seed)
				}
			}()
			followRandomBook(t, seed)
		})
	}
}

// followTimes is how many times as much is tried with DAYBOOK_TEST_ALL.
func followTimes() int {
	if os.Getenv("DAYBOOK_TEST_ALL") != "" {
		return 20
	}
	return 1
}

// followedDays are late, yesterday and today by the bubble's clock.
var followedDays = [...]string{"1999-01-05", "1999-12-30", "1999-12-31", "2000-01-01"}

func followRandomBook(t *testing.T, seed uint64) {
	m := &followModel{
		disk: faultfs.NewDisk(seed), rng: rand.New(rand.NewPCG(seed, 2)), write: daybook.WriteAppend, given: map[string]bool{},
	}
	if seed%3 == 0 {
		m.write = daybook.WriteReplace
	}
	for i := range m.followers {
		m.followers[i].got = map[string][]string{}
	}
	steps := []func(*testing.T){m.append, m.append, m.append, m.follow, m.follow, m.follow, m.kill, m.cut, m.damage, m.repair, m.retire}
	if m.takes = seed%2 == 1; !m.takes {
		steps = steps[:8]
	}
	for range 40 {
		steps[m.rng.IntN(len(steps))](t)
	}
	m.writer(t)
	for i := range m.followers {
		m.followTo(t, &m.followers[i], true, -1)
	}
	if m.reboot(m.disk); !m.takes && m.broken > 0 {
		t.Errorf("%d days were followed again from their beginning, though nothing was taken out of them", m.broken)
	}
}

type followModel struct {
	rng       *rand.Rand
	takes     bool // days are repaired and removed, too
	broken    int  // how many days were told to be gone, or others than they were
	disk      *faultfs.Disk
	write     string
	writers   [3]modelWriter
	followers [2]modelFollower
	ids       int
	given     map[string]bool // lines
}

// modelFollower is somebody who stores a token and what comes with it.
type modelFollower struct {
	token string
	got   map[string][]string // by day
}

func (m *followModel) writer(t *testing.T) *modelWriter {
	w := &m.writers[m.rng.IntN(len(m.writers))]
	if w.book == nil {
		w.process = m.disk.Process()
		w.sync = daybook.Sync(m.rng.IntN(3))
		book, err := daybook.OpenOn(w.process, crashRoot, &daybook.Options{
			Sync: w.sync, LockTimeout: time.Nanosecond, Settings: &daybook.Settings{Write: m.write},
		})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		w.book = book
	}
	return w
}

func (m *followModel) append(t *testing.T) {
	w := m.writer(t)
	var events []daybook.Event
	for range 1 + m.rng.IntN(4) {
		day := m.someDay()
		size := []int{100, 300, 5000}[m.rng.IntN(3)]
		line := crashLine(day, fmt.Sprintf("id-%d", m.ids), size)
		m.given[line] = true
		e, err := daybook.ParseEvent([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
		m.ids++
	}
	for _, v := range w.book.AppendAll(context.Background(), events) {
		if v.Err != nil {
			t.Fatalf("append: %v", v.Err)
		}
	}
}

func (m *followModel) kill(t *testing.T) {
	if w := &m.writers[m.rng.IntN(len(m.writers))]; w.book != nil {
		w.process.Kill()
		w.close()
	}
}

// cut takes the power away. What a follower has been given is still in the book then.
func (m *followModel) cut(t *testing.T) {
	m.reboot(m.disk.Crash(faultfs.Cut, m.rng.Uint64()))
	if m.takes { // the day may have been removed before
		return
	}
	for i := range m.followers {
		for day, lines := range m.followers[i].got {
			there := m.day(day)
			for _, line := range lines {
				if !slices.Contains(there, line) {
					t.Fatalf("a power cut has taken an event from %s that was followed: %.60s", day, line)
				}
			}
		}
	}
}

func (m *followModel) reboot(disk *faultfs.Disk) {
	for i := range m.writers {
		if w := &m.writers[i]; w.book != nil {
			w.process.Kill()
			w.close()
		}
	}
	m.disk = disk
}

// day returns the events that stand in a day's file, read by plain means.
func (m *followModel) day(day string) []string {
	return slices.DeleteFunc(linesOf(m.disk, day), func(line string) bool { return !m.given[line] })
}

// linesOf returns the whole lines of a day.
func linesOf(disk *faultfs.Disk, day string) (lines []string) {
	for line := range strings.Lines(string(disk.Files()[path.Join(crashRoot, day, "events.json")].Data)) {
		if text, whole := strings.CutSuffix(line, "\n"); whole {
			lines = append(lines, text)
		}
	}
	return lines
}

// damage has another program put a line into a day that is none.
func (m *followModel) damage(t *testing.T) {
	fsys := m.disk.Process()
	name := path.Join(crashRoot, m.someDay(), "events.json")
	f, err := fsys.Open(name, true)
	if err != nil {
		return
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt([]byte("torn}\n"), info.Size)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func (m *followModel) repair(t *testing.T) {
	for _, err := range m.writer(t).book.Repair(context.Background(), daybook.Query{}) {
		if err != nil {
			t.Fatalf("repair: %v", err)
		}
	}
}

// retire removes a day from the book.
func (m *followModel) retire(t *testing.T) {
	fsys := m.disk.Process()
	dir := path.Join(crashRoot, m.someDay())
	for _, name := range []string{"events.json", "events.mark"} {
		_ = fsys.Remove(path.Join(dir, name)) // or there is none
	}
	_ = fsys.SyncDir(dir) // or there is none
}

func (m *followModel) someDay() string { return followedDays[m.rng.IntN(len(followedDays))] }

func (m *followModel) follow(t *testing.T) {
	f := &m.followers[m.rng.IntN(len(m.followers))]
	m.followTo(t, f, m.rng.IntN(2) == 0, m.rng.IntN(8)-1)
}

// followTo gives a follower what there is, or so many events.
func (m *followModel) followTo(t *testing.T, f *modelFollower, settle bool, most int) {
	var token daybook.Token
	if f.token != "" {
		var err error
		if token, err = daybook.ParseToken(f.token); err != nil {
			t.Fatal(err)
		}
	}
	book, err := daybook.OpenOn(m.disk.Process(), crashRoot, &daybook.Options{MustExist: true, LockTimeout: time.Nanosecond})
	if errors.Is(err, daybook.ErrNoBook) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	opts := daybook.FollowOptions{Once: true}
	if !settle {
		opts.Settle = -1
	}
	for e, err := range book.Follow(context.Background(), token, &opts) {
		var damage *daybook.DamageError
		var day *daybook.DayError
		switch {
		case errors.Is(err, daybook.ErrOtherBook): // all that was read is gone or another
			m.broken++
			f.token, f.got = "", map[string][]string{}
			m.followTo(t, f, settle, most)
			return
		case errors.As(err, &day): // the day follows from its beginning
			f.got[day.Day.String()] = nil
			m.broken++
		case errors.As(err, &damage):
		case err != nil:
			t.Fatalf("follow: %v", err)
		default:
			day := e.Position.Day.String()
			f.got[day] = append(f.got[day], string(bytes.Clone(e.Raw)))
		}
		f.token = e.Token.String()
		if most--; most == 0 {
			return
		}
	}
	if settle && most < 0 {
		m.compare(t, f)
	}
}

// compare holds that a follower who is at the end has each event of the book, once, in the day's order.
func (m *followModel) compare(t *testing.T, f *modelFollower) {
	for _, day := range followedDays {
		want := m.day(day)
		got := f.got[day]
		if slices.Equal(got, want) {
			continue
		}
		t.Fatalf("%s: followed %s, the day has %s", day, ids(got), ids(want))
	}
}

// ids is the event_ids of crashLines.
func ids(lines []string) string {
	var list []string
	for _, line := range lines {
		_, rest, _ := strings.Cut(line, `"event_id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		list = append(list, id)
	}
	return fmt.Sprint(list)
}
