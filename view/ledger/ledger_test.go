package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daybook"
)

func camera(id, at, text string) string {
	return fmt.Sprintf(`{"event_id":%q,"timestamp":%q,"camera_id":"gate","llm_description":%q,"image_path":"x.jpg",`+
		`"json_log_path":"y","motion_confidence":0.5,"detected_objects":[{"label":"person","confidence":0.94,"bbox":`+
		`{"x":64,"y":40,"width":150,"height":310}}],"metadata":{}}`, id, at, text)
}

func TestCatchUp(t *testing.T) {
	b := newBook(t, nil)
	v := newView(t, b, Options{})
	put(t, b,
		camera("a", "2025-11-08T14:32:15.123456Z", "Courier leaves a parcel"),
		camera("b", "2025-11-08T23:59:59+05:30", "你好，理解了吗"),
		camera("c", "2025-11-09T00:00:00Z", "Dog"))
	if got, want := catchUp(t, v), (Summary{Days: 2, Events: 3}); got != want {
		t.Errorf("first: got %+v, want %+v", got, want)
	}
	compare(t, b.Dir())
	if got := catchUp(t, v); !got.Nothing() {
		t.Errorf("again: got %+v, want nothing", got)
	}
	put(t, b, camera("d", "2025-11-08T10:00:00Z", "a late one"))
	if got, want := catchUp(t, v), (Summary{Days: 1, Events: 1}); got != want {
		t.Errorf("late: got %+v, want %+v", got, want)
	}
	compare(t, b.Dir())
	if got, want := ask(t, b, "SELECT event_id, timestamp, utc_offset, camera_id FROM events WHERE event_id = 'b'"),
		"b|2025-11-08T18:29:59.000000Z|330|gate\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, c := range []struct{ text, want string }{
		{"parcel", "a\n"}, {"PARCEL", "a\n"}, {"理解", "b\n"}, {"解", "b\n"}, {"解理", ""}, {"late one", "d\n"}, {`"`, ""},
	} {
		query := "SELECT event_id FROM texts JOIN events ON id = texts.rowid WHERE texts MATCH phrase('" + c.text + "')"
		if got := ask(t, b, query); got != c.want {
			t.Errorf("search for %s: got %q, want %q", c.text, got, c.want)
		}
	}
	if got, want := ask(t, b, "SELECT label, sum(confidence), width FROM objects GROUP BY 1, 3"), "person|3.76|150\n"; got != want {
		t.Errorf("objects: got %s, want %s", got, want)
	}
	if got, want := ask(t, b, "SELECT day, n FROM counts WHERE kind = 'label'"), "2025-11-08|3\n2025-11-09|1\n"; got != want {
		t.Errorf("labels: got %s, want %s", got, want)
	}
	for _, view := range []string{"canvas_changes", "learning_events", "color_transitions", "daily_stats", "schema_version"} {
		ask(t, b, "SELECT * FROM "+view)
	}
}

// TestDaysThatChange: whatever becomes of a day's file, the ledger has its lines, and no others.
func TestDaysThatChange(t *testing.T) {
	line := func(n int) string {
		return camera(fmt.Sprint("e", n), "2025-11-08T10:00:00Z", fmt.Sprint("text ", n)) + "\n"
	}
	for _, test := range []struct {
		name   string
		change func(old string) string
		moved  bool // the file is replaced by another one
		want   Summary
	}{
		{"grows", func(s string) string { return s + line(9) }, false, Summary{Days: 1, Events: 1}},
		{"copied", func(s string) string { return s }, true, Summary{Days: 1}},
		{"copied, and grows", func(s string) string { return s + line(9) }, true, Summary{Days: 1, Events: 1}},
		{"cut", func(s string) string { return line(0) }, false, Summary{Days: 1, Events: 1, Removed: 3}},
		{"emptied", func(s string) string { return "" }, false, Summary{Days: 1, Removed: 3}},
		{"repaired at its beginning", func(s string) string { return s[len(line(0)):] }, true, Summary{Days: 1, Events: 2, Removed: 3}},
		{
			"another of the same length", func(s string) string { return strings.ReplaceAll(s, "text 1", "TEXT 1") }, true,
			Summary{Days: 1, Events: 3, Removed: 3},
		},
		{
			"another last line", func(s string) string { return strings.ReplaceAll(s, "text 2", "TEXT 2") + line(4) }, false,
			Summary{Days: 1, Events: 4, Removed: 3},
		},
		{"damaged line behind", func(s string) string { return s + "{\"event_id\n" }, false, Summary{Days: 1, Damaged: 1}},
		{
			"damaged line, and one more", func(s string) string { return s + "\x00\x00\n" + line(7) }, false,
			Summary{Days: 1, Events: 1, Damaged: 1},
		},
		{
			"white space", func(s string) string { return s + " " + strings.TrimSuffix(line(7), "\n") + "\r\n" }, false,
			Summary{Days: 1, Events: 1},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBook(t, nil)
			put(t, b, line(0), line(1), line(2))
			put(t, b, strings.ReplaceAll(line(0), "-08T", "-09T")) // the same id, on another day
			catchUp(t, newView(t, b, Options{}))
			name := filepath.Join(b.Dir(), "2025-11-08", "events.json")
			data, err := os.ReadFile(name)
			try(t, err)
			if test.moved {
				try(t, os.Rename(name, name+".old"))
			}
			try(t, os.WriteFile(name, []byte(test.change(string(data))), 0o644))
			var damage []*daybook.DamageError
			v := newView(t, b, Options{Damage: func(d *daybook.DamageError) {
				if d.Lines > 0 {
					damage = append(damage, d)
				}
			}})
			if got := catchUp(t, v); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			compare(t, b.Dir())
			if len(damage) != test.want.Damaged {
				t.Errorf("told of %v, want %d", damage, test.want.Damaged)
			}
			if got := catchUp(t, newView(t, b, Options{})); !got.Nothing() {
				t.Errorf("again: got %+v, want nothing", got)
			}
			if got, want := ask(t, b, "SELECT count(*) FROM texts"), ask(t, b, "SELECT count(*) FROM events"); got != want {
				t.Errorf("texts of %s events, want %s", got, want)
			}
			put(t, b, line(20))
			catchUp(t, v)
			compare(t, b.Dir())
		})
	}
}
