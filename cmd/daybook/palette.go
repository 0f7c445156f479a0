package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"daybook"
	"daybook/internal/printable"
	"daybook/learning"
	"daybook/learning/palettefile"
	"daybook/view/session"
)

func newPalette(e env, g *globals) *cobra.Command {
	var write, show bool
	profile := learning.Profiles()[0]
	cmd := &cobra.Command{
		Use:   "palette",
		Short: "Show what the colours mean, and which are in use",
		Long: `Show the palette of a book: what each colour code is called, its role, and how many cards have it. Codes in use that
have no role are listed, and the profile that fits the boards best is proposed.

The palette is story 11.2's (1 red, 2 green, 3 purple, 5 blue, 6 yellow) unless the file palette.toml in the book's
directory says otherwise. With --init such a file is written, full of comments, to be edited; with --print it is
printed.`,
		Example: `  daybook palette
  daybook palette --init --profile jsoncanvas
  daybook palette --json | jq .unclaimed`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := learning.Profile(profile); err != nil {
				return usage("choose from: "+strings.Join(learning.Profiles(), ", "), "there is no profile %q", profile)
			}
			switch {
			case write && show:
				return usage("--init writes the file, --print prints it", "--init and --print do not go together")
			case cmd.Flags().Changed("profile") && !write && !show:
				return usage("add --init or --print", "--profile is for the file that --init writes and --print prints")
			case show:
				text, err := palettefile.Template(profile)
				if err != nil {
					return err
				}
				return e.printData(text)
			case write:
				return initPalette(e, g, profile)
			}
			p, err := loadPalette(e, g)
			if err != nil {
				return err
			}
			return withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				return showPalette(cmd.Context(), e, g, book, p)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&write, "init", false, "write a palette.toml to be edited into the book's directory")
	flags.BoolVar(&show, "print", false, "print such a palette.toml")
	flags.StringVar(&profile, "profile", profile, "the `PROFILE` that it begins with: "+strings.Join(learning.Profiles(), ", "))
	complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return learning.Profiles(), cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc("profile", complete) // fails only for a flag that does not exist
	return cmd
}

// initPalette writes a palette.toml.
func initPalette(e env, g *globals, profile string) error {
	return withBook(openBook, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
		name, err := palettefile.Init(book.Dir(), profile)
		if errors.Is(err, fs.ErrExist) {
			return &failure{
				err:  fmt.Errorf("%s is there already: it is yours, and left alone", name),
				hint: "edit it, or move it away first; `daybook palette --print` prints a new one",
			}
		}
		if err != nil {
			return err
		}
		if g.json {
			return e.printJSON(map[string]string{"file": name})
		}
		return e.print("Wrote " + printable.Line(name) + ", to be edited\n")
	})
}

// paletteReport is what `daybook palette --json` prints.
type paletteReport struct {
	Palette  string           `json:"palette"`
	File     *string          `json:"file"` // null if there is none
	IdleGap  learning.Seconds `json:"idle_gap_seconds"`
	Sections []paletteSection `json:"sections"`
	// Unclaimed are the codes in use that have no role.
	Unclaimed []paletteCode `json:"unclaimed"`
	Unmatched []string      `json:"unmatched"` // patterns that no board matches
	Proposal  proposal      `json:"proposal"`
}

// paletteSection is the palette of some boards: of those that no other one is for, without Paths.
type paletteSection struct {
	Paths  []string      `json:"paths,omitempty"`
	Member string        `json:"member"`
	Boards int           `json:"boards"`
	Codes  []paletteCode `json:"codes"`
}

type paletteCode struct {
	Code   string        `json:"code"`
	Name   string        `json:"name"`
	Role   learning.Role `json:"role"`
	Cards  int           `json:"cards"`
	Boards []string      `json:"boards"` // that have it
}

func showPalette(ctx context.Context, e env, g *globals, book *daybook.Book, p learning.Palette) error {
	r, damaged, err := reportPalette(ctx, e, book, p)
	if err != nil {
		return err
	}
	if g.json {
		err = e.printJSON(r)
	} else {
		err = e.printColored(palettePage(r, e.withBook(paletteDefault), colorsShown(e)))
	}
	if err == nil && damaged > 0 {
		return damageLeftOut(damaged)
	}
	return err
}

func reportPalette(ctx context.Context, e env, book *daybook.Book, p learning.Palette) (r paletteReport, damaged int, err error) {
	colors, err := session.Colors(ctx, book, p)
	if err != nil {
		return r, 0, err
	}
	r = paletteReport{Palette: p.Name, IdleGap: learning.Seconds(p.IdleGap), Unclaimed: []paletteCode{}}
	if r.IdleGap == 0 {
		r.IdleGap = learning.Seconds(learning.MaxGap)
	}
	name := filepath.Join(book.Dir(), palettefile.Name)
	if _, err := os.Stat(name); err == nil {
		r.File = &name
	}
	boards := colors
	if p.Member != "" || slices.ContainsFunc(p.Boards, func(b learning.BoardPalette) bool { return b.Member != "" }) {
		// Of what stands in another member not all is known; a board is one all the same.
		if boards, err = session.Colors(ctx, book, learning.Palette{Name: "colours alone"}); err != nil {
			return r, 0, err
		}
	}
	r.Sections = sectionsOf(p, colors, boards)
	for i := range r.Sections {
		for _, c := range r.Sections[i].Codes {
			if c.Role == "" && c.Code != "" && c.Cards > 0 {
				r.Unclaimed = append(r.Unclaimed, c)
			}
		}
	}
	r.Unmatched = unmatched(p, boards)
	changes, damaged, err := changesOf(ctx, e, book, p)
	if err == nil {
		r.Proposal = propose(p, r.Sections[0], changes)
	}
	return r, damaged, err
}

// sectionsOf lists for each palette its codes, those that it names and those that its boards have. The first is that of the
// boards that no other one is for. boards are all boards that have cards.
func sectionsOf(p learning.Palette, colors, boards learning.Colors) []paletteSection {
	all := append([]learning.BoardPalette{{Colors: p.Colors, Member: p.Member}}, p.Boards...)
	sections := make([]paletteSection, len(all))
	codes := make([]map[string]*paletteCode, len(all))
	for i, b := range all {
		sections[i] = paletteSection{Paths: b.Paths, Member: b.Member}
		if b.Member == "" {
			sections[i].Member = "color"
		}
		codes[i] = map[string]*paletteCode{}
		for code := range b.Colors {
			codes[i][code] = &paletteCode{}
		}
	}
	for board := range boards.Boards() {
		sections[1+p.BoardIndex(board)].Boards++
	}
	for _, board := range sortedBoards(colors) {
		i := 1 + p.BoardIndex(board)
		for code, n := range colors[board] {
			if n <= 0 {
				continue
			}
			key := learning.NormalCode(code)
			if codes[i][key] == nil {
				codes[i][key] = &paletteCode{}
			}
			c := codes[i][key]
			c.Cards += n
			c.Boards = append(c.Boards, board)
		}
	}
	for i, b := range all {
		one := learning.Palette{Colors: b.Colors}
		sections[i].Codes = []paletteCode{}
		for _, code := range slices.Sorted(maps.Keys(codes[i])) {
			c := codes[i][code]
			c.Code, c.Name, c.Role = code, one.ColorName(code), one.Role(code)
			c.Boards = slices.Compact(append([]string{}, c.Boards...))
			sections[i].Codes = append(sections[i].Codes, *c)
		}
	}
	return sections
}

func sortedBoards(colors learning.Colors) []string {
	var names []string
	for board := range colors.Boards() {
		names = append(names, board)
	}
	slices.Sort(names)
	return names
}

// unmatched returns the patterns that match no board of the book.
func unmatched(p learning.Palette, boards learning.Colors) []string {
	none := []string{}
	for _, b := range p.Boards {
		for _, pattern := range b.Paths {
			one := learning.Palette{Boards: []learning.BoardPalette{{Paths: []string{pattern}}}}
			found := false
			for board := range boards.Boards() {
				found = found || one.BoardIndex(board) == 0
			}
			if !found {
				none = append(none, pattern)
			}
		}
	}
	return none
}

// changesOf counts the changes of colour on the boards that no palette of their own is for. Damage is told on the way.
func changesOf(ctx context.Context, e env, book *daybook.Book, p learning.Palette) (changes map[learning.Change]int, damaged int, err error) {
	changes = map[learning.Change]int{}
	read := func(entry daybook.Entry) learning.Change {
		event := learning.ParseEvent(entry.Event.Time(), entry.Event.Member)
		if p.BoardIndex(event.Canvas) >= 0 {
			return learning.Change{}
		}
		c, _ := (learning.Palette{}).Change(event)
		return c
	}
	recolored := daybook.Condition{Member: "event_type", Value: "node_color_change"}
	for c, err := range daybook.Extract(ctx, book, daybook.Query{}, read, recolored) {
		var harm *daybook.DamageError
		if errors.As(err, &harm) {
			damaged++
			e.say("error", "%v", harm)
			continue
		}
		if err != nil {
			return nil, damaged, err
		}
		changes[c]++
	}
	return changes, damaged, nil
}
