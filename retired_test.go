package daybook

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"daybook/internal/crashtest"
	"daybook/internal/faultfs"
	"daybook/internal/killtest"
)

// writePacked puts a packed day, as another program packs it, into a book.
func writePacked(t *testing.T, dir, contents string) string {
	t.Helper()
	data, err := crashtest.Pack([]byte(contents))
	try(t, err)
	name := filepath.Join(dir, testDay, "events.json.zst")
	try(t, os.MkdirAll(filepath.Dir(name), 0o755))
	try(t, os.WriteFile(name, data, 0o644))
	return name
}

// readPacked unpacks a day with nothing of Daybook.
func readPacked(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, testDay, "events.json.zst"))
	try(t, err)
	all, err := crashtest.Unpack(data)
	try(t, err)
	return string(all)
}

// TestRetiredEqualsPlain: random days, packed and with late events, are to all readers what they were plain.
func TestRetiredEqualsPlain(t *testing.T) {
	seeds := uint64(4)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 7))
		dir := killtest.TempDir(t)
		b := open(t, dir, &Options{MaxLine: 4 << 20})
		n := 0
		some := func(count int) {
			var events []Event
			for range count {
				size := r.IntN(500)
				if r.IntN(200) == 0 {
					size = r.IntN(1 << 20)
				}
				line := fmt.Sprintf(`{"event_id":"e%d","timestamp":"1999-11-08T14:32:15Z","kind":"k%d","pad":%q}`,
					n, r.IntN(9), strings.Repeat(fmt.Sprint(r.IntN(1000)), size/3))
				events = append(events, parse(t, line))
				n++
			}
			for _, v := range b.AppendAll(t.Context(), events) {
				try(t, v.Err)
			}
		}
		where := Condition{"kind", "k3"}
		some([]int{1, 50, 1500, 4000}[(seed+1)%4])
		for round := range 3 {
			before := tell(t, b, where)
			mustRetire(t, b, KeepPacked, RetirePacked)
			diff(t, fmt.Sprintf("seed %d, round %d, packed", seed, round), before, tell(t, b, where))
			for _, from := range []int64{before.Size / 2, before.Size} {
				want, err := b.Sum(mustDay(t, testDay), 0, 0, from)
				try(t, err)
				if got, err := b.Sum(mustDay(t, testDay), want, from, before.Size); err != nil || got != before.Extent.Sum {
					t.Errorf("seed %d: sums at %d: %08x, %v, want %08x", seed, from, got, err, before.Extent.Sum)
				}
			}
			some(1 + r.IntN(30))
		}
	}
}

// TestRetiredDamage: a packed file that is damaged is damage, with file and offset; nothing else is lost for it.
func TestRetiredDamage(t *testing.T) {
	dir := killtest.TempDir(t)
	b := open(t, dir, nil)
	var events []Event
	for i := range 40000 { // three frames
		events = append(events, parse(t, lineOf(fmt.Sprintf("%06d", i))))
	}
	b.AppendAll(t.Context(), events)
	mustAppend(t, b, lineOf("last"))
	mustRetire(t, b, KeepPacked, RetirePacked)
	late := mustAppend(t, b, lineOf("late"))
	name := filepath.Join(dir, testDay, "events.json.zst")
	data, err := os.ReadFile(name)
	try(t, err)
	whole := tell(t, b)
	data[len(data)*2/3] ^= 1 // in the second of three frames
	try(t, os.WriteFile(name, data, 0o644))

	b = open(t, dir, nil)
	for what, list := range map[string]func() (n int, damage []*DamageError, last Entry){
		"search": func() (n int, damage []*DamageError, last Entry) { return drain(t, b.Search(t.Context(), Query{})) },
		"day": func() (n int, damage []*DamageError, last Entry) {
			return drain(t, b.DayEvents(t.Context(), mustDay(t, testDay), 0))
		},
	} {
		n, damage, last := list()
		if len(damage) != 1 || damage[0].File != b.packedPath(mustDay(t, testDay)) || damage[0].Offset <= 0 || damage[0].Length <= 0 ||
			damage[0].Offset+damage[0].Length > int64(len(data)) {
			t.Errorf("%s: %v", what, damage)
		}
		if n < 10000 || n >= len(whole.Events) || last.Position != (Position{late.Day, late.Offset, late.Length, false}) {
			t.Errorf("%s: %d events of %d, the last one at %v", what, n, len(whole.Events), last.Position)
		}
	}
	var problems []string
	for _, f := range findings(t, b) {
		problems = append(problems, fmt.Sprint(filepath.Base(f.File), " ", f.Problem))
	}
	if want := []string{"events.json.zst damaged", "events.json.zst changed"}; !slices.Equal(problems, want) {
		t.Errorf("verify: %v, want %v", problems, want)
	}
	if actions, _, err := repairAll(b); err != nil || actions != "damaged left, changed left" {
		t.Errorf("repair: %s, %v", actions, err)
	}
	if r, err := b.Retire(t.Context(), mustDay(t, testDay), KeepPacked, nil); err != nil || r.Status != RetireRefused {
		t.Errorf("retire: %+v, %v", r, err)
	}
	if pos := mustAppend(t, b, lineOf("later")); pos.Offset != late.Offset+int64(late.Length) {
		t.Errorf("a late event: %+v", pos)
	}
	if pos := mustAppend(t, b, lineOf("last")); !pos.Duplicate {
		t.Errorf("an event behind the damage: %+v", pos)
	}
	for what, data := range map[string][]byte{"empty": nil, "text": []byte("hello"), "cut": data[:len(data)/3]} {
		try(t, os.WriteFile(name, data, 0o644))
		b = open(t, dir, nil)
		if _, damage, _ := drain(t, b.Search(t.Context(), Query{})); len(damage) == 0 || damage[0].File != b.packedPath(mustDay(t, testDay)) {
			t.Errorf("%s: %v", what, damage)
		}
		if list := findings(t, b); len(list) == 0 || list[0].Problem != ProblemDamaged || list[0].File != b.packedPath(mustDay(t, testDay)) {
			t.Errorf("%s: verify: %v", what, list)
		}
	}
}

func drain(t *testing.T, events func(func(Entry, error) bool)) (n int, damage []*DamageError, last Entry) {
	t.Helper()
	for e, err := range events {
		var d *DamageError
		if errors.As(err, &d) {
			damage = append(damage, d)
			continue
		}
		try(t, err)
		n, last = n+1, e
	}
	return n, damage, last
}

// TestRetiredByOthers: a day that zstd has packed is read; what a sync client brings back of it counts once; the next
// retirement makes one of the two.
func TestRetiredByOthers(t *testing.T) {
	dir := killtest.TempDir(t)
	b := open(t, dir, nil)
	day := ""
	for i := range 5 {
		day += lineOf(fmt.Sprint(i)) + "\n"
	}
	for name, plain := range map[string]string{
		"nothing": "", "all": day, "a part": day[:2*len(day)/5], "all and more": day + lineOf("more") + "\n", "other": lineOf("other") + "\n",
	} {
		writePacked(t, dir, strings.TrimSuffix(day, "\n"))
		if plain != "" {
			writeDay(t, dir, plain)
		}
		want := day
		if extra, ok := strings.CutPrefix(plain, day); ok {
			want += extra
		} else if name == "other" {
			want += plain
		}
		got := ""
		for e, err := range b.Events(t.Context(), Query{}) {
			try(t, err)
			got += string(e.Line()) + "\n"
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
		if list := findings(t, b); len(list) > 0 {
			t.Errorf("%s: %v", name, list)
		}
		if plain != "" {
			mustRetire(t, b, KeepPacked, RetirePacked)
			if got := readPacked(t, dir); strings.TrimSuffix(got, "\n") != strings.TrimSuffix(want, "\n") {
				t.Errorf("%s: packed %s", name, got)
			}
		}
		try(t, os.RemoveAll(filepath.Join(dir, testDay)))
	}
}

// TestRetiredRepair: what is damaged in the day file beside a packed one is repaired by itself.
func TestRetiredRepair(t *testing.T) {
	dir := killtest.TempDir(t)
	b := open(t, dir, nil)
	mustAppend(t, b, lineOf("a"))
	mustAppend(t, b, lineOf("b"))
	mustRetire(t, b, KeepPacked, RetirePacked)
	writeDay(t, dir, lineOf("late")+"\n"+lineOf("b")+"\ngarbage\n"+lineOf("later")+"\n")
	var found []string
	for _, f := range findings(t, b) {
		found = append(found, fmt.Sprint(f.Problem, " ", filepath.Base(f.File), " ", f.Line, " ", f.Offset))
	}
	n := len(lineOf("late")) + 1
	want := []string{fmt.Sprint("twice events.json 2 ", n), fmt.Sprint("damaged events.json 3 ", n+len(lineOf("b"))+1)}
	if !slices.Equal(found, want) {
		t.Errorf("verify: %q, want %q", found, want)
	}
	if actions, _, err := repairAll(b); err != nil || actions != "twice quarantined, damaged quarantined" {
		t.Errorf("repair: %s, %v", actions, err)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("late")+"\n"+lineOf("later")+"\n"; got != want {
		t.Errorf("day file %q, want %q", got, want)
	}
	mustRetire(t, b, KeepPacked, RetirePacked)
	if list := findings(t, b); len(list) > 0 {
		t.Errorf("in the end: %v", list)
	}
}

// TestRetireWhileWriting: while a day is retired again and again, others append to it, read it, and verify it.
func TestRetireWhileWriting(t *testing.T) {
	dir := killtest.TempDir(t)
	var mu sync.Mutex
	acked := map[string]bool{}
	known := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acked)
	}
	writers := []*Book{open(t, dir, &Options{LockTimeout: 30 * time.Second}), open(t, dir, &Options{LockTimeout: 30 * time.Second})}
	burst := func(i, round int) {
		for n := range 1 + (round*7+i)%30 {
			line := lineOf(fmt.Sprintf("%d-%d-%d", i, round, n))
			pos, err := writers[i].Append(context.Background(), parse(t, line))
			again, err2 := writers[i].Append(context.Background(), parse(t, line))
			if err != nil || err2 != nil || !again.Duplicate || again.Offset != pos.Offset {
				t.Errorf("append while a day is retired: %v, %v, %v, %v", pos, err, again, err2)
				return
			}
			mu.Lock()
			acked[line] = true
			mu.Unlock()
		}
	}
	var reading sync.WaitGroup
	var stop atomic.Bool
	reader := open(t, dir, nil)
	reading.Go(func() {
		for !stop.Load() {
			before, seen := known(), map[string]bool{}
			for e, err := range reader.Events(context.Background(), Query{}) {
				if err != nil || seen[e.ID()] {
					t.Errorf("read while a day is retired: %v, %v", e.ID(), err)
				}
				seen[e.ID()] = true
			}
			if len(seen) < before {
				t.Errorf("read %d events, %d were acknowledged", len(seen), before)
			}
			for f, err := range reader.Verify(context.Background(), Query{}) {
				if err != nil || f.Problem != ProblemUnfinished {
					t.Errorf("verify while a day is retired: %v, %v", f, err)
				}
			}
		}
	})
	b := open(t, dir, &Options{LockTimeout: 30 * time.Second})
	done, rounds := 0, 40
	if testing.Short() {
		rounds = 10
	}
	for round := range rounds {
		var work sync.WaitGroup
		for i := range writers {
			work.Go(func() { burst(i, round) })
		}
		r, err := b.Retire(context.Background(), mustDay(t, testDay), KeepPacked, func(context.Context, Extent) error { return nil })
		if err != nil && !errors.Is(err, errRewritten) {
			t.Errorf("retire: %v", err)
		}
		if r.Status == RetirePacked {
			done++
		}
		work.Wait()
	}
	stop.Store(true)
	reading.Wait()
	if _, err := b.Retire(context.Background(), mustDay(t, testDay), KeepPacked, nil); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(readPacked(t, dir)) {
		if line = strings.TrimSuffix(line, "\n"); !acked[line] {
			t.Errorf("nobody was told of %s, or it is there twice", line)
		}
		delete(acked, line)
	}
	if len(acked) > 0 {
		t.Errorf("%d events are lost", len(acked))
	}
	if done < rounds/10 {
		t.Errorf("retired %d times only", done)
	}
}

// TestRetireMeetsReaders: a day that is retired, before any of the calls by which a reader opens it, is read all the same.
func TestRetireMeetsReaders(t *testing.T) {
	skipIfPinned(t)
	for _, late := range []bool{false, true} {
		for at, calls := 1, 1; at <= calls; at++ {
			dir := killtest.TempDir(t)
			writer := open(t, dir, nil)
			want := 2
			mustAppend(t, writer, lineOf("a"))
			mustAppend(t, writer, lineOf("b"))
			if late {
				mustRetire(t, writer, KeepPacked, RetirePacked)
				mustAppend(t, writer, lineOf("late"))
				want++
			}
			reader, fs := openFaulty(t, dir, nil)
			calls = 0
			fs.Fault = func(c faultfs.Call) faultfs.Fault {
				if calls++; calls == at {
					mustRetire(t, writer, KeepPacked, RetirePacked)
				}
				return faultfs.Fault{}
			}
			n, damage, _ := drain(t, reader.DayEvents(t.Context(), mustDay(t, testDay), 0))
			size, err := reader.DaySize(mustDay(t, testDay))
			if n != want || len(damage) > 0 || size == 0 || err != nil {
				t.Errorf("retired before call %d of a reader: %d events, want %d, %v; %d bytes, %v", at, n, want, damage, size, err)
			}
			for _, f := range findings(t, reader) {
				t.Errorf("retired before call %d of a reader: %v", at, f)
			}
		}
	}
}

// TestRetireCallOrder compares the calls with docs/durability.md, Retire.
func TestRetireCallOrder(t *testing.T) {
	dir := killtest.TempDir(t)
	b, fs := openFaulty(t, dir, nil)
	mustAppend(t, b, lineOf("a"))
	fs.Calls()
	mustRetire(t, b, KeepPacked, RetirePacked)
	wantCalls(t, fs, `create TEMP, write TEMP, write TEMP, write TEMP, sync TEMP, sync TEMP, rename events.json.zst, syncdir DAY,
		sync events.json.zst, syncdir DAY, create TEMP, write TEMP, sync TEMP, rename SHA256SUMS, syncdir DAY,
		write events.mark, sync events.mark, remove events.json, remove events.mark, syncdir DAY`)
	mustRetire(t, b, KeepNothing, RetireDeleted)
	wantCalls(t, fs, `create TEMP, write TEMP, sync TEMP, rename SHA256SUMS, syncdir DAY, remove events.json.zst, syncdir DAY`)
}

func wantCalls(t *testing.T, fs *faultfs.FS, want string) {
	t.Helper()
	got := strings.Join(fs.Calls(), ", ")
	for _, c := range strings.Split(got, ", ") {
		if op, name, _ := strings.Cut(c, " "); strings.HasSuffix(name, "daybook-tmp") {
			got = strings.Replace(got, c, op+" TEMP", 1)
		}
	}
	got = strings.ReplaceAll(got, testDay, "DAY")
	if want := strings.Join(strings.Fields(want), " "); got != want {
		t.Errorf("calls\n got %s\nwant %s", got, want)
	}
}

// TestRetireMeets: what comes before one of the locks is seen, whichever that is, and not lost.
func TestRetireMeets(t *testing.T) {
	dir := killtest.TempDir(t)
	mustAppend(t, open(t, dir, nil), lineOf("a"))
	other := open(t, dir, nil)
	b, fs := openFaulty(t, dir, nil)
	late, locks := 0, 0
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.String() == "lock book.turn" {
			locks++
			if late < 0 || locks == late {
				mustAppend(t, other, lineOf(fmt.Sprintf("late-%d-%d", late, locks)))
			}
		}
		return faultfs.Fault{}
	}
	for _, keep := range []Keep{KeepPacked, KeepNothing} {
		for late = 1; ; late++ {
			locks = 0
			mustAppend(t, other, lineOf(fmt.Sprintf("before-%s-%d", keep, late)))
			gone := ""
			_, err := b.Retire(t.Context(), mustDay(t, testDay), keep, func(context.Context, Extent) error {
				gone = ""
				for e, err := range other.Events(t.Context(), Query{}) {
					try(t, err)
					gone += e.ID() + " "
				}
				return nil
			})
			try(t, err)
			if want := fmt.Sprintf("late-%d-%d ", late, late); locks >= late && !strings.Contains(gone, want) {
				t.Errorf("%s: what came before lock %d was not proven: %s", keep, late, gone)
			}
			if keep == KeepPacked && strings.Count(readPacked(t, dir), "\n") != strings.Count(gone, " ") {
				t.Errorf("packed, with an event before lock %d: %s\nproven: %s", late, readPacked(t, dir), gone)
			}
			if locks < late {
				break
			}
		}
		if late < 3 {
			t.Errorf("%s: %d locks", keep, late-1)
		}
	}
	late = 0
	// What proves may take its time: the lock is free meanwhile.
	mustAppend(t, other, lineOf("to be proven"))
	_, err := b.Retire(t.Context(), mustDay(t, testDay), KeepPacked, func(ctx context.Context, _ Extent) error {
		_, err := other.Append(ctx, parse(t, lineOf("a")))
		return err
	})
	try(t, err)
	late = -1 // somebody who never rests
	if _, err := b.Retire(t.Context(), mustDay(t, testDay), KeepPacked, nil); err != nil {
		t.Error(err) // there is nothing to do yet
	}
	mustAppend(t, other, lineOf("one more"))
	_, err = b.Retire(t.Context(), mustDay(t, testDay), KeepPacked, nil)
	if !errors.Is(err, errRewritten) {
		t.Errorf("somebody writes all the time: %v", err)
	}
	checkNoTemp(t, dir)
}
