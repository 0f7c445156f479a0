package session

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

// history is which days of a book have lines, ascending, and how many bytes of them, at one moment.
type history struct {
	days  []daybook.Day
	sizes []int64
	empty []daybook.Day // have no lines; their files are missing, or nothing was appended yet
}

// readHistory looks at all day files.
func readHistory(b *daybook.Book) (history, error) {
	var h history
	days, err := b.Days()
	if err != nil {
		return h, err
	}
	for _, day := range days {
		size, err := b.DaySize(day)
		if err != nil {
			return h, err
		}
		if size > 0 {
			h.days, h.sizes = append(h.days, day), append(h.sizes, size)
		} else {
			h.empty = append(h.empty, day)
		}
	}
	return h, nil
}

// history returns what readHistory does; while many documents are brought up to date in a row, what it was when that began:
// to look at all days for each of them would take long. What comes to an earlier day meanwhile has the later documents
// looked at again.
func (v *View) history() (history, error) {
	if v.inRow != nil {
		return *v.inRow, nil
	}
	return readHistory(v.book)
}

// find returns the index of the first day that is not before day, and whether it is day.
func (h history) find(day daybook.Day) (int, bool) {
	return slices.BinarySearchFunc(h.days, day, daybook.Day.Compare)
}

// before returns what the days before day hold.
func (h history) before(day daybook.Day) before {
	i, _ := h.find(day)
	p := before{days: int64(i)}
	for _, size := range h.sizes[:i] {
		p.bytes += size
	}
	return p
}

// size returns the bytes that day has.
func (h history) size(day daybook.Day) int64 {
	if i, ok := h.find(day); ok {
		return h.sizes[i]
	}
	return 0
}

// origin is what a day's document begins with.
type origin struct {
	before before
	colors learning.Colors        // of the boards when the day begins
	damage []*daybook.DamageError // of the days before that were read for them
}

// start returns the origin of the day. The nearest document, of the day itself or of one before it, whose own
// origin is still that of the book, spares reading what lies before it. near, if not nil, returns the colours at the
// end of a day, if it knows them for just this much of the book.
func (h history) start(ctx context.Context, b *daybook.Book, fsys durable.FS, day daybook.Day, palette learning.Palette,
	near func(daybook.Day, before, int64) (learning.Colors, bool),
) (origin, error) {
	o := origin{before: h.before(day)}
	sum := paletteSum(palette)
	if colors, ok := baseOf(fsys, documentPath(b, day), day, o.before, sum); ok {
		o.colors = colors
		return o, nil
	}
	end, _ := h.find(day)
	from := end
	for from > 0 && o.colors == nil {
		e := h.days[from-1]
		p := h.before(e)
		if near != nil {
			if colors, ok := near(e, p, h.sizes[from-1]); ok {
				o.colors = colors.Clone()
				break
			}
		}
		from--
		if colors, ok := baseOf(fsys, documentPath(b, e), e, p, sum); ok {
			o.colors = colors
		}
	}
	if o.colors == nil {
		o.colors = learning.Colors{}
	}
	harmed := func(d *daybook.DamageError) { o.damage = append(o.damage, d) }
	for _, e := range h.empty {
		if e.Compare(day) < 0 && (from == 0 || e.Compare(h.days[from-1]) > 0) {
			for range lines(ctx, b, e, 0, harmed) {
				break // somebody has just appended
			}
		}
	}
	for ; from < end; from++ {
		fold := o.colors.Fold(palette)
		for l, err := range lines(ctx, b, h.days[from], 0, harmed) {
			if err != nil {
				return o, err
			}
			if l.end > h.sizes[from] {
				break // came after h was read
			}
			fold.Add(learned(l.event))
		}
	}
	return o, nil
}

// baseOf returns the colours at the beginning of the day that a sound document holds, if it was made from p, and by a
// palette that looks for the codes in the same places as the one of the given sum.
func baseOf(fsys durable.FS, path string, day daybook.Day, p before, sum uint64) (learning.Colors, bool) {
	f, err := fsys.Open(path, false)
	if err != nil {
		return nil, false // missing, or not to be read: there are other ways
	}
	defer f.Close() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, false
	}
	frame, reason, err := readFrame(f, info.Size, day)
	if err != nil || reason != "" || frame.before != p || !sameSources(frame.palette, sum) {
		return nil, false
	}
	return parseHead(frame.head, day)
}

// isCurrent reports whether a document says of itself that it reaches to the book's end and has the figures of the
// palette of the given sum, and what it is like. It does not look at the events.
func isCurrent(fsys durable.FS, path string, day daybook.Day, h history, sum uint64) (info durable.Info, ok bool) {
	f, err := fsys.Open(path, false)
	if err != nil {
		return info, false // missing, or the update will meet the same error and tell it
	}
	defer f.Close() // nothing was written
	if info, err = f.Stat(); err != nil {
		return info, false
	}
	frame, reason, err := readFrame(f, info.Size, day)
	return info, err == nil && reason == "" && frame.before == h.before(day) && frame.book == h.size(day) && frame.palette == sum
}

func sessionID(day daybook.Day) string { return "session_" + day.String() }

// Path returns the path of a day's document, whether or not there is one.
func Path(b *daybook.Book, day daybook.Day) string { return documentPath(b, day) }

func documentPath(b *daybook.Book, day daybook.Day) string {
	return filepath.Join(b.Dir(), sessionID(day)+".json")
}

// Documents returns the days that have a document, in their order.
func Documents(b *daybook.Book) ([]daybook.Day, error) {
	entries, err := b.FS().ReadDir(b.Dir())
	return documentsIn(entries, daybook.Day{}), err
}

// documentsAfter returns the days after day that have a document, ascending; all if day is the zero Day. It takes note
// of kept documents on the way.
func (v *View) documentsAfter(day daybook.Day) ([]daybook.Day, error) {
	entries, err := v.fsys.ReadDir(v.book.Dir())
	if err != nil {
		return nil, err
	}
	v.findKept(entries)
	return documentsIn(entries, day), nil
}

// documentsIn returns the days after day that have a document in a listing.
func documentsIn(entries []fs.DirEntry, day daybook.Day) (days []daybook.Day) {
	for _, e := range entries {
		name, document := strings.CutSuffix(e.Name(), ".json")
		name, session := strings.CutPrefix(name, "session_")
		if d, err := daybook.ParseDay(name); document && session && err == nil && d.Compare(day) > 0 {
			days = append(days, d)
		}
	}
	return days
}

// union returns the days of both lists, ascending, each once.
func union(a, b []daybook.Day) []daybook.Day {
	all := slices.Concat(a, b)
	slices.SortFunc(all, daybook.Day.Compare)
	return slices.Compact(all)
}
