package daybook

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// zoneOfRules returns a zone called name with a fixed offset, as a time zone database of other rules would have it.
func zoneOfRules(name string, hours int) *time.Location { return time.FixedZone(name, hours*3600) }

// TestZoneRulesChange: an event that was stored by other rules of the zone stays where it was put. It is no damage, is found
// again as a duplicate, and another event with its event_id is another event of another day.
func TestZoneRulesChange(t *testing.T) {
	ctx := context.Background()
	const late = `{"event_id":"x","timestamp":"2023-07-10T05:30:00Z"}`  // 00:30 by the old rules, 23:30 by the new ones
	const early = `{"event_id":"y","timestamp":"2023-07-10T04:30:00Z"}` // 23:30 by the old rules, of the day before
	for _, change := range []struct {
		name     string
		old, new int // offsets in hours
	}{
		{"abolished", -5, -6},
		{"introduced", -6, -5},
		{"moved east", -6, -3},
		{"same", -5, -5},
	} {
		for _, packed := range []bool{false, true} {
			t.Run(change.name, func(t *testing.T) {
				dir := t.TempDir()
				book, err := Open(dir, &Options{Settings: &Settings{Zone: "America/Mexico_City"}})
				if err != nil {
					t.Fatal(err)
				}
				book.zone = zoneOfRules("America/Mexico_City", change.old)
				where := map[string]Position{}
				for _, line := range []string{late, early} {
					e, err := ParseEvent([]byte(line))
					if err != nil {
						t.Fatal(err)
					}
					if where[line], err = book.Append(ctx, e); err != nil {
						t.Fatal(err)
					}
				}
				if packed {
					for _, p := range where {
						if _, err := book.Retire(ctx, p.Day, KeepPacked, nil); err != nil {
							t.Fatal(err)
						}
					}
				}
				if err := book.Close(); err != nil {
					t.Fatal(err)
				}

				if book, err = Open(dir, nil); err != nil {
					t.Fatal(err)
				}
				defer book.Close()
				book.zone = zoneOfRules("America/Mexico_City", change.new)
				for f, err := range book.Verify(ctx, Query{}) {
					t.Errorf("verify: %+v, %v", f, err)
				}
				for line, stored := range where {
					e, err := ParseEvent([]byte(line))
					if err != nil {
						t.Fatal(err)
					}
					stored.Duplicate = true
					if again, err := book.Append(ctx, e); err != nil || again != stored {
						t.Errorf("appended again: got %+v, %v, want %+v", again, err, stored)
					}
				}
				other, err := ParseEvent([]byte(`{"event_id":"x","timestamp":"2023-07-10T05:30:00Z","other":1}`))
				if err != nil {
					t.Fatal(err)
				}
				same := change.old == change.new
				if _, err := book.Append(ctx, other); same != errors.Is(err, ErrConflict) {
					t.Errorf("another event of the id: got %v", err)
				}
				n := 0
				for _, err := range book.Events(ctx, Query{}) {
					if err != nil {
						t.Error(err)
					}
					n++
				}
				want := 3
				if same {
					want = 2
				}
				if n != want {
					t.Errorf("the book has %d events, want %d", n, want)
				}
			})
		}
	}
}

// TestUnreadableNeighbour: a neighbouring day that cannot be read keeps nothing from being stored.
func TestUnreadableNeighbour(t *testing.T) {
	dir := t.TempDir()
	book, err := Open(dir, &Options{Settings: &Settings{Zone: "Europe/Berlin"}})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if err := os.MkdirAll(filepath.Join(dir, "2023-07-09", "events.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	e, err := ParseEvent([]byte(`{"event_id":"x","timestamp":"2023-07-10T00:30:00+02:00"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.Append(context.Background(), e); err != nil {
		t.Error(err)
	}
}
