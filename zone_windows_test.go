package daybook

import (
	"strings"
	"testing"
	"time"
)

// TestSystemZone: the zone that the registry names shows the time that Windows shows, unless the machine is set not to
// follow daylight saving time, which no IANA zone of that place has.
func TestSystemZone(t *testing.T) {
	name, err := systemZone()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(name)
	now := time.Now()
	_, want := now.Local().Zone()
	if _, got := now.In(zone(t, name)).Zone(); got != want {
		t.Errorf("%s is %d seconds ahead of UTC, the system %d", name, got, want)
	}
}

// TestWindowsZone has names as the registry gives them.
func TestWindowsZone(t *testing.T) {
	for key, want := range map[string]string{
		"W. Europe Standard Time": "Europe/Berlin",
		"India Standard Time":     "Asia/Kolkata",
		"UTC":                     "UTC",
	} {
		if got, err := ianaZone(key); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", key, got, err, want)
		}
	}
	for _, key := range []string{"Mars Standard Time", ""} {
		if got, err := ianaZone(key); got != "" || err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%q: got %q, %v, want an error that names it", key, got, err)
		}
	}
}

// TestZoneOfTZ: TZ wins over the system.
func TestZoneOfTZ(t *testing.T) {
	t.Setenv("TZ", "Pacific/Kiritimati")
	if got, err := localZone(); got != "Pacific/Kiritimati" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("TZ", "Mars/Olympus")
	if got, err := localZone(); got != "UTC" || err == nil || !strings.Contains(err.Error(), "Mars/Olympus") {
		t.Errorf("got %q, %v, want UTC and an error that names it", got, err)
	}
}
