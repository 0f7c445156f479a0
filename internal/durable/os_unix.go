//go:build unix

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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

func createOS(name string) (f *os.File, made bool, err error) {
	f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		// Something is there, perhaps a symbolic link that leads nowhere yet.
		if f, err = os.OpenFile(name, os.O_RDWR, 0); !errors.Is(err, fs.ErrNotExist) {
			return f, false, err
		}
		f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if errors.Is(err, fs.ErrNotExist) && isLink(name) {
			err = &fs.PathError{Op: "create", Path: name, Err: errNowhere}
		}
	}
	if err != nil {
		return nil, false, err
	}
	if err := setMode(f, 0o644); err != nil {
		return nil, false, err
	}
	return f, true, nil
}

func createLikeOS(name, model string) (*os.File, error) {
	mode := fs.FileMode(0o644)
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
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

func isRefused(err error) bool {
	return errors.Is(err, unix.EROFS) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) ||
		errors.Is(err, unix.ENAMETOOLONG) || errors.Is(err, unix.ELOOP)
}
