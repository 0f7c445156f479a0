package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"

	"daybook"
	"daybook/view/ledger"
	"daybook/view/session"
)

// Retirement retires days of a book: it posts them to the ledger, compares them with it, removes their session
// documents, and has the book compress, keep or delete their files. It goes on where an earlier one was interrupted.
type Retirement struct {
	Book      *daybook.Book
	Ledger    *ledger.View  // of this book, open
	Documents *session.View // the same; nil if the book has none
	Keep      daybook.Keep  // what becomes of the files
	DryRun    bool          // change nothing
	// Progress, if not nil, is called before each day, with bytes of files.
	Progress func(done, all int64)

	latest daybook.Day // that has a document, which stays
}

// RetiredDay is what a Retirement has done with a day, or would do.
type RetiredDay struct {
	Day           daybook.Day
	Status        daybook.RetireStatus // RetireRefused if the day was left as it is
	Events        int                  // that the ledger has of it; 0 in a dry run
	Before, After int64                // bytes of the files that its events are in; a dry run knows no After
	Document      bool                 // its session document is gone, or would be
	Findings      []daybook.Finding    // what is wrong with it
	Err           error                // why it was left, or what is still to be done; nil if all is well
}

// ErrFindings is the error of a day with findings.
var ErrFindings = errors.New("something is wrong with it")

// state is what there is of a day: bytes of its files, -1 of one that is missing; latest says that the document stays.
type state struct {
	plain, packed, document int64
	latest                  bool
}

// goes reports whether there is a document that is to be removed.
func (s state) goes() bool { return s.document >= 0 && !s.latest }

func (r *Retirement) state(day daybook.Day) (s state, err error) {
	dir := filepath.Join(r.Book.Dir(), day.String())
	for _, f := range []struct {
		name string
		size *int64
	}{
		{filepath.Join(dir, "events.json"), &s.plain},
		{filepath.Join(dir, "events.json.zst"), &s.packed},
		{session.Path(r.Book, day), &s.document},
	} {
		info, ferr := r.Book.FS().Stat(f.name)
		if *f.size = info.Size; errors.Is(ferr, fs.ErrNotExist) {
			*f.size, ferr = -1, nil
		}
		err = errors.Join(err, ferr)
	}
	if s.latest = day == r.latest; r.Documents == nil {
		s.document = -1
	}
	return s, err
}

// size is what counts for Retention.MaxBytes, and gain what of that retiring the day frees.
func (r *Retirement) size(s state) (size, gain int64) {
	size = max(s.plain, 0) + max(s.document, 0)
	if s.goes() {
		gain = s.document
	}
	if r.Keep != daybook.KeepPlain {
		gain += max(s.plain, 0)
	}
	return size, gain
}

// rests reports whether there is nothing to do with a day.
func (r *Retirement) rests(s state) bool {
	return !s.goes() && (r.Keep == daybook.KeepPlain || s.plain < 0 && (r.Keep == daybook.KeepPacked || s.packed < 0))
}

// Due returns the days that are to be retired today, oldest first: those past the days that stay and, where plain files and
// documents come to more than MaxBytes then, as many more of the past days as bring them below that.
func (r *Retirement) Due(policy daybook.Retention) ([]daybook.Day, error) {
	days, err := r.All()
	if err != nil {
		return nil, err
	}
	left := int64(0)
	states := make(map[daybook.Day]state, len(days))
	for _, day := range days {
		if states[day], err = r.state(day); err != nil {
			return nil, err
		}
		size, _ := r.size(states[day])
		left += size
	}
	today := r.Book.DayOf(r.Book.Now())
	last := today.Add(-policy.AfterDays)
	var due []daybook.Day
	for _, day := range days {
		over := policy.MaxBytes > 0 && left > policy.MaxBytes
		if r.rests(states[day]) || day.Compare(today) >= 0 || day.Compare(last) > 0 && !over {
			continue
		}
		_, gain := r.size(states[day])
		left -= gain
		due = append(due, day)
	}
	return due, nil
}

// Rests reports whether there is nothing to do with a day.
func (r *Retirement) Rests(day daybook.Day) (bool, error) {
	s, err := r.state(day)
	return err == nil && r.rests(s), err
}

// All returns the days of the book, and those of which there is a document only. The latest document stays, so its day
// is not among the latter.
func (r *Retirement) All() ([]daybook.Day, error) {
	days, err := r.Book.Days()
	if err != nil || r.Documents == nil {
		return days, err
	}
	documents, err := session.Documents(r.Book)
	if n := len(documents); n > 0 {
		days, r.latest = append(days, documents[:n-1]...), documents[n-1]
	}
	slices.SortFunc(days, daybook.Day.Compare)
	return slices.Compact(days), err
}

// Run retires days, in the order that they have (the last one first where documents are kept and files deleted: a document
// begins with what the days before it come to), and yields what became of each. One that is not in order, does not
// compare equal or whose document is in use is left as it is, and the others go on. An error ends it: an
// *ledger.Error, the disk's that is full, or ctx's. The days before are retired then.
func (r *Retirement) Run(ctx context.Context, days []daybook.Day) iter.Seq2[RetiredDay, error] {
	return func(yield func(RetiredDay, error) bool) {
		err := r.run(ctx, days, func(d RetiredDay) bool { return yield(d, nil) })
		if err != nil && !errors.Is(err, errStop) {
			yield(RetiredDay{}, err)
		}
	}
}

// errStop says that nobody wants more.
var errStop = errors.New("stop")

func (r *Retirement) run(ctx context.Context, days []daybook.Day, found func(RetiredDay) bool) error {
	if len(days) == 0 {
		return nil
	}
	if !r.DryRun {
		if err := ends(r.catchUp(ctx)); err != nil {
			return err
		}
	}
	if r.Documents != nil && r.Keep == daybook.KeepNothing {
		days = slices.Clone(days)
		slices.Reverse(days)
	}
	all, done := int64(0), int64(0)
	states := make([]state, len(days))
	for i, day := range days {
		var err error
		if states[i], err = r.state(day); err != nil {
			return err
		}
		all += max(states[i].plain, 0) + max(states[i].packed, 0)
	}
	for i, day := range days {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if r.Progress != nil {
			r.Progress(done, all)
		}
		done += max(states[i].plain, 0) + max(states[i].packed, 0)
		d := r.wouldBe(day, states[i])
		if !r.DryRun {
			d = r.day(ctx, day)
		}
		if err := ends(d.Err); err != nil {
			return fmt.Errorf("retire %s: %w", day, err)
		}
		if !found(d) {
			return errStop
		}
	}
	if r.Documents == nil || r.DryRun {
		return nil
	}
	if err := ends(r.catchUp(ctx)); err != nil { // so that it knows what is posted
		return err
	}
	return session.Synced(ctx, r.Book, r.Book.Now(), r.Ledger.Posted)
}

// ends returns err if it concerns all days.
func ends(err error) error {
	var unusable *ledger.Error
	if errors.As(err, &unusable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || daybook.IsFull(err) ||
		errors.Is(err, daybook.ErrClosed) {
		return err
	}
	return nil
}

// wouldBe tells what retiring a day would do.
func (r *Retirement) wouldBe(day daybook.Day, s state) RetiredDay {
	d := RetiredDay{Day: day, Status: daybook.RetireUnchanged, Before: max(s.plain, 0) + max(s.packed, 0), Document: s.goes()}
	switch {
	case r.Keep == daybook.KeepPlain && s.plain >= 0:
		d.Status = daybook.RetireKept
	case r.Keep == daybook.KeepPacked && s.plain >= 0:
		d.Status = daybook.RetirePacked
	case r.Keep == daybook.KeepNothing && d.Before > 0:
		d.Status = daybook.RetireDeleted
	}
	return d
}

func (r *Retirement) catchUp(ctx context.Context) error {
	_, err := r.Ledger.CatchUp(ctx)
	return err
}

// day retires a day. What comes to it meanwhile has it begin again.
func (r *Retirement) day(ctx context.Context, day daybook.Day) RetiredDay {
	d := RetiredDay{Day: day}
	for try := 0; ; try++ {
		err := r.once(ctx, &d)
		var differs ledger.Difference
		again := errors.Is(err, session.ErrChanged) || errors.As(err, &differs) && differs.Behind
		if !again || try == 3 {
			d.Err = err
			return d
		}
	}
}

// once is one attempt at a day. The document goes after the comparison and before the file: its events would be
// adopted again by a book that has no others of the day.
func (r *Retirement) once(ctx context.Context, d *RetiredDay) error {
	d.Status, d.Findings = daybook.RetireRefused, nil
	if r.Documents != nil {
		if err := r.Documents.TakeIn(ctx, d.Day); err != nil {
			return err
		}
	}
	if !r.Ledger.Posted(d.Day) {
		if err := r.catchUp(ctx); err != nil {
			return err
		}
	}
	proven := func(ctx context.Context, x daybook.Extent) (err error) {
		if d.Events, err = r.Ledger.Prove(ctx, d.Day, x, r.Keep == daybook.KeepNothing); err != nil {
			return err
		}
		return r.removeDocument(ctx, d)
	}
	done, err := r.Book.Retire(ctx, d.Day, r.Keep, proven)
	d.Status, d.Before, d.After, d.Findings = done.Status, done.Before, done.After, done.Findings
	switch {
	case err != nil:
		return err
	case d.Status == daybook.RetireRefused:
		return ErrFindings
	}
	return r.removeDocument(ctx, d) // of a day that was retired before
}

func (r *Retirement) removeDocument(ctx context.Context, d *RetiredDay) error {
	if r.Documents == nil {
		return nil
	}
	gone, err := r.Documents.Remove(ctx, d.Day)
	d.Document = d.Document || gone
	return err
}
