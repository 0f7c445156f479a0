package vault

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAttributesAreTold: the system tells of another mode, as of attributes alone.
func TestAttributesAreTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.canvas")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	n, err := newFSNotify()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.Add(filepath.Dir(name)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-n.Notices():
		if want := (notice{name: name, attr: true}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	case <-time.After(time.Minute):
		t.Error("nothing is told")
	}
}
