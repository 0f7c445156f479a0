//go:build unix

package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

func openOS(name string, write bool) (*os.File, error) {
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	return os.OpenFile(name, flag|unix.O_NONBLOCK, 0) // else to open a pipe is to wait for its writer
}

// errNowhere is the error for a symbolic link where nothing can be made: the directory that it leads into is missing.
var errNowhere = fmt.Errorf("the symbolic link leads nowhere: bring back what it led to: %w", fs.ErrNotExist)

func createOS(name string, mode fs.FileMode) (f *os.File, made bool, err error) {
	f, err = createNew(name, mode)
	if errors.Is(err, fs.ErrExist) {
		// Something is there, perhaps a symbolic link that leads nowhere yet.
		if f, err = os.OpenFile(name, os.O_RDWR, 0); !errors.Is(err, fs.ErrNotExist) {
			return f, false, err
		}
		f, err = createNew(OS().Resolve(name), mode)
		if errors.Is(err, fs.ErrExist) { // made by another process at this moment
			f, err = os.OpenFile(name, os.O_RDWR, 0)
			return f, false, err
		}
		if errors.Is(err, fs.ErrNotExist) && isLink(name) {
			err = &fs.PathError{Op: "create", Path: name, Err: errNowhere}
		}
	}
	if err != nil {
		return nil, false, err
	}
	if err := setMode(f, mode); err != nil {
		return nil, false, err
	}
	return f, true, nil
}

func createLikeOS(name, model string) (*os.File, error) {
	mode := fs.FileMode(0o644)
	f, err := createNew(name, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(model); err == nil && info.Mode().IsRegular() {
		mode = info.Mode().Perm()
		if st, ok := info.Sys().(*syscall.Stat_t); ok && f.Chown(int(st.Uid), int(st.Gid)) != nil {
			f.Chown(-1, int(st.Gid)) // as far as the system lets us: one's own files, groups one is in
		}
	}
	return f, setMode(f, mode)
}

// createNew makes a file that is missing; what root makes belongs to the directory's owner. The directory is opened, so
// that it is the one that was looked at: its owner may put another in its place at any time.
func createNew(name string, mode fs.FileMode) (*os.File, error) {
	const flags = os.O_RDWR | os.O_CREATE | os.O_EXCL
	if os.Geteuid() != 0 {
		return os.OpenFile(name, flags, mode)
	}
	dir, err := openAt(unix.AT_FDCWD, filepath.Dir(name), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(dir) // nothing was written
	fd, err := openAt(dir, filepath.Base(name), flags, mode)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	giveTo(fd, dir)
	return os.NewFile(uintptr(fd), name), nil
}

// createPlainOS makes a file that is missing with a mode less what the umask takes.
func createPlainOS(name string, mode fs.FileMode) (*os.File, error) { return createNew(name, mode) }

// mkdirOS is createNew for a directory.
func mkdirOS(name string, mode fs.FileMode) error {
	if os.Geteuid() != 0 {
		return os.Mkdir(name, mode)
	}
	parent, err := openAt(unix.AT_FDCWD, filepath.Dir(name), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: err}
	}
	defer unix.Close(parent) // nothing was written
	if err := unix.Mkdirat(parent, filepath.Base(name), uint32(mode)); err != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: err}
	}
	fd, err := openAt(parent, filepath.Base(name), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil // its owner has put something else there
	}
	d := os.NewFile(uintptr(fd), name)
	defer d.Close() // nothing was written
	if _, err := d.ReadDir(1); err == io.EOF {
		giveTo(fd, parent) // only an empty one: nobody gets what somebody else has put in its place
	}
	return nil
}

// openAt is openat(2), repeated when a signal interrupts it.
func openAt(dir int, name string, flags int, mode fs.FileMode) (fd int, err error) {
	for err = unix.EINTR; err == unix.EINTR; {
		fd, err = unix.Openat(dir, name, flags|unix.O_CLOEXEC, uint32(mode))
	}
	return fd, err
}

// giveTo gives a new file or directory the owner and group of the directory dir, as far as the system lets us: a
// network share may not let root do so.
func giveTo(fd, dir int) {
	var st unix.Stat_t
	if unix.Fstat(dir, &st) == nil && (st.Uid != 0 || st.Gid != 0) {
		unix.Fchown(fd, int(st.Uid), int(st.Gid))
	}
}

// keepToWriters takes the permission to read a file from all who may not write it. Only its owner and root can; where
// somebody else is the owner it stays as it is.
func keepToWriters(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		f.Close() // the error is the one to report
		return err
	}
	mode := info.Mode().Perm()
	const group, others = 0o060, 0o006
	for _, who := range [...]fs.FileMode{group, others} {
		if mode&who&0o022 == 0 {
			mode &^= who
		}
	}
	if mode == info.Mode().Perm() {
		return nil
	}
	return setMode(f, mode)
}

// setMode sets the mode of a new file, and closes it if that fails. Where there are no modes there is none to set.
func setMode(f *os.File, mode fs.FileMode) error {
	err := f.Chmod(mode)
	if err == nil || errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	f.Close() // the error of Chmod is the one to report
	return err
}

func renameOS(from, to string) error { return os.Rename(from, to) }
func removeOS(name string) error     { return os.Remove(name) }

const pinsOS = false

func statOS(name string) (Info, error) {
	var st unix.Stat_t
	for {
		switch err := unix.Stat(name, &st); err {
		case nil:
			return infoOf(&st), nil
		case unix.EINTR:
		default:
			return Info{}, &fs.PathError{Op: "stat", Path: name, Err: err}
		}
	}
}

func (f osFile) Stat() (Info, error) {
	var st unix.Stat_t
	for {
		switch err := unix.Fstat(int(f.File.Fd()), &st); err {
		case nil:
			return infoOf(&st), nil
		case unix.EINTR:
		default:
			return Info{}, &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
		}
	}
}

func infoOf(st *unix.Stat_t) Info {
	return Info{
		ID:      FileID{uint64(st.Dev), uint64(st.Ino)}, // the widths differ between systems
		Size:    st.Size,
		ModTime: unix.TimespecToNsec(st.Mtim),
		Mode:    fileMode(uint32(st.Mode)),
	}
}

func fileMode(m uint32) fs.FileMode {
	mode := fs.FileMode(m & 0o777)
	switch m & unix.S_IFMT {
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFREG:
	default:
		mode |= fs.ModeIrregular
	}
	return mode
}

func (f osFile) TryLock() (bool, error) {
	for {
		switch err := unix.Flock(int(f.File.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
		case nil:
			return true, nil
		case unix.EWOULDBLOCK:
			return false, nil
		case unix.EINTR:
		default:
			return false, &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
		}
	}
}

func (f osFile) Unlock() error {
	if err := unix.Flock(int(f.File.Fd()), unix.LOCK_UN); err != nil {
		return &fs.PathError{Op: "unlock", Path: f.Name(), Err: err}
	}
	return nil
}

func syncDirOS(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // some file systems (network, FUSE) cannot sync a directory and say so
	}
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

func isFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

func isTooMany(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }

func isRefused(err error) bool {
	return errors.Is(err, unix.EROFS) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) ||
		errors.Is(err, unix.ENAMETOOLONG) || errors.Is(err, unix.ELOOP)
}
