package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/docs/schema/schematest"
)

// TestReviewNotesFitTheSchema: what --done and --snooze store is what docs/schema says.
func TestReviewNotesFitTheSchema(t *testing.T) {
	s, err := schematest.Compile("canvas-event")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), daybook.VaultDir)
	now := time.Date(2025, 11, 8, 12, 0, 0, 1000, time.UTC)
	daybookRun := func(stdin string, args ...string) string {
		t.Helper()
		var out, talk bytes.Buffer
		e := osEnv()
		e.stdin, e.stdout, e.stderr, e.now = strings.NewReader(stdin), &out, &talk, func() time.Time { return now }
		if code := run(t.Context(), e, append(args, "--book", dir)); code != exitDone {
			t.Fatalf("%q: exit status %d: %s", args, code, &talk)
		}
		return out.String()
	}
	daybookRun(`{"timestamp":"2025-11-08T10:00:00Z","canvas_id":"a & b.canvas","event_type":"node_added","details":{"node_id":"n","node":{"id":"n","type":"text"}}}`,
		"append")
	daybookRun("", "review", "--done", "n", "--rating", "easy")
	daybookRun("", "review", "--snooze", "n", "1d")
	for _, kind := range []string{"card_reviewed", "card_snoozed"} {
		line := strings.TrimSpace(daybookRun("", "query", "--where", "event_type="+kind))
		if !strings.Contains(line, `"canvas_id":"a & b.canvas"`) || strings.Contains(line, "\n") {
			t.Errorf("got %s", line)
		}
		s.Check(t, []byte(line))
	}
}

func TestParseSnooze(t *testing.T) {
	for text, want := range map[string]int{"1d": 1, "3d": 3, "2w": 14, "366d": 366, "52w": 364} {
		if got, err := parseSnooze(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "3", "d", "w", "0d", "-1d", "+1d", "1.5d", "3 d", "3dd", "3dw", "1h", "367d", "53w", "9223372036854775807w", "３d",
	} {
		if got, err := parseSnooze(text); err == nil {
			t.Errorf("%q: got %d", text, got)
		}
	}
}

func TestBoardLinks(t *testing.T) {
	p := reviewPage{vault: "Mein Überblick"}
	for canvas, want := range map[string]string{
		"a.canvas":                 "a.canvas",
		"Physik/Wärme & +1.canvas": "Physik%2FW%C3%A4rme%20%26%20%2B1.canvas",
		"100%.canvas":              "100%25.canvas",
		"离散.canvas":                "%E7%A6%BB%E6%95%A3.canvas",
		"./cafe%CC%81.canvas":      "cafe%CC%81.canvas", // the other spelling of an é, docs/format.md
	} {
		if got := p.link(canvas); got != "obsidian://open?vault=Mein%20%C3%9Cberblick&file="+want {
			t.Errorf("%s: got %s", canvas, got)
		}
	}
	if got := (reviewPage{}).link("a.canvas"); got != "" {
		t.Errorf("without a vault: %s", got)
	}
}
