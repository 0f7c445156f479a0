package report

import (
	"fmt"
	"strings"
	"time"
)

// momentFormat writes a day by a format of moment.js, in which Obsidian names its daily notes. Understood are the tokens of
// dates that mean the same everywhere; others, those of times and of weeks that begin on another day elsewhere, are an
// error that names the token.
func momentFormat(format string, day time.Time) (string, error) {
	var b strings.Builder
	for format != "" {
		if rest, ok := strings.CutPrefix(format, "["); ok {
			if text, after, ok := strings.Cut(rest, "]"); ok {
				b.WriteString(text)
				format = after
				continue
			}
		}
		if token := momentToken(format); token != "" {
			b.WriteString(momentValue(token, day))
			format = format[len(token):]
			continue
		}
		c := format[0]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			n := len(format) - len(strings.TrimLeft(format, string(c)))
			return "", fmt.Errorf("%q is no part of a date that is understood: "+
				"there are YYYY YY Q MMMM MMM MM M DDDD DDD Do DD D dddd ddd dd GGGG GG WW W E and [text]", format[:n])
		}
		b.WriteByte(c)
		format = format[1:]
	}
	return b.String(), nil
}

// momentToken returns the token that a format begins with, "" if there is none that is understood.
func momentToken(format string) string {
	if strings.HasPrefix(format, "Do") {
		return "Do"
	}
	c := format[0]
	run := format[:len(format)-len(strings.TrimLeft(format, string(c)))]
	for _, t := range []string{
		"YYYY", "YY", "MMMM", "MMM", "MM", "M", "DDDD", "DDD", "DD", "D", "dddd", "ddd", "dd", "GGGG", "GG", "WW", "W", "Q", "E",
	} {
		if run == t {
			return t
		}
	}
	return ""
}

// momentValue writes one token. Names are English.
func momentValue(token string, t time.Time) string {
	year, week := t.ISOWeek()
	weekday, _ := hour(t)
	switch token {
	case "YYYY":
		return fmt.Sprintf("%04d", t.Year())
	case "YY":
		return fmt.Sprintf("%02d", t.Year()%100)
	case "Q":
		return fmt.Sprint((int(t.Month()) + 2) / 3)
	case "MMMM":
		return t.Month().String()
	case "MMM":
		return t.Month().String()[:3]
	case "MM":
		return fmt.Sprintf("%02d", int(t.Month()))
	case "M":
		return fmt.Sprint(int(t.Month()))
	case "DDDD":
		return fmt.Sprintf("%03d", t.YearDay())
	case "DDD":
		return fmt.Sprint(t.YearDay())
	case "DD":
		return fmt.Sprintf("%02d", t.Day())
	case "D":
		return fmt.Sprint(t.Day())
	case "Do":
		return ordinal(t.Day())
	case "dddd":
		return t.Weekday().String()
	case "ddd":
		return t.Weekday().String()[:3]
	case "dd":
		return t.Weekday().String()[:2]
	case "GGGG":
		return fmt.Sprintf("%04d", year)
	case "GG":
		return fmt.Sprintf("%02d", year%100)
	case "WW":
		return fmt.Sprintf("%02d", week)
	case "W":
		return fmt.Sprint(week)
	}
	return fmt.Sprint(weekday + 1) // E
}

// ordinal writes 1st, 2nd, 3rd, 4th, 11th.
func ordinal(n int) string {
	switch {
	case n%100/10 == 1:
	case n%10 == 1:
		return fmt.Sprintf("%dst", n)
	case n%10 == 2:
		return fmt.Sprintf("%dnd", n)
	case n%10 == 3:
		return fmt.Sprintf("%drd", n)
	}
	return fmt.Sprintf("%dth", n)
}
