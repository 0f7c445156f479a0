package dayfile

import (
	"fmt"
	"hash/crc32"

	"daybook/internal/jsonline"
)

// catchUp reads what lies between the bytes seen and the end, which is at size.
//
// Calls: read mark, read the new bytes; for an unfinished last line, see mendTail.
func (f *File) catchUp(size int64) error {
	m, marked := f.readMark()
	marked = marked && m.Inode == f.id.Inode
	f.failed = marked && m.Failed
	marked = marked && m.Size <= size
	fits, tail, err := f.read(size, m, marked)
	if err == nil && !fits { // the mark is for other bytes: all of them are in doubt
		f.to.Damage(Damage{File: f.Path(), Length: m.Size, Reason: OtherReason})
		f.to.Reset()
		f.size, f.sum, f.durable, f.sumThen, marked = 0, 0, 0, 0, false
		_, tail, err = f.read(size, m, marked)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Path(), err)
	}
	if marked && m.Size > f.size+tail.Length {
		return fmt.Errorf("read %s: %w", f.Path(), errChanged) // cut while it was read
	}
	f.marked = marked
	if marked && m.Size > f.durable {
		f.durable, f.sumThen = m.Size, m.Sum
	}
	f.named = f.named || f.durable > 0
	if tail.Length > 0 {
		return f.mendTail(tail)
	}
	return nil
}

// read tells the observer of the lines from f.size to size and returns the unfinished last one, if any. Those before the
// mark are taken as they are, those beyond it are parsed (promise 5). fits is false if the mark's checksum is that of
// other bytes.
func (f *File) read(size int64, m Mark, marked bool) (fits bool, tail Line, err error) {
	fits = true
	at, sum := f.size, f.sum
	see := func(b []byte) { // runs ahead of the lines
		if n := m.Size - at; marked && n > 0 && n <= int64(len(b)) {
			fits = crc32.Update(sum, castagnoli, b[:n]) == m.Sum
		}
		sum = crc32.Update(sum, castagnoli, b)
		at += int64(len(b))
	}
	var run Damage // hopeless lines that follow on each other, not reported yet
	report := func() {
		if run.Length > 0 {
			f.to.Damage(run)
			run = Damage{}
		}
	}
	defer report()
	err = scan(f.data, f.size, size, see, func(l Line) error {
		if !l.Whole {
			tail = l
			tail.Text = append([]byte(nil), l.Text...)
			return nil
		}
		f.size = l.Offset + l.Length
		f.noteEnd(l.Text)
		f.noteEnd([]byte{'\n'})
		if !marked || f.size > m.Size {
			if IsHopeless(l) && run.Length > 0 {
				run.Length += l.Length
				return nil
			}
			report()
			if reason := LineFault(l); reason != "" {
				d := Damage{File: f.Path(), Offset: l.Offset, Length: l.Length, Reason: reason}
				if IsHopeless(l) {
					run = d
				} else {
					f.to.Damage(d)
				}
				return nil
			}
		}
		report()
		f.to.Line(l)
		return nil
	})
	f.sum = sum
	return fits, tail, err
}

// reportLost reports what is missing of the bytes that m tells of, if the file has size bytes; unless sizeOnly is set
// also that they are others.
func (f *File) reportLost(m Mark, size int64, sizeOnly bool) {
	switch {
	case m.Size > size:
		f.to.Damage(Damage{File: f.Path(), Offset: size, Length: m.Size - size, Reason: CutReason})
	case !sizeOnly:
		if sum, err := f.sumOf(m.Size); err == nil && sum != m.Sum { // one that cannot be read is an error a moment later
			f.to.Damage(Damage{File: f.Path(), Length: m.Size, Reason: OtherReason})
		}
	}
}

// OtherReason is the Reason of Damage where the file was replaced or rewritten from outside and does not begin with the
// bytes that were durable: lines may be missing. Which, the file does not tell.
const OtherReason = "other bytes stand where durable ones stood; lines may be missing"

// CutReason is the Reason of Damage that is missing bytes: the file was cut, or replaced by a shorter one, from outside.
const CutReason = "durable bytes have been cut off"

// LineFault says what is wrong with a line apart from a missing newline, or "".
func LineFault(l Line) string {
	if l.Text == nil && l.Length > 1 {
		return fmt.Sprintf("longer than %d bytes", LongestLine)
	}
	if err := jsonline.Check(l.Text); err != nil {
		return err.Error()
	}
	return ""
}

// mendTail deals with an unfinished last line (promise 5). A whole object that lacks only its newline is completed.
// Anything else is put into quarantine, and only then cut off. Before that NULs take its place, durably: a power cut may
// bring back the size that the file had, and bytes of what is written there next, together with old ones, might make up
// an event that nobody has given.
//
// Calls to complete: write newline. Calls to cut: those of Quarantine, then write NULs, sync, truncate.
func (f *File) mendTail(tail Line) error {
	reason := "unfinished last line"
	if tail.Text != nil && jsonline.Check(tail.Text) == nil {
		if _, err := f.data.WriteAt([]byte{'\n'}, tail.Offset+tail.Length); err != nil {
			return fmt.Errorf("complete the last line of %s: %w", f.Path(), err)
		}
		f.sum = crc32.Update(f.sum, castagnoli, []byte{'\n'})
		f.noteEnd(tail.Text)
		f.noteEnd([]byte{'\n'})
		tail.Length++
		tail.Whole = true
		f.size = tail.Offset + tail.Length
		f.to.Line(tail)
		return nil
	}
	kept, err := Quarantine(f.fsys, f.dir, f.temp, f.data, tail.Offset, tail.Length, reason)
	if err != nil {
		return err
	}
	if err := f.wipe(tail.Offset, tail.Length); err != nil {
		return fmt.Errorf("cut off the unfinished last line of %s: %w", f.Path(), err)
	}
	if f.sum, err = f.sumOf(tail.Offset); err != nil {
		return err
	}
	f.to.Damage(Damage{File: f.Path(), Offset: tail.Offset, Length: tail.Length, Reason: reason, Kept: kept})
	return nil
}

// wipe cuts n bytes off the end, which begin at offset off and are in quarantine.
func (f *File) wipe(off, n int64) error {
	nul := make([]byte, min(chunk, n))
	for at := off; at < off+n; at += int64(len(nul)) {
		if _, err := f.data.WriteAt(nul[:min(int64(len(nul)), off+n-at)], at); err != nil {
			return reason(err)
		}
	}
	if err := f.data.Sync(); err != nil {
		return reason(err)
	}
	return f.data.Truncate(off)
}

// sumOf reads the first n bytes again for their checksum.
func (f *File) sumOf(n int64) (uint32, error) {
	sum, err := sumOf(f.data, n)
	if err != nil {
		err = fmt.Errorf("read %s: %w", f.Path(), err)
	}
	return sum, err
}
