//go:build unix

package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// TestLinksThatLeadNowhere: a link is followed over further links to where a file can be made, and stays one; where
// none can be made, or links lead in a circle, the error says so and all links are left.
func TestLinksThatLeadNowhere(t *testing.T) {
	dir := t.TempDir()
	link := func(to, name string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if err := os.MkdirAll(filepath.Join(dir, "real", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	link("real/sub", "short")
	fsys := durable.OS()
	for name, want := range map[string]string{
		link("second", "first"):               "made",
		link("made", "second"):                "made",
		link("../beside", "short/up"):         "real/beside",
		link(filepath.Join(dir, "abs"), "to"): "abs",
	} {
		if got := fsys.Resolve(name); got != filepath.Join(dir, want) {
			t.Errorf("Resolve(%s): got %s, want %s", name, got, want)
		}
		for _, data := range []string{"1", "2"} {
			if err := durable.Replace(fsys, name, []byte(data)); err != nil {
				t.Error(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, want)); err != nil || string(got) != data {
				t.Errorf("%s: got %q, %v, want %q", want, got, err, data)
			}
		}
	}
	lost := link("gone/file", "lost")
	if _, _, err := fsys.Create(lost); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "leads nowhere") {
		t.Errorf("Create: got %v", err)
	}
	if _, err := fsys.Mkdir(lost); err == nil || !strings.Contains(err.Error(), "leads nowhere is in the way") {
		t.Errorf("Mkdir: got %v", err)
	}
	for _, name := range []string{link("circle", "circle"), link("b", "a"), link("a", "b")} {
		if err := durable.Replace(fsys, name, nil); !errors.Is(err, syscall.ELOOP) || !durable.IsRefused(err) {
			t.Errorf("Replace of a circle: got %v", err)
		}
	}
	for _, name := range []string{"first", "second", "short/up", "to", "lost", "circle", "a", "b"} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v, %v", name, info, err)
		}
	}
}

// TestSpecialFiles: pipes and devices, behind links too, are neither waited for nor written to nor replaced.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	names := []string{pipe, filepath.Join(dir, "link")}
	if err := os.Symlink("pipe", names[1]); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // nobody else may make devices
		null := filepath.Join(dir, "null")
		if err := syscall.Mknod(null, syscall.S_IFCHR|0o666, 1<<8|3); err != nil {
			t.Log("without a device:", err)
		} else {
			names = append(names, null)
		}
	}
	fsys := durable.OS()
	for _, name := range names {
		before, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		_, openErr := fsys.Open(name, false)
		_, writeErr := fsys.Open(name, true)
		_, _, createErr := fsys.Create(name)
		for call, err := range map[string]error{
			"Open": openErr, "Open to write": writeErr, "Create": createErr, "Replace": durable.Replace(fsys, name, []byte("x")),
		} {
			if !durable.IsRefused(err) || !strings.Contains(err.Error(), "move it away") {
				t.Errorf("%s of %s: got %v", call, filepath.Base(name), err)
			}
		}
		after, err := os.Stat(name)
		if err != nil || after.Mode() != before.Mode() {
			t.Errorf("%s is another: %v, %v, was %v", name, after.Mode(), err, before.Mode())
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != len(names) {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
}

// TestRootGivesToOwner: what root makes in somebody's directory is theirs, whichever way it is made; behind a symbolic
// link it belongs to the owner of the directory that the link leads to. What is there keeps its owner.
func TestRootGivesToOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: nobody else may give a file away")
	}
	fsys := durable.OS()
	roots := t.TempDir()
	theirs := t.TempDir()
	if err := os.Chown(theirs, 12345, 54321); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(theirs, name) }
	owner := func(name string) [2]uint32 {
		t.Helper()
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		st := info.Sys().(*syscall.Stat_t)
		return [2]uint32{st.Uid, st.Gid}
	}
	closed := func(f durable.File, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	want := [2]uint32{12345, 54321}
	for name, make := range map[string]func(string){
		"created":  func(name string) { f, _, err := fsys.Create(name); closed(f, err) },
		"lock":     func(name string) { f, err := fsys.CreateLock(name); closed(f, err) },
		"like":     func(name string) { f, err := fsys.CreateLike(name, in("missing")); closed(f, err) },
		"replaced": func(name string) { closed(nopFile{}, durable.Replace(fsys, name, []byte("x"))) },
		"a/b/c":    func(name string) { closed(nopFile{}, durable.MkdirAll(fsys, name)) },
	} {
		make(in(name))
		if got := owner(in(name)); got != want {
			t.Errorf("%s: owner %v, want %v", name, got, want)
		}
	}
	if got := owner(in("a")); got != want {
		t.Errorf("a directory above: owner %v, want %v", got, want)
	}
	if err := os.Symlink(filepath.Join(roots, "target"), in("link")); err != nil {
		t.Fatal(err)
	}
	f, made, err := fsys.Create(in("link"))
	closed(f, err)
	if got := owner(filepath.Join(roots, "target")); got != [2]uint32{0, 0} || !made {
		t.Errorf("behind a link into root's directory: owner %v, made %v", got, made)
	}
	if err := os.WriteFile(in("roots"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f, _, err = fsys.Create(in("roots"))
	closed(f, err)
	if got := owner(in("roots")); got != [2]uint32{0, 0} {
		t.Errorf("a file that was there: owner %v", got)
	}
}

type nopFile struct{ durable.File }

func (nopFile) Close() error { return nil }

// TestLockIsForWriters: a lock file is made 0600, and one that was made otherwise may be read only by those who may write
// it: whoever can open it can hold the lock.
func TestLockIsForWriters(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	name := filepath.Join(t.TempDir(), "f.lock")
	for was, want := range map[os.FileMode]os.FileMode{
		0: 0o600, 0o644: 0o600, 0o640: 0o600, 0o604: 0o600, 0o600: 0o600,
		0o664: 0o660, 0o660: 0o660, 0o666: 0o666, 0o606: 0o606, // shared on purpose
	} {
		os.Remove(name)
		if was != 0 {
			if err := os.WriteFile(name, nil, was); err != nil {
				t.Fatal(err)
			}
		}
		lock := durable.NewLock(durable.OS(), name, "")
		if err := lock.Acquire(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		lock.Close()
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%v became %v, %v, want %v", was, info.Mode(), err, want)
		}
	}
}
