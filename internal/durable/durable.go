// Package durable makes files whose contents survive a crash.
//
// Everything that Daybook keeps goes through the small interface FS, so that tests can put a file system that fails,
// forgets and tears in the place of the real one. The functions of this package name the system calls that they make,
// in their order, in a comment that begins with "Calls:"; a test compares.
package durable

import (
	"errors"
	"io"
	"io/fs"
)

// FS is the part of a file system that Daybook uses. Names are paths as package os takes them. Its methods may be
// called from several goroutines at once.
//
// What root makes gets the owner and group of the directory that it is made in, so that a service whose book it is can
// go on writing there.
type FS interface {
	// Open opens an existing file (or what a symbolic link leads to) for reading and, if write is set, for writing. A
	// pipe, a device or a socket is an error, for Create too, and never waited for.
	// Others may rename or remove the file while it is open, on Windows too.
	Open(name string, write bool) (File, error)
	// Create opens a file for reading and writing and makes it if it is missing, then with mode 0644 whatever the
	// umask; an existing file keeps its mode, a symbolic link stays one. It reports whether the file was made.
	Create(name string) (f File, made bool, err error)
	// CreateLock opens the file of a lock for reading and writing and makes it if it is missing, then with mode 0600: who
	// can open a file can lock it, and keep everybody else out. So of an existing file only those may read it who may
	// also write it, if this process may change its mode.
	CreateLock(name string) (File, error)
	// CreateLike makes a new file for reading and writing, with the mode and, as far as the system lets it, the owner and
	// group of the file model; if there is no such file, with mode 0644 whatever the umask. Until it has them, nobody
	// else can open it. The error is fs.ErrExist if something of this name is there.
	CreateLike(name, model string) (File, error)
	// Mkdir makes one directory with mode 0755 whatever the umask. An existing directory is no error and keeps its
	// mode; made reports whether it was missing.
	Mkdir(name string) (made bool, err error)
	// Rename moves a file over another one of the same file system, or over nothing.
	Rename(from, to string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// ReadDir lists a directory in the order of the names.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Resolve returns the path that a symbolic link leads to, over further links, whether or not there is anything; or
	// name itself if it is none. Of links that lead in a circle it returns one.
	Resolve(name string) string
	// Stat describes the file that name leads to, symbolic links followed.
	Stat(name string) (Info, error)
	// SyncDir makes the names in a directory durable. Systems that cannot (Windows) return nil.
	SyncDir(name string) error
	// Pins reports whether a file that somebody has open may keep its name: it cannot be replaced then, nor removed, on
	// some of the disks that there are (on Windows all but NTFS, and network shares). Who has no use for an open file for
	// a while closes it there.
	Pins() bool
}

// File is an open file. ReadAt and Stat may be called from several goroutines at once; the rest is its owner's.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Truncate sets the size in bytes.
	Truncate(size int64) error
	// Sync returns when the contents and the size are on stable storage: fdatasync on Linux, F_FULLFSYNC on macOS,
	// FlushFileBuffers on Windows.
	Sync() error
	// Stat describes the open file.
	Stat() (Info, error)
	// TryLock takes the whole file's advisory lock (flock, LockFileEx) or reports false at once if somebody else has
	// it. The lock ends with Unlock, with Close and with the process.
	TryLock() (bool, error)
	// Unlock gives the lock back.
	Unlock() error
}

// Info is what Stat tells of a file.
type Info struct {
	ID      FileID
	Size    int64 // bytes
	ModTime int64 // nanoseconds since 1970 UTC
	Mode    fs.FileMode
}

// FileID names a file itself rather than its path: device and inode number, or volume and file index. Two open files
// with the same FileID are the same file; a number may be used again after the file is gone.
type FileID struct {
	Device, Inode uint64
}

// ErrLocked is what Lock.Acquire returns when somebody else held the lock until the limit.
var ErrLocked = errors.New("the lock is held by somebody else")

// IsFull reports whether err means that there is no room: no space, no quota left, or the file size limit reached.
func IsFull(err error) bool { return isFull(err) }

// IsTooMany reports whether err means that the process, or the system, has too many files open.
func IsTooMany(err error) bool { return isTooMany(err) }

// IsRefused reports whether err means that this process cannot write there, most likely not a moment later either: a
// read-only file system, no permission, a path that is too long, symbolic links in a circle, or a pipe, device or
// directory in a file's place.
func IsRefused(err error) bool {
	return isRefused(err) || errors.Is(err, errSpecial) || errors.Is(err, errDirectory)
}
