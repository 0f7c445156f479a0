package vault

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// skipper knows which files and directories of a vault are left alone.
type skipper struct {
	own      string   // the book's directory as a path in the vault; "" if it lies elsewhere
	patterns []string // of Options.Ignore
}

func newSkipper(root, book string, patterns []string) (skipper, error) {
	s := skipper{patterns: patterns}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return s, fmt.Errorf("ignore pattern %q: %w", p, err)
		}
	}
	if rel, err := filepath.Rel(realPath(root), realPath(book)); err == nil && rel != "." && filepath.IsLocal(rel) {
		s.own = filepath.ToSlash(rel)
	}
	return s, nil
}

// realPath is the absolute path without symbolic links, as far as that can be learned.
func realPath(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	return name
}

// dir reports whether the directory rel (a path in the vault, with "/") is left alone: names that begin with a dot
// (.obsidian, .trash, .git, .learning_sessions), the book, and patterns.
func (s skipper) dir(rel string) bool {
	return strings.HasPrefix(path.Base(rel), ".") && rel != "." || s.own != "" && rel == s.own || s.matches(rel)
}

// board reports whether the file rel is a board to be watched. As in Obsidian the extension's case does not matter.
// Left alone are dot files, backups (*.backup.*.canvas) and the copies that synchronisation tools make of a board that
// was changed in two places.
func (s skipper) board(rel string) bool {
	name := strings.ToLower(path.Base(rel))
	switch {
	case !strings.HasSuffix(name, ".canvas") || strings.HasPrefix(name, "."):
		return false
	case strings.Contains(strings.TrimSuffix(name, ".canvas"), ".backup."):
		return false
	case strings.Contains(name, ".sync-conflict-"), isConflictedCopy(name):
		return false
	}
	return !s.matches(rel)
}

// within reports whether a file is left alone because of a directory on its way.
func (s skipper) within(rel string) bool {
	for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
		if s.dir(dir) {
			return true
		}
	}
	return false
}

// isConflictedCopy recognises `board (conflicted copy 2025-01-02 030405).canvas` and `board (Ann's conflicted copy
// 2025-01-02).canvas`, in lower case.
func isConflictedCopy(name string) bool {
	_, in, ok := strings.Cut(name, "(")
	for ok {
		if inside, _, closed := strings.Cut(in, ")"); closed && strings.Contains(inside, "conflicted copy") {
			return true
		}
		_, in, ok = strings.Cut(in, "(")
	}
	return false
}

func (s skipper) matches(rel string) bool {
	for _, p := range s.patterns {
		for _, name := range []string{rel, path.Base(rel)} {
			if ok, err := path.Match(p, name); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// canvasID is the name that events have for the board at the path rel: the path itself, in Unicode's normal form C. So a
// vault that came from a Mac, whose older file system took names apart, has the names that it has elsewhere. For a path
// that is not valid UTF-8 see escapedID.
func canvasID(rel string) string {
	rel, _, _ = strings.Cut(rel, displacedMark)
	if utf8.ValidString(rel) {
		return norm.NFC.String(rel)
	}
	return escapedID(rel, false)
}

// escapedID is the name of a board whose path cannot be one: "./" and the path, each byte of it that is part of no
// character, and each "%", written as "%" and two hex digits; if plain is set each byte that is not ASCII. No other name
// begins so, and the path can be had back.
func escapedID(rel string, plain bool) string {
	id := []byte("./")
	for len(rel) > 0 {
		r, n := utf8.DecodeRuneInString(rel)
		if r == utf8.RuneError && n == 1 || r == '%' || plain && r >= utf8.RuneSelf {
			n = 1
			id = fmt.Appendf(id, "%%%02X", rel[0])
		} else {
			id = append(id, rel[:n]...)
		}
		rel = rel[n:]
	}
	return string(id)
}

// firstWords shortens a text to what a person needs to recognise it by: one line of at most 40 characters.
func firstWords(text string) string {
	const limit = 40
	text, cut := headOf(text, 4*limit*utf8.UTFMax)
	line := strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	runes := []rune(line)
	if len(runes) <= limit && !cut {
		return line
	}
	if len(runes) > limit {
		runes = runes[:limit]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

func headOf(s string, n int) (head string, cut bool) {
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}
