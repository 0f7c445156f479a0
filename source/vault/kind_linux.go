package vault

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// heldLimit has no meaning where a watch holds no file open.
const heldLimit = 0

// kindOf learns the kind of the file system that dir lies on. Such a one that is not local is watched too: inotify
// tells of what is changed through this machine at once, and polling finds the rest.
func kindOf(dir string) kind {
	var st unix.Statfs_t
	for {
		switch err := unix.Statfs(dir, &st); err {
		case nil:
			return kindOfMagic(uint32(st.Type)) // its width and sign differ between machines
		case unix.EINTR:
		default:
			return unsure("unknown")
		}
	}
}

// kindOfMagic decides by the number in statfs(2). Numbers without a name in x/sys are those of coreutils' src/stat.c,
// by whose list `tail -f` decides the same question. Only what is known to be local is trusted to tell of everything: a
// comparison too many costs little, a change that nobody is told of is found minutes late.
func kindOfMagic(magic uint32) kind {
	const (
		beegfs  = 0x19830326
		gfs2    = 0x01161970
		gpfs    = 0x47504653
		hfs     = 0x4244
		hfsplus = 0x482b
		jfs     = 0x3153464a
		lustre  = 0x0bd00bd0
		ntfs    = 0x5346544e
		ntfs3   = 0x7366746e // fs/ntfs3/super.c
		panfs   = 0xaad7aaea
		prlfs   = 0x7c7c6673
		snfs    = 0xbeefdead
		ubifs   = 0x24051905
		vboxsf  = 0x786f4256
		vmhgfs  = 0xbacbacbc
		zfs     = 0x2fc12fc1
	)
	switch magic {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC,
		unix.BCACHEFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.RAMFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, unix.ECRYPTFS_SUPER_MAGIC,
		unix.MSDOS_SUPER_MAGIC, unix.EXFAT_SUPER_MAGIC, unix.REISERFS_SUPER_MAGIC, unix.NILFS_SUPER_MAGIC,
		unix.UDF_SUPER_MAGIC, unix.ISOFS_SUPER_MAGIC, unix.SQUASHFS_MAGIC, unix.EROFS_SUPER_MAGIC_V1,
		unix.JFFS2_SUPER_MAGIC, ubifs, hfs, hfsplus, jfs, ntfs, ntfs3, zfs:
		return kind{name: "local"}
	case unix.NFS_SUPER_MAGIC:
		return unsure("NFS")
	case unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.SMB_SUPER_MAGIC:
		return unsure("SMB")
	case unix.V9FS_MAGIC: // Windows' drives in WSL 2, and the folders that many virtual machines share
		return unsure("9p")
	case unix.FUSE_SUPER_MAGIC: // sshfs, rclone, ntfs-3g; virtiofs has this number too
		return unsure("FUSE")
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return unsure("AFS")
	case unix.CEPH_SUPER_MAGIC:
		return unsure("Ceph")
	case unix.CODA_SUPER_MAGIC:
		return unsure("Coda")
	case unix.NCP_SUPER_MAGIC:
		return unsure("NCP")
	case unix.OCFS2_SUPER_MAGIC:
		return unsure("OCFS2")
	case gfs2:
		return unsure("GFS2")
	case gpfs:
		return unsure("GPFS")
	case lustre:
		return unsure("Lustre")
	case beegfs:
		return unsure("BeeGFS")
	case panfs:
		return unsure("PanFS")
	case snfs:
		return unsure("StorNext")
	case vboxsf, vmhgfs, prlfs, unix.HOSTFS_SUPER_MAGIC:
		return unsure("a folder shared with a virtual machine")
	}
	return unsure(fmt.Sprintf("unknown (%#x)", magic))
}
