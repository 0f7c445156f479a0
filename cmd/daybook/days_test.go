package main

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
)

func TestDays(t *testing.T) {
	now := time.Date(2025, 11, 8, 23, 30, 0, 0, time.UTC)
	book, err := daybook.Open(t.TempDir(), &daybook.Options{
		Now:      func() time.Time { return now },
		Settings: &daybook.Settings{Zone: "Europe/Berlin"}, // where it is the 9th already
	})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for _, test := range []struct{ arg, from, to string }{
		{"2025-11-07", "2025-11-07", "2025-11-07"},
		{"today", "2025-11-09", "2025-11-09"},
		{"yesterday", "2025-11-08", "2025-11-08"},
		{"2025-11-01..2025-11-08", "2025-11-01", "2025-11-08"},
		{"2025-11-01..today", "2025-11-01", "2025-11-09"},
		{"2025-11-01..", "2025-11-01", ""},
		{"..yesterday", "", "2025-11-08"},
		{"7d", "2025-11-02", "2025-11-09"},
		{"0d", "2025-11-09", "2025-11-09"},
		{"007d..1d", "2025-11-02", "2025-11-08"},
		{"2025-10", "2025-10-01", "2025-10-31"},
		{"2024-02..2024-03", "2024-02-01", "2024-03-31"},
		{"2024", "2024-01-01", "2024-12-31"},
		{"2025-W45", "2025-11-03", "2025-11-09"},
		{"2026-W01", "2025-12-29", "2026-01-04"},
		{"2026-W53", "2026-12-28", "2027-01-03"},
		{"..2025-10", "", "2025-10-31"},
		{"2025-W53", "", ""}, // it has 52
		{"2025-W00", "", ""},
		{"2025-13", "", ""},
		{"-7d", "", ""},
		{"1.5d", "", ""},
		{"123456d", "", ""},
		{"25", "", ""},
		{"2025-11-08T10:00:00Z", "", ""},
		{"2025-11-08..2025-11-01", "", ""},
		{"", "", ""},
		{"..", "", ""},
		{"tomorrow", "", ""},
		{"2025-11-1", "", ""},
		{"2025-11-01...2025-11-08", "", ""},
	} {
		days, err := parseDays([]string{test.arg})
		var list []daybook.Query
		if err == nil {
			list, err = queries(book, days)
		}
		if test.from == "" && test.to == "" {
			var f *failure
			if !errors.As(err, &f) || f.code != exitUsage || f.hint == "" {
				t.Errorf("%q: error %v, want one of usage", test.arg, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", test.arg, err)
			continue
		}
		got := [2]string{list[0].From.String(), list[0].To.String()}
		if diff := cmp.Diff([2]string{test.from, test.to}, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.arg, diff)
		}
	}
}

// One day is asked for where several would be too many, and a date-time is read as an event's is.
func TestDaysAlone(t *testing.T) {
	today := daybook.DayOf(time.Date(2025, 11, 9, 0, 0, 0, 0, time.UTC))
	for text, want := range map[string]string{
		"today": "2025-11-09", "7d": "2025-11-02", "2025-11-07": "2025-11-07", "2025-11": "", "2025-W45": "", "2025": "", "soon": "",
	} {
		day, err := parseDayEnd(text)
		var f *failure
		if want == "" && (!errors.As(err, &f) || f.code != exitUsage) || want != "" && (err != nil || day.on(today).String() != want) {
			t.Errorf("%q: got %v, %v, want %q", text, day.on(today), err, want)
		}
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2025-11-08T10:00:00Z":            "2025-11-08T10:00:00Z 1s",
		"2025-11-08 10:00":                "2025-11-08T10:00:00+01:00 1m0s",
		"2025-07-08T10:00:30.25":          "2025-07-08T10:00:30.25+02:00 0s",
		"2025-10-26 02:30":                "2025-10-26T02:30:00+02:00 1m0s", // the first of two
		"2025-11-08t10:00:00.5-03:00":     "2025-11-08T10:00:00.5-03:00 0s",
		"2025-11-31 10:00":                "",
		"2025-11-08T24:00:00Z":            "",
		"2025-11-08T10":                   "",
		"10:00":                           "",
		"2025-11-08T10:00:00Z\",\"x\":\"": "",
	} {
		got := ""
		if at, length, ok := parseClock(text, berlin); ok {
			got = at.Format(time.RFC3339Nano) + " " + length.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
