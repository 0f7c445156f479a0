package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"daybook/bench/measure"
	"daybook/bench/report"
)

// run measures what args ask for, and prints, writes and draws it. ctx ends it between two measurements.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	var r report.Report
	if c.from != "" {
		r, err = report.Read(c.from)
	} else {
		r, err = measureAll(ctx, c, func(s string) { fmt.Fprintln(stderr, "bench: "+s) })
	}
	if err != nil {
		return err
	}
	r.Bars = r.JudgeBars()
	if err := r.Print(stdout); err != nil {
		return err
	}
	if c.json != "" {
		if err := r.Write(c.json); err != nil {
			return err
		}
	}
	if c.plots == "" {
		return nil
	}
	return errors.Join(
		os.WriteFile(filepath.Join(c.plots, "bench-append.svg"), r.AppendFigure().SVG(), 0o644),
		os.WriteFile(filepath.Join(c.plots, "bench-read.svg"), r.ReadFigure().SVG(), 0o644),
	)
}

func measureAll(ctx context.Context, c config, say func(string)) (r report.Report, err error) {
	dir, err := os.MkdirTemp(c.dir, "daybook-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r.Machine = report.ThisMachine(dir)
	if c.appends {
		if err := measureAppends(ctx, c, dir, &r, say); err != nil {
			return r, err
		}
	}
	if c.reads {
		if err := measureReads(ctx, c, dir, &r, say); err != nil {
			return r, err
		}
	}
	if c.watch {
		if err := measureWatching(ctx, c, dir, &r, say); err != nil {
			return r, err
		}
	}
	r.Machine.LoadAfter = report.Load()
	return r, nil
}

func measureAppends(ctx context.Context, c config, dir string, r *report.Report, say func(string)) error {
	for _, s := range c.scenarios() {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		say(s.Name)
		a, err := measure.Append(dir, s, c.pace, say)
		if err != nil {
			return err
		}
		r.Appends = append(r.Appends, a)
	}
	for _, held := range c.held {
		if held < 1000 {
			continue
		}
		say(fmt.Sprintf("opening a day of %d events", held))
		o, err := measure.Open(dir, held, usual, c.pace.Rounds)
		if err != nil {
			return err
		}
		r.Openings = append(r.Openings, o)
	}
	return nil
}

func measureReads(ctx context.Context, c config, dir string, r *report.Report, say func(string)) error {
	program, err := c.program(ctx, dir)
	if err != nil {
		return err
	}
	for _, n := range c.read {
		own, err := os.MkdirTemp(dir, "read-")
		if err != nil {
			return err
		}
		library, imported, err := measure.NewLibrary(ctx, own, program, n, usual, say)
		if err != nil {
			return err
		}
		r.Imports = append(r.Imports, imported)
		for _, t := range library.Tasks() {
			say(fmt.Sprintf("%s of %d events", t.Name, n))
			reads, err := measure.Read(ctx, t, n, c.limits)
			if err != nil {
				return err
			}
			r.Reads = append(r.Reads, reads)
		}
		if err := os.RemoveAll(own); err != nil {
			return err
		}
	}
	return nil
}

func measureWatching(ctx context.Context, c config, dir string, r *report.Report, say func(string)) error {
	program, err := c.program(ctx, dir)
	if err != nil {
		return err
	}
	for _, w := range c.watched {
		say(fmt.Sprintf("saves of a board of %d cards, %d others watched", w.Cards, w.Others))
		watching, err := measure.Watch(ctx, dir, program, w)
		if err != nil {
			return err
		}
		r.Watches = append(r.Watches, watching)
	}
	return nil
}

// program returns the program that reads and watches; unless one was named, it is built.
func (c config) program(ctx context.Context, dir string) (string, error) {
	if c.daybook != "" {
		return exec.LookPath(c.daybook)
	}
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "daybook").Output()
	if err != nil {
		return "", fmt.Errorf("find the module daybook (run this in bench, or name a program with -daybook): %w", err)
	}
	program := filepath.Join(dir, "daybook")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/daybook")
	build.Dir = strings.TrimSpace(string(module))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build daybook: %w\n%s", err, out)
	}
	return program, nil
}
