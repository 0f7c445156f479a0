//go:build unix

package durable_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"daybook/internal/durable"
)

func TestReplaceModesAndLinks(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := durable.Replace(durable.OS(), target, []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", link); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(durable.OS(), link, []byte("2")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(target)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode under umask 077: got %v, %v, want 0644", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the symbolic link is none any more: %v, %v", info, err)
	}
	if data, _ := os.ReadFile(target); string(data) != "2" {
		t.Errorf("target: got %q, want 2", data)
	}
	// A link that leads nowhere yet is followed too.
	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(durable.OS(), link, []byte("3")); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(target); string(data) != "3" {
		t.Errorf("target of a link that led nowhere: got %q, want 3", data)
	}
}

// TestReplacedFileKeepsMode: what is replaced keeps its mode and, as root, its owner.
func TestReplacedFileKeepsMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	name := filepath.Join(t.TempDir(), "f")
	for _, mode := range []os.FileMode{0o600, 0o664, 0o400, 0o644} {
		if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 { // nobody else may give a file away
			if err := os.Chown(name, 12345, 54321); err != nil {
				t.Fatal(err)
			}
		}
		before, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := durable.Replace(durable.OS(), name, []byte("new")); err != nil {
			t.Fatal(err)
		}
		after, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		was, is := before.Sys().(*syscall.Stat_t), after.Sys().(*syscall.Stat_t)
		if after.Mode() != mode || is.Uid != was.Uid || is.Gid != was.Gid {
			t.Errorf("got %v of %d:%d, want %v of %d:%d", after.Mode(), is.Uid, is.Gid, mode, was.Uid, was.Gid)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}
