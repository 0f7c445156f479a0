package main

import (
	"errors"
	"slices"

	"daybook"
	"daybook/daemon"
	"daybook/learning"
	"daybook/learning/palettefile"
)

// viewsFor makes the views that daybook.json names, of the book in the directory dir. One that this program does not know
// is left to those that do. With a palette.toml that is wrong the session documents stay as they are.
func viewsFor(e env, dir string, s daybook.Settings) []daybook.View {
	names := s.Views
	palette, err := palettefile.Load(dir)
	if err != nil && slices.Contains(names, "session") {
		e.say("warning", "the session documents stay as they are until the palette is mended: %v", err)
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "session" })
	}
	return daemon.Views(names, palette, func(name string) {
		e.say("warning", "daybook.json names the view %q, which this program does not know", name)
	})
}

// loadPalette returns the palette of the book that the flags name, for a command that names colours.
func loadPalette(e env, g *globals) (learning.Palette, error) {
	dir, err := bookDir(e, g)
	if err != nil {
		return learning.Palette{}, err
	}
	p, err := palettefile.Load(dir)
	var wrong *palettefile.Error
	if errors.As(err, &wrong) {
		err = &failure{err: err, hint: "mend that line; `daybook palette --print` shows what a palette looks like"}
	}
	return p, err
}
