package vault

import "golang.org/x/sys/unix"

// heldLimit is how many files and directories may be held open by watches. kqueue, by which fsnotify is told, opens
// every entry of a watched directory, notes and pictures too. A process may have 10,240 files open on an older Mac
// (kern.maxfilesperproc) and all processes together not much more: under half of that is ours to take, and comparing a
// vault of this size costs milliseconds.
const heldLimit = 4096

// kindOf learns the kind of the file system that dir lies on.
func kindOf(dir string) kind {
	var st unix.Statfs_t
	for {
		switch err := unix.Statfs(dir, &st); err {
		case nil:
			return kindOfName(unix.ByteSliceToString(st.Fstypename[:]))
		case unix.EINTR:
		default:
			return shunned("unknown")
		}
	}
}

// kindOfName decides by the name that `mount` prints. Only what is known to be local is trusted to tell of everything.
// Nothing else is watched: a file that is held open on a share stands in the way of others there.
func kindOfName(name string) kind {
	switch name {
	case "apfs", "hfs", "exfat", "msdos", "ntfs", "udf", "ufs":
		return kind{name: "local"}
	case "nfs":
		return shunned("NFS")
	case "smbfs":
		return shunned("SMB")
	case "afpfs":
		return shunned("AFP")
	case "webdav":
		return shunned("WebDAV")
	case "macfuse", "osxfuse", "fusefs":
		return shunned("FUSE")
	}
	return shunned(name)
}

func shunned(name string) kind { return kind{name: name, silent: true, shun: true} }
