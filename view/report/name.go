package report

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// longestName is how long the name of a board's report may be before what is put behind it (a picture's name, a suffix of
// a file that is being written), in bytes: every system takes 255, some that encrypt only 143.
const longestName = 90

// boardFile returns the name of a board's report, without its ending: a file name on every system, and for each board
// another one also where upper and lower case are the same. A board whose name can stand as it is has no more than that;
// others have the beginning of their path's SHA-256 behind what can be kept of it.
func boardFile(board string) string {
	name, isBoard := strings.CutSuffix(board, ".canvas")
	if isBoard && isPlain(name) && len(name) <= longestName {
		return "board-" + name
	}
	sum := sha256.Sum256([]byte(board))
	var b strings.Builder
	for _, c := range clusters(strings.ReplaceAll(clean(name), "/", " - ")) {
		if b.Len()+len(c) > longestName {
			break
		}
		b.WriteString(safe(c))
	}
	kept := strings.Trim(b.String(), " .-")
	if kept != "" {
		kept += "-"
	}
	return fmt.Sprintf("board-%s%x", kept, sum[:4])
}

// isPlain reports whether a name is one that nothing else can be taken for, on no file system: it has no letters that
// know upper and lower case, but small ones of ASCII, and none that can be spelled in two ways.
func isPlain(name string) bool {
	for _, r := range name {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '_', r == ' ':
		case r >= 0x4e00 && r <= 0x9fff:
		default:
			return false
		}
	}
	return name != "" && name == strings.TrimSpace(name) && !regexp.MustCompile(`(^|-)[0-9a-f]{8}$`).MatchString(name)
}

// safe is one character as a file name, a link of Markdown and one of Obsidian may have it.
func safe(c string) string {
	for _, r := range c {
		if !unicode.IsPrint(r) && r != '\u200d' || strings.ContainsRune(`<>:"/\|?*#^[]%&`+"`", r) {
			return "-"
		}
	}
	return c
}
