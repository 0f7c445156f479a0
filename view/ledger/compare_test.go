package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"daybook"
	"daybook/internal/faultfs"
	"daybook/learning"
)

// differences are those of a book's ledger, each as text; those that are Behind begin with "behind: ".
func differences(t testing.TB, b *daybook.Book, q daybook.Query, p learning.Palette) (list []string) {
	t.Helper()
	for d, err := range Compare(context.Background(), b, q, p) {
		try(t, err)
		text := d.Error()
		if d.Behind {
			text = "behind: " + text
		}
		list = append(list, text)
	}
	return list
}

// alter runs statements on a book's ledger, as a faulty Daybook might.
func alter(t testing.TB, b *daybook.Book, queries ...string) {
	t.Helper()
	try(t, registerVFS())
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.Dir(), Name)+"?vfs="+checkedVFS)
	try(t, err)
	for _, q := range queries {
		_, err := db.Exec(q)
		try(t, err)
	}
	try(t, db.Close())
}

// listing is what lies in a directory, with sizes and times.
func listing(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	try(t, err)
	var list strings.Builder
	for _, e := range entries {
		info, err := e.Info()
		try(t, err)
		fmt.Fprintln(&list, e.Name(), info.Size(), info.ModTime())
	}
	return list.String()
}

// someDays are events of three days: boards, a mis-click, cameras.
func someDays() []string {
	board := func(id, at, kind, details string) string {
		return fmt.Sprintf(`{"event_id":%q,"timestamp":%q,"canvas_id":"a.canvas","event_type":%q,"details":{%s}}`, id, at, kind, details)
	}
	color := func(id, at, old, new string) string {
		return board(id, at, "node_color_change", fmt.Sprintf(`"node_id":"n","old_color":%q,"new_color":%q`, old, new))
	}
	return []string{
		board("1", "2025-11-06T10:00:00Z", "canvas_created", `"nodes":2,"edges":0,"colors":{"1":2}`),
		color("2", "2025-11-06T10:01:00Z", "1", "3"),
		board("3", "2025-11-06T10:02:00Z", "node_text_change", `"node_id":"n","old_text":"a","new_text":"a wave","color":"6"`),
		color("4", "2025-11-07T10:00:00Z", "3", "2"), color("5", "2025-11-07T10:05:00Z", "2", "3"), color("6", "2025-11-07T10:05:10Z", "3", "2"),
		camera("7", "2025-11-08T10:00:00Z", "Courier leaves a parcel"), camera("8", "2025-11-08T10:00:01Z", ""),
	}
}

// TestCompare: what is altered in a ledger is found, and named; what is only not posted yet is no fault.
func TestCompare(t *testing.T) {
	ids := func(name string) string { return "(SELECT id FROM events WHERE event_id = '" + name + "')" }
	for _, test := range []struct {
		name  string
		alter []string
		want  []string // beginnings of the differences; of another one if it ends in …
	}{
		{"nothing", nil, nil},
		{"a line", []string{"UPDATE events SET line = replace(line, 'a wave', 'a cave') WHERE event_id = '3'"}, []string{`2025-11-06: offset 320: events: the row has the line …"\":\"a\",\"new_text\":\"a cave\",\"color\":\"6\"}}" and not …"\":\"a\",\"new_text\":\"a wave\",\"color`}},
		{"a day", []string{"UPDATE events SET day = '2025-11-07' WHERE event_id = '3'"}, []string{`2025-11-06: offset 320: events: the row has the day "2025-11-07" and not "2025-11-06"`}},
		{"an event_id", []string{"UPDATE events SET event_id = 'x' WHERE event_id = '3'"}, []string{`2025-11-06: offset 320: events: the row has the event_id "x" and not "3"`}},
		{"a timestamp", []string{"UPDATE events SET timestamp = '2025' WHERE event_id = '3'"}, []string{`2025-11-06: offset 320: events: the row has the timestamp "2025" and`}},
		{"an offset", []string{"UPDATE events SET utc_offset = 60 WHERE event_id = '3'"}, []string{"2025-11-06: offset 320: events: the row has the utc_offset 60 and not 0"}},
		{"a type", []string{"UPDATE events SET event_type = NULL WHERE event_id = '3'"}, []string{"2025-11-06: offset 320: events: the row has the event_type NULL and"}},
		{"a board", []string{"UPDATE events SET canvas_id = 'b' WHERE event_id = '3'"}, []string{`2025-11-06: offset 320: events: the row has the canvas_id "b" and`}},
		{"a camera", []string{"UPDATE events SET camera_id = 'b' WHERE event_id = '7'"}, []string{`2025-11-08: offset 0: events: the row has the camera_id "b" and`}},
		{"a card", []string{"UPDATE events SET node_id = 'b' WHERE event_id = '3'"}, []string{`2025-11-06: offset 320: events: the row has the node_id "b" and`}},
		{
			"a row that is missing",
			[]string{"DELETE FROM texts WHERE rowid = " + ids("3"), "DELETE FROM events WHERE event_id = '3'"},
			[]string{"2025-11-06: offset 320: events: the row is missing", "2025-11-06: offset 320: texts: the words are missing"},
		},
		{
			"a row too many",
			[]string{"INSERT INTO events SELECT id + 1, day, 'x', timestamp, 0, NULL, NULL, NULL, NULL, '{}' FROM events WHERE event_id = '3'"},
			[]string{"2025-11-06: offset 321: events: there is a row of a line that is not there"},
		},
		{
			"a row behind the last",
			[]string{"INSERT INTO events SELECT max(id) + 100000, day, 'x', timestamp, 0, NULL, NULL, NULL, NULL, '{}' FROM events"},
			[]string{"2025-11-08: offset 100"},
		},
		{"words too many", []string{"INSERT INTO texts (rowid, text) VALUES (" + ids("8") + ", 'x')"}, []string{"2025-11-08: offset 300: texts: there are words of a line that has none"}},
		{"words that are missing", []string{"DELETE FROM texts WHERE rowid = " + ids("7")}, []string{"2025-11-08: offset 0: texts: the words are missing"}},
		{"a figure", []string{"UPDATE days SET understanding_rate = 0.5 WHERE day = '2025-11-06'"}, []string{"2025-11-06: days: the row has the understanding_rate 0.5 and not 1"}},
		{"no figures", []string{"DELETE FROM days WHERE day = '2025-11-08'"}, []string{"2025-11-08: days: the row of the day is missing"}},
		{"a count", []string{"UPDATE counts SET n = 7 WHERE kind = 'transition' AND day = '2025-11-06'"}, []string{`2025-11-06: counts: transition "red_to_purple" is 7 and not 1`}},
		{"a count that is missing", []string{"DELETE FROM counts WHERE kind = 'hour' AND day = '2025-11-08'"}, []string{`2025-11-08: counts: hour "10" is 0 and not 2`}},
		{"a count too many", []string{"INSERT INTO counts VALUES ('2025-11-08', 'label', 'x', 1)"}, []string{`2025-11-08: counts: label "x" is 1 and not 0`}},
		{"a count of nothing", []string{"INSERT INTO counts VALUES ('2025-11-08', 'label', 'x', 0)"}, []string{`2025-11-08: counts: there are 6 rows and not 5`}},
		{"a step", []string{"UPDATE learned SET step = 'breakthrough' WHERE id = " + ids("2")}, []string{`2025-11-06: offset 154: learned: the row has the step "breakthrough" and not "understanding_improving"`}},
		{"a mis-click", []string{"UPDATE learned SET misclick = 0 WHERE id = " + ids("5")}, []string{"2025-11-07: offset 166: learned: the row has the misclick 0 and not 1"}},
		{"no step", []string{"DELETE FROM learned WHERE id = " + ids("2")}, []string{"2025-11-06: offset 154: learned: the row is missing"}},
		{"a step too many", []string{"INSERT INTO learned (id, misclick) VALUES (" + ids("1") + ", 0)"}, []string{"2025-11-06: offset 0: learned: there is a row of an event that says nothing"}},
		{"damage", []string{"UPDATE cursors SET damaged = 1 WHERE day = '2025-11-06'"}, []string{"2025-11-06: the ledger says that 1 damaged lines were left out, there are 0"}},
		{
			"rows of another day",
			[]string{"INSERT INTO events VALUES (7, '2025-11-09', 'x', 'x', 0, NULL, NULL, NULL, NULL, '{}')"},
			[]string{"events has the row 7, of a day that was never posted"},
		},
		{
			"figures of another day",
			[]string{"UPDATE days SET day = '2025-11-09' WHERE day = '2025-11-08'"},
			[]string{`days has figures of "2025-11-09", which was never posted`, "2025-11-08: days: the row of the day is missing"},
		},
		{"a cursor of nothing", []string{"DELETE FROM cursors WHERE day = '2025-11-08'"}, []string{
			"events has the row", "texts has the row", `days has figures of "2025-11-08"`, `counts has figures of "2025-11-08"`,
			"2025-11-08: offset 0: events: there is a row of a line that is not there", "2025-11-08: offset 300: events: there is a row",
			"behind: 2025-11-08: offset 0: lines from here on are not posted",
		}},
		{"another file", []string{"UPDATE cursors SET sum = sum + 1 WHERE day = '2025-11-08'"}, []string{"behind: 2025-11-08: the day's file is not what was posted any more"}},
		{"a palette", []string{"UPDATE days SET palette_sum = 1"}, []string{
			"behind: 2025-11-06: the figures are of another palette", "behind: 2025-11-07: the figures are of", "behind: 2025-11-08: the figures are of",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBook(t, nil)
			put(t, b, someDays()...)
			v := newView(t, b, Options{})
			catchUp(t, v)
			alter(t, b, test.alter...)
			before := listing(t, b.Dir())
			got := differences(t, b, daybook.Query{}, learning.Palette{})
			if after := listing(t, b.Dir()); after != before {
				t.Errorf("it changed something: before\n%safter\n%s", before, after)
			}
			for i := range max(len(got), len(test.want)) {
				if i >= len(got) || i >= len(test.want) || !strings.HasPrefix(got[i], test.want[i]) {
					t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				}
			}
			wrong := slices.ContainsFunc(test.want, func(s string) bool { return strings.HasPrefix(s, "2025-11-06") })
			day, size := day(t, "2025-11-06"), int64(0)
			size, err := b.DaySize(day)
			try(t, err)
			var d Difference
			if err := v.Compare(context.Background(), day, size); errors.As(err, &d) != wrong || err != nil && (!wrong || d.Behind) {
				t.Errorf("View.Compare: got %v, want a difference: %v", err, wrong)
			}
		})
	}
}

func day(t testing.TB, s string) daybook.Day {
	t.Helper()
	d, err := daybook.ParseDay(s)
	try(t, err)
	return d
}

// TestCompareBehind: lines that are not posted yet, days that are not what was posted, and days that have left the book.
func TestCompareBehind(t *testing.T) {
	b := newBook(t, nil)
	put(t, b, someDays()...)
	v := newView(t, b, Options{})
	catchUp(t, v)
	put(t, b, camera("9", "2025-11-08T11:00:00Z", "text"), camera("10", "2025-11-08T12:00:00Z", "text"), camera("11", "2025-11-09T12:00:00Z", "text"))
	check := func(want ...string) {
		t.Helper()
		if got := differences(t, b, daybook.Query{}, learning.Palette{}); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	check("behind: 2025-11-08: offset 577: lines from here on are not posted", "behind: 2025-11-09: offset 0: lines from here on are not posted")
	eighth := day(t, "2025-11-08")
	size, err := b.DaySize(eighth)
	try(t, err)
	var d Difference
	if err := v.Compare(context.Background(), eighth, size); !errors.As(err, &d) || !d.Behind {
		t.Errorf("a day that is not posted: got %v, want a Difference that is Behind", err)
	}
	catchUp(t, v)
	check()
	try(t, v.Compare(context.Background(), eighth, size))
	file := filepath.Join(b.Dir(), "2025-11-08", "events.json")
	data, err := os.ReadFile(file)
	try(t, err)
	try(t, os.WriteFile(file, data[:len(data)/2], 0o644))
	check("behind: 2025-11-08: the day's file is not what was posted any more; it is posted anew by the next posting")
	catchUp(t, newView(t, b, Options{}))
	check()
	try(t, os.RemoveAll(filepath.Join(b.Dir(), "2025-11-06")))
	check()
	alter(t, b, "UPDATE events SET line = replace(line, 'a wave', 'a cave') WHERE event_id = '3'")
	check("2025-11-06: the lines that the ledger has are not those that were posted; the day's file is gone")
	alter(t, b, "DELETE FROM events WHERE event_id = '2'")
	check("2025-11-06: offset 154: events: the rows of 166 bytes are missing; the day's file is gone")
}

// TestCompareUnusable: a ledger that cannot be compared says why, and one that was left in the midst of a transaction is only
// behind.
func TestCompareUnusable(t *testing.T) {
	b := newBook(t, nil)
	put(t, b, someDays()...)
	file := filepath.Join(b.Dir(), Name)
	one := func() (Difference, error) {
		var list []Difference
		for d, err := range Compare(context.Background(), b, daybook.Query{}, learning.Palette{}) {
			if err != nil {
				return d, err
			}
			list = append(list, d)
		}
		if len(list) == 0 {
			return Difference{}, nil
		}
		return list[0], nil
	}
	var wrong *Error
	if _, err := one(); !errors.As(err, &wrong) || wrong.Problem != Missing {
		t.Errorf("without a ledger: got %v, want one that is missing", err)
	}
	try(t, os.WriteFile(file, []byte("notes"), 0o644))
	if _, err := one(); !errors.As(err, &wrong) || wrong.Problem != Foreign {
		t.Errorf("notes: got %v, want one that is foreign", err)
	}
	try(t, os.Remove(file))
	for i := range 200 {
		put(t, b, camera(fmt.Sprint("more", i), "2025-11-08T10:00:00Z", "text"))
	}
	catchUp(t, newView(t, b, Options{}))
	whole, err := os.ReadFile(file)
	try(t, err)

	c := openRaw(t, file)
	try(t, c.exec("PRAGMA cache_size = 2; BEGIN IMMEDIATE; UPDATE events SET event_id = 'x'"))
	half, err := os.ReadFile(file)
	try(t, err)
	journal, err := os.ReadFile(file + journalSuffix)
	try(t, err)
	try(t, c.close())
	try(t, os.WriteFile(file, half, 0o644))
	try(t, os.WriteFile(file+journalSuffix, journal, 0o644))
	before := listing(t, b.Dir())
	if d, err := one(); err != nil || !d.Behind || !strings.Contains(d.Reason, "cut short") {
		t.Errorf("in the midst of a transaction: got %v, %v, want that it is behind", d, err)
	}
	if after := listing(t, b.Dir()); after != before {
		t.Errorf("it changed something: before\n%safter\n%s", before, after)
	}
	catchUp(t, newView(t, b, Options{}))
	if d, err := one(); d != (Difference{}) || err != nil {
		t.Errorf("after the next posting: got %v, %v", d, err)
	}

	for i := 8192; i < len(whole); i++ {
		whole[i] = byte(i * 7)
	}
	try(t, os.WriteFile(file, whole, 0o644))
	if d, err := one(); err != nil || d.Behind || !strings.Contains(d.Reason, "damaged") {
		t.Errorf("damaged: got %v, %v, want that it is damaged", d, err)
	}
}

// TestCompareMeetsRepair: a day whose file is replaced while it is compared, at any moment, is behind, and nothing of it is wrong.
func TestCompareMeetsRepair(t *testing.T) {
	for n := 1; ; n++ {
		dir, opens, armed := t.TempDir(), 0, false
		file, other := filepath.Join(dir, "2025-11-08", "events.json"), filepath.Join(dir, "other")
		fsys := &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
			if armed && c.Op == "open" && c.Name == "events.json" {
				if opens++; opens == n {
					if err := os.Rename(other, file); err != nil {
						return faultfs.Fault{Err: err}
					}
				}
			}
			return faultfs.Fault{}
		}}
		b, err := daybook.OpenOn(fsys, dir, &daybook.Options{Sync: daybook.SyncNone})
		try(t, err)
		put(t, b, someDays()[6:]...)
		catchUp(t, newView(t, b, Options{}))
		data, err := os.ReadFile(file)
		try(t, err)
		try(t, os.WriteFile(other, data[strings.Index(string(data), "\n")+1:], 0o644))
		armed = true
		for d, err := range Compare(context.Background(), b, daybook.Query{}, learning.Palette{}) {
			try(t, err)
			if !d.Behind {
				t.Errorf("replaced before the opening %d: %v", n, d)
			}
		}
		try(t, b.Close())
		if opens < n {
			if n < 4 {
				t.Errorf("the file was opened %d times only", opens)
			}
			return
		}
	}
}
