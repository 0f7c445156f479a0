package report_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/faultfs"
	"daybook/learning"
	"daybook/learning/review"
	"daybook/view/report"
)

// learner is a book that grows at random, with a clock that goes on.
type learner struct {
	report.Source
	t      *testing.T
	rand   *rand.Rand
	now    time.Time
	events int
	days   int // day files opened by the last call of told
	cards  []string
}

func newLearner(t *testing.T, seed uint64) *learner {
	l := &learner{t: t, rand: rand.New(rand.NewPCG(seed, 1)), now: now()}
	l.Vault = filepath.Join(t.TempDir(), "Vault")
	counted := &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
		if c.Op == "open" && c.Name == "events.json" {
			l.days++ // by the one goroutine that divides the days
		}
		return faultfs.Fault{}
	}}
	var err error
	l.Book, err = daybook.OpenOn(counted, filepath.Join(l.Vault, daybook.VaultDir), &daybook.Options{
		Sync: daybook.SyncNone, Now: func() time.Time { return l.now }, Settings: &daybook.Settings{Zone: "Europe/Berlin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Book.Close() })
	l.Palette, err = learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// add appends an event, some days ago.
func (l *learner) add(ago int) {
	l.t.Helper()
	board := fmt.Sprintf("%d.canvas", l.rand.IntN(4))
	code := func() string { return []string{"1", "2", "3", "5", "6", "4", ""}[l.rand.IntN(7)] }
	card := "none"
	if len(l.cards) > 0 {
		card = l.cards[l.rand.IntN(len(l.cards))]
	}
	kind, details := "node_moved", fmt.Sprintf(`"node_id":%q`, card)
	switch n := l.rand.IntN(20); {
	case n < 6 || len(l.cards) == 0:
		card = fmt.Sprintf("card-%d", len(l.cards))
		l.cards = append(l.cards, card)
		kind = "node_added"
		details = fmt.Sprintf(`"node_id":%q,"node":{"id":%[1]q,"type":"text","text":"words of %[1]s","color":%q}`, card, code())
	case n < 12:
		kind, details = "node_color_change", fmt.Sprintf(`"node_id":%q,"old_color":%q,"new_color":%q`, card, code(), code())
	case n < 14:
		kind, details = "node_text_change", fmt.Sprintf(`"node_id":%q,"color":"6","old_text":"a","new_text":"b%d"`, card, l.events)
	case n == 14:
		kind = "node_removed"
		details = fmt.Sprintf(`"node_id":%q,"node":{"id":%[1]q,"type":"text","text":"x","color":%q}`, card, code())
	case n == 15:
		kind, details = "canvas_renamed", fmt.Sprintf(`"old_canvas_id":"%d.canvas"`, l.rand.IntN(4))
	case n == 16:
		kind, details = "card_reviewed", fmt.Sprintf(`"node_id":%q,"rating":"good"`, card)
	case n == 17:
		kind = []string{"canvas_deleted", "canvas_created"}[l.rand.IntN(2)]
		details = `"nodes":1,"edges":0,"colors":{"1":1}`
	}
	if l.rand.IntN(8) == 0 {
		details += `,"observed":"git"`
	}
	l.events++
	at := l.now.AddDate(0, 0, -ago).Add(-time.Duration(l.rand.IntN(7200)) * time.Second)
	line := fmt.Sprintf(`{"event_id":"%d","timestamp":%q,"canvas_id":%q,"event_type":%q,"details":{%s}}`,
		l.events, at.Format(time.RFC3339Nano), board, kind, details)
	e, err := daybook.ParseEvent([]byte(line))
	if err == nil {
		_, err = l.Book.Append(context.Background(), e)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// told is all that is told of the book now.
func (l *learner) told() string {
	l.t.Helper()
	ctx := context.Background()
	today := l.Book.DayOf(l.now)
	plan, err := report.Plan(ctx, l.Source, review.FSRS, func(err error) {
		var damage *daybook.DamageError
		if !errors.As(err, &damage) {
			l.t.Error(err)
		}
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.days = 0
	daily, err := report.Daily(ctx, l.Source, today)
	if err != nil {
		l.t.Fatal(err)
	}
	read := l.days
	weekly, err := report.Weekly(ctx, l.Source, today)
	if err != nil {
		l.t.Fatal(err)
	}
	past, err := report.Daily(ctx, l.Source, today.Add(-20))
	if err != nil {
		l.t.Fatal(err)
	}
	l.days = read
	text, err := json.MarshalIndent([]any{plan.List(l.now), daily, weekly, past}, "", " ")
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

func (l *learner) standing() string { return filepath.Join(l.Book.Dir(), report.StandingName) }

// check compares what is told with what is told without a standing.
func (l *learner) check(what string) {
	l.t.Helper()
	kept, err := os.ReadFile(l.standing())
	if err == nil {
		err = os.Remove(l.standing())
	}
	want := l.told()
	if err == nil {
		err = os.WriteFile(l.standing(), kept, 0o644)
	} else {
		err = os.Remove(l.standing())
	}
	if err != nil && !os.IsNotExist(err) {
		l.t.Fatal(err)
	}
	if diff := cmp.Diff(want, l.told()); diff != "" {
		l.t.Fatalf("%s: with the standing it is told otherwise (-without +with):\n%s", what, diff)
	}
}

// TestStanding: reports and reviews that go on from the standing tell what those do that read all days, whatever has happened
// to the book since it was kept.
func TestStanding(t *testing.T) {
	seeds, rounds := 6, 12
	if testing.Short() {
		seeds, rounds = 1, 5
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			l := newLearner(t, seed)
			for ago := 60; ago >= 0; ago-- {
				for range l.rand.IntN(6) {
					l.add(ago)
				}
			}
			l.check("a new book")
			for range rounds {
				what := "later"
				switch l.rand.IntN(6) {
				case 0:
					what = "a late event"
					l.add(14 + l.rand.IntN(40))
				case 1:
					what = "another palette"
					profile := []string{"story", "jsoncanvas", "underwater"}[l.rand.IntN(3)]
					l.Palette, _ = learning.Profile(profile) // there is one
				case 2:
					what = "a day is gone"
					days, err := l.Book.Days()
					if err == nil {
						err = os.RemoveAll(filepath.Join(l.Book.Dir(), days[l.rand.IntN(len(days)-1)].String()))
					}
					if err != nil {
						t.Fatal(err)
					}
				default:
					for range l.rand.IntN(10) {
						l.now = l.now.AddDate(0, 0, 1)
						for range l.rand.IntN(5) {
							l.add(0)
						}
					}
				}
				l.check(what)
			}
		})
	}
}

// TestStandingSpares: what lies before the standing is not read, and the standing is not written anew each time.
func TestStandingSpares(t *testing.T) {
	l := newLearner(t, 1)
	for ago := 60; ago >= 0; ago-- {
		l.add(ago)
	}
	if _, err := report.Daily(context.Background(), l.Source, l.Book.DayOf(l.now)); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(l.standing())
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		l.told()
		if l.days < 10 || l.days > 24 {
			t.Errorf("a report opens %d of 60 days", l.days)
		}
		l.now = l.now.AddDate(0, 0, 1)
		l.add(0)
		if after, err := os.Stat(l.standing()); err != nil || after.ModTime() != before.ModTime() {
			before = after
			if l.Book.DayOf(l.now).Compare(day(t, "2025-11-15")) < 0 {
				t.Errorf("%v: the standing was written again on %s", err, l.Book.DayOf(l.now))
			}
		}
	}
}

// TestStandingDamaged: a standing that is not as it was written is none, and where something of the book cannot be read none is
// kept, so that it is told each time.
func TestStandingDamaged(t *testing.T) {
	l := newLearner(t, 2)
	for ago := 30; ago >= 0; ago-- {
		l.add(ago)
	}
	want := l.told()
	kept, err := os.ReadFile(l.standing())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{nil, kept[:3], kept[:len(kept)/2], []byte(strings.Replace(string(kept), "words of", "Words of", 1))} {
		if err := os.WriteFile(l.standing(), text, 0o644); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, l.told()); diff != "" {
			t.Errorf("with a standing of %d bytes it is told otherwise:\n%s", len(text), diff)
		}
		if l.told(); l.days > 24 {
			t.Errorf("a standing of %d bytes was not replaced: a report opens %d days", len(text), l.days)
		}
	}
	days, err := l.Book.Days()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(l.Book.Dir(), days[3].String(), "events.json"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString("no event\n")
		err = errors.Join(err, f.Close(), os.Remove(l.standing()))
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, err := report.Daily(context.Background(), l.Source, l.Book.DayOf(l.now))
		if err != nil || r.Damaged != 1 {
			t.Errorf("%v, %d damaged pieces, want 1", err, r.Damaged)
		}
	}
	if _, err := os.Stat(l.standing()); !os.IsNotExist(err) {
		t.Errorf("%v: of a damaged book a standing was kept", err)
	}
}
