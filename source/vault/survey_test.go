package vault

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"daybook/internal/durable"
)

// TestLook: what lies in a vault is told as a watcher sees it, and nothing is made.
func TestLook(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{
		"b.canvas", "Folder/a.canvas", "Folder/note.md", "Folder/a.sync-conflict-20251108-101010-ABC.canvas",
		"Folder/a (Ada's conflicted copy 2025-11-08).canvas", "note.sync-conflict-20251108-101010-ABC.md", "a.backup.1.canvas",
		".trash/c.canvas", ".learning_sessions/d.canvas",
	} {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Look(durable.OS(), root, filepath.Join(root, ".learning_sessions"))
	if err != nil || s.Err != nil {
		t.Fatal(err, s.Err)
	}
	if want := []string{"Folder/a.canvas", "b.canvas"}; !slices.Equal(s.Boards, want) {
		t.Errorf("boards: got %q, want %q", s.Boards, want)
	}
	want := []string{"Folder/a (Ada's conflicted copy 2025-11-08).canvas", "Folder/a.sync-conflict-20251108-101010-ABC.canvas"}
	if !slices.Equal(s.Copies, want) {
		t.Errorf("copies: got %q, want %q", s.Copies, want)
	}
	if s.Directories != 2 || s.Entries != 12 || len(s.Failed) > 0 {
		t.Errorf("got %+v, want 2 directories with 12 entries", s)
	}
}
