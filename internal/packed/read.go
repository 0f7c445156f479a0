package packed

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
)

// Reader reads the content of a packed file at any offset. It may be used by several goroutines at once.
//
// What is damaged reads as NULs (and a newline, at the end), as many as there should be bytes, so that what stands
// before and behind it stands where it stood; Fault tells of it. A content that does not end with a newline has one
// behind it.
type Reader struct {
	codec   *Codec
	file    io.ReaderAt
	length  int64 // of the file
	frames  []frame
	content int64
	newline bool // one has been added
	note    *Note

	mu     sync.Mutex
	faults map[int]string // by frame: what unpacking it has found
	cache  []*unpacked    // the last one was used last
	room   int
}

// unpacked is a frame that is in memory, or about to be.
type unpacked struct {
	frame int
	done  chan struct{} // closed when the rest is set
	text  []byte
	err   error // of the file system
}

// Fault is a piece of a packed file that cannot be read.
type Fault struct {
	Offset, Length int64 // in the file
	Reason         string
}

// NewReader reads the packed file file, which has length bytes and must stay as it is. The error is the file system's,
// or says what of it Daybook cannot read; a damaged file is none.
func NewReader(codec *Codec, file io.ReaderAt, length int64) (*Reader, error) {
	r := &Reader{codec: codec, file: file, length: length, room: 2*min(runtime.GOMAXPROCS(0), 16) + 2}
	ok, err := r.fromTable()
	if err == nil && !ok {
		err = r.walk()
	}
	if err != nil {
		return nil, err
	}
	if r.note != nil && r.note.Size == r.content {
		return r, nil // it says what it ends with
	}
	r.note = nil
	if r.content == 0 {
		return r, nil
	}
	var last [1]byte
	if n, err := r.ReadAt(last[:], r.content-1); n < 1 {
		return nil, err
	}
	r.newline = last[0] != '\n'
	return r, nil
}

// Size returns how many bytes can be read.
func (r *Reader) Size() int64 {
	if r.newline {
		return r.content + 1
	}
	return r.content
}

// Note returns what the file says of its content; not ok if it says nothing, since another program has made it.
func (r *Reader) Note() (n Note, ok bool) {
	if r.note == nil {
		return n, false
	}
	return *r.note, true
}

// Fault returns the damaged piece of the file of which something stands between two offsets of the content, among those
// that have been read.
func (r *Reader) Fault(from, to int64) (f Fault, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := r.find(from); i < len(r.frames) && r.frames[i].from < to; i++ {
		p := r.frames[i]
		reason := p.fault
		if reason == "" {
			reason = r.faults[i]
		}
		if reason != "" && p.from+p.size > from {
			return Fault{p.at, p.length, reason}, true
		}
	}
	return f, false
}

// find returns the index of the frame in which the byte at an offset is.
func (r *Reader) find(off int64) int {
	i, ok := slices.BinarySearchFunc(r.frames, off, func(f frame, off int64) int { return int(min(1, max(-1, f.from-off))) })
	if !ok {
		i--
	}
	return max(i, 0)
}

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	for i := r.find(off); n < len(p) && off < r.content; i++ {
		text, err := r.text(i)
		if err != nil {
			return n, err
		}
		got := copy(p[n:], text[off-r.frames[i].from:])
		n, off = n+got, off+int64(got)
	}
	if n < len(p) && r.newline && off == r.content {
		p[n] = '\n'
		n++
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// text returns the content of a frame, which nobody changes. One that many ask for at once is unpacked once.
func (r *Reader) text(i int) ([]byte, error) {
	r.mu.Lock()
	for k, u := range r.cache {
		if u.frame == i {
			r.cache = append(slices.Delete(r.cache, k, k+1), u)
			r.mu.Unlock()
			<-u.done
			return u.text, u.err
		}
	}
	u := &unpacked{frame: i, done: make(chan struct{})}
	r.cache = append(r.cache, u)
	held := int64(0)
	for k := len(r.cache) - 1; k >= 0; k-- { // the oldest ones go
		held += r.frames[r.cache[k].frame].size
		if k < len(r.cache)-1 && held > int64(r.room)*FrameSize {
			r.cache = slices.Delete(r.cache, 0, k+1)
			break
		}
	}
	f := r.frames[i]
	r.mu.Unlock()
	defer close(u.done)
	var err error
	if f.fault == "" {
		u.text, err = r.unpack(f, make([]byte, 0, f.size))
		if err == nil && int64(len(u.text)) != f.size {
			err = fmt.Errorf("the frame holds %d bytes where there should be %d", len(u.text), f.size)
		}
	}
	if err == nil && f.fault == "" {
		return u.text, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && isRead(err) {
		u.err = err
		r.cache = slices.DeleteFunc(r.cache, func(o *unpacked) bool { return o == u })
		return nil, u.err
	}
	if err != nil {
		if r.faults == nil {
			r.faults = make(map[int]string)
		}
		r.faults[i] = err.Error()
	}
	u.text = make([]byte, f.size)
	if i == len(r.frames)-1 {
		u.text[f.size-1] = '\n' // what follows in the day begins a line
	}
	return u.text, nil
}

// unpack appends the content of a frame to dst.
func (r *Reader) unpack(f frame, dst []byte) ([]byte, error) {
	buf := make([]byte, f.length)
	if err := r.readFull(buf, f.at); err != nil {
		return nil, err
	}
	if !looksLike(buf) { // what is no frame is nothing to the decoder
		return nil, errNoFrame
	}
	text, err := r.codec.unpack(buf, dst)
	if err != nil {
		return nil, fmt.Errorf("the frame is damaged: %w", err)
	}
	return text, nil
}
