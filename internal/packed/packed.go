// Package packed is the compressed form of a day file.
//
// It is zstd, in frames of a fixed size that can be read each by itself, with the seek table of the Zstandard seekable
// format at the end. Any zstd program unpacks it. What another program has compressed, without the table, is read too.
package packed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// FrameSize is how much content a frame has, in bytes; the last one may have less.
	FrameSize = 1 << 20
	// MaxFrame is the largest frame, by its content, that is read: a frame is unpacked in memory as a whole.
	MaxFrame = 256 << 20
	// maxContent is the most that a file can hold, in bytes.
	maxContent = 1 << 36
)

// The numbers of the format, all little-endian.
const (
	skippable     = 0x184D2A50 // and the 15 numbers behind it
	noteMagic     = skippable + 0xD
	tableMagic    = skippable + 0xE
	seekableMagic = 0x8F92EAB1
	footerSize    = 9
)

// Note is what a file that Pack has made says of its content. It stands before the seek table, in a frame that other
// programs skip.
type Note struct {
	Size  int64             // bytes
	Sum   uint32            // CRC32C
	Hash  [sha256.Size]byte // SHA-256
	Joins []Join            // ascending, the first one at 0
}

// Join is where in the content a day file began that was packed.
type Join struct {
	Offset int64
	Line   uint32 // CRC32C of its first line, the newline included
}

const noteIntro = "daybook packed v1: "

// encode returns the note as one line of text:
//
//	daybook packed v1: SIZE CRC32C SHA256 OFFSET:CRC32C,… CHECK
//
// CHECK is the CRC32C of everything before it. Sizes and offsets are decimal, the rest is hexadecimal.
func (n Note) encode() []byte {
	b := fmt.Appendf(nil, "%s%d %08x %x ", noteIntro, n.Size, n.Sum, n.Hash)
	for i, j := range n.Joins {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%d:%08x", j.Offset, j.Line)
	}
	b = append(b, ' ')
	return fmt.Appendf(b, "%08x\n", crc32.Checksum(b, castagnoli()))
}

// parseNote reads what encode has written.
func parseNote(b []byte) (n Note, ok bool) {
	text, ok := strings.CutPrefix(string(b), noteIntro)
	fields := strings.Split(strings.TrimSuffix(text, "\n"), " ")
	if !ok || len(fields) != 5 {
		return n, false
	}
	size, err := strconv.ParseInt(fields[0], 10, 64)
	sum, serr := strconv.ParseUint(fields[1], 16, 32)
	hash, herr := hex.DecodeString(fields[2])
	if err != nil || serr != nil || herr != nil || len(hash) != sha256.Size || size < 0 {
		return n, false
	}
	n = Note{Size: size, Sum: uint32(sum), Hash: [sha256.Size]byte(hash)}
	for _, f := range strings.Split(fields[3], ",") {
		at, line, _ := strings.Cut(f, ":")
		off, err := strconv.ParseInt(at, 10, 64)
		first, ferr := strconv.ParseUint(line, 16, 32)
		if err != nil || ferr != nil || off < 0 || off > size {
			return n, false
		}
		n.Joins = append(n.Joins, Join{off, uint32(first)})
	}
	return n, bytes.Equal(n.encode(), b)
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// skip returns a frame that every reader skips.
func skip(magic uint32, text []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, magic)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
}

// Codec packs and unpacks. The zero Codec is ready; it may be used by several goroutines at once, and keeps its working
// memory, some megabytes for each processor in use.
type Codec struct {
	decoder func() (*zstd.Decoder, error)
	once    sync.Once
}

// unpack appends the content of one frame to dst, which has room for it.
func (c *Codec) unpack(frame, dst []byte) ([]byte, error) {
	c.once.Do(func() {
		c.decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
			return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxFrame))
		})
	})
	d, err := c.decoder()
	if err != nil {
		return nil, err
	}
	return d.DecodeAll(frame, dst)
}
