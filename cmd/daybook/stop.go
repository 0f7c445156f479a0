package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal gives work a context that ends with a signal, and returns its exit status. On Windows Ctrl-C and
// Ctrl-Break come as os.Interrupt; closing the console, logging off and shutting down as SIGTERM, after which the
// system gives a process 5 s to end.
func untilSignal(work func(context.Context) int) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return work(ctx)
}
