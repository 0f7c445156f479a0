//go:build unix

package daybook

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRepairKeepsModeAndLink: a day file that is private stays so, and one that is a symbolic link stays one. No temporary
// file stays where it leads to.
func TestRepairKeepsModeAndLink(t *testing.T) {
	dir, away := t.TempDir(), t.TempDir()
	name := writeDay(t, dir, "{\n"+lineOf("a")+"\n")
	target := filepath.Join(away, "day.json")
	try(t, os.Rename(name, target))
	try(t, os.Symlink(target, name))
	try(t, os.Chmod(target, 0o600))
	try(t, os.WriteFile(filepath.Join(away, "day.json.00000000.daybook-tmp"), nil, 0o600)) // of a crash
	if actions, _, err := repairAll(open(t, dir, nil)); err != nil || actions != "damaged quarantined" {
		t.Fatalf("got %s, %v", actions, err)
	}
	if got, err := os.Readlink(name); err != nil || got != target {
		t.Errorf("the link leads to %s, %v, want %s", got, err, target)
	}
	info, err := os.Stat(target)
	try(t, err)
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode: got %v, want 0600", got)
	}
	if left, err := filepath.Glob(filepath.Join(away, "*tmp")); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
	if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"; got != want {
		t.Errorf("day file: got %q, want %q", got, want)
	}
}
