package vault

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

// TestFoldKey: what a file system may take for one name has one key, and nothing else.
func TestFoldKey(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"Dir/A.canvas", "dir/a.CANVAS", true},
		{"caf\u00e9", "CAFE\u0301", true},
		{"\u03c3\u03bf\u03c6\u03cc\u03c2", "\u03a3\u039f\u03a6\u038c\u03a3", true}, // the two small sigmas
		{"\u1112\u1161\u11ab", "\ud55c", true},                                     // Hangul
		{"cafe", "caf\u00e9", false},
		{"a\xff", "a\xfe", false},
		{"a/b", "ab", false},
	} {
		if got := foldKey(test.a) == foldKey(test.b); got != test.same {
			t.Errorf("%q and %q: got %v, want %v", test.a, test.b, got, test.same)
		}
	}
}

// TestSpelling finds out how a path is listed, on disks that fold and on one that does not.
func TestSpelling(t *testing.T) {
	sensitive := faultfs.NewDisk(1)
	sensitive.Fold = norm.NFC.String
	plain, insensitive, accents := faultfs.NewDisk(1).Process(), folding(), sensitive.Process()
	for _, disk := range []durable.FS{plain, insensitive, accents} {
		for _, name := range []string{"/v/Dir/Cafe\u0301.canvas", "/v/1/\u0416", "/v/\u0131k", "/v/\u304b\u3099/\u00e9"} {
			err := durable.MkdirAll(disk, filepath.Dir(name))
			_, _, cerr := disk.Create(name)
			if err := errors.Join(err, cerr); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name string
		disk durable.FS
		rel  string
		want string
	}{
		{"as it is", insensitive, "Dir/Cafe\u0301.canvas", "Dir/Cafe\u0301.canvas"},
		{"another case", insensitive, "Dir/cafe\u0301.CANVAS", "Dir/Cafe\u0301.canvas"},
		{"another directory", insensitive, "DIR/Cafe\u0301.canvas", "Dir/Cafe\u0301.canvas"},
		{"accents", insensitive, "Dir/Caf\u00e9.canvas", "Dir/Cafe\u0301.canvas"},
		{"no letters of ASCII", insensitive, "1/\u0436", "1/\u0416"},
		{"letters whose other case is another letter's too", insensitive, "\u0131K", "\u0131k"},
		{"no letters that have cases", insensitive, "\u304c/\u00e9", "\u304b\u3099/\u00e9"},
		{"accents together", accents, "\u304c/\u00e9", "\u304b\u3099/\u00e9"},
		{"accents apart", accents, "\u304b\u3099/e\u0301", "\u304b\u3099/\u00e9"},
		{"no folding", plain, "Dir/Cafe\u0301.canvas", "Dir/Cafe\u0301.canvas"},
		{
			"a name too many",
			&oddFS{FS: plain, stat: func(string) (durable.Info, error) { return durable.Info{}, nil }},
			"Dir/x", "",
		},
		{
			"no folding that shows",
			&oddFS{FS: plain, stat: func(string) (durable.Info, error) { return durable.Info{}, syscall.EIO }},
			"dir/x", "dir/x",
		},
	} {
		if got := spelling(test.disk, "/v", test.rel); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// TestBookSpelledOtherwise: a book in a vault is the vault's own and left alone, and has one watcher, however it and
// the vault are spelled.
func TestBookSpelledOtherwise(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct{ root, book, own string }{
			{"/Top/Vault", "/Top/Vault/Log/Book", "Log/Book"},
			{"/Top/Vault", "/Top/Vault/log/BOOK", "Log/Book"},
			{"/top/VAULT", "/Top/Vault/Log/book", "Log/Book"},
			{"/Top/Vault", "/top/VAULT/.LEARNING_SESSIONS", ".learning_sessions"},
			{"/Top/Vault", "/top/vault", ""},
			{"/Top/Vault", "/top/other/Log", ""},
			{"/Top/Vault", "/top", ""},
		} {
			s := newStage(t, dir)
			s.root = "/Top/Vault"
			s.folds, s.book.dir = true, "/Top/Vault/.learning_sessions"
			disk := folding()
			err := errors.Join(
				s.use(disk), durable.MkdirAll(disk, "/Top/Vault/Log/Book"), durable.MkdirAll(disk, "/Top/Other/Log"),
				s.do([]string{"board", "Log/Book/snapshot.canvas", "n1"}, ""), s.do([]string{"board", "a.canvas", "n1"}, ""),
			)
			if err != nil {
				t.Fatal(err)
			}
			s.root, s.book.dir = test.root, test.book
			if err := s.open(); err != nil {
				t.Fatal(err)
			}
			if s.vault.skip.own != test.own || (s.vault.rec.ready != nil) != (test.own != "") {
				t.Errorf("%+v: the book is %q", test, s.vault.skip.own)
			}
			_, err = Open("/top/vault", &fakeBook{dir: strings.ToLower(test.book), zone: s.book.zone}, s.options())
			if !errors.Is(err, ErrWatched) {
				t.Errorf("%+v: a second watcher: %v", test, err)
			}
			if _, err := s.vault.CatchUp(t.Context()); err != nil {
				t.Error(err)
			}
			want := []string{"a.canvas canvas_created nodes=1 edges=0"}
			if !strings.HasPrefix(test.own, "Log") {
				want = append([]string{"Log/Book/snapshot.canvas canvas_created nodes=1 edges=0"}, want...)
			}
			got := told(t, s.book)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%+v: events (-want +got):\n%s", test, diff)
			}
			if err := s.vault.Close(); err != nil {
				t.Error(err)
			}
			s.vault = nil
		}
	})
}

// TestLinkedBook: the book is the vault's own also if it is reached by a symbolic link.
func TestLinkedBook(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "vault", "log"), 0o755), os.Symlink("vault", link)); err != nil {
		t.Skipf("on %s: %v", runtime.GOOS, err)
	}
	if _, err := os.Readlink(link); err != nil {
		t.Skip("Wine makes no symbolic links, though it says it does")
	}
	for _, test := range []struct{ root, book string }{
		{"vault", "link/log"}, {"link", "vault/log"}, {"link", "link/log"},
	} {
		if got := ownPath(osFS(), filepath.Join(dir, test.root), filepath.Join(dir, test.book)); got != "log" {
			t.Errorf("%+v: got %q, want log", test, got)
		}
	}
}

// TestRelative takes what the system tells of in another spelling of the vault than ours.
func TestRelative(t *testing.T) {
	full := func(elems ...string) string {
		return filepath.Join(append([]string{string(filepath.Separator)}, elems...)...)
	}
	v := &Vault{root: full("Home", "Caf\u00e9")}
	for _, test := range []struct {
		name string
		want string // "": it is not in the vault
	}{
		{full("Home", "Caf\u00e9", "Dir", "a.canvas"), "Dir/a.canvas"},
		{full("home", "CAFE\u0301", "Dir", "a.canvas"), "Dir/a.canvas"},
		{full("home", "caf\u00e9"), "."},
		{full("Home", "Cafe", "a.canvas"), ""},
		{full("Home"), ""},
		{full("Other", "Caf\u00e9", "a.canvas"), ""},
	} {
		if got, ok := v.relative(test.name); got != test.want || ok != (test.want != "") {
			t.Errorf("%q: got %q %v, want %q", test.name, got, ok, test.want)
		}
	}
}

// TestNameOfItsOwn: of boards whose paths differ in normalisation only each has a canvas_id of its own at every moment.
func TestNameOfItsOwn(t *testing.T) {
	const one, other, third = "caf\u00e9e\u0301", "cafe\u0301\u00e9", "caf\u00e9\u00e9"
	save := func(path string, ids ...string) Save { return Save{Path: path, Board: parse(t, boardOf(ids))} }
	book := newFakeBook(t.TempDir())
	var r *Recorder
	restart := func() {
		t.Helper()
		var err error
		if r, err = NewRecorder(book, nil); err != nil {
			t.Fatal(err)
		}
	}
	record := func(s Save, fails bool) {
		t.Helper()
		if err := r.Record(t.Context(), s); (err != nil) != fails {
			t.Fatal(err)
		}
	}
	restart()
	book.setFull(true)
	record(Save{Path: one, Unreadable: "empty"}, true) // its intent has the name
	record(save(other, "m1"), true)
	restart()
	book.setFull(false)
	record(save(other, "m1"), false)
	record(save(one, "n1"), false)
	record(save(third, "k1"), false)
	record(save(other, "m1:1"), false)
	restart()
	record(save(third, "k1:1"), false)
	record(Save{Path: one}, false)
	record(Save{Path: other, Unreadable: "empty"}, false)
	record(save(other, "m1:2"), false)
	record(save(third, "k1:2"), false)
	moved := save(third+"2", "k1:2")
	moved.From = third
	record(moved, false)
	const plain, odd, last = "caf\u00e9\u00e9", "./cafe%CC%81\u00e9", "./caf\u00e9\u00e9"
	want := []string{
		odd + " canvas_created nodes=1 edges=0",
		plain + " canvas_unreadable reason=empty",
		plain + " canvas_created nodes=1 edges=0",
		last + " canvas_created nodes=1 edges=0",
		odd + " node_color_change m1 >1",
		last + " node_color_change k1 >1",
		plain + " canvas_deleted nodes=1 edges=0",
		odd + " canvas_unreadable reason=empty",
		plain + " canvas_renamed id=" + odd,
		plain + " node_color_change m1 1>2",
		last + " node_color_change k1 1>2",
		plain + "2 canvas_renamed id=" + last,
	}
	if diff := cmp.Diff(want, told(t, book)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestNameWhenWritingFails: a name that was meant for a board is that board's if it comes to have it, and else is free.
func TestNameWhenWritingFails(t *testing.T) {
	const together, apart = "caf\u00e9", "cafe\u0301"
	save := func(path, from string) Save {
		return Save{Path: path, From: from, Board: parse(t, boardOf([]string{path[:1]}))}
	}
	created := func(id string) string { return id + " canvas_created nodes=1 edges=0" }
	for _, test := range []struct {
		name    string
		failing Save   // after which nothing is known of whether it is recorded
		full    bool   // it fails because the book is full, not because no state can be written
		next    []Save // what is recorded then, by the next process if the book was full
		want    []string
	}{
		{"a new board", save(together, ""), false, []Save{save(together, "")}, []string{created(together)}},
		{
			"a renamed board is where it was", save(together, "x"), false,
			[]Save{{Path: "x", Board: parse(t, "{}")}, save(apart, "")},
			[]string{"x node_removed x", created(together)},
		},
		{
			"a renamed board is deleted", save(together, "x"), false,
			[]Save{{Path: "x"}, save(apart, "")},
			[]string{"x canvas_deleted nodes=1 edges=0", created(together)},
		},
		{
			"a renamed board, half recorded", save(together, "x"), true,
			[]Save{save(apart, ""), save(together, "x")},
			[]string{
				created("./cafe%CC%81"),
				together + " canvas_renamed id=x", together + " node_added c", together + " node_removed x",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			book, fsys := newFakeBook(t.TempDir()), &faultFS{FS: osFS()}
			r, err := NewRecorder(book, &Options{fsys: fsys})
			if err == nil {
				err = r.Record(t.Context(), save("x", ""))
			}
			if err != nil {
				t.Fatal(err)
			}
			if book.setFull(test.full); !test.full {
				fsys.failIn(1, false)
			}
			if err := r.Record(t.Context(), test.failing); err == nil {
				t.Fatal("it does not fail")
			}
			if book.setFull(false); test.full {
				if r, err = NewRecorder(book, &Options{fsys: fsys}); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range test.next {
				if err := r.Record(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, told(t, book)[1:]); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWaitingByName names a board that waits by the canvas_id that its events have, or will have.
func TestWaitingByName(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		if err := s.use(faultfs.NewDisk(1).Process()); err != nil {
			t.Fatal(err)
		}
		waiting := func() (got []Waiting) {
			t.Helper()
			if err := s.open(); err != nil {
				t.Fatal(err)
			}
			sum, _ := s.vault.CatchUp(t.Context()) // what fails is said in the summary, too
			if err := s.vault.Close(); err != nil {
				t.Error(err)
			}
			s.vault = nil
			return sum.Waiting
		}
		s.play("script", "board caf\u00e9.canvas n1\nonce\nboard cafe\\u0301.canvas m1")
		s.book.setFull(true)
		const id = "./cafe%CC%81.canvas"
		if got := waiting(); len(got) != 1 || got[0].CanvasID != id {
			t.Errorf("half recorded: %v", got)
		}
		s.book.setFull(false)
		s.play("script", "once\nwrite cafe\\u0301.canvas <<EOF\n{\nEOF")
		if got := waiting(); len(got) != 1 || got[0].CanvasID != id {
			t.Errorf("unreadable: %v", got)
		}
	})
}

// TestBoardsFromElsewhere: of two boards whose names have been two on another file system, and are one on this, the one
// whose file is not there is deleted.
func TestBoardsFromElsewhere(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, dir)
		script := "board a.canvas n1\nboard A.canvas m1\nonce\nexpect\n" +
			"\ta.canvas canvas_created nodes=1 edges=0\n\tA.canvas canvas_created nodes=1 edges=0\n"
		disk := faultfs.NewDisk(1)
		if err := s.use(disk.Process()); err != nil {
			t.Fatal(err)
		}
		s.play("script", script+"rm a.canvas")
		disk.Fold = strings.ToLower
		s.play("script", "once\nexpect\n\ta.canvas canvas_deleted nodes=1 edges=0 late\nonce\nexpect\n")
	})
}

// TestEarlierNames: a state of a version that took names as they came is that of the board, and the name becomes the
// one in NFC with the next save.
func TestEarlierNames(t *testing.T) {
	const path = "cafe\u0301.canvas"
	book := newFakeBook(t.TempDir())
	r, err := NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	board := parse(t, boardOf([]string{"n1"}))
	earlier := &state{
		Format: 1, Lineage: strings.Repeat("00ff", 8), Path: path, Generation: 1, Hash: hashOf(board), Board: board.Encode(),
		Save: save{Kind: saveCreated},
	}
	if err := r.write(r.baseFile(earlier.Lineage), earlier); err != nil {
		t.Fatal(err)
	}
	if r, err = NewRecorder(book, nil); err != nil {
		t.Fatal(err)
	}
	for _, ids := range []string{"n1", "n1:1", "n1:2"} {
		if err := r.Record(t.Context(), Save{Path: path, Board: parse(t, boardOf([]string{ids}))}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"caf\u00e9.canvas canvas_renamed id=" + path,
		"caf\u00e9.canvas node_color_change n1 >1",
		"caf\u00e9.canvas node_color_change n1 1>2",
	}
	if diff := cmp.Diff(want, told(t, book)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
