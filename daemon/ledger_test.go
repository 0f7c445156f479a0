package daemon

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/source/vault"
	"daybook/view/ledger"
)

// TestLedger: a board that is recorded by Run is in the ledger within seconds, with its colours by the palette, and what was
// recorded last is there when Run has ended; metadata.json says so.
func TestLedger(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, daybook.VaultDir)
	book, err := daybook.Open(dir, &daybook.Options{Settings: &daybook.Settings{Views: []string{"session", "ledger"}}})
	if err == nil {
		err = book.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	board := filepath.Join(root, "Board.canvas")
	write := func(color string) {
		t.Helper()
		text := `{"nodes":[{"id":"n","type":"text","text":"ψ","x":0,"y":0,"width":1,"height":1,"color":"` + color + `"}],"edges":[]}`
		if err := os.WriteFile(board, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("1")
	ctx, stop := context.WithCancel(context.Background())
	recorded := make(chan string, 10)
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, Config{
			Vault: root, Debounce: 10 * time.Millisecond, Poll: 20 * time.Millisecond,
			Consumers: []vault.Consumer{{Name: "test", Consume: func(_ context.Context, r vault.Recorded) error {
				recorded <- string(r.Event.Line())
				return nil
			}}},
		})
		done <- err
	}()
	<-recorded
	write("3")
	<-recorded
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if slices.Equal(answers(t, dir, "SELECT transition_type FROM color_transitions"), []string{"red_to_purple"}) {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	if got := answers(t, dir, "SELECT transition_type FROM color_transitions"); !slices.Equal(got, []string{"red_to_purple"}) {
		t.Errorf("while it runs: got %q, want red_to_purple", got)
	}
	write("2")
	<-recorded
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	got := answers(t, dir, "SELECT transition_type FROM color_transitions ORDER BY timestamp")
	if want := []string{"red_to_purple", "purple_to_green"}; !slices.Equal(got, want) {
		t.Errorf("at the end: got %q, want %q", got, want)
	}
	text, err := os.ReadFile(filepath.Join(dir, "metadata.json"))
	if err != nil || strings.Contains(string(text), `"last_sync_time": null`) {
		t.Errorf("metadata.json: %v, %s", err, text)
	}
}

// answers returns the first column of a query's answer; nothing as long as there is no ledger.
func answers(t *testing.T, dir, query string) (list []string) {
	t.Helper()
	book, err := daybook.Open(dir, &daybook.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	_ = ledger.Ask(context.Background(), book, query, func([]string) error { return nil }, func(values []any) error {
		s, _ := values[0].(string)
		list = append(list, s)
		return nil
	})
	return list
}

// alter runs a statement on a book's ledger, as another program might.
func alter(r *retiring, query string) {
	r.Helper()
	vfs, err := ledger.VFS()
	try(r, err)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.Book.Dir(), ledger.Name)+"?vfs="+vfs)
	try(r, err)
	_, err = db.Exec(query)
	try(r, err, db.Close())
}
