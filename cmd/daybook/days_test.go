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
