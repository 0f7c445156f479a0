package report

import (
	"fmt"
	"slices"
	"strings"

	"daybook/learning/review"
)

// listed is how many cards a list has.
const listed = 12

func (r *Report) weakPoints() section {
	s := section{title: "Weak points"}
	if r.Kind == KindBoard {
		s.title = "Blind spots"
	}
	for _, c := range r.Weak[:min(listed, len(r.Weak))] {
		s.list = append(s.list, r.cardLine(c))
	}
	if n := len(r.Weak) - listed; n > 0 {
		s.after = plain("… and %s.", count(n, "more card"))
	}
	if len(r.Weak) == 0 {
		s.text = plain("None: no card is not understood for more than 3 days, half for more than 7, or was forgotten.")
	}
	if r.Kind == KindBoard {
		if n := r.Cards[""]; n > 0 {
			s.text = plain("%s no colour that says anything of understanding.", hasHave(n))
		}
	}
	return s
}

func hasHave(n int) string {
	if n == 1 {
		return "1 card has"
	}
	return number(n) + " cards have"
}

// cardLine is a card of a list: its words, which open its board, and why it is there.
func (r *Report) cardLine(c Card) line {
	words := fit(clean(c.Words), 60)
	if words == "" {
		words = "(a card without words)"
	}
	l := line{{text: words, link: c.Link, user: true}}
	l = append(l, span{text: " – " + c.why()})
	if r.Kind != KindBoard {
		l = append(l, span{text: " · "}, user(fit(title(c.Board), 40)))
	}
	return l
}

// why says why a card is listed: that it has slipped back, or its reasons one by one.
func (c Card) why() string {
	var parts []string
	for _, w := range c.Reasons {
		ago := count(w.Days, "day")
		switch w.Why {
		case "regressed":
			when := ago + " ago"
			if w.Days == 0 {
				when = "today"
			}
			return "slipped back to " + roleName(c.Role) + " " + when
		case "due":
			text := "due for " + ago
			if w.Days == 0 {
				text = "due today"
			}
			parts = append(parts, text)
		case "not_understood":
			parts = append(parts, "not understood for "+ago)
		case "partial":
			parts = append(parts, "half understood for "+ago)
		default:
			parts = append(parts, strings.ReplaceAll(w.Why, "_", " "))
		}
	}
	return strings.Join(parts, "; ")
}

// weak reports whether a card is listed for more than being due.
func (c Card) weak() bool {
	return slices.ContainsFunc(c.Reasons, func(w Reason) bool { return w.Why != string(review.Due) })
}

// advice is what to look at today.
func (r *Report) advice() section {
	if r.Review == nil {
		return section{}
	}
	s := section{title: "To look at today"}
	next := ""
	if r.Review.Next != "" && r.Kind != KindBoard {
		next = fmt.Sprintf(" Next: %s on %s.", count(r.Review.NextCards, "card"), formatDay(r.Review.Next, "Monday, 2 January"))
	}
	var due []Card // those that are no weak points: these are listed as such
	for _, c := range r.Review.Cards {
		if !c.weak() {
			due = append(due, c)
		}
	}
	for _, c := range due[:min(listed, len(due))] {
		s.list = append(s.list, r.cardLine(c))
	}
	switch weak := len(r.Review.Cards) - len(due); {
	case len(r.Review.Cards) == 0:
		s.text = plain("Nothing is due.%s", next)
	case weak == 0:
		s.text = plain("%s.%s", count(len(due), "card"), next)
	case len(due) == 0 && weak == 1:
		s.text = plain("The weak point above.%s", next)
	case len(due) == 0:
		s.text = plain("The %s above.%s", count(weak, "weak point"), next)
	case weak == 1:
		s.text = plain("The weak point above, and %s.%s", count(len(due), "card"), next)
	default:
		s.text = plain("The %s above, and %s.%s", count(weak, "weak point"), count(len(due), "card"), next)
	}
	if n := len(due) - listed; n > 0 {
		s.after = plain("… and %s: `daybook review` lists them all.", number(n)+" more")
	}
	return s
}
