package canvas_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"daybook/canvas"
)

// seeds are the boards of all cases.
func seeds(f *testing.F) []string {
	var boards []string
	for _, pattern := range []string{"testdata/diff/*.txt", "testdata/refused/*.txt"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			s := sections(string(data))
			for _, name := range []string{"board", "old", "new"} {
				if b, ok := s[name]; ok {
					boards = append(boards, b)
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		boards = append(boards, randomBoard(r))
	}
	return boards
}

// FuzzParse: nothing panics, what is accepted is JSON and re-encodes to the same bytes, and what is refused is no
// board by encoding/json either.
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := canvas.Parse(data)
		if err != nil {
			if isBoard(data) {
				t.Fatalf("%q is a board: %v", data, err)
			}
			return
		}
		once := b.Encode()
		if !json.Valid(once) {
			t.Fatalf("%q is encoded as %q", data, once)
		}
		again, err := canvas.Parse(once)
		if err != nil {
			t.Fatalf("%q is refused: %v", once, err)
		}
		if twice := again.Encode(); !bytes.Equal(once, twice) {
			t.Fatalf("encoded\n got %q\nthen %q", once, twice)
		}
		if b.Hash() != again.Hash() {
			t.Fatalf("%q and %q have two hashes", data, once)
		}
		if left := canvas.Diff(b, again); len(left) != 0 {
			t.Fatalf("%q and %q differ: %s", data, once, describe(left))
		}
		for _, n := range b.Nodes {
			n.Text()
			n.Color()
		}
	})
}

// isBoard reports whether encoding/json finds a board that cannot be nested too deep.
func isBoard(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var top map[string]any // of members with one name the last one stays
	if json.Unmarshal(data, &top) != nil || top == nil {
		return false
	}
	if bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("[")) > 48 {
		return false
	}
	for _, name := range []string{"nodes", "edges"} {
		list, ok := top[name].([]any)
		if !ok && top[name] != nil {
			return false
		}
		for _, v := range list {
			if _, ok := v.(map[string]any); !ok {
				return false
			}
		}
	}
	return true
}

// FuzzDiff: nothing panics, and a board with the changes made is the new board.
func FuzzDiff(f *testing.F) {
	all := seeds(f)
	for i := range all[1:] {
		f.Add([]byte(all[i]), []byte(all[i+1]))
	}
	f.Fuzz(func(t *testing.T, x, y []byte) {
		old, err := canvas.Parse(x)
		if err != nil {
			return
		}
		new, err := canvas.Parse(y)
		if err != nil {
			return
		}
		checkApply(t, old, new)
		checkApply(t, new, old)
		if old.Hash() == new.Hash() && len(canvas.Diff(old, new)) != 0 {
			t.Fatalf("%q and %q have one hash and differ", x, y)
		}
	})
}
