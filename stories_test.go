package daybook_test

import (
	"fmt"
	"go/ast"
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

// points are what the two stories ask for, by the names that docs/stories.md gives to them: US what for, AC acceptance
// criteria, IV integration criteria, T tasks and subtasks, PS and PF what the story takes over, DM data, FO, RS, ET, CB
// and EC how files are written and what may go wrong, TS, TR and PB tests, LC and TC constraints, FL and PN places, CS
// conventions, CN notes of the first implementation. "T1.1-4" are four.
const points = `
	11.2: US1 AC1-6 IV1-4
		T1 T1.1-4 T2 T2.1-5 T3 T3.1-4 T4 T4.1-4 T5 T5.1-4 T6 T6.1-3 T7 T7.1-7 T8 T8.1-4
		PS1-4 PF1-3 DM1-7 FO1-9 RS1 ET1-4 CB1-2 EC1-5 TS1-9 TR1-6 PB1-3 LC1-11 CS1-4 CN1-9
	3.4: US1 AC1-12
		T1 T1.1-3 T2 T2.1-4 T3 T3.1-4 T4 T4.1-4 T5 T5.1-4 T6 T6.1-5 T7 T7.1-4
		DM1-3 FL1-4 PN1-2 TC1-5 TS1-7 CN1-3`

// timed are the points that are about time or memory: a test does not settle them, a benchmark with its figure does.
const timed = `11.2 AC3, 11.2 IV1, 11.2 IV3, 11.2 T2.5, 11.2 T7.3, 11.2 T8.1, 11.2 T8.3, 11.2 FO1, 11.2 TS5, 11.2 TR3,
	11.2 PB1, 11.2 PB2, 11.2 CN3, 3.4 AC10, 3.4 TC1, 3.4 TS7`

// TestStories holds docs/stories.md: a row for each point of the stories, and nothing named that does not exist.
func TestStories(t *testing.T) {
	text, err := os.ReadFile("docs/stories.md")
	if err != nil {
		t.Fatal(err)
	}
	have, err := readProofs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range checkStories(string(text), expandPoints(points), have) {
		t.Error("docs/stories.md: " + complaint)
	}
}

// proofs is what a row may name.
type proofs struct {
	tests map[string]map[string][]string // by name, then by package: the strings in the file that it stands in
	files map[string]bool                // paths of scripts
}

var (
	rowName  = regexp.MustCompile(`^(?:11\.2|3\.4) [A-Z]+[0-9]+(?:\.[0-9]+)?\b`)
	quoted   = regexp.MustCompile("`[^`]+`")
	testName = regexp.MustCompile(`^(?:([a-z][a-z/]*)\.)?((?:Test|Benchmark|Fuzz|Example)[A-Z]\w*)(?:/(.+))?$`)
	fileName = regexp.MustCompile(`^(?:\.ci/\w+|[\w./-]+/testdata/(?:script|nobody|mounts)/[\w.-]+)$`)
	figure   = regexp.MustCompile(`\d\s?(?:ns|µs|ms|s|MB)\b`)
)

// checkStories returns a complaint for each rule that the page breaks. want are the points that need a row.
func checkStories(page string, want []string, have proofs) []string {
	var complaints []string
	rows := map[string]int{}
	number := 0
	for line := range strings.Lines(page) {
		number++
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| point |") || strings.HasPrefix(line, "|---") {
			continue
		}
		name, faults := checkRow(line, have)
		if name != "" {
			rows[name]++
		}
		for _, fault := range faults {
			complaints = append(complaints, fmt.Sprintf("line %d, %s: %s", number, name, fault))
		}
	}
	for _, name := range want {
		if n := rows[name]; n != 1 {
			complaints = append(complaints, fmt.Sprintf("%s has %d rows, and must have one", name, n))
		}
		delete(rows, name)
	}
	for name := range rows {
		complaints = append(complaints, name+" is no point of the stories: add it to points, or mend the row")
	}
	slices.Sort(complaints)
	return complaints
}

// checkRow returns the point that a row is about and what is wrong with the row.
func checkRow(line string, have proofs) (name string, faults []string) {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	name = rowName.FindString(cells[0])
	if len(cells) != 3 || name == "" || cells[0] == name {
		return name, []string{"a row is a point and what it asks for, a verdict, and a proof"}
	}
	named, faults := checkProof(cells[2], have)
	demand := func(words ...string) {
		for _, w := range words {
			if !strings.Contains(cells[2], w) {
				faults = append(faults, fmt.Sprintf("%s, and the row has no %q", cells[1], w))
			}
		}
	}
	switch cells[1] {
	case "met":
		if len(named) == 0 {
			faults = append(faults, "met, and no test, script or benchmark is named")
		}
		if strings.Contains(cells[2], "Missing:") {
			faults = append(faults, "met, and something is missing")
		}
	case "deviated":
		demand("Why:", "Instead:")
	case "later":
		demand("Missing:")
	default:
		faults = append(faults, fmt.Sprintf("the verdict %q is none of met, deviated, later", cells[1]))
	}
	isBenchmark := func(n string) bool { return strings.HasPrefix(n, "Benchmark") }
	if slices.Contains(splitList(timed), name) && !slices.ContainsFunc(named, isBenchmark) {
		faults = append(faults, "it is about time or memory, and no benchmark is named")
	}
	return name, faults
}

// checkProof returns the tests, benchmarks and scripts that a text names, and what is wrong with them.
func checkProof(text string, have proofs) (named, faults []string) {
	places := quoted.FindAllStringIndex(text, -1)
	for i, at := range places {
		token := text[at[0]+1 : at[1]-1]
		if fileName.MatchString(token) {
			named = append(named, token)
			if !have.files[token] {
				faults = append(faults, "there is no file "+token)
			}
			continue
		}
		m := testName.FindStringSubmatch(token)
		if m == nil {
			continue // code that is no proof
		}
		named = append(named, m[2])
		if fault := have.lacks(m[1], m[2], m[3]); fault != "" {
			faults = append(faults, fault)
		}
		end := len(text)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		if strings.HasPrefix(m[2], "Benchmark") && !figure.MatchString(text[at[1]:end]) {
			faults = append(faults, m[2]+" has no figure behind it")
		}
	}
	return named, faults
}

// lacks says why there is no such test, or "".
func (p proofs) lacks(pkg, test, part string) string {
	in := p.tests[test]
	if pkg == "" && len(in) > 1 {
		return fmt.Sprintf("%s is in %d packages: name the one that is meant", test, len(in))
	}
	for name, words := range in {
		if pkg == "" || pkg == name {
			if part != "" && !slices.Contains(words, part) {
				return fmt.Sprintf("%s has no case %q", test, part)
			}
			return ""
		}
	}
	if pkg != "" {
		test = pkg + "." + test
	}
	return "there is no " + test
}

// readProofs finds the tests, and the scripts, below dir.
func readProofs(dir string) (proofs, error) {
	have := proofs{map[string]map[string][]string{}, map[string]bool{".ci/run": false}}
	if _, err := os.Stat(filepath.Join(dir, ".ci/run")); err == nil {
		have.files[".ci/run"] = true
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != dir && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if fileName.MatchString(rel) {
			have.files[rel] = true
		}
		if strings.HasSuffix(rel, "_test.go") && !strings.Contains(rel, "testdata/") {
			return have.readTests(name, packageOf(rel))
		}
		return nil
	})
	return have, err
}

// packageOf is what the page calls the package of a file: the library is daybook.
func packageOf(rel string) string {
	if pkg := strings.TrimSuffix(filepath.ToSlash(filepath.Dir(rel)), "/"); pkg != "." {
		return pkg
	}
	return "daybook"
}

func (p proofs) readTests(name, pkg string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var words []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				words = append(words, s)
			}
		}
		return true
	})
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !testName.MatchString(fn.Name.Name) {
			continue
		}
		if p.tests[fn.Name.Name] == nil {
			p.tests[fn.Name.Name] = map[string][]string{}
		}
		p.tests[fn.Name.Name][pkg] = words
	}
	return nil
}

// expandPoints makes of "11.2: AC1-6" the names of six points.
func expandPoints(text string) []string {
	var names []string
	story := ""
	for _, word := range strings.Fields(text) {
		if s, ok := strings.CutSuffix(word, ":"); ok {
			story = s
			continue
		}
		first, last, many := strings.Cut(word, "-")
		if !many {
			names = append(names, story+" "+word)
			continue
		}
		stem := strings.TrimRight(first, "0123456789")
		from, _ := strconv.Atoi(first[len(stem):]) // points are ours: what is wrong shows as rows that nobody wants
		to, _ := strconv.Atoi(last)
		for n := from; n <= to; n++ {
			names = append(names, fmt.Sprint(story, " ", stem, n))
		}
	}
	return names
}

func splitList(text string) []string {
	var list []string
	for name := range strings.SplitSeq(text, ",") {
		list = append(list, strings.TrimSpace(name))
	}
	return list
}

// The checker itself: each kind of complaint, from a page in which it is due.
func TestStoriesComplaints(t *testing.T) {
	have := proofs{
		map[string]map[string][]string{
			"TestA": {"daybook": {"one case"}}, "TestTwice": {"daybook": nil, "view/session": {"its case"}},
			"BenchmarkB": {"daybook": nil},
		},
		map[string]bool{
			"cmd/daybook/testdata/script/a.txtar": true, "cmd/daybook/testdata/mounts/a.txtar": true, ".ci/run": true,
		},
	}
	const good = "| point | verdict | proof |\n|---|---|---|\n| 11.2 AC1 a thing | met | `TestA`, `TestA/one case` |\n" +
		"| 3.4 T1.1 another | deviated | Why: so. Instead: that |\n"
	for _, test := range []struct {
		name, row string // of 11.2 AC2
		want      []string
	}{
		{"a package named", "| 11.2 AC2 x | met | `view/session.TestTwice/its case`; `code`, `daybook.TestTwice` |", nil},
		{"a script", "| 11.2 AC2 x | met | `cmd/daybook/testdata/script/a.txtar`, `.ci/run` |", nil},
		{"a script for root", "| 11.2 AC2 x | met | `cmd/daybook/testdata/mounts/a.txtar` |", nil},
		{"a figure", "| 11.2 AC2 x | met | `BenchmarkB`: 0.2–3 ms, `TestA` |", nil},
		{"later", "| 11.2 AC2 x | later | `TestA`. Missing: the rest |", nil},
		{"no row", "", []string{"11.2 AC2 has 0 rows, and must have one"}},
		{
			"a row twice", "| 11.2 AC2 x | met | `TestA` |\n| 11.2 AC2 y | met | `TestA` |",
			[]string{"11.2 AC2 has 2 rows, and must have one"},
		},
		{
			"a row too many", "| 11.2 AC2 x | met | `TestA` |\n| 11.2 AC22 y | met | `TestA` |",
			[]string{"11.2 AC22 is no point of the stories: add it to points, or mend the row"},
		},
		{"no such test", "| 11.2 AC2 x | met | `TestB` |", []string{"line 5, 11.2 AC2: there is no TestB"}},
		{
			"no such test, where nothing is met", "| 11.2 AC2 x | deviated | Why: so, `TestB`. Instead: that |",
			[]string{"line 5, 11.2 AC2: there is no TestB"},
		},
		{"no such case", "| 11.2 AC2 x | met | `TestA/two` |", []string{`line 5, 11.2 AC2: TestA has no case "two"`}},
		{"no such package", "| 11.2 AC2 x | met | `canvas.TestA` |", []string{"line 5, 11.2 AC2: there is no canvas.TestA"}},
		{
			"no such script", "| 11.2 AC2 x | met | `cmd/daybook/testdata/script/b.txtar` |",
			[]string{"line 5, 11.2 AC2: there is no file cmd/daybook/testdata/script/b.txtar"},
		},
		{
			"no such script for nobody", "| 11.2 AC2 x | met | `cmd/daybook/testdata/nobody/a.txtar` |",
			[]string{"line 5, 11.2 AC2: there is no file cmd/daybook/testdata/nobody/a.txtar"},
		},
		{
			"a test of two packages", "| 11.2 AC2 x | met | `TestTwice` |",
			[]string{"line 5, 11.2 AC2: TestTwice is in 2 packages: name the one that is meant"},
		},
		{
			"met without proof", "| 11.2 AC2 x | met | it just works, see `code` |",
			[]string{"line 5, 11.2 AC2: met, and no test, script or benchmark is named"},
		},
		{
			"met in part", "| 11.2 AC2 x | met | `TestA`. Missing: half |",
			[]string{"line 5, 11.2 AC2: met, and something is missing"},
		},
		{
			"no figure", "| 11.2 AC2 x | met | `BenchmarkB`, `TestA`: 3 ms |",
			[]string{"line 5, 11.2 AC2: BenchmarkB has no figure behind it"},
		},
		{
			"another verdict", "| 11.2 AC2 x | done | `TestA` |",
			[]string{`line 5, 11.2 AC2: the verdict "done" is none of met, deviated, later`},
		},
		{
			"no alternative", "| 11.2 AC2 x | deviated | Why: so |",
			[]string{`line 5, 11.2 AC2: deviated, and the row has no "Instead:"`},
		},
		{
			"nothing missing", "| 11.2 AC2 x | later | soon |",
			[]string{`line 5, 11.2 AC2: later, and the row has no "Missing:"`},
		},
		{
			"a torn row", "| 11.2 AC2 x | met |",
			[]string{"line 5, 11.2 AC2: a row is a point and what it asks for, a verdict, and a proof"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := checkStories(good+test.row, []string{"11.2 AC1", "11.2 AC2", "3.4 T1.1"}, have)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("time without a benchmark", func(t *testing.T) {
		got := checkStories("| 3.4 AC10 quick | met | `TestA` |", []string{"3.4 AC10"}, have)
		want := []string{"line 1, 3.4 AC10: it is about time or memory, and no benchmark is named"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("complaints (-want +got):\n%s", diff)
		}
	})
	want := splitList("3.4 A1, 3.4 B9, 3.4 B10, 3.4 B11, 3.4 T1.1, 3.4 T1.2")
	if diff := cmp.Diff(want, expandPoints("3.4: A1 B9-11 T1.1-2")); diff != "" {
		t.Errorf("expandPoints (-want +got):\n%s", diff)
	}
	for _, name := range splitList(timed) {
		if !slices.Contains(expandPoints(points), name) {
			t.Errorf("timed: %q is no point", name)
		}
	}
}
