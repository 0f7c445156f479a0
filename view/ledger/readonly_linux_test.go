package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"daybook/internal/rerun"
)

// TestReadOnly: a ledger that cannot be written can be asked.
func TestReadOnly(t *testing.T) {
	if !rerun.AsNobody(t) {
		return
	}
	b := newBook(t, nil)
	put(t, b, camera("a", "2025-11-08T10:00:00Z", "text"))
	catchUp(t, newView(t, b, Options{}))
	put(t, b, camera("b", "2025-11-08T10:00:00Z", "text"))
	try(t, os.Chmod(filepath.Join(b.Dir(), Name), 0o444))
	try(t, os.Chmod(b.Dir(), 0o555))
	defer os.Chmod(b.Dir(), 0o755)
	_, err := newView(t, b, Options{}).CatchUp(context.Background())
	var wrong *Error
	if !errors.As(err, &wrong) || wrong.Problem != ReadOnly {
		t.Errorf("got %v, want one that is %s", err, ReadOnly)
	}
	if got := ask(t, b, "SELECT event_id FROM events"); got != "a\n" {
		t.Errorf("got %q, want a", got)
	}
}
