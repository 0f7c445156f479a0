// Command bench runs this module's benchmarks in rounds, each benchmark once in every round, so that what disturbs the
// machine for a while disturbs all of them. It keeps the output of the rounds, compares it with benchstat and draws it.
//
//	go run . -quick                                       some ten seconds: does it work?
//	go run . -out results/here.txt -plots ../docs         all of it
//	go run . -bench Log/sync=yes/writers=64            a part of it, by a regular expression as for go test
//	go run . -from results/here.txt -plots ../docs        compares and draws what an earlier run has kept
//
// What is compared with what is described in docs/performance.md. It runs on Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	bench := f.String("bench", ".", "run the benchmarks that `REGEXP` matches")
	rounds := f.Int("rounds", 9, "how often each benchmark takes its turn")
	quick := f.Bool("quick", false, "one short round of a little of everything")
	out := f.String("out", "", "keep the output of the rounds in `FILE`")
	plots := f.String("plots", "", "draw bench-append.svg and bench-read.svg in `DIR`")
	from := f.String("from", "", "run nothing: compare and draw what -out has kept in `FILE`")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 || *rounds < 1 {
		return fmt.Errorf("-rounds is at least 1, and there are no arguments besides flags")
	}
	dir, err := os.MkdirTemp("", "daybook-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := *from
	if file == "" {
		if file = *out; file == "" {
			file = filepath.Join(dir, "rounds.txt")
		}
		testArgs := []string{"-test.run=^$", "-test.bench=" + *bench, "-test.benchtime=25ms", "-test.timeout=1h"}
		if *quick {
			*rounds = 1
			testArgs = append(testArgs, "-test.short", "-test.benchtime=2x")
		}
		if err := measure(ctx, dir, file, *rounds, testArgs); err != nil {
			return err
		}
	}
	if err := compare(ctx, file); err != nil || *plots == "" {
		return err
	}
	return drawCharts(file, *plots)
}

// measure writes the output of the rounds to file.
func measure(ctx context.Context, dir, file string, rounds int, args []string) (err error) {
	program := filepath.Join(dir, "bench.test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", program, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("build the benchmarks: %w\n%s", err, out)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "bench: round %d of %d\n", round+1, rounds)
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Env = append(os.Environ(), "BENCH_DIR="+dir)
		cmd.Stdout, cmd.Stderr = io.MultiWriter(f, os.Stderr), os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	return nil
}

// compare prints benchstat's tables: each kind of log, or program, beside the one that bounds it.
func compare(ctx context.Context, file string) error {
	for _, table := range [][]string{
		{"-filter", ".name:Log .unit:(p50-ns OR allocs/op)", "-table", "/sync,/writers", "-row", "/bytes,/held", "-col", "/log"},
		{"-filter", ".name:Open .unit:ns/op", "-row", "/held", "-col", "/what"},
		{"-filter", ".name:Read .unit:ns/op", "-row", "/events", "-table", "/task", "-col", "/program"},
		{"-filter", ".name:(Import OR Watch)", "-row", ".fullname"},
	} {
		args := append([]string{"tool", "benchstat"}, append(table, file)...)
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("benchstat: %w", err)
		}
	}
	return nil
}
