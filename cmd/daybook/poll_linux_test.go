package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPollFlag: with --poll the system is not asked to tell of changes, and they are found all the same.
func TestPollFlag(t *testing.T) {
	for _, test := range []struct {
		name  string
		flags []string
		asks  bool
	}{
		{"told", nil, true},
		{"polled", []string{"--poll", "30ms"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			vault := t.TempDir()
			board := filepath.Join(vault, "a.canvas")
			save(t, board, cards{"1", "2"}.board(), 0)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "daybook", append([]string{"watch", vault, "--debounce", "20ms", "--json"}, test.flags...)...)
			var talk strings.Builder
			cmd.Stderr = &talk
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			events := bufio.NewScanner(out)
			next := func(want string) {
				t.Helper()
				if !events.Scan() || !strings.Contains(events.Text(), want) {
					t.Fatalf("got %q, want an event with %s; it said %q", events.Text(), want, talk.String())
				}
			}
			next("canvas_created")
			if got := usesInotify(t, cmd.Process.Pid); got != test.asks {
				t.Errorf("the system is asked to tell of changes: %t, want %t", got, test.asks)
			}
			for i, color := range []string{"3", "4", "5"} { // in place and by renaming
				save(t, board, cards{color, "2"}.board(), i)
				next(`"new_color":"` + color + `"`)
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil || strings.Contains(talk.String(), "daybook:") {
				t.Errorf("at the end: %v, and it said %q, want nothing but the summary", err, talk.String())
			}
		})
	}
}

func usesInotify(t *testing.T, pid int) bool {
	t.Helper()
	open, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "fd", "*"))
	if err != nil || len(open) == 0 {
		t.Fatalf("no open files of the process: %v", err)
	}
	for _, fd := range open {
		if target, err := os.Readlink(fd); err == nil && strings.Contains(target, "inotify") {
			return true
		}
	}
	return false
}
