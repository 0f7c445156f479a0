package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/daemon"
)

// initFlags are the settings that the command line asks for; only given ones count.
type initFlags struct {
	zone, rules, write string
	views              string
	given              func(flag string) bool
}

func newInit(e env, g *globals) *cobra.Command {
	f := &initFlags{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a book with settings of its own",
		Long: `Make a book, and print where it is and its settings. They are written once, into daybook.json, and obeyed by
every program that opens the book.

A directory named .learning_sessions is a vault's book: by default it has this machine's time zone, the rules of a vault
and the session document. Any other has UTC, no rules of its own and no views.

For a book that is there already, init prints its settings; flags that disagree with them are an error.`,
		Example: `  daybook init --book data/events
  daybook init --zone Europe/Berlin --views session
  cd Vault && daybook init`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags().Changed
			return makeBook(e, g, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.zone, "zone", "", "IANA time `ZONE` whose calendar days the book has")
	flags.StringVar(&f.rules, "rules", "", "`RULES` for events: vault (canvas_id, event_type and details) or none")
	flags.StringVar(&f.views, "views", "", "comma-separated `LIST` of what is posted from the book: session, ledger")
	flags.StringVar(&f.write, "write", "", "`MODE` append (behind the others) or replace (copy the day, rename the copy)")
	completeWords(cmd, "rules", string(daybook.RulesVault), string(daybook.RulesNone))
	completeWords(cmd, "views", daemon.ViewNames()...)
	completeWords(cmd, "write", daybook.WriteAppend, daybook.WriteReplace)
	return cmd
}

func makeBook(e env, g *globals, f *initFlags) error {
	wanted, err := f.settings()
	if err != nil {
		return err
	}
	dir, err := bookDir(e, g)
	if err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(dir, daybook.SettingsName))
	made := err != nil
	return withBook(openBook, e, g, daybook.Options{Settings: wanted}, func(book *daybook.Book) error {
		got := book.Settings()
		if err := f.agree(got, wanted); err != nil {
			return err
		}
		return printSettings(e, g, book, made)
	})
}

// settings checks the flags and returns what they ask for.
func (f *initFlags) settings() (*daybook.Settings, error) {
	s := &daybook.Settings{Zone: f.zone, Rules: daybook.Rules(f.rules), Write: f.write}
	if f.given("zone") {
		if _, err := time.LoadLocation(f.zone); err != nil || f.zone == "" || f.zone == "Local" {
			return nil, usage("write an IANA name such as Europe/Berlin or UTC", "--zone %q is no time zone", f.zone)
		}
	}
	if f.given("rules") && s.Rules != daybook.RulesVault && s.Rules != daybook.RulesNone {
		return nil, usage("choose vault or none", "--rules %q are no rules", f.rules)
	}
	if f.given("write") && s.Write != daybook.WriteAppend && s.Write != daybook.WriteReplace {
		return nil, usage("choose append or replace", "--write %q is no way to write", f.write)
	}
	if f.given("views") {
		s.Views = []string{}
		for name := range strings.SplitSeq(f.views, ",") {
			switch name = strings.TrimSpace(name); {
			case name == "" || name == "none":
			case !slices.Contains(daemon.ViewNames(), name):
				hint := "choose from: " + strings.Join(daemon.ViewNames(), ", ") + "; or none"
				return nil, usage(hint, "there is no view %q", name)
			case !slices.Contains(s.Views, name):
				s.Views = append(s.Views, name)
			}
		}
	}
	return s, nil
}

// agree says where the settings that a book has differ from those that were asked for.
func (f *initFlags) agree(got daybook.Settings, wanted *daybook.Settings) error {
	for _, s := range []struct {
		flag     string
		has, ask string
	}{
		{"zone", got.Zone, wanted.Zone},
		{"rules", string(got.Rules), string(wanted.Rules)},
		{"views", listViews(got.Views), listViews(wanted.Views)},
		{"write", got.Write, wanted.Write},
	} {
		if f.given(s.flag) && s.has != s.ask {
			return &failure{
				err:  fmt.Errorf("the book is there already, with %s %s: settings are written once", s.flag, s.has),
				hint: "leave out --" + s.flag + ", or make another book with --book DIR",
			}
		}
	}
	return nil
}

func listViews(views []string) string {
	if len(views) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(slices.Values(views)), ",")
}

func printSettings(e env, g *globals, book *daybook.Book, made bool) error {
	s := book.Settings()
	if g.json {
		return e.printJSON(struct {
			Book string `json:"book"`
			Made bool   `json:"made"`
			daybook.Settings
		}{book.Dir(), made, s})
	}
	verb := "Made a book in"
	if !made {
		verb = "There is a book in"
	}
	return e.print(fmt.Sprintf("%s %s\n  zone   %s\n  rules  %s\n  views  %s\n  write  %s\n",
		verb, book.Dir(), s.Zone, s.Rules, listViews(s.Views), s.Write))
}
