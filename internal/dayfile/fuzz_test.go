package dayfile

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
			rest++
			return nil
		})
		if err != nil || rest != len(starts)-i {
			t.Fatalf("from line %d of %d: got %d lines, %v", i, len(starts), rest, err)
		}
	})
}

// FuzzCheck: Check and ParseObject agree on what a line is. What ParseObject makes of it has no white space between its
// parts, is its own result, and Members are where they are said to be.
func FuzzCheck(f *testing.F) {
	addVectors(f, func(data []byte) {
		for line := range bytes.Lines(data) {
			f.Add(line)
		}
	})
	f.Fuzz(func(t *testing.T, line []byte) {
		o, err := ParseObject(line)
		if cerr := Check(line); (cerr == nil) != (err == nil) || err != nil && cerr.Error() != err.Error() {
			t.Fatalf("%q: Check says %v, ParseObject %v", line, cerr, err)
		}
		if err != nil {
			if at := err.(*GrammarError).Offset; at < 0 || at > len(line) {
				t.Fatalf("%q: the error is at %d", line, at)
			}
			return
		}
		again, err := ParseObject(o.JSON)
		if err != nil || !bytes.Equal(again.JSON, o.JSON) {
			t.Fatalf("%q is read as %q, and that as %q, %v", line, o.JSON, again.JSON, err)
		}
		whole := []byte{'{'}
		for i, m := range o.Members {
			if i > 0 {
				whole = append(whole, ',')
			}
			whole = append(append(whole, o.JSON[m.NameStart:m.NameEnd]...), ':')
			whole = append(whole, o.Value(m)...)
			if got := o.Find(o.Name(m)); !bytes.Equal(got, o.Value(m)) {
				t.Fatalf("%q: Find(%q): got %q", line, o.Name(m), got)
			}
		}
		if whole = append(whole, '}'); !bytes.Equal(whole, o.JSON) {
			t.Fatalf("%q: the members of %q make %q", line, o.JSON, whole)
		}
	})
}

// FuzzCompact: what compact accepts the parser does too, and finds the same in it. It leaves to the parser only what has
// white space between its parts, escapes, or more names than it compares.
func FuzzCompact(f *testing.F) {
	addVectors(f, func(data []byte) {
		for line := range bytes.Lines(data) {
			f.Add(bytes.TrimSuffix(line, []byte("\n")))
		}
	})
	for _, s := range []string{
		`{"a":-0.5e-3,"b":[1,[],{},{"a":null}],"12345678":true,"1234567890":"é","a234567890":""}`, `{"aaaaaaaa":1,"aaaaaaaa":2}`,
		`{"a":01}`, `{"a":1.}`, `{"a":"x` + "\x1f" + `y"}`, `{"a":"1234567` + "\xff" + `"}`, `{"a":tru}`, `{"a":1,}`, `{"a":[1,]}`, `{"a":"\x"}`,
		`{"a":"\\","b":"\"","c":"\u00e9"}`, strings.Repeat(`{"a":`, MaxDepth) + `{}` + strings.Repeat(`}`, MaxDepth), `{"a":"12345678`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var c compact
		quick := c.object(line)
		p := newParser(line)
		p.dst, p.members = []byte{}, []Member{}
		err := p.object()
		same := err == nil && bytes.Equal(p.dst, line)
		switch many := bytes.Count(line, []byte(":")) > 64; {
		case quick && !same:
			t.Fatalf("%q is accepted; the parser: %v, %q", line, err, p.dst)
		case quick && !slices.Equal(c.members, p.members):
			t.Fatalf("%q: members %v, the parser: %v", line, c.members, p.members)
		case !quick && same && !many && bytes.IndexByte(line, '\\') < 0:
			t.Fatalf("%q is not accepted", line)
		}
	})
}
