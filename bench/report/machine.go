package report

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is where and when a Report was made.
type Machine struct {
	When       time.Time `json:"when"`
	System     string    `json:"system"` // as in linux/amd64, with the kernel's version
	CPU        string    `json:"cpu"`
	Cores      int       `json:"cores"`
	Go         string    `json:"go"`
	FileSystem string    `json:"file_system"` // of the measured directory
	LoadBefore string    `json:"load_before"` // of 1, 5 and 15 minutes, as the run began
	LoadAfter  string    `json:"load_after"`
}

// ThisMachine describes the machine, and the file system of dir. What the system does not tell is "unknown".
func ThisMachine(dir string) Machine {
	release := "unknown"
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		release = version(unix.ByteSliceToString(name.Release[:]))
	}
	return Machine{
		When:   time.Now().UTC().Truncate(time.Second),
		System: fmt.Sprintf("%s/%s %s", runtime.GOOS, runtime.GOARCH, release),
		CPU:    cpu(), Cores: runtime.NumCPU(), Go: runtime.Version(), FileSystem: fileSystem(dir),
		LoadBefore: Load(),
	}
}

// version is the part of a kernel's release that says what it can: 6.18 of 6.18.44-generic.
func version(release string) string {
	if parts := strings.SplitN(release, ".", 3); len(parts) == 3 {
		return parts[0] + "." + parts[1]
	}
	return release
}

// Load returns the system's load averages as it spells them.
func Load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], " ")
}

func cpu() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func fileSystem(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return "unknown"
	}
	names := map[int64]string{
		unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs",
		unix.TMPFS_MAGIC: "tmpfs", unix.OVERLAYFS_SUPER_MAGIC: "overlayfs",
	}
	if name, ok := names[int64(s.Type)]; ok {
		return name
	}
	return fmt.Sprintf("type %#x", s.Type)
}
