package table

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"daybook/internal/durable"
)

// WriteFile puts into the place of the file name what fill writes, so that nobody ever sees a part of it, or makes it. Without
// over an existing file stays as it is, and the error is fs.ErrExist. fill may be called again: then from the beginning.
func WriteFile(fsys durable.FS, name string, over bool, fill func(io.Writer) error) error {
	_, err := fsys.Stat(name)
	switch {
	case err == nil && !over:
		return &fs.PathError{Op: "write", Path: name, Err: fs.ErrExist}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	dir := filepath.Dir(name)
	if _, err := fsys.Stat(dir); err != nil {
		return fmt.Errorf("the folder for %s: %w", name, err)
	}
	_, _ = durable.Sweep(fsys, dir) // what a crash has left there does no harm
	return durable.ReplaceWith(fsys, dir, name, func(temp durable.File) error {
		return fill(io.NewOffsetWriter(temp, 0))
	})
}
