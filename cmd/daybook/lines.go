package main

import (
	"bytes"
	"io"
)

const (
	readSize = 64 << 10 // at least so much room for each read
	maxBatch = 1000     // lines appended at once
)

// byteOrderMark begins what some programs on Windows write in UTF-8.
const byteOrderMark = "\ufeff"

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
		if l.n == 0 && !l.skipping {
			if other := otherThanText(l.buf[l.start:l.end]); other != nil {
				l.err = other
				return nil, l.err
			}
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
