package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook"
)

// environment returns that of this process with another TZ; "unset" is none.
func environment(tz string, more ...string) []string {
	var list []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TZ=") {
			list = append(list, v)
		}
	}
	if tz != "unset" {
		list = append(list, "TZ="+tz)
	}
	return append(list, more...)
}

// TestProcessesOfManyZones appends to one book from processes that each have another TZ, over both sides of a midnight in
// turns. The book's zone decides, and the session documents of all days are what the book says.
func TestProcessesOfManyZones(t *testing.T) {
	for zone, begins := range map[string]string{
		"Europe/Berlin":    "2025-10-27", // after 25 h
		"America/Santiago": "2024-09-08", // without a midnight
	} {
		t.Run(zone, func(t *testing.T) {
			book, err := daybook.Open(filepath.Join(t.TempDir(), "book"), &daybook.Options{
				Settings: &daybook.Settings{Zone: zone, Rules: daybook.RulesVault, Views: []string{"session"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer book.Close() // nothing was written
			second, err := daybook.ParseDay(begins)
			if err != nil {
				t.Fatal(err)
			}
			earliest := time.Now().Truncate(time.Microsecond)
			want := appendFromZones(t, book, second)
			latest := time.Now()
			days, err := book.Days()
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, day := range days {
				for e, err := range book.Events(t.Context(), daybook.Query{From: day, To: day}) {
					if err != nil {
						t.Fatal(err)
					}
					n++
					stampless := want[e.ID()] == ""
					if stampless && (e.Time().Before(earliest) || e.Time().After(latest) || book.DayOf(e.Time()) != day ||
						!strings.Contains(e.String(), e.Time().In(book.Zone()).Format(`-07:00","canvas_id"`))) {
						t.Errorf("%s: an event without timestamp, appended from %v to %v: %s", day, earliest, latest, e)
					}
					if !stampless && want[e.ID()] != day.String() {
						t.Errorf("%s holds an event of %s: %s", day, want[e.ID()], e)
					}
				}
				wantSession(t, book, day)
			}
			if n != len(want) {
				t.Errorf("got %d events, want %d", n, len(want))
			}
			out, err := exec.Command("daybook", "verify", "--book", book.Dir()).CombinedOutput()
			if err != nil || len(out) > 0 {
				t.Errorf("verify: %v, %s", err, out)
			}
		})
	}
}

// appendFromZones appends from several processes at once, with times around the beginning of the day second, and returns
// the days of the events by their ids; "" for those without a timestamp.
func appendFromZones(t *testing.T, book *daybook.Book, second daybook.Day) map[string]string {
	t.Helper()
	midnight := second.Start(book.Zone())
	want := map[string]string{}
	var running []*exec.Cmd
	zones := []string{"Asia/Tokyo", "America/New_York", "unset", ":Europe/Berlin", "Mars/Olympus"}
	for w, tz := range zones {
		var lines bytes.Buffer
		line := func(day, stamp string) {
			id := fmt.Sprintf("%d-%d", w, len(want))
			want[id] = day
			fmt.Fprintf(&lines, `{"event_id":%q%s,"canvas_id":"a.canvas","event_type":"node_color_change","details":`+
				`{"node_id":"n","old_color":"","new_color":"1"}}`+"\n", id, stamp)
		}
		for i := range 12 {
			minutes := time.Duration(1+i) * time.Minute
			for day, at := range map[daybook.Day]time.Time{second: midnight.Add(minutes), second.Add(-1): midnight.Add(-minutes)} {
				line(day.String(), at.UTC().Format(`,"timestamp":"2006-01-02T15:04:05Z"`))
				line(day.String(), at.Format(`,"timestamp":"2006-01-02T15:04:05"`)) // naive
			}
		}
		line("", "")
		cmd := exec.Command("daybook", "append", "--book", book.Dir())
		cmd.Env, cmd.Stdin, cmd.Stderr = environment(tz), &lines, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for i, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("TZ=%s: %v", zones[i], err)
		}
	}
	return want
}

// wantSession compares the day's session document with what the book says.
func wantSession(t *testing.T, book *daybook.Book, day daybook.Day) {
	t.Helper()
	onDisk, err := os.ReadFile(filepath.Join(book.Dir(), "session_"+day.String()+".json"))
	if err != nil {
		t.Error(err)
	}
	out, err := exec.Command("daybook", "cat", "--book", book.Dir(), "--session", day.String()).Output()
	if err != nil || !bytes.Equal(out, onDisk) || !json.Valid(onDisk) {
		t.Errorf("%s: the session document is not what the book says (%v):\n%s", day, err, onDisk)
	}
}

// TestZoneOfTheMachine: without TZ a vault's book takes over the system's zone, under a name that holds on other machines.
func TestZoneOfTheMachine(t *testing.T) {
	cmd := exec.Command("daybook", "init", "--json", "--book", filepath.Join(t.TempDir(), daybook.VaultDir))
	cmd.Env, cmd.Stderr = environment("unset"), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Zone string }
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(made.Zone)
	if err != nil || made.Zone == "" || made.Zone == "Local" {
		t.Fatalf("got the zone %q, %v, want an IANA name", made.Zone, err)
	}
	date := exec.Command("daybook-offset")
	date.Env = environment("unset")
	system, err := date.Output()
	if _, offset := time.Now().In(zone).Zone(); err != nil || string(system) != fmt.Sprint(offset) {
		t.Errorf("%s is %d seconds ahead of UTC, the system %s (%v)", zone, offset, system, err)
	}
}
