package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"daybook/bench/event"
	"daybook/bench/measure"
	"daybook/bench/report"
)

// config says what is measured, how long, and what becomes of it.
type config struct {
	from, json, plots    string
	dir, daybook         string
	writers, sizes, held list
	recipes              int
	read                 list
	pace                 measure.Pace
	limits               measure.Limits
	watched              []measure.Watched
	appends, reads       bool
	watch                bool
	synced, unsynced     bool
}

// list is numbers with commas between them.
type list []int

func (l *list) String() string {
	var all []string
	for _, n := range *l {
		all = append(all, strconv.Itoa(n))
	}
	return strings.Join(all, ",")
}

// Set replaces the list. An empty text is an empty list.
func (l *list) Set(s string) error {
	*l = nil
	for word := range strings.SplitSeq(s, ",") {
		if word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is no number", word)
		}
		*l = append(*l, n)
	}
	return nil
}

func parseFlags(args []string, stderr io.Writer) (config, error) {
	c := config{
		writers: list{1, 8, 64}, sizes: list{200, 430, 4096, 65536}, held: list{0, 1000, 10_000, 100_000},
		read: list{100_000, 1_000_000},
		watched: []measure.Watched{
			{Others: report.ManyBoards, Cards: 200, Text: 100, Saves: 100, Idle: 10 * time.Second},
			{Others: 1, Cards: 5000, Text: 1000, Saves: 60},
		},
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.json, "json", "", "write what was measured to `FILE`")
	f.StringVar(&c.plots, "plots", "", "draw bench-append.svg and bench-read.svg in `DIR`")
	f.StringVar(&c.from, "from", "", "measure nothing: print and draw what -json has written to `FILE`")
	f.StringVar(&c.dir, "dir", "", "measure on the disk of `DIR` (default: the directory for temporary files)")
	f.StringVar(&c.daybook, "daybook", "", "read with the `PROGRAM` (default: built from the module above)")
	f.Var(&c.writers, "writers", "`LIST` of how many goroutines append at once")
	f.Var(&c.sizes, "sizes", "`LIST` of bytes of an event, 200 to 1000000; the writers are compared at 430")
	f.Var(&c.held, "held", "`LIST` of events that a log holds before it is measured")
	f.IntVar(&c.recipes, "recipes", 10_000, "events held, at most, by what takes longer with each of them")
	f.Var(&c.read, "read", "`LIST` of events that are read")
	f.IntVar(&c.pace.Rounds, "rounds", 9, "how often each takes its turn")
	f.DurationVar(&c.pace.Slice, "slice", 25*time.Millisecond, "how long a turn of appends is, about")
	f.IntVar(&c.limits.Rounds, "runs", 5, "how often a program that reads is run")
	f.DurationVar(&c.limits.Time, "read-time", 3*time.Second, "and for how long, about: then no further run")
	only := f.String("only", "", "measure only `WHAT`: append, read or watch")
	sync := f.String("sync", "", "measure only appends that are durable (`MODE` on) or not (off)")
	quick := f.Bool("quick", false, "a little of everything, in seconds: to see that it works")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if f.NArg() > 0 {
		return c, fmt.Errorf("what is %q?", f.Arg(0))
	}
	if *quick {
		c.writers, c.sizes, c.held, c.recipes, c.read = list{1, 64}, nil, list{0, 1000}, 1000, list{2000}
		c.pace, c.limits = measure.Pace{Rounds: 3, Slice: 4 * time.Millisecond}, measure.Limits{Rounds: 1, Time: time.Second}
		c.watched = []measure.Watched{{Others: 10, Cards: 200, Text: 100, Saves: 3, Idle: time.Second}}
	}
	measured := func(what string) bool { return *only == "" || *only == what }
	c.appends, c.reads, c.watch = measured("append"), measured("read"), measured("watch")
	c.synced, c.unsynced = *sync != "off", *sync != "on"
	return c, errors.Join(
		oneOf("only", *only, "", "append", "read", "watch"),
		oneOf("sync", *sync, "", "on", "off"),
		c.check(),
	)
}

func oneOf(name, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("-%s: %q is none of %q", name, value, allowed[1:])
	}
	return nil
}

func (c config) check() error {
	for _, n := range c.sizes {
		if n < 200 || n > 1_000_000 {
			return fmt.Errorf("-sizes: %d is not between 200 and 1000000", n)
		}
	}
	for _, n := range c.read {
		if n < event.Special {
			return fmt.Errorf("-read: %d events are too few to look for one in them: %d at least", n, event.Special)
		}
	}
	for _, n := range c.writers {
		if n < 1 {
			return errors.New("-writers: one at least")
		}
	}
	if c.pace.Rounds < 1 || c.pace.Slice <= 0 || c.limits.Rounds < 1 {
		return errors.New("-rounds, -slice and -runs are at least one")
	}
	return nil
}
