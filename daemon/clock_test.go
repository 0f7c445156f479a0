package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"daybook"
	"daybook/learning"
	"daybook/view/session"
)

// kept is a book whose document of today is kept, with a clock that can be set.
type kept struct {
	t         *testing.T
	book      *daybook.Book
	documents *session.View
	ahead     atomic.Int64 // of the bubble's clock, in nanoseconds
	log       bytes.Buffer // to be read when it has stopped
	stop      func()
}

// keep opens a book and keeps its documents until stop is called.
func keep(t *testing.T, dir, zone string) *kept {
	t.Helper()
	k := &kept{t: t}
	log := slog.New(slog.NewTextHandler(&k.log, nil))
	palettes, err := newPalettes(dir, log)
	if err != nil {
		t.Fatal(err)
	}
	k.documents = session.New(session.Options{Palette: palettes.palette})
	book, err := daybook.Open(dir, &daybook.Options{
		Sync: daybook.SyncNone, Views: []daybook.View{k.documents}, Now: k.now,
		Settings: &daybook.Settings{Zone: zone, Rules: daybook.RulesVault},
	})
	if err != nil {
		t.Fatal(err)
	}
	k.book = book
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); (&keeper{book, k.documents, nil, palettes, nil, log, nil}).run(ctx) }()
	k.stop = func() {
		cancel()
		<-done
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	}
	return k
}

func (k *kept) now() time.Time { return time.Now().Add(time.Duration(k.ahead.Load())) }

func (k *kept) name(day daybook.Day) string {
	return filepath.Join(k.book.Dir(), "session_"+day.String()+".json")
}

// current is what metadata.json calls the current session.
func (k *kept) current() string {
	data, err := os.ReadFile(filepath.Join(k.book.Dir(), "metadata.json"))
	if err != nil {
		k.t.Error(err)
	}
	var m struct {
		Current string `json:"current_session"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		k.t.Error(err)
	}
	return m.Current
}

// wantToday waits for two ticks; then today's document must be there, and what the book says, and be made again when it
// is removed.
func (k *kept) wantToday(what, day string) {
	k.t.Helper()
	today := k.book.DayOf(k.now())
	if today.String() != day {
		k.t.Errorf("%s: it is %s, want %s", what, today, day)
	}
	for range 2 {
		time.Sleep(2 * time.Second) // of the bubble
		synctest.Wait()
		data, err := os.ReadFile(k.name(today))
		want, derr := session.Document(k.t.Context(), k.book, today, learning.Palette{})
		if err != nil || derr != nil || string(data) != string(want) {
			k.t.Fatalf("%s: the document of %s: %v, %v\n got %s\nwant %s", what, today, err, derr, data, want)
		}
		if got := k.current(); got != "session_"+day {
			k.t.Errorf("%s: the current session is %s, want that of %s", what, got, day)
		}
		if err := os.Remove(k.name(today)); err != nil {
			k.t.Fatal(err)
		}
	}
	time.Sleep(2 * time.Second)
	synctest.Wait()
}

// TestClockIsSet: the document of the day that the clock shows is kept, wherever the clock is set.
func TestClockIsSet(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(10*24*time.Hour + 30*time.Minute) // to 2000-01-11 00:30
		k := keep(t, dir, "UTC")
		defer k.stop()
		for _, step := range []struct {
			what  string
			ahead time.Duration
			day   string
		}{
			{"at the beginning", 0, "2000-01-11"},
			{"an hour back, to yesterday", -time.Hour, "2000-01-10"},
			{"right again", 0, "2000-01-11"},
			{"a day forward", 24 * time.Hour, "2000-01-12"},
			{"and back", 0, "2000-01-11"},
			{"a year back", -366 * 24 * time.Hour, "1999-01-10"},
			{"ten minutes forward", 10 * time.Minute, "2000-01-11"},
		} {
			k.ahead.Store(int64(step.ahead))
			k.wantToday(step.what, step.day)
		}
	})
}

// TestUnusualMidnights: while goroutines append, days begin where clocks skip midnight or show it twice.
func TestUnusualMidnights(t *testing.T) {
	for _, c := range []struct {
		zone, day string
		after     time.Duration // since the day's beginning
		want      string        // the day of that instant
	}{
		{"America/Sao_Paulo", "2000-10-08", 0, "2000-10-08"},                              // no midnight
		{"America/Santiago", "2000-10-15", 0, "2000-10-15"},                               // no midnight
		{"America/New_York", "2000-10-30", 0, "2000-10-30"},                               // after 25 h
		{"Australia/Lord_Howe", "2000-08-27", 0, "2000-08-27"},                            // after 24 h
		{"America/St_Johns", "2000-10-29", 20 * time.Second, "2000-10-29"},                // for one minute
		{"America/St_Johns", "2000-10-29", 5 * time.Minute, "2000-10-28"},                 // clocks have gone back over midnight
		{"America/St_Johns", "2000-10-29", 61*time.Minute + 30*time.Second, "2000-10-29"}, // again
	} {
		if testing.Short() && c.after > time.Minute {
			continue // each of these seconds has its looks at all files
		}
		t.Run(fmt.Sprintf("%s %s %v", c.zone, c.day, c.after), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				loc, err := time.LoadLocation(c.zone)
				if err != nil {
					t.Fatal(err)
				}
				begins, err := daybook.ParseDay(c.day)
				if err != nil {
					t.Fatal(err)
				}
				start := begins.Start(loc)
				time.Sleep(time.Until(start.Add(-3 * time.Second)))
				k := keep(t, dir, c.zone)
				defer k.stop()
				time.Sleep(time.Until(start.Add(c.after - 2*time.Second)))
				var wg sync.WaitGroup
				for w := range 3 {
					wg.Go(func() {
						for range 4 {
							time.Sleep(time.Second + time.Duration(w)*time.Millisecond)
							e, err := daybook.ParseEvent([]byte(`{"canvas_id":"a.canvas","event_type":"x","details":{}}`))
							if err != nil {
								t.Error(err)
							}
							want := k.book.DayOf(time.Now())
							if pos, err := k.book.Append(t.Context(), e); err != nil || pos.Day != want {
								t.Errorf("got %+v, %v, want it on %s", pos, err, want)
							}
						}
					})
				}
				wg.Wait()
				k.wantToday("the day", c.want)
			})
		})
	}
}
