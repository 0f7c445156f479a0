package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// testMax is the length limit of these tests: a lineReader's work does not depend on it.
const testMax = 16

// readAll returns what a lineReader gives out, each line as "N TEXT" or "N too long", and how it ends.
func readAll(r io.Reader) ([]string, error) {
	var got []string
	lines := newLineReader(r, testMax)
	for {
		batch, err := lines.next()
		if err != nil {
			return got, err
		}
		for _, l := range batch {
			if l.long {
				got = append(got, fmt.Sprintf("%d too long", l.n))
			} else {
				got = append(got, fmt.Sprintf("%d %s", l.n, l.text))
			}
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", testMax)
	for _, test := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"one line", "{}\n", []string{"1 {}"}},
		{"no final newline", "{}\n[]", []string{"1 {}", "2 []"}},
		{"blank lines are counted", "\n \t\r\n{}\n\n[]\n\n", []string{"3 {}", "5 []"}},
		{"CRLF", "{}\r\n[]\r\n", []string{"1 {}", "2 []"}},
		{"byte order mark", "\ufeff{}\n", []string{"1 {}"}},
		{"byte order mark alone", "\ufeff\n{}", []string{"2 {}"}},
		{"byte order mark later", "{}\n\ufeff{}\n", []string{"1 {}", "2 \ufeff{}"}},
		{"as long as may be", long + "\n" + long + "\r\n" + long, []string{"1 " + long, "2 " + long, "3 " + long}},
		{"as long as may be behind a byte order mark", "\ufeff" + long + "\r\n{}", []string{"1 " + long, "2 {}"}},
		{"too long behind a byte order mark", "\ufeff" + long + "x\n{}", []string{"1 too long", "2 {}"}},
		{"one too long", long + "x\n{}\n", []string{"1 too long", "2 {}"}},
		{"one too long at the end", "{}\n" + long + "x", []string{"1 {}", "2 too long"}},
		{"longer than the buffer", strings.Repeat("x", 3*readSize) + "\n{}", []string{"1 too long", "2 {}"}},
		{"longer than the buffer, unfinished", "{}\n" + strings.Repeat("x", 3*readSize), []string{"1 {}", "2 too long"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"whole":       strings.NewReader(test.in),
				"halves":      iotest.HalfReader(strings.NewReader(test.in)),
				"single":      iotest.OneByteReader(strings.NewReader(test.in)),
				"end at once": iotest.DataErrReader(strings.NewReader(test.in)),
			} {
				got, err := readAll(r)
				if diff := cmp.Diff(test.want, got); diff != "" || err != io.EOF {
					t.Errorf("%s: ended with %v, lines (-want +got):\n%s", name, err, diff)
				}
			}
		})
	}
}

// utf16Bytes is text as Windows PowerShell's > writes it, or in the other order of bytes, and without a byte order mark.
func utf16Bytes(order binary.AppendByteOrder, text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// TestLinesUTF16: an input in UTF-16 has no lines, however it arrives.
func TestLinesUTF16(t *testing.T) {
	for name, in := range map[string][]byte{
		"little-endian":               utf16Bytes(binary.LittleEndian, "\ufeff{\"a\":\"卡片\"}\r\n{}\r\n"),
		"big-endian":                  utf16Bytes(binary.BigEndian, "\ufeff{\"a\":\"卡片\"}\r\n{}\r\n"),
		"little-endian without mark":  utf16Bytes(binary.LittleEndian, "{\"a\":\"卡片\"}\r\n{}\r\n"),
		"big-endian without mark":     utf16Bytes(binary.BigEndian, "{\"a\":\"卡片\"}\r\n{}\r\n"),
		"a blank line first":          utf16Bytes(binary.LittleEndian, "\ufeff\n{}\n"),
		"a blank line first, swapped": utf16Bytes(binary.BigEndian, "\ufeff\n{}\n"),
		"the mark alone":              utf16Bytes(binary.LittleEndian, "\ufeff"),
	} {
		for reader, r := range map[string]io.Reader{
			"whole":       bytes.NewReader(in),
			"single":      iotest.OneByteReader(bytes.NewReader(in)),
			"end at once": iotest.DataErrReader(bytes.NewReader(in)),
		} {
			if got, err := readAll(r); len(got) > 0 || !errors.Is(err, errUTF16) {
				t.Errorf("%s, %s: got %q and %v, want no line and %v", name, reader, got, err, errUTF16)
			}
		}
	}
	// Bytes that a torn line may begin with are no UTF-16.
	for in, want := range map[string][]string{
		"{\x00\x00\x00\x00\n{}": {"1 {\x00\x00\x00\x00", "2 {}"},
		"\x00{\"a\":1}\n{}":     {"1 \x00{\"a\":1}", "2 {}"},
		"\xff\n\xff\xfe\n":      {"1 \xff", "2 \xff\xfe"},
		"{\x00\"\"\n{}":         {"1 {\x00\"\"", "2 {}"},
		"{\x00\n\x00\n{}":       {"1 {\x00", "2 \x00", "3 {}"},
	} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
			if got, err := readAll(r); !cmp.Equal(got, want) || err != io.EOF {
				t.Errorf("%q: got %q and %v, want %q", in, got, err, want)
			}
		}
	}
}

// After an error of the input, what has no line ending is no line: it may be half of one.
func TestLinesError(t *testing.T) {
	broken := errors.New("the cable is out")
	got, err := readAll(io.MultiReader(strings.NewReader("{}\n[1,2"), iotest.ErrReader(broken)))
	if want := []string{"1 {}"}; !cmp.Equal(got, want) || !errors.Is(err, broken) {
		t.Errorf("got %q and %v, want %q and %v", got, err, want, broken)
	}
}

// A line is given out when it has arrived: next does not read once more while it has one.
func TestLinesAtOnce(t *testing.T) {
	in := &countReader{chunks: []string{"{}\n", "[]\n1", "\n"}}
	lines := newLineReader(in, testMax)
	for want := 1; want <= 3; want++ {
		if batch, err := lines.next(); err != nil || len(batch) != 1 || in.reads != want {
			t.Errorf("line %d: %d lines after %d reads, %v", want, len(batch), in.reads, err)
		}
	}
	if n := lines.upcoming(); n != 4 {
		t.Errorf("upcoming line %d, want 4", n)
	}
}

// countReader returns one chunk a Read.
type countReader struct {
	chunks []string
	reads  int
}

func (r *countReader) Read(p []byte) (int, error) {
	if r.reads == len(r.chunks) {
		return 0, io.EOF
	}
	r.reads++
	return copy(p, r.chunks[r.reads-1]), nil
}

// FuzzLines: however the input is cut into reads, its lines are those that bytes.Split finds; UTF-16 has none.
func FuzzLines(f *testing.F) {
	f.Add([]byte("\xff\xfe{\x00}\x00\n\x00"), uint8(0))
	f.Add([]byte("\x00{\x00}\x00\n"), uint8(1))
	f.Add([]byte("\ufeff{}\r\n\n[1,2]\n \nlonger than sixteen bytes\nlast"), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, chunk uint8) {
		var want []string
		for i, text := range bytes.Split(in, []byte("\n")) {
			if i == 0 {
				text = bytes.TrimPrefix(text, []byte("\ufeff"))
			}
			text = bytes.TrimSuffix(text, []byte("\r"))
			if len(text) > testMax {
				want = append(want, fmt.Sprintf("%d too long", i+1))
			} else if len(bytes.Trim(text, " \t\r")) > 0 {
				want = append(want, fmt.Sprintf("%d %s", i+1, text))
			}
		}
		end := io.EOF
		if regexp.MustCompile(`^(\xff\xfe|\xfe\xff|\{\x00[^\x00\n]\x00|\x00\{\x00[^\x00\n])`).Match(latin1(in)) {
			want, end = nil, errUTF16
		} else if other := otherThanText(in); other != nil && len(want) > 0 {
			t.Skip("compressed")
		}
		got, err := readAll(&chunkReader{bytes.NewReader(in), int(chunk) + 1})
		if diff := cmp.Diff(want, got); diff != "" || err != end {
			t.Errorf("%q: ended with %v, lines (-want +got):\n%s", in, err, diff)
		}
	})
}

// latin1 has a character for each byte, as regexp sees them.
func latin1(in []byte) []byte {
	var b []byte
	for _, c := range in {
		b = utf8.AppendRune(b, rune(c))
	}
	return b
}

// chunkReader reads at most n bytes at a time.
type chunkReader struct {
	r io.Reader
	n int
}

func (c *chunkReader) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), c.n)]) }
