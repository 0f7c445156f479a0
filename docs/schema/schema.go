// Package schema holds the JSON Schemas (draft 2020-12) of what Daybook writes and other programs read.
//
// A schema is the file NAME.schema.json beside this one, which says all there is to say: this package only carries the
// files in the program.
package schema

import (
	"embed"
	"strings"
)

// files is a constant: go:embed knows no other way.
//
//go:embed *.schema.json
var files embed.FS

const suffix = ".schema.json"

// Names returns the names of all schemas, ascending. A schema's name is the last but one part of its $id, as session in
// urn:daybook:schema:session:1.
func Names() []string {
	entries, _ := files.ReadDir(".") // what is in the program can be read
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), suffix)
	}
	return names
}

// Get returns the schema of this name, byte for byte as the file has it, and whether there is one. The bytes are the
// caller's.
func Get(name string) (text []byte, ok bool) {
	text, err := files.ReadFile(name + suffix)
	return text, err == nil
}
