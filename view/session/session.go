// Package session keeps a book's session documents: for each day one JSON object with its events and its statistics.
//
// The documents stand beside the days as session_2025-11-08.json, in the shape that docs/format.md describes. They are
// posted from the book, may be deleted at any time and are made again from it. An event is added in place, at a cost
// that does not depend on how many there are: so a reader that does not take the document's lock,
// session_2025-11-08.json.lock, can meet a document half written, and should then read again. Document computes the
// same bytes from the book and never shows half of them.
package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

// Options are how a View works. The zero value is the default.
type Options struct {
	// Palette names the colours; the zero Palette means the profile "story".
	Palette learning.Palette
	// LockTimeout is how long a Post waits while another program holds a document's lock; zero is 250 ms. The document
	// is behind then, and the next Post brings it up to date.
	LockTimeout time.Duration
}

// View is the session documents of one book, and its metadata.json. It is a daybook.View: give it to one
// daybook.Open. Its methods may be called from several goroutines at once. Any number of Views, in one process and in many,
// may keep the documents of one directory.
type View struct {
	palette learning.Palette // with mu, as is sum
	sum     uint64           // paletteSum of palette
	timeout time.Duration
	fsys    durable.FS       // the book's, unless a test has set another one
	now     func() time.Time // the clock of file times

	mu      sync.Mutex
	book    *daybook.Book // nil before Open and after Close
	docs    map[daybook.Day]*document
	clock   uint64                                  // counts uses of docs, to find the one not used for the longest time
	last    daybook.Day                             // the latest day whose document this View has met
	pending map[daybook.Day]error                   // documents that could not be brought up to date, and why
	stale   map[daybook.Day]bool                    // documents that have yet to get the figures of the palette
	left    map[daybook.Day]durable.Info            // documents as this View has left or met them
	kept    map[daybook.Day]map[string]durable.Info // documents kept aside of late, by path
	listed  durable.Info                            // the book's directory when its documents were last listed
	meta    metadata
	alone   daybook.Day // whose Post is about its document alone
	inRow   *history    // the book, while many documents are brought up to date in a row; else nil
}

// writtenOut is after how long the system has written out what a document was given, at the latest. A power cut tears only
// what was written later.
const writtenOut = 2 * time.Minute

// maxOpen is how many documents stay open.
const maxOpen = 8

// New returns a View that is not yet open.
func New(opts Options) *View {
	v := &View{
		palette: orStory(opts.Palette),
		timeout: opts.LockTimeout,
		now:     time.Now,
		docs:    make(map[daybook.Day]*document),
		stale:   make(map[daybook.Day]bool),
		pending: make(map[daybook.Day]error),
		left:    make(map[daybook.Day]durable.Info),
		kept:    make(map[daybook.Day]map[string]durable.Info),
	}
	v.sum = paletteSum(v.palette)
	if v.timeout == 0 {
		v.timeout = 250 * time.Millisecond
	}
	return v
}

func orStory(p learning.Palette) learning.Palette {
	if p.IsZero() {
		p, _ = learning.Profile("story") // there is a profile of this name
	}
	return p
}

// Name returns "session".
func (v *View) Name() string { return "session" }

// Open makes the documents that are missing, but for those of days that are retired, and brings those up to date that say
// themselves that they are behind or that an earlier day has grown. A document is compared with the book as a whole when it
// is first written, and here if a power cut may have torn it. Open goes on after an error and returns all. When ctx ends,
// the documents that are left stay as they are.
func (v *View) Open(ctx context.Context, b *daybook.Book) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.book != nil {
		return errors.New("the session view is open already: one View serves one Book")
	}
	v.book = b
	if v.fsys == nil {
		v.fsys = b.FS()
	}
	v.meta = newMetadata(v.fsys, b)
	h, err := readHistory(b)
	if err != nil {
		return err
	}
	days, err := v.documentsAfter(daybook.Day{})
	if err != nil {
		return err
	}
	v.inRow = &h
	defer func() { v.inRow = nil }()
	err = v.bringAll(ctx, union(h.days, days), h)
	return errors.Join(err, v.meta.refresh(ctx, v.timeout))
}

// bringAll brings the documents of these days, all that the book or its directory has, up to date. It goes on after an error.
func (v *View) bringAll(ctx context.Context, days []daybook.Day, h history) error {
	current := make(map[daybook.Day]durable.Info, len(days))
	newest := int64(0) // when a document was written last
	for _, day := range days {
		v.met(day)
		info, ok := isCurrent(v.fsys, documentPath(v.book, day), day, h, v.sum)
		if newest = max(newest, info.ModTime); ok {
			current[day] = info
		}
	}
	var errs []error
	limit := v.timeout
	compared := 0
	var latest daybook.Day // of those that were compared and are as they should be
	for _, day := range days {
		info, ok := current[day]
		if ok {
			if v.left[day] = info; info.ModTime < newest-writtenOut.Nanoseconds() && len(v.kept[day]) == 0 {
				continue
			}
			err := v.bring(ctx, day, 0)
			if errors.Is(err, durable.ErrLocked) || durable.IsRefused(err) { // it says that it is current: others may look
				delete(v.pending, day)
				err = nil
			} else if err == nil {
				compared, latest = compared+1, day
			}
			errs = append(errs, err)
			continue
		}
		if v.rests(day) {
			continue
		}
		if p, ok := trailerOf(v.fsys, documentPath(v.book, day)); !ok || p.book != h.size(day) {
			v.meta.begun[day] = struct{}{} // somebody without this view has appended
		}
		err := v.bring(ctx, day, limit)
		if errors.Is(err, durable.ErrLocked) {
			limit = 0 // wait once, not once for each document
		}
		errs = append(errs, err)
	}
	if compared > 1 && v.now().UnixNano() > newest+writtenOut.Nanoseconds() {
		errs = append(errs, v.touch(ctx, latest))
	}
	return errors.Join(errs...)
}

// touch writes the end of a document again, as it is, so that its time says that those that were written long before it
// have been written out: else they would be compared at each Open until an event comes.
func (v *View) touch(ctx context.Context, day daybook.Day) error {
	v.document(day).touch = true
	err := v.bring(ctx, day, 0)
	if errors.Is(err, durable.ErrLocked) || durable.IsRefused(err) {
		delete(v.pending, day)
		return nil // the next Open compares them once more
	}
	return err
}

// Post brings the document of day up to the book's end, and if day is not the latest, those of the days after it, whose
// colour distribution goes on from it. It makes the document if it is missing, of a day without events too, but not of a day that
// is retired. From one that another program has changed it adopts the events that the book lacks; if anything else of it would
// be lost, a copy is kept beside the new one, as session_2025-11-08.json.kept- and the beginning of its SHA-256.
//
// The error says which documents are behind; the book is not concerned, and the next Post tries again.
func (v *View) Post(ctx context.Context, day daybook.Day) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.book == nil {
		return errors.New("the session view is not open")
	}
	before := v.clock
	atEnd := v.stale[day] && v.atEnd(day)
	var errs []error
	if !v.rests(day) {
		errs = append(errs, v.bring(ctx, day, v.timeout))
	}
	if v.meta.begins(day) {
		errs = append(errs, v.meta.refresh(ctx, v.timeout))
	}
	v.met(day)
	if day == v.alone {
		return errors.Join(errs...)
	}
	// The documents of later days may be another process's, which does not know of this event. If there was none, and the
	// document has only got the figures of another palette, they need nothing of it.
	if !atEnd && (day != v.last || day.Compare(v.book.DayOf(v.book.Now())) < 0) {
		errs = append(errs, v.bringAfter(ctx, day))
	}
	if len(v.pending) > 0 {
		errs = append(errs, v.retry(ctx, before))
	}
	return errors.Join(errs...)
}

// Changed returns the days whose documents do not stand as this View has left or met them, those kept aside included:
// another process has written them, or another program; or the palette is another now. Documents that are gone are not among them. It costs one stat a
// document.
func (v *View) Changed() []daybook.Day {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.book == nil {
		return nil
	}
	days := make(map[daybook.Day]struct{})
	if dir, err := v.fsys.Stat(v.book.Dir()); err == nil && dir != v.listed { // something has come or gone
		v.listed = dir
		found, err := v.documentsAfter(daybook.Day{})
		if err != nil {
			v.listed = durable.Info{} // once more the next time
		}
		for _, day := range found {
			if _, known := v.left[day]; !known {
				days[day] = struct{}{}
			}
		}
	}
	for day := range v.stale {
		if _, err := v.fsys.Stat(documentPath(v.book, day)); err == nil {
			days[day] = struct{}{}
		}
	}
	for day, left := range v.left {
		if info, err := v.fsys.Stat(documentPath(v.book, day)); err == nil && info != left {
			days[day] = struct{}{}
		}
	}
	for day, kept := range v.kept {
		for name, left := range kept {
			if info, err := v.fsys.Stat(name); err == nil && info != left {
				days[day] = struct{}{}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(days), daybook.Day.Compare)
}

// Close closes the files. The documents stay as they are.
func (v *View) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var errs []error
	for _, d := range v.docs {
		errs = append(errs, d.close())
	}
	clear(v.docs)
	if v.book != nil {
		errs = append(errs, v.meta.lock.Close())
	}
	v.book = nil
	return errors.Join(errs...)
}

// met remembers that there is a document of the day.
func (v *View) met(day daybook.Day) {
	if v.last.IsZero() || v.last.Compare(day) < 0 {
		v.last = day
	}
}

// bring brings one document up to the book's end and remembers if that fails. Somebody who holds its lock for long is
// waited for once; each later Post only looks whether he still does.
func (v *View) bring(ctx context.Context, day daybook.Day, limit time.Duration) error {
	if errors.Is(v.pending[day], durable.ErrLocked) {
		limit /= 16
	}
	d := v.document(day)
	err := v.update(ctx, d, limit)
	if errors.Is(err, durable.ErrLocked) {
		err = durable.ErrLocked // in the same words each time
	}
	if err != nil {
		v.pending[day] = err
		return fmt.Errorf("document of %s: %w", day, err)
	}
	delete(v.pending, day)
	delete(v.stale, day)
	v.left[day] = d.info
	return nil
}

// bringAfter brings the documents of all days after day up to date: their beginning depends on it.
func (v *View) bringAfter(ctx context.Context, day daybook.Day) error {
	days, err := v.documentsAfter(day)
	if err != nil || len(days) == 0 {
		return err
	}
	h, err := readHistory(v.book)
	if err != nil {
		return err
	}
	v.inRow = &h
	defer func() { v.inRow = nil }()
	var errs []error
	limit := v.timeout
	for _, later := range days {
		v.met(later)
		d := v.document(later)
		d.rebase = true
		err := v.bring(ctx, later, limit)
		if errors.Is(err, durable.ErrLocked) {
			limit = 0
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// retry tries those again that failed earlier, but for the documents that have been used since the clock showed before. It
// waits for no lock.
func (v *View) retry(ctx context.Context, before uint64) error {
	var errs []error
	for day := range v.pending {
		if d := v.docs[day]; d != nil && d.used > before {
			continue
		}
		if err := v.bring(ctx, day, 0); !errors.Is(err, durable.ErrLocked) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// document returns the day's open document. Of too many, the one that was not used for the longest time is closed.
func (v *View) document(day daybook.Day) *document {
	v.clock++
	d := v.docs[day]
	if d == nil {
		if len(v.docs) >= maxOpen {
			v.evict()
		}
		d = newDocument(v.fsys, v.book, day)
		v.docs[day] = d
	}
	d.used = v.clock
	return d
}

func (v *View) evict() {
	var oldest *document
	for _, d := range v.docs {
		if oldest == nil || d.used < oldest.used {
			oldest = d
		}
	}
	if err := oldest.close(); err != nil {
		v.book.Logger().Warn("close a session document", "error", err)
	}
	delete(v.docs, oldest.day)
}
