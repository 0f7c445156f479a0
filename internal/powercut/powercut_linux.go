package powercut

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Disk is a file system on an image of its own, whose power can be cut.
type Disk struct {
	Dir  string // where it is mounted
	Kind string // ext4 or xfs

	image *os.File // without a name: it ends with the process
}

// Way is how the power is cut.
type Way int

const (
	// Flushed: what the journal has taken over is written yet.
	Flushed Way = 1
	// AtOnce: what is not on the disk is gone.
	AtOnce Way = 2
)

// shutdown is the ioctl that the file systems have for their own tests: EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN.
const shutdown = 0x8004587d

const imageSize = 640 << 20 // xfs asks for 300 MiB at least

// New makes a disk, ext4 or xfs, and mounts it, where rerun.WithMounts has said yes. It skips the test, with the reason,
// if this machine cannot: the programs, the loop devices or the ioctl are missing.
func New(t *testing.T, kind string) *Disk {
	t.Helper()
	make, err := exec.LookPath("mkfs." + kind)
	if err != nil {
		t.Skipf("no %s here: install e2fsprogs and xfsprogs: %v", kind, err)
	}
	d := &Disk{Kind: kind, Dir: filepath.Join(t.TempDir(), "disk")}
	d.image, err = os.CreateTemp(imageDir(t), "daybook-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.image.Close() }) // nobody wants it any more
	if err := errors.Join(os.Mkdir(d.Dir, 0o755), os.Remove(d.image.Name()), d.image.Truncate(imageSize)); err != nil {
		t.Fatal(err)
	}
	args := []string{"-q", "-F", "/proc/self/fd/3"}
	if kind == "xfs" {
		args[1] = "-f"
	}
	mkfs := exec.Command(make, args...)
	mkfs.ExtraFiles = []*os.File{d.image} // 3
	if out, err := mkfs.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", make, err, out)
	}
	if err := d.mount(t, ""); err != nil {
		t.Skipf("no loop device, or no %s in the kernel: %v", kind, err)
	}
	t.Cleanup(func() { unix.Unmount(d.Dir, unix.MNT_DETACH) }) // if it is still mounted
	if err := d.Cut(AtOnce); err != nil {
		t.Skipf("the power of %s cannot be cut: %v", kind, err)
	}
	d.Remount(t, "")
	return d
}

// imageDir is a directory in memory, if there is one with room: a test is to find our faults, not to wait for a disk.
func imageDir(t *testing.T) string {
	var st unix.Statfs_t
	if unix.Statfs("/dev/shm", &st) != nil || int64(st.Bavail)*int64(st.Bsize) < 2*imageSize {
		return t.TempDir()
	}
	return "/dev/shm"
}

// mount mounts the image. The block device that is made for it goes with the mount, however that ends, and with the device
// goes what the system has in memory of it: each mount begins with what is on the disk, as after a boot.
func (d *Disk) mount(t *testing.T, options string) error {
	loop, err := d.attach(t)
	if err != nil {
		return err
	}
	defer loop.Close() // the mount has it
	return unix.Mount(loop.Name(), d.Dir, d.Kind, 0, options)
}

// attach makes a block device of the image, one that the system takes back when nobody has it open any more.
func (d *Disk) attach(t *testing.T) (*os.File, error) {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close() // nothing was written
	for range 20 {        // others may be looking for a device, too
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprint("/dev/loop", n)
		if _, err := os.Stat(name); err != nil {
			name = filepath.Join(t.TempDir(), "loop")
			if err := unix.Mknod(name, unix.S_IFBLK|0o600, int(unix.Mkdev(7, uint32(n)))); err != nil {
				return nil, err
			}
		}
		loop, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		config := unix.LoopConfig{Fd: uint32(d.image.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR}}
		if err = unix.IoctlLoopConfigure(int(loop.Fd()), &config); err == nil {
			return loop, nil
		}
		loop.Close() // nothing was written
		if !errors.Is(err, unix.EBUSY) {
			return nil, err
		}
	}
	return nil, unix.EBUSY
}

// Cut cuts the power: from now on nothing reaches the disk.
func (d *Disk) Cut(how Way) error {
	f, err := os.Open(d.Dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetPointerInt(int(f.Fd()), shutdown, int(how))
}

// Sync has the system write all that it has in memory.
func (d *Disk) Sync() error {
	f, err := os.Open(d.Dir)
	if err != nil {
		return err
	}
	defer f.Close() // nothing was written
	return unix.Syncfs(int(f.Fd()))
}

// Remount gives the disk its power back: the journal is replayed. Nobody may have a file open on it.
func (d *Disk) Remount(t *testing.T, options string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		err := unix.Unmount(d.Dir, 0)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(end) { // a process that was killed is on its way out
			t.Fatalf("unmount %s: %v", d.Dir, err)
		}
	}
	if err := d.mount(t, options); err != nil {
		t.Fatalf("mount %s again: %v", d.Kind, err)
	}
}
