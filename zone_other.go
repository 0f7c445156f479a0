//go:build !windows

package daybook

import (
	"os"
	"path/filepath"
	"strings"
)

// systemZone returns the IANA name of the zone that the system is set to: of what /etc/localtime leads to, or what
// /etc/timezone says. A system that says nothing has "": its clock shows UTC.
func systemZone() (string, error) {
	if target, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if name, ok := zoneOfPath(target); ok {
			return name, nil
		}
	}
	if b, err := os.ReadFile("/etc/timezone"); err == nil {
		name := strings.TrimSpace(string(b))
		if _, err := loadZone(name); err == nil {
			return name, nil
		}
	}
	return "", nil
}
