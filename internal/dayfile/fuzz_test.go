package dayfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// addVectors seeds f with the day files of testdata/vectors.
func addVectors(f *testing.F, add func(data []byte)) {
	files, err := filepath.Glob("../../testdata/vectors/*.events.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		add(data)
	}
}

// FuzzScan: however long the lines are, and wherever a scan begins, what it yields is the input, cut behind each newline, and
// nothing is held that is longer than a line may be.
func FuzzScan(f *testing.F) {
	addVectors(f, func(data []byte) { f.Add(data, uint32(0), uint16(0)) })
	f.Add([]byte("a\nbc\n\nd"), uint32(chunk-2), uint16(2))
	f.Add([]byte("a\nbc\n\nd"), uint32(2*chunk), uint16(6))
	f.Fuzz(func(t *testing.T, data []byte, long uint32, at uint16) {
		// A run of bytes makes lines that are longer than the buffers.
		k := min(int(at), len(data))
		text := make([]byte, 0, len(data)+int(long%(3*chunk)))
		text = append(append(text, data[:k]...), bytes.Repeat([]byte{'x'}, int(long%(3*chunk)))...)
		text = append(text, data[k:]...)

		var all []byte
		var starts []int64
		err := Scan(bytes.NewReader(text), 0, int64(len(text)), func(l Line) error {
			end := l.Offset + l.Length
			switch {
			case l.Offset != int64(len(all)):
				t.Fatalf("a line begins at %d, want %d", l.Offset, len(all))
			case l.Whole != (text[end-1] == '\n') || !l.Whole && end != int64(len(text)):
				t.Fatalf("the line at %d, %d bytes: whole is %v", l.Offset, l.Length, l.Whole)
			case bytes.IndexByte(l.Text, '\n') >= 0:
				t.Fatalf("the line at %d has a newline within", l.Offset)
			case l.Lines > 1:
				run := text[l.Offset:end]
				if bytes.Count(run, []byte("\n")) != l.Lines || bytes.IndexByte(run, '{') >= 0 {
					t.Fatalf("%q is taken for a run of %d lines of damage", run, l.Lines)
				}
				all = append(all, run...)
				for i := range run {
					if i == 0 || run[i-1] == '\n' {
						starts = append(starts, l.Offset+int64(i))
					}
				}
				return nil
			}
			all, starts = append(all, l.Text...), append(starts, l.Offset)
			if l.Whole {
				all = append(all, '\n')
			}
			return nil
		})
		if err != nil || !bytes.Equal(all, text) {
			t.Fatalf("%d bytes are scanned as %d, %v", len(text), len(all), err)
		}
		if len(starts) == 0 {
			return
		}
		i := int(at) % len(starts)
		rest := 0
		err = Scan(bytes.NewReader(text), starts[i], int64(len(text)), func(l Line) error {
			if l.Offset != starts[i+rest] {
				t.Fatalf("from %d: a line begins at %d, want %d", starts[i], l.Offset, starts[i+rest])
			}
			rest += l.Lines
			return nil
		})
		if err != nil || rest != len(starts)-i {
			t.Fatalf("from line %d of %d: got %d lines, %v", i, len(starts), rest, err)
		}
	})
}
