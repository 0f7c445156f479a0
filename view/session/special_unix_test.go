//go:build unix

package session

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestPipe: a pipe in the place of a document is neither waited for nor replaced, and touches no append.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	b := openBook(t, dir, &log, New(Options{}))
	path := sessionFile(dir, "2025-11-08")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		appendLines(t, b, recolor(string(rune('a'+i)), "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	}
	openBook(t, dir, nil, New(Options{}))
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is gone: %v, %v", info, err)
	}
	if n := strings.Count(log.String(), "move it away"); n != 1 {
		t.Errorf("the log says %d times what to do, want once:\n%s", n, log.String())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	appendLines(t, b, recolor("d", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	wantDocument(t, b, "2025-11-08")
}
