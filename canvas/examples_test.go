package canvas_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exampleVault = "../examples/vault"

// TestExampleVault checks the vault that newcomers try Daybook on: boards that parse, ids that are unique, edges and
// file nodes that lead somewhere.
func TestExampleVault(t *testing.T) {
	boards := 0
	err := filepath.WalkDir(exampleVault, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".learning") {
			return filepath.SkipDir // who has tried the README's first command has a book there
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".canvas" {
			return err
		}
		boards++
		checkExample(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if boards != 3 {
		t.Errorf("got %d boards, want 3", boards)
	}
}

func checkExample(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b := board(t, string(data))
	ids := map[string]bool{}
	for _, n := range b.Nodes {
		if n.ID() == "" || ids[n.ID()] {
			t.Errorf("%s: the id %q is missing or there twice", path, n.ID())
		}
		ids[n.ID()] = true
		if n.Type() == "file" {
			if _, err := os.Stat(filepath.Join(exampleVault, filepath.FromSlash(n.Text()))); err != nil {
				t.Errorf("%s: node %s leads nowhere: %v", path, n.ID(), err)
			}
		}
		if n.Color() != "" && !strings.Contains("12356", n.Color()) {
			t.Errorf("%s: node %s has the colour %q, which the story does not know", path, n.ID(), n.Color())
		}
	}
	for _, e := range b.Edges {
		for _, end := range []string{"fromNode", "toNode"} {
			var id string
			if raw, _ := e.Member(end); json.Unmarshal(raw, &id) != nil || !ids[id] {
				t.Errorf("%s: edge %s: %s leads nowhere", path, e.ID(), end)
			}
		}
	}
}
