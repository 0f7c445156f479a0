package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"daybook"
	"daybook/learning"
)

// TestRandomBooks: books that grow, are damaged, repaired, cut and replaced at random, under palettes that change, posted now by
// one View that stays and now by others: the ledger has the lines of the days that are there, and its figures are those that
// package learning computes from the book.
func TestRandomBooks(t *testing.T) {
	seeds := 8
	if os.Getenv("DAYBOOK_TEST_ALL") != "" {
		seeds = 100
	} else if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(seed), 7))
			settings := &daybook.Settings{}
			if seed%5 == 4 {
				settings.Write = daybook.WriteReplace
			}
			g := &random{Rand: r, t: t, b: newBook(t, settings), palette: story(t)}
			stays := newView(t, g.b, Options{})
			stays.rows = 1 + r.IntN(20)
			for range 25 {
				for range 1 + r.IntN(3) {
					g.change()
				}
				g.behind()
				v := stays
				if r.IntN(2) == 0 {
					v = newView(t, g.b, Options{})
					v.rows, v.bulk = 1+r.IntN(20), 1
				}
				if r.IntN(8) == 0 {
					g.palette, _ = learning.Profile(learning.Profiles()[r.IntN(3)]) // they are there
				}
				v.SetPalette(g.palette)
				if r.IntN(12) == 0 {
					v.opts.Damage = func(*daybook.DamageError) {}
					_, err := v.Rebuild(context.Background())
					try(t, err)
				}
				catchUp(t, v)
				if list := differences(t, g.b, daybook.Query{}, g.palette); len(list) > 0 {
					t.Error("Compare after posting: " + strings.Join(list, "\n"))
				}
				g.check()
				if t.Failed() {
					return
				}
			}
		})
	}
}

type random struct {
	*rand.Rand
	t       *testing.T
	b       *daybook.Book
	palette learning.Palette
	n       int // events so far
}

func (g *random) pick(list ...string) string { return list[g.IntN(len(list))] }

// event makes one of any kind.
func (g *random) event() string {
	g.n++
	id := fmt.Sprintf("e%d", g.n)
	if g.IntN(6) == 0 {
		id = fmt.Sprintf("e%d", g.IntN(5)) // one that another day may have, too
	}
	at := fmt.Sprintf("2025-11-%02dT%02d:%02d:%02d%s", 3+g.IntN(6), 8+g.IntN(3), g.IntN(60), g.IntN(60), g.pick("Z", "+05:30", ".25-08:00"))
	text := g.pick("Courier leaves a parcel", "ψ is a wave", "理解了吗", "", "say \\\"parcel\\\"", "für Ämter")
	code := func() string { return g.pick("", "1", "2", "3", "4", "6") }
	board := g.pick("a.canvas", "Folder/é \\\"b\\\".canvas", "c.canvas")
	card := g.pick("n1", "n2", "n3")
	head := fmt.Sprintf(`{"event_id":"%s","timestamp":"%s",`, id, at)
	vault := func(kind, details string) string {
		return head + fmt.Sprintf(`"canvas_id":"%s","event_type":"%s","details":{%s}}`, board, kind, details)
	}
	switch g.IntN(9) {
	case 0:
		return head + fmt.Sprintf(`"camera_id":"%s","llm_description":"%s","detected_objects":[{"label":"%s","confidence":%s},{"label":7,"confidence":0.35},5]}`,
			g.pick("gate", "dör"), text, g.pick("dog", "person"), g.pick("0.9", "0.50", "1e-1", `"0.9"`, "null"))
	case 1:
		return head + `"n":1,"details":"none","node_id":"x","event_type":5}`
	case 2:
		return vault("canvas_created", `"nodes":3,"edges":0,"colors":{"1":2,"":1}`)
	case 3:
		return vault("canvas_renamed", `"old_canvas_id":"a.canvas"`)
	case 4:
		return vault("node_added", fmt.Sprintf(`"node_id":"%s","node":{"id":"%s","color":"%s","text":"%s"}`, card, card, code(), text))
	case 5:
		return vault("node_text_change", fmt.Sprintf(`"node_id":"%s","old_text":"a","new_text":"%s","color":"%s"`, card, text, code()))
	case 6: // and, most often, back again at once: a mis-click
		at = "2025-11-05T09:00:" + g.pick("10", "40") + "Z"
		pair := g.pick(`"old_color":"1","new_color":"3"`, `"old_color":"3","new_color":"1"`)
		return fmt.Sprintf(`{"event_id":"%s","timestamp":"%s",`, id, at) +
			`"canvas_id":"c.canvas","event_type":"node_color_change","details":{"node_id":"n1",` + pair + `}}`
	default:
		return vault("node_color_change", fmt.Sprintf(`"node_id":"%s","old_color":"%s","new_color":"%s"`, card, code(), code()))
	}
}

// change does something to the book.
func (g *random) change() {
	files, err := filepath.Glob(filepath.Join(g.b.Dir(), "????-??-??", "events.json"))
	try(g.t, err)
	if len(files) == 0 || g.IntN(3) > 0 {
		for range 1 + g.IntN(12) {
			e, err := daybook.ParseEvent([]byte(g.event()))
			try(g.t, err)
			if _, err := g.b.Append(context.Background(), e); err != nil && !strings.Contains(err.Error(), "event_id") {
				g.t.Fatal(err) // but for another event of the same id
			}
		}
		return
	}
	name := files[g.IntN(len(files))]
	data, err := os.ReadFile(name)
	try(g.t, err)
	lines := bytes.SplitAfter(data, []byte("\n"))
	lines = lines[:len(lines)-1]
	replace := func(data []byte) {
		try(g.t, os.WriteFile(name+".new", data, 0o644))
		try(g.t, os.Rename(name+".new", name))
	}
	at := 0
	if len(lines) > 0 {
		at = g.IntN(len(lines))
	}
	switch g.IntN(8) {
	case 0: // cut
		try(g.t, os.WriteFile(name, bytes.Join(lines[:at], nil), 0o644))
	case 1: // repaired
		if len(lines) > 0 {
			replace(bytes.Join(slices.Delete(slices.Clone(lines), at, at+1), nil))
		}
	case 2: // moved to another disk
		replace(data)
	case 3:
		replace(bytes.ReplaceAll(data, []byte("10:"), []byte("09:")))
	case 4:
		try(g.t, os.WriteFile(name, append(data, "{\"torn\n"...), 0o644))
	case 5:
		try(g.t, os.WriteFile(name, append([]byte("\x00\x00\n"), data...), 0o644))
	case 6:
		if err := os.Remove(filepath.Join(filepath.Dir(name), "events.mark")); !errors.Is(err, os.ErrNotExist) { // it is gone already
			try(g.t, err)
		}
	case 7:
		try(g.t, os.WriteFile(name, nil, 0o644))
	}
}

// behind has nothing be wrong with the ledger of a book that has changed.
func (g *random) behind() {
	g.t.Helper()
	for d, err := range Compare(context.Background(), g.b, daybook.Query{}, g.palette) {
		if err != nil && !isMissing(err) || !d.Behind && err == nil {
			g.t.Errorf("Compare before posting: %v, %v, want only what is behind", d, err)
		}
	}
}

// check compares the ledger with the book.
func (g *random) check() {
	g.t.Helper()
	compare(g.t, g.b.Dir())
	soundBy(g.t, g.b, g.palette)
	for _, word := range []string{"parcel", "理解", "Amter", "wave"} {
		plain := map[string]string{"Amter": "Ämter"}[word]
		if plain == "" {
			plain = word
		}
		var want strings.Builder
		for _, s := range scan(g.t, g.b.Dir()) {
			if strings.Contains(s.Line, plain) {
				want.WriteString(s.Day + "|" + s.ID + "\n")
			}
		}
		got := ask(g.t, g.b, "SELECT day, event_id FROM texts JOIN events ON id = texts.rowid WHERE texts MATCH phrase('"+word+"') ORDER BY id")
		if got != want.String() {
			g.t.Errorf("search for %s: got\n%swant\n%s", word, got, want.String())
		}
	}
}
