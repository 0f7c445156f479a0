package daybook

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

// Token says which events of a book have been followed: how far each day has been read. It is a value; who has stored its
// String goes on from there with ParseToken, in another process too. The zero Token has nothing behind it: all events of
// the book follow.
type Token struct {
	first Day      // days before it are not followed; zero: all are
	days  []cursor // by day, ascending; never changed
	at    cursor   // holds instead of its day's in days; of the zero Day there is none
}

// cursor is how far a day has been read.
type cursor struct {
	day    Day
	offset int64  // behind the last line that was read; never 0 in a Token
	sum    uint32 // CRC32C of what stands before it
}

// TokenFrom returns the Token that the events of the day follow from its beginning, and those of all later days. What comes to
// days before it is not followed.
func TokenFrom(day Day) Token { return Token{first: day} }

// cursors returns how far each day has been read, ascending.
func (t Token) cursors() []cursor {
	if t.at.day.IsZero() {
		return t.days
	}
	i, found := slices.BinarySearchFunc(t.days, t.at, func(a, b cursor) int { return a.day.Compare(b.day) })
	all := slices.Clone(t.days)
	switch {
	case t.at.offset == 0 && found:
		return slices.Delete(all, i, i+1)
	case t.at.offset == 0:
		return all
	case found:
		all[i] = t.at
		return all
	}
	return slices.Insert(all, i, t.at)
}

// tokenMark begins a token, and names its version.
const tokenMark = "f1"

// String returns the token as one word of letters, digits, - and _, which does not begin with -: about eleven of them for
// each day that has been read (docs/format.md, Tokens).
func (t Token) String() string {
	days := t.cursors()
	b := make([]byte, 0, 16+9*len(days))
	b = binary.AppendUvarint(b, uint64(dayNumber(t.first)))
	last := 0
	for _, c := range days {
		n := dayNumber(c.day)
		b = binary.AppendUvarint(b, uint64(n-last))
		b = binary.AppendUvarint(b, uint64(c.offset))
		b = binary.BigEndian.AppendUint32(b, c.sum)
		last = n
	}
	b = binary.BigEndian.AppendUint32(b, tokenCheck(b))
	return tokenMark + base64.RawURLEncoding.EncodeToString(b)
}

// tokenCheck is the checksum that ends a token.
func tokenCheck(b []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(tokenMark), castagnoli()), castagnoli(), b)
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// ParseToken reads what Token.String writes.
func ParseToken(s string) (Token, error) {
	text, ok := strings.CutPrefix(s, tokenMark)
	if !ok {
		return Token{}, fmt.Errorf("a token begins with %s; this one does not, or is of a newer version", tokenMark)
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 4 || tokenCheck(b[:len(b)-4]) != binary.BigEndian.Uint32(b[len(b)-4:]) {
		return Token{}, errors.New("the token is not whole: its checksum does not fit")
	}
	t, ok := decodeToken(b[:len(b)-4])
	if !ok || t.String() != s {
		return Token{}, errors.New("the token is none that daybook has made")
	}
	return t, nil
}

// decodeToken reads what stands between the mark and the checksum.
func decodeToken(b []byte) (t Token, ok bool) {
	number := func() (n int64) {
		v, size := binary.Uvarint(b)
		if size <= 0 || v > maxDaySize+1 {
			ok = false
			return 0
		}
		b = b[size:]
		return int64(v)
	}
	ok = true
	first := number()
	if t.first = numberedDay(first); first > lastDayNumber {
		return t, false
	}
	for last := int64(0); ok && len(b) > 0; {
		gap, offset := number(), number()
		if last += gap; !ok || gap == 0 || last > lastDayNumber || offset == 0 || len(b) < 4 {
			return t, false
		}
		t.days = append(t.days, cursor{numberedDay(last), offset, binary.BigEndian.Uint32(b)})
		b = b[4:]
	}
	return t, ok
}

// lastDayNumber is that of 9999-12-31.
const lastDayNumber = 3652425

// dayNumber counts days from 1, which is 0000-01-01; the zero Day is 0.
func dayNumber(d Day) int {
	if d.IsZero() {
		return 0
	}
	from := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	return int((time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, time.UTC).Unix()-from)/86400) + 1
}

func numberedDay(n int64) Day {
	if n == 0 {
		return Day{}
	}
	return DayOf(time.Date(0, 1, int(n), 0, 0, 0, 0, time.UTC))
}
