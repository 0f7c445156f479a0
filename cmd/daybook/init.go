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
	"daybook/internal/printable"
)

// initFlags are the settings that the command line asks for; only given ones count.
type initFlags struct {
	zone, rules, write string
	views              string
	after, keep, over  string
	given              func(flag string) bool
}

func newInit(e env, g *globals) *cobra.Command {
	f := &initFlags{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a book with settings of its own",
		Long: `Make a book, and print where it is and its settings. They are written once, into daybook.json, and obeyed by
every program that opens the book.

A vault's book is one in a directory named .learning_sessions, or with --rules vault: by default it has this machine's
time zone, the rules of a vault and the session document. Any other has UTC, no rules of its own and no views.

With --retire-after, "daybook watch" retires days once a day: see "daybook help retire". A vault's book with the ledger
among its views has --retire-after 7d by default, unless that is "never"; no other book retires anything by itself.

For a book that is there already, init prints its settings; flags that disagree with them are an error.`,
		Example: `  daybook init --book data/events
  daybook init --zone Europe/Berlin --views session
  daybook init --views session,ledger --retire-after 30d --retire-keep delete
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
	flags.StringVar(&f.after, "retire-after", "", "how many days, today among them, stay as they are: `TIME` such as 7d, or never")
	flags.StringVar(&f.keep, "retire-keep", "", "what becomes of a retired day's file: `MODE` compress, keep or delete")
	flags.StringVar(&f.over, "retire-over", "", "`SIZE` of plain days over which they are retired earlier, such as 70MB")
	completeWords(cmd, "retire-after", "7d", "30d", "never")
	completeKeeps(cmd, "retire-keep")
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
	var err error
	if s.Retire, err = f.retention(); err != nil {
		return nil, err
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

// retention returns what the flags say of retiring: nil if nothing.
func (f *initFlags) retention() (*daybook.Retention, error) {
	if !f.given("retire-after") && !f.given("retire-keep") && !f.given("retire-over") {
		return nil, nil
	}
	r := &daybook.Retention{AfterDays: 7, Keep: daybook.KeepPacked}
	if f.after == "never" {
		if f.given("retire-keep") || f.given("retire-over") {
			return nil, usage("leave one of them out", "--retire-after never leaves nothing to retire")
		}
		return &daybook.Retention{}, nil
	}
	var err error
	if f.given("retire-after") {
		r.AfterDays, err = parseAfter("--retire-after", f.after)
	}
	if err == nil && f.given("retire-keep") {
		r.Keep, err = parseKeep("--retire-keep", f.keep)
	}
	if err == nil && f.given("retire-over") {
		r.MaxBytes, err = parseSize("--retire-over", f.over)
	}
	return r, err
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
	if w := wanted.Retire; w != nil && retention(got.Retire) != retention(w) {
		return &failure{
			err: fmt.Errorf("the book is there already, and retires %s", retention(got.Retire)),
			hint: "`retire` in " + daybook.SettingsName + " may be changed by hand: programs obey it from their next start; " +
				"`daybook retire` takes flags of its own",
		}
	}
	return nil
}

// retention tells of a book's retirement: "after 7 days: compress; or over 70 MB", or "never".
func retention(r *daybook.Retention) string {
	if r == nil || r.AfterDays == 0 {
		return "never"
	}
	text := fmt.Sprintf("after %s: %s", count(r.AfterDays, "day"), r.Keep)
	if r.MaxBytes > 0 {
		text += "; or over " + size(r.MaxBytes)
	}
	return text
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
	return e.print(fmt.Sprintf("%s %s\n  zone   %s\n  rules  %s\n  views  %s\n  write  %s\n  retire %s\n",
		verb, printable.Line(book.Dir()), s.Zone, s.Rules, listViews(s.Views), s.Write, retention(s.Retire)))
}
