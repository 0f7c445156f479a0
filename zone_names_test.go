package daybook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // for systems without a zone database
)

// windowsRows are the lines of windowsZones.
func windowsRows(t *testing.T) (windows, iana []string) {
	t.Helper()
	for line := range strings.Lines(strings.TrimPrefix(windowsZones, "\n")) {
		w, i, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok || w == "" || i == "" {
			t.Errorf("%q is no line of two names", line)
		}
		windows, iana = append(windows, w), append(iana, i)
	}
	return windows, iana
}

// TestWindowsZones: the table is sorted, and each name of the right side is a zone's.
func TestWindowsZones(t *testing.T) {
	windows, iana := windowsRows(t)
	if !slices.IsSorted(windows) || len(slices.Compact(slices.Clone(windows))) != len(windows) {
		t.Error("the table is not sorted, or has a name twice")
	}
	for i, name := range iana {
		if _, err := loadZone(name); err != nil {
			t.Errorf("%s: %v", windows[i], err)
		}
		if got, ok := zoneOfWindows(windows[i]); got != name || !ok {
			t.Errorf("zoneOfWindows(%q): got %q, %v, want %q", windows[i], got, ok, name)
		}
	}
	for _, name := range []string{"", "Mars Standard Time", "Tokyo", "Asia/Tokyo", "Tokyo Standard Time = Asia/Tokyo"} {
		if got, ok := zoneOfWindows(name); ok {
			t.Errorf("zoneOfWindows(%q): got %q, want none", name, got)
		}
	}
}

// clocks tells all that a zone's clocks show.
func clocks(zone *time.Location) string {
	var b strings.Builder
	for _, at := range append(changes(zone), time.Unix(0, 0).In(zone)) {
		fmt.Fprintln(&b, at.Format(time.RFC3339))
	}
	return b.String()
}

// TestWindowsZonesOfGo holds the table against the one that Go has for its own purposes, from the same source: the same
// names on the left, and the same clocks on the right, though Go's table has a few old names there.
func TestWindowsZonesOfGo(t *testing.T) {
	goenv := exec.Command("go", "env", "GOROOT")
	goenv.Env = append(os.Environ(), "GOFLAGS=") // -json would have it print an object
	root, err := goenv.Output()
	if err != nil {
		t.Skipf("Go is not here: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src", "time", "zoneinfo_abbrs_windows.go"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("Go's sources are not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	theirs := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t"(.+)": *\{.*\}, *// (\S+)$`).FindAllStringSubmatch(string(data), -1) {
		theirs[m[1]] = m[2]
	}
	if len(theirs) < 100 {
		t.Fatalf("found only %d names in Go's table: it is written otherwise now", len(theirs))
	}
	windows, iana := windowsRows(t)
	for i, name := range windows {
		other, ok := theirs[name]
		if !ok {
			t.Errorf("%s: not in Go's table", name)
			continue
		}
		delete(theirs, name)
		if other != iana[i] && clocks(zone(t, other)) != clocks(zone(t, iana[i])) {
			t.Errorf("%s: got %s, want %s or another name of it", name, iana[i], other)
		}
	}
	for name, zone := range theirs {
		t.Errorf("%s (%s) is missing", name, zone)
	}
}
