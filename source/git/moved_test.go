package git_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/source/git"
)

// TestMoved: a vault is followed through the folders of its repository, and only a vault.
func TestMoved(t *testing.T) {
	a0, a1, a2, b0 := board("n1", "n2", "n3"), board("n1:1", "n2", "n3"), board("n1:1", "n2", "n3:2"), board("m1", "m2")
	created := "0 a.canvas canvas_created"
	changed := func(minute int) string { return fmt.Sprintf("%d a.canvas node_color_change", minute) }
	for _, test := range []struct {
		name, vault string
		history     []folder
		want        []string
	}{
		{"into a subfolder", "v", []folder{{"a.canvas": a0}, {"a.canvas": a1}, {"v/a.canvas": a1}, {"v/a.canvas": a2}}, []string{created, changed(1), changed(3)}},
		{"with an edit", "v", []folder{{"a.canvas": a0}, {"v/a.canvas": a1}}, []string{created, changed(1)}},
		{"twice", "x/y", []folder{{"a.canvas": a0}, {"o/a.canvas": a0}, {"o/a.canvas": a1}, {"x/y/a.canvas": a1}}, []string{created, changed(2)}},
		{"there and back", "v", []folder{{"v/a.canvas": a0}, {"o/a.canvas": a0}, {"o/a.canvas": a1}, {"v/a.canvas": a1}}, []string{created, changed(2)}},
		{"copied first", "v", []folder{{"a.canvas": a0}, {"a.canvas": a0, "v/a.canvas": a0}, {"v/a.canvas": a0}, {"v/a.canvas": a1}}, []string{created, changed(3)}},
		{"odd names", " é v", []folder{{"o o/a.canvas": a0}, {" é v/a.canvas": a1}}, []string{created, changed(1)}},
		{"most of it", "v", []folder{
			{"a.canvas": a0, "b.canvas": b0, "n/c.canvas": a0}, {"v/a.canvas": a0, "v/b.canvas": b0, "n/c.canvas": a0},
		}, []string{created, "0 b.canvas canvas_created", "0 n/c.canvas canvas_created", "1 n/c.canvas canvas_deleted"}},
		{"into the root", "", []folder{{"v/a.canvas": a0}, {"a.canvas": a1}}, []string{"0 v/a.canvas canvas_created", "1 a.canvas canvas_renamed", changed(1)}},
		{"another board of that name", "v", []folder{{"a.canvas": b0}, {"v/a.canvas": a0}}, []string{"1 a.canvas canvas_created"}},
		{"still there", "v", []folder{{"a.canvas": a0}, {"a.canvas": a0, "v/a.canvas": a0}}, []string{"1 a.canvas canvas_created"}},
		{"one board of many", "v", []folder{
			{"a.canvas": a0, "v/b.canvas": b0, "v/c.canvas": b0}, {"v/a.canvas": a0, "v/b.canvas": b0, "v/c.canvas": b0},
		}, []string{"0 b.canvas canvas_created", "0 c.canvas canvas_created", "1 a.canvas canvas_created"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			repository(t, root, start, test.history)
			b := openBook(t, filepath.Join(t.TempDir(), "book"))
			importAll(t, filepath.Join(root, test.vault), b, git.Options{})
			check(t, b, test.want...)
			if s := importAll(t, filepath.Join(root, test.vault), b, git.Options{}); s.Events+s.Duplicates > 0 {
				t.Errorf("again: %+v", s)
			}
			for at := 1; at < len(test.history); at++ { // interrupted
				b := openBook(t, filepath.Join(t.TempDir(), "book"))
				ctx, cancel := context.WithCancel(context.Background())
				_, _ = git.Import(ctx, filepath.Join(root, test.vault), b, git.Options{Progress: func(done, _ int) {
					if done == at {
						cancel()
					}
				}})
				cancel()
				importAll(t, filepath.Join(root, test.vault), b, git.Options{})
				check(t, b, test.want...)
			}
		})
	}
}

// TestOutlier: a commit whose clock was ahead is the outlier, wherever an import is interrupted, and also if there are more
// commits when it goes on.
func TestOutlier(t *testing.T) {
	root := t.TempDir()
	runGit(t, root, nil, "init", "-q", "-b", "main")
	commit := func(i, minute int) {
		put(t, filepath.Join(root, "a.canvas"), board(fmt.Sprintf("n1:%d", i)))
		t.Setenv("GIT_COMMITTER_DATE", start.Add(time.Duration(minute)*time.Minute).Format(time.RFC3339))
		commitAll(t, root, minute)
	}
	for i, minute := range []int{10, 9000, 20, 30, 5, 40} {
		commit(i, minute)
	}
	want := []string{"10 a.canvas canvas_created"}
	for _, minute := range []int{20, 20, 30, 30, 40} {
		want = append(want, fmt.Sprintf("%d a.canvas node_color_change", minute))
	}
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	var named []string
	s := importAll(t, root, b, git.Options{Redated: func(r git.Redated) {
		named = append(named, fmt.Sprintf("%g got %g", r.Said.Sub(start).Minutes(), r.Given.Sub(start).Minutes()))
	}})
	if diff := cmp.Diff([]string{"9000 got 20", "5 got 30"}, named); diff != "" || s.Redated != 2 {
		t.Errorf("named (-want +got):\n%s", diff)
	}
	check(t, b, want...)
	for at := 1; at < 6; at++ {
		b := openBook(t, filepath.Join(t.TempDir(), "book"))
		ctx, cancel := context.WithCancel(context.Background())
		_, _ = git.Import(ctx, root, b, git.Options{Progress: func(done, _ int) {
			if done == at {
				cancel()
			}
		}})
		cancel()
		if s := importAll(t, root, b, git.Options{}); s.Duplicates > 0 {
			t.Errorf("interrupted after %d: %+v", at, s)
		}
		check(t, b, want...)
	}

	// Killed before it could put down how far it had come, and there is one more commit when it goes on, that speaks
	// for other times: the plan of the first import stands.
	plan := openBook(t, filepath.Join(t.TempDir(), "book"))
	ctx, cancel := context.WithCancel(context.Background())
	var saved []byte
	file := filepath.Join(plan.Dir(), "import-git.jsonl")
	_, _ = git.Import(ctx, root, plan, git.Options{Progress: func(done, _ int) {
		if done == 1 {
			saved, _ = os.ReadFile(file)
		}
		if done == 3 {
			cancel()
		}
	}})
	cancel()
	if err := os.WriteFile(file, saved, 0o644); err != nil {
		t.Fatal(err)
	}
	for i, minute := range []int{15, 16, 17, 18, 19} {
		commit(i, minute)
	}
	importAll(t, root, plan, git.Options{})
	for range 5 {
		want = append(want, "40 a.canvas node_color_change")
	}
	check(t, plan, want...)
}

// object writes an object that git would not make, and returns its name.
func object(t *testing.T, root, kind string, data []byte) []byte {
	t.Helper()
	full := append(fmt.Appendf(nil, "%s %d\x00", kind, len(data)), data...)
	sum := sha1.Sum(full)
	name := hex.EncodeToString(sum[:])
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write(full)
	_ = w.Close()
	put(t, filepath.Join(root, ".git", "objects", name[:2], name[2:]), packed.String())
	return sum[:]
}

// TestHostileTrees: names that no file can have are left out, and the others are imported.
func TestHostileTrees(t *testing.T) {
	root := made(t)
	blob := object(t, root, "blob", []byte(board("h1")))
	sub := object(t, root, "tree", append([]byte("100644 x.canvas\x00"), blob...))
	var tree []byte
	for _, name := range []string{
		"/abs.canvas", "./dot.canvas", "../up.canvas", "a//b.canvas", "e/.canvas/", strings.Repeat("d/", 3000) + "deep.canvas", "good.canvas", "good.canvas",
	} {
		tree = append(append(append(tree, "100644 "+name...), 0), blob...)
	}
	for _, name := range []string{".", "..", ".git", "in"} {
		tree = append(append(append(tree, "40000 "+name...), 0), sub...)
	}
	text := fmt.Sprintf("tree %x\nparent %s\nauthor A <a@b> %d +0000\ncommitter A <a@b> 0 +0000\n\nx\n", object(t, root, "tree", tree),
		runGit(t, root, nil, "rev-parse", "HEAD"), start.Unix()+300)
	put(t, filepath.Join(root, ".git", "refs", "heads", "main"), fmt.Sprintf("%x\n", object(t, root, "commit", []byte(text))))
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	s := importAll(t, root, b, git.Options{})
	check(t, b, append(slices.Clone(ofMade), "5 a.canvas canvas_deleted", "5 good.canvas canvas_created", "5 in/x.canvas canvas_created")...)
	if n := s.LeftOut["no path of a file: a name in it is empty, or is . or .."]; n != 6 || s.LeftOut["no path of a file: it is too long"] != 1 {
		t.Errorf("left out: %v", s.LeftOut)
	}
}

// TestLeftOut: what is not imported is counted by reason.
func TestLeftOut(t *testing.T) {
	root := made(t)
	put(t, filepath.Join(root, "l.canvas"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")
	commitAll(t, root, 2)
	put(t, filepath.Join(root, "l.canvas"), "version https://git-lfs.github.com/spec/v1\noid sha256:01\nsize 3\n")
	for _, name := range []string{"Physics", ".hidden"} {
		runGit(t, root, nil, "clone", "-q", made(t), name) // an entry like a submodule's
	}
	commitAll(t, root, 3)
	runGit(t, root, nil, "replace", "--graft", "HEAD")
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	s := importAll(t, root, b, git.Options{})
	check(t, b, ofMade...)
	want := map[string]int{
		"a pointer of Git LFS: the board itself is not in the repository": 2,
		"a submodule: its boards are in a repository of their own":        1,
	}
	if diff := cmp.Diff(want, s.LeftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	runGit(t, root, nil, "replace", "-d", runGit(t, root, nil, "rev-parse", "HEAD"))
	// The history ends early for whoever follows the graft.
	put(t, filepath.Join(root, ".git", "info", "grafts"), runGit(t, root, nil, "rev-parse", "HEAD")+"\n")
	cut := openBook(t, filepath.Join(t.TempDir(), "book"))
	s = importAll(t, root, cut, git.Options{})
	if n := s.LeftOut["a commit that a graft or a replacement joins to the history, or cuts off"]; n != 3 {
		t.Errorf("left out behind a graft: %v", s.LeftOut)
	}
}
