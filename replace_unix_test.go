//go:build unix

package daybook

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"daybook/internal/faultfs"
)

func statOf(t *testing.T, name string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t)
}

// TestReplaceKeepsTheMode: each new file has the mode and owner of the one before, and nobody else can open it sooner.
func TestReplaceKeepsTheMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	b, fs := openFaulty(t, t.TempDir(), replacing(SyncAlways))
	name := filepath.Join(b.Dir(), testDay, "events.json")
	mustAppend(t, b, lineOf("a"))
	mustAppend(t, b, lineOf("b"))
	before := statOf(t, name)
	if mode := before.Mode & 0o777; mode != 0o644 {
		t.Errorf("under umask 077: got mode %o, want 644", mode)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // nobody else may give a file away
		if err := os.Chown(name, 12345, 54321); err != nil {
			t.Fatal(err)
		}
	}
	before = statOf(t, name)
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if temps, _ := filepath.Glob(filepath.Join(b.Dir(), "*daybook-tmp")); len(temps) > 0 {
			if mode := statOf(t, temps[0]).Mode & 0o777; mode != 0o600 {
				t.Errorf("%s: the temporary file has mode %o, want 600", c, mode)
			}
		}
		return faultfs.Fault{}
	}
	mustAppend(t, b, lineOf("c"))
	after := statOf(t, name)
	if after.Mode != before.Mode || after.Uid != before.Uid || after.Gid != before.Gid {
		t.Errorf("got mode %o of %d:%d, want %o of %d:%d",
			after.Mode, after.Uid, after.Gid, before.Mode, before.Uid, before.Gid)
	}
	if after.Ino == before.Ino {
		t.Error("it is the same file")
	}
}

// TestReplaceBehindALink: the link stays, what it leads to is replaced, and the copy that a crash left there goes when
// the day is next opened.
func TestReplaceBehindALink(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere.json")
	open(t, dir, replacing(SyncAlways))
	name := writeDay(t, dir, "")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, name); err != nil { // it leads nowhere yet
		t.Fatal(err)
	}
	left := filepath.Join(filepath.Dir(elsewhere), "elsewhere.json.01234567.daybook-tmp")
	want := ""
	for _, id := range []string{"a", "b", "c"} {
		if err := os.WriteFile(left, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var before uint64
		if want != "" {
			before = statOf(t, elsewhere).Ino
		}
		mustAppend(t, open(t, dir, nil), lineOf(id))
		want += lineOf(id) + "\n"
		if data, err := os.ReadFile(elsewhere); err != nil || string(data) != want {
			t.Errorf("what the link leads to: got %q, %v, want %q", data, err, want)
		}
		if statOf(t, name).Mode&syscall.S_IFMT != syscall.S_IFLNK || statOf(t, elsewhere).Ino == before {
			t.Error("the link is none any more, or what it leads to is the same file")
		}
		if _, err := os.Stat(left); want != lineOf("a")+"\n" && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the copy of a crash is left: %v", err)
		}
	}
}
