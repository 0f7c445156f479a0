package daemon

import (
	"bytes"
	"context"
	"encoding/json"
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

	"daybook"
	"daybook/internal/faultfs"
	"daybook/internal/killtest"
	"daybook/learning"
	"daybook/view/ledger"
	"daybook/view/session"
)

// noon is the time of the tests: days up to the 8th are past those that stay.
func noon() time.Time { return time.Date(2025, 11, 15, 12, 0, 0, 0, time.UTC) }

func try(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func dayOf(t testing.TB, s string) daybook.Day {
	t.Helper()
	d, err := daybook.ParseDay(s)
	try(t, err)
	return d
}

func line(id, day string) string {
	return fmt.Sprintf(`{"event_id":%q,"timestamp":"%sT10:00:00Z","canvas_id":"a.canvas","event_type":"node_color_change",`+
		`"details":{"node_id":"n","node_type":"text","save":"s","old_color":"1","new_color":"3"}}`, id, day)
}

// retiring is a book, with its views, whose days are retired.
type retiring struct {
	*testing.T
	Retirement
}

// openRetiring opens, or makes, a book on a file system; retire is what its settings say.
func openRetiring(t *testing.T, dir string, fsys *faultfs.FS, keep daybook.Keep, retire *daybook.Retention) *retiring {
	t.Helper()
	documents := session.New(session.Options{LockTimeout: 5 * time.Millisecond})
	if retire == nil {
		retire = &daybook.Retention{} // none; a vault's book with a ledger has one by default
	}
	b, err := daybook.OpenOn(fsys, dir, &daybook.Options{
		Sync: daybook.SyncNone, Views: []daybook.View{documents}, Now: noon, LockTimeout: 5 * time.Second,
		Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault, Views: []string{"session", "ledger"}, Retire: retire},
	})
	try(t, err)
	l := ledger.New(ledger.Options{})
	try(t, l.Open(context.Background(), b))
	r := &retiring{t, Retirement{Book: b, Ledger: l, Documents: documents, Keep: keep}}
	t.Cleanup(r.close)
	return r
}

func (r *retiring) close() {
	_ = r.Ledger.Close() // what fails in it is no subject
	_ = r.Book.Close()
}

func (r *retiring) put(lines ...string) {
	r.Helper()
	for _, l := range lines {
		e, err := daybook.ParseEvent([]byte(l))
		try(r, err)
		_, err = r.Book.Append(context.Background(), e)
		try(r, err)
	}
}

// all retires all days that are due, and returns what became of them, by day.
func (r *retiring) all(max int64) map[string]RetiredDay {
	r.Helper()
	due, err := r.Due(daybook.Retention{AfterDays: 7, MaxBytes: max})
	try(r, err)
	got := make(map[string]RetiredDay)
	for d, err := range r.Retirement.Run(context.Background(), due) {
		try(r, err)
		got[d.Day.String()] = d
	}
	return got
}

// want retires all days, none of which may be left.
func (r *retiring) want(days ...string) {
	r.Helper()
	got := r.all(0)
	var names []string
	for name, d := range got {
		if names = append(names, name); d.Err != nil {
			r.Errorf("%s: %v %v", name, d.Err, d.Findings)
		}
	}
	if slices.Sort(names); !slices.Equal(names, days) {
		r.Errorf("retired %q, want %q", names, days)
	}
}

// lines are those of the book, as it reads them.
func (r *retiring) lines() (list []string) {
	r.Helper()
	for e, err := range r.Book.Events(context.Background(), daybook.Query{}) {
		try(r, err)
		list = append(list, string(e.Line()))
	}
	return list
}

// posted are the lines of the ledger; none if there is none.
func posted(t *testing.T, b *daybook.Book) (list []string) {
	t.Helper()
	err := ledger.Ask(context.Background(), b, "SELECT line FROM events ORDER BY id", func([]string) error { return nil }, func(v []any) error {
		s, _ := v[0].(string)
		list = append(list, s)
		return nil
	})
	var missing *ledger.Error
	if errors.As(err, &missing) && missing.Problem == ledger.Missing {
		return nil
	}
	try(t, err)
	return list
}

func (r *retiring) files() (list []string) {
	r.Helper()
	for _, pattern := range []string{"????-??-??/events*", "session_*"} {
		names, err := filepath.Glob(filepath.Join(r.Book.Dir(), pattern))
		try(r, err)
		for _, name := range names {
			name, err = filepath.Rel(r.Book.Dir(), name)
			try(r, err)
			list = append(list, filepath.ToSlash(name))
		}
	}
	return list
}

// sound has the book, its documents and its ledger be without fault.
func (r *retiring) sound() {
	r.Helper()
	for f, err := range r.Book.Verify(context.Background(), daybook.Query{}) {
		try(r, err)
		r.Errorf("verify: %v", f)
	}
	_, err := r.Ledger.CatchUp(context.Background())
	try(r, err)
	for d, err := range ledger.Compare(context.Background(), r.Book, daybook.Query{}, learning.Palette{}) {
		try(r, err)
		r.Errorf("ledger: %v", d)
	}
}

// TestRetirement: what becomes of days in each way, again, and with late events.
func TestRetirement(t *testing.T) {
	old := []string{line("a", "2025-11-07"), line("b", "2025-11-08"), line("c", "2025-11-08")}
	young := []string{line("d", "2025-11-09"), line("e", "2025-11-15")}
	all := slices.Concat(old, young)
	for _, c := range []struct {
		keep  daybook.Keep
		files []string
	}{
		{daybook.KeepPacked, []string{"2025-11-07/events.json.zst", "2025-11-08/events.json.zst"}},
		{daybook.KeepPlain, []string{"2025-11-07/events.json", "2025-11-07/events.mark", "2025-11-08/events.json", "2025-11-08/events.mark"}},
		{daybook.KeepNothing, nil},
	} {
		t.Run(c.keep.String(), func(t *testing.T) {
			r := openRetiring(t, t.TempDir(), &faultfs.FS{}, c.keep, nil)
			r.put(all...)
			r.want("2025-11-07", "2025-11-08")
			stay := []string{"2025-11-09/events.json", "2025-11-09/events.mark", "2025-11-15/events.json", "2025-11-15/events.mark"}
			documents := []string{"session_2025-11-09.json", "session_2025-11-09.json.lock", "session_2025-11-15.json", "session_2025-11-15.json.lock"}
			want := slices.Concat(c.files, stay, documents)
			if got := r.files(); !slices.Equal(got, want) {
				t.Errorf("there is\n%q, want\n%q", got, want)
			}
			in := all
			if c.keep == daybook.KeepNothing {
				in = young
			}
			if got := r.lines(); !slices.Equal(got, in) {
				t.Errorf("the book has %q, want %q", got, in)
			}
			if got := posted(t, r.Book); !slices.Equal(got, all) {
				t.Errorf("the ledger has %q, want %q", got, all)
			}
			r.sound()
			r.want()
			r.want()
			late := line("late", "2025-11-07")
			r.put(late)
			r.want("2025-11-07")
			if got := r.files(); !slices.Equal(got, want) {
				t.Errorf("after a late event there is\n%q, want\n%q", got, want)
			}
			if got, want := posted(t, r.Book), slices.Insert(slices.Clone(all), 1, late); !slices.Equal(got, want) {
				t.Errorf("the ledger has %q, want %q", got, want)
			}
			r.sound()
			var meta struct {
				List []string `json:"sessions_to_sync"`
			}
			text, err := os.ReadFile(filepath.Join(r.Book.Dir(), "metadata.json"))
			try(t, err, json.Unmarshal(text, &meta))
			if len(meta.List) > 0 {
				t.Errorf("still to be synced: %q", meta.List)
			}
		})
	}
}

// TestRetirementBySize: over a size, days that would stay go earlier, oldest first, but not today.
func TestRetirementBySize(t *testing.T) {
	r := openRetiring(t, t.TempDir(), &faultfs.FS{}, daybook.KeepPacked, nil)
	for d := 10; d <= 15; d++ {
		r.put(line(fmt.Sprint("e", d), fmt.Sprintf("2025-11-%d", d)))
	}
	names := func(max int64) (list []string) {
		due, err := r.Due(daybook.Retention{AfterDays: 7, MaxBytes: max})
		try(t, err)
		for _, d := range due {
			list = append(list, d.String()[8:])
		}
		return list
	}
	all := int64(0)
	for d := 10; d <= 15; d++ {
		s, err := r.state(dayOf(t, fmt.Sprintf("2025-11-%d", d)))
		try(t, err)
		size, _ := r.size(s)
		all += size
	}
	for _, c := range []struct {
		max  int64
		want []string
	}{{0, nil}, {all, nil}, {all - 1, []string{"10"}}, {all * 5 / 6, []string{"10", "11"}}, {1, []string{"10", "11", "12", "13", "14"}}} {
		if got := names(c.max); !slices.Equal(got, c.want) {
			t.Errorf("of %d bytes at most %d: due are %q, want %q", all, c.max, got, c.want)
		}
	}
	if got := r.all(all - 1); len(got) != 1 || got["2025-11-10"].Err != nil {
		t.Errorf("got %+v", got)
	}
	r.sound()
}

// TestRetirementLeaves: a day that is not in order stays as it is, and says why; the others go.
func TestRetirementLeaves(t *testing.T) {
	var differs ledger.Difference
	for name, c := range map[string]struct {
		do func(r *retiring)
		is func(d RetiredDay) bool
	}{
		"damage": {func(r *retiring) {
			f, err := os.OpenFile(filepath.Join(r.Book.Dir(), "2025-11-07", "events.json"), os.O_WRONLY, 0)
			try(r, err)
			_, err = f.WriteAt([]byte{0}, 5)
			try(r, err, f.Close())
		}, func(d RetiredDay) bool { return errors.Is(d.Err, ErrFindings) && len(d.Findings) > 0 }},
		"another row": {func(r *retiring) {
			_, err := r.Ledger.CatchUp(context.Background())
			try(r, err)
			alter(r, "UPDATE events SET line = replace(line, 'a.canvas', 'b.canvas') WHERE event_id = 'a'")
		}, func(d RetiredDay) bool { return errors.As(d.Err, &differs) && !differs.Behind }},
		"a document that is held": {func(r *retiring) {
			f, _, err := r.Book.FS().Create(session.Path(r.Book, dayOf(r, "2025-11-07")) + ".lock")
			try(r, err)
			r.Cleanup(func() { f.Close() })
			if ok, err := f.TryLock(); err != nil || !ok {
				r.Fatal(ok, err)
			}
		}, func(d RetiredDay) bool { return errors.Is(d.Err, daybook.ErrLocked) }},
	} {
		for _, keep := range []daybook.Keep{daybook.KeepPacked, daybook.KeepNothing} {
			t.Run(name+" "+keep.String(), func(t *testing.T) {
				r := openRetiring(t, t.TempDir(), &faultfs.FS{}, keep, nil)
				r.put(line("a", "2025-11-07"), line("b", "2025-11-08"), line("c", "2025-11-15"))
				c.do(r)
				before, err := os.ReadFile(filepath.Join(r.Book.Dir(), "2025-11-07", "events.json"))
				try(t, err)
				got := r.all(0)
				if d := got["2025-11-07"]; !c.is(d) || d.Status != daybook.RetireRefused {
					t.Errorf("got %+v", d)
				}
				if d := got["2025-11-08"]; d.Err != nil || !d.Document {
					t.Errorf("the other day: got %+v", d)
				}
				after, err := os.ReadFile(filepath.Join(r.Book.Dir(), "2025-11-07", "events.json"))
				if err != nil || !bytes.Equal(before, after) {
					t.Errorf("the day is not what it was: %v", err)
				}
				if _, err := os.Stat(session.Path(r.Book, dayOf(t, "2025-11-07"))); err != nil {
					t.Errorf("its document is gone: %v", err)
				}
			})
		}
	}
}

// TestRetirementAdopts: what a script has put into the document of an old day is in the book, and then in the ledger.
func TestRetirementAdopts(t *testing.T) {
	for _, keep := range []daybook.Keep{daybook.KeepPacked, daybook.KeepNothing} {
		r := openRetiring(t, t.TempDir(), &faultfs.FS{}, keep, nil)
		r.put(line("a", "2025-11-07"), line("b", "2025-11-15"))
		theirs(r, line("theirs", "2025-11-07"))
		r.want("2025-11-07")
		if got := strings.Join(posted(t, r.Book), "\n"); !strings.Contains(got, "theirs") {
			t.Errorf("%s: the ledger has %s", keep, got)
		}
		r.sound()
	}
}

// theirs puts an event into the document of the 7th, as a script does.
func theirs(r *retiring, event string) {
	r.Helper()
	name := session.Path(r.Book, dayOf(r, "2025-11-07"))
	text, err := os.ReadFile(name)
	try(r, err)
	try(r, os.WriteFile(name, bytes.Replace(text, []byte(`"events": [`), []byte(`"events": [`+event+`,`), 1), 0o644))
}

// reading are the calls of a file system that change nothing.
var reading = []string{"open", "stat", "readdir", "read", "close", "lock", "unlock"}

// TestRetirementFaults: a retirement ends at a call of the file system: the call fails, with and without effect, or
// the process is gone after it. Then all events are in the book or, if they are to be deleted, in the ledger, a
// script's from the document too. The next retirement completes it: everything is where it belongs, once.
func TestRetirementFaults(t *testing.T) {
	rng := killtest.Rand(t)
	broken := errors.New("broken")
	old := []string{line("a", "2025-11-07"), line("b", "2025-11-07"), line("c", "2025-11-08")}
	young := []string{line("d", "2025-11-09"), line("e", "2025-11-15")}
	late := []string{line("late", "2025-11-06")}
	all := slices.Concat(old, young, late, []string{line("theirs", "2025-11-07"), line("x", "2025-11-06")})
	slices.Sort(all)
	template := killtest.TempDir(t)
	r := openRetiring(t, template, &faultfs.FS{}, daybook.KeepPacked, nil)
	r.put(line("x", "2025-11-06"))
	r.want("2025-11-06")
	r.put(slices.Concat(old, young, late)...)
	theirs(r, line("theirs", "2025-11-07"))
	r.close()
	some := 5 // calls of each kind of retirement that fail in each manner, about
	if testing.Short() {
		some = 1
	}
	for _, keep := range []daybook.Keep{daybook.KeepPacked, daybook.KeepPlain, daybook.KeepNothing} {
		for _, how := range []struct {
			name  string
			fault faultfs.Fault
			dead  bool
		}{
			{"fails", faultfs.Fault{Err: broken}, false},
			{"fails with effect", faultfs.Fault{Err: broken, Applied: true}, false},
			{"is the last one", faultfs.Fault{Err: broken}, true},
		} {
			calls, seen := 0, map[string]bool{}
			for n := 0; n <= calls; n++ { // first without a fault
				if n > 0 && os.Getenv("DAYBOOK_TEST_ALL") == "" && rng.IntN(calls) >= some {
					continue
				}
				dir := filepath.Join(killtest.TempDir(t), "book")
				try(t, os.CopyFS(dir, os.DirFS(template)))
				var mu sync.Mutex
				armed, count, hit := false, 0, ""
				fsys := &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
					mu.Lock()
					defer mu.Unlock()
					if !armed {
						return faultfs.Fault{}
					}
					if slices.Contains(reading, c.Op) {
						if how.dead && hit != "" {
							return faultfs.Fault{Err: broken}
						}
						return faultfs.Fault{}
					}
					if count++; count == n {
						hit = c.String()
						return how.fault
					}
					if how.dead && hit != "" {
						return faultfs.Fault{Err: broken}
					}
					return faultfs.Fault{}
				}}
				r := openRetiring(t, dir, fsys, keep, nil)
				arm := func(on bool) { mu.Lock(); armed = on; mu.Unlock() }
				arm(true)
				if due, err := r.Due(daybook.Retention{AfterDays: 7}); err == nil {
					for range r.Retirement.Run(context.Background(), due) { // what fails is told, one way or another
					}
				}
				if !how.dead {
					arm(false)
				}
				if n == 0 {
					calls = count
				}
				r.close()
				seen[hit] = true
				what := fmt.Sprintf("%s: call %d of %d, %s, %s", keep, n, calls, hit, how.name)
				r = openRetiring(t, dir, &faultfs.FS{}, keep, nil) // adopts what a document has
				found := slices.Concat(r.lines(), posted(t, r.Book))
				if slices.Sort(found); !slices.Equal(slices.Compact(found), all) {
					t.Fatalf("%s: in book and ledger there is\n%s\nwant\n%s", what, strings.Join(found, "\n"), strings.Join(all, "\n"))
				}
				for name, d := range r.all(0) {
					if d.Err != nil {
						t.Errorf("%s: again: %s: %v %v", what, name, d.Err, d.Findings)
					}
				}
				r.sound()
				in := r.lines()
				if slices.Sort(in); keep == daybook.KeepNothing {
					if len(in) != 2 {
						t.Errorf("%s: the book still has %q", what, in)
					}
				} else if !slices.Equal(in, all) {
					t.Errorf("%s: the book has %q", what, in)
				}
				if got := posted(t, r.Book); !slices.Equal(slices.Sorted(slices.Values(got)), all) {
					t.Errorf("%s: the ledger has %q", what, got)
				}
				if left := r.all(0); len(left) > 0 {
					t.Errorf("%s: a third time there is something to do: %v", what, left)
				}
				r.close()
				if t.Failed() {
					t.FailNow()
				}
			}
			t.Logf("%s, a call %s: %d calls, of them %d", keep, how.name, calls, len(seen)-1)
		}
	}
}

// TestRetirementWhileWriting: late events come to the days that are being retired.
func TestRetirementWhileWriting(t *testing.T) {
	for _, keep := range []daybook.Keep{daybook.KeepPacked, daybook.KeepNothing} {
		dir := t.TempDir()
		r := openRetiring(t, dir, &faultfs.FS{}, keep, nil)
		r.put(line("a", "2025-11-07"), line("b", "2025-11-08"), line("c", "2025-11-15"))
		other := openRetiring(t, dir, &faultfs.FS{}, keep, nil)
		var stop atomic.Bool
		n := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for !stop.Load() && n < 1000 {
				e, err := daybook.ParseEvent([]byte(line(fmt.Sprint("late", n), fmt.Sprintf("2025-11-%02d", 7+n%2))))
				if err == nil {
					_, err = other.Book.Append(context.Background(), e)
				}
				if err != nil {
					t.Error(err)
					return
				}
				n++
			}
		}()
		for range 5 {
			r.all(0) // a day that does not come to rest is left
		}
		stop.Store(true)
		<-done
		for _, d := range r.all(0) {
			if d.Err != nil {
				t.Errorf("%s: %v", d.Day, d.Err)
			}
		}
		r.sound()
		if got := posted(t, r.Book); len(got) != n+3 {
			t.Errorf("%s: the ledger has %d events, want %d", keep, len(got), n+3)
		}
		t.Logf("%s: %d late events", keep, n)
	}
}

// TestRetireDaily: watching retires once a day where the settings say so, and where they do not, nothing.
func TestRetireDaily(t *testing.T) {
	for _, policy := range []*daybook.Retention{nil, {AfterDays: 7, Keep: daybook.KeepPacked}} {
		var log bytes.Buffer
		r := openRetiring(t, t.TempDir(), &faultfs.FS{}, daybook.KeepPacked, policy)
		if policy != nil {
			try(t, os.WriteFile(filepath.Join(r.Book.Dir(), ledger.Name), []byte("notes"), 0o644))
		}
		r.put(line("a", "2025-11-07"), line("b", "2025-11-15"))
		k := &keeper{book: r.Book, documents: r.Documents, ledger: r.Ledger, log: slog.New(slog.NewTextHandler(&log, nil))}
		if policy == nil {
			k.retireDaily(context.Background()) // returns at once
		}
		for range 2 {
			if policy != nil && k.retire(context.Background()) {
				t.Error("with another program's database all is done")
			}
		}
		if got := r.files(); !slices.Contains(got, "2025-11-07/events.json") {
			t.Errorf("there is %q", got)
		}
		if got := strings.Count(log.String(), "are not retired"); got != map[bool]int{true: 1}[policy != nil] {
			t.Errorf("it is said %d times: %s", got, &log)
		}
		if policy == nil {
			continue
		}
		try(t, os.Remove(filepath.Join(r.Book.Dir(), ledger.Name)))
		for range 2 {
			if !k.retire(context.Background()) {
				t.Errorf("not all is done: %s", &log)
			}
		}
		if got := r.files(); !slices.Contains(got, "2025-11-07/events.json.zst") {
			t.Errorf("there is %q", got)
		}
	}
}

// TestRetireAtMidnight: a day is retired within a minute after the day has begun with which its time is up; what fails
// is tried again after an hour.
func TestRetireAtMidnight(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		documents := session.New(session.Options{})
		b, err := daybook.Open(dir, &daybook.Options{
			Views: []daybook.View{documents}, LockTimeout: 5 * time.Second,
			Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault, Retire: &daybook.Retention{AfterDays: 1}},
		})
		try(t, err)
		defer b.Close()
		l := ledger.New(ledger.Options{})
		try(t, l.Open(t.Context(), b))
		defer l.Close()
		r := &retiring{t, Retirement{Book: b, Ledger: l, Documents: documents}}
		r.put(line("a", "1999-12-31"), line("b", "2000-01-01"))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		var log bytes.Buffer
		k := &keeper{book: b, documents: documents, ledger: l, log: slog.New(slog.NewTextHandler(&log, nil))}
		go func() { defer close(done); k.retireDaily(ctx) }()
		defer func() { stop(); <-done }()
		want := func(what string, days ...string) {
			t.Helper()
			synctest.Wait()
			var packed []string
			for _, name := range r.files() {
				if day, ok := strings.CutSuffix(name, "/events.json.zst"); ok {
					packed = append(packed, day)
				}
			}
			if !slices.Equal(packed, days) {
				t.Errorf("%s: retired are %q, want %q; %s", what, packed, days, &log)
			}
		}
		want("at the start", "1999-12-31")
		time.Sleep(time.Until(time.Date(2000, 1, 1, 23, 59, 59, 0, time.UTC)))
		want("before midnight", "1999-12-31")
		try(t, os.WriteFile(filepath.Join(dir, ledger.Name), []byte("notes"), 0o644))
		time.Sleep(2 * time.Minute)
		want("with another program's database", "1999-12-31")
		try(t, os.Remove(filepath.Join(dir, ledger.Name)))
		time.Sleep(50 * time.Minute)
		want("before an hour is over", "1999-12-31")
		time.Sleep(11 * time.Minute)
		want("tried again", "1999-12-31", "2000-01-01")
	})
}
