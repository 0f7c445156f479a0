package vault

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"daybook/internal/durable"
)

// skipper knows which files and directories of a vault are left alone.
type skipper struct {
	own      string   // the book's directory as a path in the vault; "" if it lies elsewhere
	patterns []string // of Options.Ignore, in NFC
}

func newSkipper(fsys durable.FS, root, book string, patterns []string) (skipper, error) {
	s := skipper{own: ownPath(fsys, root, book)}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return s, fmt.Errorf("ignore pattern %q: %w", p, err)
		}
		s.patterns = append(s.patterns, norm.NFC.String(p))
	}
	return s, nil
}

// ownPath returns the path in the vault of the book's directory, as it is listed there, however it and the vault are
// spelled or linked to; "" if it lies elsewhere.
func ownPath(fsys durable.FS, root, book string) string {
	home, err := fsys.Stat(root)
	if err != nil {
		return ""
	}
	rel := ""
	for dir := realPath(book); ; dir = filepath.Dir(dir) {
		if info, err := fsys.Stat(dir); err == nil && info.ID == home.ID {
			return spelling(fsys, root, rel)
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
		rel = path.Join(filepath.Base(dir), rel)
	}
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
	case IsConflictCopy(name):
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
	rel = norm.NFC.String(rel)
	for _, p := range s.patterns {
		for _, name := range []string{rel, path.Base(rel)} {
			if ok, err := path.Match(p, name); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// canvasID is the name that events have for the board at the path rel, unless another board has it: the path in NFC, so
// that a board has one name wherever the vault is. For a path that is not UTF-8 it is apartID.
func canvasID(rel string) string {
	if !utf8.ValidString(rel) {
		return apartID(rel)
	}
	return norm.NFC.String(rel)
}

// apartID is the name of the board at the path rel where canvasID cannot be: "./", with which no path begins, and the
// path, in which each "%", each byte that is part of no character, and each byte of a character that normalisation
// might change is written as "%" and two hex digits. So no two boards have one name, and the path can be had back.
func apartID(rel string) string {
	id := []byte("./")
	for len(rel) > 0 {
		r, n := utf8.DecodeRuneInString(rel)
		char, plain := rel[:n], norm.NFC.PropertiesString(rel).BoundaryBefore() // what is before it does not matter
		if r == '%' || r == utf8.RuneError && n == 1 || !plain || !norm.NFC.IsNormalString(char) {
			for _, b := range []byte(char) {
				id = fmt.Appendf(id, "%%%02X", b)
			}
		} else {
			id = append(id, char...)
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
