package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"daybook/internal/printable"
	"daybook/learning"
	"daybook/source/vault"
)

// describe tells a person of one recorded event: when, on which board, on which card, and what has changed.
func describe(r vault.Recorded, p learning.Palette) string {
	var b strings.Builder
	b.WriteString(r.Event.Time().Format("15:04:05"))
	b.WriteString("  " + printable.Line(r.CanvasID))
	if r.Words != "" {
		fmt.Fprintf(&b, "  “%s”", shorten(printable.Line(r.Words), 40))
	}
	b.WriteString("  " + whatChanged(r, p))
	if r.Late {
		b.WriteString("  (while nobody watched)")
	}
	return b.String()
}

// details are the members of an event's details that people are told of.
type details struct {
	Nodes       int                        `json:"nodes"`
	Edges       int                        `json:"edges"`
	OldCanvasID string                     `json:"old_canvas_id"`
	Reason      string                     `json:"reason"`
	OldText     *string                    `json:"old_text"`
	NewText     *string                    `json:"new_text"`
	OldLength   *int                       `json:"old_text_length"`
	NewLength   *int                       `json:"new_text_length"`
	Old         map[string]json.RawMessage `json:"old"`
	New         map[string]json.RawMessage `json:"new"`
	Reverted    bool                       `json:"reverted"`
}

// whatChanged tells it by the palette of the board.
func whatChanged(r vault.Recorded, p learning.Palette) string {
	var d details
	if raw, ok := r.Event.Member("details"); ok {
		json.Unmarshal(raw, &d) // what cannot be read is not told
	}
	text := otherwise(r, d)
	if change, ok := p.Change(learning.ParseEvent(r.Event.Time(), r.Event.Member)); ok { // in whatever member colours stand
		text = fmt.Sprintf("%s → %s", p.ColorName(change.Old), p.ColorName(change.New))
	}
	if d.Reverted {
		text += " (as it was before)"
	}
	return text
}

// otherwise tells what has changed where that is no colour of the palette.
func otherwise(r vault.Recorded, d details) string {
	switch r.Type {
	case "canvas_created":
		return fmt.Sprintf("new board: %s, %s", count(d.Nodes, "card"), count(d.Edges, "edge"))
	case "canvas_renamed":
		return "renamed from " + printable.Line(d.OldCanvasID)
	case "canvas_deleted":
		return fmt.Sprintf("board deleted: it had %s", count(d.Nodes, "card"))
	case "canvas_unreadable":
		return "cannot be read: " + printable.Line(d.Reason)
	case "node_color_change":
		return "changed: color"
	case "node_text_change":
		return "text " + grown(d)
	case "node_moved":
		if !slices.ContainsFunc([]string{"x", "y"}, func(m string) bool { return d.New[m] != nil || d.Old[m] != nil }) {
			return "resized"
		}
		return "moved"
	case "node_changed":
		return "changed: " + strings.Join(members(d), ", ")
	case "edge_changed":
		return "edge changed: " + strings.Join(members(d), ", ")
	}
	// node_added, node_removed, edge_added, edge_removed
	return strings.Replace(strings.ReplaceAll(r.Type, "_", " "), "node ", "card ", 1)
}

// grown tells how a text has changed, in characters.
func grown(d details) string {
	length := func(text *string, n *int) int {
		switch {
		case n != nil:
			return *n
		case text != nil:
			return utf8.RuneCountInString(*text)
		}
		return 0
	}
	switch n := length(d.NewText, d.NewLength) - length(d.OldText, d.OldLength); {
	case n > 0:
		return fmt.Sprintf("changed: %s more", count(n, "character"))
	case n < 0:
		return fmt.Sprintf("changed: %s fewer", count(-n, "character"))
	}
	return "changed: as long as before"
}

// members are the names of the members that differ.
func members(d details) []string {
	var names []string
	for _, side := range []map[string]json.RawMessage{d.Old, d.New} {
		for name := range side {
			if !slices.Contains(names, name) {
				names = append(names, printable.Line(name))
			}
		}
	}
	slices.Sort(names)
	return names
}

// shorten cuts text to at most n characters, never inside one.
func shorten(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:n-1])) + "…"
}

// shortenMiddle cuts text to at most n characters and keeps both ends: an error has the file at its beginning, and the
// reason at its end.
func shortenMiddle(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return shorten(text, n*2/3) + string(runes[len(runes)-n/3:])
}

// duration writes a length of time as people do: 0.4 s, 25 s, 1 min 5 s, 2 h 10 min.
func duration(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return strings.TrimSuffix(fmt.Sprintf("%d min %d s", s/60, s%60), " 0 s")
	}
	return strings.TrimSuffix(fmt.Sprintf("%d h %d min", s/3600, s/60%60), " 0 min")
}
