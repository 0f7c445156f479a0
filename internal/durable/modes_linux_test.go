package durable

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"daybook/internal/rerun"
)

// TestSystemWithoutModes: where a file system keeps no modes, and says that setting one is not permitted, the file is
// there all the same. A file of somebody else's answers like that; any other error is one.
func TestSystemWithoutModes(t *testing.T) {
	if !rerun.AsNobody(t) {
		return
	}
	f, err := os.Open("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Chmod(0o644); !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("chmod of root's file: got %v, want that it is not permitted", err)
	}
	if err := setMode(f, 0o644); err != nil {
		t.Errorf("not permitted: got %v, want nil", err)
	}
	if _, err := f.Stat(); err != nil {
		t.Errorf("the file is open no more: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := setMode(f, 0o644); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a file that is closed: got %v, want fs.ErrClosed", err)
	}
}
