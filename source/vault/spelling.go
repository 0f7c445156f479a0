package vault

import (
	"io/fs"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"daybook/internal/durable"
)

// This file is about file systems that take several spellings of a path for one: in another case (Windows, macOS), or
// with accents otherwise composed (macOS). A board's path is spelled as the directories list it: that a file can be
// reached proves nothing.

// foldKey is the same for all spellings of a path that a file system may take for one.
func foldKey(rel string) string {
	if !utf8.ValidString(rel) {
		return rel
	}
	lower := func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }
	return norm.NFC.String(strings.Map(lower, norm.NFD.String(rel)))
}

// respelled returns the directory on the way to name that is spelled otherwise than dir; dir if there is none.
func respelled(name, dir string) string {
	for up := name; len(up) > 1 && up != filepath.Dir(up); up = filepath.Dir(up) {
		if foldKey(up) == foldKey(dir) {
			return up
		}
	}
	return dir
}

// spelling returns how the directories on its way list the path rel, which leads to something: as it is, or in another
// spelling. It is "" if they do not list it in any.
func spelling(fsys durable.FS, root, rel string) string {
	dir := root
	elems := strings.Split(rel, "/")
	for i, elem := range elems {
		if folds(fsys, dir, elem) {
			// What is in a directory that cannot be listed is taken as it comes.
			if entries, err := fsys.ReadDir(dir); err == nil {
				elems[i] = listed(entries, elem)
			}
		}
		if elems[i] == "" {
			return ""
		}
		dir = filepath.Join(dir, elems[i])
	}
	return strings.Join(elems, "/")
}

// folds reports whether another spelling of a name leads to something in dir too.
func folds(fsys durable.FS, dir, name string) bool {
	for _, other := range []string{otherCase(name), norm.NFC.String(name), norm.NFD.String(name)} {
		if other == name {
			continue
		}
		if _, err := fsys.Stat(filepath.Join(dir, other)); err == nil {
			return true
		}
	}
	return false
}

// otherCase is the name with each ASCII letter in its other case or, if there is none, with every other letter so: of
// those not all have the same other case everywhere.
func otherCase(name string) string {
	swap := func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}
	other := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return swap(r)
		}
		return r
	}, name)
	if other == name {
		return strings.Map(swap, name)
	}
	return other
}

// listed returns how a directory lists a name; "" if it does not.
func listed(entries []fs.DirEntry, name string) string {
	if lists(entries, name) {
		return name
	}
	key := foldKey(name)
	for _, e := range entries {
		if foldKey(e.Name()) == key {
			return e.Name()
		}
	}
	return ""
}
