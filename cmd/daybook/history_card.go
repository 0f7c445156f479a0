package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"daybook"
	"daybook/canvas"
	"daybook/internal/printable"
	"daybook/learning"
	"daybook/learning/history"
)

// card prints the history of the card that is meant.
func (a *historyArgs) card(
	e env, g *globals, r *bookReader, boards *bookBoards, days daybook.Query, p learning.Palette,
) error {
	board := ""
	if a.board != "" {
		var err error
		if board, err = r.resolve(boards, a.board); err != nil {
			return err
		}
	}
	card, err := r.findCard(boards, a.what, board)
	if err != nil {
		return err
	}
	entries := slices.DeleteFunc(slices.Clone(card.Log), func(en history.Entry) bool {
		return !inDays(days, r.book.DayOf(en.Time))
	})
	if g.json {
		for _, en := range entries {
			if err := e.printJSON(entryJSON(card, en, r.book.Zone(), p, a.text)); err != nil {
				return err
			}
		}
		return nil
	}
	return e.print(cardPage(card, entries, r.book.Zone(), p, a.text))
}

// cardPage is a card's history for a person.
func cardPage(c *history.Card, entries []history.Entry, zone *time.Location, p learning.Palette, texts bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  card %s\n", printable.Line(c.Board), quoted(c.Node), printable.Line(c.ID))
	for _, en := range entries {
		fmt.Fprintf(&b, "  %s  %s\n", en.Time.In(zone).Format(time.DateTime), describeEntry(en, p))
		if texts && en.Kind == history.TextChanged && !en.LengthsOnly {
			b.WriteString(differenceLines(en.Before.Text(), en.After.Text()))
		}
	}
	if len(entries) == 0 {
		b.WriteString("  nothing happened to it on these days\n")
	}
	if !texts {
		return b.String()
	}
	title := "its text now"
	if !c.On {
		title = "its last text"
	}
	switch text := c.Node.Text(); {
	case text != "":
		fmt.Fprintf(&b, "%s:\n%s", title, indented(text))
	case lengthOf(c.Node) >= 0:
		fmt.Fprintf(&b, "%s: %s; the book has only its length\n", title, count(lengthOf(c.Node), "character"))
	default:
		fmt.Fprintf(&b, "%s: none\n", title)
	}
	return b.String()
}

func lengthOf(n canvas.Node) int {
	length := -1
	if v, ok := n.Member("text_length"); ok {
		json.Unmarshal(v, &length) // stays as it is
	}
	return length
}

func quoted(n canvas.Node) string {
	if words := shorten(printable.Line(n.Text()), 60); words != "" {
		return "“" + words + "”"
	}
	return "(no text)"
}

// describeEntry tells a person what happened, without when.
func describeEntry(en history.Entry, p learning.Palette) string {
	p = p.For(en.Board)
	color := func(n canvas.Node) string { return printable.Line(p.ColorName(codeOf(n, p))) }
	text := ""
	switch en.Kind {
	case history.Seen:
		text = "first seen, " + color(en.After)
		if en.From != "" {
			text = "seen on " + printable.Line(en.Board) + ", " + color(en.After)
		}
	case history.Added:
		text = "added, " + color(en.After)
		if en.From != "" {
			text = fmt.Sprintf("came from %s to %s, %s", printable.Line(en.From), printable.Line(en.Board), color(en.After))
		}
	case history.Removed:
		text = "removed from " + printable.Line(en.Board) + "; it was " + color(en.Before)
	case history.BoardDeleted:
		text = "deleted with its board " + printable.Line(en.Board) + "; it was " + color(en.Before)
	case history.BoardRenamed:
		text = fmt.Sprintf("board renamed: %s → %s", printable.Line(en.From), printable.Line(en.Board))
	case history.Colored:
		text = color(en.Before) + " → " + color(en.After)
	case history.TextChanged:
		before, after := en.OldLength, en.NewLength
		if !en.LengthsOnly {
			before, after = utf8.RuneCountInString(en.Before.Text()), utf8.RuneCountInString(en.After.Text())
		}
		text = "text " + grown(details{OldLength: &before, NewLength: &after})
	case history.Moved:
		text = movement(en.Before, en.After)
	default:
		if was, is := color(en.Before), color(en.After); was != is { // the codes stand in another member than color
			return was + " → " + is + observedText(en.Observed)
		}
		text = "changed: " + strings.Join(different(en.Before, en.After), ", ")
	}
	return text + observedText(en.Observed)
}

// observedText tells how it was seen what happened, if it was not as it happened.
func observedText(observed string) string {
	switch observed {
	case "late":
		return "  (while nobody watched)"
	case "git":
		return "  (from git)"
	}
	return ""
}

// codeOf returns the code of a card on a board of this palette.
func codeOf(n canvas.Node, p learning.Palette) string {
	code, _ := p.Code(n.Raw()) // one that is odd is none
	return code
}

// movement tells from where to where a card has moved, or how its size has changed.
func movement(before, after canvas.Node) string {
	pair := func(n canvas.Node, a, b, join string) string {
		va, _ := n.Member(a)
		vb, _ := n.Member(b)
		return fmt.Sprintf("%s%s%s", printable.Line(string(va)), join, printable.Line(string(vb)))
	}
	var parts []string
	if was, is := pair(before, "x", "y", ", "), pair(after, "x", "y", ", "); was != is {
		parts = append(parts, fmt.Sprintf("moved from (%s) to (%s)", was, is))
	}
	if was, is := pair(before, "width", "height", " × "), pair(after, "width", "height", " × "); was != is {
		parts = append(parts, fmt.Sprintf("resized from %s to %s", was, is))
	}
	return strings.Join(parts, ", ")
}

// different are the names of the members that differ.
func different(before, after canvas.Node) []string {
	var names []string
	for _, c := range canvas.Diff(&canvas.Board{Nodes: []canvas.Node{before}}, &canvas.Board{Nodes: []canvas.Node{after}}) {
		for _, m := range c.Members {
			names = append(names, printable.Line(m.Name))
		}
	}
	return names
}

// differenceLines shows what changed in a text, as [-what went-] and {+what came+}; lines without a change are left out.
func differenceLines(old, new string) string {
	var b strings.Builder
	for _, piece := range history.Difference(old, new) {
		text := piece.Text
		switch piece.Op {
		case history.Went:
			text = "[-" + strings.ReplaceAll(text, "\n", "-]\n[-") + "-]"
		case history.Came:
			text = "{+" + strings.ReplaceAll(text, "\n", "+}\n{+") + "+}"
		}
		b.WriteString(text)
	}
	var out strings.Builder
	left := false
	for line := range strings.SplitSeq(strings.NewReplacer("[--]", "", "{++}", "").Replace(b.String()), "\n") {
		if !strings.Contains(line, "[-") && !strings.Contains(line, "{+") {
			left = true
			continue
		}
		if left {
			out.WriteString("      …\n")
			left = false
		}
		out.WriteString("      " + printable.Line(line) + "\n")
	}
	if left && out.Len() > 0 {
		out.WriteString("      …\n")
	}
	return out.String()
}

// indented is a text as it is, but for what would move a terminal's cursor.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("  " + printable.Text(strings.TrimSuffix(line, "\r")) + "\n")
	}
	return b.String()
}

// cardEntry is an entry of a card's history in JSON.
type cardEntry struct {
	Time      string                     `json:"time"`
	Change    history.Kind               `json:"change"`
	Canvas    string                     `json:"canvas_id"`
	Node      string                     `json:"node_id"`
	From      string                     `json:"old_canvas_id,omitempty"`
	OldColor  *string                    `json:"old_color,omitempty"`
	NewColor  *string                    `json:"new_color,omitempty"`
	OldName   string                     `json:"old_color_name,omitempty"`
	NewName   string                     `json:"new_color_name,omitempty"`
	OldLength *int                       `json:"old_text_length,omitempty"`
	NewLength *int                       `json:"new_text_length,omitempty"`
	OldText   *string                    `json:"old_text,omitempty"`
	NewText   *string                    `json:"new_text,omitempty"`
	Old       map[string]json.RawMessage `json:"old,omitempty"`
	New       map[string]json.RawMessage `json:"new,omitempty"`
	Card      json.RawMessage            `json:"node,omitempty"`
	Observed  string                     `json:"observed,omitempty"`
}

func entryJSON(c *history.Card, en history.Entry, zone *time.Location, p learning.Palette, texts bool) cardEntry {
	out := cardEntry{
		Time: en.Time.In(zone).Format(daybook.TimeLayout), Change: en.Kind, Canvas: en.Board, Node: c.ID, From: en.From,
		Observed: en.Observed,
	}
	p = p.For(en.Board)
	switch en.Kind {
	case history.Seen, history.Added:
		color := codeOf(en.After, p)
		out.NewColor, out.NewName, out.Card = &color, p.ColorName(color), en.After.Raw()
	case history.Removed, history.BoardDeleted:
		color := codeOf(en.Before, p)
		out.OldColor, out.OldName, out.Card = &color, p.ColorName(color), en.Before.Raw()
	case history.Colored:
		was, is := codeOf(en.Before, p), codeOf(en.After, p)
		out.OldColor, out.NewColor, out.OldName, out.NewName = &was, &is, p.ColorName(was), p.ColorName(is)
	case history.TextChanged:
		was, is := en.Before.Text(), en.After.Text()
		before, after := en.OldLength, en.NewLength
		if !en.LengthsOnly {
			before, after = utf8.RuneCountInString(was), utf8.RuneCountInString(is)
			if texts {
				out.OldText, out.NewText = &was, &is
			}
		}
		out.OldLength, out.NewLength = &before, &after
	case history.Moved, history.Changed:
		if was, is := codeOf(en.Before, p), codeOf(en.After, p); was != is {
			out.OldColor, out.NewColor, out.OldName, out.NewName = &was, &is, p.ColorName(was), p.ColorName(is)
		}
		out.Old, out.New = map[string]json.RawMessage{}, map[string]json.RawMessage{}
		for _, name := range different(en.Before, en.After) {
			if v, ok := en.Before.Member(name); ok {
				out.Old[name] = v
			}
			if v, ok := en.After.Member(name); ok {
				out.New[name] = v
			}
		}
	}
	return out
}
