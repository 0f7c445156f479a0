package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"daybook"

	"daybook/internal/printable"
)

func newAppend(e env, g *globals) *cobra.Command {
	var sync string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "append [FILE…]",
		Short: "Append events, one JSON object per line",
		Long: `Append events from files or, without FILE or for "-", from standard input: JSON Lines, one object per line.
Blank lines are skipped. An event without event_id or timestamp gets one. The book is made if there is none.

A line is answered as soon as it is on disk (with --sync interval: within a second after; with none: when the system
likes), without waiting for the next one. A line that breaks a rule is refused and
the next one is taken; the exit status is then 1. When the book itself takes no more lines (its lock is held for long,
the disk is full), append stops and says with which line to go on.

With --json it prints an object for each line, in the order of the input: event_id, status (stored, duplicate, rejected
or failed), day (in whose file the event is), file (if FILE is given), line and error.`,
		Example: `  echo '{"camera_id":"gate","label":"person"}' | daybook append
  daybook append --json morning.jsonl evening.jsonl
  camera | daybook append --book data/events --sync interval`,
		RunE: func(cmd *cobra.Command, args []string) error {
			mode, err := daybook.ParseSync(sync)
			if err != nil {
				return usage("see `daybook append --help`", "--sync: %w", err)
			}
			if wait < 0 {
				return usage("see `daybook append --help`", "--wait %v is no time to wait", wait)
			}
			opts := daybook.Options{Sync: mode, LockTimeout: wait}
			if wait == 0 && cmd.Flags().Changed("wait") {
				opts.LockTimeout = 1 // zero is the default
			}
			return appendFiles(cmd.Context(), e, g, opts, args)
		},
	}
	cmd.Flags().StringVar(&sync, "sync", "always", "when a line is durable: `MODE` always, interval or none")
	cmd.Flags().DurationVar(&wait, "wait", 0, "how long to wait for the book's lock: a `TIME` such as 30s (default 4.8s)")
	completeWords(cmd, "sync", "always", "interval", "none")
	return cmd
}

func appendFiles(ctx context.Context, e env, g *globals, opts daybook.Options, names []string) error {
	for _, name := range names {
		if name == "-" {
			continue
		}
		if info, err := os.Stat(name); err != nil {
			return &failure{err: err, hint: "nothing was appended"}
		} else if info.IsDir() {
			return &failure{err: fmt.Errorf("%s is a directory", name), hint: "nothing was appended; name its files"}
		}
	}
	return withBook(openWithViews, e, g, opts, func(book *daybook.Book) error {
		a := &appender{env: e, book: book, json: g.json, out: bufio.NewWriter(e.data())}
		if len(names) == 0 {
			names = []string{"-"}
		}
		for i, name := range names {
			a.rest = names[i+1:]
			if err := a.input(ctx, name); err != nil {
				return err
			}
		}
		return a.finish()
	})
}

// appender is one run of append.
type appender struct {
	env  env
	book *daybook.Book
	json bool
	out  *bufio.Writer
	rest []string // the files that come after this one

	stored, duplicate, rejected int
}

// The values of a verdict's status.
const (
	statusStored    = "stored"
	statusDuplicate = "duplicate"
	statusRejected  = "rejected" // the line is at fault: the next one is taken
	statusFailed    = "failed"   // the book is at fault: append stops
)

// verdict is what --json prints for a line.
type verdict struct {
	EventID string `json:"event_id"`
	Status  string `json:"status"`
	Day     string `json:"day,omitempty"` // where the event is, if it is in the book
	File    string `json:"file,omitempty"`
	Line    int    `json:"line"`
	Error   string `json:"error,omitempty"`

	err error
}

// input appends the lines of one file.
func (a *appender) input(ctx context.Context, name string) error {
	file, r := "", a.env.stdin
	if name == "-" {
		if isTerminal(r) {
			a.env.say("hint", "type one JSON object per line; %s ends the input", endKey(runtime.GOOS))
		}
	} else {
		f, err := openInput(ctx, name)
		if err != nil {
			return err
		}
		defer f.Close() // it was only read
		file, r = name, f
	}
	lines := newLineReader(waitReader{ctx, r}, a.book.MaxLine())
	for {
		batch, err := lines.next()
		if err == io.EOF {
			return nil
		}
		var other *otherInput
		if errors.As(err, &other) {
			return &failure{
				err:  fmt.Errorf("stopped before %s: %w", place(file, 1), err),
				hint: a.counts() + "; " + other.hint(file, "append"),
			}
		}
		if err != nil {
			return a.stopped(file, lines.upcoming(), err, []string{fmt.Sprintf("%d,$", lines.upcoming())})
		}
		if err := a.settle(ctx, file, batch); err != nil {
			return err
		}
	}
}

// endKey is what a person types at a terminal to end the input.
func endKey(goos string) string {
	if goos == "windows" {
		return "Ctrl-Z and Enter at the beginning of a line"
	}
	return "Ctrl-D"
}

// settle appends a batch of lines and answers each of them. The error, if any, ends the run.
func (a *appender) settle(ctx context.Context, file string, batch []line) error {
	verdicts := make([]verdict, len(batch))
	events := make([]daybook.Event, 0, len(batch))
	where := make([]int, 0, len(batch)) // the verdict of each event
	for i, l := range batch {
		verdicts[i] = verdict{File: file, Line: l.n}
		event, err := a.parse(l)
		if err != nil {
			verdicts[i].EventID = looseID(l.text)
			verdicts[i].judge(daybook.Verdict{Err: err}, true)
			continue
		}
		verdicts[i].EventID = event.ID()
		events = append(events, event)
		where = append(where, i)
	}
	for i, v := range a.book.AppendAll(ctx, events) {
		verdicts[where[i]].judge(v, false)
	}
	return a.answer(verdicts)
}

func (a *appender) parse(l line) (daybook.Event, error) {
	if l.long {
		return daybook.Event{}, fmt.Errorf("the line has more than %d bytes", a.book.MaxLine())
	}
	if bytes.HasPrefix(l.text, []byte(byteOrderMark)) {
		return daybook.Event{}, errors.New("a byte order mark stands before the object: only the first line may have one")
	}
	return daybook.ParseEvent(l.text)
}

// judge fills in what became of the line. A line that did not parse is rejected whatever the error.
func (v *verdict) judge(got daybook.Verdict, rejected bool) {
	var rule *daybook.RuleError
	if got.Err == nil {
		v.Day = got.Position.Day.String()
	}
	switch {
	case got.Err == nil && got.Position.Duplicate:
		v.Status = statusDuplicate
		return
	case got.Err == nil:
		v.Status = statusStored
		return
	case rejected, errors.Is(got.Err, daybook.ErrConflict), errors.As(got.Err, &rule):
		v.Status = statusRejected
	default:
		v.Status = statusFailed
	}
	v.Error, v.err = got.Err.Error(), got.Err
}

// answer prints the verdicts and counts them. The error says why append stops here.
func (a *appender) answer(verdicts []verdict) error {
	var failed []verdict
	enc := newEncoder(a.out)
	for i := range verdicts {
		v := &verdicts[i]
		switch v.Status {
		case statusStored:
			a.stored++
		case statusDuplicate:
			a.duplicate++
		case statusRejected:
			a.rejected++
			if !a.json {
				a.env.say("error", "%s: %s", place(v.File, v.Line), v.Error)
			}
		case statusFailed:
			failed = append(failed, *v)
		}
		if a.json {
			if err := enc.Encode(v); err != nil {
				return outputError(err)
			}
		}
	}
	if err := a.out.Flush(); err != nil {
		return outputError(err)
	}
	if len(failed) == 0 {
		return nil
	}
	last := verdicts[len(verdicts)-1].Line
	return a.stoppedAt(failed, last)
}

// stoppedAt is the error of a run in which lines have failed. They came together with others, down to the line last, which
// the book has taken or refused: those are not to be appended again.
func (a *appender) stoppedAt(failed []verdict, last int) error {
	var again []string
	for i := 0; i < len(failed); {
		from := failed[i].Line
		to := from
		for i++; i < len(failed) && failed[i].Line == to+1; i++ {
			to++
		}
		if to == last {
			return a.stopped(failed[0].File, failed[0].Line, failed[0].err, append(again, fmt.Sprintf("%d,$", from)))
		}
		if from == to {
			again = append(again, fmt.Sprint(from))
		} else {
			again = append(again, fmt.Sprintf("%d,%d", from, to))
		}
	}
	return a.stopped(failed[0].File, failed[0].Line, failed[0].err, append(again, fmt.Sprintf("%d,$", last+1)))
}

// stopped is the error of a run that ends before the line n of file. again are the ranges of lines that are to be appended
// again, as sed addresses them.
func (a *appender) stopped(file string, n int, err error, again []string) error {
	hint := fmt.Sprintf("%s; go on with the lines %s", a.counts(), strings.Join(again, " and "))
	if len(again) == 1 {
		hint = fmt.Sprintf("%s; go on with line %d", a.counts(), n)
	}
	if file != "" {
		hint = fmt.Sprintf("%s; go on with `sed -n '%sp' %s | daybook append%s`", a.counts(), strings.Join(again, "p;"), printable.Path(file), a.further())
		if len(again) == 1 {
			hint = fmt.Sprintf("%s; go on with `tail -n +%d %s | daybook append%s`", a.counts(), n, printable.Path(file), a.further())
		}
	}
	if r := remedy(err); r != "" {
		hint = r + "; " + hint
	}
	return &failure{err: fmt.Errorf("stopped before %s: %w", place(file, n), err), hint: hint}
}

// further are the files that are still to be appended, as arguments behind the rest of this one on stdin.
func (a *appender) further() string {
	text := ""
	for _, name := range a.rest {
		if name != "-" {
			text += " " + printable.Path(name)
		}
	}
	if text != "" {
		text = " -" + text
	}
	return text
}

// finish tells a person how it went, and returns the error of a run in which lines were rejected.
func (a *appender) finish() error {
	if a.rejected > 0 {
		return &failure{err: errors.New(a.counts()), hint: "mend the rejected lines and append them again"}
	}
	if !a.json && isTerminal(a.env.stderr) {
		a.env.say("note", "%s in %s", a.counts(), a.book.Dir())
	}
	return nil
}

func (a *appender) counts() string {
	text := count(a.stored, "line") + " stored"
	if a.duplicate > 0 {
		text += ", " + count(a.duplicate, "duplicate")
	}
	if a.rejected > 0 {
		text += fmt.Sprintf(", %d rejected", a.rejected)
	}
	return text
}

// place names a line of input, as in "stdin:3".
func place(file string, n int) string { return fmt.Sprintf("%s:%d", orStdin(file), n) }

func orStdin(file string) string {
	if file == "" {
		return "stdin"
	}
	return file
}

// looseID returns the event_id of a line that was refused, if it can be made out, so that its producer can tell which
// event it was.
func looseID(text []byte) string {
	var ids struct {
		ID string `json:"event_id"`
	}
	if json.Unmarshal(text, &ids) != nil || len(ids.ID) > 256 {
		return ""
	}
	return ids.ID
}
