package vault

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldKey is the same for all spellings of a path that a file system may take for one.
func foldKey(rel string) string {
	if !utf8.ValidString(rel) {
		return rel
	}
	lower := func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }
	return norm.NFC.String(strings.Map(lower, norm.NFD.String(rel)))
}
