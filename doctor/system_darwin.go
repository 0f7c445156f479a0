package doctor

import "golang.org/x/sys/unix"

func diskSpace(dir string) (Space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return Space{}, err
	}
	size := uint64(st.Bsize)
	return Space{st.Bavail * size, st.Blocks * size, st.Ffree, st.Files}, nil
}

func inotify() (Inotify, bool) { return Inotify{}, false }

func holders(string) []string { return nil }
