package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/view/session"
)

func newImportSessions(e env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "sessions FILE|DIR…",
		Short: "Import the events of session documents",
		Long: `Import the events of session documents (session_2025-11-08.json) of another vault, or that another program has
written. Of a directory, the files *.json in it are looked at.

An event that the book has already, of the same value, is not stored again; one without an event_id gets one made from
its content. Files of another shape are left alone. Of a document that does not parse the whole events are taken, and
it is named.`,
		Example: `  daybook import sessions ~/OldVault/.learning_sessions
  daybook import sessions session_2025-11-07.json session_2025-11-08.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("name the documents to import, or their directory")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := documents(args)
			if err != nil {
				return err
			}
			return importInto(e, g, func(_ *daybook.Book, in *intake) error {
				for i, name := range files {
					if err := in.document(cmd.Context(), name); err != nil {
						return fmt.Errorf("stopped before %s: %w", name, err)
					}
					in.bar.step(int64(i+1), int64(len(files)))
				}
				return nil
			})
		},
	}
}

// documents returns the files that the arguments name, of directories those that end in .json.
func documents(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, &failure{err: err, hint: "nothing was imported"}
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, &failure{err: err, hint: "nothing was imported"}
		}
		for _, entry := range entries {
			if strings.HasSuffix(strings.ToLower(entry.Name()), ".json") && !entry.IsDir() {
				files = append(files, filepath.Join(arg, entry.Name()))
			}
		}
	}
	return slices.Compact(files), nil
}

// document imports one file.
func (in *intake) document(ctx context.Context, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	r, err := session.Read(ctx, in.book, text)
	if errors.Is(err, session.ErrNoDocument) {
		in.alone++
		in.bar.clear()
		in.e.say("note", "left alone: %s: %v", name, err)
		return nil
	}
	if err != nil {
		return err
	}
	in.files++
	in.known += r.Known
	if r.Damaged {
		in.unreadable++
		in.bar.clear()
		in.e.say("error", "%s: it is damaged; its whole events are taken: %d", name, len(r.Events)+r.Known)
	}
	for _, why := range r.Refused {
		in.refuse("%s: %s", name, why)
	}
	refused, err := in.append(ctx, r.Events)
	for i := range r.Events {
		if refused[i] != nil {
			in.refuse("%s: event_id %s: %v", name, r.Events[i].ID(), refused[i])
		}
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}
