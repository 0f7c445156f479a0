package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/internal/killtest"
)

// gitVault makes a vault with a history in git: one board after the other gets another colour, an hour each.
func gitVault(t *testing.T, commits int) string {
	t.Helper()
	dir := t.TempDir()
	var in bytes.Buffer
	at := time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)
	for i := range commits {
		node := fmt.Sprintf(`{"id":"n","type":"text","text":"%d","color":"%d","x":0,"y":0,"width":9,"height":9}`, i/40, i%6)
		board := `{"nodes":[` + node + `],"edges":[]}`
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 0\n", at.Unix())
		fmt.Fprintf(&in, "M 644 inline %d.canvas\ndata %d\n%s\n", i%7, len(board), board)
		if i%29 == 28 {
			fmt.Fprintf(&in, "R %d.canvas d/%d.canvas\n", i%7, i)
		}
		at = at.Add(time.Hour)
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"fast-import", "--quiet"}} {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		cmd.Stdin = bytes.NewReader(in.Bytes())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".obsidian"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// bookFiles are the files of a vault's book that say what was recorded, and the documents.
func bookFiles(t *testing.T, vault string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{
		"*/events.json", "*/boards/*", "baseline/*", "import-git.jsonl", "session_*.json", "metadata.json",
	} {
		names, err := filepath.Glob(filepath.Join(vault, ".learning_sessions", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel(vault, name)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.ToSlash(rel)] = string(data)
		}
	}
	return files
}

// TestKilledImport kills `daybook import git` at random moments, again and again, and lets the last one come to its end:
// the book is the same, byte for byte, as without a kill, documents and baselines included.
func TestKilledImport(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: ", err)
	}
	rng := killtest.Rand(t)
	vault := gitVault(t, 400)
	run := func() *exec.Cmd { return exec.Command("daybook", "import", "git", vault) }
	began := time.Now()
	if out, err := run().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took := time.Since(began)
	want := bookFiles(t, vault)
	if days, err := os.ReadDir(filepath.Join(vault, ".learning_sessions", "baseline")); err != nil || len(days) < 7 {
		t.Fatalf("only %d baselines: %v", len(days), err)
	}
	for day := range 16 { // 400 hours
		if name := fmt.Sprintf(".learning_sessions/session_2025-03-%02d.json", day+1); want[name] == "" {
			t.Fatalf("there is no %s", name)
		}
	}
	kills := 0
	for kills < killtest.Kills(10) {
		if err := os.RemoveAll(filepath.Join(vault, ".learning_sessions")); err != nil {
			t.Fatal(err)
		}
		for range 1 + rng.IntN(3) {
			cmd := run()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(time.Duration(rng.Int64N(int64(took))), func() {
				_ = cmd.Process.Kill() // or it has come to its end
			})
			if err := cmd.Wait(); err != nil {
				kills++
			}
			timer.Stop()
		}
		if out, err := run().CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if diff := cmp.Diff(want, bookFiles(t, vault)); diff != "" {
			t.Fatalf("after %d kills (-want +got):\n%.3000s", kills, diff)
		}
		book := filepath.Join(vault, ".learning_sessions")
		if out, err := exec.Command("daybook", "verify", "--book", book).CombinedOutput(); err != nil {
			t.Fatalf("verify: %v: %s", err, out)
		}
	}
	out, err := exec.Command("daybook", "import", "git", vault, "--json").Output()
	if err != nil || !strings.Contains(string(out), `"events":0,"duplicates":0`) {
		t.Errorf("again: %v: %s", err, out)
	}
	t.Logf("%d kills", kills)
}
