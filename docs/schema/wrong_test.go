package schema_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"daybook/docs/schema"
	"daybook/docs/schema/schematest"
)

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
	if testing.Short() {
		t.Skip("-short: it compiles every schema without each of its rules")
	}
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
