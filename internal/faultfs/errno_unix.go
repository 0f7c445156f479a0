//go:build unix

package faultfs

import "golang.org/x/sys/unix"

// What the system says when a disk fails, by its Unix names.
const (
	EACCES = unix.EACCES
	EDQUOT = unix.EDQUOT
	EFBIG  = unix.EFBIG
	EIO    = unix.EIO
	ENOSPC = unix.ENOSPC
	EROFS  = unix.EROFS
)
