package main

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"daybook"
	"daybook/internal/printable"
	"daybook/learning"
	"daybook/learning/review"
)

// reviewPage is what is printed of a day's review.
type reviewPage struct {
	today   review.Today
	palette learning.Palette
	vault   string // the vault's name in Obsidian, "" if the book is in none
	board   string // the only board that is asked for, "" if all are
	limit   int    // 0 is none
}

// text is the page for a person.
func (p reviewPage) text() string {
	var b strings.Builder
	day, err := time.Parse(time.DateOnly, p.today.Day)
	if err != nil {
		panic(err) // review writes days so
	}
	items := p.today.Items
	if len(items) == 0 {
		return p.nothing(day)
	}
	fmt.Fprintf(&b, "%s: %s to look at\n", day.Format("Monday, 2006-01-02"), count(len(items), "card"))
	if p.limit > 0 && len(items) > p.limit {
		items = items[:p.limit]
	}
	for i, it := range items {
		words := "(no text)"
		if it.Words != "" {
			words = shorten(printable.Line(it.Words), 70)
		}
		fmt.Fprintf(&b, "\n%3d. %s\n     %s\n", i+1, words, p.why(it))
		fmt.Fprintf(&b, "     %s  card %s\n", printable.Line(it.Canvas), printable.Line(it.Card))
		if link := p.link(it.Canvas); link != "" {
			fmt.Fprintf(&b, "     %s\n", link)
		}
	}
	if more := len(p.today.Items) - len(items); more > 0 {
		fmt.Fprintf(&b, "\n     and %s (--limit 0 lists all)\n", count(more, "more card"))
	}
	fmt.Fprintln(&b)
	for _, t := range p.today.Boards {
		if t.Listed > 0 {
			fmt.Fprintf(&b, "%5d  %s: %s\n", t.Listed, printable.Line(t.Canvas), totals(t))
		}
	}
	return b.String()
}

// nothing is the page of a day without cards to look at.
func (p reviewPage) nothing(day time.Time) string {
	text := fmt.Sprintf("%s: nothing to look at today. Well done.\n", day.Format("Monday, 2006-01-02"))
	learned, snoozed := 0, 0
	for _, t := range p.today.Boards {
		learned, snoozed = learned+t.Learned, snoozed+t.Snoozed
	}
	switch {
	case snoozed > 0:
		text += fmt.Sprintf("%s put off.\n", count(snoozed, "card"))
	case learned == 0:
		text += "A card comes here when it gets a colour that means understood, or understood in part (`daybook palette`).\n"
	}
	if p.today.Next != "" && p.board == "" {
		text += fmt.Sprintf("The next: %s on %s.\n", count(p.today.NextCards, "card"), p.today.Next)
	}
	return text
}

// why tells the reasons for which a card is listed.
func (p reviewPage) why(it review.Item) string {
	palette := p.palette.For(it.Canvas)
	var parts []string
	for _, r := range it.Reasons {
		switch r.Why {
		case review.Regressed:
			parts = append(parts, fmt.Sprintf("went back on %s: %s → %s", r.Since,
				printable.Line(palette.ColorName(it.From)), printable.Line(palette.ColorName(it.Code))))
		case review.Due:
			text := "due today"
			if r.Days > 0 {
				text = fmt.Sprintf("due since %s (%s)", r.Since, count(r.Days, "day"))
			}
			parts = append(parts, text)
		case review.NotUnderstood:
			parts = append(parts, fmt.Sprintf("not understood for %s", count(r.Days, "day")))
		case review.Partial:
			parts = append(parts, fmt.Sprintf("half understood for %s", count(r.Days, "day")))
		}
	}
	return strings.Join(parts, "; ")
}

// totals tells what there is to look at on one board.
func totals(t review.Total) string {
	var parts []string
	for _, w := range []struct {
		why  review.Why
		text string
	}{
		{review.Regressed, "went back"},
		{review.Due, "due"},
		{review.NotUnderstood, "not understood"},
		{review.Partial, "half understood"},
	} {
		if n := t.Reasons[w.why]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, w.text))
		}
	}
	if t.Snoozed > 0 {
		parts = append(parts, fmt.Sprintf("%d put off", t.Snoozed))
	}
	return strings.Join(parts, ", ")
}

// link opens a board in Obsidian.
func (p reviewPage) link(canvas string) string {
	file := boardFile(canvas)
	if p.vault == "" || file == "" {
		return ""
	}
	return "obsidian://open?vault=" + encoded(p.vault) + "&file=" + encoded(file)
}

// boardFile returns the path of a board in the vault; "" for a canvas_id that is none.
func boardFile(canvas string) string {
	apart, ok := strings.CutPrefix(canvas, "./") // docs/format.md, "Names"
	if !ok {
		return canvas
	}
	file, err := url.PathUnescape(apart)
	if err != nil {
		return ""
	}
	return file
}

// encoded is text as it stands in a link's query: a space is %20, for Obsidian takes a + for itself.
func encoded(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// vaultName returns the name that Obsidian has for the vault of a book, that of its folder; "" for a book that is in none.
func vaultName(book *daybook.Book) string {
	if filepath.Base(book.Dir()) != daybook.VaultDir {
		return ""
	}
	name := filepath.Base(filepath.Dir(book.Dir()))
	if name == "." || name == string(filepath.Separator) {
		return ""
	}
	return name
}

// reviewItem is a card to look at, in JSON.
type reviewItem struct {
	Card    string         `json:"node_id"`
	Canvas  string         `json:"canvas_id"`
	Words   string         `json:"words"`
	Color   string         `json:"color"`
	Name    string         `json:"color_name"`
	Role    learning.Role  `json:"role"`
	Reasons []reviewReason `json:"reasons"`
	Due     string         `json:"due,omitempty"`
	Link    string         `json:"link,omitempty"`
}

type reviewReason struct {
	Why   review.Why `json:"why"`
	Since string     `json:"since"`
	Days  int        `json:"days"`
}

// reviewTotals is the last object of the JSON.
type reviewTotals struct {
	Date   string        `json:"date"`
	Cards  int           `json:"cards"`
	Next   string        `json:"next,omitempty"`
	Ahead  int           `json:"next_cards,omitempty"`
	Boards []reviewTotal `json:"boards"`
}

type reviewTotal struct {
	Canvas  string             `json:"canvas_id"`
	Cards   int                `json:"cards"`
	Reasons map[review.Why]int `json:"reasons"`
	Learned int                `json:"learned"`
	Snoozed int                `json:"snoozed"`
}

// printJSON prints an object for each card and then the totals.
func (p reviewPage) printJSON(e env, limit int) error {
	items := p.today.Items
	if limit > 0 && len(items) > limit {
		items = items[:limit]
	}
	for _, it := range items {
		out := reviewItem{
			Card: it.Card, Canvas: it.Canvas, Words: shorten(printable.Line(it.Words), 80), Color: it.Code,
			Name: p.palette.For(it.Canvas).ColorName(it.Code), Role: it.Role, Due: it.Due, Link: p.link(it.Canvas),
		}
		for _, r := range it.Reasons {
			out.Reasons = append(out.Reasons, reviewReason(r))
		}
		if err := e.printJSON(out); err != nil {
			return err
		}
	}
	out := reviewTotals{
		Date: p.today.Day, Cards: len(p.today.Items), Next: p.today.Next, Ahead: p.today.NextCards,
		Boards: []reviewTotal{},
	}
	for _, t := range p.today.Boards {
		out.Boards = append(out.Boards, reviewTotal{t.Canvas, t.Listed, t.Reasons, t.Learned, t.Snoozed})
	}
	return e.printJSON(out)
}

// describeNote tells a person of what --done or --snooze has stored.
func describeNote(words, what string) string {
	return fmt.Sprintf("%s: %s\n", cmp.Or(words, "(no text)"), what)
}
