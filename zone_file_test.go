//go:build !windows

package daybook

import (
	"os"
	"path/filepath"
	"testing"
)

// TestZoneOfTZFile: TZ may be the path of a zone's file in any way in which a system keeps one.
func TestZoneOfTZFile(t *testing.T) {
	const dir = "/usr/share/zoneinfo"
	berlin, err := os.ReadFile(filepath.Join(dir, "Europe/Berlin"))
	if err != nil {
		t.Skip("zone.go reads zone files of the system, and this one has none in " + dir)
	}
	tmp := t.TempDir()
	at := func(name string) string { return filepath.Join(tmp, name) }
	copyOf := func(name, zone string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, zone))
		if err == nil {
			err = os.WriteFile(at(name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(dir, "Asia/Tokyo"), "link")
	link("link", "second")
	copyOf("copy", "Europe/Berlin")
	copyOf("utc", "UTC")
	link("copy", "link-to-copy")
	if err := os.WriteFile(at("cut"), berlin[:len(berlin)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("text"), []byte("Europe/Berlin\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	link("nowhere", "dangling")
	system, err := systemZone()
	if err != nil || system == "" {
		t.Fatalf("the system's zone: %q, %v", system, err)
	}
	for tz, want := range map[string]string{
		"": "UTC", ":": "UTC", "UTC": "UTC", ":UTC": "UTC", "Asia/Tokyo": "Asia/Tokyo", ":Asia/Tokyo": "Asia/Tokyo",
		dir + "/Africa/Cairo": "Africa/Cairo", ":" + dir + "/posix/Africa/Cairo": "Africa/Cairo",
		"/etc/localtime": system, ":/etc/localtime": system,
		at("link"): "Asia/Tokyo", ":" + at("link"): "Asia/Tokyo", ":" + at("second"): "Asia/Tokyo",
		":" + tmp + "/./folder/../link": "Asia/Tokyo",
		at("copy"):                      "Europe/Berlin", ":" + at("link-to-copy"): "Europe/Berlin", at("utc"): "UTC",
	} {
		if got, err := zoneOfTZ(tz); got != want || err != nil {
			t.Errorf("TZ=%s: got %q, %v, want %q", tz, got, err, want)
		}
	}
	for _, tz := range []string{
		at("cut"), at("text"), at("folder"), at("dangling"), at("none"), "/dev/null", "/dev/zero", "CET-1CEST,M3.5.0,M10.5.0/3",
		"Mars/Olympus", "link", "../link",
	} {
		if got, err := zoneOfTZ(tz); got != "UTC" || err == nil {
			t.Errorf("TZ=%s: got %q, %v, want UTC and an error", tz, got, err)
		}
	}
}
