package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"daybook"
	"daybook/internal/killtest"
	"daybook/learning"
)

// retire retires a day after the ledger has taken it over.
func retire(t testing.TB, v *View, b *daybook.Book, of string, keep daybook.Keep) {
	t.Helper()
	r, err := b.Retire(context.Background(), day(t, of), keep, func(ctx context.Context, x daybook.Extent) error {
		_, err := v.Prove(ctx, day(t, of), x, keep == daybook.KeepNothing)
		return err
	})
	try(t, err)
	if r.Status == daybook.RetireRefused {
		t.Fatalf("retire %s: %v", of, r.Findings)
	}
}

// known are the lines of the ledger, in any order.
func known(t testing.TB, b *daybook.Book) []string {
	t.Helper()
	var list []string
	for _, s := range rows(t, b.Dir()) {
		list = append(list, s.Line)
	}
	slices.Sort(list)
	return list
}

func wantSound(t testing.TB, b *daybook.Book, what string) {
	t.Helper()
	for _, d := range differences(t, b, daybook.Query{}, learning.Palette{}) {
		t.Errorf("%s: %s", what, d)
	}
}

// TestDeletedDays: what a ledger has of a file that was deleted stays, whatever late events come, and rebuilt too.
func TestDeletedDays(t *testing.T) {
	ctx := context.Background()
	b := newBook(t, nil)
	const of = "2025-11-08"
	first := []string{camera("a", of+"T10:00:00Z", "parcel"), camera("b", of+"T11:00:00Z", "dog")}
	put(t, b, first...)
	put(t, b, camera("x", "2025-11-09T10:00:00Z", "cat"))
	v := newView(t, b, Options{})
	x, err := b.Settle(ctx, day(t, of))
	try(t, err)
	var d Difference
	if _, err := v.Prove(ctx, day(t, of), x, true); !errors.As(err, &d) && !isMissing(err) {
		t.Fatalf("before it is posted: got %v, want a difference", err)
	}
	catchUp(t, v)
	retire(t, v, b, of, daybook.KeepPacked)
	grown := append(first, camera("c", of+"T12:00:00Z", "bird"))
	put(t, b, grown[2])
	catchUp(t, v)
	wantSound(t, b, "compressed and grown")
	retire(t, v, b, of, daybook.KeepNothing)
	catchUp(t, v)
	wantSound(t, b, "deleted")
	// Late: one that is new, one that was there, one of an id that was there.
	late := []string{camera("d", of+"T13:00:00Z", "fox"), camera("b", of+"T11:00:00Z", "other words")}
	put(t, b, late[0], first[0], late[1])
	all := slices.Sorted(slices.Values(slices.Concat(grown, late, []string{camera("x", "2025-11-09T10:00:00Z", "cat")})))
	check := func(what string) {
		t.Helper()
		if got := known(t, b); !slices.Equal(got, all) {
			t.Errorf("%s: got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(all, "\n"))
		}
		wantSound(t, b, what)
	}
	catchUp(t, v)
	check("late")
	catchUp(t, newView(t, b, Options{}))
	check("late, looked at again")
	if n := ask(t, b, "SELECT events FROM days WHERE day = '"+of+"'"); n != "5\n" {
		t.Errorf("the figures tell of %s events, want 5", n)
	}
	if got := ask(t, b, "SELECT count(*) FROM texts WHERE texts MATCH 'parcel'"); got != "1\n" {
		t.Errorf("words of the deleted file: %s found", got)
	}
	_, err = v.Rebuild(ctx)
	try(t, err)
	check("rebuilt")
	// The late file is repaired, and deleted, and there is another one.
	name := filepath.Join(b.Dir(), of, "events.json")
	data, err := os.ReadFile(name)
	try(t, err)
	try(t, os.WriteFile(name, data[strings.IndexByte(string(data), '\n')+1:], 0o644))
	try(t, os.Remove(filepath.Join(b.Dir(), of, "events.mark")))
	all = slices.DeleteFunc(all, func(line string) bool { return line == late[0] })
	catchUp(t, v)
	check("repaired")
	retire(t, v, b, of, daybook.KeepNothing)
	last := camera("e", of+"T14:00:00Z", "owl")
	put(t, b, last)
	all = append(all, last)
	slices.Sort(all)
	_, err = v.Rebuild(ctx)
	try(t, err)
	check("rebuilt after the second deletion")
	catchUp(t, v)
	check("the third file")
}

// TestProveFinds: nothing is proven that is not so.
func TestProveFinds(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]func(t *testing.T, b *daybook.Book){
		"a line": func(t *testing.T, b *daybook.Book) {
			alter(t, b, `UPDATE events SET line = replace(line, 'two', 'TWO')`)
		},
		"a column": func(t *testing.T, b *daybook.Book) {
			alter(t, b, `UPDATE events SET camera_id = 'door' WHERE event_id = 'b'`)
		},
		"a row less": func(t *testing.T, b *daybook.Book) { alter(t, b, `DELETE FROM events WHERE event_id = 'b'`) },
		"words": func(t *testing.T, b *daybook.Book) {
			alter(t, b, `DELETE FROM texts WHERE rowid = (SELECT max(id) FROM events)`)
		},
		"figures":      func(t *testing.T, b *daybook.Book) { alter(t, b, `UPDATE days SET events = 3`) },
		"not all":      func(t *testing.T, b *daybook.Book) { put(t, b, camera("c", "2025-11-08T12:00:00Z", "three")) },
		"another file": func(t *testing.T, b *daybook.Book) { rewrite(t, b, "2025-11-08", "two", "too") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, nil)
			put(t, b, camera("a", "2025-11-08T10:00:00Z", "one"), camera("b", "2025-11-08T11:00:00Z", "two"))
			v := newView(t, b, Options{})
			catchUp(t, v)
			change(t, b)
			x, err := b.Settle(ctx, day(t, "2025-11-08"))
			try(t, err)
			_, err = v.Prove(ctx, day(t, "2025-11-08"), x, true)
			if n := ask(t, b, "SELECT count(*) FROM cursors WHERE retired > 0"); n != "0\n" {
				t.Errorf("%s days may be deleted", n)
			}
			var d Difference
			if !errors.As(err, &d) {
				t.Errorf("got %v, want a Difference", err)
			}
		})
	}
}

func rewrite(t testing.TB, b *daybook.Book, of, from, to string) {
	t.Helper()
	name := filepath.Join(b.Dir(), of, "events.json")
	data, err := os.ReadFile(name)
	try(t, err)
	try(t, os.WriteFile(name, []byte(strings.ReplaceAll(string(data), from, to)), 0o644))
}

// TestRandomDeletions: days grow, are deleted, come again and are deleted again, the ledger is rebuilt: every line
// that ever was is in it, once.
func TestRandomDeletions(t *testing.T) {
	rng := killtest.Rand(t)
	books := 3
	if testing.Short() {
		books = 1
	}
	for range books {
		b := newBook(t, nil)
		v := newView(t, b, Options{})
		v.rows = 3
		var all []string
		for n := range 60 {
			of := fmt.Sprintf("2025-11-%02d", 1+rng.IntN(3))
			switch rng.IntN(9) {
			case 0:
				catchUp(t, v)
				retire(t, v, b, of, []daybook.Keep{daybook.KeepNothing, daybook.KeepPacked}[rng.IntN(2)])
			case 1:
				_, err := v.Rebuild(context.Background())
				try(t, err)
			case 2:
				catchUp(t, newView(t, b, Options{}))
			case 3:
				if len(all) > 0 { // again: a duplicate, or the book does not know it any more
					put(t, b, all[rng.IntN(len(all))])
				}
			default:
				line := randomLine(rng, n, of)
				all = append(all, line)
				put(t, b, line)
			}
		}
		catchUp(t, v)
		want := slices.Sorted(slices.Values(all))
		if got := known(t, b); !slices.Equal(got, want) {
			t.Fatalf("got %d lines, want %d:\n%s\nwant\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		wantSound(t, b, "at the end")
	}
}

func randomLine(rng *rand.Rand, n int, of string) string {
	return camera(fmt.Sprint("e", n), fmt.Sprintf("%sT%02d:00:00Z", of, rng.IntN(24)), strings.Repeat("word ", 1+rng.IntN(5)))
}

// TestOlderVersions: a ledger of an older version is read as it is, and made again by posting, with what only it has: of a day that
// is deleted, and of one that has got a late event since.
func TestOlderVersions(t *testing.T) {
	for _, version := range []int{1, 2, 3} {
		b := newBook(t, nil)
		put(t, b, camera("a", "2025-11-08T10:00:00Z", "one"), camera("x", "2025-11-07T10:00:00Z", "x"), camera("y", "2025-11-06T10:00:00Z", "y"))
		v := newView(t, b, Options{})
		catchUp(t, v)
		want := "y\nx\na\nb\n"
		if version > 1 {
			retire(t, v, b, "2025-11-06", daybook.KeepNothing)
			retire(t, v, b, "2025-11-07", daybook.KeepNothing)
			put(t, b, camera("late", "2025-11-07T11:00:00Z", "late"))
			want = "y\nx\nlate\na\nb\n"
		}
		older(t, b, version)
		before := ask(t, b, "SELECT event_id FROM events ORDER BY id")
		if d := differences(t, b, daybook.Query{}, learning.Palette{}); slices.ContainsFunc(d, func(s string) bool { return strings.Contains(s, "events: ") }) {
			t.Errorf("version %d, read: %q", version, d)
		}
		put(t, b, camera("b", "2025-11-08T10:00:00Z", "two"))
		catchUp(t, newView(t, b, Options{}))
		wantSound(t, b, fmt.Sprint("version ", version, ", posted to"))
		if got := ask(t, b, "SELECT event_id FROM events ORDER BY id"); got != want {
			t.Errorf("version %d: got %q, was %q, want %q", version, got, before, want)
		}
		if got := ask(t, b, "SELECT max(version) FROM schema_version"); got != "4\n" {
			t.Errorf("version %d: it has version %s", version, got)
		}
	}
}

// TestDamagedLateFile: a retired day whose file of late events has damage is behind, and not wrong, before and after it is posted.
func TestDamagedLateFile(t *testing.T) {
	for _, keep := range []daybook.Keep{daybook.KeepPacked, daybook.KeepNothing} {
		for _, damage := range []string{"{\"torn", "{\"bad\n", "\n", "\n\n{\"bad\n"} {
			for _, late := range []bool{false, true} {
				b := newBook(t, nil)
				const of = "2025-11-08"
				put(t, b, camera("a", of+"T10:00:00Z", "a long text, so that the first file is longer than what is in the second"))
				v := newView(t, b, Options{})
				catchUp(t, v)
				retire(t, v, b, of, keep)
				if late {
					put(t, b, camera("late", of+"T11:00:00Z", ""))
				}
				f, err := os.OpenFile(filepath.Join(b.Dir(), of, "events.json"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
				try(t, err)
				_, err = f.WriteString(damage)
				try(t, errors.Join(err, f.Close()))
				what := fmt.Sprintf("%s, %q, late %v", keep, damage, late)
				for range 2 {
					for _, d := range differences(t, b, daybook.Query{}, learning.Palette{}) {
						if !strings.HasPrefix(d, "behind: ") {
							t.Errorf("%s: %s", what, d)
						}
					}
					catchUp(t, newView(t, b, Options{Damage: func(*daybook.DamageError) {}}))
				}
			}
		}
	}
}

// TestPackedDays: a day that is packed is not posted again, nor what is packed of late events; the ledger stays sound.
func TestPackedDays(t *testing.T) {
	ctx := context.Background()
	b := newBook(t, nil)
	const of = "2025-11-08"
	put(t, b, camera("a", of+"T10:00:00Z", "parcel"), camera("b", of+"T11:00:00Z", "dog"))
	v := newView(t, b, Options{})
	if done := catchUp(t, v); done.Events != 2 {
		t.Fatalf("posted %+v", done)
	}
	retire := func(b *daybook.Book, v *View) {
		t.Helper()
		r, err := b.Retire(ctx, day(t, of), daybook.KeepPacked, func(ctx context.Context, x daybook.Extent) error {
			_, err := v.Prove(ctx, day(t, of), x, false)
			return err
		})
		if err != nil || r.Status != daybook.RetirePacked {
			t.Fatalf("retire: %+v, %v", r, err)
		}
	}
	for round, late := range []string{"", "late", "later"} {
		if late != "" {
			put(t, b, camera(late, of+"T12:00:00Z", "cat"))
			if done := catchUp(t, v); done.Events != 1 || done.Removed != 0 {
				t.Errorf("a late event: %+v", done)
			}
		}
		retire(b, v)
		for range 2 { // by this View, and by one that has not looked on
			if done := catchUp(t, v); done.Events != 0 || done.Removed != 0 {
				t.Errorf("posted again after round %d: %+v", round, done)
			}
			if !v.Posted(day(t, of)) {
				t.Error("it is not posted")
			}
			v = newView(t, b, Options{})
		}
		wantSound(t, b, "packed")
	}
	if got := len(known(t, b)); got != 4 {
		t.Errorf("%d rows, want 4", got)
	}
	if _, err := v.Rebuild(ctx); err != nil { // from the packed file
		t.Error(err)
	}
	wantSound(t, b, "made anew")
	if got := len(known(t, b)); got != 4 {
		t.Errorf("%d rows, made anew, want 4", got)
	}
}
