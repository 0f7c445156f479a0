package measure

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// settle waits until all that was written to the file system of dir is on the disk.
func settle(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return errors.Join(fmt.Errorf("sync the file system: %w", err), d.Close())
	}
	return d.Close()
}

// mallocs returns how many heap objects the process has allocated.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// peak returns how many bytes of memory a running process has had at most so far; 0 if the system does not tell. (The
// usage that a process leaves to its parent will not do: it counts what the parent had when the process was made.)
func peak(pid int) int64 { return memory(pid, "VmHWM:") }

// memory returns a figure of a running process, in bytes; 0 if the system does not tell.
func memory(pid int, name string) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			var kib int64
			if _, err := fmt.Sscan(value, &kib); err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
