// Command bench measures Daybook and what one would use instead, in turns, in one run on one disk. It prints tables of
// ratios, and writes what it measured as JSON and as plots. It runs on Linux.
//
//	go run . -quick
//	go run . -json results/here.json -plots ../docs
//
// What a figure means, and how it is taken, is in docs/performance.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
		os.Exit(1)
	}
}
