package dayfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"daybook/internal/jsonline"
)

// Block is how many bytes of a day file Search is best given at once: they stay in a processor's cache.
const Block = 256 << 10

// Search calls visit, in their order, for the lines of r that begin between the offsets from and to and that f finds, and
// for those that are damaged as far as f looks at them (docs/format.md, What a search checks): who wants to tell them
// apart, reads them. r has size bytes; an unfinished last line is read by the grammar as a whole. It stops at the first
// error, which it returns. Line.Text is valid until visit returns.
//
// Memory is a block, or the longest line that begins in one.
func (f *Filter) Search(r io.ReaderAt, from, to, size int64, visit func(Line) error) error {
	to = min(to, size)
	if from >= to {
		return nil
	}
	begin := max(from-1, 0) // a line begins at from if a newline stands before it
	text, err := f.read(r, begin, to, size)
	if err != nil {
		return err
	}
	start := 0
	if from > 0 {
		i := bytes.IndexByte(text, '\n')
		if i < 0 || begin+int64(i)+1 >= to {
			return nil // the middle of a line
		}
		start = i + 1
	}
	// The last line that begins before to ends with the first newline at to-1 or behind.
	last := min(int(to-1-begin), len(text))
	end := last + bytes.IndexByte(text[last:], '\n') + 1
	whole := end > last
	if !whole {
		end = bytes.LastIndexByte(text, '\n') + 1
	}
	run := run{visit: visit}
	err = f.lines(text[start:max(start, end)], func(a, b int) error {
		at := begin + int64(start+a)
		return run.add(Line{at, int64(b - a + 1), text[start+a : start+b : start+b], true, 1})
	})
	if err == nil {
		err = run.end()
	}
	if err != nil || whole {
		return err
	}
	return f.long(r, begin+int64(end), size, visit)
}

// read reads r from begin to the end of the line in which to-1 lies, or somewhat further; less of a line that is very long.
func (f *Filter) read(r io.ReaderAt, begin, to, size int64) ([]byte, error) {
	const longest = 4 << 20
	// The kernel copies faster to where a byte's address and its offset agree in their last bits.
	const align = 64
	pad := int(begin % align)
	text := f.buf[:0]
	if cap(f.buf) >= align {
		text = f.buf[pad:pad]
	}
	for more := 8 << 10; ; more *= 2 {
		had := len(text)
		n := int(min(max(to, begin+int64(had))+int64(more), size) - begin)
		if n > cap(text) {
			f.buf = make([]byte, align+n+n/8)
			text = append(f.buf[pad:pad], text...)
		}
		got, err := r.ReadAt(text[had:n], begin+int64(had))
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read at offset %d: %w", begin+int64(had), err)
		}
		text = text[:had+got]
		behind := max(had, int(to-1-begin))
		if had+got < n || begin+int64(n) == size || n > longest || bytes.IndexByte(text[behind:], '\n') >= 0 {
			return text, nil
		}
	}
}

var errOne = errors.New("one line")

// long is Search for the line that begins at from and is unfinished, or too long for a block.
func (f *Filter) long(r io.ReaderAt, from, size int64, visit func(Line) error) error {
	err := Scan(r, from, size, func(l Line) error {
		tooLong := l.Text == nil && l.Length > 1
		if tooLong || (!l.Whole || doubtful(l.Text)) && jsonline.Check(l.Text) != nil || f.Matches(l.Text) {
			if err := visit(l); err != nil {
				return err
			}
		}
		return errOne
	})
	if errors.Is(err, errOne) {
		return nil
	}
	return err
}
