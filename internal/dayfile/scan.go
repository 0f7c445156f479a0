package dayfile

import (
	"bytes"
	"fmt"
	"io"
)

// LongestLine is the longest line, in bytes, that readers take into memory. A longer one is reported as damaged.
const LongestLine = 64 << 20

const chunk = 256 << 10

// Line is a piece of a day file between two newlines, or several that follow on each other and of which none can be an
// event or hold one: a run of damage is one Line, however long it is.
type Line struct {
	Offset int64
	Length int64  // bytes, newlines included
	Text   []byte // of the first line, without the newline; valid until the next Line; nil if it is longer than LongestLine
	Whole  bool   // the newline is there
	Lines  int    // how many lines it is, at least 1
}

// IsHopeless reports whether a Line can neither be an object nor have one within.
func IsHopeless(l Line) bool { return l.Whole && l.Text != nil && bytes.IndexByte(l.Text, '{') < 0 }

// run joins lines that are hopeless and follow on each other, and calls visit with every other line as it is.
type run struct {
	visit func(Line) error
	line  Line // what was joined and not visited yet, if Lines is not 0
}

func (r *run) add(l Line) error {
	l.Lines = 1
	if !IsHopeless(l) {
		if err := r.end(); err != nil {
			return err
		}
		return r.visit(l)
	}
	if r.line.Lines > 0 && r.line.Offset+r.line.Length == l.Offset {
		r.line.Length += l.Length
		r.line.Lines++
		return nil
	}
	if err := r.end(); err != nil {
		return err
	}
	r.line = l
	r.line.Text = bytes.Clone(l.Text)
	return nil
}

func (r *run) end() error {
	l := r.line
	r.line = Line{}
	if l.Lines == 0 {
		return nil
	}
	return r.visit(l)
}

// Scan calls visit for each Line of r between the offsets from and to, in their order, the unfinished last one too. It
// stops at the first error, which it returns. from must be the beginning of a line. Memory is bounded by the longest
// line. When r ends before to, Scan ends there too.
func Scan(r io.ReaderAt, from, to int64, visit func(Line) error) error {
	run := run{visit: visit}
	if err := scan(r, from, to, nil, run.add); err != nil {
		return err
	}
	return run.end()
}

// scan is Scan; bytes, if not nil, is called with all bytes in their order.
func scan(r io.ReaderAt, from, to int64, seen func([]byte), visit func(Line) error) error {
	if from >= to {
		return nil
	}
	buf := make([]byte, 0, min(chunk, to-from))
	start := from // offset of the line that buf begins with
	skipped := int64(0)
	for at := from; ; {
		n := int(min(int64(cap(buf)-len(buf)), to-at))
		got := 0
		if n > 0 {
			var err error
			got, err = r.ReadAt(buf[len(buf):len(buf)+n], at)
			if err != nil && err != io.EOF {
				return fmt.Errorf("read at offset %d: %w", at, err)
			}
			if seen != nil {
				seen(buf[len(buf) : len(buf)+got])
			}
		}
		fresh := len(buf)
		buf, at = buf[:len(buf)+got], at+int64(got)
		rest := buf
		for {
			k := bytes.IndexByte(rest[fresh:], '\n')
			if k < 0 {
				break
			}
			end := fresh + k
			line := Line{start, skipped + int64(end) + 1, rest[:end:end], true, 1}
			if skipped > 0 {
				line.Text = nil
			}
			if err := visit(line); err != nil {
				return err
			}
			start, skipped, rest, fresh = start+line.Length, 0, rest[end+1:], 0
		}
		if got == 0 {
			if n := skipped + int64(len(rest)); n > 0 {
				line := Line{start, n, rest, false, 1}
				if skipped > 0 {
					line.Text = nil
				}
				return visit(line)
			}
			return nil
		}
		switch {
		case len(rest) < len(buf) || len(rest) == 0:
			buf = buf[:copy(buf[:cap(buf)], rest)]
		case len(buf) < cap(buf):
		case cap(buf) > LongestLine:
			skipped += int64(len(buf))
			buf = buf[:0]
		default:
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
	}
}
