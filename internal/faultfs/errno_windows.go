package faultfs

import "golang.org/x/sys/windows"

// What the system says when a disk fails, by its Unix names.
const (
	EACCES = windows.ERROR_ACCESS_DENIED
	EDQUOT = windows.ERROR_DISK_QUOTA_EXCEEDED
	EFBIG  = windows.ERROR_FILE_TOO_LARGE
	EIO    = windows.ERROR_IO_DEVICE
	ENOSPC = windows.ERROR_DISK_FULL
	EROFS  = windows.ERROR_WRITE_PROTECT
)
