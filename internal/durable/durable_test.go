package durable_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestReplaceIsAllOrNothing(t *testing.T) {
	// Every call of Replace fails once, with and without effect: the file is the old one or the new one, no temporary
	// file stays, and nil means the new one.
	for n := 1; ; n++ {
		made := 0
		for _, applied := range []bool{false, true} {
			dir, failed := t.TempDir(), ""
			name := filepath.Join(dir, "f")
			if err := durable.Replace(durable.OS(), name, []byte("old")); err != nil {
				t.Fatal(err)
			}
			fs := &faultfs.FS{Under: durable.OS(), Fault: func(c faultfs.Call) faultfs.Fault {
				made = c.N
				if c.N == n {
					failed = c.Op
					return faultfs.Fault{Err: faultfs.EIO, Applied: applied, Part: 1}
				}
				return faultfs.Fault{}
			}}
			err := durable.Replace(fs, name, []byte("new"))
			data, rerr := os.ReadFile(name)
			if rerr != nil {
				t.Fatal(rerr)
			}
			if got := string(data); got != "new" && (err == nil || got != "old") {
				t.Errorf("call %d fails (applied %v): error %v, contents %q", n, applied, err, got)
			}
			// A failed call leaves none either, unless the removing fails; then Sweep finds it.
			if failed != "remove" {
				if got := names(t, dir); len(got) != 1 {
					t.Errorf("call %d fails (applied %v): files %v before the sweep", n, applied, got)
				}
			}
			if _, err := durable.Sweep(durable.OS(), dir); err != nil {
				t.Errorf("sweep: %v", err)
			}
			if got := names(t, dir); len(got) != 1 {
				t.Errorf("call %d fails (applied %v): files %v", n, applied, got)
			}
		}
		if made < n {
			if n < 6 {
				t.Errorf("Replace made only %d calls", made)
			}
			return
		}
	}
}

// TestReplaceWith: what cannot be filled replaces nothing, and what is swept on the way is made and filled again.
func TestReplaceWith(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := durable.Replace(durable.OS(), name, []byte("old")); err != nil {
		t.Fatal(err)
	}
	err := durable.ReplaceWith(durable.OS(), dir, name, func(temp durable.File) error {
		if _, err := temp.WriteAt([]byte("ne"), 0); err != nil {
			t.Error(err)
		}
		return faultfs.EIO
	})
	data, rerr := os.ReadFile(name)
	if !errors.Is(err, faultfs.EIO) || string(data) != "old" || rerr != nil || len(names(t, dir)) != 1 {
		t.Errorf("fill fails: got %v, contents %q, %v, files %v", err, data, rerr, names(t, dir))
	}
	swept := false
	fs := &faultfs.FS{Under: durable.OS()}
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.Op == "rename" && !swept { // between the closing and the rename, as another process may
			swept = true
			if n, err := durable.Sweep(durable.OS(), dir); n != 1 || err != nil {
				t.Errorf("sweep: %d, %v", n, err)
			}
		}
		return faultfs.Fault{}
	}
	filled := 0
	err = durable.ReplaceWith(fs, dir, name, func(temp durable.File) error {
		filled++
		info, err := temp.Stat()
		if err != nil || info.Size != 0 {
			t.Errorf("a temporary file of %d bytes, %v, want an empty one", info.Size, err)
		}
		if n, err := durable.Sweep(durable.OS(), dir); n != 0 || err != nil {
			t.Errorf("sweep of a file that is being filled: %d, %v", n, err)
		}
		_, err = temp.WriteAt([]byte("new"), 0)
		return err
	})
	data, rerr = os.ReadFile(name)
	if err != nil || filled != 2 || string(data) != "new" || rerr != nil || len(names(t, dir)) != 1 {
		t.Errorf("swept once: got %v, filled %d times, contents %q, %v, files %v", err, filled, data, rerr, names(t, dir))
	}
}

func TestSweepSparesTheLiving(t *testing.T) {
	dir := t.TempDir()
	dead, living, other := "a.0.daybook-tmp", "b.0.daybook-tmp", "c.tmp"
	for _, n := range []string{dead, living, other} {
		if err := os.WriteFile(filepath.Join(dir, n), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := durable.OS().Open(filepath.Join(dir, living), true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if ok, err := f.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	n, err := durable.Sweep(durable.OS(), dir)
	if got := fmt.Sprint(names(t, dir)); n != 1 || err != nil || got != fmt.Sprint([]string{living, other}) {
		t.Errorf("Sweep: got %d, %v, left %v", n, err, got)
	}
}

func TestLockExcludesAndEnds(t *testing.T) {
	dir := t.TempDir()
	newLock := func() *durable.Lock {
		return durable.NewLock(durable.OS(), filepath.Join(dir, "x", "l"), filepath.Join(dir, "x", "t"))
	}
	a, b := newLock(), newLock()
	if err := a.Acquire(t.Context(), 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Acquire without the directory: got %v, want it to be missing", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	ctx := t.Context()
	if err := a.Acquire(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if err := b.Acquire(ctx, 5*time.Millisecond); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("second Acquire: got %v, want ErrLocked", err)
	}
	ended, cancel := context.WithCancelCause(ctx)
	why := errors.New("why")
	cancel(why)
	if err := b.Acquire(ended, time.Minute); !errors.Is(err, why) {
		t.Errorf("Acquire with an ended context: got %v, want its cause", err)
	}
	if err := a.Release(); err != nil {
		t.Fatal(err)
	}
	if err := b.Acquire(ctx, 0); err != nil {
		t.Errorf("Acquire after Release: %v", err)
	}
}

// TestLockFileRemoved: somebody removes the lock file. Who comes next must not lock another one beside the holder's
// unnoticed, and the holder's successor must find the new one.
func TestLockFileRemoved(t *testing.T) {
	name := filepath.Join(t.TempDir(), "l")
	a, b := durable.NewLock(durable.OS(), name, ""), durable.NewLock(durable.OS(), name, "")
	defer a.Close()
	defer b.Close()
	ctx := t.Context()
	for _, l := range []*durable.Lock{a, b} { // both have it open
		if err := l.Acquire(ctx, 0); err != nil {
			t.Fatal(err)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Acquire(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if err := durable.OS().Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Skip("this system lets a locked file keep its name until it is closed")
	}
	if err := a.Acquire(ctx, 0); err != nil {
		t.Errorf("Acquire of a new file: %v", err)
	}
	if err := b.Release(); err != nil {
		t.Fatal(err)
	}
	if err := b.Acquire(ctx, 0); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("Acquire of the removed file: got %v, want ErrLocked", err)
	}
}

// TestCallOrder compares the system calls that a function makes with those that its comment names.
func TestCallOrder(t *testing.T) {
	dir := t.TempDir()
	fs := &faultfs.FS{Under: durable.OS()}
	if err := durable.Replace(fs, filepath.Join(dir, "name"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	compareCalls(t, "Replace", fs.Calls())
	if err := durable.Rename(fs, filepath.Join(dir, "name"), filepath.Join(dir, "to")); err != nil {
		t.Fatal(err)
	}
	compareCalls(t, "Rename", fs.Calls())
	if err := durable.MkdirAll(fs, filepath.Join(dir, "dir")); err != nil {
		t.Fatal(err)
	}
	compareCalls(t, "MkdirAll", fs.Calls())
}

func compareCalls(t *testing.T, function string, got []string) {
	t.Helper()
	temp := regexp.MustCompile(`name\.[0-9a-f]{8}\.daybook-tmp`)
	for i := range got {
		got[i] = temp.ReplaceAllString(got[i], "temp")
		got[i] = strings.Replace(got[i], "rename name", "rename temp name", 1)
		if strings.HasPrefix(got[i], "syncdir") {
			got[i] = "syncdir"
		}
	}
	var want []string
	for _, c := range strings.Split(documentedCalls(t, function), ",") {
		c = strings.TrimSpace(c)
		if c, _, _ = strings.Cut(c, " for each"); !strings.HasPrefix(c, "lock") && c != "" {
			if strings.HasPrefix(c, "syncdir") {
				c = "syncdir"
			}
			want = append(want, c)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s\n makes %q\nsays it makes %q", function, got, want)
	}
}

// documentedCalls returns what stands behind "Calls:" in a function's comment.
func documentedCalls(t *testing.T, function string) string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "replace.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == function {
			_, calls, _ := strings.Cut(strings.ReplaceAll(fn.Doc.Text(), "\n", " "), "Calls: ")
			calls, _, _ = strings.Cut(calls, ".")
			return strings.TrimSuffix(strings.TrimSpace(calls), ", for each that was missing")
		}
	}
	t.Fatalf("no function %s", function)
	return ""
}

// TestLongPath: a path of more than the 260 characters that Windows takes at first is as good as any other.
func TestLongPath(t *testing.T) {
	fsys := durable.OS()
	dir := t.TempDir()
	for len(dir) < 400 {
		dir = filepath.Join(dir, strings.Repeat("d", 50))
	}
	if err := durable.MkdirAll(fsys, dir); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "复习.canvas")
	for _, text := range []string{"one", "two"} {
		if err := durable.Replace(fsys, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := durable.ReadFile(fsys, name); err != nil || string(got) != text {
			t.Errorf("read: %q, %v, want %q", got, err, text)
		}
	}
	lock := durable.NewLock(fsys, filepath.Join(dir, "lock"), "")
	if err := errors.Join(lock.Acquire(t.Context(), 0), lock.Close()); err != nil {
		t.Errorf("lock: %v", err)
	}
	if got, err := fsys.ReadDir(dir); err != nil || len(got) != 2 {
		t.Errorf("list: %v, %v", got, err)
	}
	if err := fsys.Remove(name); err != nil {
		t.Errorf("remove: %v", err)
	}
	if _, err := fsys.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("stat of what was removed: %v", err)
	}
}
