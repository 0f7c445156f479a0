package session

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

// Problem is the kind of a Finding.
type Problem string

const (
	// Behind: the document is made of less of the book, or by another palette. The next use makes up for it.
	Behind Problem = "behind"
	// Changed: another program has written it. What the book lacks the next use takes in.
	Changed Problem = "foreign"
	// Wrong: it says that it is at the book's end, and is not what is computed from the book.
	Wrong Problem = "wrong"
)

// Finding is how a document differs from the one that is computed from the book.
type Finding struct {
	Problem Problem
	Day     daybook.Day
	File    string
	Reason  string // for people
}

// Compare compares the documents of the days that q names with the book, by the palette p (zero: the profile "story"), byte
// for byte, and yields how they differ, in the order of the days; a day without a document is none. It changes nothing, takes no lock, and may run while others
// append. Days are read ahead, in parallel, as by Search. Where q begins with the first day, nothing that a document says is
// trusted; else the colours with which the first day begins are. The error is the last thing it yields.
func Compare(ctx context.Context, b *daybook.Book, q daybook.Query, p learning.Palette) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		k := &comparer{b: b, p: orStory(p), found: func(f Finding) bool { return yield(f, nil) }}
		if err := k.run(ctx, q); err != nil && !errors.Is(err, errStop) {
			yield(Finding{}, err)
		}
	}
}

var errStop = errors.New("nobody wants to know more")

type comparer struct {
	b     *daybook.Book
	p     learning.Palette
	found func(Finding) bool
	h     history
}

// posted is a line of a day as it should be in its document.
type posted struct {
	extract
	day  daybook.Day
	end  int64  // of the line, in the day's file
	text []byte // nil if the day has no document
}

func (k *comparer) run(ctx context.Context, q daybook.Query) (err error) {
	if k.h, err = readHistory(k.b); err != nil {
		return err
	}
	entries, err := k.b.FS().ReadDir(k.b.Dir())
	if err != nil {
		return err
	}
	documents := documentsIn(entries, daybook.Day{})
	days := slices.DeleteFunc(union(k.h.days, documents), func(d daybook.Day) bool {
		return !q.From.IsZero() && d.Compare(q.From) < 0 || !q.To.IsZero() && d.Compare(q.To) > 0
	})
	if len(days) == 0 {
		return nil
	}
	base := learning.Colors{}
	if i, _ := k.h.find(days[0]); i > 0 {
		o, err := k.h.start(ctx, k.b, k.b.FS(), days[0], k.p, nil)
		if err != nil {
			return err
		}
		base = o.colors
	}
	next, stop := iter.Pull2(daybook.Extract(ctx, k.b, daybook.Query{From: days[0], To: days[len(days)-1]}, k.reader(documents)))
	defer stop()
	line, err, more := next()
	for _, day := range days {
		c, oerr := k.begin(day, base)
		if oerr != nil {
			return oerr
		}
		for ; more && (asDamage(err) != nil || err == nil && line.day.Compare(day) <= 0); line, err, more = next() {
			if err == nil && line.day == day {
				c.add(line)
			}
		}
		c.close()
		if more && err != nil {
			return err
		}
		if err := k.judge(ctx, c, base); err != nil {
			return err
		}
		base = c.tally.Colors().Clone()
	}
	return context.Cause(ctx)
}

// reader returns what reads the lines, by several goroutines at once.
func (k *comparer) reader(documents []daybook.Day) func(daybook.Entry) posted {
	kept, read := make(map[daybook.Day]bool), extractBy(k.p)
	for _, day := range documents {
		kept[day] = true
	}
	return func(e daybook.Entry) posted {
		at := e.Position
		l := posted{extract: read(e), day: at.Day, end: at.Offset + int64(at.Length)}
		if kept[at.Day] {
			l.text = bytes.Clone(e.Event.Line())
		}
		return l
	}
}

// comparison is that of one document.
type comparison struct {
	k      *comparer
	day    daybook.Day
	file   durable.File // nil if there is no document, or if it differs already
	lacks  bool         // there is no document
	wrong  error        // why it cannot be read
	same   bool         // so far
	frame  frame
	events *bufio.Reader
	left   int64
	tally  *learning.Tally
	end    int64  // of the last line
	sum    uint32 // of the events so far
	buf    []byte
}

func (k *comparer) begin(day daybook.Day, base learning.Colors) (*comparison, error) {
	c := &comparison{k: k, day: day, tally: learning.NewTally(base, k.p)}
	f, err := k.b.FS().Open(documentPath(k.b, day), false)
	if errors.Is(err, fs.ErrNotExist) {
		c.lacks = true
		return c, nil
	}
	if err != nil {
		c.wrong = err
		return c, nil
	}
	c.file = f
	info, err := f.Stat()
	if err == nil {
		var reason string
		c.frame, reason, err = readFrame(f, info.Size, day)
		c.same = err == nil && reason == "" && bytes.Equal(c.frame.head, appendHead(nil, day, base))
	}
	if c.wrong = err; c.same {
		c.left = c.frame.place.tail - c.frame.place.head
		c.events = bufio.NewReaderSize(io.NewSectionReader(f, c.frame.place.head, c.left), 64<<10)
	}
	return c, nil
}

// add takes in a line of the day.
func (c *comparison) add(l posted) {
	if !l.whole || l.end > c.k.h.size(c.day) { // it came after the history was read
		return
	}
	if c.same {
		want := appendLine(c.buf[:0], c.end == 0, l.text)
		got := slices.Grow(want, len(want))[len(want) : 2*len(want)]
		_, err := io.ReadFull(c.events, got)
		c.same = err == nil && bytes.Equal(got, want)
		c.left -= int64(len(want))
		c.sum = crc32.Update(c.sum, castagnoli(), want)
		c.buf = want
	}
	c.tally.AddWith(l.Event, l.facts)
	c.end = l.end
}

// close ends the reading of the document.
func (c *comparison) close() {
	if c.file != nil {
		c.file.Close() // nothing was written
	}
	if !c.same {
		return
	}
	k, sum := c.k, crc32.Checksum(c.frame.head, castagnoli())
	at := place{head: c.frame.place.head, tail: c.frame.place.tail, book: c.end, before: k.h.before(c.day), palette: paletteSum(k.p), events: c.sum}
	tail, _ := appendTail(nil, at, sum, c.day, k.b.Zone(), c.tally, &boardTexts{})
	c.same = c.left == 0 && bytes.Equal(c.frame.tail, tail)
}

// judge says what a document is that differs. Others may write it meanwhile: it is read again.
func (k *comparer) judge(ctx context.Context, c *comparison, base learning.Colors) error {
	tell := func(p Problem, format string, args ...any) error {
		if !k.found(Finding{p, c.day, documentPath(k.b, c.day), fmt.Sprintf(format, args...)}) {
			return errStop
		}
		return nil
	}
	switch {
	case c.same || c.lacks: // a document may be deleted at any time; a day that is retired has none
		return nil
	case c.wrong != nil:
		return tell(Wrong, "it cannot be read: %v", c.wrong)
	}
	for try := 0; ; try++ {
		p, reason, sure, err := k.again(ctx, c.day, base)
		if err != nil || p == "" {
			return err
		}
		if sure {
			return tell(p, "%s", reason)
		}
		if try == 3 {
			return tell(Behind, "it is being written")
		}
	}
}

// again compares a document in one go. It is not sure if the document has changed meanwhile.
func (k *comparer) again(ctx context.Context, day daybook.Day, base learning.Colors) (p Problem, reason string, sure bool, err error) {
	fsys, path := k.b.FS(), documentPath(k.b, day)
	before, err := fsys.Stat(path)
	if err != nil {
		return "", "", false, ignoreMissing(err)
	}
	lacking, losses, err := Foreign(ctx, k.b, day)
	if err != nil {
		return "", "", false, err
	}
	text, err := durable.ReadFile(fsys, path)
	if err != nil {
		return "", "", false, ignoreMissing(err)
	}
	f, odd, err := readFrame(bytes.NewReader(text), int64(len(text)), day)
	if err != nil {
		return "", "", false, err
	}
	h, err := readHistory(k.b)
	if err != nil {
		return "", "", false, err
	}
	p, reason = Behind, ""
	switch o := (origin{before: h.before(day), colors: base}); {
	case lacking > 0 || len(losses) > 0:
		p, reason = Changed, told(lacking, losses)
	case odd != "":
		p, reason = Changed, "it will be made anew"
	case f.palette != paletteSum(k.p):
		reason = "its figures are of another palette"
	case f.before != o.before:
		reason = "an earlier day has changed since"
	case f.book < h.size(day):
		reason = fmt.Sprintf("%d bytes of the day are not in it yet", h.size(day)-f.book)
	case f.book > h.size(day):
		reason = "the day's file has become shorter"
	case o.before != k.h.before(day):
		reason = "an earlier day is changing"
	default:
		want, err := compose(ctx, k.b, day, o, k.p)
		if err != nil {
			return "", "", false, err
		}
		if bytes.Equal(text, want) {
			return "", "", true, nil
		}
		p, reason = Wrong, differing(f, text, want)
	}
	after, err := fsys.Stat(path)
	if err != nil {
		return "", "", false, ignoreMissing(err)
	}
	age := k.b.Now().Sub(time.Unix(0, after.ModTime))
	return p, reason, after == before && (p != Wrong || age < 0 || age >= settleTime), nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// told says what another program has done to a document, and what will come of it.
func told(lacking int, losses []string) string {
	var will []string
	if lacking > 0 {
		noun := "events"
		if lacking == 1 {
			noun = "event"
		}
		will = append(will, fmt.Sprintf("%d %s that the book lacks will be taken in", lacking, noun))
	}
	if len(losses) > 0 {
		will = append(will, "a copy will be kept aside: "+strings.Join(losses, "; "))
	}
	return strings.Join(will, ", ")
}

// differing says which part of a document is not what it should be.
func differing(f frame, text, want []byte) string {
	switch at := int64(firstDifference(text, want)); {
	case at < f.place.head:
		return "the colours with which its day begins are not those of the book"
	case at < f.place.tail:
		return "its events are not the book's"
	}
	return "its figures are not those that come of the book"
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
