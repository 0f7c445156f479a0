//go:build !windows

package daybook

import (
	"errors"
	"os"
	"strings"
)

// systemZone returns the IANA name of the zone that the system is set to: of the file /etc/localtime, or what
// /etc/timezone says. A system that has neither has "": its clock shows UTC.
func systemZone() (string, error) {
	if name, ok := zoneOfFile("/etc/localtime"); ok {
		return name, nil
	}
	if b, err := os.ReadFile("/etc/timezone"); err == nil {
		name := strings.TrimSpace(string(b))
		if _, err := loadZone(name); err == nil {
			return name, nil
		}
	}
	if _, err := os.Stat("/etc/localtime"); err == nil {
		return "", errors.New("the system's time zone, /etc/localtime, has no IANA name known here")
	}
	return "", nil
}
