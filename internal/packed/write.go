package packed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Pack writes the first size bytes of from, whole lines, to the beginning of to, packed, and returns what it says of
// them. joins are where in them day files began, besides 0. Memory is a few frames.
func Pack(ctx context.Context, to io.WriterAt, from io.ReaderAt, size int64, joins ...int64) (Note, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true), zstd.WithSingleSegment(true))
	if err != nil {
		return Note{}, err
	}
	defer enc.Close() // nothing is streamed
	p := packer{to: to}
	n := Note{Size: size}
	h := sha256.New()
	buf := make([]byte, min(FrameSize, size))
	for at := int64(0); at < size; at += int64(len(buf)) {
		if err := context.Cause(ctx); err != nil {
			return n, err
		}
		buf = buf[:min(FrameSize, size-at)]
		if got, err := from.ReadAt(buf, at); got < len(buf) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return n, fmt.Errorf("read at offset %d: %w", at, err)
		}
		h.Write(buf)
		n.Sum = crc32.Update(n.Sum, castagnoli(), buf)
		if err := p.put(enc.EncodeAll(buf, p.buf[:0]), len(buf)); err != nil {
			return n, err
		}
	}
	h.Sum(n.Hash[:0])
	for _, at := range append([]int64{0}, joins...) {
		line, err := lineSum(from, at, size)
		if err != nil {
			return n, err
		}
		n.Joins = append(n.Joins, Join{at, line})
	}
	if err := p.put(skip(noteMagic, n.encode()), 0); err != nil {
		return n, err
	}
	return n, p.end()
}

// packer writes frames.
type packer struct {
	to    io.WriterAt
	at    int64
	table []byte
	n     uint32
	buf   []byte
}

func (p *packer) put(frame []byte, content int) error {
	p.buf = frame
	_, err := p.to.WriteAt(frame, p.at)
	p.at += int64(len(frame))
	p.table = binary.LittleEndian.AppendUint32(p.table, uint32(len(frame)))
	p.table = binary.LittleEndian.AppendUint32(p.table, uint32(content))
	p.n++
	return err
}

// end writes the seek table.
func (p *packer) end() error {
	p.table = binary.LittleEndian.AppendUint32(p.table, p.n)
	p.table = append(p.table, 0)
	p.table = binary.LittleEndian.AppendUint32(p.table, seekableMagic)
	_, err := p.to.WriteAt(skip(tableMagic, p.table), p.at)
	return err
}

// lineSum returns the CRC32C of the line that begins at an offset of r, which has size bytes.
func lineSum(r io.ReaderAt, at, size int64) (sum uint32, err error) {
	buf := make([]byte, 4096)
	for at < size {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if n == 0 {
			return 0, fmt.Errorf("read at offset %d: %w", at, err)
		}
		if k := bytes.IndexByte(buf[:n], '\n'); k >= 0 {
			return crc32.Update(sum, castagnoli(), buf[:k+1]), nil
		}
		sum = crc32.Update(sum, castagnoli(), buf[:n])
		at += int64(n)
	}
	return sum, nil
}
