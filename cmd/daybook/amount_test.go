package main

import "testing"

func TestParseAfter(t *testing.T) {
	for text, want := range map[string]int{
		"7d": 7, "1d": 1, "7 days": 7, "1 day": 1, "2w": 14, "1 week": 7, " 30D ": 30, "36525d": 36525,
		"": 0, "7": 0, "d": 0, "0d": 0, "-1d": 0, "1.5d": 0, "7h": 0, "7d8": 0, "36526d": 0, "9999999999999999999d": 0, "5218w": 0, "1307674368000w": 0,
	} {
		if got, err := parseAfter("--after", text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"70MB": 70_000_000, "70 mb": 70_000_000, "1.5GB": 1_500_000_000, "500kB": 500_000, "1KiB": 1024, "2MiB": 2 << 20, "1000": 1000,
		"52 B": 52, "1T": 1e12, "3g": 3e9,
		"": 0, "MB": 0, "0": 0, "-1MB": 0, "0.1B": 0, "70 MBs": 0, "70MB 1": 0, "NaN": 0, "InfMB": 0, "1e30": 0, "9999999999GB": 0,
	} {
		if got, err := parseSize("--max-size", text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1 kB", 1234: "1.2 kB", 9949: "9.9 kB", 9950: "10 kB", 96_000: "96 kB",
		999_499: "999 kB", 999_500: "1 MB", 70_000_000: "70 MB", 1_500_000_000: "1.5 GB", 12_345_000_000_000: "12345 GB",
	} {
		if got := size(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}
