package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"daybook/internal/printable"
	"daybook/learning"
)

// proposal is which profile fits the boards best that no palette of their own is for.
type proposal struct {
	Profile string                  `json:"profile"` // "" if none is better than the present palette
	Reason  string                  `json:"reason"`
	Roles   int                     `json:"other_role"` // cards that have another role by Profile
	Fits    map[string]learning.Fit `json:"fits"`       // by profile; "present" is the present palette
}

// fewCards is below how many coloured cards no profile is proposed.
const fewCards = 10

// propose compares the profiles with the palette p of the section s. The present one stays when no other is better.
func propose(p learning.Palette, s paletteSection, changes map[learning.Change]int) proposal {
	cards := map[string]int{}
	for _, c := range s.Codes {
		cards[c.Code] = c.Cards
	}
	present := p.Fit(cards, changes)
	out := proposal{Fits: map[string]learning.Fit{"present": present}}
	switch {
	case p.Member != "":
		out.Reason = "the profiles are for colours, and here " + p.Member + " counts"
		return out
	case present.Cards == 0:
		out.Reason = "no card has a colour yet"
		return out
	}
	best := present
	for _, name := range learning.Profiles() {
		profile, _ := learning.Profile(name) // it is one of them
		f := profile.Fit(cards, changes)
		out.Fits[name] = f
		if present.Cards >= fewCards && f.Compare(best) > 0 {
			best, out.Profile = f, name
		}
	}
	switch {
	case present.Cards < fewCards:
		out.Reason = fmt.Sprintf("%s too few to tell; %d of them %s a role", coloured(present.Cards), present.Claimed,
			map[bool]string{true: "has", false: "have"}[present.Claimed == 1])
	case out.Profile == "":
		out.Reason = reasonToStay(p, present, out.Fits)
	default:
		profile, _ := learning.Profile(out.Profile)
		for code, n := range cards {
			if n > 0 && profile.Role(code) != p.Role(code) {
				out.Roles += n
			}
		}
		out.Reason = fmt.Sprintf("%s; %s would have another role", reasonToChange(present, best), count(out.Roles, "card"))
	}
	return out
}

func coloured(n int) string {
	if n == 1 {
		return "1 coloured card is"
	}
	return fmt.Sprintf("%d coloured cards are", n)
}

// leads says where the steps of a fit lead.
func leads(f learning.Fit) string {
	return fmt.Sprintf("%d forwards and %d back", f.Forwards, f.Steps-f.Forwards)
}

func reasonToChange(present, best learning.Fit) string {
	steps := fmt.Sprintf("the changes so far lead %s by it, by this palette %s", leads(best), leads(present))
	roles := fmt.Sprintf("it gives %d of %d coloured cards a role, this palette %d", best.Claimed, best.Cards, present.Claimed)
	switch {
	case best.Claimed == present.Claimed:
		return steps
	case best.Steps < learning.FewSteps && present.Steps < learning.FewSteps:
		return roles
	}
	return steps + "; " + roles
}

func reasonToStay(p learning.Palette, present learning.Fit, fits map[string]learning.Fit) string {
	var roles, steps []string
	more := false
	for _, name := range learning.Profiles() {
		if f := fits[name]; name != p.Name {
			roles = append(roles, fmt.Sprintf("by %s %d", name, f.Claimed))
			steps = append(steps, fmt.Sprintf("by %s %s", name, leads(f)))
			more = more || f.Claimed > present.Claimed
		}
	}
	if more { // what happened speaks against it
		return fmt.Sprintf("the changes so far lead %s (%s)", leads(present), strings.Join(steps, ", "))
	}
	return fmt.Sprintf("%d of %d coloured cards have a role (%s)", present.Claimed, present.Cards, strings.Join(roles, ", "))
}

// paletteDefault is where a palette comes from that no file names.
const paletteDefault = "the default; `daybook palette --init` writes a file to change it"

// palettePage is the palette for a person; from is where it comes from if not from a file.
func palettePage(r paletteReport, from string, colors bool) string {
	var p page
	if r.File != nil {
		from = printable.Line(*r.File)
	}
	fmt.Fprintf(&p, "%s (%s)\n", printable.Line(r.Palette), from)
	fmt.Fprintf(&p, "Pauses up to %s count as study.\n", duration(r.IdleGap.Duration()))
	for i, s := range r.Sections {
		title := "All boards"
		switch {
		case i > 0:
			title = printable.Line(strings.Join(s.Paths, ", "))
		case len(r.Sections) > 1:
			title = "All other boards"
		}
		if s.Member != "color" {
			title += ", by " + printable.Line(s.Member)
		}
		fmt.Fprintf(&p, "\n%s (%s)\n", title, count(s.Boards, "board"))
		writeCodes(&p, s.Codes, colors)
		if s.Member != "color" {
			fmt.Fprintf(&p, "  Cards of which nothing was told since their board was first seen are not counted.\n")
		}
	}
	if len(r.Unclaimed) > 0 {
		fmt.Fprintf(&p, "\nIn use, and without a role:\n")
		for _, c := range r.Unclaimed {
			fmt.Fprintf(&p, "  %s  %s on %s\n", pad(printable.Line(c.Code), 9), count(c.Cards, "card"), someOf(c.Boards, 3))
		}
	}
	for _, pattern := range r.Unmatched {
		fmt.Fprintf(&p, "\nNo board matches %q.\n", printable.Line(pattern))
	}
	if r.Proposal.Profile == "" {
		fmt.Fprintf(&p, "\nNo profile fits better: %s.\n", printable.Line(r.Proposal.Reason))
	} else {
		fmt.Fprintf(&p, "\nThe profile %s fits better: %s.\n", r.Proposal.Profile, printable.Line(r.Proposal.Reason))
	}
	return p.String()
}

func writeCodes(p *page, codes []paletteCode, colors bool) {
	if len(codes) == 0 {
		fmt.Fprintln(p, "  no codes")
	}
	widest := 6
	for _, c := range codes {
		widest = max(widest, utf8.RuneCountInString(printable.Line(c.Name)))
	}
	for _, c := range codes {
		code, role := printable.Line(c.Code), string(c.Role)
		if c.Code == "" {
			code = "none"
		}
		name := printable.Line(c.Name)
		if c.Name == c.Code || c.Code == "" {
			name = ""
		}
		line := fmt.Sprintf("  %s%s  %s  %-14s %5d", swatch(c, colors), pad(code, 9), pad(name, widest), role, c.Cards)
		fmt.Fprintln(p, strings.TrimRight(line, " "))
	}
}

// pad fills text up to n characters.
func pad(text string, n int) string {
	return text + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(text)))
}

// someOf names the first n of a list, and how many more there are.
func someOf(list []string, n int) string {
	var names []string
	for _, name := range list[:min(n, len(list))] {
		names = append(names, printable.Line(name))
	}
	text := strings.Join(names, ", ")
	if more := len(list) - n; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// colorsShown reports whether stdout is a terminal that may be given colours: https://no-color.org
func colorsShown(e env) bool {
	return isTerminal(e.stdout) && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb"
}

// swatch is a patch of a code's colour with a space behind it, if colours are shown and it is known: of a hex code itself,
// else what its name says, else what Obsidian shows for it.
func swatch(c paletteCode, colors bool) string {
	if !colors {
		return ""
	}
	rgb, ok := hexColor(c.Code)
	if !ok {
		rgb, ok = namedColors()[cmp.Or(strings.ToLower(c.Name), c.Code)]
	}
	if !ok {
		rgb, ok = namedColors()[c.Code]
	}
	if !ok {
		return "   "
	}
	return fmt.Sprintf("\x1b[48;2;%d;%d;%dm  \x1b[0m ", rgb>>16&0xff, rgb>>8&0xff, rgb&0xff)
}

func hexColor(code string) (rgb uint32, ok bool) {
	digits, ok := strings.CutPrefix(code, "#")
	if !ok || len(digits) != 6 && len(digits) != 8 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits[:6], 16, 32)
	return uint32(n), err == nil
}

// namedColors are the colours of names and, where a name says nothing, of JSON Canvas's codes.
func namedColors() map[string]uint32 {
	return map[string]uint32{
		"red": 0xe5484d, "orange": 0xf28c28, "yellow": 0xe8c531, "green": 0x3fb950, "cyan": 0x39c5cf, "blue": 0x4493f8,
		"purple": 0xa371f7, "pink": 0xf778ba, "grey": 0x8b949e, "gray": 0x8b949e, "amber": 0xffbf00, "brown": 0x9a6b3f,
		"black": 0x24292f, "white": 0xf0f6fc,
		"1": 0xe5484d, "2": 0xf28c28, "3": 0xe8c531, "4": 0x3fb950, "5": 0x39c5cf, "6": 0xa371f7,
	}
}
