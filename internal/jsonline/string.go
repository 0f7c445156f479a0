package jsonline

import (
	"bytes"
	"strings"
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
func escapeLen[T Text](b T) int {
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

func hex4[T Text](b T) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		switch c := b[i]; {
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
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	return appendDecoded(make([]byte, 0, len(s)), s, func(dst []byte, half rune) []byte {
		return append(dst, 0xE0|byte(half>>12), 0x80|byte(half>>6)&0x3F, 0x80|byte(half)&0x3F)
	})
}

// appendDecoded appends what the text between the quotes of a string stands for. appendHalf encodes half a surrogate pair.
// An escape that is none is kept as it is.
func appendDecoded[T Text](dst []byte, s T, appendHalf func(dst []byte, half rune) []byte) []byte {
	v := view(s)
	for {
		next := strings.IndexByte(v, '\\')
		if next < 0 {
			return append(dst, v...)
		}
		dst = append(dst, v[:next]...)
		v = v[next:]
		n := escapeLen(v)
		switch {
		case n == 0:
			dst, v = append(dst, v[0]), v[1:]
		case n == 2:
			c := v[1]
			if i := strings.IndexByte("bfnrt", c); i >= 0 {
				c = "\b\f\n\r\t"[i]
			}
			dst, v = append(dst, c), v[2:]
		default:
			r, _ := hex4(v[2:])
			v = v[6:]
			if !utf16.IsSurrogate(r) {
				dst = utf8.AppendRune(dst, r)
				break
			}
			if escapeLen(v) == 6 {
				low, _ := hex4(v[2:])
				if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
					dst, v = utf8.AppendRune(dst, both), v[6:]
					break
				}
			}
			dst = appendHalf(dst, r)
		}
	}
}
