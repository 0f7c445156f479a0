package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
		{
			vault.Summary{Consumers: []vault.ConsumerSummary{{Name: "stdout"}}},
			"recorded 0 events of 0 saves on 0 boards in 25 s",
		},
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
		{
			vault.Summary{Boards: 2, Unsettled: 1, Unreadable: 1, Events: 1},
			"recorded 1 event of 0 saves on 2 boards in 25 s; 1 could not be read; 1 board still to be recorded",
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
	_, nobody := writer.Write([]byte("x"))
	warning := "daybook: warning: what is recorded cannot be printed: write the output: write /dev/stdout: " +
		errors.Unwrap(nobody).Error() + "\n" +
		"daybook: hint: the recording goes on; `daybook cat --book " + filepath.Join(dir, ".learning_sessions") + "` prints what is in the book\n"
	if n := strings.Count(stderr.String(), warning); n != 1 {
		t.Errorf("that stdout fails is said %d times, want once:\n%s", n, stderr.String())
	}
	if !strings.Contains(stderr.String(), "recorded 3 events of 3 saves on 3 boards in") ||
		!strings.Contains(stderr.String(), "; stdout: 3 failed\n") {
		t.Errorf("the summary: got %s", stderr.String())
	}
	if boards, _ := bookedBoards(t, filepath.Join(dir, ".learning_sessions")); len(boards) != 3 {
		t.Errorf("%d boards are recorded, want 3", len(boards))
	}
}

// lockedWriter lets several goroutines write, as to a file.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// TestWatchWhileStdoutHangs records on, and ends when it is told to.
func TestWatchWhileStdoutHangs(t *testing.T) {
	e, _, stderr := testEnv(t, nil)
	nobody, stdout := io.Pipe()
	defer nobody.Close()
	e.stdout, e.stderr = stdout, &lockedWriter{w: stderr}
	e.getenv = func(string) string { return "" }
	dir := t.TempDir()
	board := filepath.Join(dir, "a.canvas")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan int)
	go func() { ended <- run(ctx, e, []string{"watch", dir, "--debounce", "10ms"}) }()
	for i, want := range []string{"canvas_created", `"new_color":"2"`, `"new_color":"3"`} {
		save(t, board, cards{[]string{"1", "2", "3"}[i]}.board(), 0)
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) { // real files
			if data := dayFiles(t, dir); strings.Contains(data, want) {
				break
			} else if time.Now().After(end) {
				t.Fatalf("%s is not recorded while stdout hangs; got %s", want, data)
			}
		}
	}
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
	if want := "recorded 3 events of 3 saves on 1 board in"; !strings.Contains(stderr.String(), want) {
		t.Errorf("the summary: got %s, want %s", stderr, want)
	}
	if want := "; stdout: 1 left behind, 2 missed"; !strings.Contains(stderr.String(), want) {
		t.Errorf("the summary: got %s, want %s", stderr, want)
	}
}

// dayFiles are the lines of a vault's book.
func dayFiles(t *testing.T, vault string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(vault, ".learning_sessions", "????-??-??", "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all += string(data)
	}
	return all
}
