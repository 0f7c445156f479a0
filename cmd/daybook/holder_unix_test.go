//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"daybook"
	"daybook/internal/killtest"
)

// hold starts a process that holds the lock of a file, and returns it when it does.
func hold(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("daybook-hold", name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if !bufio.NewScanner(out).Scan() {
		t.Fatalf("%s: no lock", name)
	}
	return cmd
}

func kill(cmd *exec.Cmd) {
	cmd.Process.Kill() // a second time it is dead already
	cmd.Wait()
}

// status runs a command with an event on its input, and returns its exit status and its output.
func status(t *testing.T, input string, args ...string) (code int, stdout string) {
	t.Helper()
	cmd := exec.Command("daybook", args...)
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err != nil {
		t.Logf("%s: exit %d %s", args[0], cmd.ProcessState.ExitCode(), stderr.String())
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// TestDeadHolder: who holds a lock keeps others waiting for their limit and no longer (promise 3), and who dies with it
// keeps nobody: the system gives it back.
func TestDeadHolder(t *testing.T) {
	source := killtest.Source{Name: "w", Size: 330}
	for _, c := range []struct {
		lock string
		held int // exit status of append while it is held
	}{
		{"book.lock", exitLocked},
		{"book.turn", exitLocked},
		{"session_2025-11-08.json.lock", exitDone}, // the document is behind, the event is stored
		{"metadata.json.lock", exitDone},
	} {
		t.Run(c.lock, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), daybook.VaultDir)
			b := killtest.NewBook(dir)
			b.Finish(t, commandLine(dir, source, 0, "always"))
			holder := hold(t, filepath.Join(dir, c.lock))
			line := source.Line(16)
			code, out := status(t, line, "append", "--json", "--wait", "1s", "--book", dir)
			want := fmt.Sprintf(`"event_id":"%s","status":"stored"`, source.ID(16))
			if c.held != exitDone {
				want = fmt.Sprintf(`"event_id":"%s","status":"failed"`, source.ID(16))
			}
			if code != c.held || !strings.Contains(out, want) {
				t.Errorf("while it is held: append ended with %d, want %d: %s", code, c.held, out)
			}
			if lib, err := daybook.Open(dir, &daybook.Options{LockTimeout: time.Second}); err != nil {
				t.Error(err)
			} else {
				e, err := daybook.ParseEvent([]byte(line))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := lib.Append(t.Context(), e); errors.Is(err, daybook.ErrLocked) != (c.held == exitLocked) {
					t.Errorf("while it is held: the library's error is %v", err)
				}
				if err := lib.Close(); err != nil {
					t.Error(err)
				}
			}
			if code, _ := status(t, "", "cat", "--book", dir); code != exitDone {
				t.Errorf("while it is held: cat ended with %d", code)
			}
			kill(holder)
			b.Finish(t, commandLine(dir, source, 0, "always"))
			checkBook(t, b, 32)
		})
	}
}

// TestDeadWatcher: a vault has one watcher, and when that has been killed, the next.
func TestDeadWatcher(t *testing.T) {
	vault := t.TempDir()
	dir := filepath.Join(vault, daybook.VaultDir)
	writeBoard(t, filepath.Join(vault, "a.canvas"), 0)
	first := exec.Command("daybook", "watch", vault, "--json", "--debounce", "20ms")
	first.Stderr = os.Stderr
	out, err := first.StdoutPipe()
	if err == nil {
		err = first.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(first) })
	if !bufio.NewScanner(out).Scan() { // the board is recorded: it watches
		t.Fatal("the watcher has ended")
	}
	if code, _ := status(t, "", "watch", vault, "--once"); code != exitLocked {
		t.Errorf("a second watcher ended with %d, want %d", code, exitLocked)
	}
	kill(first)
	writeBoard(t, filepath.Join(vault, "a.canvas"), 1)
	code, events := status(t, "", "watch", vault, "--once", "--json")
	if code != exitDone || !strings.Contains(events, "node_color_change") {
		t.Errorf("the next watcher ended with %d: %s", code, events)
	}
	if _, err := os.Stat(filepath.Join(dir, "watch.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("watch.json is left: %v", err)
	}
}

// TestStoppedHolder: a process that is stopped (SIGSTOP) with the lock in its hand lives, and the system gives nothing
// back. Others get ErrLocked after their limit, readers are not concerned, and all go on when it does.
func TestStoppedHolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), daybook.VaultDir)
	b := killtest.NewBook(dir)
	w := b.Start(t, library(dir, killtest.Source{Name: "w", Size: 330}, 0, 0, "always", "none"))
	w.Working()
	lock, err := os.Open(filepath.Join(dir, "book.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	signal := func(s syscall.Signal) {
		if err := w.Process().Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	held := false
	for end := time.Now().Add(30 * time.Second); !held; time.Sleep(time.Millisecond) { // another moment
		if time.Now().After(end) {
			t.Fatal("in 30 s the writer was never stopped with the lock in its hand")
		}
		signal(syscall.SIGSTOP)
		// It stops at its next return from the system: what it has by then shows only a moment later.
		held = true
		for range 20 {
			if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
				held = false
				if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_UN); err != nil {
					t.Fatal(err)
				}
				break
			}
			time.Sleep(time.Millisecond)
		}
		if !held {
			signal(syscall.SIGCONT)
		}
	}
	other := killtest.Source{Name: "other", Size: 330}
	code, answer := status(t, other.Line(0), "append", "--json", "--wait", "1s", "--book", dir)
	if code != exitLocked || !strings.Contains(answer, statusFailed) {
		t.Errorf("while it is stopped: append ended with %d, want %d: %s", code, exitLocked, answer)
	}
	if code, _ := status(t, "", "cat", "--book", dir); code != exitDone {
		t.Errorf("while it is stopped: cat ended with %d", code)
	}
	signal(syscall.SIGCONT)
	b.Finish(t, commandLine(dir, other, 0, "always"))
	w.Kill()
	b.Finish(t, commandLine(dir, killtest.Source{Name: "last", Size: 330}, 0, "always"))
	checkBook(t, b, 32)
}
