package vault

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"daybook/internal/durable"
)

// oddFS changes what a file system says.
type oddFS struct {
	durable.FS
	stat    func(string) (durable.Info, error)
	readDir func(string) ([]fs.DirEntry, error)
	open    func(string) (durable.File, error)
}

func (o *oddFS) Stat(name string) (durable.Info, error) {
	if o.stat != nil {
		return o.stat(name)
	}
	return o.FS.Stat(name)
}

func (o *oddFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if o.readDir != nil {
		return o.readDir(name)
	}
	return o.FS.ReadDir(name)
}

func (o *oddFS) Open(name string, write bool) (durable.File, error) {
	if o.open != nil && !write {
		return o.open(name)
	}
	return o.FS.Open(name, write)
}

// TestUnreadableDirectory deletes nothing that it merely cannot see.
func TestUnreadableDirectory(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		if err := errors.Join(s.do([]string{"mkdir", "sub"}, ""), s.do([]string{"board", "sub/a.canvas", "n1"}, ""), s.once()); err != nil {
			t.Fatal(err)
		}
		odd := &oddFS{FS: osFS()}
		hidden := s.path("sub")
		odd.readDir = func(name string) ([]fs.DirEntry, error) {
			if name == hidden {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
			}
			return osFS().ReadDir(name)
		}
		if err := os.Remove(s.path("sub/a.canvas")); err != nil {
			t.Fatal(err)
		}
		catchUp := func() {
			t.Helper()
			v, err := Open(s.root, s.book, &Options{fsys: odd})
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.CatchUp(t.Context())
			if err := errors.Join(err, v.Close()); err != nil {
				t.Fatal(err)
			}
		}
		catchUp()
		if got := told(t, s.book); len(got) != 1 {
			t.Errorf("events %v, want the creation alone", got)
		}
		odd.readDir = nil
		catchUp()
		if got := told(t, s.book); len(got) != 2 || got[1] != "sub/a.canvas canvas_deleted nodes=1 edges=0 late" {
			t.Errorf("events %v, want a deletion at last", got)
		}
	})
}

// TestCaseInsensitive follows a change of case where the old name still leads to the file.
func TestCaseInsensitive(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		real := func(name string) string {
			if strings.EqualFold(filepath.Base(name), "topic.canvas") {
				for _, base := range []string{"topic.canvas", "Topic.canvas"} {
					if _, err := os.Stat(filepath.Join(filepath.Dir(name), base)); err == nil {
						return filepath.Join(filepath.Dir(name), base)
					}
				}
			}
			return name
		}
		odd := &oddFS{FS: osFS()}
		odd.stat = func(name string) (durable.Info, error) { return osFS().Stat(real(name)) }
		odd.open = func(name string) (durable.File, error) { return osFS().Open(real(name), false) }
		catchUp := func() {
			t.Helper()
			v, err := Open(s.root, s.book, &Options{fsys: odd})
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.CatchUp(t.Context())
			if err := errors.Join(err, v.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.do([]string{"board", "topic.canvas", "n1"}, ""); err != nil {
			t.Fatal(err)
		}
		catchUp()
		time.Sleep(time.Second)
		if err := s.do([]string{"mv", "topic.canvas", "Topic.canvas"}, ""); err != nil {
			t.Fatal(err)
		}
		catchUp()
		want := []string{"topic.canvas canvas_created nodes=1 edges=0", "Topic.canvas canvas_renamed id=topic.canvas late"}
		if diff := cmp.Diff(want, told(t, s.book)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestUnsettledRead believes nothing that changed while it was read.
func TestUnsettledRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.canvas")
	if err := os.WriteFile(file, []byte(boardOf([]string{"n1"})), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*durable.Info){
		"another size": func(i *durable.Info) { i.Size++ },
		"another time": func(i *durable.Info) { i.ModTime++ },
		"another file": func(i *durable.Info) { i.ID.Inode++ },
	} {
		for which := range 2 { // before or after the read
			odd := &oddFS{FS: osFS()}
			stats := 0
			odd.stat = func(name string) (durable.Info, error) {
				info, err := osFS().Stat(name)
				if stats%2 == which {
					change(&info)
				}
				stats++
				return info, err
			}
			if s := look(odd, dir, "a.canvas"); !s.changing {
				t.Errorf("%s at look %d: got %+v", name, which, s)
			}
		}
	}
	if s := look(osFS(), dir, "a.canvas"); s.board == nil {
		t.Errorf("a file that holds still: %+v", s)
	}
}

// TestPathNotUTF8 records boards whose paths no event can hold as they are, each under a name of its own.
func TestPathNotUTF8(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no names that are not Unicode")
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		for _, name := range []string{"a\xff.canvas", "a\xfe.canvas", "a%FF.canvas"} {
			if err := os.WriteFile(s.path(name), []byte(boardOf([]string{"n1"})), 0o644); err != nil {
				t.Skipf("on %s: %v", runtime.GOOS, err)
			}
		}
		if err := s.once(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.path("a\xfe.canvas"), []byte(boardOf([]string{"n1", "n2"})), 0o644); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.once(); err != nil {
				t.Fatal(err)
			}
		}
		got := told(t, s.book)
		slices.Sort(got[:min(3, len(got))]) // several boards are recorded at once
		want := []string{
			"./a%FE.canvas canvas_created nodes=1 edges=0",
			"./a%FF.canvas canvas_created nodes=1 edges=0",
			"a%FF.canvas canvas_created nodes=1 edges=0",
			"./a%FE.canvas node_added n2",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestNormalForm: a board whose file has its name taken apart, as a Mac has it, is called as it is elsewhere, and found all
// the same. To be spelled otherwise is no renaming. Two files that differ in nothing else are two boards.
func TestNormalForm(t *testing.T) {
	const apart, composed = "cafe\u0301.canvas", "caf\u00e9.canvas"
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		var want []string
		step := func(events ...string) {
			t.Helper()
			time.Sleep(10 * time.Second) // in the bubble: no time passes
			if err := s.once(); err != nil {
				t.Fatal(err)
			}
			want = append(want, events...)
			if diff := cmp.Diff(want, told(t, s.book)); diff != "" {
				t.Fatalf("events (-want +got):\n%s", diff)
			}
		}
		put := func(name string, items ...string) {
			t.Helper()
			if err := os.WriteFile(s.path(name), []byte(boardOf(items)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		put(apart, "n1")
		step(composed + " canvas_created nodes=1 edges=0")
		put(apart, "n1", "n2")
		step(composed + " node_added n2")
		if err := os.Rename(s.path(apart), s.path(composed)); err != nil {
			t.Fatal(err)
		}
		step()
		put(composed, "n1", "n2", "n3")
		step(composed + " node_added n3")
		put(apart, "x1")
		if _, err := os.Stat(s.path(composed)); err != nil || !twoFiles(t, s.path(apart), s.path(composed)) {
			return // the two are one name here
		}
		step("./cafe%CC%81.canvas canvas_created nodes=1 edges=0")
		if err := os.Remove(s.path(composed)); err != nil {
			t.Fatal(err)
		}
		step(composed + " canvas_deleted nodes=3 edges=0 late")
		put(apart, "x1", "x2")
		step("./cafe%CC%81.canvas node_added x2")
	})
}

func twoFiles(t *testing.T, a, b string) bool {
	t.Helper()
	one, err := os.Stat(a)
	two, berr := os.Stat(b)
	if err := errors.Join(err, berr); err != nil {
		t.Fatal(err)
	}
	return !os.SameFile(one, two)
}

// TestComposedComesLater: the board that was there first keeps its name.
func TestComposedComesLater(t *testing.T) {
	const apart, composed = "cafe\u0301.canvas", "caf\u00e9.canvas"
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		for _, name := range []string{apart, composed} {
			if err := os.WriteFile(s.path(name), []byte(boardOf([]string{name})), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := s.once(); err != nil {
				t.Fatal(err)
			}
		}
		if !twoFiles(t, s.path(apart), s.path(composed)) {
			t.Skip("the two are one name here")
		}
		want := []string{composed + " canvas_created nodes=1 edges=0", "./caf%C3%A9.canvas canvas_created nodes=1 edges=0"}
		if diff := cmp.Diff(want, told(t, s.book)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestCanvasIDComposed: a name is in normal form C.
func TestCanvasIDComposed(t *testing.T) {
	for rel, want := range map[string]string{
		"e\u0301/\u212b.canvas": "\u00e9/\u00c5.canvas",
		"\u1100\u1161.canvas":   "\uac00.canvas",
	} {
		if got := canvasID(rel); got != want {
			t.Errorf("%q is called %q, want %q", rel, got, want)
		}
	}
}

// TestCanvasID: a name is valid UTF-8, and the path can be had back from it.
func TestCanvasID(t *testing.T) {
	for rel, want := range map[string]string{
		"a/b.canvas":              "a/b.canvas",
		"100%.canvas":             "100%.canvas",
		"\uFFFD.canvas":           "\uFFFD.canvas",
		"\xff.canvas":             "./%FF.canvas",
		"100%/\xe5\x8d.canvas":    "./100%25/%E5%8D.canvas",
		"卡\xed\xa0\x80%FF.canvas": "./卡%ED%A0%80%25FF.canvas",
	} {
		got := canvasID(rel)
		if got != want {
			t.Errorf("canvasID(%q): got %q, want %q", rel, got, want)
		}
		back, escaped := strings.CutPrefix(got, "./")
		if escaped {
			var err error
			if back, err = url.PathUnescape(back); err != nil {
				t.Errorf("%q: %v", got, err)
			}
		}
		if back != rel || !utf8.ValidString(got) {
			t.Errorf("%q leads back to %q, want %q", got, back, rel)
		}
	}
}
