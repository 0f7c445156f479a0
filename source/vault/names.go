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
// (.obsidian, .trash, .git, .learning_sessions), those of systems, the book, and patterns.
func (s skipper) dir(rel string) bool {
	name := path.Base(rel)
	return strings.HasPrefix(name, ".") && rel != "." || isSystemDir(name) || s.own != "" && rel == s.own || s.matches(rel)
}

// systemDirs are the names, in lower case, that servers and systems give to their bins, snapshots and indexes inside of
// shared folders and disks. Those with a dot before them are left alone anyway.
var systemDirs = map[string]bool{
	"@eadir": true, "#recycle": true, "#snapshot": true, "@tmp": true, "@sharesnap": true, // Synology
	"@recycle": true, "@recently-snapshot": true, "@__thumb": true, "@snapshot": true, // QNAP
	"~snapshot":     true,                                     // NetApp
	"_nas_recycle_": true,                                     // Thecus
	"$recycle.bin":  true, "recycler": true, "recycled": true, // Windows
	"system volume information": true,
	"lost+found":                true,                                                                             // Unix
	"network trash folder":      true, "temporary items": true, "thevolumesettingsfolder": true, "__macosx": true, // macOS
}

// isSystemDir reports whether a directory of this name belongs to a server or a system. Samba shows snapshots as @GMT-
// and a time, and chkdsk puts what it finds into FOUND.000.
func isSystemDir(name string) bool {
	name = strings.ToLower(name)
	number, found := strings.CutPrefix(name, "found.")
	return systemDirs[name] || strings.HasPrefix(name, "@gmt-") || found && len(number) == 3 && strings.Trim(number, "0123456789") == ""
}

// placeholderSuffixes are what sync clients append to the name of a file, or directory, that they keep on the server only:
// Nextcloud, ownCloud and OpenCloud, Resilio Sync, odrive.
var placeholderSuffixes = []string{".nextcloud", ".owncloud", ".opencloud", ".rsls", ".cloud", ".cloudf"}

// placeholders are the names of which one stands in the place of a file called name while a sync client keeps its content
// on the server only. iCloud hides its own: .NAME.icloud.
func placeholders(name string) []string {
	names := []string{"." + name + ".icloud"}
	for _, suffix := range placeholderSuffixes {
		names = append(names, name+suffix)
	}
	return names
}

// evicted returns the path whose content is kept on a server only, if rel is that of a placeholder.
func evicted(rel string) (string, bool) {
	dir, name := path.Split(rel)
	if hidden, ok := strings.CutPrefix(name, "."); ok {
		if name, ok := strings.CutSuffix(hidden, ".icloud"); ok && name != "" {
			return dir + name, true
		}
	}
	for _, suffix := range placeholderSuffixes {
		if name, ok := strings.CutSuffix(name, suffix); ok && name != "" {
			return dir + name, true
		}
	}
	return "", false
}

// isEvicted reports whether a placeholder stands for the board rel, or for a directory on its way.
func isEvicted(fsys durable.FS, root, rel string) bool {
	for ; rel != "."; rel = path.Dir(rel) {
		dir, name := path.Split(rel)
		for _, name := range placeholders(name) {
			if _, err := fsys.Stat(filepath.Join(root, filepath.FromSlash(dir+name))); err == nil {
				return true
			}
		}
	}
	return false
}

// board reports whether the file rel is a board to be watched. As in Obsidian the extension's case does not matter.
// Left alone are dot files and backups (*.backup.*.canvas).
func (s skipper) board(rel string) bool {
	name := strings.ToLower(path.Base(rel))
	switch {
	case !strings.HasSuffix(name, ".canvas") || strings.HasPrefix(name, "."):
		return false
	case strings.Contains(strings.TrimSuffix(name, ".canvas"), ".backup."):
		return false
	}
	return !s.matches(rel)
}

// within reports whether a file is left alone because of a directory on its way.
func (s skipper) within(rel string) bool {
	for dir := path.Dir(rel); dir != "." && dir != "/"; dir = path.Dir(dir) {
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

func (s skipper) matches(rel string) bool { return matchesAny(s.patterns, rel) }

// matchesAny reports whether a pattern names the path rel, or its last element.
func matchesAny(patterns []string, rel string) bool {
	rel = norm.NFC.String(rel)
	for _, p := range patterns {
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
