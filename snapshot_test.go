package daybook

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadSnapshot(t *testing.T) {
	b, err := Open(t.TempDir(), &Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	day := mustDay(t, testDay)
	const board = `{"nodes":[]}`
	name, err := b.Snapshot(day, []byte(board))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.ReadSnapshot(day, name); err != nil || string(got) != board {
		t.Errorf("got %s, %v; want %s", got, err, board)
	}
	path := filepath.Join(b.Dir(), day.String(), filepath.FromSlash(name))
	for _, c := range []struct {
		name  string
		spoil func() error
		ask   string
		want  string
	}{
		{"of another day", func() error { return nil }, strings.Replace(name, "boards/", "boards/../boards/", 1), "is no name of a snapshot"},
		{"outside", func() error { return nil }, "../daybook.json", "is no name of a snapshot"},
		{"upper case", func() error { return nil }, "boards/" + strings.Repeat("A", 64) + ".canvas", "is no name of a snapshot"},
		{"changed", func() error { return os.WriteFile(path, []byte(`{"nodes":{}}`), 0o644) }, name, "it is damaged"},
		{"missing", func() error { return os.Remove(path) }, name, "read the snapshot"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.spoil(); err != nil {
				t.Fatal(err)
			}
			data, err := b.ReadSnapshot(day, c.ask)
			if err == nil || data != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, %v; want an error with %q", data, err, c.want)
			}
		})
	}
}
