package jsonline

import (
	"iter"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Text is JSON text, in either of the two forms in which Go programs hold it.
type Text interface{ ~string | ~[]byte }

// view returns s as a string that shares its memory.
func view[T Text](s T) string {
	// The first two words of a slice are those of a string: where it is and how long.
	return *(*string)(unsafe.Pointer(&s))
}

// Members iterates over the members of an object: the name, quoted and spelled as it came, and the value. Of a value that
// is no object there are none.
func Members[T Text](object T) iter.Seq2[T, T] {
	return func(yield func(name, value T) bool) {
		v := view(object)
		if len(v) == 0 || v[0] != '{' {
			return
		}
		for i := 1; i < len(v)-1; i++ { // behind the brace or a comma
			colon := valueEnd(v, i)
			end := valueEnd(v, min(colon+1, len(v)))
			if !yield(object[i:colon], object[min(colon+1, len(v)):end]) {
				return
			}
			i = end
		}
	}
}

// Elements iterates over the elements of an array. Of a value that is no array there are none.
func Elements[T Text](array T) iter.Seq[T] {
	return func(yield func(T) bool) {
		v := view(array)
		if len(v) == 0 || v[0] != '[' {
			return
		}
		for i := 1; i < len(v)-1; i++ {
			end := valueEnd(v, i)
			if !yield(array[i:end]) {
				return
			}
			i = end
		}
	}
}

// Find returns the value of the object's member of that name, the first one if there are several. It is empty if there is none.
func Find[T Text](object T, name string) (value T) {
	for n, v := range Members(object) {
		if Is(n, name) {
			return v
		}
	}
	return value
}

// Is reports whether quoted is a string that stands for text, whatever escapes spell it. Half a surrogate pair stands for
// no text.
func Is[T Text](quoted T, text string) bool {
	v := view(quoted)
	if !quotes(v) || len(v)-2 < len(text) { // an escape is longer than what it stands for
		return false
	}
	if inner := v[1 : len(v)-1]; strings.IndexByte(inner, '\\') < 0 {
		return inner == text
	}
	return string(DecodeString([]byte(v))) == text
}

// DecodeText returns what a JSON string stands for, and whether value is a string. Half a surrogate pair, which stands for
// no character, becomes U+FFFD. Without escapes the result shares memory with value.
func DecodeText[T Text](value T) (text string, ok bool) {
	v := view(value)
	if !quotes(v) {
		return "", false
	}
	if v = v[1 : len(v)-1]; strings.IndexByte(v, '\\') < 0 {
		return v, true
	}
	return string(appendDecoded(make([]byte, 0, len(v)), v, func(dst []byte, _ rune) []byte {
		return utf8.AppendRune(dst, utf8.RuneError)
	})), true
}

// quotes reports whether v begins and ends like a string.
func quotes(v string) bool { return len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' }

// valueEnd returns where the value ends that begins at v[i]; len(v) if it does not end.
func valueEnd(v string, i int) int {
	if i >= len(v) {
		return len(v)
	}
	switch v[i] {
	case '"':
		return stringEnd(v, i)
	case '{', '[':
		for depth := 0; i < len(v); {
			switch v[i] {
			case '"':
				i = stringEnd(v, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if i++; depth == 0 {
				return i
			}
		}
		return len(v)
	}
	for i < len(v) && v[i] != ',' && v[i] != '}' && v[i] != ']' && v[i] != ':' {
		i++
	}
	return i
}

// stringEnd returns where the string ends that begins at v[i]; len(v) if it does not end.
func stringEnd(v string, i int) int {
	for i = plainEnd(v, i+1, 0); i < len(v); i = plainEnd(v, i, 0) {
		switch v[i] {
		case '"':
			return i + 1
		case '\\':
			i += 2
		default: // a control character
			i++
		}
	}
	return len(v)
}

// AppendText appends s as a JSON string. Only quotes, backslashes and control characters are escaped, the latter as \u00XX,
// so a text has one spelling. Bytes that are not UTF-8 become U+FFFD.
func AppendText(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	dst = append(dst, '"')
	for {
		i := plainEnd(s, 0, 0)
		dst = append(dst, s[:i]...)
		if i == len(s) {
			return append(dst, '"')
		}
		c := s[i]
		if c < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
		s = s[i+1:]
	}
}
