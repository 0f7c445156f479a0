package vault

import (
	"path"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// This file judges names: which file of a folder looks like a copy of which other.

// IsCopyName reports whether a file called name looks like a copy of one called original: same extension, and a stem that
// extends the other's, or is extended by it, once what programs add to the names of copies is taken off. Case and
// normalisation do not matter. Whether it is a copy, only the content tells.
func IsCopyName(name, original string) bool {
	if name == original {
		return false
	}
	stem, ext := splitName(name)
	other, otherExt := splitName(original)
	switch "" {
	case otherExt:
		stem, ext = stem+ext, ""
	case ext:
		other, otherExt = other+otherExt, ""
	}
	if ext != otherExt {
		return false
	}
	return extends(stem, other) || extends(other, stem) || extends(core(stem), core(other)) || extends(core(other), core(stem))
}

func extends(long, short string) bool {
	return short != "" && (strings.HasPrefix(long, short) || strings.HasSuffix(long, short))
}

// splitName returns the stem and the extension of a file's name in the form in which they are compared.
func splitName(name string) (stem, ext string) {
	name = foldKey(name)
	ext = path.Ext(name)
	if ext == ".zst" {
		ext = path.Ext(strings.TrimSuffix(name, ext)) + ext
	}
	return strings.TrimSuffix(name, ext), ext
}

// decoration is what programs add behind the stem of a copy: a number, a date, a hash of digits, words in brackets.
var decoration = regexp.MustCompile(`[\s_.~-]*(\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）|[\s_.~-]\d[\d\s_.:~-]*|\d+)$`)

// core is a stem without the decorations of a copy; the stem if nothing else is left.
func core(stem string) string {
	for {
		short := strings.TrimRight(decoration.ReplaceAllString(stem, ""), " _.~-")
		if short == "" || short == stem {
			return stem
		}
		stem = short
	}
}

// isSibling reports whether the board a is in the folder of the board b and looks like a copy of it, or b of a, by name.
func isSibling(a, b string) bool {
	return path.Dir(a) == path.Dir(b) && IsCopyName(path.Base(a), path.Base(b))
}

// plainer reports whether of two boards that look like copies of each other, a is the one that b was copied from: the shorter
// name, then the one in NFC, then the first one.
func plainer(a, b string) bool {
	na, nb := norm.NFC.String(a), norm.NFC.String(b)
	switch {
	case len(na) != len(nb):
		return len(na) < len(nb)
	case (na == a) != (nb == b):
		return na == a
	}
	return a < b
}
