//go:build unix

package palettefile_test

import (
	"errors"
	"os"
	"path/filepath"
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
