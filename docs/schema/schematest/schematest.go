// Package schematest checks documents against Daybook's schemas, for tests.
package schematest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"daybook/docs/schema"
)

// Schema is a compiled schema. Several goroutines may use it at once.
type Schema struct {
	name     string
	compiled *jsonschema.Schema
}

// Compile compiles the schema of this name from its file alone, as a user of `daybook schema NAME` would.
func Compile(name string) (*Schema, error) {
	text, ok := schema.Get(name)
	if !ok {
		return nil, fmt.Errorf("there is no schema %q", name)
	}
	return CompileText(name, text)
}

// CompileText compiles another text in the place of the schema of this name.
func CompileText(name string, text []byte) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	id := "urn:daybook:schema:" + name + ":1"
	if err := compiler.AddResource(id, doc); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(id)
	if err != nil {
		return nil, err
	}
	return &Schema{name, compiled}, nil
}

// MustCompile is Compile for a test that has no use for the error.
func MustCompile(t testing.TB, name string) *Schema {
	t.Helper()
	s, err := Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// noLoader refuses to fetch what a schema refers to: each must be whole by itself.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is not part of the schema", url)
}

// Check has the test fail for each place in the document that the schema does not allow.
func (s *Schema) Check(t testing.TB, document []byte) {
	t.Helper()
	for _, p := range s.Problems(document) {
		t.Errorf("schema %s: %s, in\n%s", s.name, p, document)
	}
}

// Problems says what the schema does not allow in the document, sorted: the place, as a JSON pointer ("/" for the whole),
// the schema's keyword, and words for people, as in "/details required: missing property 'node_id'".
func (s *Schema) Problems(document []byte) []string {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return []string{"/ json: " + err.Error()}
	}
	err = s.compiled.Validate(value)
	var invalid *jsonschema.ValidationError
	if err != nil && !errors.As(err, &invalid) {
		return []string{"/ schema: " + err.Error()}
	}
	return slices.Compact(slices.Sorted(slices.Values(leaves(nil, invalid))))
}

// leaves appends the innermost causes of an error.
func leaves(to []string, err *jsonschema.ValidationError) []string {
	if err == nil {
		return to
	}
	keyword := ""
	if path := err.ErrorKind.KeywordPath(); len(path) > 0 {
		keyword = path[0]
	}
	if _, not := err.ErrorKind.(*kind.Not); not {
		keyword = "not"
	}
	for _, cause := range err.Causes {
		to = leaves(to, cause)
	}
	if len(err.Causes) > 0 {
		return to
	}
	var place strings.Builder
	for _, part := range err.InstanceLocation {
		place.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	words := ""
	if e := err.BasicOutput().Error; e != nil {
		words = e.String()
	}
	return append(to, fmt.Sprintf("%s %s: %s", cmp.Or(place.String(), "/"), keyword, words))
}
