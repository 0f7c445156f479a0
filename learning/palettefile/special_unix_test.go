//go:build unix

package palettefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"daybook/learning/palettefile"
)

// TestNoFile: what is no file in the place of palette.toml is a mistake, and nobody waits for it.
func TestNoFile(t *testing.T) {
	for what, put := range map[string]func(name string) error{
		"a directory": func(name string) error { return os.Mkdir(name, 0o755) },
		"a pipe":      func(name string) error { return syscall.Mkfifo(name, 0o644) },
	} {
		dir := t.TempDir()
		if err := put(filepath.Join(dir, palettefile.Name)); err != nil {
			t.Fatal(err)
		}
		_, err := palettefile.Load(dir)
		var mistake *palettefile.Error
		if !errors.As(err, &mistake) {
			t.Errorf("%s: got %v, want a mistake in the file", what, err)
		}
	}
}

// TestLinkToNowhere: a link whose target is missing, as when a disk is not mounted, is no palette that nobody has written.
func TestLinkToNowhere(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("nowhere.toml", filepath.Join(dir, palettefile.Name)); err != nil {
		t.Fatal(err)
	}
	if _, err := palettefile.Load(dir); err == nil || !strings.Contains(err.Error(), "leads nowhere") {
		t.Errorf("got %v", err)
	}
}
