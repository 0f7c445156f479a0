package daybook

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// localZone returns the IANA name of the local zone: from TZ, else from the system. It is "UTC" if there is none; the
// error says so if there is one under a name that nobody knows here.
func localZone() (string, error) {
	if tz, set := os.LookupEnv("TZ"); set {
		return zoneOfTZ(tz)
	}
	name, err := systemZone()
	if name == "" {
		name = "UTC"
	}
	return name, err
}

// zoneOfTZ reads a value of TZ as package time does: the name of a zone, or a path that ends in one, else UTC.
func zoneOfTZ(tz string) (string, error) {
	name := strings.TrimPrefix(tz, ":")
	if _, err := loadZone(name); err == nil {
		return name, nil
	}
	if name, ok := zoneOfPath(name); ok {
		return name, nil
	}
	if tz == "" {
		return "UTC", nil
	}
	return "UTC", fmt.Errorf("TZ names no IANA time zone, but %q", tz)
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
