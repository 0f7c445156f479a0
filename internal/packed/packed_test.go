package packed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// file is a file in memory.
type file struct{ bytes.Buffer }

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if off != int64(f.Len()) {
		return 0, errors.New("written out of order")
	}
	return f.Write(p)
}

// lines returns n lines of 100 bytes.
func lines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "%099d\n", i*i*7919)
	}
	return b.Bytes()
}

func pack(t testing.TB, content []byte, joins ...int64) []byte {
	t.Helper()
	var f file
	if _, err := Pack(t.Context(), &f, bytes.NewReader(content), int64(len(content)), joins...); err != nil {
		t.Fatal(err)
	}
	return f.Bytes()
}

func unpack(t testing.TB, data []byte) (*Reader, []byte) {
	t.Helper()
	r, err := NewReader(new(Codec), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	all := make([]byte, r.Size())
	if n, err := r.ReadAt(all, 0); int64(n) < r.Size() {
		t.Fatalf("read %d of %d bytes: %v", n, r.Size(), err)
	}
	return r, all
}

// TestPack: what is packed is there at any offset, by several readers at once, and says what it is.
func TestPack(t *testing.T) {
	for _, n := range []int{0, 1, 40, 10485, 10486, 33000} {
		content := lines(n)
		data := pack(t, content, int64(n/2*100))
		r, all := unpack(t, data)
		if !bytes.Equal(all, content) {
			t.Errorf("%d lines: other bytes", n)
		}
		note, ok := r.Note()
		want := Note{
			Size: int64(len(content)), Sum: crc32.Checksum(content, castagnoli()), Hash: sha256.Sum256(content),
			Joins: []Join{{Offset: 0}, {Offset: int64(n / 2 * 100)}},
		}
		for i, j := range want.Joins {
			want.Joins[i].Line = crc32.Checksum(content[j.Offset:min(len(content), int(j.Offset)+100)], castagnoli())
		}
		if !ok || !cmp.Equal(note, want) {
			t.Errorf("%d lines: note %+v, want %+v", n, note, want)
		}
		fresh, err := NewReader(new(Codec), bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		var readers sync.WaitGroup
		for k := range 8 {
			readers.Go(func() {
				buf := make([]byte, 300_000)
				for off := int64(k * 1000); off < int64(len(content)); off += 1_500_001 {
					n, err := fresh.ReadAt(buf, off)
					if err != nil && err != io.EOF || !bytes.Equal(buf[:n], content[off:min(off+300_000, int64(len(content)))]) {
						t.Errorf("at %d: %d bytes, %v", off, n, err)
					}
				}
			})
		}
		readers.Wait()
	}
}

// TestOthers: zstd reads what Pack has made, and what zstd makes is read, with a newline at its end.
func TestOthers(t *testing.T) {
	if _, err := exec.LookPath("zstd"); err != nil {
		t.Skip("zstd is not installed: ", err)
	}
	run := func(in []byte, args ...string) []byte {
		cmd := exec.Command("zstd", args...)
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	content := lines(33000)
	if got := run(pack(t, content), "-dc"); !bytes.Equal(got, content) {
		t.Error("zstd reads other bytes")
	}
	two := append(run(content[:1000], "-c"), run(content[1000:], "-c", "--no-check")...)
	for name, data := range map[string][]byte{
		"a stream, its size not said": run(content, "-c"),
		"fast":                        run(content, "-c", "--fast=5", "--stream-size=3300000"),
		"two frames":                  two,
		"no newline":                  run(content[:len(content)-1], "-c"),
	} {
		r, all := unpack(t, data)
		if !bytes.Equal(all, content) {
			t.Errorf("%s: other bytes", name)
		}
		if _, ok := r.Note(); ok {
			t.Errorf("%s: it has a note", name)
		}
		if f, ok := r.Fault(0, r.Size()); ok {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// TestDamage: whatever is damaged is told, is no panic, and no empty day; what stands elsewhere stands where it stood.
func TestDamage(t *testing.T) {
	content := lines(33000) // four frames
	data := pack(t, content)
	r, _ := unpack(t, data)
	third := r.frames[2]
	flip := func(at int64) []byte {
		d := bytes.Clone(data)
		d[at] ^= 0x10
		return d
	}
	enc, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true))
	if err != nil {
		t.Fatal(err)
	}
	short := enc.EncodeAll(content[:500], nil)
	for _, test := range []struct {
		name   string
		data   []byte
		offset int64  // of the fault
		reason string // in it
		sound  int    // bytes at the beginning that are as they were
	}{
		{"a byte of a frame", flip(third.at + third.length/2), third.at, "damaged", 2 << 20},
		{"its checksum", flip(third.at + third.length - 1), third.at, "damaged", 2 << 20},
		{"its first byte", flip(third.at), third.at, "", 2 << 20},
		{"the table", flip(int64(len(data)) - 20), 0, "", 4 << 20},
		{"the table's magic", flip(int64(len(data)) - 1), 0, "", 4 << 20},
		{"cut in a frame", data[:third.at+third.length/2], third.at, "midst", 2 << 20},
		{"cut in a header", data[:third.at+3], third.at, "midst", 2 << 20},
		{"something behind it", append(bytes.Clone(data), "hello, this is no frame"...), int64(len(data)), "no zstd frame", 4 << 20},
		{"nothing", nil, 0, "empty", 0},
		{"text", []byte("hello"), 0, "no zstd frame", 0},
		{"a day file", content, 0, "no zstd frame", 0},
		{"the beginning of a frame", short[:5], 0, "midst", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, all := unpack(t, test.data)
			sound := min(test.sound, len(content))
			if len(all) == 0 || len(all) < sound || !bytes.Equal(all[:sound], content[:sound]) {
				t.Errorf("%d bytes, which are others in the first %d", len(all), sound)
			}
			f, ok := r.Fault(0, r.Size())
			if ok && (f.Offset != test.offset || f.Length <= 0 && len(test.data) > 0 || !strings.Contains(f.Reason, test.reason)) {
				t.Errorf("got %+v, want one at %d with %q", f, test.offset, test.reason)
			}
			if !ok && !bytes.Equal(all, content) {
				t.Error("no fault is told")
			}
			if test.name[0] == 'a' && len(all) == len(content) && !bytes.Equal(all[3<<20:], content[3<<20:]) {
				t.Error("the last frame is not as it was")
			}
		})
	}
}

// TestReadErrors: an error of the disk is one, and no damage; a later read may go well.
func TestReadErrors(t *testing.T) {
	content := lines(20000)
	data := pack(t, content)
	bad := &flaky{data: data, err: errors.New("the disk is bad")}
	if _, err := NewReader(new(Codec), bad, int64(len(data))); !errors.Is(err, bad.err) {
		t.Errorf("open: %v", err)
	}
	r, err := NewReader(new(Codec), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	r.file = bad
	buf := make([]byte, 100)
	if _, err := r.ReadAt(buf, 1_500_000); !errors.Is(err, bad.err) {
		t.Errorf("read: %v", err)
	}
	if f, ok := r.Fault(0, r.Size()); ok {
		t.Errorf("taken for damage: %v", f)
	}
	bad.err = nil
	if _, err := r.ReadAt(buf, 1_500_000); err != nil || !bytes.Equal(buf, content[1_500_000:1_500_100]) {
		t.Errorf("read again: %q, %v", buf, err)
	}
}

type flaky struct {
	data []byte
	err  error
}

func (f *flaky) ReadAt(p []byte, off int64) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return bytes.NewReader(f.data).ReadAt(p, off)
}

// TestTooLarge: a frame that says that it is huge is neither unpacked nor believed.
func TestTooLarge(t *testing.T) {
	head := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0} // single segment, eight bytes of size
	data := append(head, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0)
	r, all := unpack(t, data)
	if f, ok := r.Fault(0, r.Size()); !ok || len(all) > 10 || !strings.Contains(f.Reason, "256 MiB") {
		t.Errorf("%d bytes, %+v", len(all), f)
	}
}

// TestLies: what a header or a seek table says is not believed beyond what the bytes can hold, and costs no memory; nor does
// a frame that does not say its size and is huge.
func TestLies(t *testing.T) {
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	short := append(bytes.Clone(magic), 0xa0, 0, 0, 0, 0x10, 1, 0, 0) // 256 MiB in an empty raw block
	table := append(append(bytes.Clone(magic), 0x20, 1, 9, 0, 0, 'x'), skip(tableMagic, append(
		binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 10), MaxFrame),
		1, 0, 0, 0, 0, 0xb1, 0xea, 0x92, 0x8f))...)
	window := append(bytes.Clone(magic), 0, 0xa8, 1, 0, 0) // 2 GiB
	huge := append(bytes.Clone(magic), 0, 0x38)            // 128 KiB
	for range MaxFrame>>17 + 1 {
		huge = append(huge, 2, 0, 0x10, 'x') // 128 KiB, one byte repeated
	}
	huge = append(huge, 1, 0, 0)
	for name, c := range map[string]struct {
		data   []byte
		reason string // "": it is read
	}{
		"size": {short, "more than its bytes can"}, "table": {table, ""}, "window": {window, "256 MiB"}, "huge": {huge, "256 MiB"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, all := unpack(t, c.data)
		runtime.ReadMemStats(&after)
		f, ok := r.Fault(0, r.Size())
		if ok != (c.reason != "") || !strings.Contains(f.Reason, c.reason) || len(all) > 10 {
			t.Errorf("%s: %d bytes, %v, %+v", name, len(all), ok, f)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
			t.Errorf("%s: it took %d bytes of memory", name, took)
		}
	}
}

// FuzzReader: no panic, no error but of reading; what is read is read again the same, and something is.
func FuzzReader(f *testing.F) {
	whole := pack(f, lines(30))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(nil))
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(enc.EncodeAll([]byte("{}\n{}"), nil))
	f.Add(append(enc.EncodeAll(lines(3), nil), whole...))
	codec := new(Codec)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(codec, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return // more than a day can hold
		}
		n := min(r.Size(), 1<<20)
		a, b := make([]byte, n), make([]byte, n)
		k, err := r.ReadAt(a, 0)
		if int64(k) != n {
			t.Fatalf("read %d of %d bytes: %v", k, n, err)
		}
		for off := n; off > 0; { // backwards, piece by piece
			from := max(0, off-1000)
			if _, err := r.ReadAt(b[from:off], from); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			off = from
		}
		if !bytes.Equal(a, b) {
			t.Error("read again it is another content")
		}
		if n > 0 && r.Size() <= 1<<20 && a[n-1] != '\n' {
			t.Errorf("it ends in the midst of a line: %q", a[n-1])
		}
	})
}
