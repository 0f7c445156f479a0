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
	"maps"
	"path/filepath"

	"daybook/internal/durable"
	"daybook/learning"
)

// whole compares the document with the book as a whole, takes in what other programs have put into it, and makes it again
// if anything but its tail is not as it should be. d knows nothing when it is called, and all when it returns nil.
func (v *View) whole(ctx context.Context, d *document) error {
	d.aside = nil
	if err := d.forget(); err != nil {
		return err
	}
	source, _, err := v.book.DayFile(d.day)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d.sourceID = source
	h, err := v.history()
	if err != nil {
		return err
	}
	if d.origin, err = h.start(ctx, v.book, v.fsys, d.day, v.palette, v.endOf); err != nil {
		return err
	}
	d.file, err = v.fsys.Open(d.path, true)
	if errors.Is(err, fs.ErrNotExist) {
		d.file, d.info = nil, durable.Info{}
		return v.rebuild(ctx, d)
	}
	if err != nil {
		d.file = nil
		return err
	}
	if err := d.lockFile(); err != nil {
		return err
	}
	head, fault, err := v.compare(ctx, d)
	if err != nil {
		return err
	}
	if fault != "" {
		if err := v.takeIn(ctx, d, fault); err != nil {
			return err
		}
		return v.rebuild(ctx, d)
	}
	if !bytes.Equal(head, appendHead(nil, d.day, d.origin.colors)) {
		return v.rebuild(ctx, d) // an earlier day has grown since
	}
	moved, err := v.extend(ctx, d, true)
	if err == nil && moved {
		err = fmt.Errorf("%s changes while it is read", d.source)
	}
	return err
}

// compare reads the open document and compares its events with the book's, which it folds on the way. fault says why the
// document cannot be Daybook's work; if there is none, its events are the first of the book's, and head is its head.
func (v *View) compare(ctx context.Context, d *document) (head []byte, fault string, err error) {
	if d.info, err = d.file.Stat(); err != nil {
		return nil, "", err
	}
	f, fault, err := readFrame(d.file, d.info.Size, d.day)
	if err != nil || fault != "" {
		return nil, fault, err
	}
	d.place, d.tail, d.headSum = f.place, f.tail, f.headSum
	d.tally = learning.NewTally(d.origin.colors, v.palette)
	events := bufio.NewReaderSize(io.NewSectionReader(d.file, f.place.head, f.place.tail-f.place.head), 64<<10)
	var want, got []byte
	left := f.place.tail - f.place.head
	sum := uint32(0)
	for l, err := range lines(ctx, v.book, d.day, 0, nil) {
		if err != nil {
			return nil, "", err
		}
		if left == 0 {
			break
		}
		want = appendLine(want[:0], d.cursor == 0, l.text)
		if int64(len(want)) > left {
			return nil, "its events are not the book's", nil
		}
		got = append(got[:0], want...) // for its size
		if _, err := io.ReadFull(events, got); err != nil {
			return nil, "", fmt.Errorf("read %s: %w", d.path, err)
		}
		if !bytes.Equal(got, want) {
			return nil, "its events are not the book's", nil
		}
		left -= int64(len(want))
		sum = crc32.Update(sum, castagnoli(), want)
		d.fold(l)
	}
	if left > 0 {
		return nil, "it has events that the book has not", nil
	}
	d.place.book, d.place.events = d.cursor, sum
	return f.head, "", d.readEdge()
}

// rebuild makes the document from the book, in the place of the one that d.info describes, or of none.
func (v *View) rebuild(ctx context.Context, d *document) error {
	if old := d.file; old != nil {
		d.file = nil
		if v.fsys.Pins() {
			old.Close() // nothing was written; open, it could not be replaced
		} else {
			defer old.Close() // nothing was written; its lock is held until another file has its name
		}
	}
	if err := d.forget(); err != nil {
		return err
	}
	d.tally = learning.NewTally(d.origin.colors, v.palette)
	text := appendHead(nil, d.day, d.origin.colors)
	d.headSum = crc32.Checksum(text, castagnoli())
	d.place = place{head: int64(len(text)), before: d.origin.before, palette: v.sum}
	for l, err := range lines(ctx, v.book, d.day, 0, nil) {
		if err != nil {
			return err
		}
		text = appendLine(text, d.cursor == 0, l.text)
		d.fold(l)
	}
	d.place.tail, d.place.book = int64(len(text)), d.cursor
	d.place.events = crc32.Checksum(text[d.place.head:], castagnoli())
	text, d.place = appendTail(text, d.place, d.headSum, d.day, v.book.Zone(), d.tally, &d.boards)
	d.tail = append(d.tail[:0], text[d.place.tail:]...)
	if err := v.replace(d, text); err != nil {
		return err
	}
	file, err := v.fsys.Open(d.path, true)
	if err != nil {
		return err
	}
	d.file = file
	return d.readEdge()
}

// replace puts text in the place of the document that d.info describes, or of none. That one is moved aside before, if
// d.aside says so.
func (v *View) replace(d *document, text []byte) error {
	moved := false
	var made durable.Info
	model := filepath.Join(d.source, "events.json") // nobody reads the document who may not read the events
	if _, err := v.fsys.Stat(model); err != nil {
		model += ".zst"
	}
	err := durable.ReplaceWithLike(v.fsys, filepath.Dir(d.path), d.path, model, func(temp durable.File) error {
		if _, err := temp.WriteAt(text, 0); err != nil {
			return err
		}
		// What takes time is done before the last look: a program that takes no lock may have written meanwhile.
		if err := temp.Sync(); err != nil {
			return err
		}
		var err error
		if made, err = temp.Stat(); err != nil || moved {
			return err // what was moved is not moved again
		}
		info, err := v.fsys.Stat(d.path)
		if err == nil && info != d.info || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(errWriting, err)
		}
		if d.aside != nil && err == nil {
			if err := v.moveAside(d); err != nil {
				return err
			}
			moved = true
		}
		return nil
	})
	if err == nil {
		d.info = made // and no later state, which may be somebody else's work
	}
	return err
}

func sameColors(a, b learning.Colors) bool { return maps.EqualFunc(a, b, maps.Equal) }
