// Command daybook keeps a book of original entry: it records events the moment they happen and reads them back.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // a book's zone is known on systems without a zone database too

	"github.com/spf13/cobra"
)

func main() { os.Exit(start(osEnv(), os.Args[1:])) }

// start runs the program until it is done or has to stop.
func start(e env, args []string) int {
	if len(args) > 0 {
		cobra.MousetrapHelpText = "" // Explorer also starts what a link with arguments says
	}
	return untilStopped(func(ctx context.Context) int { return run(ctx, e, args) })
}
