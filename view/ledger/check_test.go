package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/learning"
)

// prefix has the rows of each day be the lines that its cursor says, of the day's file as it is or as one that old has: what may
// be seen after posting was cut short.
func prefix(t testing.TB, dir string, old map[string][]string) {
	t.Helper()
	c := openRaw(t, filepath.Join(dir, Name)) // takes back what is half done
	version, err := c.known()
	var cursors map[daybook.Day]cursor
	if err == nil && version > 0 {
		cursors, err = readCursors(c)
	}
	try(t, c.close())
	if err == nil && version == 0 {
		return // killed before there were tables
	}
	try(t, err)
	got := map[string][]stored{}
	for _, s := range rows(t, dir) {
		got[s.Day] = append(got[s.Day], s)
	}
	for day, k := range cursors {
		name := day.String()
		data, err := os.ReadFile(filepath.Join(dir, name, "events.json"))
		try(t, err)
		versions := append([]string{string(data)}, old[name]...)
		i := slices.IndexFunc(versions, func(text string) bool {
			return k.posted <= int64(len(text)) && crc32.Checksum([]byte(text[:k.posted]), castagnoli()) == k.sum
		})
		if i < 0 {
			t.Errorf("%s: the cursor %+v is of no file", name, k)
			continue
		}
		data = []byte(versions[i])
		if err := differ(events(name, data[:k.posted]), got[name]); err != nil {
			t.Errorf("%s, up to %d: %v", name, k.posted, err)
		}
		delete(got, name)
	}
	for day := range got {
		t.Errorf("%s has rows and no cursor", day)
	}
}

// sound compares the figures of a ledger that is at the book's end with what package learning says of the book, and with its
// own rows.
func sound(t testing.TB, b *daybook.Book) { soundBy(t, b, story(t)) }

func story(t testing.TB) learning.Palette {
	t.Helper()
	p, err := learning.Profile("story")
	try(t, err)
	return p
}

func soundBy(t testing.TB, b *daybook.Book, p learning.Palette) {
	t.Helper()
	var want strings.Builder
	var start learning.Colors
	for _, day := range gone(t, b) {
		tally := learning.NewTally(start, p)
		n := 0
		for _, e := range day.events {
			tally.Add(learning.ParseEvent(e.Time(), e.Member))
			n++
		}
		start = tally.Colors().Clone()
		if n > 0 {
			text, err := json.Marshal(tally.Statistics())
			try(t, err)
			fmt.Fprintf(&want, "%s|%d|%s\n", day.name, n, text)
		}
	}
	if diff := cmp.Diff(want.String(), ask(t, b, "SELECT day, events, statistics FROM days ORDER BY day")); diff != "" {
		t.Errorf("days (-computed +ledger):\n%s", diff)
	}
	for _, q := range []struct{ what, want, got string }{
		{"event types", "SELECT day, event_type, count(*) FROM events WHERE event_type != '' GROUP BY 1, 2 ORDER BY 1, 2", "event_type"},
		{"boards", "SELECT day, canvas_id, count(*) FROM events WHERE canvas_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2", "canvas"},
		{"cameras", "SELECT day, camera_id, count(*) FROM events WHERE camera_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2", "camera"},
		{"labels", "SELECT day, label, count(*) FROM objects WHERE label IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2", "label"},
		{"hours", "SELECT day, substr(timestamp, 12, 2), count(*) FROM events GROUP BY 1, 2 ORDER BY 1, 2", "hour"},
		{"transitions", "SELECT day, transition_type, count(*) FROM color_transitions GROUP BY 1, 2 ORDER BY 1, 2", "transition"},
		{"steps", "SELECT day, event_type, count(*) FROM learning_events GROUP BY 1, 2 ORDER BY 1, 2", "learning_event"},
	} {
		got := ask(t, b, "SELECT day, name, n FROM counts WHERE kind = '"+q.got+"' ORDER BY 1, 2")
		if diff := cmp.Diff(ask(t, b, q.want), got); diff != "" {
			t.Errorf("%s (-rows +counts):\n%s", q.what, diff)
		}
	}
	if got := ask(t, b, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'events_of_%'"); got != "4\n" {
		t.Errorf("%s indexes of events, want 4", got)
	}
	if got := ask(t, b, "SELECT count(*) FROM learned WHERE id NOT IN (SELECT id FROM events)"); got != "0\n" {
		t.Errorf("%s rows of learned are of no event", got)
	}
	if got := ask(t, b, "SELECT count(*) FROM texts WHERE rowid NOT IN (SELECT id FROM events)"); got != "0\n" {
		t.Errorf("%s rows of texts are of no event", got)
	}
}

// dayOf is a day as the ledger should have it.
type dayOf struct {
	name   string
	events []daybook.Event
}

// gone returns the days of a book, and those that only its ledger has, in their order.
func gone(t testing.TB, b *daybook.Book) (list []dayOf) {
	t.Helper()
	for name := range strings.Lines(ask(t, b, "SELECT day FROM cursors ORDER BY day")) {
		day, err := daybook.ParseDay(strings.TrimSpace(name))
		try(t, err)
		of := dayOf{name: day.String()}
		if _, err := os.Stat(filepath.Join(b.Dir(), of.name, "events.json")); err == nil {
			for e, err := range b.DayEvents(context.Background(), day, 0) {
				if err == nil {
					of.events = append(of.events, e.Event)
				}
			}
		} else {
			for line := range strings.Lines(ask(t, b, "SELECT line FROM events WHERE day = '"+of.name+"' ORDER BY id")) {
				e, err := daybook.ParseEvent([]byte(line))
				try(t, err)
				of.events = append(of.events, e)
			}
		}
		list = append(list, of)
	}
	return list
}
