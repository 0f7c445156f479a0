package daemon_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/daemon"
	"daybook/docs/schema/schematest"
)

// TestWrittenFilesKeepTheirSchemas watches the example vault and holds every file of its book that has a schema against
// it: the settings, each line of each day, the session documents, metadata.json.
func TestWrittenFilesKeepTheirSchemas(t *testing.T) {
	dir := t.TempDir()
	for _, name := range boards(t, "../examples/vault") {
		data, err := os.ReadFile(filepath.Join("../examples/vault", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	record := func() {
		t.Helper()
		if _, err := daemon.Run(t.Context(), daemon.Config{Vault: dir, Once: true}); err != nil {
			t.Fatal(err)
		}
	}
	record()
	for i, name := range boards(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.ReplaceAll(data, []byte(`"color":"1"`), []byte(`"color":"3"`))
		changed = bytes.ReplaceAll(changed, []byte(`"toSide":"left"`), []byte(`"toSide":"top"`))
		changed = bytes.Replace(changed, []byte(`"nodes":[`), fmt.Appendf(nil, `"nodes":[{"id":"new %d","type":"text","x":1,"y":2},`, i), 1)
		if err := os.WriteFile(filepath.Join(dir, name), changed, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	record()

	book := os.DirFS(filepath.Join(dir, daybook.VaultDir))
	counts := map[string]int{}
	check := func(name string, document []byte) {
		schematest.MustCompile(t, name).Check(t, document)
		counts[name]++
	}
	types := map[string]bool{}
	err := fs.WalkDir(book, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(book, name)
		if err != nil {
			return err
		}
		session, _ := path.Match("session_*.json", name)
		switch {
		case name == "daybook.json":
			check("settings", data)
		case name == "metadata.json":
			check("metadata", data)
		case session:
			check("session", data)
		case path.Base(name) == "events.json":
			for line := range bytes.Lines(data) {
				check("canvas-event", line)
				e, err := daybook.ParseEvent(line)
				if err != nil {
					return err
				}
				kind, _ := e.Member("event_type")
				types[string(kind)] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := counts["canvas-event"]
	delete(counts, "canvas-event")
	documents := counts["session"] // two if midnight has just passed
	delete(counts, "session")
	if diff := cmp.Diff(map[string]int{"settings": 1, "metadata": 1}, counts); diff != "" || documents < 1 || lines < 9 {
		t.Errorf("%d lines and %d documents were checked, and (-want +got):\n%s", lines, documents, diff)
	}
	want := map[string]bool{`"canvas_created"`: true, `"node_color_change"`: true, `"node_added"`: true}
	maps.DeleteFunc(types, func(kind string, _ bool) bool { return !want[kind] })
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("event types (-want +got):\n%s", diff)
	}
}

// boards returns the paths of the boards below a directory, but those of a book.
func boards(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == daybook.VaultDir {
			return fs.SkipDir
		}
		if path.Ext(name) == ".canvas" {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("%d boards in %s: %v", len(names), dir, err)
	}
	return names
}
