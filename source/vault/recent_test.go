package vault

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook/internal/faultfs"

	"github.com/google/go-cmp/cmp"
)

// TestRecentStates: what was recorded last is not read again, unless its file is another by now.
func TestRecentStates(t *testing.T) {
	book := newFakeBook(t.TempDir())
	reads := 0
	fsys := &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
		if c.Op == "read" && strings.HasSuffix(c.Name, baseSuffix) {
			reads++
		}
		return faultfs.Fault{}
	}}
	opts := (&Options{}).withDefaults(book)
	opts.fsys = fsys
	r, err := openRecorder(book, opts)
	if err != nil {
		t.Fatal(err)
	}
	record := func(wantReads int, items ...string) {
		t.Helper()
		reads = 0
		if err := r.Record(context.Background(), Save{Path: "a.canvas", Board: parse(t, boardOf(items))}); err != nil {
			t.Fatal(err)
		}
		if (reads > 0) != (wantReads > 0) {
			t.Errorf("%v: the baseline was read %d times", items, reads)
		}
	}
	record(0, "n:1:a")
	record(1, "n:2:a") // the first sight is not kept
	record(0, "n:3:a")
	record(0, "n:3:b", "m:1:c")
	files, err := filepath.Glob(filepath.Join(book.dir, "baseline", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("baselines %v %v", files, err)
	}
	if err := os.Chtimes(files[0], time.Time{}, time.Now().Add(time.Hour)); err != nil { // the same bytes, but who knows
		t.Fatal(err)
	}
	record(1, "n:3:b")
	record(0, "n:4:b")
	rewrite(t, files[0], func(b []byte) []byte { return b[:len(b)/2] })
	record(1, "n:5:b")
	want := []string{
		"a.canvas canvas_created nodes=1 edges=0", "a.canvas node_color_change n 1>2", "a.canvas node_color_change n 2>3",
		"a.canvas node_text_change n a>b", "a.canvas node_added m", "a.canvas node_removed m", "a.canvas node_color_change n 3>4",
		"a.canvas canvas_created nodes=1 edges=0",
	}
	if diff := cmp.Diff(want, told(t, book)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestRecentStatesAreBounded: the oldest go when there is too much of them.
func TestRecentStatesAreBounded(t *testing.T) {
	dir := t.TempDir()
	var c recentStates
	board := parse(t, boardOf([]string{"n:1:a"}))
	note := func(file string, s *state) {
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		c.note(osFS(), file, s, board)
	}
	for i, name := range []string{"a", "b", "c"} {
		file := filepath.Join(dir, name)
		note(file, &state{Generation: int64(i), Board: make([]byte, maxRecent/2)})
	}
	note(filepath.Join(dir, "d"), &state{Board: make([]byte, maxRecent+1)})
	var got []string
	for _, name := range []string{"a", "b", "c", "d"} {
		if s, _ := c.find(osFS(), filepath.Join(dir, name)); s != nil {
			got = append(got, name)
		}
	}
	if diff := cmp.Diff([]string{"b", "c"}, got); diff != "" || c.bytes != maxRecent {
		t.Errorf("known (-want +got), %d bytes:\n%s", c.bytes, diff)
	}
}
