package daybook

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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

// zoneOfTZ reads a value of TZ as package time does: the name of a zone, or the path of a zone's file, else UTC.
func zoneOfTZ(tz string) (string, error) {
	name := strings.TrimPrefix(tz, ":")
	if _, err := loadZone(name); err == nil {
		return name, nil
	}
	if name, ok := zoneOfFile(name); ok {
		return name, nil
	}
	if name == "" {
		return "UTC", nil
	}
	return "UTC", fmt.Errorf("TZ names no IANA time zone, but %q", tz)
}

// zoneOfFile returns the name of the zone whose file is at path: by the path, by what the path leads to, or, for a copy,
// by its content.
func zoneOfFile(path string) (string, bool) {
	if name, ok := zoneOfPath(path); ok {
		return name, true
	}
	if !filepath.IsAbs(path) { // package time reads no other
		return "", false
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		if name, ok := zoneOfPath(target); ok {
			return name, true
		}
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxZoneFile {
		return "", false
	}
	data, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(data, []byte("TZif")) {
		return "", false
	}
	for _, dir := range zoneDirs {
		if names := zonesLike(dir, data); len(names) > 0 {
			return names[0], true
		}
	}
	return "", false
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

const maxZoneFile = 1 << 20

// zoneDirs are where package time looks for the files of zones.
var zoneDirs = []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"}

// zonesLike returns the names of the zones below dir whose files hold data. Of names for the same zone, UTC comes first,
// then those that zone1970.tab lists, then those with an area.
func zonesLike(dir string, data []byte) []string {
	var names []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read is no candidate
		}
		name, _ := filepath.Rel(dir, path)
		if d.IsDir() {
			if name == "posix" || name == "right" {
				return filepath.SkipDir
			}
			return nil
		}
		if info, err := os.Stat(path); err != nil || info.Size() != int64(len(data)) {
			return nil
		}
		if _, err := loadZone(filepath.ToSlash(name)); err != nil || strings.ToLower(name) == name {
			return nil // localtime, posixrules
		}
		if other, err := os.ReadFile(path); err == nil && bytes.Equal(other, data) {
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	listed := map[string]bool{}
	if table, err := os.ReadFile(filepath.Join(dir, "zone1970.tab")); err == nil {
		for line := range strings.Lines(string(table)) {
			if fields := strings.Split(strings.TrimSpace(line), "\t"); len(fields) > 2 {
				listed[fields[2]] = true
			}
		}
	}
	rank := func(name string) int {
		switch {
		case name == "UTC":
			return 0
		case listed[name]:
			return 1
		case strings.Contains(name, "/"):
			return 2
		}
		return 3
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
	})
	return names
}
