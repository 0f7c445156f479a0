package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"daybook/docs/schema"
)

// schemaEntry is what `daybook schema --json` prints for each schema.
type schemaEntry struct {
	Name  string `json:"name"`
	ID    string `json:"id"`
	Title string `json:"title"`
}

func newSchema(e env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Print the JSON Schema of what Daybook writes",
		Long: `Print a JSON Schema (draft 2020-12): of the session document, of metadata.json, of daybook.json, of the document that
export writes, or of a line of a book, that is of an event on a vault's boards or of a camera's. Each is whole by itself
and needs no book.

Without NAME it lists the schemas there are.`,
		Example: `  daybook schema
  daybook schema canvas-event > canvas-event.schema.json
  daybook schema session | jq '.properties | keys'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("schema prints one schema: what is %q?", args[1])
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			var words []string
			for _, entry := range schemaEntries() {
				if len(args) == 0 && strings.HasPrefix(entry.Name, begun) {
					words = append(words, cobra.CompletionWithDesc(entry.Name, entry.Title))
				}
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listSchemas(e, g)
			}
			text, ok := schema.Get(args[0])
			if !ok {
				return usage("choose from: "+strings.Join(schema.Names(), ", "), "there is no schema %q", args[0])
			}
			return e.printData(string(text))
		},
	}
}

func listSchemas(e env, g *globals) error {
	if g.json {
		for _, entry := range schemaEntries() {
			if err := e.printJSON(entry); err != nil {
				return err
			}
		}
		return nil
	}
	var page strings.Builder
	table := tabwriter.NewWriter(&page, 0, 0, 2, ' ', 0)
	for _, entry := range schemaEntries() {
		fmt.Fprintf(table, "%s\t%s\n", entry.Name, entry.Title)
	}
	table.Flush() // into memory: it cannot fail
	return e.print(page.String())
}

// schemaEntries are all schemas, by name.
func schemaEntries() []schemaEntry {
	var entries []schemaEntry
	for _, name := range schema.Names() {
		text, _ := schema.Get(name)
		var head struct {
			ID    string `json:"$id"`
			Title string `json:"title"`
		}
		_ = json.Unmarshal(text, &head) // a test of docs/schema reads each
		entries = append(entries, schemaEntry{name, head.ID, head.Title})
	}
	return entries
}
