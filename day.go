package daybook

import (
	"fmt"
	"time"
)

// Day is a calendar day in a book's zone. The zero Day is no day; in a Query it leaves that end open. Days compare
// with ==, as map keys and with Compare.
type Day struct {
	year  int16
	month uint8
	day   uint8
}

// DayOf returns the calendar day of t in t's location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day{int16(y), uint8(m), uint8(d)}
}

// ParseDay reads a day as Day.String writes it: four digits, two and two, as in 2025-11-08.
func ParseDay(s string) (Day, error) {
	if len(s) != len(time.DateOnly) {
		return Day{}, fmt.Errorf("%q is no day: write it as 2025-11-08", s)
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Day{}, fmt.Errorf("%q is no day: write it as 2025-11-08", s)
	}
	return DayOf(t), nil
}

// IsZero reports whether d is no day.
func (d Day) IsZero() bool { return d == Day{} }

// String returns the day as in 2025-11-08, and "" for the zero Day.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	b := [10]byte{4: '-', 7: '-'}
	put := func(at, width, v int) {
		for i := at + width - 1; i >= at; i-- {
			b[i] = byte('0' + v%10)
			v /= 10
		}
	}
	put(0, 4, int(d.year))
	put(5, 2, int(d.month))
	put(8, 2, int(d.day))
	return string(b[:])
}

// Compare returns -1 if d is before e, 0 if they are the same day, 1 if d is after e.
func (d Day) Compare(e Day) int {
	switch a, b := d.ordinal(), e.ordinal(); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Add returns the day n days after d, or before it if n is negative.
func (d Day) Add(n int) Day {
	return DayOf(time.Date(int(d.year), time.Month(d.month), int(d.day)+n, 12, 0, 0, 0, time.UTC))
}

// Start returns the first instant of the day in zone. It is not always midnight: where clocks go forward at midnight
// (Cairo, Santiago) the day begins later. A day that begins twice, because clocks go back over its midnight, begins with
// the first time. One that the zone has left out (Apia, 2011-12-30) starts with the day that came in its place.
func (d Day) Start(zone *time.Location) time.Time {
	midnight := time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, time.UTC)
	// The day begins when clocks show midnight by one of the offsets of that time, or when they are changed. A zone keeps
	// an offset for longer than an hour, and none is longer than 16 hours. ZoneBounds is no way to walk from change to
	// change: on the last day of a leap year its end does not lie ahead.
	var first time.Time
	found := false
	for h := -26; h <= 26; h++ {
		at := midnight.Add(time.Duration(h) * time.Hour).In(zone)
		_, offset := at.Zone()
		change, _ := at.ZoneBounds()
		for _, t := range [...]time.Time{midnight.Add(-time.Duration(offset) * time.Second), change} {
			t = t.In(zone)
			begins := DayOf(t).Compare(d) >= 0 && DayOf(t.Add(-1)).Compare(d) < 0
			if begins && (!found || t.Before(first)) {
				first, found = t, true
			}
		}
	}
	return first
}

func (d Day) ordinal() int { return int(d.year)<<16 | int(d.month)<<8 | int(d.day) }
