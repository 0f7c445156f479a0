package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/internal/printable"
	"daybook/source/git"
	"daybook/source/vault"
)

func newImportGit(e env, g *globals) *cobra.Command {
	var since string
	opts := git.Options{}
	cmd := &cobra.Command{
		Use:   "git [VAULT]",
		Short: "Replay a vault's history in git into past days",
		Long: `Replay the history of a vault that is kept in git: each committed version of each board, as if it had been watched at
the time when its author committed it. It follows HEAD's line of first parents, from the oldest commit on. Renamed
boards are followed. Versions that hold no board (empty, conflict markers) are listed and left out.

Do it before watching, or after: of each board, what the watcher has recorded is left to it. Import again after new
commits, or when it was interrupted: nothing is recorded twice. End ` + "`daybook watch`" + ` while you import.

VAULT is by default the vault around the working directory. The repository is only read, by the program git.`,
		Example: `  daybook import git ~/Vault
  daybook import git ~/Vault --dry-run
  daybook import git ~/Vault --since 2025-01-01`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("name one vault: the folder with the boards")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if since != "" {
				day, err := daybook.ParseDay(since)
				if err != nil {
					return usage("write a day such as 2025-01-01", "--since: %w", err)
				}
				opts.Since = day
			}
			for _, pattern := range opts.Ignore {
				if _, err := path.Match(pattern, ""); err != nil {
					return usage("write it as in 'Archive/*', or 'draft-?.canvas'", "--ignore %q is no pattern", pattern)
				}
			}
			return importGit(cmd.Context(), e, g, opts, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&since, "since", "", "leave out the commits before the day `DAY`")
	flags.BoolVar(&opts.DryRun, "dry-run", false, "tell what would be recorded, per board, and write nothing")
	flags.StringArrayVar(&opts.Ignore, "ignore", nil, "`PATTERN` of boards to leave alone, such as 'Archive/*'; may be given again")
	flags.BoolVar(&opts.TextLengths, "text-lengths", false, "keep only the lengths of texts, not their words")
	return cmd
}

// vaultArg returns the vault that the arguments name, or the one around the working directory.
func vaultArg(e env, args []string) (string, error) {
	if len(args) > 0 {
		info, err := os.Stat(args[0])
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is a file", args[0])
		}
		if err != nil {
			return "", &failure{err: err, hint: "name the folder that holds the boards, as in `daybook import git ~/Vault`"}
		}
		return args[0], nil
	}
	wd, err := e.getwd()
	if err != nil {
		return "", err
	}
	if dir, ok := vaultAround(wd); ok {
		return dir, nil
	}
	return "", usage("name the vault: `daybook import git ~/Vault`", "the working directory is in no vault")
}

func importGit(ctx context.Context, e env, g *globals, opts git.Options, args []string) error {
	dir, err := vaultArg(e, args)
	if err != nil {
		return err
	}
	into := g.book
	if into == "" {
		into = e.getenv("DAYBOOK_DIR")
	}
	if into == "" {
		into = filepath.Join(dir, daybook.VaultDir)
	}
	e.nameVault(dir)
	if err := git.Check(ctx, dir); err != nil { // before a book is made
		return importGitError(err)
	}
	bar := newProgress(e, g.json)
	opts.Progress = func(done, all int) { bar.step(int64(done), int64(all)) }
	opts.Logger = slog.New(talkHandler{env: e, level: slog.LevelWarn})
	skipped, redated := 0, 0
	opts.Skipped = func(s git.Skipped) {
		if skipped++; skipped <= longestComplaints {
			bar.clear()
			e.say("warning", "left out: %s in commit %.10s: %s", s.CanvasID, s.Commit, s.Reason)
		}
	}
	opts.Redated = func(r git.Redated) {
		if redated++; redated > longestComplaints {
			return
		}
		bar.clear()
		said, zone := "says no time", e.now().Location()
		if !r.Said.IsZero() {
			said = "says " + r.Said.In(zone).Format(clockLayout)
		}
		e.say("warning", "the clock was wrong: commit %.10s %s; it is recorded at %s", r.Commit, said, r.Given.In(zone).Format(clockLayout))
	}
	book, err := daybook.Open(into, &daybook.Options{
		MustExist: opts.DryRun, MaxLine: importLine, Now: e.now, Logger: opts.Logger,
		Settings: &daybook.Settings{Rules: daybook.RulesVault},
	})
	var events vault.Book = book
	if errors.Is(err, daybook.ErrNoBook) && opts.DryRun {
		abs, aerr := filepath.Abs(into)
		events, err = &vault.Trial{Zone: e.now().Location(), Clock: e.now, Path: abs}, aerr
	}
	if err != nil {
		return err
	}
	s, err := git.Import(ctx, dir, events, opts)
	bar.done()
	if book != nil {
		err = errors.Join(err, book.Close())
	}
	if book != nil && !opts.DryRun && !errors.Is(err, context.Canceled) {
		err = errors.Join(err, catchUp(ctx, e, into))
	}
	if s.Boards == nil {
		return importGitError(err)
	}
	if terr := tellImport(e, g, into, s, opts.DryRun); err == nil {
		err = terr
	}
	return importGitError(err)
}

// clockLayout is how a time is shown to people.
const clockLayout = "2006-01-02 15:04:05"

// gitSummary is what import git --json prints.
type gitSummary struct {
	Book       string         `json:"book"`
	DryRun     bool           `json:"dry_run"`
	Events     int            `json:"events"`
	Duplicates int            `json:"duplicates"`
	Commits    int            `json:"commits"`
	Skipped    int            `json:"skipped"`
	Left       int            `json:"left_to_watch"`
	Redated    int            `json:"redated"`
	LeftOut    map[string]int `json:"left_out"`
	Rewritten  bool           `json:"rewritten"`
	FirstDay   string         `json:"first_day,omitempty"`
	LastDay    string         `json:"last_day,omitempty"`
	Days       int            `json:"days"`
	Boards     map[string]int `json:"boards"`
}

func tellImport(e env, g *globals, into string, s git.Summary, dry bool) error {
	days := slices.SortedFunc(maps.Keys(s.Days), daybook.Day.Compare)
	if s.Rewritten {
		e.say("warning", "the history was rewritten since the last import: what was imported stays, and the commits after %s "+
			"go on from it", s.Since.In(e.now().Location()).Format(clockLayout))
	}
	if g.json {
		out := gitSummary{
			Book: into, DryRun: dry, Events: s.Events, Duplicates: s.Duplicates, Commits: s.Commits, Skipped: s.Skipped,
			Left: s.Left, Redated: s.Redated, LeftOut: s.LeftOut, Rewritten: s.Rewritten, Days: len(days), Boards: s.Boards,
		}
		if len(days) > 0 {
			out.FirstDay, out.LastDay = days[0].String(), days[len(days)-1].String()
		}
		return e.printJSON(out)
	}
	if dry {
		for _, board := range slices.Sorted(maps.Keys(s.Boards)) {
			if err := e.print(fmt.Sprintf("%7d  %s\n", s.Boards[board], printable.Line(board))); err != nil {
				return err
			}
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(s.LeftOut)) {
		e.say("note", "left out %s: %s", count(s.LeftOut[reason], "time"), reason)
	}
	e.say("note", "%s", summarizeImport(s, days, dry))
	return nil
}

func summarizeImport(s git.Summary, days []daybook.Day, dry bool) string {
	verb := "imported"
	if dry {
		verb = "would import"
	}
	text := verb + " nothing new"
	if s.Events > 0 {
		text = fmt.Sprintf("%s %s of %s on %s",
			verb, count(s.Events, "event"), count(len(s.Boards), "board"), count(len(days), "day"))
		if len(days) > 1 {
			text += fmt.Sprintf(", %s to %s", days[0], days[len(days)-1])
		}
	}
	text += ", from " + count(s.Commits, "commit")
	if s.Duplicates > 0 {
		text += fmt.Sprintf("; %d were there already", s.Duplicates)
	}
	if s.Skipped > 0 {
		text += fmt.Sprintf("; %s left out", count(s.Skipped, "damaged version"))
	}
	if s.Redated > 0 {
		text += fmt.Sprintf("; %s had a wrong clock", count(s.Redated, "commit"))
	}
	if s.Left > 0 {
		text += fmt.Sprintf("; %s left to watch, which has recorded these boards since", count(s.Left, "version"))
	}
	return text
}

// importGitError adds the remedy to an error of import git.
func importGitError(err error) error {
	f := &failure{err: err}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, git.ErrNoGit):
		f.hint = "install git (https://git-scm.com), then try again; nothing else of Daybook needs it"
	case errors.Is(err, git.ErrNoRepository):
		f.hint = "name the folder of a vault that is kept in git; `daybook watch` records without one"
	case errors.Is(err, git.ErrBare):
		f.hint = "name the folder of a checkout, as in `git clone REPOSITORY Vault`"
	case errors.Is(err, git.ErrShallow):
		f.hint = "bring the rest with `git fetch --unshallow`, then import: what lies before cannot be imported later"
	case errors.Is(err, git.ErrPartial):
		f.hint = "bring the rest with `git fetch --refetch --no-filter`, then import"
	case errors.Is(err, git.ErrOwner):
		f.hint = "if you trust it: `git config --global --add safe.directory FOLDER`, with the folder that the message names"
	case errors.Is(err, vault.ErrWatched):
		f.hint = "end `daybook watch`, import, and start it again: it goes on from what was imported"
	case errors.Is(err, vault.ErrOtherBegin):
		f.hint = "give the same --since and --text-lengths as the first time"
	case errors.Is(err, context.Canceled):
		f.hint = "import again: it goes on from here"
	case errors.Is(err, fs.ErrNotExist):
		f.hint = "name the folder that holds the boards, as in `daybook import git ~/Vault`"
	default:
		return err
	}
	return f
}
