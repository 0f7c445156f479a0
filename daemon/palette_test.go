package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/learning"
	"daybook/learning/palettefile"
	"daybook/source/vault"
	"daybook/view/session"
)

// wantPalette compares the documents of all days with what the palette.toml says.
func (k *kept) wantPalette(what string, p learning.Palette) {
	k.t.Helper()
	days, err := k.book.Days()
	if err != nil {
		k.t.Fatal(err)
	}
	for _, d := range days {
		got, err := os.ReadFile(k.name(d))
		want, derr := session.Document(k.t.Context(), k.book, d, p)
		if err != nil || derr != nil {
			k.t.Fatal(err, derr)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			k.t.Errorf("%s: document of %s (-computed +on disk):\n%s", what, d, diff)
		}
	}
}

// TestPaletteIsFollowed: while the documents are kept, those of all days follow palette.toml within two seconds. One that is
// wrong changes nothing and is told once, and not while it may just be written.
func TestPaletteIsFollowed(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, palettefile.Name)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * 24 * time.Hour) // to 2000-01-21
		k := keep(t, dir, "UTC")
		for i := range 5 {
			line := fmt.Sprintf(`{"timestamp":"2000-01-%dT10:00:00Z","canvas_id":"a.canvas","event_type":"node_color_change",`+
				`"details":{"node_id":"%d","old_color":"1","new_color":"3"}}`, 17+i%3, i)
			e, err := daybook.ParseEvent([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := k.book.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		put := func(text string) {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		pass := func(d time.Duration) { time.Sleep(d); synctest.Wait() }
		load := func() learning.Palette {
			p, err := palettefile.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		pass(1500 * time.Millisecond)
		story := load()
		k.wantPalette("without a file", story)
		put("[colors]\n'1' = {name='rot', role='not_understood'}\n")
		pass(2 * time.Second)
		german := load()
		k.wantPalette("a new file", german)
		put("[colors]\n'1' = {name='rot', rol")
		pass(time.Second)
		put("[colors]\n'1' = {name='rouge', role='not_understood'}\n")
		pass(2 * time.Second)
		french := load()
		k.wantPalette("written in two steps", french)
		put("colours = 1\n")
		pass(5 * time.Second)
		k.wantPalette("a wrong one", french)
		put("colours = 1\n# more\n")
		pass(5 * time.Second)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		k.wantPalette("without it again", story)
		k.stop()
		if n := strings.Count(k.log.String(), "unknown key"); n != 1 || strings.Contains(k.log.String(), "not TOML") {
			t.Errorf("a mistake that stayed is told %d times, want once, and one that did not, never:\n%s", n, k.log.String())
		}
	})
}

// TestWatchWithWrongPalette: a palette.toml that is wrong ends no recording; the story's palette counts until it is mended,
// and what prints follows.
func TestWatchWithWrongPalette(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, daybook.VaultDir)
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		filepath.Join(own, palettefile.Name): "\ncolours = 1\n",
		filepath.Join(dir, "a.canvas"):       `{"nodes":[{"id":"1","type":"text","text":"x","color":"1"}]}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var log strings.Builder
	var names []string
	s, err := Run(context.Background(), Config{
		Vault: dir, Once: true, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Palette:   func(p learning.Palette) { names = append(names, p.Name) },
		Consumers: []vault.Consumer{{Name: "test", Consume: func(context.Context, vault.Recorded) error { return nil }}},
	})
	if err != nil || s.Events != 1 {
		t.Errorf("Run: %+v, %v, want one event", s, err)
	}
	if diff := cmp.Diff([]string{"story"}, names); diff != "" {
		t.Errorf("palettes (-want +told):\n%s", diff)
	}
	if n := strings.Count(log.String(), `palette.toml:2: unknown key`); n != 1 {
		t.Errorf("the mistake is told %d times, want once:\n%s", n, log.String())
	}
}
