package daybook

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func someToken(rng *rand.Rand, days int) Token {
	var t Token
	if rng.IntN(2) == 0 {
		t.first = numberedDay(1 + rng.Int64N(lastDayNumber))
	}
	n := 1 + rng.Int64N(700_000)
	for range days {
		t.days = append(t.days, cursor{numberedDay(n), 1 + rng.Int64N(3<<20), rng.Uint32()})
		n += 1 + rng.Int64N(3)
	}
	return t
}

func shown(t Token) string {
	var list []string
	for _, c := range t.cursors() {
		list = append(list, fmt.Sprint(c.day, c.offset, c.sum))
	}
	return strings.Join(list, ", ")
}

func TestToken(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for days := range 40 {
		want := someToken(rng, days)
		text := want.String()
		got, err := ParseToken(text)
		if err != nil {
			t.Fatalf("%d days: %v", days, err)
		}
		if got.String() != text || got.first != want.first {
			t.Errorf("%d days: got %s, want %s", days, got, want)
		}
		if diff := cmp.Diff(shown(want), shown(got)); diff != "" {
			t.Errorf("%d days (-want +got):\n%s", days, diff)
		}
	}
	for _, n := range []int64{0, 1, 2, lastDayNumber} {
		if got := int64(dayNumber(numberedDay(n))); got != n {
			t.Errorf("day number %d is %s, and that has %d", n, numberedDay(n), got)
		}
	}
	if got := numberedDay(lastDayNumber).String(); got != "9999-12-31" {
		t.Errorf("the last day is %s", got)
	}
}

// The day that is being read stands in a Token beside the others.
func TestTokenOfDayBeingRead(t *testing.T) {
	day := func(s string) Day {
		d, err := ParseDay(s)
		try(t, err)
		return d
	}
	a, b, c := day("2025-11-01"), day("2025-11-02"), day("2025-11-03")
	days := []cursor{{a, 10, 1}, {c, 30, 3}}
	for _, test := range []struct {
		at   cursor
		want string
	}{
		{cursor{}, "2025-11-01 10 1, 2025-11-03 30 3"},
		{cursor{a, 11, 7}, "2025-11-01 11 7, 2025-11-03 30 3"},
		{cursor{b, 20, 2}, "2025-11-01 10 1, 2025-11-02 20 2, 2025-11-03 30 3"},
		{cursor{c, 0, 0}, "2025-11-01 10 1"},
		{cursor{b, 0, 0}, "2025-11-01 10 1, 2025-11-03 30 3"},
	} {
		if got := shown(Token{days: days, at: test.at}); got != test.want {
			t.Errorf("at %v: got %s, want %s", test.at, got, test.want)
		}
	}
}

// garbled returns what a token's text becomes when its checksum is made anew.
func garbled(b ...byte) string {
	sum := crc32.Checksum(append([]byte(tokenMark), b...), castagnoli())
	return tokenMark + base64.RawURLEncoding.EncodeToString(append(b, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)))
}

func TestGarbledToken(t *testing.T) {
	whole := someToken(rand.New(rand.NewPCG(2, 2)), 3).String()
	for name, text := range map[string]string{
		"empty": "", "a word": "yesterday", "newer": "f2" + whole[2:], "the mark alone": "f1",
		"cut short": whole[:len(whole)-1], "longer": whole + "A", "upper case": strings.ToUpper(whole),
		"another character": whole[:10] + "-" + whole[11:], "white space": whole[:10] + "\n" + whole[10:],
		"no first day":             garbled(),
		"a first day too late":     garbled(0xff, 0xff, 0xff, 0x7f),
		"a long spelling":          garbled(0x80, 0),
		"a day with no checksum":   garbled(0, 5, 7),
		"a day of which none read": garbled(0, 5, 0, 1, 2, 3, 4),
		"a day twice":              garbled(0, 5, 7, 1, 2, 3, 4, 0, 9, 1, 2, 3, 4),
	} {
		if got, err := ParseToken(text); err == nil {
			t.Errorf("%s: %q is taken for %v", name, text, got)
		}
	}
	if _, err := ParseToken(garbled(0)); err != nil {
		t.Errorf("the token of nothing: %v", err)
	}
	if got := (Token{}).String(); got != garbled(0) {
		t.Errorf("the token of nothing is %s, want %s", got, garbled(0))
	}
}

// TestTokenLength is what docs/format.md says of it.
func TestTokenLength(t *testing.T) {
	var year Token
	for n := range int64(365) {
		year.days = append(year.days, cursor{numberedDay(739_000 + n), 200_000 + n, 0xfedcba98})
	}
	if got := len(year.String()); got > 4000 {
		t.Errorf("a token of 365 days has %d characters", got)
	}
}

func FuzzParseToken(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 3))
	for days := range 4 {
		f.Add(someToken(rng, days).String())
	}
	f.Add(garbled(0, 5, 7, 1, 2, 3, 4))
	f.Add(garbled(0x80, 0))
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(text)
		if err == nil && token.String() != text {
			t.Errorf("%q becomes %q", text, token)
		}
		// The same bytes, with a checksum that fits.
		if text = garbled([]byte(text)...); len(text) > 0 {
			if token, err := ParseToken(text); err == nil && token.String() != text {
				t.Errorf("%q becomes %q", text, token)
			}
		}
	})
}
