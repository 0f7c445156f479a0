package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/source/git"
)

var start = time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)

// board is a board with cards of these ids, and colours behind a colon.
func board(cards ...string) string {
	var list []card
	for _, c := range cards {
		id, color, _ := strings.Cut(c, ":")
		list = append(list, card{id, "t", color, "1"})
	}
	return (&chance{}).board(list)
}

// events are the events of a book: minute since start, board, what.
func events(t *testing.T, b *daybook.Book) []string {
	t.Helper()
	var all []string
	for e, err := range b.Events(context.Background(), daybook.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		what, _ := e.Member("event_type")
		id, _ := e.Member("canvas_id")
		all = append(all, fmt.Sprintf("%g %s %s", e.Time().Sub(start).Minutes(), strings.Trim(string(id), `"`), strings.Trim(string(what), `"`)))
	}
	slices.Sort(all)
	return all
}

func check(t *testing.T, b *daybook.Book, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, events(t, b)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// commitAll commits what is in dir, at a minute.
func commitAll(t *testing.T, dir string, minute int, args ...string) {
	t.Helper()
	runGit(t, dir, nil, "add", "-A")
	at := start.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339)
	runGit(t, dir, nil, append([]string{"commit", "-q", "--allow-empty", "-m", "x", "--date", at}, args...)...)
}

// made is a repository with one board and two commits.
func made(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	repository(t, root, start, []folder{{"a.canvas": board("n1", "n2")}, {"a.canvas": board("n1:1", "n2")}})
	return root
}

var ofMade = []string{"0 a.canvas canvas_created", "1 a.canvas node_color_change"}

func TestRefused(t *testing.T) {
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	shallow, bare, empty := t.TempDir(), t.TempDir(), t.TempDir()
	runGit(t, shallow, nil, "clone", "-q", "--depth", "1", "file://"+filepath.ToSlash(made(t)), "clone")
	runGit(t, bare, nil, "clone", "-q", "--bare", made(t), "clone.git")
	for _, test := range []struct {
		name, dir string
		want      error
	}{
		{"no repository", t.TempDir(), git.ErrNoRepository},
		{"a shallow one", filepath.Join(shallow, "clone"), git.ErrShallow},
		{"a bare one", filepath.Join(bare, "clone.git"), git.ErrBare},
	} {
		if _, err := git.Import(context.Background(), test.dir, b, git.Options{}); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	runGit(t, empty, nil, "init", "-q")
	if s := importAll(t, empty, b, git.Options{}); s.Events+s.Commits > 0 {
		t.Errorf("without a commit: %+v", s)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := git.Import(context.Background(), t.TempDir(), b, git.Options{}); !errors.Is(err, git.ErrNoGit) {
		t.Errorf("without git: %v", err)
	}
}

// TestLayouts: where the vault lies in its repository, and how that is kept.
func TestLayouts(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) string{
		"the root": made,
		"GIT_DIR set": func(t *testing.T) string {
			d := made(t)
			t.Setenv("GIT_DIR", "/nowhere")
			return d
		},
		"a clone": func(t *testing.T) string {
			d := t.TempDir()
			runGit(t, d, nil, "clone", "-q", made(t), "c")
			return filepath.Join(d, "c")
		},
		"a worktree": func(t *testing.T) string {
			d := t.TempDir()
			runGit(t, made(t), nil, "worktree", "add", "-q", "--detach", filepath.Join(d, "w"))
			return filepath.Join(d, "w")
		},
		"packed": func(t *testing.T) string { d := made(t); runGit(t, d, nil, "gc", "-q"); return d },
		"a subfolder": func(t *testing.T) string {
			d := t.TempDir()
			repository(t, d, start, []folder{
				{"é v/a.canvas": board("n1", "n2"), "b.canvas": "{}", "x": "1"},
				{"é v/a.canvas": board("n1:1", "n2"), "b.canvas": "{}", "x": "2"},
				{"é v/a.canvas": board("n1:1", "n2"), "b.canvas": board("n1"), "x": "3"},
			})
			return filepath.Join(d, "é v")
		},
		"SHA-256": func(t *testing.T) string {
			d := t.TempDir()
			runGit(t, d, nil, "init", "-q", "--object-format=sha256")
			put(t, filepath.Join(d, "a.canvas"), board("n1", "n2"))
			commitAll(t, d, 0)
			put(t, filepath.Join(d, "a.canvas"), board("n1:1", "n2"))
			commitAll(t, d, 1)
			return d
		},
		"hostile": func(t *testing.T) string {
			d := made(t)
			harm := filepath.Join(t.TempDir(), "harm")
			script := filepath.Join(d, ".git", "harm.sh")
			put(t, script, "#!/bin/sh\necho x >> "+harm+"\necho x\n")
			if err := os.Chmod(script, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{
				"core.fsmonitor", "core.pager", "pager.log", "diff.external", "gpg.program", "core.sshCommand", "core.editor",
				"diff.x.textconv", "filter.x.smudge", "filter.x.clean", "alias.log", "core.askPass", "credential.helper",
			} {
				runGit(t, d, nil, "config", name, script)
			}
			for name, value := range map[string]string{
				"log.showSignature": "true", "diff.renames": "copies", "log.follow": "true", "diff.noprefix": "true", "core.quotePath": "true",
				"log.date": "relative", "format.pretty": "short", "color.ui": "always", "diff.relative": "true", "log.diffMerges": "off",
				"core.abbrev": "7", "diff.orderFile": "nowhere", "log.decorate": "full", "alias.cat-file": "!" + script,
			} {
				runGit(t, d, nil, "config", name, value)
			}
			put(t, filepath.Join(d, ".git", "info", "attributes"), "*.canvas diff=x filter=x\n")
			t.Cleanup(func() {
				if _, err := os.Stat(harm); err == nil {
					t.Error("something of the repository's configuration was run")
				}
			})
			return d
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBook(t, filepath.Join(t.TempDir(), "book"))
			importAll(t, make(t), b, git.Options{})
			check(t, b, ofMade...)
		})
	}
}

// TestEntries: what else may stand in a tree, and in its place.
func TestEntries(t *testing.T) {
	root := t.TempDir()
	runGit(t, root, nil, "init", "-q", "-b", "main")
	put(t, filepath.Join(root, "a.canvas"), board("n1"))
	put(t, filepath.Join(root, "l.canvas"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")
	put(t, filepath.Join(root, "UP.CANVAS"), board("u1"))
	put(t, filepath.Join(root, ".obsidian", "x.canvas"), board("o"))
	put(t, filepath.Join(root, "n", "a.sync-conflict-1.canvas"), board("o"))
	if err := os.Symlink("a.canvas", filepath.Join(root, "s.canvas")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	runGit(t, root, nil, "clone", "-q", made(t), "m.canvas") // a repository within: no submodule, but an entry like one
	commitAll(t, root, 0)
	blob := runGit(t, root, []byte(board("b1")), "hash-object", "-w", "--stdin")
	runGit(t, root, nil, "update-index", "--add", "--cacheinfo", "100644,"+blob+",q\"\t\\.canvas")
	runGit(t, root, nil, "update-index", "--add", "--cacheinfo", "100644,"+blob+",b\xff.canvas")
	runGit(t, root, nil, "update-index", "--add", "--cacheinfo", "100755,"+blob+",x.canvas")
	at := start.Add(time.Minute).Format(time.RFC3339)
	runGit(t, root, nil, "commit", "-q", "-m", "x", "--date", at)
	var skipped []string
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	s := importAll(t, root, b, git.Options{Skipped: func(s git.Skipped) { skipped = append(skipped, s.CanvasID+": "+s.Reason) }})
	check(t, b, "0 a.canvas canvas_created", "0 UP.CANVAS canvas_created", `1 q\"\t\\.canvas canvas_created`,
		"1 ./b%FF.canvas canvas_created", "1 x.canvas canvas_created")
	want := []string{"l.canvas: a pointer of Git LFS: the board itself is not in the repository", "m.canvas: a submodule", "s.canvas: a symbolic link"}
	if diff := cmp.Diff(want, skipped); diff != "" || s.Skipped != 3 {
		t.Errorf("skipped %d (-want +got):\n%s", s.Skipped, diff)
	}
}

// TestFirstParents: of merges, an octopus too, the line of first parents counts.
func TestFirstParents(t *testing.T) {
	root := made(t)
	for i, name := range []string{"one", "two"} {
		runGit(t, root, nil, "checkout", "-q", "-b", name, "main")
		for k := range 3 {
			put(t, filepath.Join(root, name+".canvas"), board("n1", fmt.Sprint("k", k)))
			commitAll(t, root, 2+i)
		}
	}
	runGit(t, root, nil, "checkout", "-q", "main")
	put(t, filepath.Join(root, "z.md"), "x")
	commitAll(t, root, 10)
	at := start.Add(20 * time.Minute).Format(time.RFC3339)
	t.Setenv("GIT_AUTHOR_DATE", at)
	runGit(t, root, nil, "merge", "-q", "--no-edit", "one", "two")
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	importAll(t, root, b, git.Options{})
	check(t, b, append([]string{"20 one.canvas canvas_created", "20 two.canvas canvas_created"}, ofMade...)...)
}

// TestTimes: authors' clocks may be wrong.
func TestTimes(t *testing.T) {
	root := t.TempDir()
	var in strings.Builder
	for i, at := range []string{"0", "60", "30", "99999999999", "240", "-5"} {
		var author int64
		fmt.Sscan(at, &author)
		if author < 1e9 && author >= 0 {
			author += start.Unix()
		}
		text := board(fmt.Sprintf("n1:%d", i))
		fmt.Fprintf(&in, "commit refs/heads/main\nauthor A <a@b> %d +0000\ncommitter A <a@b> %d +0000\ndata 1\nx\n", max(author, 0), start.Unix()+180)
		fmt.Fprintf(&in, "M 644 inline a.canvas\ndata %d\n%s\n", len(text), text)
	}
	runGit(t, root, nil, "init", "-q", "-b", "main")
	runGit(t, root, []byte(in.String()), "fast-import", "--quiet")
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	importAll(t, root, b, git.Options{})
	check(t, b, "0 a.canvas canvas_created", "0.5 a.canvas node_color_change", "0.5 a.canvas node_color_change",
		"3 a.canvas node_color_change", "4 a.canvas node_color_change", "4 a.canvas node_color_change")
}

// TestAgain: imported again, after more commits, and after the history was rewritten.
func TestAgain(t *testing.T) {
	root := made(t)
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	if s := importAll(t, root, b, git.Options{DryRun: true}); s.Events != 2 {
		t.Errorf("a dry run: %+v", s)
	}
	check(t, b)
	importAll(t, root, b, git.Options{})
	if s := importAll(t, root, b, git.Options{}); s.Events+s.Commits > 0 {
		t.Errorf("again: %+v", s)
	}
	put(t, filepath.Join(root, "a.canvas"), board("n1:2", "n2"))
	put(t, filepath.Join(root, "b.canvas"), board("m1"))
	commitAll(t, root, 2)
	if s := importAll(t, root, b, git.Options{DryRun: true}); s.Events != 2 {
		t.Errorf("a dry run: %+v", s)
	}
	if s := importAll(t, root, b, git.Options{}); s.Events != 2 || s.Commits != 1 || s.Rewritten {
		t.Errorf("one more commit: %+v", s)
	}
	want := append(slices.Clone(ofMade), "2 a.canvas node_color_change", "2 b.canvas canvas_created")
	check(t, b, want...)

	// All commits become one, with the same boards.
	runGit(t, root, nil, "checkout", "-q", "--orphan", "new")
	commitAll(t, root, 2)
	if s := importAll(t, root, b, git.Options{}); s.Events > 0 || !s.Rewritten {
		t.Errorf("rewritten: %+v", s)
	}
	check(t, b, want...)

	// And another history, with other boards, of which the last commit is later than what was imported.
	runGit(t, root, nil, "checkout", "-q", "--orphan", "other")
	put(t, filepath.Join(root, "c.canvas"), board("c1"))
	commitAll(t, root, 0)
	remove(t, filepath.Join(root, "b.canvas"))
	put(t, filepath.Join(root, "a.canvas"), board("n1:3", "n2"))
	commitAll(t, root, 1)
	put(t, filepath.Join(root, "a.canvas"), board("n1:4", "n2"))
	commitAll(t, root, 3)
	put(t, filepath.Join(root, "a.canvas"), board("n1:4", "n2:1"))
	commitAll(t, root, 4)
	if s := importAll(t, root, b, git.Options{}); s.Events != 4 || !s.Rewritten {
		t.Errorf("rewritten otherwise: %+v", s)
	}
	want = append(want, "3 a.canvas node_color_change", "3 b.canvas canvas_deleted", "3 c.canvas canvas_created", "4 a.canvas node_color_change")
	check(t, b, want...)
	if s := importAll(t, root, b, git.Options{}); s.Events+s.Commits > 0 || s.Rewritten {
		t.Errorf("again: %+v", s)
	}
}

// TestSince begins with the first commit of a day, as a whole.
func TestSince(t *testing.T) {
	root := made(t)
	put(t, filepath.Join(root, "b.canvas"), board("m1"))
	commitAll(t, root, 24*60)
	put(t, filepath.Join(root, "b.canvas"), board("m1:1"))
	commitAll(t, root, 25*60)
	day, err := daybook.ParseDay("2025-03-02")
	if err != nil {
		t.Fatal(err)
	}
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	importAll(t, root, b, git.Options{Since: day})
	want := []string{"1440 a.canvas canvas_created", "1440 b.canvas canvas_created", "1500 b.canvas node_color_change"}
	check(t, b, want...)
	importAll(t, root, b, git.Options{})
	check(t, b, want...)
}

// TestInterrupted: at whichever commit an import is interrupted, the next one goes on, and the book is the same as without.
func TestInterrupted(t *testing.T) {
	root := t.TempDir()
	var history []folder
	for i := range 12 {
		history = append(history, folder{"a.canvas": board(fmt.Sprintf("n1:%d", i%4), "n2"), "b.canvas": board("m1", fmt.Sprintf("m%d", i/3))})
	}
	repository(t, root, start, history)
	whole := openBook(t, filepath.Join(t.TempDir(), "book"))
	importAll(t, root, whole, git.Options{})
	want := lines(t, whole)
	for at := 1; at < len(history); at++ {
		b := openBook(t, filepath.Join(t.TempDir(), "book"))
		ctx, cancel := context.WithCancel(context.Background())
		_, err := git.Import(ctx, root, b, git.Options{Progress: func(done, all int) {
			if all != len(history) {
				t.Errorf("%d of %d commits", done, all)
			}
			if done == at {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted after commit %d: %v", at, err)
		}
		if s := importAll(t, root, b, git.Options{}); s.Duplicates > 0 {
			t.Errorf("interrupted after commit %d: the next import does not go on: %+v", at, s)
		}
		if diff := cmp.Diff(want, lines(t, b)); diff != "" {
			t.Errorf("interrupted after commit %d (-want +got):\n%s", at, diff)
		}
	}
}

// TestPartialClone: nothing is fetched.
func TestPartialClone(t *testing.T) {
	from, d := made(t), t.TempDir()
	runGit(t, from, nil, "config", "uploadpack.allowFilter", "true")
	cmd := exec.Command("git", "-C", d, "clone", "-q", "--filter=blob:none", "file://"+filepath.ToSlash(from), "c")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	if _, err := git.Import(context.Background(), filepath.Join(d, "c"), b, git.Options{}); !errors.Is(err, git.ErrPartial) {
		t.Errorf("a partial clone: %v", err)
	}
}
