package vault

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/docs/schema/schematest"
)

var compileSchema = sync.OnceValues(func() (*schematest.Schema, error) { return schematest.Compile("canvas-event") })

// checkSchema has the test fail if a line of the book is not what docs/schema says.
func checkSchema(t testing.TB, line string) {
	t.Helper()
	s, err := compileSchema()
	if err != nil {
		t.Fatal(err)
	}
	s.Check(t, []byte(line))
}

// TestSchema records whatever there is to record, boards with all their oddities among it, and compares each line with
// the schema: with the texts, with their lengths, and where the lines are too short for the events.
func TestSchema(t *testing.T) {
	types, members := map[string]bool{}, map[string]bool{}
	for _, mode := range []struct {
		name    string
		lengths bool
		maxLine int
	}{
		{"whole", false, 1 << 20},
		{"lengths", true, 1 << 20},
		{"short", false, 410},
		{"short lengths", true, 410},
		{"bare", false, 310},
	} {
		t.Run(mode.name, func(t *testing.T) {
			book := newFakeBook(t.TempDir())
			book.maxLine = mode.maxLine
			now := time.Date(2026, 3, 1, 12, 0, 0, 0, book.zone)
			r, err := NewRecorder(book, &Options{
				TextLengths: mode.lengths,
				now:         func(Book) time.Time { return now },
				fsys:        &faultFS{FS: osFS(), fast: true},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range schemaSaves(t, now) {
				if err := r.Record(context.Background(), s); err != nil {
					t.Fatal(err)
				}
			}
			lines := book.lines()
			for _, line := range lines {
				checkSchema(t, line)
				var ev struct {
					Type    string                     `json:"event_type"`
					Details map[string]json.RawMessage `json:"details"`
				}
				if err := json.Unmarshal([]byte(line), &ev); err != nil {
					t.Fatal(err)
				}
				if ev.Details["save"] == nil && ev.Type != "canvas_unreadable" {
					t.Errorf("an event of the watcher without its save: %s", line)
				}
				types[ev.Type] = true
				for name := range ev.Details {
					members[name] = true
				}
			}
			shortened := strings.Count(strings.Join(lines, "\n"), `"shortened":true`)
			if (shortened > 0) != (mode.maxLine < 1<<20) {
				t.Errorf("%d of %d events are shortened", shortened, len(lines))
			}
			t.Logf("%d events, %d shortened", len(lines), shortened)
		})
	}
	known := slices.DeleteFunc(knownTypes(t), func(name string) bool { return strings.HasPrefix(name, "card_") }) // review's
	if diff := cmp.Diff(known, slices.Sorted(maps.Keys(types))); diff != "" {
		t.Errorf("event types (-docs/schema +recorded):\n%s", diff)
	}
	for _, name := range strings.Fields(`save observed reverted shortened nodes edges colors file_time snapshot old_canvas_id reason
		node_id node_type node old_node old_color new_color old_text new_text old_text_length new_text_length old new
		color edge_id edge old_edge`) {
		if !members[name] {
			t.Errorf("no event has details.%s", name)
		}
	}
}

// knownTypes are the event types that the schema describes, sorted.
func knownTypes(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../docs/schema/canvas-event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Properties struct {
			Type struct {
				Examples []string `json:"examples"`
			} `json:"event_type"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(slices.Values(s.Properties.Type.Examples))
}

// schemaSaves are the lives of many boards: each case of the package canvas there and back, one that is renamed, becomes
// unreadable and is deleted, and one that gets every kind of long text.
func schemaSaves(t *testing.T, now time.Time) []Save {
	t.Helper()
	files, err := filepath.Glob("../../canvas/testdata/diff/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases of the package canvas (%v)", err)
	}
	var saves []Save
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "\r\n", "\n")
		_, text, _ = strings.Cut(text, "-- old --\n")
		old, text, _ := strings.Cut(text, "\n-- new --\n")
		new, _, ok := strings.Cut(text, "\n-- changes --")
		if !ok {
			t.Fatalf("%s is no case", file)
		}
		path := "Cases/" + strings.TrimSuffix(filepath.Base(file), ".txt") + ".canvas"
		saves = append(saves,
			Save{Path: path, Board: parse(t, old), Time: now.Add(-time.Hour), Late: i%2 == 0},
			Save{Path: path, Board: parse(t, new), Time: now.Add(-time.Minute), Late: i%3 == 0},
			Save{Path: path, Board: parse(t, old)},
			Save{Path: path, Late: i%2 == 1})
	}
	a := func(items ...string) Save { return Save{Path: "a.canvas", Board: parse(t, boardOf(items))} }
	saves = append(saves,
		a(), a("1:1", "2", "1>2"), a("1:2:x", "2"),
		Save{Path: "b/ä \" \u2028.canvas", From: "a.canvas", Board: parse(t, boardOf([]string{"1:2:x", "2"})), Late: true},
		Save{Path: "b/ä \" \u2028.canvas", Unreadable: "truncated", Late: true},
		Save{Path: "b/ä \" \u2028.canvas"},
		Save{Path: "u.canvas", Unreadable: strings.Repeat("why? ", 1000)})
	for _, edges := range []string{
		`{"id":"e","fromNode":"1"},{"id":"e","fromNode":"2","label":"two"}`,
		`{"id":"e","fromNode":"1"},{"id":"e","fromNode":"3","label":"two"}`,
	} {
		saves = append(saves, Save{Path: "twins.canvas", Board: parse(t, `{"edges":[`+edges+`]}`)})
	}
	for _, node := range []string{ // the same id and colour each time, and no text
		`{"id":5,"color":1,"label":"a"}`, `{"id":"5","color":"1","text":5}`, `{"id":5,"color":1,"text":[]}`,
	} {
		saves = append(saves, Save{Path: "spelled.canvas", Board: parse(t, `{"nodes":[`+node+`],"edges":[`+node+`]}`)})
	}
	for _, node := range []string{`{"label":"a"}`, `{"id":"","color":null}`, `{"id":null,"color":""}`, `{}`} {
		saves = append(saves, Save{Path: "nothing.canvas", Board: parse(t, `{"nodes":[`+node+`],"edges":[`+node+`]}`)})
	}
	for _, text := range []string{`"5"`, `5`, `"five"`, `null`, `"six"`} {
		saves = append(saves, Save{Path: "text.canvas", Board: parse(t, `{"nodes":[{"id":"1","text":`+text+`}]}`)})
	}
	for _, path := range []string{"100%/\xe5\x8d\xff.canvas", "100%/卡.canvas", "卡\xed\xa0\x80%FF.canvas"} {
		saves = append(saves, Save{Path: path, From: saves[len(saves)-1].Path, Board: parse(t, `{"nodes":[{"id":"1"}]}`)})
	}
	long := strings.Repeat("long ", 600)
	for _, nodes := range []string{
		``,
		`{"id":"1","type":"text","text":"short"},{"id":"2","type":"text","x":0}`,
		`{"id":"1","type":"text","text":%[1]q},{"id":"2","type":"text","x":%[1]q}`,
		`{"id":"1","type":"text","text":["no text",%[1]q]},{"id":"2","type":"text","color":%[1]q,"label":%[1]q}`,
		`{"id":%[1]q,"type":"text","text":""},{"id":"3","type":%[1]q,"extra":{"of":%[1]q}}`,
		`{"id":%[1]q,"type":"text","text":"x"},{"id":"3","type":%[1]q,"extra":[],"text":"word","color":1}`,
	} {
		board := `{"nodes":[` + strings.ReplaceAll(nodes, "%[1]q", fmt.Sprintf("%q", long)) + `]}`
		saves = append(saves, Save{Path: "long.canvas", Board: parse(t, board)})
	}
	return saves
}
