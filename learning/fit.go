package learning

import "cmp"

// Change is a change of a card from one code to another.
type Change struct{ Old, New string }

// Fit is how well a palette fits what boards hold and what happened on them.
type Fit struct {
	Cards    int `json:"cards"`    // coloured cards
	Claimed  int `json:"claimed"`  // those whose code has a role
	Steps    int `json:"steps"`    // changes that are steps of understanding
	Forwards int `json:"forwards"` // those that lead forwards
}

// Fit returns how well p, by its Colors alone, fits the cards of each code and the changes that there were.
func (p Palette) Fit(cards map[string]int, changes map[Change]int) Fit {
	var f Fit
	for code, n := range cards {
		if code == "" || n <= 0 {
			continue
		}
		f.Cards += n
		if p.Role(code) != "" {
			f.Claimed += n
		}
	}
	for c, n := range changes {
		switch p.stepOf(c.Old, c.New) {
		case noStep:
		case Regressed:
			f.Steps += n
		default:
			f.Steps += n
			f.Forwards += n
		}
	}
	return f
}

// FewSteps is below how many steps a fit says nothing about the direction in which the colours lead.
const FewSteps = 5

// Net returns how many more of the steps lead forwards than back.
func (f Fit) Net() int { return 2*f.Forwards - f.Steps }

// Compare orders two fits of the same cards and changes: the better one is greater. What the learner did comes first: a
// greater Net is better, for people learn more than they forget; then more cards with a role. The Net of fewer than
// FewSteps steps only decides between fits that are equal otherwise.
func (f Fit) Compare(g Fit) int {
	return cmp.Or(cmp.Compare(f.spoken(), g.spoken()), cmp.Compare(f.Claimed, g.Claimed), cmp.Compare(f.Net(), g.Net()))
}

// spoken returns Net, 0 if there are too few steps.
func (f Fit) spoken() int {
	if f.Steps < FewSteps {
		return 0
	}
	return f.Net()
}
