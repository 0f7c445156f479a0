package durable

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"
	"unsafe"

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

func createOS(name string, _ fs.FileMode) (f *os.File, made bool, err error) {
	const access = windows.GENERIC_READ | windows.GENERIC_WRITE
	f, err = openShared(name, access, windows.CREATE_NEW)
	if errors.Is(err, fs.ErrExist) {
		f, err = openShared(name, access, windows.OPEN_ALWAYS)
		return f, false, err
	}
	return f, err == nil, err
}

func keepToWriters(*os.File) error                { return nil }
func mkdirOS(name string, mode fs.FileMode) error { return os.Mkdir(name, mode) }

// createLikeOS leaves it to the directory who may do what with the file.
func createLikeOS(name, _ string) (*os.File, error) {
	return openShared(name, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.CREATE_NEW)
}

func createPlainOS(name string, _ fs.FileMode) (*os.File, error) { return createLikeOS(name, "") }

// openHandle opens what is there, a directory too.
func openHandle(name string, access, flags uint32) (windows.Handle, error) {
	return createHandle(name, access, windows.OPEN_EXISTING, flags)
}

func createHandle(name string, access, how, flags uint32) (windows.Handle, error) {
	p, err := windows.UTF16PtrFromString(fixLongPath(name))
	if err != nil {
		return 0, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	return windows.CreateFile(p, access, share, nil, how, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_BACKUP_SEMANTICS|flags, 0)
}

func openShared(name string, access, how uint32) (*os.File, error) {
	h, err := createHandle(name, access, how, 0)
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

const pinsOS = true

// renameOS replaces a file that others have open, if they have opened it so that it may be removed, where the file system
// knows POSIX semantics (NTFS since Windows 10 1709). Elsewhere it replaces one that nobody has open.
func renameOS(from, to string) error {
	err := whileBusy(func() error {
		err := renamePOSIX(from, to)
		if errors.Is(err, windows.ERROR_INVALID_PARAMETER) || errors.Is(err, windows.ERROR_NOT_SUPPORTED) ||
			errors.Is(err, windows.ERROR_INVALID_FUNCTION) {
			var from16, to16 *uint16
			if from16, err = windows.UTF16PtrFromString(fixLongPath(from)); err == nil {
				if to16, err = windows.UTF16PtrFromString(fixLongPath(to)); err == nil {
					err = windows.MoveFileEx(from16, to16, windows.MOVEFILE_REPLACE_EXISTING)
				}
			}
		}
		return err
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// renamePOSIX is the rename of FILE_RENAME_INFO with FILE_RENAME_FLAG_POSIX_SEMANTICS.
func renamePOSIX(from, to string) error {
	full, err := windows.FullPath(to)
	if err != nil {
		return err
	}
	name, err := windows.UTF16FromString(full)
	if err != nil {
		return err
	}
	h, err := openHandle(from, windows.DELETE|windows.SYNCHRONIZE, windows.FILE_FLAG_OPEN_REPARSE_POINT)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h) // nothing was written
	type renameInfo struct {
		flags  uint32
		root   windows.Handle
		length uint32 // of name in bytes, without the NUL
		name   [1]uint16
	}
	const head = unsafe.Offsetof(renameInfo{}.name)
	buf := make([]uint64, (int(head)+2*len(name)+7)/8) // aligned as the structure is
	info := (*renameInfo)(unsafe.Pointer(&buf[0]))
	info.flags = windows.FILE_RENAME_REPLACE_IF_EXISTS | windows.FILE_RENAME_POSIX_SEMANTICS
	info.length = uint32(2 * (len(name) - 1))
	copy(unsafe.Slice(&info.name[0], len(name)), name)
	return windows.SetFileInformationByHandle(h, windows.FileRenameInfoEx, (*byte)(unsafe.Pointer(info)), uint32(8*len(buf)))
}

// removeOS takes the name away at once, also from a file that others have open, if they have opened it so that it may be
// removed, where the file system can. Elsewhere such a file keeps its name until it is closed.
func removeOS(name string) error {
	return whileBusy(func() error {
		h, err := openHandle(name, windows.DELETE|windows.SYNCHRONIZE, windows.FILE_FLAG_OPEN_REPARSE_POINT)
		if err != nil {
			return &fs.PathError{Op: "remove", Path: name, Err: err}
		}
		how := uint32(windows.FILE_DISPOSITION_DELETE | windows.FILE_DISPOSITION_POSIX_SEMANTICS)
		err = windows.SetFileInformationByHandle(h, windows.FileDispositionInfoEx, (*byte)(unsafe.Pointer(&how)), 4)
		windows.CloseHandle(h) // nothing was written
		if err != nil {
			err = os.Remove(name)
		}
		return err
	})
}

// whileBusy tries again for up to a second while a virus scanner, a sync client or another program has the file open. It tries often: readers that come one after the other leave short moments.
func whileBusy(try func() error) error {
	wait := time.Millisecond
	for end := time.Now().Add(time.Second); ; wait = min(2*wait, 4*time.Millisecond) {
		err := try()
		busy := errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION) ||
			errors.Is(err, windows.ERROR_USER_MAPPED_FILE)
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
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED) || errors.Is(err, windows.ERROR_FILE_TOO_LARGE)
}

func isTooMany(err error) bool { return errors.Is(err, windows.ERROR_TOO_MANY_OPEN_FILES) }

// isRefused leaves out ERROR_ACCESS_DENIED, which may be a virus scanner's, and pass.
func isRefused(err error) bool {
	return errors.Is(err, windows.ERROR_WRITE_PROTECT) || errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE)
}
