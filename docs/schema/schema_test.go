package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"daybook/docs/schema"
	"daybook/docs/schema/schematest"
)

func TestNames(t *testing.T) {
	want := []string{"camera-event", "canvas-event", "metadata", "session", "settings"}
	if diff := cmp.Diff(want, schema.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for _, name := range []string{"", "sesion", "session.schema.json", "../format"} {
		if text, ok := schema.Get(name); ok || text != nil {
			t.Errorf("Get(%q): got %d bytes, %t; want none", name, len(text), ok)
		}
	}
	text, ok := schema.Get("session")
	if file, err := os.ReadFile("session.schema.json"); err != nil || !ok || !bytes.Equal(text, file) {
		t.Errorf("Get(session): got %d bytes, %t; want the %d of the file (%v)", len(text), ok, len(file), err)
	}
}

// Each schema is one by its own draft's metaschema, says what it is, and accepts its own examples.
func TestSchemas(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	meta, err := compiler.Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range schema.Names() {
		t.Run(name, func(t *testing.T) {
			text, _ := schema.Get(name)
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := meta.Validate(value); err != nil {
				t.Errorf("not a schema of draft 2020-12: %v", err)
			}
			var head struct {
				Draft       string `json:"$schema"`
				ID          string `json:"$id"`
				Title       string `json:"title"`
				Description string `json:"description"`
			}
			if err := json.Unmarshal(text, &head); err != nil {
				t.Fatal(err)
			}
			if want := "urn:daybook:schema:" + name + ":1"; head.ID != want {
				t.Errorf("$id: got %s, want %s", head.ID, want)
			}
			if head.Draft != "https://json-schema.org/draft/2020-12/schema" || head.Title == "" || head.Description == "" {
				t.Errorf("got $schema %q, title %q, description %q", head.Draft, head.Title, head.Description)
			}
			if words := strings.Split(string(text), "description"); len(words) < 5 {
				t.Errorf("%d descriptions: its members are not described", len(words)-1)
			}
			s := schematest.MustCompile(t, name)
			for _, example := range examples(t, name) {
				s.Check(t, example)
			}
		})
	}
}

// wrongCase is a line of testdata/wrong.txt.
type wrongCase struct {
	at, line string
	document []byte
	want     string // "ok", or where and by which keyword the schema refuses the document
}

// holds says whether the schema says of the document what it must.
func (c wrongCase) holds(s *schematest.Schema) (got []string, ok bool) {
	got = s.Problems(c.document)
	if c.want == "ok" {
		return got, len(got) == 0
	}
	return got, slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, c.want+":") })
}

// wrongCases reads testdata/wrong.txt, by schema.
func wrongCases(t *testing.T) map[string][]wrongCase {
	t.Helper()
	text, err := os.ReadFile("testdata/wrong.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]wrongCase{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		change, want, ok := strings.Cut(line, "=>")
		words := strings.Fields(change)
		if !ok || len(words) < 4 || !slices.Contains(schema.Names(), words[0]) {
			t.Fatalf("wrong.txt:%d: not a case: %s", number, line)
		}
		_, value, _ := strings.Cut(change, words[2]) // the value may hold blanks
		document, err := edit(example(t, words[0], words[1]), strings.TrimPrefix(words[2], "."), strings.TrimSpace(value))
		if err != nil {
			t.Fatalf("wrong.txt:%d: %v", number, err)
		}
		at := fmt.Sprintf("wrong.txt:%d", number)
		cases[words[0]] = append(cases[words[0]], wrongCase{at, line, document, strings.TrimSpace(want)})
	}
	return cases
}

// TestWrong shows that the schemas do not accept everything: testdata/wrong.txt says what they must refuse, and where.
func TestWrong(t *testing.T) {
	for name, cases := range wrongCases(t) {
		s := schematest.MustCompile(t, name)
		for _, c := range cases {
			if got, ok := c.holds(s); !ok {
				t.Errorf("%s: %s\ngot  %q\nwant %s", c.at, c.line, got, c.want)
			}
		}
	}
}

// TestEveryRuleIsTested takes the rules out of the schemas one at a time: some case of testdata/wrong.txt must notice it.
func TestEveryRuleIsTested(t *testing.T) {
	cases := wrongCases(t)
	for _, name := range schema.Names() {
		text, _ := schema.Get(name)
		var doc map[string]any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		delete(doc, "examples") // no rules, and they take time
		if name == "session" {
			event := doc["$defs"].(map[string]any)["canvas_event"].(map[string]any)
			delete(event, "examples")
			event["allOf"] = slices.DeleteFunc(event["allOf"].([]any), func(rule any) bool {
				return !strings.Contains(fmt.Sprint(rule), "node_color_change") // the one that the cases have
			})
		}
		rules := 0
		withoutEach(doc, "", func(rule string) {
			rules++
			text, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			s, err := schematest.CompileText(name, text)
			if err != nil {
				t.Fatalf("%s without %s: %v", name, rule, err)
			}
			if !slices.ContainsFunc(cases[name], func(c wrongCase) bool { _, ok := c.holds(s); return !ok }) {
				t.Errorf("%s: no case notices that %s is gone", name, rule)
			}
		})
		if rules < 5 {
			t.Errorf("%s has %d rules", name, rules)
		}
	}
}

// withoutEach calls f with each rule of a schema in turn taken out of it.
func withoutEach(s map[string]any, place string, f func(rule string)) {
	for _, keyword := range slices.Sorted(maps.Keys(s)) {
		value, at := s[keyword], place+"/"+keyword
		switch keyword {
		case "examples", "default", "if", "canvas_event": // the last one is tested by itself
			continue
		case "required":
			for i, member := range value.([]any) {
				s[keyword] = slices.Delete(slices.Clone(value.([]any)), i, i+1)
				f(fmt.Sprintf("%s %v", at, member))
			}
			s[keyword] = value
			continue
		case "type", "const", "enum", "not", "pattern", "minLength", "maxLength", "uniqueItems", "minimum", "maximum",
			"exclusiveMinimum", "minProperties", "dependentRequired", "$ref":
			delete(s, keyword)
			f(at)
			s[keyword] = value
			continue
		case "additionalProperties":
			if value == false {
				delete(s, keyword)
				f(at)
				s[keyword] = value
			}
		}
		switch v := value.(type) {
		case map[string]any:
			withoutEach(v, at, f)
		case []any:
			for i, e := range v {
				if sub, ok := e.(map[string]any); ok {
					withoutEach(sub, fmt.Sprintf("%s/%d", at, i), f)
				}
			}
		}
	}
}

// What is story 11.2's, word for word, is a session document and a metadata.json.
func TestStory(t *testing.T) {
	schematest.MustCompile(t, "session").Check(t, []byte(`{
		"session_id": "session_2025-01-15", "start_time": "2025-01-15T08:30:00", "last_update": "2025-01-15T23:45:00",
		"events": [{
			"event_id": "evt_uuid", "timestamp": "2025-01-15T09:15:30", "canvas_id": "离散数学.canvas",
			"event_type": "node_color_change", "details": {"node_id": "node-abc123", "old_color": "1", "new_color": "3"}
		}],
		"stats": {
			"total_events": 42, "canvases_modified": ["离散数学.canvas", "微积分.canvas"],
			"color_transitions": {"red_to_purple": 5, "purple_to_green": 3}
		}
	}`))
	schematest.MustCompile(t, "metadata").Check(t, []byte(`{"current_session": "session_2025-01-15",
		"sessions_to_sync": ["session_2025-01-14"], "last_sync_time": "2025-01-14T23:00:00"}`))
}

// The session document's schema is whole by itself: it ends with the canvas event's, indented. With UPDATE_SCHEMAS=1 in
// the environment that part is written anew.
func TestSessionHoldsCanvasEvent(t *testing.T) {
	session, _ := schema.Get("session")
	event, _ := schema.Get("canvas-event")
	begin := bytes.Index(session, []byte(`    "canvas_event": `))
	if begin < 0 {
		t.Fatal("session.schema.json has no $defs/canvas_event")
	}
	text := strings.ReplaceAll(strings.TrimSuffix(string(event), "\n"), "\n", "\n    ")
	want := string(session[:begin]) + `    "canvas_event": ` + text + "\n  }\n}\n"
	if os.Getenv("UPDATE_SCHEMAS") != "" {
		if err := os.WriteFile("session.schema.json", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(session) != want {
		t.Error("$defs/canvas_event is not canvas-event.schema.json: UPDATE_SCHEMAS=1 go test ./docs/schema")
	}
}

// The event types of docs/format.md, of the schema's rules, of its list for people and of its examples are the same.
func TestEventTypes(t *testing.T) {
	format, err := os.ReadFile("../format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(format), "| event_type | details |")
	table, _, end := strings.Cut(table, "\n\n")
	if !ok || !end {
		t.Fatal("docs/format.md has no table of event types")
	}
	var want []string
	members := map[string]string{} // event type → what the table says of its details
	for line := range strings.Lines(table) {
		if cells := strings.SplitN(line, "|", 3); len(cells) == 3 {
			for _, kind := range quoted(cells[1]) {
				want = append(want, kind)
				members[kind] = cells[2]
			}
		}
	}
	text, _ := schema.Get("canvas-event")
	var s struct {
		AllOf []struct {
			If struct {
				Properties struct {
					Type struct {
						Const string `json:"const"`
					} `json:"event_type"`
				} `json:"properties"`
			} `json:"if"`
			Then struct {
				Properties struct {
					Details struct {
						Ref string `json:"$ref"`
					} `json:"details"`
				} `json:"properties"`
			} `json:"then"`
		} `json:"allOf"`
		Defs       map[string]json.RawMessage `json:"$defs"`
		Properties struct {
			Type struct {
				Examples []string `json:"examples"`
			} `json:"event_type"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	var ruled []string
	for _, rule := range s.AllOf {
		kind := rule.If.Properties.Type.Const
		ruled = append(ruled, kind)
		if ref := rule.Then.Properties.Details.Ref; ref != "#/$defs/"+kind {
			t.Errorf("the details of %s are %s", kind, ref)
		}
		for _, name := range quoted(members[kind]) {
			def := string(s.Defs[kind]) + string(s.Defs["details_of_a_card"]) + string(s.Defs["details_of_an_edge"]) +
				string(s.Defs["place"]) + string(s.Defs["colors"])
			if !strings.Contains(def, strconv.Quote(name)) && !slices.Contains([]string{`x`, `y`, `width`, `height`, `""`}, name) {
				t.Errorf("%s: docs/format.md names %s, the schema does not", kind, name)
			}
		}
	}
	var shown []string
	for _, example := range examples(t, "canvas-event") {
		if kind := typeOf(t, example); slices.Contains(ruled, kind) && !slices.Contains(shown, kind) {
			shown = append(shown, kind)
		}
	}
	for _, list := range []struct {
		what string
		got  []string
	}{{"rules", ruled}, {"list for people", s.Properties.Type.Examples}, {"examples", shown}} {
		if diff := cmp.Diff(want, list.got); diff != "" {
			t.Errorf("event types (-docs/format.md +%s of the schema):\n%s", list.what, diff)
		}
	}
}

// quoted returns what stands between back quotes.
func quoted(text string) []string {
	var words []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		words = append(words, match[1])
	}
	return words
}

// examples returns the examples of a schema.
func examples(t *testing.T, name string) []json.RawMessage {
	t.Helper()
	text, _ := schema.Get(name)
	var s struct {
		Examples []json.RawMessage `json:"examples"`
	}
	if err := json.Unmarshal(text, &s); err != nil || len(s.Examples) < 2 {
		t.Fatalf("schema %s: %d examples, want two at least: %v", name, len(s.Examples), err)
	}
	return s.Examples
}

// example returns one example by its number or its event_type.
func example(t *testing.T, name, which string) json.RawMessage {
	t.Helper()
	all := examples(t, name)
	if i, err := strconv.Atoi(which); err == nil {
		return all[i]
	}
	for _, e := range all {
		if typeOf(t, e) == which {
			return e
		}
	}
	t.Fatalf("schema %s has no example %s", name, which)
	return nil
}

func typeOf(t *testing.T, event []byte) string {
	t.Helper()
	var e struct {
		Type string `json:"event_type"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		t.Fatal(err)
	}
	return e.Type
}

// edit returns the document with another value, none if it is "-", at a JSON pointer.
func edit(document []byte, pointer, value string) ([]byte, error) {
	parts := strings.Split(pointer, "/")[1:]
	if len(parts) == 0 {
		return []byte(value), nil
	}
	first, rest := parts[0], strings.TrimPrefix(pointer, "/"+parts[0])
	var list []json.RawMessage
	if json.Unmarshal(document, &list) == nil {
		i, err := strconv.Atoi(first)
		if err != nil || i >= len(list) {
			return nil, fmt.Errorf("no element %s", first)
		}
		list[i], err = edit(list[i], rest, value)
		if err != nil {
			return nil, err
		}
		return json.Marshal(list)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(document, &object); err != nil {
		return nil, err
	}
	if rest == "" && value == "-" {
		if _, ok := object[first]; !ok {
			return nil, fmt.Errorf("there is no member %s to take out", first)
		}
		delete(object, first)
		return json.Marshal(object)
	}
	var err error
	if object[first], err = edit(object[first], rest, value); err != nil {
		return nil, err
	}
	return json.Marshal(object)
}
