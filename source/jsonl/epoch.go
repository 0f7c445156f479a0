package jsonl

import (
	"strconv"
	"strings"
	"time"
)

// longestExponent bounds the exponents that are looked at: no time needs one of more digits.
const longestExponent = 7

// sinceEpoch reads a decimal number of seconds since 1970, or of milli-, micro- or nanoseconds, which its size tells, and
// spells it as a timestamp in zone with at least six digits of its fraction, and all that the number has. Smaller
// numbers than 1e8, which would be before 1973, are something else.
func sinceEpoch(text string, zone *time.Location) (stamp string, ok bool) {
	whole, fraction, ok := decimal(text)
	if !ok || len(whole) < 9 || len(whole) > 20 {
		return "", false
	}
	// 9 to 11 digits are seconds, 12 to 14 milliseconds, 15 to 17 microseconds, 18 to 20 nanoseconds.
	seconds := len(whole) - (len(whole)-9)/3*3
	fraction = strings.TrimRight(whole[seconds:]+fraction, "0")
	fraction += strings.Repeat("0", max(0, 6-len(fraction)))
	n, err := strconv.ParseInt(whole[:seconds], 10, 64)
	if err != nil {
		return "", false
	}
	at := time.Unix(n, 0).In(zone)
	return at.Format("2006-01-02T15:04:05.") + fraction + at.Format("-07:00"), true
}

// decimal reads a number that is not negative, as JSON spells it or with a plus sign, leading zeros, or a point without digits
// behind it. It returns the digits before and behind the decimal point, without leading zeros.
func decimal(text string) (whole, fraction string, ok bool) {
	text = strings.TrimPrefix(text, "+")
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
		sign, digits := 1, text[i+1:]
		if digits != "" && (digits[0] == '+' || digits[0] == '-') {
			if digits[0] == '-' {
				sign = -1
			}
			digits = digits[1:]
		}
		if !isDigits(digits) {
			return "", "", false
		}
		digits = strings.TrimLeft(digits, "0")
		if len(digits) > longestExponent {
			return "", "", false
		}
		n, _ := strconv.Atoi("0" + digits) // it has few digits, and nothing else
		exponent = sign * n
	}
	whole, fraction, _ = strings.Cut(mantissa, ".")
	if !isDigits(whole) || fraction != "" && !isDigits(fraction) {
		return "", "", false
	}
	all, point := whole+fraction, len(whole)+exponent
	zeros := len(all) - len(strings.TrimLeft(all, "0"))
	all, point = all[zeros:], point-zeros
	switch {
	case all == "" || point <= 0 || point > 20:
		return "", "", false // less than 1, or more than any time
	case point > len(all):
		all += strings.Repeat("0", point-len(all))
	}
	return all[:point], all[point:], true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
