package doctor

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestCopiesOfOwnFiles: whatever a sync program calls the copy of one of the book's own files, the copy is named, with a
// remedy that fits it, and everything else is as it was without the copy.
func TestCopiesOfOwnFiles(t *testing.T) {
	const state, snapshot = "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, own := range []struct{ name, remedy string }{
		{"2025-11-05/events.json", "`daybook append --book "},
		{"2025-11-05/events.json.zst", "`zstd -dc "},
		{"2025-11-05/events.mark", "remove it: only events.mark counts"},
		{"2025-11-05/SHA256SUMS", "remove it: only SHA256SUMS counts"},
		{"2025-11-05/boards/" + snapshot + ".canvas", "remove it: a snapshot is named by its checksum"},
		{"palette.toml", "`diff "},
		{"daybook.json", "`diff "},
		{"metadata.json", "remove it: it is made again"},
		{"ledger.db", "remove it: it is made again"},
		{"standing.bin", "remove it: it is made again"},
		{"session_2025-11-05.json", "remove it: it is made again"},
		{"baseline/" + state + ".json", "remove it: it is never read"},
		{"baseline/" + state + ".intent.json", "remove it: it is never read"},
		{"import-git.jsonl", "remove it: only import-git.jsonl counts"},
		{"watch.json", "remove it: only watch.json counts"},
	} {
		dir, base := filepath.Split(own.name)
		stem, ext := base, ""
		if i := strings.Index(base, "."); i > 0 {
			stem, ext = base[:i], base[i:]
		}
		for _, format := range []string{
			"%s.sync-conflict-20251108-101010-ABC1234%s", "%s (Ada's conflicted copy 2025-11-08)%s", "%s 2%s", "%s-DESKTOP-AB12CD3%s",
			"%s (In Konflikt stehende Kopie von Ada 2025-11-08)%s", "%s (1)%s", "%s_conflict-20251108-101010%s", "%s - 副本%s",
		} {
			name := dir + fmt.Sprintf(format, stem, ext)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := healthy(t, false)
				before := found(p)
				p.write(name, "x")
				news := ""
				for line := range found(p) {
					if !before[line] {
						news += line
					}
				}
				if strings.Count(news, "\n") != 1 || !strings.Contains(news, "copy") || !strings.Contains(news, name) || !strings.Contains(news, " → "+own.remedy) {
					t.Errorf("got %q, want the copy and %q", news, own.remedy)
				}
			})
		}
	}
}

// found is what doctor finds, each a line, but for sizes.
func found(p *place) map[string]bool {
	lines := map[string]bool{}
	for _, f := range p.examine() {
		if f.Check != "size" && f.Check != "space" {
			lines[fmt.Sprintf("%s %s: %s → %s\n", f.State, f.Check, f.Text, f.Remedy)] = true
		}
	}
	return lines
}
