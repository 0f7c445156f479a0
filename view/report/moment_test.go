package report

import (
	"strings"
	"testing"
	"time"
)

func TestMomentFormat(t *testing.T) {
	day := time.Date(2025, 11, 2, 0, 0, 0, 0, time.UTC) // a Sunday
	for _, test := range []struct{ format, want, fault string }{
		{"YYYY-MM-DD", "2025-11-02", ""},
		{"YYYY/MM-MMMM/YYYY-MM-DD-dddd", "2025/11-November/2025-11-02-Sunday", ""},
		{"D.M.YY", "2.11.25", ""},
		{"[Day] Do MMM", "Day 2nd Nov", ""},
		{"GGGG-[W]WW-E", "2025-W44-7", ""},
		{"ddd dd DDDD DDD Q W GG", "Sun Su 306 306 4 44 25", ""},
		{"YYYYMMDD", "20251102", ""},
		{"[unclosed", "", `"u"`},
		{"日记 YYYY", "日记 2025", ""},
		{"YYYY-MM-DD HH:mm", "", `"HH"`},
		{"gggg-[W]ww", "", `"gggg"`},
		{"YYYYY", "", `"YYYYY"`},
		{"DoD", "2nd2", ""},
		{"", "", ""},
	} {
		got, err := momentFormat(test.format, day)
		switch {
		case test.fault == "" && (err != nil || got != test.want):
			t.Errorf("%q: got %q and %v, want %q", test.format, got, err, test.want)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%q: got %q and %v, want an error that names %s", test.format, got, err, test.fault)
		}
	}
}

func TestOrdinal(t *testing.T) {
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 22: "22nd", 31: "31st"} {
		if got := ordinal(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

// FuzzMomentFormat: whatever the format is, it is written or refused.
func FuzzMomentFormat(f *testing.F) {
	f.Add("YYYY-MM-DD")
	f.Add("[a]Do[")
	f.Fuzz(func(t *testing.T, format string) {
		got, err := momentFormat(format, time.Date(2025, 11, 2, 0, 0, 0, 0, time.UTC))
		if err == nil && got == "" && format != strings.Repeat("[]", len(format)/2) {
			t.Errorf("%q: nothing is written, and no error", format)
		}
	})
}
