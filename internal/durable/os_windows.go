package durable

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// openOS opens with FILE_SHARE_DELETE, which os.Open does not: others may replace or remove the file meanwhile.
func openOS(name string, write bool) (*os.File, error) {
	access := uint32(windows.GENERIC_READ)
	if write {
		access |= windows.GENERIC_WRITE
	}
	return openShared(name, access, windows.OPEN_EXISTING)
}

func createOS(name string) (f *os.File, made bool, err error) {
	const access = windows.GENERIC_READ | windows.GENERIC_WRITE
	f, err = openShared(name, access, windows.CREATE_NEW)
	if errors.Is(err, fs.ErrExist) {
		f, err = openShared(name, access, windows.OPEN_ALWAYS)
		return f, false, err
	}
	return f, err == nil, err
}

// createLikeOS leaves it to the directory who may do what with the file.
func createLikeOS(name, _ string) (*os.File, error) {
	return openShared(name, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.CREATE_NEW)
}

func openShared(name string, access, how uint32) (*os.File, error) {
	p, err := windows.UTF16PtrFromString(fixLongPath(name))
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(p, access, share, nil, how, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}

// fixLongPath makes an absolute path of more than 247 characters one that CreateFile takes.
func fixLongPath(name string) string {
	if len(name) < 248 {
		return name
	}
	full, err := windows.FullPath(name)
	if err != nil || len(full) > 1 && full[0] == '\\' && full[1] == '\\' {
		return name
	}
	return `\\?\` + full
}

// renameOS tries again for up to a second while a virus scanner or another program has one of the files open.
func renameOS(from, to string) error {
	wait := time.Millisecond
	for end := time.Now().Add(time.Second); ; wait *= 2 {
		err := os.Rename(from, to)
		busy := errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
		if !busy || time.Now().After(end) {
			return err
		}
		time.Sleep(wait/2 + rand.N(wait))
	}
}

func statOS(name string) (Info, error) {
	f, err := openShared(name, 0, windows.OPEN_EXISTING)
	if err != nil {
		return Info{}, err
	}
	defer f.Close() // nothing was written
	return osFile{f}.Stat()
}

func (f osFile) Stat() (Info, error) {
	var d windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.File.Fd()), &d); err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	mode := fs.FileMode(0o644)
	if d.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY != 0 {
		mode = fs.ModeDir | 0o755
	}
	return Info{
		ID:      FileID{uint64(d.VolumeSerialNumber), uint64(d.FileIndexHigh)<<32 | uint64(d.FileIndexLow)},
		Size:    int64(d.FileSizeHigh)<<32 | int64(d.FileSizeLow),
		ModTime: d.LastWriteTime.Nanoseconds(),
		Mode:    mode,
	}, nil
}

// TryLock locks the first byte, as Python's msvcrt.locking and others do. The lock is mandatory on Windows: nobody else
// can read that byte meanwhile, so only files that hold nothing to read are locked.
func (f osFile) TryLock() (bool, error) {
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.File.Fd()), how, 0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return true, nil
}

func (f osFile) Unlock() error {
	err := windows.UnlockFileEx(windows.Handle(f.File.Fd()), 0, 1, 0, &windows.Overlapped{})
	if err != nil {
		return &fs.PathError{Op: "unlock", Path: f.Name(), Err: err}
	}
	return nil
}

// syncDirOS does nothing: Windows has no call for it.
func syncDirOS(string) error { return nil }

func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// isRefused leaves out ERROR_ACCESS_DENIED, which may be a virus scanner's, and pass.
func isRefused(err error) bool {
	return errors.Is(err, windows.ERROR_WRITE_PROTECT) || errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE)
}
