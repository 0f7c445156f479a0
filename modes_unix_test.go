//go:build unix

package daybook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestModesWhateverTheUmask holds the stories' modes, and that what exists keeps its own.
func TestModesWhateverTheUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := filepath.Join(t.TempDir(), "data", "events")
	b := open(t, dir, nil)
	mustAppend(t, b, lineOf("a"))
	if _, err := b.Snapshot(mustAppend(t, b, lineOf("b")).Day, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, testDay, "events.json")
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, nil)
	mustAppend(t, again, lineOf("c"))
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := os.FileMode(0o644)
		switch {
		case d.IsDir():
			want = 0o755
		case path == name, filepath.Base(path) == "book.lock", filepath.Base(path) == "book.turn":
			want = 0o600
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s: got mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSymlinkedDayFile(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere.json")
	name := writeDay(t, dir, "")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, name); err != nil { // it leads nowhere yet
		t.Fatal(err)
	}
	b := open(t, dir, nil)
	mustAppend(t, b, lineOf("a"))
	mustAppend(t, b, lineOf("b"))
	if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link: got %v, %v", info, err)
	}
	data, err := os.ReadFile(elsewhere)
	if want := lineOf("a") + "\n" + lineOf("b") + "\n"; err != nil || string(data) != want {
		t.Errorf("what it leads to: got %q, %v, want %q", data, err, want)
	}
}

// TestDayFileThatIsNone: readers neither wait for a pipe's writer nor take a link that leads nowhere for a day without
// events, as when a disk is not mounted.
func TestDayFileThatIsNone(t *testing.T) {
	for want, make := range map[string]func(name string) error{
		"is no regular file":      func(name string) error { return syscall.Mkfifo(name, 0o644) },
		"link that leads nowhere": func(name string) error { return os.Symlink("nowhere.json", name) },
	} {
		dir := t.TempDir()
		b := open(t, dir, nil)
		name := writeDay(t, dir, "")
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := make(name); err != nil {
			t.Fatal(err)
		}
		var read, verified error
		for _, err := range b.Events(t.Context(), Query{}) {
			read = err
		}
		for f, err := range b.Verify(t.Context(), Query{}) {
			if verified = err; err == nil {
				verified = errors.New(f.String())
			}
		}
		if !strings.Contains(fmt.Sprint(read), want) || !strings.Contains(fmt.Sprint(verified), want) {
			t.Errorf("Events: %v; Verify: %v; want %q in both", read, verified, want)
		}
	}
}

// TestFileSizeLimit has a real disk refuse a real write, at a byte in the middle of a line.
func TestFileSizeLimit(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	mustAppend(t, b, lineOf("a"))
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = uint64(len(lineOf("a")) + 20)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	_, err := b.Append(t.Context(), parse(t, lineOf("b")))
	if rerr := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); rerr != nil {
		t.Fatal(rerr)
	}
	if !IsFull(err) || !strings.Contains(fmt.Sprint(err), "offset") {
		t.Errorf("got %v, want a full disk at an offset", err)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"; got != want {
		t.Errorf("day file\n got %q\nwant %q", got, want)
	}
	mustAppend(t, b, lineOf("b"))
}
