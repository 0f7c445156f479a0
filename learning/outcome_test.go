package learning_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/learning"
)

// TestTell: what is told of single events, added up, is what the statistics say.
func TestTell(t *testing.T) {
	story, err := learning.Profile("story")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		codes := []string{"", "1", "2", "3", "4", "6"}
		code := func() string { return codes[r.IntN(len(codes))] }
		tally := learning.NewTally(nil, story)
		told := map[int]learning.Outcome{}
		tally.Tell(func(o learning.Outcome) { told[o.Event] = o })
		at := time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
		for range 60 {
			at = at.Add(time.Duration(r.IntN(50)) * time.Second)
			node := fmt.Sprintf("n%d", r.IntN(3))
			e := learning.Event{Time: at, Canvas: fmt.Sprintf("b%d", r.IntN(2))}
			switch r.IntN(5) {
			case 0:
				e.Type = "node_added"
				e.Details = fmt.Appendf(nil, `{"node_id":%q,"node":{"id":%q,"color":%q,"text":"🔍"}}`, node, node, code())
			case 1:
				e.Type = "node_text_change"
				e.Details = fmt.Appendf(nil, `{"node_id":%q,"color":%q,"old_text":"a","new_text":"bc"}`, node, code())
			default:
				e.Type = "node_color_change"
				e.Details = fmt.Appendf(nil, `{"node_id":%q,"old_color":%q,"new_color":%q}`, node, code(), code())
			}
			tally.Add(e)
		}
		steps, transitions, misclicks := map[learning.StepKind]int{}, map[string]int{}, 0
		for _, o := range told {
			if o.Misclick {
				misclicks++
				continue
			}
			if o.Step != "" {
				steps[o.Step]++
			}
			if o.Changed {
				transitions[o.From+"_to_"+o.To]++
			}
		}
		s := tally.Statistics()
		if diff := cmp.Diff(s.LearningEvents, steps); diff != "" {
			t.Errorf("seed %d: steps (-statistics +told):\n%s", seed, diff)
		}
		if diff := cmp.Diff(s.ColorTransitions, transitions); diff != "" {
			t.Errorf("seed %d: transitions (-statistics +told):\n%s", seed, diff)
		}
		if misclicks != 2*s.Misclicks {
			t.Errorf("seed %d: %d events are told to be mis-clicks, want two for each of %d", seed, misclicks, s.Misclicks)
		}
	}
}
