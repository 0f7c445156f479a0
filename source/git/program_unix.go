//go:build unix

package git

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a terminal's Ctrl-C from git: it is ours to end, between two commits.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
