package review_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/canvas"
	"daybook/learning"
	"daybook/learning/review"
)

// TestSavedPlan: a Plan that is saved now and then and goes on from there is what it is without.
func TestSavedPlan(t *testing.T) {
	palette, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(400) {
		schedule := []review.Schedule{review.FSRS, review.Story}[seed%2]
		r := rand.New(rand.NewPCG(seed, 7))
		want, got := review.New(palette, schedule, time.UTC), review.New(palette, schedule, time.UTC)
		at := time.Date(2025, 11, 8, 23, 50, 0, 0, time.UTC)
		for range 60 {
			f := randomFact(t, r, at, palette)
			at = at.Add([]time.Duration{5 * time.Second, 5 * time.Second, 30 * time.Second, 9 * time.Hour}[r.IntN(4)])
			want.Apply(f)
			got.Apply(f)
			if r.IntN(5) > 0 {
				continue
			}
			data, err := got.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			got = review.New(palette, schedule, time.UTC)
			if err := got.UnmarshalBinary(data); err != nil {
				t.Fatal(err)
			}
		}
		for _, days := range []int{0, 1, 5, 30, 400} {
			if diff := cmp.Diff(want.List(at.AddDate(0, 0, days)), got.List(at.AddDate(0, 0, days))); diff != "" {
				t.Fatalf("seed %d, %d days later, without and with saving:\n%s", seed, days, diff)
			}
		}
	}
}

// randomFact is about one of few cards on one of few boards.
func randomFact(t *testing.T, r *rand.Rand, at time.Time, p learning.Palette) *review.Fact {
	t.Helper()
	code := func() string { return []string{"1", "2", "3", ""}[r.IntN(4)] }
	card := []string{"a", "b", "0123456789abcdef"}[r.IntN(3)]
	node := fmt.Sprintf(`"node_id":%q,"node":{"id":%[1]q,"type":"text","text":%q,"color":%q}`, card, code(), code())
	e := learning.Event{Time: at, Canvas: fmt.Sprintf("%d.canvas", r.IntN(2))}
	details := ""
	switch r.IntN(12) {
	case 0, 1, 2:
		e.Type, details = "node_added", node
	case 3, 4:
		e.Type, details = "node_removed", node
	case 5, 6:
		was, is := "1", "3"
		if r.IntN(2) == 0 { // often it takes the last one back
			was, is = is, was
		}
		e.Type, details = "node_color_change", fmt.Sprintf(`"node_id":%q,"old_color":%q,"new_color":%q`, card, was, is)
	case 7:
		e.Type, details = "node_text_change", fmt.Sprintf(`"node_id":%q,"new_text":%q`, card, code())
	case 8, 9:
		rating := review.Rating(1 + r.IntN(4))
		e.Type, details = "card_reviewed", fmt.Sprintf(`"node_id":%q,"rating":%q`, card, rating)
	case 10:
		until := at.AddDate(0, 0, r.IntN(9)).Format(time.DateOnly)
		e.Type, details = "card_snoozed", fmt.Sprintf(`"node_id":%q,"until":%q`, card, until)
	default:
		kinds := []string{"canvas_deleted", "canvas_renamed", "canvas_created"}
		e.Type, details = kinds[r.IntN(3)], fmt.Sprintf(`"old_canvas_id":"%d.canvas","snapshot":"s"`, r.IntN(2))
	}
	e.Details = json.RawMessage("{" + details + "}")
	f, err := review.Read(e, p, func(string) (*canvas.Board, error) {
		return canvas.Parse(fmt.Appendf(nil, `{"nodes":[{"id":"a","type":"text","text":"1","color":%q}]}`, code()))
	})
	if err != nil || f == nil {
		t.Fatalf("%v of %s %s", err, e.Type, e.Details)
	}
	return f
}
