package git

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a console's Ctrl-C from git: it is ours to end, between two commits.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}
