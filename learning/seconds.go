package learning

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Seconds is a length of time that JSON writes in seconds, the unit of the stories: as an integer if it is whole, else
// as a decimal fraction of as many digits as it needs, to the nanosecond: 0, 90, 0.5, 12.000000001. Never an exponent,
// never rounded.
type Seconds time.Duration

// Duration returns s as package time knows it.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

// String returns the length as time.Duration does, as in "1m30s".
func (s Seconds) String() string { return time.Duration(s).String() }

// MarshalJSON writes the seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	whole, rest := s/Seconds(time.Second), s%Seconds(time.Second)
	out := strconv.AppendInt(nil, int64(whole), 10)
	if rest == 0 {
		return out, nil
	}
	if rest < 0 {
		if rest = -rest; whole == 0 {
			out = []byte("-0")
		}
	}
	return append(out, strings.TrimRight(fmt.Sprintf(".%09d", int64(rest)), "0")...), nil
}

// UnmarshalJSON reads what MarshalJSON writes; null leaves s as it is.
func (s *Seconds) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	d, err := time.ParseDuration(string(data) + "s")
	if err != nil {
		return fmt.Errorf("%s is no number of seconds", data)
	}
	*s = Seconds(d)
	return nil
}
