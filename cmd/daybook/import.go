package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"daybook"
)

// importLine is the longest event that an import takes: as long as watch makes them.
const importLine = 32 << 20

func newImport(e env, g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Bring what happened earlier into the book",
		Long: `Bring into the book what happened before, or elsewhere: a vault's history in git, JSON Lines of other programs,
session documents. Each event goes to its own day. What is imported again is not stored again.`,
		Example: `  daybook import git ~/Vault
  daybook import jsonl old/*.jsonl
  daybook import sessions ~/OldVault/.learning_sessions`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is nothing to import called %q: it is git, jsonl or sessions", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImportGit(e, g), newImportLines(e, g), newImportSessions(e, g))
	return cmd
}

// catchUp has the views of the book in dir take in what was appended without them. A document of a day that has grown
// has all later ones made again: so that is done once, at the end. When ctx ends it is left to the next command, as after
// a kill.
func catchUp(ctx context.Context, e env, dir string) error {
	return await(ctx, func() error {
		book, err := daybook.Open(dir, &daybook.Options{
			MustExist: true, MaxLine: importLine, Now: e.now,
			Logger:   slog.New(talkHandler{env: e, level: slog.LevelWarn}),
			ViewsFor: func(s daybook.Settings) []daybook.View { return viewsFor(e, dir, s) },
		})
		if err != nil {
			return err
		}
		return book.Close()
	})
}
