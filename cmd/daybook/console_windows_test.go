package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// runInConsole runs a program in this process's console and hands it the lines of standard input. At the lines "Ctrl-C"
// and "Ctrl-Break" it does what that key does, at "end" it kills the program, whose input stays open.
func runInConsole(command []string) error {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // Ctrl-C is for everybody in the console
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if os.Getenv("TEST_GROUP") != "" { // a group of its own gets Ctrl-Break alone, and no Ctrl-C
		cmd.SysProcAttr.CreationFlags = windows.CREATE_NEW_PROCESS_GROUP
	}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	go func() {
		for keys := bufio.NewScanner(os.Stdin); err == nil && keys.Scan(); {
			switch keys.Text() {
			case "Ctrl-C":
				err = windows.GenerateConsoleCtrlEvent(windows.CTRL_C_EVENT, 0)
			case "Ctrl-Break":
				err = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(cmd.Process.Pid))
			case "end":
				cmd.Process.Kill()
			default:
				_, err = fmt.Fprintln(in, keys.Text())
			}
		}
		if err != nil { // else the test waits for what does not come
			fmt.Fprintln(os.Stderr, err)
			cmd.Process.Kill()
		}
	}()
	var exit *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	return nil
}

// console is a program in a console of its own.
type console struct {
	cmd    *exec.Cmd
	in     io.Writer
	out    *bufio.Scanner
	stderr strings.Builder
}

func startInConsole(t *testing.T, group bool, command ...string) *console {
	t.Helper()
	c := &console{cmd: exec.Command("daybook-console", command...)}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_CONSOLE, HideWindow: true}
	if group {
		c.cmd.Env = append(os.Environ(), "TEST_GROUP=1")
	}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.in, c.out, c.cmd.Stderr = in, bufio.NewScanner(out), &c.stderr
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *console) types(t *testing.T, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(c.in, line); err != nil {
		t.Fatal(err)
	}
}

// says waits for a line of output that has a part.
func (c *console) says(t *testing.T, part string) {
	t.Helper()
	for c.out.Scan() {
		if strings.Contains(c.out.Text(), part) {
			return
		}
	}
	t.Fatalf("the program never says %q: %v; stderr: %s", part, c.cmd.Wait(), &c.stderr)
}

// wantEnd waits for the end, with an exit status and the last words.
func (c *console) wantEnd(t *testing.T, status int, words string) {
	t.Helper()
	c.cmd.Wait() // the status says it
	if got := c.cmd.ProcessState.ExitCode(); got != status || !strings.Contains(c.stderr.String(), words) {
		t.Errorf("exit status %d, stderr %q, want %d and %q", got, &c.stderr, status, words)
	}
}

// TestConsoleKeys: Ctrl-C and Ctrl-Break end the program in order; nothing is left to be recorded.
func TestConsoleKeys(t *testing.T) {
	for _, key := range []string{"Ctrl-C", "Ctrl-Break"} {
		t.Run(key, func(t *testing.T) {
			if key == "Ctrl-Break" && isWine() {
				t.Skip("Wine does not tell programs of Ctrl-Break")
			}
			vault := t.TempDir()
			board := filepath.Join(vault, "a.canvas")
			save(t, board, cards{"", ""}.board(), 0)
			c := startInConsole(t, key == "Ctrl-Break", "daybook", "watch", vault, "--debounce", "20ms")
			c.says(t, "new board")
			save(t, board, cards{"1", ""}.board(), 0)
			c.says(t, "red")
			c.types(t, key)
			c.wantEnd(t, exitDone, "daybook: note: recorded 2 events of 2 saves on 1 board in ")
			out, err := exec.Command("daybook", "watch", vault, "--once").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "recorded 0 events") {
				t.Errorf("watch --once: %v, %s: not everything was recorded", err, out)
			}

			c = startInConsole(t, key == "Ctrl-Break", "daybook", "append", "--json", "--book", t.TempDir())
			c.types(t, "{}")
			c.says(t, "stored")
			c.types(t, key)
			c.wantEnd(t, exitInterrupted, "daybook: hint: 1 line stored; go on with line 2\n")
		})
	}
}

// TestServiceIsDeaf: what a console is told ends no service. Anybody's logging off is told to all.
func TestServiceIsDeaf(t *testing.T) {
	vault := t.TempDir()
	board := filepath.Join(vault, "a.canvas")
	save(t, board, cards{"", ""}.board(), 0)
	c := startInConsole(t, false, "daybook-deaf", "watch", vault, "--debounce", "20ms")
	c.says(t, "new board")
	c.types(t, "Ctrl-C")
	for i, color := range []string{"1", "2", "3"} {
		save(t, board, cards{color, ""}.board(), 0)
		c.says(t, []string{"red", "green", "purple"}[i])
	}
	c.types(t, "end")
	c.wantEnd(t, 1, "")
}

// TestStartedByExplorer: a link in the folder of what is started with Windows has arguments. The program without any,
// which somebody has clicked on, explains for 5 s what it is, and ends.
func TestStartedByExplorer(t *testing.T) {
	out, err := exec.Command("explorer", "daybook", "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "daybook ") {
		t.Errorf("%v, %s", err, out)
	}
}
