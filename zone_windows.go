package daybook

import (
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// systemZone returns the IANA name of the zone that Windows is set to.
func systemZone() (string, error) {
	const path = `SYSTEM\CurrentControlSet\Control\TimeZoneInformation`
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if err != nil {
		return "", fmt.Errorf("the system's time zone cannot be read: %w", err)
	}
	defer key.Close() // it was only read
	name, _, err := key.GetStringValue("TimeZoneKeyName")
	if err != nil {
		return "", fmt.Errorf("the system's time zone cannot be read: %w", err)
	}
	return ianaZone(name)
}

// ianaZone returns the IANA name of the zone that Windows calls key.
func ianaZone(key string) (string, error) {
	name, ok := zoneOfWindows(key)
	if !ok {
		return "", fmt.Errorf("the system's time zone %q has no IANA name known here", key)
	}
	if _, err := loadZone(name); err != nil {
		return "", fmt.Errorf("the system's time zone %q: %w", key, err)
	}
	return name, nil
}
