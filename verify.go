package daybook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
	"daybook/internal/packed"
)

// Problem is the kind of a Finding.
type Problem string

const (
	// ProblemDamaged: bytes that are no event.
	ProblemDamaged Problem = "damaged"
	// ProblemUnfinished: the last line has no newline. The next append completes it or puts it into quarantine.
	ProblemUnfinished Problem = "unfinished"
	// ProblemTwice: the day holds this event already, byte for byte or in another spelling of the same members.
	ProblemTwice Problem = "twice"
	// ProblemConflict: the day holds another event of this event_id already.
	ProblemConflict Problem = "conflict"
	// ProblemWrongDay: the event's timestamp belongs to another day.
	ProblemWrongDay Problem = "wrong_day"
	// ProblemCut: bytes that were durable are missing at the file's end.
	ProblemCut Problem = "cut"
	// ProblemReplaced: the file begins with other bytes than those that were durable. Lines may be missing.
	ProblemReplaced Problem = "replaced"
	// ProblemChanged: a file is not what it was when its day was sealed, or a snapshot not what its name says.
	ProblemChanged Problem = "changed"
	// ProblemMissing: a file that was there is not.
	ProblemMissing Problem = "missing"
	// ProblemUnreadable: the day, or the rest of it, cannot be read: see UnreadableError. Other days can.
	ProblemUnreadable Problem = "unreadable"
)

// Finding is something that is wrong in a day file or beside it.
type Finding struct {
	Problem Problem `json:"problem"`
	Day     Day     `json:"-"`
	File    string  `json:"file"`
	Line    int     `json:"line"`           // counted from 1; 0 if it is about the file as a whole
	Lines   int     `json:"lines,omitzero"` // how many lines it is about, from Line on; 0 is one
	Offset  int64   `json:"offset"`         // of the first byte in question
	Length  int64   `json:"length"`         // in bytes
	EventID string  `json:"event_id,omitempty"`
	Reason  string  `json:"reason"`
}

func (f Finding) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Reason
	}
	if f.Lines > 1 {
		return fmt.Sprintf("%s: lines %d to %d, offset %d, %d bytes: the first: %s",
			f.File, f.Line, f.Line+f.Lines-1, f.Offset, f.Length, f.Reason)
	}
	return fmt.Sprintf("%s: line %d, offset %d, %d bytes: %s", f.File, f.Line, f.Offset, f.Length, f.Reason)
}

// Verify reads every line of the days that q names and yields what is wrong: damaged lines, ids that stand twice, events in
// the wrong day, bytes cut off, files that are not what they were when the day was sealed. It changes nothing, takes no
// lock, and may run while others append, repair and seal. A day that cannot be read is a finding. The error is the file
// system's or the context's, and the last thing that is yielded.
func (b *Book) Verify(ctx context.Context, q Query) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		days, err := b.traces()
		if err != nil {
			yield(Finding{}, err)
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		var workers sync.WaitGroup
		defer workers.Wait()
		defer cancel(errStop)
		for day := range b.verifyDays(ctx, &workers, slices.DeleteFunc(days, func(d Day) bool { return !q.holds(d) })) {
			for f := range day.found {
				if !yield(f, nil) {
					return
				}
			}
			if day.err != nil {
				yield(Finding{}, day.err)
				return
			}
		}
		if err := context.Cause(ctx); err != nil { // the days may have ended early
			yield(Finding{}, err)
		}
	}
}

// verified is what is found in a day, as it is found. err is set when found is closed.
type verified struct {
	day   Day
	found chan Finding
	err   error
}

// verifyDays has the days verified by as many goroutines as there are processors, and returns them in their order. Nobody
// runs far ahead: a day with very many findings waits for who takes them. All end when ctx does.
func (b *Book) verifyDays(ctx context.Context, workers *sync.WaitGroup, days []Day) <-chan *verified {
	n := min(runtime.GOMAXPROCS(0), 16)
	order, work := make(chan *verified, n), make(chan *verified)
	workers.Go(func() {
		defer close(order)
		defer close(work)
		for _, day := range days {
			v := &verified{day: day, found: make(chan Finding, 64)}
			select {
			case order <- v:
				work <- v // who verifies takes it, also when ctx has ended
			case <-ctx.Done():
				return
			}
		}
	})
	for range n {
		workers.Go(func() {
			for v := range work {
				v.err = b.verifyDay(ctx, v.day, func(f Finding, _ []dayfile.Cut) error {
					select {
					case v.found <- f:
						return nil
					case <-ctx.Done():
						return context.Cause(ctx)
					}
				})
				close(v.found)
			}
		})
	}
	return order
}

var errStop = errors.New("stop")

// traces returns the days that have a day file, or whose directory says that they had one.
func (b *Book) traces() ([]Day, error) {
	days, err := b.Days()
	if err != nil {
		return nil, err
	}
	entries, err := b.fsys.ReadDir(b.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the days: %w", err)
	}
	for _, e := range entries {
		day, err := ParseDay(e.Name())
		if err != nil {
			continue
		}
		at, there := slices.BinarySearchFunc(days, day, Day.Compare)
		if !there && b.sealed(day) {
			days = slices.Insert(days, at, day)
		}
	}
	return days, nil
}

// verifyDay calls found with each thing that is wrong with a day, and with what Repair would take out for it.
func (b *Book) verifyDay(ctx context.Context, day Day, found func(Finding, []dayfile.Cut) error) error {
	c, err := b.openDay(day)
	switch {
	case err != nil:
	case c == nil:
		err = b.verifyMissing(ctx, day, found)
	default:
		defer c.Close() // nothing was written
		_, err = b.verifyContent(ctx, day, c, found)
	}
	return b.findUnreadable(ctx, day, err, found)
}

// findUnreadable calls found for a day whose reading has ended with err, and returns the errors that are not the day's own.
func (b *Book) findUnreadable(ctx context.Context, day Day, err error, found func(Finding, []dayfile.Cut) error) error {
	var no *UnreadableError
	if ctx.Err() != nil || !errors.As(b.unreadable(day, err), &no) {
		return err
	}
	reason := strings.TrimPrefix(no.Err.Error(), no.File+" ") // String names the file
	return found(Finding{Problem: ProblemUnreadable, Day: day, File: no.File, Reason: reason}, nil)
}

// verifyContent is verifyDay for an open day. It returns up to where it was read.
func (b *Book) verifyContent(
	ctx context.Context, day Day, c *content, found func(Finding, []dayfile.Cut) error,
) (int64, error) {
	x := newExaminer(b, day, c, found)
	size, err := x.tail(ctx)
	switch f, ok := c.plain.(durable.File); {
	case err != nil:
	case !ok:
		return size, b.verifyMissing(ctx, day, found)
	default:
		if !x.inPlain {
			x.line, err = c.linesBefore()
		}
		if err == nil {
			err = b.verifyLost(day, f, x.line, found)
		}
	}
	if err == nil {
		err = b.verifyBeside(ctx, day, found)
	}
	return size, err
}

// verifyMissing is verifyDay for a day without a day file.
func (b *Book) verifyMissing(ctx context.Context, day Day, found func(Finding, []dayfile.Cut) error) error {
	n := dayfile.Marked(b.fsys, b.dayDir(day))
	if _, err := b.fsys.Stat(b.dayPath(day)); n > 0 && errors.Is(err, fs.ErrNotExist) { // it may have come since
		err := found(Finding{
			Problem: ProblemMissing, Day: day, File: b.dayPath(day), Length: n,
			Reason: fmt.Sprintf("the file is missing; %d bytes of it were durable", n),
		}, nil)
		if err != nil {
			return err
		}
	}
	return b.verifyBeside(ctx, day, found)
}

// verifyLost finds durable bytes that are missing in f, the day's file, in which line lines were counted.
func (b *Book) verifyLost(day Day, f durable.File, line int, found func(Finding, []dayfile.Cut) error) error {
	d, lost, err := dayfile.Lost(b.fsys, b.dayDir(day), f)
	if err != nil || !lost {
		return err
	}
	p := ProblemCut
	if line++; d.Reason == dayfile.OtherReason {
		p, line = ProblemReplaced, 1
	}
	return found(Finding{p, day, b.dayPath(day), line, 0, d.Offset, d.Length, "", d.Reason}, nil)
}

// verifyBeside looks at the files beside the day file, and at the day file as far as the day is sealed.
func (b *Book) verifyBeside(ctx context.Context, day Day, found func(Finding, []dayfile.Cut) error) error {
	broken, err := dayfile.Broken(ctx, b.fsys, b.dayDir(day), b.unpack)
	if err != nil {
		return err
	}
	for _, w := range broken {
		p := ProblemChanged
		if w.Missing {
			p = ProblemMissing
		}
		f := Finding{Problem: p, Day: day, File: filepath.Join(b.dayDir(day), filepath.FromSlash(w.Name)), Length: w.Size, Reason: w.Reason}
		if err := found(f, nil); err != nil {
			return err
		}
	}
	return nil
}

// unpack is a dayfile.Unpack.
func (b *Book) unpack(f durable.File, size int64) (io.ReaderAt, int64, error) {
	r, err := packed.NewReader(&b.codec, f, size)
	if err != nil {
		return nil, 0, err
	}
	return r, r.Size(), nil
}

// sealed reports whether the day has a SHA256SUMS.
func (b *Book) sealed(day Day) bool {
	_, err := b.fsys.Stat(filepath.Join(b.dayDir(day), dayfile.SumsName))
	return err == nil
}
