package report_test

import (
	"strings"
	"testing"

	"daybook/learning"
	"daybook/view/report"
)

// withTexts is a report in which the user's texts are these.
func withTexts(kind report.Kind, board, words, name string) *report.Report {
	card := report.Card{
		Board: board, Words: words, Role: learning.Partial, Link: "obsidian://open?vault=V&file=F",
		Reasons: []report.Reason{{Why: "partial", Since: "2025-11-01", Days: 9}},
	}
	due := card
	due.Reasons = []report.Reason{{Why: "due", Since: "2025-11-08"}}
	days := []report.Day{{Day: "2025-11-08", Events: 5, Active: 9e9, Cards: map[learning.Role]int{"": 1, learning.Partial: 2}}}
	return &report.Report{
		Kind: kind, Name: "r", Vault: words, Board: board, Names: []string{words},
		From: "2025-11-08", To: "2025-11-08", Today: "2025-11-08",
		Figures:      report.Figures{Events: 5, Steps: map[learning.StepKind]int{learning.Improving: 1}},
		Boards:       []report.Board{{Board: board, Events: 5}},
		Cards:        days[0].Cards,
		Transitions:  []report.Transition{{From: name, To: words, Count: 2, ToRole: learning.Mastered}, {From: words, To: name, Count: 1}},
		Explanations: []report.Count{{Name: name, Count: 1}},
		Course:       days, Year: days,
		Review: &report.Review{Cards: []report.Card{card, due}}, Weak: []report.Card{card},
	}
}

// FuzzTexts: whatever boards are called and cards say, the page and the pictures are well-formed XML, and the Markdown
// has the lines that it has with harmless texts, each beginning as there.
func FuzzTexts(f *testing.F) {
	f.Add("a.canvas", "words", "red")
	f.Add("<b>&\"'.canvas", "]]>\x00\x1b[31m\u202e\uffff\r\n# heading\n- item", "%%|`**")
	f.Add("👩‍🔬\xff.canvas", "مرحبا "+strings.Repeat("长", 300), "<!--\n# x")
	f.Fuzz(func(t *testing.T, board, words, name string) {
		for _, kind := range []report.Kind{report.KindDaily, report.KindWeekly, report.KindBoard} {
			r := withTexts(kind, board, words, name)
			checkWellFormed(t, r)
			if kind == report.KindWeekly {
				continue
			}
			for _, texts := range [][2]string{
				{r.Markdown(), withTexts(kind, "board", "words", "name").Markdown()},
				{r.Summary(), withTexts(kind, "board", "words", "name").Summary()},
			} {
				got, want := strings.Split(texts[0], "\n"), strings.Split(texts[1], "\n")
				if len(got) != len(want) {
					t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), texts[0])
				}
				for i := range got {
					if len(want[i]) > 2 && !strings.HasPrefix(got[i], want[i][:2]) && strings.IndexAny(want[i], "[|#-*!") == 0 {
						t.Errorf("the line %q begins otherwise than %q", got[i], want[i])
					}
				}
			}
		}
	})
}
