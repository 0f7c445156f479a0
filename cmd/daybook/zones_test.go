package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	const each = 24
	for _, c := range []struct{ zone, first, second string }{
		{"Europe/Berlin", "2025-10-26", "2025-10-27"},    // 25 h
		{"America/Santiago", "2024-09-07", "2024-09-08"}, // no midnight between them
	} {
		dir := filepath.Join(t.TempDir(), "book")
		book, err := daybook.Open(dir, &daybook.Options{
			Settings: &daybook.Settings{Zone: c.zone, Rules: daybook.RulesVault, Views: []string{"session"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		second, err := daybook.ParseDay(c.second)
		if err != nil {
			t.Fatal(err)
		}
		midnight := second.Start(book.Zone())
		zones := []string{"Asia/Tokyo", "America/New_York", "unset", ":Europe/Berlin", "Mars/Olympus"}
		want := map[string]string{} // event_id to day
		var running []*exec.Cmd
		earliest := time.Now()
		for w, tz := range zones {
			var lines bytes.Buffer
			line := func(day, stamp string) {
				id := fmt.Sprintf("%d-%d", w, len(want))
				want[id] = day
				fmt.Fprintf(&lines, `{"event_id":%q%s,"canvas_id":"a.canvas","event_type":"node_color_change","details":`+
					`{"node_id":"n","old_color":"","new_color":"1"}}`+"\n", id, stamp)
			}
			for i := range each {
				at := midnight.Add(time.Duration(1-2*(i%2)) * time.Duration(1+i) * time.Minute) // after, before, after …
				day := []string{c.second, c.first}[i%2]
				line(day, `,"timestamp":"`+at.UTC().Format(time.RFC3339)+`"`)
				line(day, `,"timestamp":"`+at.In(book.Zone()).Format("2006-01-02T15:04:05")+`"`) // naive
			}
			line("now", "")
			cmd := exec.Command("daybook", "append", "--book", dir)
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
		latest := time.Now()
		n := 0
		days, err := book.Days()
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range days {
			for e, err := range book.Events(t.Context(), daybook.Query{From: day, To: day}) {
				if err != nil {
					t.Fatal(err)
				}
				n++
				switch wanted := want[e.ID()]; {
				case wanted == "now":
					now := e.Time()
					if now.Before(earliest.Truncate(time.Microsecond)) || now.After(latest) || book.DayOf(now) != day {
						t.Errorf("%s: an event without timestamp is of %s, appended from %v to %v", day, e, earliest, latest)
					}
					if _, offset := now.In(book.Zone()).Zone(); !strings.Contains(e.String(), now.In(time.FixedZone("", offset)).Format("-07:00")) {
						t.Errorf("an event without timestamp has another offset than %s: %s", c.zone, e)
					}
				case wanted != day.String():
					t.Errorf("%s holds an event of %s: %s", day, wanted, e)
				}
			}
			onDisk, err := os.ReadFile(filepath.Join(dir, "session_"+day.String()+".json"))
			if err != nil {
				t.Error(err)
			}
			out, err := exec.Command("daybook", "cat", "--book", dir, "--session", day.String()).Output()
			if err != nil || !bytes.Equal(out, onDisk) || !json.Valid(onDisk) {
				t.Errorf("%s: the session document is not what the book says (%v):\n%s", day, err, onDisk)
			}
		}
		if n != len(want) {
			t.Errorf("%s: got %d events, want %d", c.zone, n, len(want))
		}
		if out, err := exec.Command("daybook", "verify", "--book", dir).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("verify: %v, %s", err, out)
		}
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestZoneOfTheMachine: without TZ a vault's book takes over the system's zone, under a name that holds on other machines.
func TestZoneOfTheMachine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no IANA name for its zone: the book's is UTC")
	}
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
