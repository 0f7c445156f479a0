package canvas_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daybook/canvas"
)

// The cases of testdata are text: a first paragraph that says what the case shows, then sections that begin with a
// line like "-- old --". A section's last line break is not part of it. To add a case, add a file.

// cases runs f for each file testdata/dir/*.txt with its sections.
func cases(t *testing.T, dir string, f func(t *testing.T, sections map[string]string)) {
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata/%s (%v)", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f(t, sections(string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))))
		})
	}
}

func sections(data string) map[string]string {
	found := map[string]string{}
	name, lines := "", []string(nil)
	for _, line := range strings.Split(strings.TrimSuffix(data, "\n"), "\n") {
		title, isTitle := strings.CutPrefix(line, "-- ")
		if isTitle = isTitle && strings.HasSuffix(title, " --"); !isTitle {
			lines = append(lines, line)
			continue
		}
		found[name] = strings.Join(lines, "\n")
		name, lines = strings.TrimSuffix(title, " --"), nil
	}
	found[name] = strings.Join(lines, "\n")
	return found
}

// board parses what must be a board.
func board(t testing.TB, data string) *canvas.Board {
	t.Helper()
	b, err := canvas.Parse([]byte(data))
	if err != nil {
		t.Fatalf("Parse(%.200q): %v", data, err)
	}
	return b
}

// describe writes changes as the cases do, one a line.
func describe(changes []canvas.Change) string {
	var lines []string
	for _, c := range changes {
		line := c.Kind.String() + " " + c.ID
		if c.Type != "" {
			line += " " + c.Type
		}
		if c.Index > 0 {
			line += fmt.Sprintf(" #%d", c.Index+1) // the second node of this id is #2
		}
		var parts []string
		for _, m := range c.Members {
			parts = append(parts, m.Name+" "+orNone(m.Old)+" -> "+orNone(m.New))
		}
		if c.Old != nil || c.New != nil {
			parts = append(parts, string(c.Old)+string(c.New))
		}
		lines = append(lines, line+": "+strings.Join(parts, ", "))
	}
	return strings.Join(lines, "\n")
}

func orNone(raw []byte) string {
	if raw == nil {
		return "none"
	}
	return string(raw)
}
