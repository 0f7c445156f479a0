package daybook_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"daybook/internal/crashtest"
	"daybook/internal/durable"
)

// planted is a fault that TestCrash's loop must find.
type planted struct {
	name string
	// in is the operation whose crashes show it.
	in string
	// plant puts the fault between a process and its disk.
	plant func(*crashtest.World, durable.FS) durable.FS
}

const (
	dataName = "events.json"
	markName = "events.mark"
)

func isData(name string) bool { return filepath.Base(name) == dataName }

// plantedFaults are the mistakes that storage engines are known for.
func plantedFaults() []planted {
	return []planted{
		{"no file sync", "append", func(_ *crashtest.World, fsys durable.FS) durable.FS {
			return &crashtest.Faulty{FS: fsys, Sync: func(f durable.File, name string) error {
				if isData(name) {
					return nil
				}
				return f.Sync()
			}}
		}},
		{"no directory sync", "first append", func(_ *crashtest.World, fsys durable.FS) durable.FS {
			return &crashtest.Faulty{FS: fsys, DirSync: func(string) error { return nil }}
		}},
		{"no file sync before the rename", "replace", func(_ *crashtest.World, fsys durable.FS) durable.FS {
			return &crashtest.Faulty{FS: fsys, Sync: func(f durable.File, name string) error {
				if strings.HasSuffix(name, ".daybook-tmp") {
					return nil
				}
				return f.Sync()
			}}
		}},
		{"no tail check", "a torn tail", plantNoTailCheck},
		{"going on after a failed sync", "append", plantGoingOn},
		{"newline in a second write", "append", plantSecondWrite},
		{"acknowledging before the sync", "append", plantLateSync},
		{"acknowledging a duplicate that is not durable", "duplicates", plantDuplicates},
		{"unlock before the sync", "a writer between, a sync fails", plantEarlyUnlock},
		{"writing to a replaced file", "a file put in its place", plantReplaced},
		{"mark before the sync", "append", plantEarlyMark},
	}
}

// Who does not look at the tail appends where the file ends (O_APPEND): nothing is cut off, and no newline is added to
// what lacks one.
func plantNoTailCheck(_ *crashtest.World, fsys durable.FS) durable.FS {
	return &crashtest.Faulty{
		FS: fsys,
		Truncate: func(f durable.File, name string, size int64) error {
			if isData(name) {
				return nil
			}
			return f.Truncate(size)
		},
		Write: func(f durable.File, name string, p []byte, off int64) (int, error) {
			if !isData(name) {
				return f.WriteAt(p, off)
			}
			if string(p) == "\n" || bytes.Count(p, []byte{0}) == len(p) {
				return len(p), nil
			}
			info, err := f.Stat()
			if err != nil {
				return 0, err
			}
			return f.WriteAt(p, info.Size)
		},
	}
}

// Who goes on after a failed sync syncs once more, and takes the second answer for the first (A3).
func plantGoingOn(_ *crashtest.World, fsys durable.FS) durable.FS {
	return &crashtest.Faulty{FS: fsys, Sync: func(f durable.File, _ string) error {
		if f.Sync() == nil {
			return nil
		}
		return f.Sync()
	}}
}

// One write becomes two: the line, and then its newline. What is between them is seen by who does not take the lock, and
// by a kill.
func plantSecondWrite(_ *crashtest.World, fsys durable.FS) durable.FS {
	return &crashtest.Faulty{FS: fsys, Write: func(f durable.File, name string, p []byte, off int64) (int, error) {
		if !isData(name) || len(p) < 2 {
			return f.WriteAt(p, off)
		}
		n, err := f.WriteAt(p[:len(p)-1], off)
		if err != nil {
			return n, err
		}
		k, err := f.WriteAt(p[len(p)-1:], off+int64(n))
		return n + k, err
	}}
}

// A sync returns at once, and is made when the book's lock is next taken: that is after the acknowledgement.
func plantLateSync(_ *crashtest.World, fsys durable.FS) durable.FS {
	var late []durable.File
	return &crashtest.Faulty{
		FS: fsys,
		Sync: func(f durable.File, name string) error {
			if !isData(name) {
				return f.Sync()
			}
			late = append(late, f)
			return nil
		},
		Lock: func(f durable.File, name string) (bool, error) {
			ok, err := f.TryLock()
			for _, l := range late {
				if serr := l.Sync(); serr != nil {
					err = serr
				}
			}
			late = nil
			return ok, err
		},
	}
}

// A sync that follows nothing but the same bytes written again, which is what a duplicate costs, is left out.
func plantDuplicates(_ *crashtest.World, fsys durable.FS) durable.FS {
	fresh := false
	return &crashtest.Faulty{
		FS: fsys,
		Write: func(f durable.File, name string, p []byte, off int64) (int, error) {
			if isData(name) {
				old := make([]byte, len(p))
				n, err := f.ReadAt(old, off)
				fresh = fresh || err != nil && err != io.EOF || !bytes.Equal(old[:n], p)
			}
			return f.WriteAt(p, off)
		},
		Sync: func(f durable.File, name string) error {
			if isData(name) && !fresh {
				return nil
			}
			fresh = false
			return f.Sync()
		},
	}
}

// The lock is given back as soon as the lines are written. Another writer comes in, is told that its line is stored,
// and loses it when the sync of the first one fails and is undone.
func plantEarlyUnlock(w *crashtest.World, fsys durable.FS) durable.FS {
	var lock durable.File
	return &crashtest.Faulty{
		FS: fsys,
		Lock: func(f durable.File, name string) (bool, error) {
			ok, err := f.TryLock()
			if ok && filepath.Base(name) == "book.lock" {
				lock = f
			}
			return ok, err
		},
		Sync: func(f durable.File, name string) error {
			if isData(name) && lock != nil {
				if err := lock.Unlock(); err != nil {
					return err
				}
			}
			return f.Sync()
		},
	}
}

// Stat says of the day file what it was when it was opened: so nobody notices that the path names another one.
func plantReplaced(_ *crashtest.World, fsys durable.FS) durable.FS {
	files := map[string]durable.File{}
	return &crashtest.Faulty{
		FS: fsys,
		Opened: func(f durable.File, name string) {
			if isData(name) {
				files[name] = f
			}
		},
		PathStat: func(name string) (durable.Info, error) {
			if f := files[name]; f != nil {
				if info, err := f.Stat(); err == nil {
					return info, nil
				}
			}
			return fsys.Stat(name)
		},
	}
}

// The sync is put off until the mark has been written: so the mark promises what is not durable yet.
func plantEarlyMark(_ *crashtest.World, fsys durable.FS) durable.FS {
	var late durable.File
	return &crashtest.Faulty{
		FS: fsys,
		Sync: func(f durable.File, name string) error {
			if !isData(name) {
				return f.Sync()
			}
			late = f
			return nil
		},
		Write: func(f durable.File, name string, p []byte, off int64) (int, error) {
			n, err := f.WriteAt(p, off)
			if filepath.Base(name) == markName && late != nil {
				err = errors.Join(err, late.Sync())
				late = nil
			}
			return n, err
		},
	}
}

// TestCrashFindsPlantedFaults: the loop that finds nothing in the operations finds each of these.
func TestCrashFindsPlantedFaults(t *testing.T) {
	operations := map[string]crashtest.Scenario{}
	for _, s := range crashOperations() {
		operations[s.Name] = s
	}
	for _, fault := range plantedFaults() {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			s, ok := operations[fault.in]
			if !ok {
				t.Fatalf("no operation %q", fault.in)
			}
			s.Root, s.Recover, s.Plant = crashRoot, recoverBook, fault.plant
			seen, seed, err := crashtest.Find(t, s, 5000)
			if err == nil {
				t.Fatalf("%d crash states of %q have not shown it", seen, s.Name)
			}
			t.Logf("found after %d crash states, with seed %d: %.300v", seen, seed, err)
		})
	}
}
