//go:build unix

package session

import (
	"path/filepath"
	"testing"

	"daybook/internal/faultfs"

	"github.com/google/go-cmp/cmp"
)

// TestPostCalls: what was appended is posted with one write, and without reading the day's file.
func TestPostCalls(t *testing.T) {
	dir := t.TempDir()
	v := New(Options{})
	var calls []string
	v.fsys = &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
		calls = append(calls, c.Op+" "+filepath.Base(c.Name))
		return faultfs.Fault{}
	}}
	b := openBook(t, dir, nil, v)
	appendLines(t, b, recolor("e1", "2025-11-09T09:00:00", "a.canvas", "1", "3"))
	appendLines(t, b, recolor("e2", "2025-11-09T09:00:01", "a.canvas", "3", "2"))
	calls = nil
	appendLines(t, b, recolor("e3", "2025-11-09T09:00:02", "a.canvas", "2", ""))
	want := []string{
		"lock session_2025-11-09.json.lock", "stat session_2025-11-09.json.lock",
		"lock session_2025-11-09.json", "stat session_2025-11-09.json", "read session_2025-11-09.json",
		"write session_2025-11-09.json", "read session_2025-11-09.json",
		"unlock session_2025-11-09.json", "unlock session_2025-11-09.json.lock",
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	wantDocument(t, b, "2025-11-09")
}
