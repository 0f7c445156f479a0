package dayfile

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// plain tells the bytes of a string that need no second look.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

func (p *parser) string() error {
	ascii := true
	for i := p.at + 1; i < len(p.src); i++ {
		c := p.src[i]
		switch {
		case plain[c]:
		case c == '"':
			if !ascii && !utf8.Valid(p.src[p.at:i]) {
				p.at += invalidAt(p.src[p.at:i])
				return p.fail("text must be valid UTF-8")
			}
			p.copy(i + 1)
			return nil
		case c == '\\':
			n := escapeLen(p.src[i:])
			if n == 0 {
				p.at = i
				return p.fail(`this escape is none of \" \\ \/ \b \f \n \r \t \uHHHH`)
			}
			i += n - 1
		case c < 0x20:
			p.at = i
			return p.fail("control characters in a string must be escaped")
		default:
			ascii = false
		}
	}
	p.at = len(p.src)
	return p.fail("a string is not closed")
}

func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// escapeLen returns the length of the escape that b begins with, or 0 if it is none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// DecodeString returns the bytes that a JSON string, quotes included, stands for. Half a surrogate pair, which stands
// for no character, is encoded as if it were one, so that different spellings stay different. Without escapes the
// result is a part of s.
func DecodeString(s []byte) []byte {
	s = s[1 : len(s)-1]
	next := bytes.IndexByte(s, '\\')
	if next < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for next >= 0 {
		out = append(out, s[:next]...)
		s = s[next:]
		switch c := s[1]; c {
		case 'u':
			r, _ := hex4(s[2:])
			s = s[6:]
			if utf16.IsSurrogate(r) {
				if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
					low, _ := hex4(s[2:])
					if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
						out, s = utf8.AppendRune(out, both), s[6:]
						break
					}
				}
				out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
				break
			}
			out = utf8.AppendRune(out, r)
		default:
			if i := bytes.IndexByte([]byte("bfnrt"), c); i >= 0 {
				c = "\b\f\n\r\t"[i]
			}
			out, s = append(out, c), s[2:]
		}
		next = bytes.IndexByte(s, '\\')
	}
	return append(out, s...)
}
