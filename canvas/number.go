package canvas

import (
	"strconv"
	"strings"
)

// plainDigits is how long an integer may be to be written without an exponent.
const plainDigits = 21

// appendNumber appends a number in the one spelling that all numbers of its value share: 100, 100.0 and 1e2 as 100,
// 0.50 as 5e-1. It is exact for numbers of any size and takes time linear in their spelling.
func appendNumber(out []byte, v string) []byte {
	v, negative := strings.CutPrefix(v, "-")
	exponent := "0"
	if e := strings.IndexAny(v, "eE"); e >= 0 {
		v, exponent = v[:e], v[e+1:]
	}
	whole, fraction, _ := strings.Cut(v, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return append(out, '0') // and -0
	}
	significant := strings.TrimRight(digits, "0")
	exponent = addInt(exponent, len(digits)-len(significant)-len(fraction))
	if negative {
		out = append(out, '-')
	}
	out = append(out, significant...)
	if n, err := strconv.Atoi(exponent); err == nil && n >= 0 && n <= plainDigits-len(significant) {
		return append(out, strings.Repeat("0", n)...)
	}
	return append(append(out, 'e'), exponent...)
}

// addInt returns a + b for a decimal integer of any length, without leading zeros and without a plus sign. (The
// exponent of a number may have millions of digits, where math/big takes minutes to read it.)
func addInt(a string, b int) string {
	negative := strings.HasPrefix(a, "-")
	a = strings.TrimLeft(strings.TrimLeft(a, "+-"), "0")
	const most = 18 // digits that fit an int64 with room for b
	if len(a) <= most {
		n := int64(0)
		for _, c := range []byte(a) {
			n = n*10 + int64(c-'0')
		}
		if negative {
			n = -n
		}
		return strconv.FormatInt(n+int64(b), 10)
	}
	// |a| is greater than |b|: the sign stays, and at most one is carried out of the last digits or borrowed for them.
	if negative {
		b = -b
	}
	head, tail := []byte(a[:len(a)-most]), a[len(a)-most:]
	n, _ := strconv.ParseInt(tail, 10, 64) // 18 digits cannot fail
	n += int64(b)
	const one = 1_000_000_000_000_000_000
	step, wrap := byte(0), byte(0)
	switch {
	case n < 0:
		n, step, wrap = n+one, 255, '9'
	case n >= one:
		n, step, wrap = n-one, 1, '0'
	}
	if step != 0 {
		i := len(head) - 1
		for ; i >= 0 && head[i] == '0'+('9'-wrap); i-- {
			head[i] = wrap
		}
		if i < 0 {
			head = append([]byte{'1'}, head...) // only a carry gets here
		} else {
			head[i] += step
		}
	}
	sum := string(head) + strings.Repeat("0", most-len(strconv.FormatInt(n, 10))) + strconv.FormatInt(n, 10)
	if sum = strings.TrimLeft(sum, "0"); negative {
		sum = "-" + sum
	}
	return sum
}
