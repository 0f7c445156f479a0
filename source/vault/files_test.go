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

// TestCanvasID: a board's name, and the one that it has when that is another's, from which the path can be had back.
func TestCanvasID(t *testing.T) {
	for _, test := range []struct{ rel, want, apart string }{
		{"a/b.canvas", "a/b.canvas", "./a/b.canvas"},
		{"100%.canvas", "100%.canvas", "./100%25.canvas"},
		{"\uFFFD.canvas", "\uFFFD.canvas", "./\uFFFD.canvas"},
		{"\xff.canvas", "./%FF.canvas", "./%FF.canvas"},
		{"100%/\xe5\x8d.canvas", "./100%25/%E5%8D.canvas", "./100%25/%E5%8D.canvas"},
		{"卡\xed\xa0\x80%FF.canvas", "./卡%ED%A0%80%25FF.canvas", "./卡%ED%A0%80%25FF.canvas"},
		{"caf\u00e9.canvas", "caf\u00e9.canvas", "./caf\u00e9.canvas"},
		{"cafe\u0301.canvas", "caf\u00e9.canvas", "./cafe%CC%81.canvas"},
		{"\u1112\u1161\u11ab.canvas", "\ud55c.canvas", "./\u1112%E1%85%A1%E1%86%AB.canvas"}, // Hangul
		{"\u212b.canvas", "\u00c5.canvas", "./%E2%84%AB.canvas"},                            // the Ångström sign
		{"q\u0303.canvas", "q\u0303.canvas", "./q%CC%83.canvas"},                            // in NFC as it is
		{"\xfa\u0301.canvas", "./%FA%CC%81.canvas", "./%FA%CC%81.canvas"},                   // A and the accent would be one
	} {
		if got := canvasID(test.rel); got != test.want {
			t.Errorf("canvasID(%q): got %q, want %q", test.rel, got, test.want)
		}
		got := apartID(test.rel)
		if got != test.apart {
			t.Errorf("apartID(%q): got %q, want %q", test.rel, got, test.apart)
		}
		back, err := url.PathUnescape(strings.TrimPrefix(got, "./"))
		if err != nil || back != test.rel {
			t.Errorf("%q leads back to %q, want %q: %v", got, back, test.rel, err)
		}
	}
}
