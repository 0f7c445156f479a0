package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"daybook/doctor"
	"daybook/internal/printable"
)

func newDoctor(e env, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that trouble may come from",
		Long: `Look at the book, the machine, the vault and the views, at everything from which trouble may come, and say what is
wrong, each with its remedy. It is a quick look: "daybook verify" reads and compares everything.

Nothing is changed. One temporary file is made in the book and removed, which shows whether the book can be written.

The exit status is 3 when something is wrong; notes alone are no fault.`,
		Example: `  daybook doctor
  daybook doctor --book ~/Vault/.learning_sessions
  daybook doctor --json | jq -r 'select(.state == "wrong") | .text'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := bookDir(e, g)
			if err == nil {
				dir, err = filepath.Abs(dir)
			}
			if err != nil {
				return err
			}
			return examine(cmd.Context(), e, g, dir)
		},
	}
}

// examine is the command doctor for the book in dir.
func examine(ctx context.Context, e env, g *globals, dir string) error {
	found, err := doctor.Examine(ctx, dir, doctor.Options{Now: e.now})
	if err != nil {
		return err
	}
	wrong := 0
	for i := range found {
		f := &found[i]
		f.Remedy = e.withBook(f.Remedy)
		if f.State == doctor.Wrong {
			wrong++
		}
		if g.json {
			if err := e.printJSON(f); err != nil {
				return err
			}
		}
	}
	if !g.json {
		if err := e.printColored(doctorPage(dir, found, colorsShown(e))); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return &failure{code: exitDamage}
	}
	return nil
}

// doctorPage is what was found, for people: the remedy stands below what it is for.
func doctorPage(dir string, found []doctor.Finding, colors bool) string {
	var b strings.Builder
	b.WriteString(printable.Line(dir) + "\n")
	wrong, notes, group := 0, 0, ""
	for _, f := range found {
		if f.Group != group {
			group = f.Group
			b.WriteString("\n" + group + "\n")
		}
		mark, on, off := "ok   ", "", ""
		switch f.State {
		case doctor.Note:
			mark = "note "
			notes++
		case doctor.Wrong:
			mark = "WRONG"
			wrong++
			if colors {
				on, off = "\x1b[31m", "\x1b[0m"
			}
		}
		b.WriteString("  " + on + mark + off + "  " + pad(f.Check, 13) + printable.Line(f.Text) + "\n")
		if f.Remedy != "" {
			b.WriteString(strings.Repeat(" ", 9+13) + "→ " + printable.Line(f.Remedy) + "\n")
		}
	}
	b.WriteString("\n")
	switch {
	case wrong > 0 && notes > 0:
		b.WriteString(count(wrong, "thing") + " wrong, " + count(notes, "note") + "\n")
	case wrong > 0:
		b.WriteString(count(wrong, "thing") + " wrong\n")
	case notes > 0:
		b.WriteString("nothing wrong, " + count(notes, "note") + "\n")
	default:
		b.WriteString("nothing wrong\n")
	}
	return b.String()
}
