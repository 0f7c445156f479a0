package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
)

// layDay writes a day file as another program would.
func layDay(t testing.TB, b *Book, day, text string) {
	t.Helper()
	dir := filepath.Join(b.Dir(), day)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, dayfile.DataName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// layDays writes several days of several blocks each, with damaged lines among them, and some short ones.
func layDays(t testing.TB, b *Book) {
	for d := range 6 {
		day := fmt.Sprintf("1999-11-%02d", 1+d)
		var text strings.Builder
		for i := 0; text.Len() < 100+(d%2)*5*dayfile.Block; i++ {
			fmt.Fprintf(&text, `{"event_id":"%d-%d","timestamp":"%sT10:00:00Z","kind":"k%d","text":"%s"}`+"\n",
				d, i, day, i%40, strings.Repeat("x", i%300))
			if i%100 == 7 {
				text.WriteString(`{"event_id":"torn` + "\n")
			}
		}
		layDay(t, b, day, text.String())
	}
}

// told is what a search yields, as text.
func told(t testing.TB, b *Book, q Query, where ...Condition) (list []string) {
	t.Helper()
	for entry, err := range b.Search(t.Context(), q, where...) {
		var damage *DamageError
		switch {
		case errors.As(err, &damage):
			list = append(list, err.Error())
		case err != nil:
			t.Fatal(err)
		default:
			list = append(list, fmt.Sprintf("%s %d %d %s %s", entry.Position.Day, entry.Position.Offset, entry.Position.Length,
				entry.Raw, entry.Event.ID()))
		}
	}
	return list
}

// oneByOne is told by DayEvents.
func oneByOne(t testing.TB, b *Book, q Query, holds func(Event) bool) (list []string) {
	t.Helper()
	days, err := b.Days()
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range days {
		if !q.holds(day) {
			continue
		}
		for entry, err := range b.DayEvents(t.Context(), day, 0) {
			if err != nil {
				list = append(list, err.Error())
			} else if holds(entry.Event) {
				list = append(list, fmt.Sprintf("%s %d %d %s %s", day, entry.Position.Offset, entry.Position.Length,
					entry.Raw, entry.Event.ID()))
			}
		}
	}
	return list
}

// However many search, what is found stands in the book's order.
func TestSearchOrder(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	layDays(t, b)
	all := oneByOne(t, b, Query{}, func(Event) bool { return true })
	some := oneByOne(t, b, Query{mustDay(t, "1999-11-02"), mustDay(t, "1999-11-04")}, func(e Event) bool {
		v, _ := e.Member("kind")
		return string(v) == `"k7"`
	})
	if len(all) < 10_000 || len(some) < 200 {
		t.Fatalf("%d and %d lines are too few", len(all), len(some))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(n)
		if diff := cmp.Diff(all, told(t, b, Query{})); diff != "" {
			t.Errorf("%d processors: everything (-want +got):\n%s", n, diff)
		}
		got := told(t, b, Query{mustDay(t, "1999-11-02"), mustDay(t, "1999-11-04")}, Condition{"kind", "k7"})
		if diff := cmp.Diff(some, got); diff != "" {
			t.Errorf("%d processors: kind=k7 on three days (-want +got):\n%s", n, diff)
		}
	}
}

// ExtractIf finds of what Search finds that which may be of interest, and all damage.
func TestExtractIf(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	layDays(t, b)
	read := func(e Entry) string { return e.Event.ID() }
	list := func(may func([]byte) bool, where ...Condition) (ids []string, damage int) {
		for id, err := range ExtractIf(t.Context(), b, Query{}, may, read, where...) {
			switch {
			case isDamage(err):
				damage++
			case err != nil:
				t.Fatal(err)
			default:
				ids = append(ids, id)
			}
		}
		return ids, damage
	}
	k7 := func(line []byte) bool { return bytes.Contains(line, []byte(`"k7"`)) }
	all, damage := list(nil)
	want, same := list(nil, Condition{"kind", "k7"})
	if len(all) < 10_000 || len(want) < 200 || damage == 0 || damage != same {
		t.Fatalf("%d and %d events, %d and %d pieces of damage", len(all), len(want), damage, same)
	}
	for name, got := range map[string]func() ([]string, int){
		"without conditions": func() ([]string, int) { return list(k7) },
		"with the same":      func() ([]string, int) { return list(k7, Condition{"kind", "k7"}) },
	} {
		ids, found := got()
		if diff := cmp.Diff(want, ids); diff != "" || found != damage {
			t.Errorf("%s: %d pieces of damage, want %d (-want +got):\n%s", name, found, damage, diff)
		}
	}
	if ids, found := list(func([]byte) bool { return false }); len(ids) > 0 || found != damage {
		t.Errorf("of no interest: %d events, %d pieces of damage, want %d", len(ids), found, damage)
	}
}

// openFiles is a file system that counts the files that are open for reading.
type openFiles struct {
	durable.FS
	n atomic.Int64
}

func (o *openFiles) Open(name string, write bool) (durable.File, error) {
	f, err := o.FS.Open(name, write)
	if err != nil {
		return nil, err
	}
	o.n.Add(1)
	return &countedFile{f, o}, nil
}

type countedFile struct {
	durable.File
	in *openFiles
}

func (f *countedFile) Close() error {
	f.in.n.Add(-1)
	return f.File.Close()
}

// Who breaks off gets the first ones, and leaves nothing open behind.
func TestSearchBreakingOff(t *testing.T) {
	files := &openFiles{FS: durable.OS()}
	b, err := OpenOn(files, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	layDays(t, b)
	before := files.n.Load()
	for range 20 {
		n := 0
		for entry, err := range b.Search(t.Context(), Query{}, Condition{"kind", "k3"}) {
			if err != nil {
				continue
			}
			if want := []string{"1-3", "1-43", "1-83"}[n]; entry.Event.ID() != want {
				t.Fatalf("event %d: got %s, want %s", n, entry.Event.ID(), want)
			}
			if n++; n == 3 {
				break
			}
		}
		if n != 3 {
			t.Fatalf("got %d events", n)
		}
		if got := files.n.Load(); got != before {
			t.Fatalf("%d files are open, before there were %d", got, before)
		}
	}
}

// A context that ends is the last thing that is yielded; a search never ends early as if all were done.
func TestSearchContext(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	layDays(t, b)
	cause := errors.New("enough")
	for _, after := range []int{0, 1, 2000} {
		ctx, cancel := context.WithCancelCause(t.Context())
		n := 0
		if after == 0 {
			cancel(cause)
		}
		var last error
		for _, err := range b.Search(ctx, Query{}) {
			if n++; n == after {
				cancel(cause)
			}
			last = err
		}
		if !errors.Is(last, cause) {
			t.Errorf("ended after %d: the last error is %v, after %d entries", after, last, n)
		}
		cancel(nil)
	}
}

// A day that cannot be read is named once, and the others are found.
func TestSearchUnreadableDay(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	layDays(t, b)
	var want []string
	for entry, err := range b.Search(t.Context(), Query{}) {
		if err == nil && entry.Position.Day.String() != "1999-11-03" {
			want = append(want, entry.Event.ID())
		}
	}
	day := filepath.Join(b.Dir(), "1999-11-03", dayfile.DataName)
	if err := errors.Join(os.Remove(day), os.Mkdir(day, 0o755)); err != nil {
		t.Fatal(err)
	}
	var got []string
	unreadable := 0
	for entry, err := range b.Search(t.Context(), Query{}) {
		var no *UnreadableError
		switch {
		case err == nil:
			got = append(got, entry.Event.ID())
		case errors.As(err, &no) && no.File == day && strings.Contains(err.Error(), "no regular file"):
			unreadable++
		case !isDamage(err):
			t.Errorf("got %v", err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || unreadable != 1 {
		t.Errorf("the other days (-want +got):\n%sthe day is named %d times, want once", diff, unreadable)
	}
	for _, err := range b.DayEvents(t.Context(), mustDay(t, "1999-11-03"), 0) {
		if !isUnreadable(err) {
			t.Errorf("DayEvents: got %v", err)
		}
	}
}

// TestRunsOfDamage: a run of lines that are no events is one DamageError and one Finding, however long it is, across the blocks
// of a search, and Repair puts it into one piece.
func TestRunsOfDamage(t *testing.T) {
	const good = `{"event_id":"a","timestamp":"1999-11-08T14:32:15Z"}`
	for _, junk := range []string{"\n", "x\n", "\x00\n", " \r\n"} {
		n := 600_000 / len(junk)
		b := open(t, t.TempDir(), nil)
		text := good + "\n" + strings.Repeat(junk, n) + strings.Replace(good, `"a"`, `"b"`, 1) + "\n"
		dir := filepath.Join(b.Dir(), "1999-11-08")
		if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, dayfile.DataName), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		check := func(how string, lines int, offset, length int64) {
			t.Helper()
			if lines != n || offset != int64(len(good))+1 || length != int64(n*len(junk)) {
				t.Errorf("%q, %s: %d lines, %d bytes at %d; want %d, %d at %d", junk, how, lines, length, offset, n, n*len(junk), len(good)+1)
			}
		}
		for how, seq := range map[string]iter.Seq2[Entry, error]{
			"search": b.Search(t.Context(), Query{}), "filter": b.Search(t.Context(), Query{}, Condition{"event_id", "b"}),
			"day": b.DayEvents(t.Context(), mustDay(t, "1999-11-08"), 0),
		} {
			found := 0
			for _, err := range seq {
				var damage *DamageError
				if errors.As(err, &damage) {
					check(how, damage.Lines, damage.Offset, damage.Length)
					found++
				}
			}
			if found != 1 {
				t.Errorf("%q, %s: %d pieces of damage, want one", junk, how, found)
			}
		}
		for f, err := range b.Verify(t.Context(), Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			check("verify", f.Lines, f.Offset, f.Length)
		}
		repaired := 0
		for r, err := range b.Repair(t.Context(), Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			check("repair", r.Lines, r.Offset, r.Length)
			repaired++
		}
		raw, err := filepath.Glob(filepath.Join(dir, "quarantine", "*.raw"))
		if err != nil || len(raw) != 1 || repaired != 1 {
			t.Errorf("%q: %d pieces in quarantine, %d repaired, %v; want one", junk, len(raw), repaired, err)
		}
	}
}

// Of each vector a search without conditions finds what DayEvents finds, and one by an event_id finds the events that
// have it.
func TestSearchVectors(t *testing.T) {
	for name, v := range vectors(t) {
		t.Run(name, func(t *testing.T) {
			b := v.lay(t, WriteAppend)
			all := oneByOne(t, b, Query{}, func(Event) bool { return true })
			if diff := cmp.Diff(all, told(t, b, Query{})); diff != "" {
				t.Fatalf("everything (-want +got):\n%s", diff)
			}
			ids := map[string]int{}
			for entry, err := range b.DayEvents(t.Context(), mustDay(t, vectorDay), 0) {
				if err == nil {
					ids[entry.Event.ID()]++
				}
			}
			for id, want := range ids {
				got, where := 0, Condition{"event_id", id}
				found := map[Position]bool{}
				for entry, err := range b.Search(t.Context(), Query{}, where) {
					if err == nil {
						found[entry.Position] = true
					}
					if err == nil && entry.Event.ID() == id {
						got++
					}
				}
				for entry, err := range b.DayEvents(t.Context(), mustDay(t, vectorDay), 0) {
					if err == nil && where.Holds(entry) != found[entry.Position] {
						t.Errorf("event_id=%q holds of %s: %v, and Search finds it: %v", id, entry.Raw, !found[entry.Position], found[entry.Position])
					}
				}
				if got != want {
					t.Errorf("event_id=%q: found %d, want %d", id, got, want)
				}
			}
		})
	}
}

func TestParseCondition(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  Condition
		fault string
	}{
		{"a=x", Condition{"a", "x"}, ""},
		{"metadata.run=special", Condition{"metadata.run", "special"}, ""},
		{"a=", Condition{"a", ""}, ""},
		{"a=b=c", Condition{"a", "b=c"}, ""},
		{"a = x", Condition{"a ", " x"}, ""},
		{"a", Condition{}, "there is no '='"},
		{"", Condition{}, "there is no '='"},
		{"=x", Condition{}, "no member stands before '='"},
		{".=x", Condition{}, "a part of the member's path is empty"},
		{"a..b=x", Condition{}, "a part of the member's path is empty"},
		{"a.=x", Condition{}, "a part of the member's path is empty"},
	} {
		got, err := ParseCondition(test.text)
		if test.fault != "" {
			if err == nil || err.Error() != test.fault {
				t.Errorf("%q: got error %v, want %s", test.text, err, test.fault)
			}
			continue
		}
		if err != nil || got != test.want || got.String() != test.text {
			t.Errorf("%q: got %q, %v", test.text, got, err)
		}
	}
	b := open(t, t.TempDir(), nil)
	for _, err := range b.Search(t.Context(), Query{}, Condition{"a..b", "x"}) {
		if err == nil || !strings.Contains(err.Error(), `"a..b=x": a part of the member's path is empty`) {
			t.Errorf("a wrong condition: got error %v", err)
		}
	}
}

// BenchmarkSearch searches a day of 100,000 events (42 MB) in the page cache.
func BenchmarkSearch(b *testing.B) {
	book := open(b, b.TempDir(), nil)
	fill(b, book, 100_000)
	for _, c := range []Condition{{"metadata.run", "special"}, {"event_id", "evt_0000000000000077"}, {"metadata.frame_number", "4411"}} {
		b.Run(c.Member, func(b *testing.B) {
			size, err := book.DaySize(mustDay(b, "2025-11-08"))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(size)
			for b.Loop() {
				for _, err := range book.Search(b.Context(), Query{}, c) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// TestEventsAt: events are read again where they stood, in any order, of day files and of packed ones; what does not stand there is an
// error.
func TestEventsAt(t *testing.T) {
	ctx := context.Background()
	b, err := Open(t.TempDir(), &Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	put := func(id string) {
		e, err := ParseEvent([]byte(`{"event_id":"` + id + `","timestamp":"2025-11-08T10:00:00Z"}`))
		if err == nil {
			_, err = b.Append(ctx, e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put("a")
	put("b")
	day, _ := ParseDay("2025-11-08")
	check := func(what string) {
		t.Helper()
		var places []Position
		var want []string
		for e, err := range b.DayEvents(ctx, day, 0) {
			if err != nil {
				t.Fatal(err)
			}
			places, want = append([]Position{e.Position}, places...), append([]string{string(e.Raw)}, want...)
		}
		var got []string
		for e, err := range b.EventsAt(ctx, day, places) {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			got = append(got, string(e.Raw))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
		for _, wrong := range []Position{{Day: day, Offset: 1, Length: 20}, {Day: day, Offset: 1 << 20, Length: 20}, {Day: day, Length: 1 << 10}} {
			var err error
			for _, err = range b.EventsAt(ctx, day, []Position{wrong}) {
			}
			if err == nil {
				t.Errorf("%s: %+v: no error", what, wrong)
			}
		}
	}
	check("plain")
	if _, err := b.Retire(ctx, day, KeepPacked, nil); err != nil {
		t.Fatal(err)
	}
	check("packed")
	put("c")
	check("both")
	f, err := os.OpenFile(filepath.Join(b.Dir(), "2025-11-08", "events.json"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"event_id":"d","timestamp":"2025-11-08T10:00:00Z"}`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	check("without its newline")
}
