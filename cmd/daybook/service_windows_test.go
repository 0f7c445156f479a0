package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// systemPrograms are what tests on Windows start besides daybook.
func systemPrograms() map[string]func() {
	daybook := func(ctx context.Context) int { return run(ctx, osEnv(), os.Args[1:]) }
	return map[string]func(){
		"daybook-service": func() { os.Exit(serve(daybook)) }, // does not ask whether it is one
		"daybook-deaf": func() {
			if err := ignoreConsole(); err != nil {
				exitWith(err)
			}
			os.Exit(untilSignal(daybook))
		},
		"daybook-console": func() { exitWith(runInConsole(os.Args[1:])) },
		"explorer": func() { // a parent of this name
			cmd := exec.Command(os.Args[1], os.Args[2:]...)
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			exitWith(cmd.Run())
		},
	}
}

// TestServiceRequests is the service without a service manager.
func TestServiceRequests(t *testing.T) {
	const accepts = svc.AcceptStop | svc.AcceptShutdown
	for name, cmd := range map[string]svc.Cmd{"stop": svc.Stop, "shutdown": svc.Shutdown} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests, status, ended := make(chan svc.ChangeRequest), make(chan svc.Status), make(chan [2]any)
				s := &service{work: func(ctx context.Context) int {
					<-ctx.Done()
					time.Sleep(2500 * time.Millisecond) // of the bubble: what stopping takes
					return exitLocked
				}}
				go func() {
					specific, code := s.Execute([]string{"daybook"}, requests, status)
					ended <- [2]any{specific, code}
				}()
				want := func(want svc.Status) {
					t.Helper()
					if got := <-status; got != want {
						t.Errorf("got status %+v, want %+v", got, want)
					}
				}
				want(svc.Status{State: svc.Running, Accepts: accepts})
				time.Sleep(time.Hour)
				requests <- svc.ChangeRequest{Cmd: svc.Interrogate}
				want(svc.Status{State: svc.Running, Accepts: accepts})
				requests <- svc.ChangeRequest{Cmd: cmd}
				want(svc.Status{State: svc.StopPending, WaitHint: 5000})
				want(svc.Status{State: svc.StopPending, WaitHint: 5000, CheckPoint: 1})
				want(svc.Status{State: svc.StopPending, WaitHint: 5000, CheckPoint: 2})
				if got := <-ended; got != [2]any{true, uint32(exitLocked)} || s.code != exitLocked {
					t.Errorf("ended with %v and the exit status %d, want %d as the service's own", got, s.code, exitLocked)
				}
			})
		})
	}
	t.Run("it ends by itself", func(t *testing.T) {
		status := make(chan svc.Status, 1)
		s := &service{work: func(context.Context) int { return exitNoBook }}
		if specific, code := s.Execute(nil, nil, status); !specific || code != exitNoBook {
			t.Errorf("ended with %v, %d, want %d as the service's own", specific, code, exitNoBook)
		}
	})
}

// TestService has the service manager start and stop the program.
func TestService(t *testing.T) {
	m, err := mgr.Connect()
	if err != nil {
		t.Skipf("services are for administrators: %v", err)
	}
	defer m.Disconnect() // nothing is left to be lost
	for _, program := range []string{"daybook", "daybook-service"} {
		t.Run(program, func(t *testing.T) {
			if program == "daybook" && isWine() {
				t.Skip("Wine runs services in another session than 0: svc.IsWindowsService says no")
			}
			vault := t.TempDir()
			board := filepath.Join(vault, "a.canvas")
			save(t, board, cards{"", ""}.board(), 0)
			s, pid := startService(t, m, program, "watch", vault, "--debounce", "20ms")
			book := filepath.Join(vault, ".learning_sessions")
			waitForEvents(t, book, 1)
			save(t, board, cards{"1", ""}.board(), 0)
			waitForEvents(t, book, 2)
			if _, err := s.Control(svc.Stop); err != nil {
				t.Fatal(err)
			}
			if got := waitStopped(t, s, pid); got.Win32ExitCode != 0 {
				t.Errorf("it has stopped with %+v, want exit status 0", got)
			}
			out, err := exec.Command("daybook", "watch", vault, "--once").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "recorded 0 events") {
				t.Errorf("watch --once: %v, %s: the service has not recorded everything", err, out)
			}
			if boards, n := bookedBoards(t, book); n != 2 || boards["a.canvas"]["card0"] != "1" {
				t.Errorf("%d events, boards %v", n, boards)
			}
		})
	}
	t.Run("a vault that is missing", func(t *testing.T) {
		program := "daybook"
		if isWine() {
			program = "daybook-service"
		}
		s, pid := startService(t, m, program, "watch", filepath.Join(t.TempDir(), "missing"))
		got := waitStopped(t, s, pid)
		if got.Win32ExitCode != uint32(windows.ERROR_SERVICE_SPECIFIC_ERROR) || got.ServiceSpecificExitCode != exitFailed {
			t.Errorf("it has stopped with %+v, want %d as the service's own", got, exitFailed)
		}
	})
}

// isWine reports whether the Windows is Wine.
func isWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// startService makes a service of a program, which ends with the test, and starts it.
func startService(t *testing.T, m *mgr.Mgr, program string, args ...string) (s *mgr.Service, pid uint32) {
	t.Helper()
	file, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("daybook-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	s, err = m.CreateService(name, file, mgr.Config{StartType: mgr.StartManual}, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Delete(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	status, err := s.Query()
	if err != nil {
		t.Fatal(err)
	}
	return s, status.ProcessId
}

// waitStopped returns the status of a service when it has stopped and its process has ended.
func waitStopped(t *testing.T, s *mgr.Service, pid uint32) svc.Status {
	t.Helper()
	if p, err := windows.OpenProcess(windows.SYNCHRONIZE|windows.PROCESS_TERMINATE, false, pid); err == nil {
		defer windows.CloseHandle(p) // it was only waited for
		if e, err := windows.WaitForSingleObject(p, 30_000); e != windows.WAIT_OBJECT_0 {
			t.Errorf("the service's process has not ended: %v, %v", err, windows.TerminateProcess(p, 1))
		}
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) { // another process is waited for
		status, err := s.Query()
		if err != nil {
			t.Fatal(err)
		}
		if status.State == svc.Stopped {
			return status
		}
		if time.Now().After(end) {
			t.Fatalf("the service has not stopped: %+v", status)
		}
	}
}

// waitForEvents waits until a book has n lines.
func waitForEvents(t *testing.T, book string, n int) {
	t.Helper()
	got := 0
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		days, err := filepath.Glob(filepath.Join(book, "????-??-??", "events.json"))
		if err != nil {
			t.Fatal(err)
		}
		got = 0
		for _, day := range days {
			data, err := os.ReadFile(day)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			got += strings.Count(string(data), "\n")
		}
		if got >= n {
			return
		}
	}
	t.Fatalf("the book has %d events, want %d", got, n)
}
