package rerun

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// inside is the environment variable that tells the process of its own which test it is for.
const inside = "DAYBOOK_RERUN"

// nobody is the user and the group without privileges.
const nobody = 65534

// AsNobody has the test's body run by a user whom modes of files restrict. It returns true where the body is to go on:
// in the process of its own, or at once if this one does not run as root. That process has a temporary directory that
// it may write and reach, and works in one with copies of the directories dirs. The test must not be a subtest.
func AsNobody(t *testing.T, dirs ...string) bool {
	t.Helper()
	if os.Getuid() != 0 || os.Getenv(inside) == t.Name() {
		return true
	}
	base, err := os.MkdirTemp("", "daybook-rerun-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	program := filepath.Join(base, "test") // go's own is where only root may go
	temp := filepath.Join(base, "tmp")
	work := filepath.Join(base, "work")
	err = errors.Join(os.Chmod(base, 0o755), os.Mkdir(temp, 0o755), os.Mkdir(work, 0o755),
		os.Chown(temp, nobody, nobody), copyProgram(program))
	for _, dir := range dirs {
		err = errors.Join(err, os.CopyFS(filepath.Join(work, dir), os.DirFS(dir)))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Dir = work
	// GOCOVERDIR, too: where the counters of a -cover build go, and without which it complains.
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "HOME="+temp, "GOCOVERDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	run(t, cmd)
	return false
}

// WithMounts has the test's body run where it may mount what it likes: nobody else sees it. With the test's process,
// however it ends, all that it has started end, and then its mounts go. It returns true where the body is to go on. Only
// root may; other users skip the test.
func WithMounts(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inside) == t.Name() {
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = os.Environ()
	// In a PID namespace all processes end with the first. It is to end with this one: the signal comes when the thread
	// ends that has started it, so that one is kept.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWNS, Cloneflags: syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
	}
	run(t, cmd)
	return false
}

func copyProgram(to string) error {
	from, err := os.Executable()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}

// run runs the test in the process, and has what becomes of it there become of it here.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Args = append(cmd.Args, "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(cmd.Env, inside+"="+t.Name())
	out, err := cmd.CombinedOutput()
	text := string(out)
	switch {
	case errors.Is(err, syscall.EPERM) && len(out) == 0:
		t.Skipf("this machine lets root neither change its user nor mount: %v", err)
	case err != nil:
		t.Fatalf("in a process of its own: %v\n%s", err, text)
	case strings.Contains(text, "--- SKIP: "+t.Name()+" "):
		t.Skipf("in a process of its own: %s", text)
	case !strings.Contains(text, "--- PASS: "+t.Name()+" "):
		t.Fatalf("in a process of its own the test did not run:\n%s", text)
	default:
		t.Logf("in a process of its own:\n%s", text)
	}
}
