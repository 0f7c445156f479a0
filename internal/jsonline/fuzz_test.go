package jsonline

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
