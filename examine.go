package daybook

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"daybook/internal/dayfile"
	"daybook/internal/jsonline"
)

// examiner finds what is wrong with the lines of a day file, whole and unfinished ones.
type examiner struct {
	b     *Book
	day   Day
	c     *content
	found func(Finding, []dayfile.Cut) error // is told of each finding and of what of it Repair takes out

	parser jsonline.Parser

	err  error // of the file system, met in comparing
	line int   // in the file in which the last line stands that was read
	// inPlain says that this is the day file.
	inPlain bool
	ids     map[string]span   // of the first event of each event_id
	more    map[string][]span // of the others that have it, and other content
}

// span is where an event stands, its newline left out.
type span struct {
	offset  int64
	length  int
	damaged bool // within a damaged line
}

func (s span) where() string {
	if s.damaged {
		return ", within a damaged line"
	}
	return ""
}

func newExaminer(b *Book, day Day, c *content, found func(Finding, []dayfile.Cut) error) *examiner {
	return &examiner{
		b: b, day: day, c: c, found: found,
		ids: make(map[string]span), more: make(map[string][]span),
	}
}

// tail examines what there was when the day was opened, and beyond if that ended in the middle of a line that somebody has
// since finished, cut off or written again. It returns up to where.
func (x *examiner) tail(ctx context.Context) (int64, error) {
	for from, size := int64(0), x.c.size; ; {
		last, err := x.scan(ctx, from, size)
		if err != nil || last.Length == 0 {
			return size, err
		}
		now, err := x.c.now()
		if err != nil {
			return size, err
		}
		if now == size {
			return size, x.unfinished(last)
		}
		from, size = last.Offset, now
	}
}

// scan examines the lines between two offsets and returns the unfinished last one, if any.
func (x *examiner) scan(ctx context.Context, from, to int64) (last dayfile.Line, err error) {
	err = dayfile.Scan(x.c, from, to, func(l dayfile.Line) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if !x.inPlain && x.c.inPlain(l.Offset) {
			x.inPlain = true
			if x.line, err = x.c.linesBefore(); err != nil {
				return err
			}
		}
		if !l.Whole {
			last = l
			last.Text = bytes.Clone(l.Text)
			return nil
		}
		x.line++
		err := cmp.Or(x.check(l), x.err)
		x.line += l.Lines - 1
		return err
	})
	return last, err
}

func (x *examiner) report(p Problem, off, n int64, lines int, id, reason string, cuts ...dayfile.Cut) error {
	if lines == 1 {
		lines = 0
	}
	if !x.c.inPlain(off) {
		file, off, n, reason := x.c.place(off, n, reason)
		return x.found(Finding{p, x.day, file, x.line, lines, off, n, id, reason}, nil)
	}
	for i := range cuts {
		cuts[i].Offset -= x.c.base
	}
	return x.found(Finding{p, x.day, x.c.path, x.line, lines, off - x.c.base, n, id, reason}, cuts)
}

func (x *examiner) unfinished(l dayfile.Line) error {
	x.line++
	reason := "unfinished last line; the next append puts it into quarantine"
	cuts := []dayfile.Cut{{Offset: l.Offset, Length: l.Length, Reason: reason}}
	if l.Text != nil && jsonline.Check(l.Text) == nil {
		reason, cuts = "the last line lacks its newline; the next append completes it", nil
		if _, err := x.b.entry(&x.parser, x.c, x.day, l); err != nil {
			reason += ", but it is no event: " + err.Error()
		}
	}
	return x.report(ProblemUnfinished, l.Offset, l.Length, 1, "", reason, cuts...)
}

// check examines a whole line.
func (x *examiner) check(l dayfile.Line) error {
	entry, err := x.b.entry(&x.parser, x.c, x.day, l)
	if err == nil {
		return x.event(entry.Event, span{offset: l.Offset, length: len(l.Text)})
	}
	var damage *DamageError
	if !errors.As(err, &damage) {
		return err
	}
	freed := x.salvage(l)
	err = x.report(ProblemDamaged, l.Offset, l.Length, l.Lines, "", damage.Reason, without(l, freed, damage.Reason)...)
	for _, f := range freed {
		if err == nil && !f.held {
			err = x.kept(f.event, f.span, f.rival)
		}
	}
	return err
}

// event examines an event that has a line of its own.
func (x *examiner) event(e Event, at span) error {
	twin, rival := x.meet(e, at)
	if twin == nil {
		return x.kept(e, at, rival)
	}
	reason := fmt.Sprintf("the event %q stands at %s already%s", e.ID(), x.c.where(twin.offset), twin.where())
	cut := dayfile.Cut{Offset: at.offset, Length: int64(at.length) + 1, Reason: reason}
	return x.report(ProblemTwice, cut.Offset, cut.Length, 1, e.ID(), reason, cut)
}

// kept reports what is wrong with an event that Repair leaves in the day, or puts on a line of its own there.
func (x *examiner) kept(e Event, at span, rival *span) error {
	length := int64(at.length) + 1
	if !slices.Contains(x.b.possibleDays(e.Time()), x.day) {
		day := x.b.DayOf(e.Time())
		reason := fmt.Sprintf("the event belongs to %s by its timestamp (zone %s)", day, x.b.zone)
		if err := x.report(ProblemWrongDay, at.offset, length, 1, e.ID(), reason); err != nil {
			return err
		}
	}
	if rival == nil {
		return nil
	}
	return x.report(ProblemConflict, at.offset, length, 1, e.ID(),
		fmt.Sprintf("another event with the event_id %q stands at %s%s", e.ID(), x.c.where(rival.offset), rival.where()))
}

// meet returns where the same event stands already; if nowhere, it notes the event, and returns another event of its
// event_id.
func (x *examiner) meet(e Event, at span) (twin, rival *span) {
	id := e.ID()
	first, known := x.ids[id]
	if !known {
		x.ids[id] = at
		return nil, nil
	}
	for _, other := range append([]span{first}, x.more[id]...) {
		if x.same(e, other) {
			return &other, nil
		}
	}
	x.more[id] = append(x.more[id], at)
	return nil, &first
}

// same reports whether the event that stands somewhere is e, byte for byte or spelled with white space or other members
// first, as Append judges it.
func (x *examiner) same(e Event, other span) bool {
	text := make([]byte, other.length)
	if n, err := x.c.ReadAt(text, other.offset); n < len(text) {
		if err != io.EOF {
			x.err = fmt.Errorf("read %s at %s: %w", x.c.path, x.c.where(other.offset), err)
		}
		return false
	}
	stored, err := x.b.stored(&x.parser, text)
	return err == nil && bytes.Equal(stored.line, e.line)
}

// freed is an event in a damaged line.
type freed struct {
	span
	event Event
	held  bool  // the day holds it already
	rival *span // another event of its event_id
}

// salvage returns the whole events in a damaged line that lack nothing but their form: a newline between them, or freedom
// from NULs or a byte order mark around them. They are looked for at the line's beginning and behind each run of NULs, as
// long as one follows on the other: inside of JSON there is no NUL, so what is found there is no part of another event.
// Behind other bytes nothing is looked for, since an object there may be a piece of a torn event.
func (x *examiner) salvage(l dayfile.Line) (list []freed) {
	for at := 0; at < len(l.Text); {
		rest := l.Text[at:]
		switch {
		case rest[0] == 0 || rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			at++
			continue
		case bytes.HasPrefix(rest, []byte("\ufeff")):
			at += len("\ufeff")
			continue
		}
		if n := jsonline.ObjectLen(rest); n > 0 {
			if e, err := x.b.stored(&x.parser, rest[:n]); err == nil {
				f := freed{span: span{l.Offset + int64(at), n, true}, event: e}
				var twin *span
				twin, f.rival = x.meet(e, f.span)
				f.held = twin != nil
				list = append(list, f)
				at += n
				continue
			}
		}
		n := bytes.IndexByte(rest, 0)
		if n < 0 {
			break
		}
		at += n
	}
	return list
}

// without returns the cuts that leave of a damaged line the freed events, each on a line of its own.
func without(l dayfile.Line, list []freed, reason string) []dayfile.Cut {
	var cuts []dayfile.Cut
	from, kept := l.Offset, false
	for _, f := range list {
		if f.held {
			continue
		}
		if kept || f.offset > from {
			cuts = append(cuts, dayfile.Cut{Offset: from, Length: f.offset - from, Reason: reason, Break: kept})
		}
		from, kept = f.offset+int64(f.length), true
	}
	end := l.Offset + l.Length
	if kept {
		end-- // its newline
	}
	if from < end {
		cuts = append(cuts, dayfile.Cut{Offset: from, Length: end - from, Reason: reason})
	}
	return cuts
}
