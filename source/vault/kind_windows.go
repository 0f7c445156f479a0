package vault

import "golang.org/x/sys/windows"

// heldLimit has no meaning where a watch holds no file open.
const heldLimit = 0

// kindOf learns the kind of the volume that dir lies on. A share is watched too: many servers tell of changes, and
// polling finds what they leave out.
func kindOf(dir string) kind {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return unsure("unknown")
	}
	volume := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(name, &volume[0], uint32(len(volume))); err != nil {
		return unsure("unknown")
	}
	switch windows.GetDriveType(&volume[0]) {
	case windows.DRIVE_FIXED, windows.DRIVE_REMOVABLE, windows.DRIVE_RAMDISK, windows.DRIVE_CDROM:
		return kind{name: "local"}
	case windows.DRIVE_REMOTE: // \\wsl.localhost too
		return unsure("a network drive")
	}
	return unsure("unknown")
}
