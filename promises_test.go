package daybook_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPromisesAreCited: each promise of docs/durability.md is cited by a test, and no promise is cited that is not there.
func TestPromisesAreCited(t *testing.T) {
	page, err := os.ReadFile("docs/durability.md")
	if err != nil {
		t.Fatal(err)
	}
	comments := make(map[string][]string)
	err = filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, group := range file.Comments {
			comments[filepath.ToSlash(path)] = append(comments[filepath.ToSlash(path)], group.Text())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range checkPromises(string(page), comments) {
		t.Error(complaint)
	}
}

// checkPromises compares the numbered promises of a page with those that comments cite, by file.
func checkPromises(page string, comments map[string][]string) []string {
	_, list, _ := strings.Cut(page, "\n## Promises\n")
	list, _, _ = strings.Cut(list, "\n## ")
	var promised []int
	for _, m := range regexp.MustCompile(`(?m)^(\d+)\. \*\*`).FindAllStringSubmatch(list, -1) {
		n, _ := strconv.Atoi(m[1]) // digits
		promised = append(promised, n)
	}
	if len(promised) == 0 {
		return []string{"docs/durability.md: no numbered promises under ## Promises"}
	}
	tested := make(map[int]bool)
	var complaints []string
	citation := regexp.MustCompile(`\bpromises?\s+((?:\d+(?:,\s+|\s+and\s+)?)+)`)
	for path, groups := range comments {
		for _, text := range groups {
			for _, m := range citation.FindAllStringSubmatch(text, -1) {
				for _, digits := range regexp.MustCompile(`\d+`).FindAllString(m[1], -1) {
					n, _ := strconv.Atoi(digits)
					if !slices.Contains(promised, n) {
						complaints = append(complaints, fmt.Sprintf("%s cites promise %d, which docs/durability.md does not make", path, n))
					}
					tested[n] = tested[n] || strings.HasSuffix(path, "_test.go")
				}
			}
		}
	}
	for i, n := range promised {
		if n != i+1 {
			complaints = append(complaints, fmt.Sprintf("docs/durability.md: promise %d stands in the place of %d", n, i+1))
		}
		if !tested[n] {
			complaints = append(complaints, fmt.Sprintf("no test cites promise %d of docs/durability.md", n))
		}
	}
	slices.Sort(complaints)
	return complaints
}

func TestPromiseComplaints(t *testing.T) {
	page := "# P\n1. **not one**\n\n## Promises\n\n1. **A** a\n   b\n2. **B** b\n3. **C** c\n\n## Operations\n4. **no**\n"
	for _, test := range []struct {
		name, page string
		comments   map[string][]string
		want       []string
	}{
		{"all cited", page, map[string][]string{"a_test.go": {"x (promises 1, 2\nand 3)."}}, nil},
		{
			"one is not", page,
			map[string][]string{"a_test.go": {"promise 1, with 2 more", "promise 3"}},
			[]string{"no test cites promise 2 of docs/durability.md"},
		},
		{
			"cited by code alone", page,
			map[string][]string{"a_test.go": {"promises 1 and 3"}, "a.go": {"promise 2"}},
			[]string{"no test cites promise 2 of docs/durability.md"},
		},
		{
			"one that is not made", page,
			map[string][]string{"a_test.go": {"promises 1, 2 and 3"}, "b.go": {"promise 4"}},
			[]string{"b.go cites promise 4, which docs/durability.md does not make"},
		},
		{
			"a gap", strings.Replace(page, "2. **B", "5. **B", 1),
			map[string][]string{"a_test.go": {"promises 1, 5 and 3"}},
			[]string{"docs/durability.md: promise 5 stands in the place of 2"},
		},
		{"no promises", "# P\n", nil, []string{"docs/durability.md: no numbered promises under ## Promises"}},
	} {
		if diff := cmp.Diff(test.want, checkPromises(test.page, test.comments)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
