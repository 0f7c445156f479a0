package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Python before 3.11 reads a time only if its fraction has three or six digits and its offset is numeric: so every time that
// Daybook computes, in any JSON output and in any document, has six digits and a numeric offset. Times of stored events
// stay as they were spelled.
func TestComputedTimes(t *testing.T) {
	vaultDir := t.TempDir()
	book := filepath.Join(vaultDir, ".learning_sessions")
	now := time.Date(2026, 3, 2, 18, 0, 0, 120_000_000, time.UTC)
	stored := []string{
		"2026-03-01T09:00:00Z", "2026-03-01T09:00:30.5Z", "2026-03-01T09:01:00.123456789+01:00", "2026-03-01T21:00:00.1200Z",
		"2026-03-02T10:00:00.25-03:00", "2026-03-02T10:10:00.100+00:00",
	}
	var lines strings.Builder
	for i, at := range stored {
		old, color := string(rune('1'+i%4)), string(rune('1'+(i+1)%4))
		lines.WriteString(`{"event_id":"e` + old + at[5:19] + `","timestamp":"` + at + `","canvas_id":"a.canvas","event_type":` +
			`"node_color_change","details":{"node_id":"n1","node_type":"text","old_color":"` + old + `","new_color":"` + color + `"}}` + "\n")
	}
	// A document of another program, whose event lacks a timestamp: it gets one.
	foreign := `{"session_id":"session_2026-02-28","events":[{"event_id":"f1","canvas_id":"a.canvas","event_type":"x","details":{}}]}`
	board := `{"nodes":[{"id":"n1","type":"text","text":"word","x":0,"y":0,"width":9,"height":9,"color":"1"}],"edges":[]}`
	files := map[string]string{"a.canvas": board, "../lines.jsonl": lines.String(), ".learning_sessions/session_2026-02-28.json": foreign}
	for name, text := range files {
		name = filepath.Join(vaultDir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2026, 3, 2, 17, 30, 0, 500_000_000, time.UTC)
	for _, name := range []string{"a.canvas", ".learning_sessions/session_2026-02-28.json"} {
		if err := os.Chtimes(filepath.Join(vaultDir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		var out, errs bytes.Buffer
		e := env{
			stdin: strings.NewReader(lines.String()), stdout: &out, stderr: &errs,
			now: func() time.Time { return now }, getenv: func(string) string { return "" },
			getwd: func() (string, error) { return vaultDir, nil },
		}
		if code := run(context.Background(), e, args); code > 1 && args[0] != "doctor" {
			t.Errorf("daybook %q: exit status %d: %s", args, code, errs.String())
		}
		return out.String()
	}
	shape := regexp.MustCompile(`"(\d{4}-\d\d-\d\dT\d\d:\d\d[^"]*)"`)
	sound := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d$`)
	seen := 0
	check := func(where, text string) {
		for _, m := range shape.FindAllStringSubmatch(text, -1) {
			as := strings.Contains(text, `"timestamp":"`+m[1]+`"`) && strings.Contains(lines.String(), m[1])
			if seen++; !as && !sound.MatchString(m[1]) {
				t.Errorf("%s has the time %s", where, m[1])
			}
		}
	}
	for _, args := range [][]string{
		{"init", "--zone", "UTC"},
		{"append"},
		{"watch", vaultDir, "--once"},
		{"review", "--done", "n1"},
		{"review", "--snooze", "n1", "3d"},
		{"sync"},
		{"review"},
		{"stats"},
		{"stats", "2026-03-01"},
		{"history", "a.canvas"},
		{"history", "n1"},
		{"query"},
		{"follow", "--once"},
		{"cat", "2026-03-01"},
		{"cat", "2026-03-01", "--session"},
		{"verify"},
		{"report", "daily"},
		{"report", "weekly"},
		{"report", "board", "a.canvas"},
		{"report", "daily", "--date", "2026-03-01"},
		{"palette"},
		{"repair", "--yes"},
		{"export", "-o", "json", "--from", "2026-03-01T08:00:00.1Z", "--to", "2026-03-02T08:00:00Z"},
		{"export", "-o", "jsonl"},
		{"seal"},
		{"retire"},
		{"sql", "SELECT * FROM daily_stats"},
		{"doctor"},
	} {
		text := run(append(args, "--json")...)
		check("daybook "+strings.Join(args, " "), text)
	}
	err := filepath.WalkDir(book, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".json" || filepath.Base(name) == "events.json" {
			return err
		}
		text, err := os.ReadFile(name)
		check(name, string(text))
		return err
	})
	if err != nil || seen < 40 {
		t.Errorf("%d times were looked at: %v", seen, err)
	}
}
