package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// untilStopped gives work a context that ends when the program has to stop, and returns its exit status: a service of
// Windows is stopped by the service manager, other programs by a signal.
func untilStopped(work func(context.Context) int) int {
	if is, err := svc.IsWindowsService(); err != nil || !is {
		return untilSignal(work)
	}
	return serve(work)
}

// serve is untilStopped for a service.
func serve(work func(context.Context) int) int {
	s := &service{work: work, code: exitFailed}
	err := ignoreConsole()
	if err == nil {
		err = svc.Run("", s) // the service manager knows the name
	}
	if err != nil {
		osEnv().say("error", "run as a service: %v", err)
	}
	return s.code
}

// ignoreConsole keeps what consoles are told from this process. A service is told too when anybody logs off: Go would
// report it as SIGTERM or, when nobody wants that, have the process ended.
func ignoreConsole() error {
	const handled = 1
	handler := windows.NewCallback(func(uint32) uintptr { return handled })
	const add = 1
	ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("SetConsoleCtrlHandler").Call(handler, add)
	if ok == 0 {
		return fmt.Errorf("set a handler for the console: %w", err)
	}
	return nil
}

// service is work for the service manager.
type service struct {
	work func(context.Context) int
	code int // its exit status when Execute has returned
}

// stopHint is how long the service manager may wait for the next sign of life of a service that is stopping.
const stopHint = 5 * time.Second

// Execute runs the work until it has ended, which Stop and Shutdown make it do. An exit status that is not 0 is the
// service's own exit code. When it returns, package svc reports the state Stopped.
func (s *service) Execute(
	_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status,
) (specific bool, code uint32) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan int)
	go func() { done <- s.work(ctx) }()
	now := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	status <- now
	alive := &time.Ticker{}
	for {
		select {
		case s.code = <-done:
			return true, uint32(s.code)
		case r := <-requests:
			if (r.Cmd == svc.Stop || r.Cmd == svc.Shutdown) && now.State == svc.Running {
				stop()
				now = svc.Status{State: svc.StopPending, WaitHint: uint32(stopHint.Milliseconds())}
				alive = time.NewTicker(time.Second)
				defer alive.Stop()
			}
			status <- now
		case <-alive.C:
			now.CheckPoint++
			status <- now
		}
	}
}
