//go:build !linux && !darwin && !windows

package vault

// heldLimit is how many files and directories may be held open by watches: these systems have kqueue, see
// kind_darwin.go.
const heldLimit = 4096

// kindOf knows nothing of this system's file systems: they are watched and polled.
func kindOf(string) kind { return unsure("unknown") }
