package main

import (
	"bytes"
	"context"
	"errors"
	"io"
)

const (
	readSize = 64 << 10 // at least so much room for each read
	maxBatch = 1000     // lines appended at once
)

// byteOrderMark begins what some programs on Windows write in UTF-8.
const byteOrderMark = "\ufeff"

// errUTF16 is what an input in UTF-16 ends with at once. Windows PowerShell writes such files.
var errUTF16 = errors.New("the input is UTF-16, not UTF-8")

// line is a line of input that is not blank.
type line struct {
	n    int    // its number in the input, from 1
	text []byte // without its ending; nil if it is too long
	long bool   // longer than the limit: its bytes were passed over
}

// lineReader divides its input into lines as they arrive. It keeps at most one line and one read in memory.
type lineReader struct {
	r          io.Reader
	max        int // bytes of a line without its ending
	buf        []byte
	start, end int   // buf[start:end] is read and not given out yet
	n          int   // lines ended so far
	skipping   bool  // inside a line that is too long and already given out
	err        error // what the last read ended with
}

// newLineReader returns a lineReader of r for lines of at most max bytes, their ending not counted.
func newLineReader(r io.Reader, max int) *lineReader {
	return &lineReader{r: r, max: max, buf: make([]byte, max+readSize)}
}

// next returns the lines that have arrived, at most maxBatch, and waits only while there is none: a producer that sends
// one line and waits for the answer gets it. After the last line it returns io.EOF. The lines are good until the next
// call. An error of the input comes after the whole lines before it; what then follows the last line ending is no line.
func (l *lineReader) next() ([]line, error) {
	for {
		if l.n == 0 && !l.skipping && isUTF16(l.buf[l.start:l.end]) {
			l.err = errUTF16
			return nil, l.err
		}
		lines := l.whole()
		if len(lines) > 0 {
			return lines, nil
		}
		if part := l.buf[l.start:l.end]; l.err == io.EOF && len(part) > 0 {
			l.start = l.end
			if lines = l.take(nil, part); len(lines) > 0 {
				return lines, nil
			}
		}
		if l.err != nil {
			return nil, l.err
		}
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
		var n int
		n, l.err = l.r.Read(l.buf[l.end:])
		l.end += n
	}
}

// isUTF16 reports whether an input that begins with b is UTF-16: by its byte order mark, or by its first two characters,
// of which the first is "{". Bytes that may be UTF-8, or NULs of a torn line, are not taken for it.
func isUTF16(b []byte) bool {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return true
	}
	if len(b) < 4 {
		return false
	}
	second, ok := b[2], b[0] == '{' && b[1] == 0 && b[3] == 0
	if !ok {
		second, ok = b[3], b[0] == 0 && b[1] == '{' && b[2] == 0
	}
	return ok && second != 0 && second != '\n'
}

// upcoming is the number of the first line that next has not given out.
func (l *lineReader) upcoming() int {
	if l.skipping {
		return l.n + 2
	}
	return l.n + 1
}

// whole takes the whole lines out of the buffer, and the beginning of one that is too long.
func (l *lineReader) whole() []line {
	var lines []line
	for len(lines) < maxBatch {
		rest := l.buf[l.start:l.end]
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			limit := l.max + len("\r")
			if l.n == 0 {
				limit += len(byteOrderMark)
			}
			if len(rest) > limit {
				l.start = l.end
				lines = l.tooLong(lines)
			}
			break
		}
		l.start += i + 1
		lines = l.take(lines, rest[:i])
	}
	return lines
}

// take ends a line with text.
func (l *lineReader) take(lines []line, text []byte) []line {
	l.n++
	if l.skipping {
		l.skipping = false
		return lines
	}
	if l.n == 1 {
		text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	}
	text = bytes.TrimSuffix(text, []byte("\r"))
	switch {
	case len(text) > l.max:
		return append(lines, line{n: l.n, long: true})
	case len(bytes.Trim(text, " \t\r")) == 0:
		return lines
	}
	return append(lines, line{n: l.n, text: text})
}

// tooLong gives out a line before it has ended: nothing in the rest of it can change the verdict.
func (l *lineReader) tooLong(lines []line) []line {
	if l.skipping {
		return lines
	}
	l.skipping = true
	return append(lines, line{n: l.n + 1, long: true})
}

// waitReader reads from r until ctx ends. A Read that is under way then cannot be ended: it is left behind with its
// buffer, which nobody may use any more, until the process ends.
type waitReader struct {
	ctx context.Context
	r   io.Reader
}

func (w waitReader) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	done := make(chan result, 1)
	go func() {
		n, err := w.r.Read(p)
		done <- result{n, err}
	}()
	select {
	case <-w.ctx.Done():
		return 0, context.Cause(w.ctx)
	case r := <-done:
		return r.n, r.err
	}
}
