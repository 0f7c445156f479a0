package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/source/jsonl"
)

func newImportLines(e env, g *globals) *cobra.Command {
	var opts jsonl.Options
	cmd := &cobra.Command{
		Use:   "jsonl FILE…",
		Short: "Import JSON Lines of other programs",
		Long: `Import files of JSON Lines, one object per line, that other programs have written: each line becomes an event of the
day of its time. "-" is standard input.

Unlike ` + "`daybook append`" + `, which is for what happens now, import makes up no time and no random id. The time is that of
the member timestamp, else @timestamp, time, ts or datetime, or of the one that --time names, as in --time meta.when:
RFC 3339, also with a space in the place of the T, or seconds (milli-, micro-, nanoseconds) since 1970. A line without
an event_id gets one made from its content. So nothing is stored twice when it is imported again.

Names and values stay as they are spelled. A timestamp or event_id beside the member that --time or --id names is kept
as original_timestamp or original_event_id.`,
		Example: `  daybook import jsonl old/*.jsonl
  daybook import jsonl --time when --id uuid export.jsonl
  zcat log.jsonl.gz | daybook import jsonl -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf(`name the files to import; "-" is standard input`)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			size, err := sizeOf(args)
			if err != nil {
				return err
			}
			return importInto(cmd.Context(), e, g, func(book *daybook.Book, in *intake) error {
				opts.Zone = book.Zone()
				in.all = size
				kept := map[string]int{}
				for _, name := range args {
					r := jsonl.NewReader(opts)
					err := in.lines(cmd.Context(), name, r)
					for member, n := range r.Kept() {
						kept[member] += n
					}
					if err != nil {
						return err
					}
				}
				in.tellKept(kept)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&opts.Time, "time", "", "the `MEMBER` that holds the time; a.b is one of a nested object")
	cmd.Flags().StringVar(&opts.ID, "id", "", "the `MEMBER` that holds the id, likewise")
	return cmd
}

// sizeOf returns how many bytes the files have together; 0 if one has no size.
func sizeOf(names []string) (size int64, err error) {
	known := true
	for _, name := range names {
		if name == "-" {
			known = false
			continue
		}
		info, err := os.Stat(name)
		if err == nil && info.IsDir() {
			err = fmt.Errorf("%s is a directory: name its files", name)
		}
		if err != nil {
			return 0, &failure{err: err, hint: "nothing was imported"}
		}
		known = known && info.Mode().IsRegular()
		size += info.Size()
	}
	if !known {
		return 0, nil
	}
	return size, nil
}

// intake counts what becomes of the events that are imported.
type intake struct {
	e    env
	json bool
	book *daybook.Book
	bar  *progress

	all, read                int64 // bytes
	stored, known, refused   int
	files, alone, unreadable int // sessions: documents, files of another shape, damaged documents
	days                     map[daybook.Day]bool
}

// longestComplaints is how many refusals are told of.
const longestComplaints = 20

// refuse says why something is not imported.
func (in *intake) refuse(format string, args ...any) {
	if in.refused++; in.refused <= longestComplaints {
		in.bar.clear()
		in.e.say("error", format, args...)
	}
}

// importInto opens the book without its views, has use fill it, and has the views catch up.
func importInto(ctx context.Context, e env, g *globals, use func(*daybook.Book, *intake) error) error {
	in := &intake{e: e, json: g.json, bar: newProgress(e, g.json), days: map[daybook.Day]bool{}}
	dir, err := bookDir(e, g)
	if err != nil {
		return err
	}
	err = withBook(openBook, e, g, daybook.Options{MaxLine: importLine}, func(book *daybook.Book) error {
		in.book = book
		return use(book, in)
	})
	in.bar.done()
	if in.book == nil {
		return err
	}
	if !errors.Is(err, context.Canceled) {
		err = errors.Join(err, catchUp(ctx, e, dir))
	}
	if err != nil {
		return in.stopped(err)
	}
	return in.finish()
}

// append stores events, and returns why some are refused, by their places. The error says why the book
// takes no more: the first event that failed.
func (in *intake) append(ctx context.Context, events []daybook.Event) (refused map[int]error, failed int, err error) {
	refused = map[int]error{}
	for i, v := range in.book.AppendAll(ctx, events) {
		var rule *daybook.RuleError
		switch {
		case v.Err == nil && v.Position.Duplicate:
			in.known++
		case v.Err == nil:
			in.stored++
			in.days[v.Position.Day] = true
		case errors.Is(v.Err, daybook.ErrConflict), errors.As(v.Err, &rule):
			refused[i] = v.Err
		case err == nil:
			failed, err = i, v.Err
		}
	}
	return refused, failed, err
}

// lines imports one input.
func (in *intake) lines(ctx context.Context, name string, r *jsonl.Reader) error {
	input := in.e.stdin
	file := name
	if name == "-" {
		file = ""
	} else {
		opened, err := openInput(ctx, name)
		if err != nil {
			return err
		}
		defer opened.Close() // nothing was written
		input = opened
	}
	reader := newLineReader(counter{waitReader{ctx, input}, &in.read}, in.book.MaxLine())
	for first := true; ; first = false {
		list, err := reader.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && first {
			err = notLines(list[0].text)
		}
		if err == nil {
			err = in.batch(ctx, file, list, r)
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			var other *otherInput
			if errors.As(err, &other) {
				return &failure{err: fmt.Errorf("%s: %w", orStdin(file), err), hint: other.hint(file, "import jsonl -")}
			}
			var stopped *stoppedAt
			if !errors.As(err, &stopped) {
				stopped = &stoppedAt{reader.upcoming(), err}
			}
			return fmt.Errorf("stopped before %s: %w", place(file, stopped.line), stopped.err)
		}
		in.bar.step(in.read, in.all)
	}
}

// batch imports lines that have been read together.
func (in *intake) batch(ctx context.Context, file string, list []line, r *jsonl.Reader) error {
	events := make([]daybook.Event, 0, len(list))
	var from []int
	for _, l := range list {
		if l.long {
			in.refuse("%s: the line has more than %d bytes", place(file, l.n), in.book.MaxLine())
			continue
		}
		var event daybook.Event
		err := await(ctx, func() (err error) { // a line of many megabytes takes its time
			event, err = r.Event(l.text)
			return err
		})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			in.refuse("%s: %v", place(file, l.n), err)
			continue
		}
		events, from = append(events, event), append(from, l.n)
	}
	refused, failed, err := in.append(ctx, events)
	for i := range events {
		if refused[i] != nil {
			in.refuse("%s: %v", place(file, from[i]), refused[i])
		}
	}
	if err != nil {
		return &stoppedAt{from[failed], err}
	}
	return nil
}

// stoppedAt is the error of the first line that could not be stored.
type stoppedAt struct {
	line int
	err  error
}

func (s *stoppedAt) Error() string { return s.err.Error() }
func (s *stoppedAt) Unwrap() error { return s.err }

// tellKept says under which names the events have members that make room for the book's own.
func (in *intake) tellKept(kept map[string]int) {
	in.bar.clear()
	for _, member := range slices.Sorted(maps.Keys(kept)) {
		own := strings.TrimRight(strings.TrimPrefix(member, "original_"), "_0123456789")
		in.e.say("note", "%s had a member %s of their own, which is kept as %s", count(kept[member], "line"), own, member)
	}
}

// counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n *int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	return n, err
}

// intakeSummary is what import jsonl and import sessions print with --json.
type intakeSummary struct {
	Book       string `json:"book"`
	Stored     int    `json:"stored"`
	Duplicates int    `json:"duplicates"`
	Refused    int    `json:"refused"`
	Days       int    `json:"days"`
	Documents  *int   `json:"documents,omitempty"`
	LeftAlone  *int   `json:"left_alone,omitempty"`
	Damaged    *int   `json:"damaged,omitempty"`
}

func (in *intake) counts() string {
	text := count(in.stored, "event") + " imported"
	if in.stored > 0 {
		text += " into " + count(len(in.days), "day")
	}
	for _, more := range counts([]counted{
		{in.known, "there already"}, {in.refused, "refused"}, {in.unreadable, "damaged"}, {in.alone, "left alone"},
	}) {
		text += ", " + more
	}
	return text
}

// stopped adds to the error of an import that ends early what has been done, and how to go on.
func (in *intake) stopped(err error) error {
	hint := in.counts() + "; import again: what is there is not stored twice"
	r := remedy(err)
	var f *failure
	if errors.As(err, &f) && f.hint != "" {
		r = f.hint
	}
	if r != "" {
		hint = r + "; " + hint
	}
	return &failure{err: err, hint: hint}
}

// finish says how it went.
func (in *intake) finish() error {
	if in.json {
		s := intakeSummary{
			Book: in.book.Dir(), Stored: in.stored, Duplicates: in.known, Refused: in.refused, Days: len(in.days),
		}
		if in.files+in.alone+in.unreadable > 0 {
			s.Documents, s.LeftAlone, s.Damaged = &in.files, &in.alone, &in.unreadable
		}
		if err := in.e.printJSON(s); err != nil {
			return err
		}
	}
	if more := in.refused - longestComplaints; more > 0 {
		in.e.say("error", "%d more were refused", more)
	}
	if in.refused+in.unreadable > 0 {
		return &failure{
			err:  errors.New(in.counts()),
			hint: "mend what is refused and import again: what is there is not stored twice",
		}
	}
	if !in.json {
		in.e.say("note", "%s", in.counts())
	}
	return nil
}
