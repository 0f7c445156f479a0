package main

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"daybook"
)

const (
	afterHint = "write how many days stay as they are, today among them: 7d or 2w"
	sizeHint  = "write a size such as 70MB, 1.5 GB or 500 kB"
)

// parseAfter reads how many days stay, as in 7d, 7 days, 2w or 2 weeks.
func parseAfter(flag, text string) (int, error) {
	number, unit := cutUnit(text)
	n, err := strconv.Atoi(number)
	days := map[string]int{"d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7}[unit]
	switch {
	case err != nil || days == 0:
		return 0, usage(afterHint, "%s %q is no number of days", flag, text)
	case n < 1:
		return 0, usage(afterHint, "%s %q: today is never retired", flag, text)
	case n > 36_525/days:
		return 0, usage(afterHint, "%s %q is over 36,525 days", flag, text)
	}
	return n * days, nil
}

// parseSize reads a size in bytes, as in 70MB, 1.5 GiB or 1000.
func parseSize(flag, text string) (int64, error) {
	number, unit := cutUnit(text)
	factor := map[string]float64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || factor == 0 || math.IsNaN(n) || n*factor > 1<<60 {
		return 0, usage(sizeHint, "%s %q is no size", flag, text)
	}
	if n*factor < 1 {
		return 0, usage(sizeHint, "%s %q leaves no room for anything", flag, text)
	}
	return int64(n * factor), nil
}

// cutUnit parts a number from the unit behind it, which it returns in lower case.
func cutUnit(text string) (number, unit string) {
	text = strings.TrimSpace(text)
	at := strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || r == ' ' })
	if at < 0 {
		return text, ""
	}
	return text[:at], strings.ToLower(strings.TrimSpace(text[at:]))
}

// size writes bytes as people do: 52 bytes, 96 kB, 1.2 MB.
func size(n int64) string {
	if n < 1000 {
		return count(int(n), "byte")
	}
	v, units := float64(n)/1000, []string{"kB", "MB", "GB"}
	for v >= 999.5 && len(units) > 1 {
		v, units = v/1000, units[1:]
	}
	if v < 9.95 {
		return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0") + " " + units[0]
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " " + units[0]
}

// parseKeep reads what is to become of a retired day's file.
func parseKeep(flag, text string) (daybook.Keep, error) {
	keep, err := daybook.ParseKeep(text)
	if err != nil {
		err = usage("choose compress, keep or delete", "%s %q is nothing that can become of a day's file", flag, text)
	}
	return keep, err
}

func completeKeeps(cmd *cobra.Command, flag string) {
	completeWords(cmd, flag, string(daybook.KeepPacked), string(daybook.KeepPlain), string(daybook.KeepNothing))
}
