package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func diskSpace(dir string) (Space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return Space{}, err
	}
	size := uint64(st.Frsize)
	return Space{st.Bavail * size, st.Blocks * size, st.Ffree, st.Files}, nil
}

func inotify() (Inotify, bool) {
	number := func(name string) int {
		text, err := os.ReadFile("/proc/sys/fs/inotify/" + name)
		if err != nil {
			return 0
		}
		n, _ := strconv.Atoi(strings.TrimSpace(string(text))) // the kernel writes a number
		return n
	}
	i := Inotify{Watches: number("max_user_watches"), Instances: number("max_user_instances"), Events: number("max_queued_events")}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err == nil {
		unix.Close(fd) // nothing was written
	}
	i.None = errors.Is(err, unix.EMFILE)
	return i, i.Watches > 0
}

// holders finds them in /proc/locks, which names each lock's process, device and inode.
func holders(file string) (list []string) {
	var st unix.Stat_t
	text, err := os.ReadFile("/proc/locks")
	if err != nil || unix.Stat(file, &st) != nil {
		return nil
	}
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) < 6 || fields[1] == "->" {
			continue
		}
		pid, inode := fields[4], fields[5]
		if _, inode, ok := strings.Cut(inode[strings.Index(inode, ":")+1:], ":"); !ok || inode != strconv.FormatUint(st.Ino, 10) {
			continue
		}
		name, err := os.ReadFile("/proc/" + pid + "/comm")
		if err != nil {
			list = append(list, "process "+pid)
			continue
		}
		list = append(list, fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(string(name))))
	}
	return list
}
