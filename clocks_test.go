package daybook

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestTwoBooksTwoZones: Books in one process share nothing, and each has its own days.
func TestTwoBooksTwoZones(t *testing.T) {
	const writers, each = 4, 24
	zones := []string{"Pacific/Kiritimati", "Pacific/Pago_Pago"} // UTC+14 and UTC-11
	var books []*Book
	for _, name := range zones {
		books = append(books, open(t, t.TempDir(), &Options{Settings: &Settings{Zone: name}, Sync: SyncNone}))
	}
	var wg sync.WaitGroup
	for w := range writers {
		for i, b := range books {
			wg.Go(func() {
				for hour := range each {
					at := time.Date(2025, 11, 8, hour, 10*w, 0, 0, time.UTC)
					id := fmt.Sprintf("%d-%d", w, hour)
					line := fmt.Sprintf(`{"event_id":%q,"timestamp":%q}`, id, at.Format(time.RFC3339))
					pos, err := b.Append(t.Context(), parse(t, line))
					want := DayOf(at.Add([]time.Duration{14, -11}[i] * time.Hour))
					if err != nil || pos.Duplicate || pos.Day != want {
						t.Errorf("%v in %s: got %+v, %v, want it stored on %s", at, zones[i], pos, err, want)
					}
				}
			})
		}
	}
	wg.Wait()
	for i, b := range books {
		if n := countEvents(t, b, Query{}); n != writers*each {
			t.Errorf("%s: got %d events, want %d", zones[i], n, writers*each)
		}
		want := [][]string{{"2025-11-08", "2025-11-09"}, {"2025-11-07", "2025-11-08"}}[i]
		if days, err := b.Days(); err != nil || fmt.Sprint(days) != fmt.Sprint(want) {
			t.Errorf("%s: got days %v, %v, want %v", zones[i], days, err, want)
		}
	}
}

// countEvents verifies the book and counts the events that q asks for; each must lie in the day of its own timestamp.
func countEvents(t *testing.T, b *Book, q Query) (n int) {
	t.Helper()
	seen := map[string]bool{}
	for f, err := range b.Verify(t.Context(), Query{}) {
		t.Errorf("verify: %v, %v", f, err)
	}
	days, err := b.Days()
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range days {
		if !q.holds(day) {
			continue
		}
		for line := range strings.Lines(dayFile(t, b.Dir(), day.String())) {
			var e struct {
				ID   string    `json:"event_id"`
				Time time.Time `json:"timestamp"`
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Errorf("%s: %v: %s", day, err, line)
				continue
			}
			if got := e.Time.In(b.Zone()).Format(time.DateOnly); got != day.String() {
				t.Errorf("%s has an event of %s: %s", day, got, line)
			}
			if seen[e.ID] {
				t.Errorf("%s stands twice", e.ID)
			}
			seen[e.ID] = true
			n++
		}
	}
	return n
}

// TestTwoBooksOfOneDirectory: what one Book has stored is a duplicate for another of the same process, and another event
// of the same id a conflict, however their goroutines meet.
func TestTwoBooksOfOneDirectory(t *testing.T) {
	const writers, each = 3, 30
	dir := t.TempDir()
	var stored, duplicates, conflicts atomic.Int64
	var wg sync.WaitGroup
	for i := range 2 {
		b := open(t, dir, &Options{Sync: SyncNone, LockTimeout: 30 * time.Second})
		for w := range writers {
			wg.Go(func() {
				for n := range each {
					// The last writer of each Book has an event of its own for each id, which only one Book can have.
					owner := "all"
					if w == writers-1 {
						owner = fmt.Sprint("book ", i)
					}
					id := fmt.Sprintf("%t-%d", w == writers-1, n)
					line := fmt.Sprintf(`{"event_id":%q,"timestamp":"1999-11-%02dT12:00:00Z","owner":%q}`, id, 8+n%2, owner)
					switch pos, err := b.Append(t.Context(), parse(t, line)); {
					case errors.Is(err, ErrConflict):
						conflicts.Add(1)
					case err != nil:
						t.Errorf("%s: %v", line, err)
					case pos.Duplicate:
						duplicates.Add(1)
					default:
						stored.Add(1)
					}
				}
			})
		}
	}
	wg.Wait()
	if got, want := stored.Load(), int64(2*each); got != want {
		t.Errorf("stored: got %d, want %d", got, want)
	}
	if got, want := duplicates.Load(), int64((2*(writers-1)-1)*each); got != want {
		t.Errorf("duplicates: got %d, want %d", got, want)
	}
	if got, want := conflicts.Load(), int64(each); got != want {
		t.Errorf("conflicts: got %d, want %d", got, want)
	}
	if n := countEvents(t, open(t, dir, nil), Query{}); n != 2*each {
		t.Errorf("the files hold %d events, want %d", n, 2*each)
	}
}

// TestMidnightPasses: several goroutines append while midnight passes; what they give no time to gets the clock's, and
// every event lies in the day of its own time.
func TestMidnightPasses(t *testing.T) {
	for name, day := range map[string]string{
		"UTC": "2000-01-02", "Europe/Berlin": "2000-03-27", "America/New_York": "2000-04-03", "America/Havana": "2000-04-02",
		"Africa/Cairo": "2000-04-28",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				const writers, each = 4, 12
				begins := mustDay(t, day)
				start := begins.Start(zone(t, name))
				time.Sleep(time.Until(start.Add(-6 * time.Second)))
				b, err := Open(dir, &Options{Settings: &Settings{Zone: name}, Sync: SyncNone})
				if err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				for w := range writers {
					wg.Go(func() {
						for i := range each {
							time.Sleep(time.Second + time.Duration(w)*time.Millisecond)
							line, want := `{"n":1}`, DayOf(time.Now().In(b.Zone())) // stamped by the Book
							if i%2 == 1 {                                           // told late: half a day ago
								at := time.Now().Add(-12 * time.Hour)
								line = fmt.Sprintf(`{"timestamp":%q}`, at.UTC().Format(time.RFC3339Nano))
								want = DayOf(at.In(b.Zone()))
							}
							pos, err := b.Append(t.Context(), parse(t, line))
							if err != nil || pos.Day != want {
								t.Errorf("at %v: got %+v, %v, want %s", time.Now().In(b.Zone()), pos, err, want)
							}
						}
					})
				}
				wg.Wait()
				if n := countEvents(t, b, Query{}); n != writers*each {
					t.Errorf("got %d events, want %d", n, writers*each)
				}
				// Seconds 1, 3 and 5 lie before midnight, 7, 9 and 11 behind it.
				if n := countEvents(t, b, Query{From: begins}); n != writers*3 {
					t.Errorf("got %d events on the new day, want %d", n, writers*3)
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestClockIsSet: whatever the clock does, nothing is refused but what lies more than a day ahead of it, and the day is
// that of the event.
func TestClockIsSet(t *testing.T) {
	at := time.Date(2025, 11, 8, 0, 30, 0, 0, time.UTC)
	clock := at
	b := open(t, t.TempDir(), &Options{Now: func() time.Time { return clock }, Sync: SyncNone})
	n := 0
	for _, hours := range []int{0, -1, 25, -25, 1, 365 * 24, -365 * 24} {
		clock = clock.Add(time.Duration(hours) * time.Hour)
		for _, ahead := range []time.Duration{-48 * time.Hour, -time.Hour, 0, 24 * time.Hour} {
			stamp := clock.Add(ahead)
			pos := mustAppend(t, b, fmt.Sprintf(`{"timestamp":%q}`, stamp.Format(time.RFC3339)))
			if pos.Day != DayOf(stamp) {
				t.Errorf("the clock shows %v, the event %v: stored on %s", clock, stamp, pos.Day)
			}
			n++
		}
		late := clock.Add(24*time.Hour + time.Second).Format(time.RFC3339)
		_, err := b.Append(t.Context(), parse(t, fmt.Sprintf(`{"timestamp":%q}`, late)))
		var rule *RuleError
		if !errors.As(err, &rule) || rule.Member != "timestamp" {
			t.Errorf("the clock shows %v, the event a day and a second later: got %v, want a RuleError", clock, err)
		}
	}
	if got := countEvents(t, b, Query{}); got != n {
		t.Errorf("got %d events, want %d", got, n)
	}
}

// TestFarTimestamps: the edges of what a timestamp can say, in a zone on either side.
func TestFarTimestamps(t *testing.T) {
	const before, after = "before", "after" // of the years 0000 to 9999
	for _, c := range []struct{ zone, timestamp, day string }{
		{"UTC", "2025-11-08T00:30:00+14:00", "2025-11-07"},
		{"UTC", "2025-11-08T12:30:00-12:00", "2025-11-09"},
		{"UTC", "2025-11-08T23:58:59+23:59", "2025-11-07"},
		{"UTC", "2025-11-08T00:01:00-23:59", "2025-11-09"},
		{"Pacific/Kiritimati", "2025-11-08T23:59:59-12:00", "2025-11-10"},
		{"Pacific/Pago_Pago", "2025-11-08T00:00:00+14:00", "2025-11-06"},
		{"Asia/Tokyo", "2016-12-31T23:59:60Z", "2017-01-01"},
		{"UTC", "2017-01-01T08:59:60+09:00", "2016-12-31"},
		{"UTC", "0000-01-01T00:00:00Z", "0000-01-01"},
		{"UTC", "0000-01-01T00:00:00+00:01", before},
		{"Asia/Tokyo", "0000-01-01T00:00:00Z", "0000-01-01"},
		{"America/New_York", "0000-01-01T00:00:00Z", before},
		{"UTC", "9999-12-31T23:59:59.999999999Z", "9999-12-31"},
		{"UTC", "9999-12-31T23:59:59-00:01", after},
		{"Asia/Tokyo", "9999-12-31T23:59:59Z", after},
		{"America/New_York", "9999-12-31T23:59:59Z", "9999-12-31"},
		{"Pacific/Apia", "2011-12-30T12:00:00", "2011-12-31"}, // naive, in the day that was left out
		{"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"},
	} {
		t.Run(c.zone+" "+c.timestamp, func(t *testing.T) {
			b := open(t, t.TempDir(), &Options{
				Settings: &Settings{Zone: c.zone}, Sync: SyncNone,
				Now: func() time.Time { return time.Date(9999, 12, 31, 12, 0, 0, 0, time.UTC) },
			})
			pos, err := b.Append(t.Context(), parse(t, fmt.Sprintf(`{"event_id":"x","timestamp":%q}`, c.timestamp)))
			if c.day == before || c.day == after {
				var rule *RuleError
				if !errors.As(err, &rule) || !strings.Contains(rule.Rule, "years 0000 to 9999") {
					t.Errorf("got %+v, %v, want a RuleError: it lies %s what days can be written", pos, err, c.day)
				}
				return
			}
			if err != nil || pos.Day.String() != c.day {
				t.Fatalf("got %s, %v, want %s", pos.Day, err, c.day)
			}
			for f, err := range b.Verify(t.Context(), Query{}) {
				t.Errorf("verify: %v, %v", f, err)
			}
			if days, err := b.Days(); err != nil || fmt.Sprint(days) != "["+c.day+"]" {
				t.Errorf("days: got %v, %v", days, err)
			}
		})
	}
}
