package daybook

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func mustDay(t testing.TB, s string) Day {
	t.Helper()
	d, err := ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// changes returns when the zone's clocks were changed, from 1840 to 2045. It asks day by day: see Day.Start.
func changes(zone *time.Location) []time.Time {
	var list []time.Time
	offset := func(t time.Time) int { _, o := t.In(zone).Zone(); return o }
	end := time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(1840, 1, 1, 0, 0, 0, 0, time.UTC); t.Before(end); {
		next := t.Add(24 * time.Hour)
		if offset(t) != offset(next) {
			low, high := t, next
			for high.Sub(low) > time.Second {
				if mid := low.Add(high.Sub(low) / 2).Truncate(time.Second); offset(mid) == offset(low) {
					low = mid
				} else {
					high = mid
				}
			}
			list = append(list, high.In(zone))
		}
		t = next
	}
	return list
}

// around returns instants about a change of clocks, ascending: those of the change, of the midnights, and many between.
func around(change time.Time, rng *rand.Rand) []time.Time {
	var list []time.Time
	for m := -50 * 60; m <= 50*60; m += 30 {
		t := change.Add(time.Duration(m) * time.Minute)
		list = append(list, t.Add(-1), t, t.Add(1), t.Add(time.Duration(rng.Int64N(int64(30*time.Minute)))))
	}
	midnight := DayOf(change).Start(change.Location())
	list = append(list, midnight.Add(-1), midnight, midnight.Add(1))
	slices.SortFunc(list, time.Time.Compare)
	return list
}

// TestDaysOfZones: through every change of clocks in many zones, each instant lies in its day, and the days follow each
// other. In some zones clocks have gone back over midnight, into the day before: there an earlier day comes again.
func TestDaysOfZones(t *testing.T) {
	const seed = 7
	for name, again := range map[string]bool{
		"UTC": false, "Europe/Berlin": false, "America/New_York": false, "Australia/Lord_Howe": false, "Africa/Cairo": false,
		"America/Santiago": false, "America/Sao_Paulo": false, "America/Havana": false, "Pacific/Apia": false,
		"Pacific/Kwajalein": false, "Pacific/Kiritimati": false, "Asia/Kathmandu": false, "Africa/Monrovia": false,
		"Africa/Casablanca": false, "Asia/Tehran": false, "America/Toronto": false, "America/St_Johns": true,
		"America/Juneau": true,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, name)
			list := append(changes(loc), time.Date(2028, 12, 31, 0, 0, 0, 0, loc), time.Date(2040, 12, 31, 0, 0, 0, 0, loc))
			cameAgain := false
			starts := map[Day]time.Time{}
			start := func(d Day) time.Time {
				s, ok := starts[d]
				if !ok {
					s = d.Start(loc)
					starts[d] = s
				}
				return s
			}
			for _, change := range list {
				last := Day{}
				for _, at := range around(change, rand.New(rand.NewPCG(seed, uint64(change.Unix())))) {
					d := DayOf(at)
					s := start(d)
					if s.After(at) || DayOf(s) != d || DayOf(s.Add(-1)).Compare(d) >= 0 {
						t.Fatalf("%v is of %s, which starts at %v, after %v", at, d, s, s.Add(-1))
					}
					back := d.Compare(last) < 0
					if next := start(d.Add(1)); !again && !at.Before(next) || next.Before(s) {
						t.Fatalf("%v is of %s, and the day after it starts at %v", at, d, next)
					}
					if back && !again {
						t.Fatalf("%v is of %s, and an earlier instant of %s", at, d, last)
					}
					cameAgain = cameAgain || back
					last = d
				}
			}
			if cameAgain != again {
				t.Errorf("a day comes again: got %v, want %v", cameAgain, again)
			}
			t.Logf("%d changes of clocks", len(list)-2)
		})
	}
}

// TestNaiveTimes holds docs/format.md against every change of clocks: what clocks show once is that instant, what they
// show twice the first one, and what they skip is read as if they had not been changed yet.
func TestNaiveTimes(t *testing.T) {
	for _, name := range []string{
		"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "America/Sao_Paulo",
		"America/Havana", "Pacific/Apia", "Pacific/Kwajalein", "America/St_Johns", "Africa/Casablanca", "Asia/Pyongyang",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, name)
			for _, change := range changes(loc) {
				_, before := change.Add(-time.Second).Zone()
				_, after := change.Zone()
				if before%60 != 0 || after%60 != 0 {
					continue // RFC 3339 has no seconds in offsets
				}
				for m := -1600; m <= 1600; m += 10 {
					// What clocks of the old offset show then, as if it were UTC.
					shown := change.Add(time.Duration(m)*time.Minute + time.Duration(before)*time.Second).UTC()
					want := shown.Add(-time.Duration(before) * time.Second) // the old offset, for the skipped
					for _, o := range []int{min(before, after), max(before, after)} {
						at := shown.Add(-time.Duration(o) * time.Second)
						if _, real := at.In(loc).Zone(); real == o {
							want = at // the larger offset comes last: it is the earlier instant
						}
					}
					if got := inZone(shown, loc); !got.Equal(want) {
						t.Fatalf("%s, clocks are changed at %v: got %v, want %v", shown.Format("2006-01-02T15:04:05"),
							change, got, want.In(loc))
					}
				}
			}
		})
	}
}

// TestDayLengths has the days of which people would say that they are odd.
func TestDayLengths(t *testing.T) {
	for _, c := range []struct{ zone, day, starts, ends string }{
		{"Europe/Berlin", "2025-03-29", "2025-03-29T00:00:00+01:00", "2025-03-30T00:00:00+01:00"},
		{"Europe/Berlin", "2025-03-30", "2025-03-30T00:00:00+01:00", "2025-03-31T00:00:00+02:00"}, // 23 h
		{"Europe/Berlin", "2025-10-26", "2025-10-26T00:00:00+02:00", "2025-10-27T00:00:00+01:00"}, // 25 h
		{"America/New_York", "2025-03-09", "2025-03-09T00:00:00-05:00", "2025-03-10T00:00:00-04:00"},
		{"America/New_York", "2025-11-02", "2025-11-02T00:00:00-04:00", "2025-11-03T00:00:00-05:00"},
		{"Australia/Lord_Howe", "2025-04-06", "2025-04-06T00:00:00+11:00", "2025-04-07T00:00:00+10:30"}, // 24 h 30
		{"Australia/Lord_Howe", "2025-10-05", "2025-10-05T00:00:00+10:30", "2025-10-06T00:00:00+11:00"}, // 23 h 30
		{"Africa/Cairo", "2024-04-26", "2024-04-26T01:00:00+03:00", "2024-04-27T00:00:00+03:00"},        // no midnight
		{"Africa/Cairo", "2024-10-31", "2024-10-31T00:00:00+03:00", "2024-11-01T00:00:00+02:00"},
		{"America/Santiago", "2024-09-08", "2024-09-08T01:00:00-03:00", "2024-09-09T00:00:00-03:00"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"},
		{"Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00", "2011-12-31T00:00:00+14:00"}, // left out
		{"Pacific/Kwajalein", "1993-08-21", "1993-08-22T00:00:00+12:00", "1993-08-22T00:00:00+12:00"},
		{"America/Toronto", "1919-03-31", "1919-03-31T00:30:00-04:00", "1919-04-01T00:00:00-04:00"},  // from 23:30 to 00:30
		{"America/St_Johns", "2006-10-29", "2006-10-29T00:00:00-02:30", "2006-10-30T00:00:00-03:30"}, // begins twice
		{"Europe/Berlin", "2040-12-31", "2040-12-31T00:00:00+01:00", "2041-01-01T00:00:00+01:00"},
		{"UTC", "0001-01-01", "0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"},
		{"America/New_York", "9999-12-31", "9999-12-31T00:00:00-05:00", "10000-01-01T00:00:00-05:00"},
	} {
		t.Run(c.zone+" "+c.day, func(t *testing.T) {
			loc, d := zone(t, c.zone), mustDay(t, c.day)
			from, to := d.Start(loc), d.Add(1).Start(loc)
			if got := [2]string{from.Format(time.RFC3339), to.Format(time.RFC3339)}; got != [2]string{c.starts, c.ends} {
				t.Fatalf("from %s to %s, want from %s to %s", got[0], got[1], c.starts, c.ends)
			}
			if from.Equal(to) || to.Year() > 9999 {
				return // no instant is of this day; or none after it can be stored
			}
			// A book draws the same line, to the nanosecond.
			dir := t.TempDir()
			b := open(t, dir, &Options{
				Settings: &Settings{Zone: c.zone}, Sync: SyncNone, Now: func() time.Time { return to.Add(time.Hour) },
			})
			for _, at := range []time.Time{from.Add(-1), from, from.Add(1), to.Add(-1), to, to.Add(1)} {
				if at.Year() < 1 {
					continue
				}
				stamp := at.UTC().Format(time.RFC3339Nano)
				pos := mustAppend(t, b, fmt.Sprintf(`{"event_id":%q,"timestamp":%q}`, stamp, stamp))
				if inside := !at.Before(from) && at.Before(to); (pos.Day == d) != inside || pos.Day != b.DayOf(at) {
					t.Errorf("%s was stored on %s", at.Format(time.RFC3339Nano), pos.Day)
				}
			}
			for f, err := range b.Verify(t.Context(), Query{}) {
				t.Errorf("verify: %v, %v", f, err)
			}
		})
	}
}
