package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook/source/vault"
)

// TestSummarize mentions only what went wrong.
func TestSummarize(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		s    vault.Summary
		want string
	}{
		{vault.Summary{Consumers: []vault.ConsumerSummary{{Name: "stdout"}}}, "recorded 0 events of 0 saves on 0 boards in 25 s"},
		{
			vault.Summary{Events: 6, Saves: 1, Boards: 3, Consumers: []vault.ConsumerSummary{
				{Name: "stdout", Calls: 6, Total: second, Longest: second / 2},
			}},
			"recorded 6 events of 1 save on 3 boards in 25 s",
		},
		{
			vault.Summary{Events: 6, Saves: 1, Boards: 3, Late: 2, Lost: 1, Consumers: []vault.ConsumerSummary{
				{Name: "a", Calls: 6},
				{Name: "b", Calls: 6, Failed: 5, Panicked: 1},
				{Name: "c", Calls: 2, Unfinished: 1, Missed: 4, Slow: 1, Total: 9 * second, Longest: 8 * second},
			}},
			"recorded 6 events of 1 save on 3 boards in 25 s; 2 of them while nobody watched; 1 refused by the book" +
				"; b: 5 failed, 1 panicked; c: 1 left behind, 4 missed, 1 slow, the longest 8.0 s",
		},
	} {
		if got := summarize(c.s, 25*second); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestWatchWithoutReader goes on recording when nobody reads stdout any more, says so once, and counts it.
func TestWatchWithoutReader(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.canvas", "b.canvas", "c.canvas"} {
		if err := os.WriteFile(filepath.Join(dir, name), cards{"1", "2"}.board(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer writer.Close()
	var stderr bytes.Buffer
	cmd := exec.Command("daybook", "watch", dir, "--once")
	cmd.Stdout, cmd.Stderr = writer, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("watch: %v", err)
	}
	if n := strings.Count(stderr.String(), "daybook: warning: a consumer failed consumer=stdout error=write the output"); n != 1 {
		t.Errorf("that stdout fails is said %d times, want once:\n%s", n, stderr.String())
	}
	if !strings.Contains(stderr.String(), "recorded 3 events of 3 saves on 3 boards in") ||
		!strings.Contains(stderr.String(), "; stdout: 3 failed\n") {
		t.Errorf("the summary: got %s", stderr.String())
	}
	if boards, _ := history(t, filepath.Join(dir, ".learning_sessions")); len(boards) != 3 {
		t.Errorf("%d boards are recorded, want 3", len(boards))
	}
}
