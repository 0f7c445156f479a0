package jsonline

import (
	"bytes"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a string and reports whether it has escapes.
func (p *parser) string() (escaped bool, err error) {
	ascii := true
	for i := p.at + 1; ; {
		if i = plainEnd(view(p.src), i, highs); i >= len(p.src) {
			break
		}
		switch c := p.src[i]; {
		case c == '"':
			if !ascii && !utf8.Valid(p.src[p.at:i]) {
				p.at += invalidAt(p.src[p.at:i])
				return false, p.fail("text must be valid UTF-8")
			}
			p.copy(i + 1)
			return escaped, nil
		case c == '\\':
			n := escapeLen(p.src[i:])
			if n == 0 {
				rest := view(p.src[i:])
				p.at, p.cut = i, len(rest) < 6 && escapeLen(rest+`\u0000`[len(rest):]) > 0
				return false, p.fail(`this escape is none of \" \\ \/ \b \f \n \r \t \uHHHH`)
			}
			i, escaped = i+n, true
		case c < ' ':
			p.at = i
			return false, p.fail("control characters in a string must be escaped")
		default:
			ascii = false
			for i < len(p.src) && p.src[i] >= utf8.RuneSelf {
				i++
			}
		}
	}
	p.at = len(p.src)
	return false, p.fail("a string is not closed")
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainEnd returns where the bytes end, from v[i] on, that neither end a string nor begin an escape nor are control
// characters; with highs for ascii, they are ASCII too, with 0 they need not be. It looks at eight at a time.
func plainEnd(v string, i int, ascii uint64) int {
	for ; i+8 <= len(v); i += 8 {
		w := uint64(v[i]) | uint64(v[i+1])<<8 | uint64(v[i+2])<<16 | uint64(v[i+3])<<24 |
			uint64(v[i+4])<<32 | uint64(v[i+5])<<40 | uint64(v[i+6])<<48 | uint64(v[i+7])<<56
		// The lowest bit that is set belongs to the first byte that ends them; those above it may be wrong, because of what
		// was carried.
		quote, slash := w^'"'*ones, w^'\\'*ones
		odd := ((quote-ones)&^quote|(slash-ones)&^slash|(w-' '*ones)&^w)&highs | w&ascii
		if odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(v) && v[i] >= ' ' && v[i] != '"' && v[i] != '\\' && (ascii == 0 || v[i] < utf8.RuneSelf) {
		i++
	}
	return i
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
