package learning_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook/learning"
)

// TestPaletteInDocs: the table in docs/format.md is the default palette, no more and no less.
func TestPaletteInDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/format.md")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile("(?s)\n### Colours\n.*?\n(\\| code .*?)\n\n").FindSubmatch(text)
	if table == nil {
		t.Fatal("there is no table of colours")
	}
	story, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]learning.Color{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(.*?)` \\| (.*?) \\| (.*?) ?\\|$").FindAllSubmatch(table[1], -1) {
		code, name, role := string(row[1]), string(row[2]), string(row[3])
		if code == `""` {
			if want := story.ColorName(""); name != want || role != "" {
				t.Errorf("no colour is %s, %q in the table; want %s, \"\"", name, role, want)
			}
			continue
		}
		got[code] = learning.Color{Name: name, Role: learning.Role(role)}
	}
	if diff := cmp.Diff(story.Colors, got); diff != "" {
		t.Errorf("colours (-palette +docs/format.md):\n%s", diff)
	}
}
