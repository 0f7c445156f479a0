package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"daybook"
	"daybook/internal/killtest"
)

// TestKilledPrograms kills programs of three kinds that append to one vault's book: the library, the library with the
// session document, the command line. Nothing acknowledged is lost, nothing stands twice (promise 2), and the
// documents are the computed ones when the next one has been there.
func TestKilledPrograms(t *testing.T) {
	rng := killtest.Rand(t)
	for _, mode := range []string{"none", "always", "interval"} {
		t.Run(mode, func(t *testing.T) {
			kills, all, kept := killtest.Kills(16), 0, 0
			var found killtest.Found
			for all < kills {
				b := killtest.NewBook(filepath.Join(killtest.TempDir(t), daybook.VaultDir))
				for b.Kills < min(60, kills-all) {
					source := func(w int) killtest.Source { return killtest.Source{Name: fmt.Sprint("w", w), Size: 330} }
					b.Round(t, rng, 40*time.Millisecond,
						library(b.Dir, source(0), 0, 0, mode, "none"),
						library(b.Dir, source(1), 0, 0, mode, "views"),
						library(b.Dir, killtest.Source{Name: "large", Size: 200_000}, 0, 0, mode, "views"),
						commandLine(b.Dir, source(2), 0, mode),
					)
				}
				b.Finish(t, commandLine(b.Dir, killtest.Source{Name: "last", Size: 330}, 16, "always"))
				one := checkBook(t, b, 16)
				found.Events, found.Pieces, found.Tails = found.Events+one.Events, found.Pieces+one.Pieces, found.Tails+one.Tails
				names, err := filepath.Glob(filepath.Join(b.Dir, "session_*.kept-*"))
				if err != nil {
					t.Fatal(err)
				}
				kept += len(names)
				all += b.Kills
				if err := os.RemoveAll(b.Dir); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%d kills: %v, %d torn documents kept aside", all, found, kept)
		})
	}
}
