package daybook

import (
	"fmt"
	"time"
)

// timeRule is what a timestamp must be.
const timeRule = "must be an RFC 3339 date-time such as 2025-11-08T14:32:15Z or 2025-11-08T15:32:15.25+01:00"

// parseTimestamp reads an RFC 3339 date-time (section 5.6), any number of digits in its fraction, T and Z in either case.
// One without an offset is naive: t is then in UTC, to be read again in the book's zone. Digits beyond nanoseconds
// are not part of t. A leap second is the instant before it, and has an offset: by it alone it is known to be one.
func parseTimestamp(s []byte) (t time.Time, naive bool, err error) {
	d := digits{s: s}
	year := d.number(4, 0, 9999)
	d.literal('-', '-')
	month := d.number(2, 1, 12)
	d.literal('-', '-')
	day := d.number(2, 1, 31)
	d.literal('T', 't')
	hour := d.number(2, 0, 23)
	d.literal(':', ':')
	minute := d.number(2, 0, 59)
	d.literal(':', ':')
	second := d.number(2, 0, 60)
	nanos := d.fraction()
	if d.bad {
		return time.Time{}, false, &RuleError{"timestamp", timeRule}
	}
	leap := second == 60
	if leap {
		second, nanos = 59, 999999999
	}
	zone := time.UTC
	switch rest := d.s; {
	case len(rest) == 0:
		naive = true
	case len(rest) == 1 && rest[0]|0x20 == 'z':
	default:
		offset, ok := parseOffset(rest)
		if !ok {
			return time.Time{}, false, &RuleError{"timestamp", timeRule}
		}
		zone = time.FixedZone("", offset)
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, zone)
	if t.Day() != day {
		return time.Time{}, false, &RuleError{"timestamp", fmt.Sprintf("there is no day %04d-%02d-%02d", year, month, day)}
	}
	if u := t.UTC(); leap && (naive || u.Hour() != 23 || u.Minute() != 59) {
		return time.Time{}, false, &RuleError{"timestamp", "second 60 is for leap seconds: 23:59:60 in UTC, its offset written"}
	}
	return t, naive, nil
}

func parseOffset(s []byte) (seconds int, ok bool) {
	sign := 1
	switch s[0] {
	case '+':
	case '-':
		sign = -1
	default:
		return 0, false
	}
	d := digits{s: s[1:]}
	h := d.number(2, 0, 23)
	d.literal(':', ':')
	m := d.number(2, 0, 59)
	return sign * (h*3600 + m*60), !d.bad && len(d.s) == 0
}

// digits reads fixed-width numbers from the front of s.
type digits struct {
	s   []byte
	bad bool
}

func (d *digits) number(width, low, high int) int {
	v := 0
	for i := range width {
		if i >= len(d.s) || d.s[i] < '0' || d.s[i] > '9' {
			d.bad = true
			return 0
		}
		v = 10*v + int(d.s[i]-'0')
	}
	d.s = d.s[width:]
	d.bad = d.bad || v < low || v > high
	return v
}

func (d *digits) literal(c, or byte) {
	if len(d.s) == 0 || d.s[0] != c && d.s[0] != or {
		d.bad = true
		return
	}
	d.s = d.s[1:]
}

// fraction reads a decimal point and digits, if there, and returns them as nanoseconds.
func (d *digits) fraction() int {
	if d.bad || len(d.s) == 0 || d.s[0] != '.' {
		return 0
	}
	nanos, unit := 0, 100_000_000
	i := 1
	for ; i < len(d.s) && d.s[i] >= '0' && d.s[i] <= '9'; i++ {
		nanos += int(d.s[i]-'0') * unit
		unit /= 10
	}
	d.bad = i == 1
	d.s = d.s[i:]
	return nanos
}

// inZone returns the instant at which clocks in zone show what t shows, with their offset then in whole minutes, as RFC
// 3339 has it. What they show twice is the first time; what they never show (clocks went forward over it) is read as
// if they had not gone forward yet.
func inZone(t time.Time, zone *time.Location) time.Time {
	y, mon, d := t.Date()
	h, m, s := t.Clock()
	date := func(zone *time.Location) time.Time {
		return time.Date(y, mon, d, h, m, s, t.Nanosecond(), zone)
	}
	shown := date(zone)
	_, offset := shown.Zone()
	if start, _ := shown.ZoneBounds(); !start.IsZero() {
		_, before := start.Add(-1).Zone()
		early := date(time.FixedZone("", before))
		sy, smon, sd := shown.Date()
		clock := time.Date(sy, smon, sd, shown.Hour(), shown.Minute(), shown.Second(), t.Nanosecond(), time.UTC)
		switch {
		case clock.After(date(time.UTC)): // never shown, and shown lies behind the gap
			offset = before
		case early.Before(start) && before > offset: // shown twice
			offset = before
		}
	}
	offset -= ((offset % 60) + 60) % 60
	return date(time.FixedZone("", offset))
}

// TimeLayout is how Daybook writes every time that it computes, in documents and in JSON output: six digits of the second's
// fraction, and a numeric offset, in UTC too. Readers that take neither Z nor fewer digits understand it, such as
// datetime.fromisoformat of Python before 3.11. What is finer than a microsecond is cut off.
const TimeLayout = "2006-01-02T15:04:05.000000-07:00"
