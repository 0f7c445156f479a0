package git

import (
	"strings"
	"testing"
)

// FuzzTokens: whatever git log prints, reading it does not panic, and what is taken for a commit or an entry is one.
func FuzzTokens(f *testing.F) {
	hash := strings.Repeat("0a", 20)
	f.Add("\x01" + hash + " 1735689600 1735689600")
	f.Add("\n:100644 000000 " + hash + " " + hash + " D")
	f.Add("\x01" + hash + " -5 99999999999999999999")
	f.Fuzz(func(t *testing.T, token string) {
		if c, err := parseHead(token); err == nil && (!isHash(c.hash) || c.author < 0 || c.committer > maxSeconds) {
			t.Errorf("%q is taken for %+v", token, c)
		}
		if e, err := parseEntry(token); err == nil && !isHash(e.blob) {
			t.Errorf("%q is taken for %+v", token, e)
		}
	})
}
