package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// OS returns the real file system.
func OS() FS { return osFS{} }

type osFS struct{}

// osFile is an *os.File whose Stat, Sync and locks go straight to the system.
type osFile struct{ *os.File }

func (osFS) Open(name string, write bool) (File, error) {
	f, err := openOS(name, write)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Create(name string) (File, bool, error) {
	f, made, err := createOS(name)
	if err != nil {
		return nil, false, err
	}
	return osFile{f}, made, nil
}

func (osFS) CreateLike(name, model string) (File, error) {
	f, err := createLikeOS(name, model)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Mkdir(name string) (bool, error) {
	err := os.Mkdir(name, 0o755)
	if errors.Is(err, fs.ErrExist) {
		info, serr := os.Stat(name)
		if serr == nil && !info.IsDir() {
			return false, &fs.PathError{Op: "mkdir", Path: name, Err: errors.New("a file of this name is in the way")}
		}
		return false, serr
	}
	if err != nil {
		return false, err
	}
	if err := os.Chmod(name, 0o755); err != nil && !errors.Is(err, fs.ErrPermission) {
		return true, err
	}
	return true, nil
}

func (osFS) Rename(from, to string) error               { return renameOS(from, to) }
func (osFS) Remove(name string) error                   { return os.Remove(name) }
func (osFS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (osFS) Resolve(name string) string {
	info, err := os.Lstat(name)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return name
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		return target
	}
	target, err := os.Readlink(name) // it leads nowhere yet
	if err != nil {
		return name
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(name), target)
	}
	return target
}

func (osFS) Stat(name string) (Info, error) { return statOS(name) }
func (osFS) SyncDir(name string) error      { return syncDirOS(name) }
