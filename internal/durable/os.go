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
	if err == nil {
		err = noSpecial(f, write)
	} else {
		err = inTheWay(name, write, err)
	}
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Create(name string) (File, bool, error) {
	f, made, err := createOS(name, 0o644)
	if err == nil && !made {
		err = noSpecial(f, true)
	} else if err != nil {
		err = inTheWay(name, true, err)
	}
	if err != nil {
		return nil, false, err
	}
	return osFile{f}, made, nil
}

// errSpecial says that a pipe, a device or a socket stands where a file should: to open one may be to wait for ever, to
// write to one or to replace it may harm the machine.
var errSpecial = errors.New("is no regular file: move it away")

// errDirectory says that a directory stands where a file should.
var errDirectory = errors.New("is a directory: move it away")

// inTheWay returns err, the failure to open a file, or what stands in the file's place and cannot be opened at all.
func inTheWay(name string, write bool, err error) error {
	info, serr := os.Stat(name)
	switch {
	case serr != nil || errors.Is(err, fs.ErrPermission):
		return err
	case info.Mode()&special != 0:
		return &fs.PathError{Op: "open", Path: name, Err: errSpecial}
	case write && info.IsDir():
		return &fs.PathError{Op: "open", Path: name, Err: errDirectory}
	}
	return err
}

const special = fs.ModeDevice | fs.ModeNamedPipe | fs.ModeSocket | fs.ModeCharDevice | fs.ModeIrregular

// noSpecial returns an error, and closes f, if f is none that data may be kept in. Windows opens a directory for writing,
// too.
func noSpecial(f *os.File, write bool) error {
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.Mode()&special != 0:
		err = &fs.PathError{Op: "open", Path: f.Name(), Err: errSpecial}
	case write && info.IsDir():
		err = &fs.PathError{Op: "open", Path: f.Name(), Err: errDirectory}
	}
	if err != nil {
		f.Close() // the error is the one to report
	}
	return err
}

func (osFS) CreateLock(name string) (File, error) {
	f, made, err := createOS(name, 0o600)
	if err == nil && !made {
		if err = noSpecial(f, true); err == nil {
			err = keepToWriters(f)
		}
	}
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) CreateLike(name, model string) (File, error) {
	f, err := createLikeOS(name, model)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Mkdir(name string) (bool, error) { return mkdir(name, 0o755, true) }

// mkdir makes a directory with a mode, whatever the umask or less what the umask takes.
func mkdir(name string, mode fs.FileMode, exactly bool) (bool, error) {
	err := mkdirOS(name, mode)
	if errors.Is(err, fs.ErrExist) {
		info, serr := os.Stat(name)
		switch {
		case errors.Is(serr, fs.ErrNotExist) && isLink(name):
			serr = &fs.PathError{Op: "mkdir", Path: name, Err: errors.New("a symbolic link that leads nowhere is in the way: " +
				"bring back the directory that it led to")}
		case serr == nil && !info.IsDir():
			serr = &fs.PathError{Op: "mkdir", Path: name, Err: errors.New("a file of this name is in the way")}
		}
		return false, serr
	}
	if err != nil {
		return false, err
	}
	if exactly {
		if err := os.Chmod(name, mode); err != nil && !errors.Is(err, fs.ErrPermission) {
			return true, err
		}
	}
	return true, nil
}

// Outside returns fsys for files that are no part of a book, such as exports and reports. On the real file system what
// Replace makes has mode shown, and a directory may be searched by those who may read it, less what the umask takes;
// what is replaced keeps its mode.
func Outside(fsys FS, shown fs.FileMode) FS {
	if real, ok := fsys.(osFS); ok {
		return outsideFS{real, shown.Perm()}
	}
	return fsys
}

type outsideFS struct {
	osFS
	shown fs.FileMode
}

func (o outsideFS) CreateLike(name, model string) (File, error) {
	if info, err := os.Stat(model); err == nil && info.Mode().IsRegular() {
		return o.osFS.CreateLike(name, model)
	}
	f, err := createPlainOS(name, o.shown)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (o outsideFS) Mkdir(name string) (bool, error) {
	return mkdir(name, o.shown|o.shown>>2&0o111, false)
}

func isLink(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func (osFS) Rename(from, to string) error               { return renameOS(from, to) }
func (osFS) Remove(name string) error                   { return removeOS(name) }
func (osFS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (osFS) Resolve(name string) string {
	for range 40 { // more than systems follow
		if !isLink(name) {
			return name
		}
		target, err := os.Readlink(name)
		if err != nil {
			return name
		}
		if !filepath.IsAbs(target) {
			dir := filepath.Dir(name)
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				dir = real // ".." in the link counts from there
			}
			target = filepath.Join(dir, target)
		}
		name = target
	}
	return name
}

func (osFS) Stat(name string) (Info, error) { return statOS(name) }
func (osFS) SyncDir(name string) error      { return syncDirOS(name) }
func (osFS) Pins() bool                     { return pinsOS }
