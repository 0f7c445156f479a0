package vault

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
)

// TestNewerFormat: a sealed state of a later format is told from damage, whatever its board is.
func TestNewerFormat(t *testing.T) {
	for _, board := range []string{`{"nodes":[]}`, `{not JSON`} {
		rest := `"format":2,"lineage":"a","path":"a.canvas","board":` + board + "}\n"
		data := fmt.Sprintf(`{"sum":"%x",%s`, sha256.Sum256([]byte(rest)), rest)
		if s, err := decodeState([]byte(data)); !errors.Is(err, errNewer) {
			t.Errorf("%s: got %v, %v, want errNewer", board, s, err)
		}
	}
}
