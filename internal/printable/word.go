package printable

import (
	"fmt"
	"strings"
)

// Word returns arg as one types it into a POSIX shell, or PowerShell where a name needs no more than quotes: as it is, in
// single quotes, or, where it has what Line would alter, as the output of printf. A name that ends with a newline cannot be
// typed so, and loses it.
func Word(arg string) string {
	switch {
	case arg != "" && strings.IndexFunc(arg, isSpecial) < 0 && arg[0] != '~':
		return arg
	case Line(arg) == arg && !strings.Contains(arg, "`"):
		return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString(`"$(printf '`)
	for i := range len(arg) {
		switch c := arg[i]; {
		case c < ' ' || c > '~' || strings.IndexByte("'\\`!", c) >= 0:
			fmt.Fprintf(&b, `\%03o`, c)
		case c == '%':
			b.WriteString("%%")
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString(`')"`)
	return b.String()
}

// Path is Word of a file or directory, which no program takes for an option.
func Path(name string) string {
	if strings.HasPrefix(name, "-") {
		name = "./" + name
	}
	return Word(name)
}

// Argument is Word of what is no file, such as the name of a board: after "--" if it looks like an option.
func Argument(arg string) string {
	if strings.HasPrefix(arg, "-") {
		return "-- " + Word(arg)
	}
	return Word(arg)
}

// isSpecial reports whether a shell may read more than itself in a character.
func isSpecial(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("/._-+:,@%~", r)
}
