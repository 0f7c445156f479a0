package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
)

// tempSuffix marks the files that Replace makes on its way. Sweep removes those whose maker is gone.
const tempSuffix = ".daybook-tmp"

// Replace puts data in the place of the file name, or makes it with mode 0644, so that nobody, not even after a crash,
// ever sees a part of it: it is either the old file or the new one, and the new one when Replace has returned nil. The
// new one has the old one's mode, and its owner as far as the system lets it. The temporary file stands beside name. A
// symbolic link is followed and stays one.
//
// Calls: create temp, lock temp, write temp, sync temp, rename temp name, syncdir.
func Replace(fsys FS, name string, data []byte) error {
	return ReplaceVia(fsys, filepath.Dir(name), name, data)
}

// ReplaceVia is Replace with the temporary file in the directory tmp, so that one Sweep of tmp finds what a crash left
// over. If name is a symbolic link, or in another file system than tmp, the temporary file stands beside the file that
// is replaced.
func ReplaceVia(fsys FS, tmp, name string, data []byte) error {
	return ReplaceWith(fsys, tmp, name, func(temp File) error {
		_, err := temp.WriteAt(data, 0)
		return err
	})
}

// ReplaceLike is Replace, but a file that it makes has the mode and the owner of the file model, which must be there.
func ReplaceLike(fsys FS, name, model string, data []byte) error {
	if _, err := fsys.Stat(name); err == nil {
		model = name
	}
	return replace(fsys, filepath.Dir(name), name, model, func(temp File) error {
		_, err := temp.WriteAt(data, 0)
		return err
	})
}

// ReplaceWith is ReplaceVia with the contents that fill writes into the temporary file. That is empty when fill is
// called, which may be more than once, and closed when it takes name's place.
func ReplaceWith(fsys FS, tmp, name string, fill func(temp File) error) error {
	return replace(fsys, tmp, name, "", fill)
}

// ReplaceWithLike is ReplaceWith for a file that has bytes of the file model: one that it makes has the mode and the owner of
// model, if that is there, and so has one that it replaces, if more users could read it than model.
func ReplaceWithLike(fsys FS, tmp, name, model string, fill func(temp File) error) error {
	const read = 0o044
	old, err := fsys.Stat(name)
	source, serr := fsys.Stat(model)
	if err == nil && (serr != nil || old.Mode&^source.Mode&read == 0) {
		model = name
	}
	return replace(fsys, tmp, name, model, fill)
}

// replace is ReplaceWith for a new file that is like model; "" is the file that it replaces.
func replace(fsys FS, tmp, name, model string, fill func(temp File) error) error {
	if target := fsys.Resolve(name); target != name || !sameDevice(fsys, tmp, filepath.Dir(name)) {
		name, tmp = target, filepath.Dir(target) // a rename to the link's name would put a file in its place
	}
	// Links in a circle are an error, and so is a device: the rename would replace one of the links, or the device.
	info, err := fsys.Stat(name)
	if err == nil && info.Mode&special != 0 {
		err = errSpecial
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	if model == "" {
		model = name
	}
	for try := 0; ; try++ {
		temp, err := writeTemp(fsys, tmp, name, model, fill)
		if err == nil {
			err = fsys.Rename(temp, name)
			if err != nil {
				fsys.Remove(temp) // best effort: Sweep finds it otherwise
			}
		}
		// Between its making and its locking a temporary file may be taken for a dead one and swept.
		if errors.Is(err, errSwept) || (errors.Is(err, fs.ErrNotExist) && try < 3 && dirExists(fsys, tmp) && dirExists(fsys, filepath.Dir(name))) {
			continue
		}
		if err != nil {
			return fmt.Errorf("replace %s: %w", name, err)
		}
		if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
			return fmt.Errorf("replace %s: %w", name, err)
		}
		return nil
	}
}

var errSwept = errors.New("temporary file swept by another process")

// writeTemp has a new temporary file in dir filled, and syncs it. The file's lock, held until then, tells Sweep that
// its maker lives; what is left of the way, the rename, is retried by the caller should Sweep come in between.
func writeTemp(fsys FS, dir, target, model string, fill func(temp File) error) (string, error) {
	name := filepath.Join(dir, fmt.Sprintf("%s.%08x%s", filepath.Base(target), rand.Uint32(), tempSuffix))
	f, err := fsys.CreateLike(name, model)
	if errors.Is(err, fs.ErrExist) {
		return "", errSwept // or rather not: the name is somebody else's
	}
	if err != nil {
		fsys.Remove(name) // most likely there is none
		return "", err
	}
	if err = lockTemp(f); err == nil {
		if err = fill(f); err == nil {
			err = f.Sync()
		}
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil && !errors.Is(err, errSwept) {
		fsys.Remove(name) // best effort: Sweep finds it otherwise
	}
	return name, err
}

func lockTemp(f File) error {
	ok, err := f.TryLock()
	if err == nil && !ok {
		err = errSwept
	}
	return err
}

// Sweep removes from dir the temporary files of Replace whose maker no longer lives, and returns how many. Any number
// of processes may sweep while others replace.
func Sweep(fsys FS, dir string) (int, error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), tempSuffix) {
			continue
		}
		name := filepath.Join(dir, e.Name())
		f, err := fsys.Open(name, true)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return n, err
		}
		dead, err := f.TryLock()
		f.Close() // nothing was written; and what is open may keep its name
		if err == nil && dead {
			if err = fsys.Remove(name); err == nil {
				n++
			} else if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Rename gives a file another name, over another file or over nothing, and makes that durable. Both names are in one
// directory. After an error either may be there.
//
// Calls: rename to, syncdir.
func Rename(fsys FS, from, to string) error {
	if err := fsys.Rename(from, to); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(to))
}

// MkdirAll makes a directory and its missing parents with mode 0755 whatever the umask, and makes their names durable.
// So it does, first, for the lowest one that is there already: a process that was killed may have made it and come no
// further. If nothing is missing, that is all.
//
// Calls: syncdir above, mkdir dir, syncdir parent, for each that was missing.
func MkdirAll(fsys FS, dir string) error {
	parent := filepath.Dir(dir)
	if parent == dir || dirExists(fsys, dir) {
		err := fsys.SyncDir(parent)
		if IsRefused(err) {
			err = nil // nobody makes directories where he has no permission
		}
		return err
	}
	if err := MkdirAll(fsys, parent); err != nil {
		return err
	}
	if _, err := fsys.Mkdir(dir); err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}

// ReadFile returns the whole contents of a file. Others may replace it meanwhile.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.Open(name, false)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	}
	buf := make([]byte, info.Size)
	n, err := readFull(f, buf, 0)
	return buf[:n], err
}

// sameDevice reports whether a file can be renamed from the directory a to the directory b, as far as can be seen.
func sameDevice(fsys FS, a, b string) bool {
	if a == b {
		return true
	}
	ia, aerr := fsys.Stat(a)
	ib, berr := fsys.Stat(b)
	return aerr != nil || berr != nil || ia.ID.Device == ib.ID.Device
}

func dirExists(fsys FS, name string) bool {
	info, err := fsys.Stat(name)
	return err == nil && info.Mode.IsDir()
}

// readFull reads from f at offset off until buf is full or the file ends, which is no error.
func readFull(f io.ReaderAt, buf []byte, off int64) (int, error) {
	n, err := f.ReadAt(buf, off)
	if err == io.EOF {
		err = nil
	}
	return n, err
}
