//go:build unix

package doctor

import (
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func isRoot() bool { return os.Geteuid() == 0 }

// ownerOf returns what tells whose a file is.
func ownerOf() func(string) (Owner, error) {
	names := map[uint32]string{}
	return func(file string) (Owner, error) {
		info, err := os.Stat(file)
		if err != nil {
			return Owner{}, err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return Owner{}, os.ErrInvalid
		}
		if names[st.Uid] == "" {
			names[st.Uid] = strconv.Itoa(int(st.Uid))
			if u, err := user.LookupId(names[st.Uid]); err == nil {
				names[st.Uid] = u.Username
			}
		}
		return Owner{names[st.Uid], unix.Faccessat(unix.AT_FDCWD, file, unix.W_OK, unix.AT_EACCESS) == nil}, nil
	}
}
