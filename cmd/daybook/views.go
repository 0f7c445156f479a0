package main

import (
	"daybook"
	"daybook/daemon"
	"daybook/learning"
)

// viewsFor makes the views that daybook.json names. One that this program does not know is left to those that do.
func viewsFor(e env, s daybook.Settings) []daybook.View {
	return daemon.Views(s.Views, learning.Palette{}, func(name string) {
		e.say("warning", "daybook.json names the view %q, which this program does not know", name)
	})
}
