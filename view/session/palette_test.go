package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/learning"
)

// otherPalettes are palettes that differ from the story's: in a name, in a gap, and in where the codes stand.
func otherPalettes() []learning.Palette {
	colors := map[string]learning.Color{"1": {Name: "rot", Role: learning.NotUnderstood}, "3": {Name: "rose", Role: learning.Partial}}
	return []learning.Palette{
		{Name: "german", Colors: colors},
		{Name: "german", Colors: colors, IdleGap: 60_000_000_000},
		{Name: "german", Member: "status", Colors: map[string]learning.Color{"done": {Name: "done", Role: learning.Mastered}}},
		{Name: "german", Colors: colors, Boards: []learning.BoardPalette{{Paths: []string{"b.canvas"}, Member: "status"}}},
	}
}

const withStatus = `{"event_id":"s","timestamp":"2025-11-07T10:00:00+01:00","canvas_id":"b.canvas","event_type":"node_added",` +
	`"details":{"node_id":"n","node_type":"text","node":{"id":"n","type":"text","color":"1","status":"done"}}}`

func threeDays(t *testing.T, b *daybook.Book) []string {
	t.Helper()
	appendLines(
		t, b,
		withStatus,
		created("e0", "2025-11-06T20:00:00", "a.canvas", `{"1":3,"":1}`),
		recolor("e1", "2025-11-07T09:00:00", "a.canvas", "1", "3"),
		recolor("e2", "2025-11-08T09:00:00", "a.canvas", "3", "2"),
		recolor("e3", "2025-11-08T09:10:00", "b.canvas", "1", "3"),
	)
	return []string{"2025-11-06", "2025-11-07", "2025-11-08"}
}

// wantPalette compares the documents with those computed by the palette from a book without documents.
func wantPalette(t *testing.T, b *daybook.Book, p learning.Palette, days ...string) {
	t.Helper()
	for _, s := range days {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(b.Dir())); err != nil {
			t.Fatal(err)
		}
		for _, d := range days {
			if err := os.Remove(sessionFile(dir, d)); err != nil {
				t.Fatal(err)
			}
		}
		other, err := daybook.Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Document(t.Context(), other, day(t, s), p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), file(t, sessionFile(b.Dir(), s))); diff != "" {
			t.Errorf("document of %s by the palette %+v (-computed +on disk):\n%s", s, p, diff)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestAnotherPaletteAtOpen: documents of another palette are made right when a View is opened; the events stay.
func TestAnotherPaletteAtOpen(t *testing.T) {
	dir := t.TempDir()
	first, err := daybook.Open(dir, &daybook.Options{
		Views: []daybook.View{New(Options{})}, Now: clock,
		Settings: &daybook.Settings{Zone: "Europe/Berlin", Rules: daybook.RulesVault},
	})
	if err != nil {
		t.Fatal(err)
	}
	days := threeDays(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range append(otherPalettes(), learning.Palette{}) {
		for i, d := range days[:2] { // what was written long ago is looked at only if it says that it is behind
			old := time.Now().Add(time.Duration(i-10) * time.Hour)
			if err := os.Chtimes(sessionFile(dir, d), old, old); err != nil {
				t.Fatal(err)
			}
		}
		b, err := daybook.Open(dir, &daybook.Options{Views: []daybook.View{New(Options{Palette: p})}, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		wantPalette(t, b, p, days...)
		if s, ok := Glance(b, day(t, "2025-11-08"), p); !ok || s.TotalEvents != 2 {
			t.Errorf("a glance by the palette of the documents: %t, %+v", ok, s)
		}
		if _, ok := Glance(b, day(t, "2025-11-08"), learning.Palette{Name: "another"}); ok {
			t.Error("a glance by another palette than that of the documents is ok")
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := filepath.Glob(filepath.Join(dir, "*.kept-*")); err != nil || len(kept) > 0 {
		t.Errorf("documents were kept aside: %v, %v", kept, err)
	}
}

// TestSetPalette: the documents follow when their days are posted, and Changed tells which have yet to.
func TestSetPalette(t *testing.T) {
	v := New(Options{})
	b := openBook(t, t.TempDir(), nil, v)
	days := threeDays(t, b)
	for i := range maxOpen { // more than stay open
		d := fmt.Sprintf("2025-10-%d", 11+i)
		appendLines(t, b, recolor(d, d+"T09:00:00", "a.canvas", "1", "3"))
		days = append(days, d)
	}
	for _, p := range append(otherPalettes(), learning.Palette{}) {
		v.SetPalette(p)
		changed := v.Changed()
		if len(changed) != len(days) {
			t.Errorf("%+v: days that have changed: got %v, want all %d", p, changed, len(days))
		}
		for _, d := range changed {
			if err := b.Post(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		wantPalette(t, b, p, days...)
		if changed := v.Changed(); len(changed) != 0 {
			t.Errorf("%+v: days that have changed after Post: got %v, want none", p, changed)
		}
		v.SetPalette(p)
		if changed := v.Changed(); len(changed) != 0 {
			t.Errorf("%+v: days that have changed after the same palette: got %v, want none", p, changed)
		}
	}
	// An event of a day that has yet to get the new palette, when a later one has got it.
	p := otherPalettes()[2]
	v.SetPalette(p)
	if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	appendLines(t, b, strings.NewReplacer(`"s"`, `"s2"`, `"n"`, `"m"`).Replace(withStatus))
	if !strings.Contains(file(t, sessionFile(b.Dir(), "2025-11-08")), `"done": 2`) {
		t.Error("the day after does not have both cards")
	}
	for _, d := range v.Changed() {
		if err := b.Post(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	wantPalette(t, b, p, days...)
	// A day that was taken away is not made again.
	v.SetPalette(learning.Palette{})
	if err := os.RemoveAll(b.Dir() + "/2025-11-06"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(sessionFile(b.Dir(), "2025-11-06")); err != nil {
		t.Fatal(err)
	}
	for _, d := range v.Changed() {
		if d == day(t, "2025-11-06") {
			t.Error("a document that is gone has changed")
		}
	}
}

// TestTwoPalettes: two Views of different palettes take turns, and each leaves a whole document of its own.
func TestTwoPalettes(t *testing.T) {
	for _, p := range otherPalettes() {
		dir := t.TempDir()
		a := openBook(t, dir, nil, New(Options{}))
		days := threeDays(t, a)
		b := openBook(t, dir, nil, New(Options{Palette: p}))
		appendLines(t, b, recolor("e4", "2025-11-08T09:20:00", "a.canvas", "3", "1"))
		wantPalette(t, b, p, days...)
		appendLines(t, a, recolor("e5", "2025-11-08T09:30:00", "a.canvas", "1", "3"))
		wantPalette(t, a, learning.Palette{}, "2025-11-08")
		appendLines(t, b, recolor("e6", "2025-11-08T09:40:00", "a.canvas", "3", "1"))
		wantPalette(t, b, p, "2025-11-08")
	}
}

func TestPaletteSum(t *testing.T) {
	seen := map[uint64]bool{}
	for _, name := range learning.Profiles() {
		p, err := learning.Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := paletteSum(p)
		if seen[sum] || sum>>32 != 0 {
			t.Errorf("%s: %016x", name, sum)
		}
		seen[sum] = true
	}
	for i, p := range otherPalettes() {
		sum := paletteSum(p)
		if seen[sum] || sum>>32 == 0 != (i < 2) {
			t.Errorf("%+v: %016x", p, sum)
		}
		seen[sum] = true
	}
}

// BenchmarkTail is what a document's end costs on a busy day of 20 boards.
func BenchmarkTail(b *testing.B) {
	tally := learning.NewTally(nil, orStory(learning.Palette{}))
	d := day(b, "2025-11-08")
	for i := range 20 {
		e := event(b, recolor("e", "2025-11-08T09:00:00", string(rune('a'+i))+".canvas", "1", "3"))
		tally.Add(learned(e))
	}
	var buf []byte
	for b.Loop() {
		buf, _ = appendTail(buf[:0], place{}, 0, d, clock().Location(), tally, &boardTexts{})
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}
