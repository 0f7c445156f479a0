// Command daybook keeps a book of original entry: it records events the moment they happen and reads them back.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a book's zone is known on systems without a zone database too
)

func main() { os.Exit(start(osEnv(), os.Args[1:])) }

// start runs the program until it is done or a signal comes.
func start(e env, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return run(ctx, e, args)
}
