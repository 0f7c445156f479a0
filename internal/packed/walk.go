package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// frame is a piece of the file and of the content.
type frame struct {
	at, length int64  // in the file
	from, size int64  // in the content
	fault      string // why it cannot be read; its content counts as NULs
}

// fromTable reads the seek table. It is not ok if there is none, or none that fits the file.
func (r *Reader) fromTable() (ok bool, err error) {
	const tail = 64 << 10
	buf := make([]byte, min(tail, r.length))
	if err := r.readFull(buf, r.length-int64(len(buf))); err != nil || len(buf) < footerSize+8 {
		return false, err
	}
	footer := buf[len(buf)-footerSize:]
	n, flags := int64(le32(footer)), footer[4]
	entry := int64(8)
	if flags&0x80 != 0 {
		entry = 12 // with a checksum
	}
	size := 8 + n*entry + footerSize
	if le32(footer[5:]) != seekableMagic || flags&0x7c != 0 || size > r.length {
		return false, nil
	}
	if size > int64(len(buf)) {
		buf = make([]byte, size)
		if err := r.readFull(buf, r.length-size); err != nil {
			return false, err
		}
	}
	table := buf[int64(len(buf))-size:]
	if le32(table) != tableMagic || int64(le32(table[4:])) != size-8 {
		return false, nil
	}
	var frames []frame
	at, from := int64(0), int64(0)
	for table = table[8 : size-footerSize]; len(table) > 0; table = table[entry:] {
		f := frame{at: at, length: int64(le32(table)), from: from, size: int64(le32(table[4:]))}
		at, from = at+f.length, from+f.size
		if f.size > min(MaxFrame, most(f.length)) || from > maxContent || f.length == 0 || at > r.length-size {
			return false, nil
		}
		if f.size > 0 {
			frames = append(frames, f)
		} else if err := r.readNote(f); err != nil {
			return false, err
		}
	}
	if at != r.length-size || r.note != nil && r.note.Size != from {
		return false, nil
	}
	r.frames, r.content = frames, from
	return true, nil
}

// readNote takes in f if it is a Note.
func (r *Reader) readNote(f frame) error {
	if f.length < 8 || f.length > 64<<10 {
		return nil
	}
	buf := make([]byte, f.length)
	if err := r.readFull(buf, f.at); err != nil {
		return err
	}
	if le32(buf) == noteMagic {
		if n, ok := parseNote(buf[8:]); ok {
			r.note = &n
		}
	}
	return nil
}

var errNoFrame = errors.New("no zstd frame begins there")

// walk finds the frames from the file's beginning on, by their headers. Where it cannot go on, all the rest is a fault.
// What it makes of it has at least a byte, so that it is no empty day.
func (r *Reader) walk() error {
	r.frames, r.content, r.note = nil, 0, nil
	at := int64(0)
	for at < r.length {
		f, err := r.step(at)
		if err != nil && isRead(err) {
			return err
		}
		if err != nil {
			f = frame{at: at, length: r.length - at, size: min(max(f.size, 1), MaxFrame), fault: err.Error()}
		}
		f.from = r.content
		if f.size > 0 {
			r.frames = append(r.frames, f)
			r.content += f.size
		} else if err := r.readNote(f); err != nil {
			return err
		}
		if at += f.length; r.content > maxContent {
			return errors.New("it holds more than 64 GiB")
		}
	}
	if r.length == 0 {
		r.frames, r.content = []frame{{size: 1, fault: "the file is empty: no zstd frame has no bytes"}}, 1
	}
	return nil
}

// step returns the frame that begins at an offset. After an error its size is what the frame says it is, if it does.
func (r *Reader) step(at int64) (f frame, err error) {
	f.at = at
	head := make([]byte, min(zstd.HeaderMaxSize, r.length-at))
	if err := r.readFull(head, at); err != nil {
		return f, err
	}
	var h zstd.Header
	if err := h.Decode(head); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return f, errCutShort
		}
		return f, errNoFrame
	}
	if h.Skippable {
		if f.length = int64(h.HeaderSize) + int64(h.SkippableSize); at+f.length > r.length {
			return frame{at: at}, errCutShort
		}
		return f, nil
	}
	if h.HasFCS {
		if h.FrameContentSize > MaxFrame {
			return f, errTooLarge
		}
		f.size = int64(h.FrameContentSize)
	}
	end := at + int64(h.HeaderSize)
	var block [3]byte
	for last := false; !last; {
		if end+3 > r.length {
			return f, errCutShort
		}
		if err := r.readFull(block[:], end); err != nil {
			return f, err
		}
		b := uint32(block[0]) | uint32(block[1])<<8 | uint32(block[2])<<16
		last = b&1 != 0
		switch size := int64(b >> 3); b >> 1 & 3 {
		case 1: // one byte, repeated
			end += 3 + 1
		case 3:
			return f, errors.New("a block of a kind that there is not")
		default:
			end += 3 + size
		}
	}
	if h.HasCheckSum {
		end += 4
	}
	if f.length = end - at; end > r.length {
		return f, errCutShort
	}
	if h.HasFCS {
		if f.size > most(f.length) {
			return frame{at: at}, errLies
		}
		return f, nil
	}
	f.size, err = r.measure(f, h.WindowSize)
	return f, err
}

// most returns how much content n bytes of a frame may have at most: each block takes four bytes or more.
func most(n int64) int64 {
	const block = 128 << 10
	return n / 4 * block
}

// measure returns how much content a frame has that does not say so. It takes the memory of the frame's window.
func (r *Reader) measure(f frame, window uint64) (int64, error) {
	if window > MaxFrame {
		return 0, errTooLarge
	}
	from := &source{r: r, at: f.at, end: f.at + f.length}
	d, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(MaxFrame), zstd.WithDecoderMaxMemory(2*MaxFrame))
	if err != nil {
		return 0, fmt.Errorf("the frame is damaged: %w", err)
	}
	defer d.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(d, MaxFrame+1))
	switch {
	case isRead(from.err):
		return 0, from.err
	case n > MaxFrame:
		return 0, errTooLarge
	case err != nil:
		return 0, fmt.Errorf("the frame is damaged: %w", err)
	}
	return n, nil
}

// source reads a piece of the file.
type source struct {
	r       *Reader
	at, end int64
	err     error // of the file system
}

func (s *source) Read(p []byte) (int, error) {
	p = p[:min(int64(len(p)), s.end-s.at)]
	if len(p) == 0 {
		return 0, io.EOF
	}
	if s.err = s.r.readFull(p, s.at); s.err != nil {
		return 0, s.err
	}
	s.at += int64(len(p))
	return len(p), nil
}

var (
	errLies     = errors.New("a frame says that it holds more than its bytes can")
	errCutShort = errors.New("it ends in the midst of a frame")
	errTooLarge = errors.New("a frame holds more than 256 MiB, which Daybook does not unpack in memory: " +
		"unpack it with zstd -d, and let Daybook pack it")
)

// readError is an error of the file system.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

func isRead(err error) bool {
	var r readError
	return errors.As(err, &r)
}

func (r *Reader) readFull(buf []byte, at int64) error {
	n, err := r.file.ReadAt(buf, at)
	if n == len(buf) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return readError{err}
}

// looksLike reports whether data begins as a zstd file does.
func looksLike(data []byte) bool {
	return len(data) >= 4 && (binary.LittleEndian.Uint32(data) == 0xFD2FB528 || le32(data)&^0xf == skippable)
}
