package daybook

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// localZone returns the IANA name of the machine's zone, or "UTC" if it has none: from TZ, from what /etc/localtime
// leads to, or from /etc/timezone.
func localZone() string {
	if tz, set := os.LookupEnv("TZ"); set {
		tz = strings.TrimPrefix(tz, ":")
		if _, err := loadZone(tz); err == nil {
			return tz
		}
		if name, ok := zoneOfPath(tz); ok {
			return name
		}
		return "UTC" // as package time reads it
	}
	if target, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if name, ok := zoneOfPath(target); ok {
			return name
		}
	}
	if b, err := os.ReadFile("/etc/timezone"); err == nil {
		if name := strings.TrimSpace(string(b)); name != "" {
			if _, err := loadZone(name); err == nil {
				return name
			}
		}
	}
	if name := time.Local.String(); name != "Local" {
		if _, err := loadZone(name); err == nil {
			return name
		}
	}
	return "UTC"
}

// namesZone reports whether a value of TZ is the IANA name of a zone, or a path that ends in one.
func namesZone(tz string) bool {
	tz = strings.TrimPrefix(tz, ":")
	_, err := loadZone(tz)
	_, path := zoneOfPath(tz)
	return err == nil || path
}

// zoneOfPath returns the part of a path behind zoneinfo/, if it names a zone.
func zoneOfPath(path string) (string, bool) {
	_, name, found := strings.Cut(filepath.ToSlash(path), "zoneinfo/")
	if !found {
		return "", false
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "posix/"), "right/")
	_, err := loadZone(name)
	return name, err == nil
}
