package daybook

import (
	"context"
	"errors"
	"io"
	"iter"

	"daybook/internal/dayfile"
)

// Action is what Repair does about a Finding.
type Action string

const (
	// ActionQuarantine: the bytes are put into quarantine.
	ActionQuarantine Action = "quarantined"
	// ActionFree: the whole events in a damaged line get lines of their own; what else it has is put into quarantine.
	ActionFree Action = "freed"
	// ActionComplete: the last line, a whole object, gets its newline.
	ActionComplete Action = "completed"
	// ActionLeave: nothing: a program cannot know what is right.
	ActionLeave Action = "left"
)

// Repaired is a Finding and what Repair has done about it, or would do.
type Repaired struct {
	Finding
	Action Action   `json:"action"`
	Kept   []string `json:"kept,omitempty"` // the files in quarantine that have the bytes; adjoining pieces share one
}

func (r Repaired) String() string {
	text := r.Finding.String()
	switch r.Action {
	case ActionQuarantine:
		text += ": to quarantine"
	case ActionFree:
		text += ": its events get lines of their own, the rest goes to quarantine"
	case ActionComplete:
		text += ": gets its newline"
	case ActionLeave:
		text += ": stays as it is"
	}
	return text
}

// RepairPlan is Verify, and says of each Finding what Repair would do about it.
func (b *Book) RepairPlan(ctx context.Context, q Query) iter.Seq2[Repaired, error] {
	return b.eachFinding(ctx, q, b.plan)
}

// Repair mends the day files that q names, as far as that is certain (promise 11): damaged bytes and the second of two
// identical events are put into quarantine, whole events that lack only their form get lines of their own, an unfinished
// last line is completed or put into quarantine. Everything else is left as it is. It yields each finding, when its day is
// done. No byte is discarded. Others may read and append meanwhile: the book's lock is held only for a moment, in which the
// new file takes the old one's place. Without damage nothing is locked and nothing changes. The views of a repaired day
// are brought up to date.
//
// The error is ErrLocked, ErrClosed, the context's cause or the file system's, and the last thing that is yielded; the days
// before are done, and the day in question is as it was or repaired. Done again it goes on.
func (b *Book) Repair(ctx context.Context, q Query) iter.Seq2[Repaired, error] {
	return b.eachFinding(ctx, q, func(ctx context.Context, day Day) ([]Repaired, error) {
		list, err := b.plan(ctx, day)
		for _, r := range list {
			if err == nil && r.Action != ActionLeave {
				return b.repairDay(ctx, day, list)
			}
		}
		return list, err
	})
}

func (b *Book) eachFinding(
	ctx context.Context, q Query, do func(context.Context, Day) ([]Repaired, error),
) iter.Seq2[Repaired, error] {
	return func(yield func(Repaired, error) bool) {
		days, err := b.traces()
		for _, day := range days {
			if !q.holds(day) {
				continue
			}
			var list []Repaired
			list, err = do(ctx, day)
			for _, r := range list {
				if !yield(r, nil) {
					return
				}
			}
			if err != nil {
				break
			}
		}
		if err != nil {
			yield(Repaired{}, err)
		}
	}
}

// plan returns what is wrong with a day and what is to be done about it.
func (b *Book) plan(ctx context.Context, day Day) (list []Repaired, err error) {
	err = b.verifyDay(ctx, day, func(f Finding, cuts []dayfile.Cut) error {
		list = append(list, Repaired{Finding: f, Action: b.actionFor(f, cuts)})
		return nil
	})
	return list, err
}

func (b *Book) actionFor(f Finding, cuts []dayfile.Cut) Action {
	if f.File != b.dayPath(f.Day) {
		return ActionLeave // nothing is taken out of a packed file
	}
	switch f.Problem {
	case ProblemDamaged, ProblemTwice:
		for _, c := range cuts {
			if c.Offset <= f.Offset && c.Offset+c.Length >= f.Offset+f.Length {
				return ActionQuarantine
			}
		}
		return ActionFree
	case ProblemUnfinished:
		if len(cuts) == 0 {
			return ActionComplete
		}
		return ActionQuarantine
	}
	return ActionLeave
}

// repairDay mends a day; planned is what is wrong with it.
func (b *Book) repairDay(ctx context.Context, day Day, planned []Repaired) ([]Repaired, error) {
	r := repairer{b: b, day: day}
	defer r.close()
	file := dayfile.New(b.fsys, b.dayDir(day), b.dir, b.settings.Write == WriteReplace, &r)
	cuts, err := file.Repair(ctx, func(f io.ReaderAt, from, to int64) ([]dayfile.Cut, error) {
		return r.find(ctx, f, from, to)
	}, func() (func(), error) { return b.writer.exclude(ctx) })
	if err != nil {
		return nil, err
	}
	for i := range r.done {
		r.done[i].keep(cuts)
	}
	list := r.done
	for _, p := range planned {
		switch p.Problem { // what is wrong with whole lines has been found anew
		case ProblemUnfinished:
			list = append(list, r.tail(p))
		case ProblemCut, ProblemReplaced, ProblemChanged, ProblemMissing:
			list = append(list, p)
		}
	}
	if r.cut != nil { // it was cut short since
		list = append(list, r.tail(Repaired{Finding: Finding{
			Problem: ProblemUnfinished, Day: day, File: b.dayPath(day), Line: r.x.line + 1, Reason: r.cut.Reason,
		}}))
	}
	if err := b.Post(context.Background(), day); err != nil && !errors.Is(err, ErrClosed) {
		b.opts.Logger.Warn("view is behind", "day", day.String(), "error", err)
	}
	return list, nil
}

// repairer is what happens to one day. As its file's observer it learns what becomes of the last line.
type repairer struct {
	b    *Book
	day  Day
	x    *examiner
	c    *content // of the examiner
	done []Repaired
	cuts []dayfile.Cut
	cut  *dayfile.Damage // the unfinished last line, in quarantine
}

func (r *repairer) Reset()            {}
func (r *repairer) Line(dayfile.Line) {}

func (r *repairer) Damage(d dayfile.Damage) {
	if d.Kept != "" {
		r.cut = &d
	}
}

// find is the day's dayfile.Finder.
func (r *repairer) find(ctx context.Context, f io.ReaderAt, from, to int64) ([]dayfile.Cut, error) {
	if from == 0 {
		if err := r.begin(ctx, f, to); err != nil {
			return nil, err
		}
	}
	r.c.plain, r.cuts = f, nil
	_, err := r.x.scan(ctx, r.c.base+max(from, r.c.skip), r.c.base+to)
	return r.cuts, err
}

// begin begins to examine a day file, of which there are size bytes. Of what is packed it takes note of the ids.
func (r *repairer) begin(ctx context.Context, f io.ReaderAt, size int64) error {
	r.close()
	c, err := r.b.openBehind(r.day, f, size)
	if err != nil {
		return err
	}
	r.c, r.done = c, nil
	r.x = newExaminer(r.b, r.day, c, r.found)
	_, err = r.x.scan(ctx, 0, c.packedSize())
	r.done = nil // found before, and left
	return err
}

func (r *repairer) close() {
	if r.c != nil {
		r.c.Close() // nothing was written
	}
	r.c = nil
}

func (r *repairer) found(f Finding, cuts []dayfile.Cut) error {
	r.done = append(r.done, Repaired{Finding: f, Action: r.b.actionFor(f, cuts)})
	for _, c := range cuts {
		// Adjoining pieces become one.
		if n := len(r.cuts) - 1; n >= 0 && !c.Break && !r.cuts[n].Break && r.cuts[n].Offset+r.cuts[n].Length == c.Offset {
			r.cuts[n].Length += c.Length
			continue
		}
		r.cuts = append(r.cuts, c)
	}
	return nil
}

// tail says what has become of a last line that was unfinished.
func (r *repairer) tail(p Repaired) Repaired {
	p.Action = ActionComplete // by us, or by who has written it
	if r.cut != nil {
		p.Action, p.Offset, p.Length, p.Kept = ActionQuarantine, r.cut.Offset, r.cut.Length, []string{r.cut.Kept}
		r.cut = nil
	}
	return p
}

// keep notes where the bytes of a finding are.
func (r *Repaired) keep(cuts []dayfile.Cut) {
	if r.Action == ActionLeave {
		return
	}
	for _, c := range cuts {
		if c.Kept != "" && c.Offset < r.Offset+r.Length && r.Offset < c.Offset+c.Length {
			r.Kept = append(r.Kept, c.Kept)
		}
	}
}

// exclude takes the book's lock. Until release is called, nobody writes to the book.
func (w *writer) exclude(ctx context.Context) (release func(), err error) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil, ErrClosed
	}
	if err := w.lock.Acquire(ctx, w.b.opts.LockTimeout); err != nil {
		w.mu.Unlock()
		return nil, err
	}
	return func() {
		w.b.warnIf(w.lock.Release(), "give back the book's lock")
		w.mu.Unlock()
	}, nil
}
