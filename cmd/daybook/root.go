package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// globals are the flags that every command takes.
type globals struct {
	book      string // as given with --book; "" if it was not
	json      bool
	vaultBook string // of the vault that an argument names, if it is found by nothing else
}

// run carries out the command line args and returns the exit status.
func run(ctx context.Context, e env, args []string) int {
	e.globals = &globals{}
	root, began := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.text())
	root.SetErr(e.talk())
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !*began {
		// cobra refused the command line before a command saw it.
		text := strings.TrimSpace(err.Error())
		err = usage(fmt.Sprintf("see `%s --help`", cmd.CommandPath()), "%s", text)
	}
	return report(e, err)
}

// newRoot returns the whole command line. *began tells afterwards whether a command began, that is whether its flags
// and arguments were taken.
func newRoot(e env) (root *cobra.Command, began *bool) {
	if e.globals == nil {
		e.globals = &globals{}
	}
	g := e.globals
	began = new(bool)
	root = &cobra.Command{
		Use:   "daybook",
		Short: "Record events the moment they happen, one plain file per day",
		Long: `Daybook records events the moment they happen: each is on disk when it is acknowledged, as a line of JSON
in a plain file per day that any tool can read.

The book is the directory given with --book, else the one that the environment variable DAYBOOK_DIR names, else
.learning_sessions of the vault around the working directory, else data/events.`,
		Example: `  echo '{"camera_id":"gate","label":"person"}' | daybook append
  daybook watch ~/Vault
  daybook cat today`,
		Version:       readVersion().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          oneCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRun: func(*cobra.Command, []string) {
			*began = true
		},
	}
	root.SetVersionTemplate("daybook {{.Version}}\n")
	flags := root.PersistentFlags()
	flags.StringVar(&g.book, "book", "", "the book's directory `DIR`")
	flags.BoolVar(&g.json, "json", false, "print JSON, one object per line")
	root.MarkPersistentFlagDirname("book") // fails only for a flag that does not exist
	root.SetHelpCommand(newHelp())
	root.AddCommand(
		newInit(e, g),
		newAppend(e, g),
		newImport(e, g),
		newWatch(e, g),
		newCat(e, g),
		newQuery(e, g),
		newFollow(e, g),
		newExport(e, g),
		newStats(e, g),
		newPalette(e, g),
		newHistory(e, g),
		newReport(e, g),
		newReview(e, g),
		newVerify(e, g),
		newRepair(e, g),
		newDoctor(e, g),
		newSeal(e, g),
		newRetire(e, g),
		newSync(e, g),
		newSQL(e, g),
		newSchema(e, g),
		newVersion(e, g),
	)
	return root, began
}

// oneCommand refuses what is no command, and names those that look like it.
func oneCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("there is no command %q", args[0])
	cmd.SuggestionsMinimumDistance = 2
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		text += fmt.Sprintf(": did you mean %s?", strings.Join(like, ", "))
	}
	return fmt.Errorf("%s", text)
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments: what is %q?", cmd.Name(), args[0])
	}
	return nil
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Explain a command",
		Example: `  daybook help append`,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || about == cmd.Root() && len(rest) > 0 {
				return usage("see `daybook --help`", "there is no command %q", strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}
