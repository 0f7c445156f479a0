package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os/signal"
	"path"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/daemon"
	"daybook/learning"
	"daybook/source/vault"
)

func newWatch(e env, g *globals) *cobra.Command {
	c := daemon.Config{}
	cmd := &cobra.Command{
		Use:   "watch VAULT",
		Short: "Record what changes on the boards of a vault",
		Long: `Watch the canvas boards of an Obsidian vault and record every change on a card, above all of its colour, until a
signal comes (Ctrl-C). What was edited while nobody watched is recorded at the start, marked as late.

Boards are only read, never written, locked or touched. The book is VAULT/.learning_sessions unless --book or
DAYBOOK_DIR name another; it is made when it is missing. Each event is on disk when it is printed.

The system tells of changes. Where it does not tell of all (network drives, Windows' drives in WSL, FUSE), the vault is
also compared every 5 s; a note says so. With --poll it is only compared, as often as you say.

Left alone are folders whose name begins with a dot, bins of systems, backups (*.backup.*.canvas) and *.tmp. A copy
beside a board, such as sync programs make, is left alone until somebody edits it or --include names it.`,
		Example: `  daybook watch ~/Vault
  daybook watch ~/Vault --once
  daybook watch /mnt/nas/Vault --poll 2s
  daybook watch ~/Vault --json | jq -c 'select(.event_type == "node_color_change")'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one vault: the folder with the boards")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Debounce < 0 || cmd.Flags().Changed("debounce") && c.Debounce == 0 {
				return usage("write a time such as 500ms or 2s", "--debounce %v is no time to wait", c.Debounce)
			}
			if cmd.Flags().Changed("poll") && c.Poll < vault.MinPoll {
				return usage("write a time such as 2s; without --poll the file system decides",
					"--poll %v is too short: the least is %v", c.Poll, vault.MinPoll)
			}
			for _, pattern := range c.Ignore {
				if _, err := path.Match(pattern, ""); err != nil {
					return usage("write it as in 'Archive/*', or 'draft-?.canvas'", "--ignore %q is no pattern", pattern)
				}
			}
			for _, pattern := range c.Include {
				if _, err := path.Match(pattern, ""); err != nil {
					return usage("write it as in 'Waves 2.canvas', or 'Variants/*'", "--include %q is no pattern", pattern)
				}
			}
			c.Vault = args[0]
			return watch(cmd.Context(), e, g, c)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&c.Once, "once", false, "record what has changed since the last time, and end")
	flags.DurationVar(&c.Debounce, "debounce", 500*time.Millisecond, "how long a board must be left alone before it is read: a `TIME`")
	flags.DurationVar(&c.Poll, "poll", 0, "compare the vault every `TIME`, instead of being told of changes by the system")
	flags.StringArrayVar(&c.Ignore, "ignore", nil, "`PATTERN` of boards to leave alone, such as 'Archive/*'; may be given again")
	flags.StringArrayVar(&c.Include, "include", nil, "`PATTERN` of copies that are boards of their own, such as 'Waves 2.canvas'; may be given again")
	flags.BoolVar(&c.TextLengths, "text-lengths", false, "keep only the lengths of texts, not their words")
	return cmd
}

func watch(ctx context.Context, e env, g *globals, c daemon.Config) error {
	c.Book = g.book
	if c.Book == "" {
		c.Book = e.getenv("DAYBOOK_DIR")
	}
	e.nameVault(c.Vault)
	level := slog.LevelInfo
	if g.json { // then only trouble is talked of
		level = slog.LevelWarn
	}
	c.Logger = slog.New(talkHandler{env: e, level: level})
	began := e.now()
	started := false
	c.Started = func(b *daybook.Book) {
		started = true
		if !c.Once && !g.json {
			e.say("note", "watching %s, recording into %s; end with Ctrl-C", c.Vault, b.Dir())
		}
	}
	palette := new(atomic.Pointer[learning.Palette])
	c.Palette = func(p learning.Palette) { palette.Store(&p) }
	c.Consumers = []vault.Consumer{{Name: printing, Consume: printer(e, g.json, palette.Load)}}
	// Without a reader printing fails, and the recording goes on: the system is not to end the process for it.
	signal.Ignore(syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGPIPE)
	s, err := daemon.Run(ctx, c)
	if !started {
		return watchError(err)
	}
	if took := e.now().Sub(began); g.json {
		e.talkJSON(newWatchSummary(s, took))
	} else {
		for _, text := range waiting(s.Waiting) {
			e.say("warning", "%s", text)
		}
		e.say("note", "%s", summarize(s, took))
	}
	if err == nil && s.Lost > 0 {
		return lost(s.Lost)
	}
	return watchError(err)
}

// lost is the error that the book refused events for good.
func lost(events int) error {
	text := fmt.Sprintf("%d events are lost: the book refuses them for good, as said above", events)
	if events == 1 {
		text = "1 event is lost: the book refuses it for good, as said above"
	}
	return &failure{
		err:  errors.New(text),
		hint: "see what `daybook verify` says of the book; the board's next changes are recorded",
	}
}

// printing is the name of the consumer that prints.
const printing = "stdout"

// printer returns what prints the recorded events: as they are stored, or for a person, by the palette of that moment.
func printer(e env, json bool, palette func() *learning.Palette) func(context.Context, vault.Recorded) error {
	today := ""
	return func(_ context.Context, r vault.Recorded) error {
		if json {
			return e.printData(string(r.Event.Line()) + "\n")
		}
		text := describe(r, palette().For(r.CanvasID)) + "\n"
		if day := r.Event.Time().Format(time.DateOnly); day != today {
			today = day
			text = r.Event.Time().Format("Monday, 2006-01-02") + "\n" + text
		}
		return e.print(text)
	}
}

// watchError adds the remedy to an error of watch.
func watchError(err error) error {
	f := &failure{err: err}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vault.ErrWatched):
		f.hint = "end the other one first; two would only do the same work"
	case errors.Is(err, fs.ErrNotExist):
		f.hint = "name the folder that holds the boards, as in `daybook watch ~/Vault`"
	default:
		return err
	}
	return f
}
