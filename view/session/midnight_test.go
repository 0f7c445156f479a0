package session

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"daybook"
	"daybook/learning"
)

// TestMidnightPasses: while several goroutines of two Books append, midnight passes. The first event of the new day makes
// its document, and both days' documents are what the book says.
func TestMidnightPasses(t *testing.T) {
	for zone, begins := range map[string]string{
		"UTC": "2000-01-02", "Europe/Berlin": "2000-03-27", "Africa/Cairo": "2000-04-28", "America/Havana": "2000-10-30",
	} {
		t.Run(zone, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				loc, err := time.LoadLocation(zone)
				if err != nil {
					t.Fatal(err)
				}
				second := day(t, begins)
				first, start := second.Add(-1), second.Start(loc)
				time.Sleep(time.Until(start.Add(-4500 * time.Millisecond)))
				b, err := daybook.Open(dir, &daybook.Options{
					Sync: daybook.SyncNone, Views: []daybook.View{New(Options{})},
					Settings: &daybook.Settings{Zone: zone, Rules: daybook.RulesVault},
				})
				if err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				for w := range 3 {
					wg.Go(func() {
						for i := range 8 {
							time.Sleep(time.Second + time.Duration(w)*time.Millisecond)
							now := time.Now()
							e := event(t, fmt.Sprintf(`{"canvas_id":"a.canvas","event_type":"node_color_change",`+
								`"details":{"node_id":"%d","old_color":"","new_color":"%d"}}`, w, i%6))
							if _, err := b.Append(t.Context(), e); err != nil {
								t.Errorf("append: %v", err)
							}
							_, err := os.Stat(sessionFile(dir, begins))
							if there := err == nil; there == now.Before(start) {
								t.Errorf("at %v: the document of %s is there: %t", now.In(loc), begins, there)
							}
						}
					})
				}
				wg.Wait()
				wantDocument(t, b, first.String(), begins)
				for _, d := range []daybook.Day{first, second} {
					s, err := Stats(t.Context(), b, d, learning.Palette{})
					if err != nil || s.TotalEvents != 12 {
						t.Errorf("%s: got %d events, %v, want 12", d, s.TotalEvents, err)
					}
				}
				wantCurrent(t, b, begins, first.String())
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// wantCurrent holds metadata.json against the current session and those to be synced.
func wantCurrent(t *testing.T, b *daybook.Book, current string, waiting ...string) {
	t.Helper()
	var got struct {
		Current string   `json:"current_session"`
		Waiting []string `json:"sessions_to_sync"`
	}
	if err := json.Unmarshal([]byte(file(t, filepath.Join(b.Dir(), "metadata.json"))), &got); err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for _, d := range waiting {
		want = append(want, "session_"+d)
	}
	if got.Current != "session_"+current || fmt.Sprint(got.Waiting) != fmt.Sprint(want) {
		t.Errorf("metadata.json: got %+v, want session_%s and %v", got, current, want)
	}
}

// TestClockIsSet: a clock that is set, over midnight and back, leaves every document right, and metadata.json names the
// session of the day that the clock shows.
func TestClockIsSet(t *testing.T) {
	now := time.Date(2025, 11, 8, 0, 30, 0, 0, time.UTC)
	v := New(Options{})
	b, err := daybook.Open(t.TempDir(), &daybook.Options{
		Sync: daybook.SyncNone, Views: []daybook.View{v}, Now: func() time.Time { return now },
		Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() // the test is over
	for i, step := range []struct {
		by      time.Duration
		current string
		waiting []string
		days    []string
	}{
		{0, "2025-11-08", nil, []string{"2025-11-08"}},
		{-time.Hour, "2025-11-07", nil, []string{"2025-11-07", "2025-11-08"}}, // to yesterday
		{10 * time.Minute, "2025-11-07", nil, []string{"2025-11-07", "2025-11-08"}},
		{time.Hour, "2025-11-08", []string{"2025-11-07"}, []string{"2025-11-07", "2025-11-08"}},
		{24 * time.Hour, "2025-11-09", []string{"2025-11-07", "2025-11-08"}, []string{"2025-11-07", "2025-11-08", "2025-11-09"}},
		{-48 * time.Hour, "2025-11-07", nil, []string{"2025-11-07", "2025-11-08", "2025-11-09"}},
	} {
		now = now.Add(step.by)
		if err := b.Post(t.Context(), b.DayOf(b.Now())); err != nil { // as the watcher does when the day is another
			t.Fatal(err)
		}
		appendLines(t, b, fmt.Sprintf(`{"timestamp":%q,"canvas_id":"a.canvas","event_type":"node_color_change",`+
			`"details":{"node_id":"n%d","old_color":"","new_color":"%d"}}`, now.Format(time.RFC3339), i, i))
		wantDocument(t, b, step.days...)
		wantCurrent(t, b, step.current, step.waiting...)
	}
}
