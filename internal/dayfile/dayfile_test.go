package dayfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"daybook/internal/durable"
)

func TestMarkIsItsInverse(t *testing.T) {
	for _, m := range []Mark{{}, {1, 2, 3, false}, {1, 2, 3, true}, {^uint64(0), 1<<63 - 1, ^uint32(0), true}} {
		b := m.Encode()
		if got, err := ParseMark(b); err != nil || got != m || len(b) != markLen {
			t.Errorf("ParseMark(%q): got %+v, %v, want %+v", b, got, err, m)
		}
		for i := range b { // any other bit, any other mark
			for bit := range 8 {
				c := bytes.Clone(b)
				c[i] ^= 1 << bit
				if got, err := ParseMark(c); err == nil {
					t.Fatalf("bit %d of byte %d flipped: read as %+v", bit, i, got)
				}
			}
		}
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add(Mark{1, 2, 3, false}.Encode())
	f.Add(Mark{1, 2, 3, true}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseMark(b); err == nil && !bytes.Equal(m.Encode(), b) {
			t.Fatalf("%q is read as %+v and written as %q", b, m, m.Encode())
		}
	})
}

// TestScanIsSplit compares Scan with a split of the whole file, at all kinds of line length around its buffers.
func TestScanIsSplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	lengths := []int{0, 1, 10, 4095, 4096, chunk - 1, chunk, chunk + 1, 2*chunk + 7, 900_000}
	for range 60 {
		var file strings.Builder
		for range rng.IntN(12) {
			file.WriteString(strings.Repeat("x", lengths[rng.IntN(len(lengths))]))
			if rng.IntN(8) > 0 {
				file.WriteByte('\n')
			}
		}
		text := file.String()
		var got []string
		var at int64
		err := Scan(strings.NewReader(text), 0, int64(len(text)), func(l Line) error {
			if l.Offset != at {
				t.Fatalf("a line begins at %d, want %d", l.Offset, at)
			}
			at += l.Length
			if l.Lines > 1 {
				got = append(got, strings.SplitAfter(text[l.Offset:at-1], "\n")...)
				got[len(got)-1] += "\n"
				return nil
			}
			end := ""
			if l.Whole {
				end = "\n"
			}
			got = append(got, string(l.Text)+end)
			return nil
		})
		want := strings.SplitAfter(text, "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%d bytes: got %d lines, %v, want %d", len(text), len(got), err, len(want))
		}
	}
}

// nuls reads as NUL bytes for ever.
type nuls struct{}

func (nuls) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

func TestScanBoundsMemory(t *testing.T) {
	var lines []Line
	size := int64(5 * LongestLine)
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			lines = nil
			if err := Scan(nuls{}, 0, size, func(l Line) error { lines = append(lines, l); return nil }); err != nil {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	if len(lines) != 1 || lines[0].Length != size || lines[0].Text != nil || lines[0].Whole {
		t.Errorf("got %d lines, want one unfinished of %d bytes without its text", len(lines), size)
	}
	if allocated > 5*LongestLine {
		t.Errorf("scanning %d bytes without a newline allocated %d", size, allocated)
	}
}

// TestQuarantineAgain: the same bytes are kept once, with the first note; other bytes never take their place.
func TestQuarantineAgain(t *testing.T) {
	dir := t.TempDir()
	keep := func(contents, reason string) string {
		t.Helper()
		name, err := Quarantine(durable.OS(), dir, dir, strings.NewReader(contents), 2, 3, reason)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	first := keep("..abc..", "one")
	note := read(strings.TrimSuffix(first, "raw") + "json")
	if again := keep("..abc", "two"); again != first || read(first) != "abc" || read(strings.TrimSuffix(first, "raw")+"json") != note {
		t.Errorf("kept again as %s: %q, note %s, want %s and %s", again, read(first), read(strings.TrimSuffix(first, "raw")+"json"), first, note)
	}
	for _, other := range []string{"abd", "abcd"} { // as if they had the same checksum
		if err := os.WriteFile(first, []byte(other), 0o644); err != nil {
			t.Fatal(err)
		}
		second := keep("..abc..", "three")
		if second == first || read(second) != "abc" || read(first) != other {
			t.Errorf("with %q in its place: kept as %s", other, second)
		}
	}
	if _, err := Quarantine(durable.OS(), dir, dir, strings.NewReader("..ab"), 2, 3, "short"); err == nil {
		t.Error("bytes that are not there are kept")
	}
}

func FuzzParseSums(f *testing.F) {
	f.Add(Sums{Size: 3, Files: []Sum{{Name: DataName}, {Name: "boards/x.canvas"}}}.Encode())
	f.Add([]byte("# size x events.json\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSums(data)
		if err != nil || s.Size < 0 {
			return
		}
		again, err := ParseSums(s.Encode())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(s) {
			t.Errorf("%q: got %v, %v, want %v", data, again, err, s)
		}
	})
}
