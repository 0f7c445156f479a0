package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"runtime"
	"time"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

// document is one day's document as this process knows it.
type document struct {
	day    daybook.Day
	path   string
	source string // path of the day's directory in the book
	lock   *durable.Lock
	used   uint64
	rebase bool // an earlier day may have grown: compare the origin with the book's
	touch  bool // write the tail also if it is as it should be

	// What this process last left or took over. file is nil if it has not looked at the document yet, or if it rests: then
	// the next update opens it again.
	file  durable.File
	rests bool
	// justLooked says that it has been looked at, and that no other file has been read since.
	justLooked bool
	info       durable.Info
	place      place
	edge       []byte // the last bytes before the tail
	tail       []byte
	headSum    uint32

	// The statistics of the day, folded from the book up to the byte cursor. tally is nil while nothing is known.
	origin   origin
	tally    *learning.Tally
	boards   boardTexts // of the tally
	cursor   int64
	sourceID durable.FileID // the file that was folded
	lastAt   int64          // the last line that was folded, to find the place again in another file
	last     []byte

	aside *aside // to be kept when it is made anew; nil if nothing would be lost

	buf  []byte
	room [max(trailerSize, edgeSize)]byte // scratch of small reads
}

func newDocument(fsys durable.FS, b *daybook.Book, day daybook.Day) *document {
	path := documentPath(b, day)
	return &document{
		day:    day,
		path:   path,
		source: filepath.Join(b.Dir(), day.String()),
		lock:   durable.NewLock(fsys, path+".lock", ""),
	}
}

func (d *document) close() error { return errors.Join(d.forget(), d.lock.Close()) }

// forget gives up all that is known, so that the document is compared with the book as a whole before it is written.
func (d *document) forget() error {
	d.tally, d.boards, d.cursor, d.lastAt, d.rests = nil, boardTexts{}, 0, 0, false
	if d.file == nil {
		return nil
	}
	err := d.file.Close()
	d.file = nil
	return err
}

// rest closes the document where others could not replace or remove it while it is open.
func (d *document) rest(fsys durable.FS) error {
	if d.file == nil || !fsys.Pins() {
		return nil
	}
	err := d.file.Close()
	d.file, d.rests = nil, true
	return err
}

// wake opens a document that rests. If another one stands at its path nothing is known of it.
func (d *document) wake(fsys durable.FS) error {
	if !d.rests {
		return nil
	}
	f, err := fsys.Open(d.path, true)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return errors.Join(err, d.forget())
	}
	info, err := f.Stat()
	if err != nil || info.ID != d.info.ID {
		return errors.Join(err, f.Close(), d.forget())
	}
	d.file, d.rests = f, false
	return nil
}

// update brings the document to the book's end. After an error the document may be behind; what it needs to catch up is
// found out by the next update.
func (v *View) update(ctx context.Context, d *document, limit time.Duration) (err error) {
	if err := d.lock.Acquire(ctx, limit); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.unlockFile(), d.rest(v.fsys), d.lock.Release()) }()
	if err := d.wake(v.fsys); err != nil {
		return err
	}
	if err := d.lockFile(); err != nil {
		return err
	}
	if err := v.lateWork(ctx, d); err != nil {
		return err
	}
	known, err := d.look(v.fsys)
	if err != nil {
		return err
	}
	if known && d.rebase {
		if known, err = v.sameOrigin(ctx, d); err != nil {
			return err
		}
	}
	if known {
		moved, err := v.extend(ctx, d, false)
		if err != nil || !moved {
			d.rebase = d.rebase && err != nil
			return err
		}
	}
	if err := v.whole(ctx, d); err != nil {
		return errors.Join(err, d.forget())
	}
	d.rebase = false
	return nil
}

// lockFile locks the open document itself, as programs do that take story 11.2 at its first word and know nothing of the
// lock file. It never waits for them.
func (d *document) lockFile() error {
	if d.file == nil || runtime.GOOS == "windows" { // there it would lock readers out
		return nil
	}
	if ok, err := d.file.TryLock(); err != nil || !ok {
		return errors.Join(fmt.Errorf("lock %s: %w", d.path, durable.ErrLocked), err)
	}
	return nil
}

func (d *document) unlockFile() error {
	if d.file == nil || runtime.GOOS == "windows" {
		return nil
	}
	return d.file.Unlock()
}

// look reports whether the document is as this process left it, or as another Daybook process has continued it since;
// then d describes it as it is. It costs one stat and one small read.
func (d *document) look(fsys durable.FS) (known bool, err error) {
	if d.file == nil || d.tally == nil {
		return false, nil
	}
	d.justLooked = true
	info, err := fsys.Stat(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if info.ID != d.info.ID {
		return false, nil
	}
	raw, err := readTrailer(d.file, info.Size, d.room[:])
	if err != nil {
		return false, err
	}
	if bytes.HasSuffix(d.tail, raw) && len(raw) > 0 {
		// Nobody of ours has written. A change of the file's state is somebody else's.
		return info.Size == d.info.Size && info.ModTime == d.info.ModTime, nil
	}
	p, sum, ok := parseTrailer(raw, info.Size)
	if !ok || p.head != d.place.head || p.tail < d.place.tail || p.book < d.place.book || p.before != d.place.before ||
		!sameSources(p.palette, d.place.palette) {
		return false, nil
	}
	tail, err := readAt(d.file, make([]byte, p.length-p.tail), p.tail)
	if err != nil || !sealed(tail, d.headSum, sum) {
		return false, err
	}
	d.info, d.place, d.tail = info, p, tail
	return true, d.readEdge()
}

// edgeSize is how much of what stands before the tail is known.
const edgeSize = 64

// readEdge takes note of the last bytes before the tail.
func (d *document) readEdge() (err error) {
	n := min(edgeSize, d.place.tail)
	d.edge, err = readAt(d.file, make([]byte, n), d.place.tail-n)
	return err
}

// sameOrigin reports whether the document's beginning is still right, apart from the numbers in the trailer.
func (v *View) sameOrigin(ctx context.Context, d *document) (bool, error) {
	d.justLooked = false
	h, err := v.history()
	if err != nil {
		return false, err
	}
	if h.before(d.day) == d.origin.before {
		return true, nil
	}
	o, err := h.start(ctx, v.book, v.fsys, d.day, v.palette, v.endOf)
	if err != nil || !sameColors(o.colors, d.origin.colors) {
		return false, err
	}
	d.origin = o
	return true, nil
}

// endOf returns the colours at the end of a day that is open, if it was folded from just this much of the book.
func (v *View) endOf(day daybook.Day, p before, size int64) (learning.Colors, bool) {
	d := v.docs[day]
	if d == nil || d.tally == nil || d.origin.before != p || d.cursor != size {
		return nil, false
	}
	return d.tally.Colors(), true
}

// keptBuffer is how large a buffer may be that waits for the next update.
const keptBuffer = 1 << 20

// extend brings a document that is known up to the book's end. moved reports that the day's file is no longer the one
// that was folded; then nothing has been written, and what is known of the document is void. sure means that it has been
// folded from its beginning just now.
func (v *View) extend(ctx context.Context, d *document, sure bool) (moved bool, err error) {
	fresh, moved, err := v.foldNew(ctx, d, sure)
	if err != nil || moved {
		return moved, err
	}
	p := d.place
	p.tail += int64(len(fresh))
	p.events = crc32.Update(p.events, castagnoli(), fresh)
	p.book, p.before, p.palette = max(p.book, d.cursor), d.origin.before, v.sum
	out, p := appendTail(fresh, p, d.headSum, d.day, v.book.Zone(), d.tally, &d.boards)
	if d.buf = out[:0]; cap(out) > keptBuffer {
		d.buf = nil
	}
	tail := out[len(fresh):]
	if len(fresh) == 0 && bytes.Equal(tail, d.tail) && !d.touch {
		return false, nil
	}
	d.touch = false
	if err := d.exchange(v.fsys, out, p.length); err != nil {
		return false, errors.Join(err, d.forget())
	}
	d.edge = append(d.edge, fresh[max(0, len(fresh)-edgeSize):]...)
	d.edge = append(d.edge[:0], d.edge[max(0, len(d.edge)-edgeSize):]...)
	d.place = p
	d.tail = append(d.tail[:0], tail...)
	d.info, err = d.file.Stat()
	if err == nil && d.info.Size != d.place.length { // somebody has written behind our back
		err = errWriting
	}
	if err != nil {
		return false, errors.Join(err, d.forget())
	}
	return false, nil
}

// foldNew folds the lines that the tally has not seen, and returns those that the document lacks as they go into it.
func (v *View) foldNew(ctx context.Context, d *document, sure bool) (fresh []byte, moved bool, err error) {
	if entries, file, ok := v.book.Appended(d.day, d.cursor); ok && d.cursor == d.place.book && file == d.sourceID {
		fresh = d.buf[:0]
		for _, e := range entries {
			l := line{e.Position.Offset, e.Position.Offset + int64(e.Position.Length), e.Raw, e.Event, false}
			d.fold(l)
			fresh = appendLine(fresh, d.place.tail == d.place.head && len(fresh) == 0, l.text)
		}
		return fresh, false, nil
	}
	d.justLooked = false
	source, size, err := v.book.DayFile(d.day)
	if errors.Is(err, fs.ErrNotExist) {
		return d.buf[:0], max(d.cursor, d.place.book) > 0, nil
	}
	if err != nil {
		return nil, false, err
	}
	from := min(d.cursor, d.place.book)
	if size < max(d.cursor, d.place.book) {
		return nil, true, nil
	}
	// A repair, a sync client or the write mode "replace" puts another file in the place of the day's: then the last
	// line must stand where it stood.
	seen := d.cursor == 0 || source == d.sourceID
	if !seen {
		from = min(from, d.lastAt)
	}
	fresh = d.buf[:0]
	if seen && size == from {
		return fresh, false, nil
	}
	start := from
	for l, err := range lines(ctx, v.book, d.day, from, nil) {
		if err != nil {
			return nil, false, err
		}
		if l.damage && from == start && start > 0 && !sure {
			return nil, true, nil // damaged bytes where a line should begin: perhaps it is the middle of one
		}
		from = l.end
		if !seen && l.offset == d.lastAt {
			if seen = bytes.Equal(l.text, d.last); !seen {
				return nil, true, nil
			}
		}
		if l.offset >= d.cursor {
			d.fold(l)
		}
		if l.offset >= d.place.book {
			fresh = appendLine(fresh, d.place.tail == d.place.head && len(fresh) == 0, l.text)
		}
	}
	if from == start && start > 0 && !sure {
		return nil, true, nil // the file goes on, and no line begins here
	}
	d.sourceID = source
	return fresh, !seen, nil
}

// fold takes one line into the statistics.
func (d *document) fold(l line) {
	d.tally.Add(learned(l.event))
	d.cursor, d.lastAt = l.end, l.offset
	d.last = append(d.last[:0], l.text...)
}

// exchange writes out in the place of the tail, if the document still is what it was when it was looked at. A program that
// takes no lock may come in between: then it is compared as a whole the next time.
func (d *document) exchange(fsys durable.FS, out []byte, length int64) error {
	if !d.justLooked {
		if info, err := fsys.Stat(d.path); err != nil || info != d.info {
			return errors.Join(errWriting, err)
		}
	}
	if err := d.write(out, length); err != nil {
		return err
	}
	edge, err := readAt(d.file, d.room[:len(d.edge)], d.place.tail-int64(len(d.edge)))
	if err == nil && !bytes.Equal(edge, d.edge) {
		err = errWriting
	}
	return err
}

// write puts out, lines and a tail, in the place of the tail. A write that fails, as on a full disk, is taken back.
func (d *document) write(out []byte, length int64) error {
	_, err := d.file.WriteAt(out, d.place.tail)
	if err == nil && length < d.place.length {
		err = d.file.Truncate(length)
	}
	if err == nil {
		return nil
	}
	if _, back := d.file.WriteAt(d.tail, d.place.tail); back == nil {
		_ = d.file.Truncate(d.place.length) // the document is compared as a whole next time, whatever comes of this
	}
	return err
}
