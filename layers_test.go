package daybook_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// layers says what each package may import, apart from the standard library: packages of ours, seen from the root
// (which is "daybook"), and third-party modules. What stands here is what the packages do import: a permission that nobody
// needs is an error like a missing one. docs/architecture.md has the drawing. A line is never widened to make a build
// pass; a change here is a change of the architecture.
const layers = `
	# How bytes stay on disk. Below the root nobody knows what an event is.
	internal/durable: golang.org/x/sys
	internal/jsonline:
	internal/dayfile: internal/durable internal/jsonline
	internal/packed: github.com/klauspost/compress

	# The library. Its users get the modules of these four lines and no other.
	daybook: internal/durable internal/dayfile internal/jsonline internal/packed github.com/google/uuid golang.org/x/sys

	# What is shown to people of what comes from outside.
	internal/printable:

	# Pure: values in, values out.
	canvas: internal/jsonline
	learning:
	learning/steady:
	learning/history: canvas learning learning/steady
	learning/course: learning
	learning/review: canvas learning learning/history github.com/open-spaced-repetition/go-fsrs/v4

	# What the learner says the colours mean.
	learning/palettefile: learning internal/durable github.com/BurntSushi/toml

	# What is written, said for other programs.
	docs/schema:

	# Where events come from, and what is posted from the book. Siblings never import each other, but that git's history
	# goes through the vault's recorder.
	source/vault: daybook canvas learning internal/durable github.com/fsnotify/fsnotify golang.org/x/sys golang.org/x/text
	source/git: daybook learning/steady source/vault
	source/jsonl: daybook internal/jsonline
	view/session: daybook learning internal/durable
	view/ledger: daybook learning internal/durable modernc.org/libc modernc.org/sqlite
	view/table: internal/durable internal/printable github.com/parquet-go/parquet-go github.com/rivo/uniseg
	view/report: daybook canvas learning learning/course learning/history learning/review internal/durable internal/printable

	# Here they meet.
	daemon: daybook learning learning/palettefile source/vault view/ledger view/session
	doctor: daybook canvas learning learning/palettefile source/vault view/ledger view/session internal/durable internal/printable golang.org/x/sys
	cmd/daybook: internal/durable internal/printable daybook canvas learning learning/history learning/palettefile learning/review source/git source/jsonl source/vault view/ledger view/session view/report view/table daemon doctor docs/schema github.com/schollz/progressbar/v3 github.com/spf13/cobra golang.org/x/sys golang.org/x/text
`

// forTests is what the tests of any package may import besides what their package may.
const forTests = `internal/crashtest internal/faultfs internal/killtest internal/powercut internal/rerun
	docs/schema/schematest
	github.com/google/go-cmp github.com/rogpeppe/go-internal github.com/santhosh-tekuri/jsonschema/v6 pgregory.net/rapid`

// pure are the packages that do nothing but compute, and impure what they must not import of the standard library.
const (
	pure   = `canvas learning learning/course learning/history learning/review learning/steady`
	impure = `os io/fs io/ioutil path/filepath net log syscall unsafe plugin embed runtime database testing flag`
)

// modules are the third-party modules of go.mod: an import of another one is an error, also if it is only indirectly
// required.
var modules = []string{
	"github.com/BurntSushi/toml",
	"github.com/fsnotify/fsnotify",
	"github.com/google/go-cmp",
	"github.com/google/uuid",
	"github.com/klauspost/compress",
	"github.com/open-spaced-repetition/go-fsrs/v4",
	"github.com/parquet-go/parquet-go",
	"github.com/rivo/uniseg",
	"github.com/rogpeppe/go-internal",
	"github.com/santhosh-tekuri/jsonschema/v6",
	"github.com/schollz/progressbar/v3",
	"github.com/spf13/cobra",
	"golang.org/x/sys",
	"golang.org/x/text",
	"modernc.org/libc",
	"modernc.org/sqlite",
	"pgregory.net/rapid",
}

func TestLayers(t *testing.T) {
	imports, err := readImports(".")
	if err != nil {
		t.Fatal(err)
	}
	table, err := parseLayers(layers)
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range checkLayers(table, imports) {
		t.Error(complaint)
	}
}

// imports is what one package imports, without the standard library but for pure packages; names as in layers.
type imports struct {
	code, tests []string
}

// parseLayers reads the table and sees to it that it has an order: a package stands below all that it may import.
func parseLayers(text string) (map[string][]string, error) {
	table := make(map[string][]string)
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, may, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("layers: no colon in %q", line)
		}
		if _, twice := table[name]; twice {
			return nil, fmt.Errorf("layers: %s stands there twice", name)
		}
		table[name] = strings.Fields(may)
		for _, p := range table[name] {
			if _, above := table[p]; !above && !slices.Contains(modules, p) {
				return nil, fmt.Errorf("layers: %s may import %s, which does not stand above it", name, p)
			}
		}
	}
	return table, nil
}

// checkLayers returns a complaint for each import that the table does not allow, each permission that is not used, and
// each package on one side only.
func checkLayers(table map[string][]string, tree map[string]imports) []string {
	var complaints []string
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	for name, got := range tree {
		may, ok := table[name]
		if !ok {
			if !isForTests(name) {
				complain("%s: no line in layers", name)
			}
			continue
		}
		for _, p := range got.code {
			switch {
			case isStd(p):
				if slices.Contains(strings.Fields(pure), name) && isImpure(p) {
					complain("%s: imports %s, and is to be pure", name, p)
				}
			case !slices.Contains(may, p):
				complain("%s: imports %s", name, p)
			}
		}
		for _, p := range got.tests {
			if !isStd(p) && p != name && !slices.Contains(may, p) && !isForTests(p) {
				complain("%s: a test imports %s", name, p)
			}
		}
		for _, p := range may {
			if !slices.Contains(got.code, p) {
				complain("%s: may import %s and does not", name, p)
			}
		}
	}
	for name := range table {
		if _, ok := tree[name]; !ok {
			complain("%s: stands in layers and has no Go files", name)
		}
	}
	slices.Sort(complaints)
	return complaints
}

func isForTests(name string) bool { return slices.Contains(strings.Fields(forTests), name) }

// isStd reports whether name, as in imports, is of the standard library: there names are quoted.
func isStd(name string) bool { return strings.HasPrefix(name, `"`) }

func isImpure(name string) bool {
	p := strings.Trim(name, `"`)
	for _, bad := range strings.Fields(impure) {
		if p == bad || strings.HasPrefix(p, bad+"/") {
			return true
		}
	}
	return false
}

// readImports reads the import clauses of all Go files below dir, whatever system they are for, but for testdata,
// hidden directories and other modules.
func readImports(dir string) (map[string]imports, error) {
	tree := make(map[string]imports)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == dir {
				return nil
			}
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			if base := d.Name(); err == nil || base == "testdata" || base[0] == '.' || base[0] == '_' {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		rel, err := filepath.Rel(dir, filepath.Dir(name))
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := nameOf(path.Join("daybook", filepath.ToSlash(rel)))
		all := tree[pkg]
		into := &all.code
		if strings.HasSuffix(name, "_test.go") {
			into = &all.tests
		}
		for _, spec := range file.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			*into = append(*into, nameOf(p))
		}
		tree[pkg] = all
		return nil
	})
	return tree, err
}

// nameOf makes of an import path what layers calls it: a package of ours seen from the root, the module of a
// third-party package, a package of the standard library in quotes.
func nameOf(p string) string {
	if p == "daybook" {
		return p
	}
	if ours, ok := strings.CutPrefix(p, "daybook/"); ok {
		return ours
	}
	if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") {
		return strconv.Quote(p)
	}
	for _, m := range modules {
		if p == m || strings.HasPrefix(p, m+"/") {
			return m
		}
	}
	return p
}

// The checker itself: each kind of complaint, from a tree in which it is due.
func TestLayersComplaints(t *testing.T) {
	table, err := parseLayers("canvas:\ninternal/durable: golang.org/x/sys\ndaybook: internal/durable\n" +
		"source/vault: daybook canvas\nview/session: daybook")
	if err != nil {
		t.Fatal(err)
	}
	good := func() map[string]imports {
		return map[string]imports{
			"canvas":           {code: []string{`"bytes"`}, tests: []string{`"os"`, "canvas", "github.com/google/go-cmp"}},
			"internal/durable": {code: []string{`"os"`, "golang.org/x/sys"}},
			"internal/faultfs": {code: []string{"internal/durable"}},
			"daybook":          {code: []string{"internal/durable"}, tests: []string{"internal/faultfs"}},
			"source/vault":     {code: []string{"daybook", "canvas"}},
			"view/session":     {code: []string{"daybook"}},
		}
	}
	for _, test := range []struct {
		name string
		pkg  string
		add  imports
		want []string
	}{
		{"all is well", "canvas", imports{}, nil},
		{"a package without a line", "util", imports{code: []string{`"os"`}}, []string{"util: no line in layers"}},
		{
			"a sibling", "view/session",
			imports{code: []string{"source/vault"}},
			[]string{"view/session: imports source/vault"},
		},
		{"upwards", "internal/durable", imports{code: []string{"daybook"}}, []string{"internal/durable: imports daybook"}},
		{
			"a module out of its room", "daybook",
			imports{code: []string{"github.com/spf13/cobra"}},
			[]string{"daybook: imports github.com/spf13/cobra"},
		},
		{
			"a module that nobody knows", "daybook",
			imports{code: []string{"example.com/fast/json"}},
			[]string{"daybook: imports example.com/fast/json"},
		},
		{
			"a module for tests in the code", "daybook",
			imports{code: []string{"github.com/google/go-cmp"}},
			[]string{"daybook: imports github.com/google/go-cmp"},
		},
		{
			"a sibling in a test", "view/session",
			imports{tests: []string{"source/vault"}},
			[]string{"view/session: a test imports source/vault"},
		},
		{
			"a pure package with files", "canvas",
			imports{code: []string{`"os"`, `"net/http"`}},
			[]string{`canvas: imports "net/http", and is to be pure`, `canvas: imports "os", and is to be pure`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			tree := good()
			p := tree[test.pkg]
			p.code = append(p.code, test.add.code...)
			p.tests = append(p.tests, test.add.tests...)
			tree[test.pkg] = p
			if diff := cmp.Diff(test.want, checkLayers(table, tree)); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a permission that nobody needs, a package that is gone", func(t *testing.T) {
		tree := good()
		tree["source/vault"] = imports{code: []string{"daybook"}}
		delete(tree, "view/session")
		want := []string{
			"source/vault: may import canvas and does not",
			"view/session: stands in layers and has no Go files",
		}
		if diff := cmp.Diff(want, checkLayers(table, tree)); diff != "" {
			t.Errorf("complaints (-want +got):\n%s", diff)
		}
	})
	for _, text := range []string{"canvas", "canvas:\ncanvas:", "learning: canvas\ncanvas:"} {
		if _, err := parseLayers(text); err == nil {
			t.Errorf("parseLayers(%q): no error", text)
		}
	}
}

// A replace directive would break `go install …@version` for users.
func TestNoReplace(t *testing.T) {
	data, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(strings.TrimSpace(line), "replace") {
			t.Errorf("go.mod: %s", line)
		}
	}
}
