package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"daybook/bench/stat"
)

// Task is something that several programs can do with the same events.
type Task struct {
	Name     string
	Commands []Command
}

// Command is one program that does a task.
type Command struct {
	Name string
	// Args are the program and its arguments.
	Args []string
	// Skip says why it cannot be run; "" if it can.
	Skip string
	// Answer makes of what it has printed what it must have in common with the other commands of the task: nil if it
	// need not be compared.
	Answer func(stdout []byte) string

	// watch, if not nil, is called when the process runs, and holds up only who waits for it.
	watch func(pid int)
}

// Reads is what was measured of a Task: whole processes, from start to end, in turns.
type Reads struct {
	Name   string `json:"name"`
	Events int    `json:"events"`
	Runs   []Runs `json:"runs"`
}

// Runs is what was measured of one Command. Its rounds are numbered as those of the task's other commands.
type Runs struct {
	Name    string    `json:"name"`
	Skipped string    `json:"skipped,omitempty"` // why it was not run
	Median  float64   `json:"median_ms"`
	Rounds  []float64 `json:"round_ms"`
}

// Limits bounds what is measured of one Command: at most Rounds runs, and no further one after Time, but always one.
type Limits struct {
	Rounds int
	Time   time.Duration
}

// Read measures a task. Each command is run once before, unless that alone takes longer than the limit of time, so that
// what it reads is in the system's cache. Commands that give different answers are an error.
func Read(ctx context.Context, t Task, events int, limits Limits) (Reads, error) {
	result := Reads{Name: t.Name, Events: events, Runs: make([]Runs, len(t.Commands))}
	spent := make([]time.Duration, len(t.Commands))
	var answer, of string
	for round := range 1 + limits.Rounds {
		for i, c := range t.Commands {
			runs := &result.Runs[i]
			runs.Name, runs.Skipped = c.Name, c.Skip
			if c.Skip != "" || round > 0 && spent[i] > limits.Time && len(runs.Rounds) > 0 {
				continue
			}
			p, err := run(ctx, c)
			if err != nil {
				return result, err
			}
			spent[i] += p.took
			if round > 0 || p.took > limits.Time {
				runs.Rounds = append(runs.Rounds, millis(p.took))
			}
			if c.Answer == nil {
				continue
			}
			switch got := c.Answer(p.stdout); {
			case of == "":
				answer, of = got, c.Name
			case got != answer:
				return result, fmt.Errorf("%s: %s answers %s, %s answers %s", t.Name, of, answer, c.Name, got)
			}
		}
	}
	for i := range result.Runs {
		if runs := &result.Runs[i]; runs.Skipped == "" {
			runs.Median = stat.Median(runs.Rounds)
		}
	}
	return result, nil
}

// process is a process that has ended.
type process struct {
	took   time.Duration
	stdout []byte
}

func run(ctx context.Context, c Command) (process, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Stderr = &stderr
	if c.Answer != nil {
		cmd.Stdout = &stdout
	}
	began := time.Now()
	err := cmd.Start()
	if err == nil {
		if c.watch != nil {
			c.watch(cmd.Process.Pid)
		}
		err = cmd.Wait()
	}
	took := time.Since(began)
	if err != nil {
		said := strings.TrimSpace(stderr.String())
		return process{}, errors.Join(fmt.Errorf("run %s: %w", c.Name, err), errors.New(said))
	}
	return process{took, stdout.Bytes()}, nil
}

// Lines is an Answer: how many lines were printed.
func Lines(stdout []byte) string { return fmt.Sprint(bytes.Count(stdout, []byte("\n"))) }

// Text is an Answer: what was printed, without the space around it.
func Text(stdout []byte) string { return string(bytes.TrimSpace(stdout)) }
