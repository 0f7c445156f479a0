package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	want := []string{"camera-event", "canvas-event", "export", "metadata", "session", "settings"}
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

// The event types of docs/format.md, of the schema's rules, of its list for people and of its examples are the same, and
// what docs/format.md says of their details the schema knows.
func TestEventTypes(t *testing.T) {
	want, members := formatTypes(t)
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
			Then json.RawMessage `json:"then"`
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
	var ruled, shown []string
	for _, rule := range s.AllOf {
		kind := rule.If.Properties.Type.Const
		ruled = append(ruled, kind)
		if ref := fmt.Sprintf(`"details": { "$ref": "#/$defs/%s" }`, kind); !strings.Contains(string(rule.Then), ref) {
			t.Errorf("the rule of %s is %s", kind, rule.Then)
		}
		def := string(s.Defs[kind]) + string(s.Defs["details_of_a_card"]) + string(s.Defs["details_of_an_edge"])
		for _, name := range quoted(members[kind]) {
			if !strings.Contains(def, strconv.Quote(name)) && !slices.Contains([]string{`x`, `y`, `width`, `height`, `""`}, name) {
				t.Errorf("%s: docs/format.md names %s, the schema does not", kind, name)
			}
		}
	}
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

// formatTypes returns the event types of docs/format.md, in its order, and what it says of the details of each.
func formatTypes(t *testing.T) (types []string, details map[string]string) {
	t.Helper()
	format, err := os.ReadFile("../format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(strings.ReplaceAll(string(format), "\r\n", "\n"), "| event_type | details |")
	table, _, end := strings.Cut(table, "\n\n")
	if !ok || !end {
		t.Fatal("docs/format.md has no table of event types")
	}
	details = map[string]string{}
	for line := range strings.Lines(table) {
		if cells := strings.SplitN(line, "|", 3); len(cells) == 3 {
			for _, kind := range quoted(cells[1]) {
				types, details[kind] = append(types, kind), cells[2]
			}
		}
	}
	return types, details
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
