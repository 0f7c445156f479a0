package report

import (
	"encoding/xml"
	"fmt"
	"strings"

	"daybook/internal/printable"
	"daybook/learning"
)

// picture draws one SVG. Its measures are pixels at the size that it is meant to be seen in.
type picture struct {
	id            string // what its patterns' names begin with: several pictures may stand on one page
	width, height float64
	title         string // what it shows, for who cannot see it
	body          strings.Builder
}

// The measures of all pictures.
const (
	pictureWidth = 760.0
	margin       = 16.0
	small        = 12.0 // the height of letters
)

func newPicture(id, title string, height float64) *picture {
	return &picture{id: id, width: pictureWidth, height: height, title: title}
}

// add writes a piece of SVG. Texts of the user's come through text alone.
func (p *picture) add(format string, args ...any) { fmt.Fprintf(&p.body, format+"\n", args...) }

// text writes a text with its left end, its middle or its right end (start, middle, end) at a place.
func (p *picture) text(x, y float64, anchor, class, text string) {
	p.add(`<text x="%s" y="%s" text-anchor="%s" class="%s">%s</text>`, px(x), px(y), anchor, class, escapeXML(text))
}

// box draws a rectangle, with a text that is shown where the pointer rests.
func (p *picture) box(x, y, w, h, round float64, class, tip string) {
	p.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="%s" class="%s"><title>%s</title></rect>`,
		px(x), px(y), px(w), px(h), px(round), class, escapeXML(tip))
}

func (p *picture) line(x1, y1, x2, y2 float64, class string) {
	p.add(`<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"/>`, px(x1), px(y1), px(x2), px(y2), class)
}

// area fills a shape twice: with the colour of a role, and with its pattern, for who does not see the colour.
func (p *picture) area(path string, r learning.Role, tip string) {
	p.add(`<g><title>%s</title><path d="%s" class="f-%s"/><path d="%s" fill="url(#%s-%s)"/></g>`,
		escapeXML(tip), path, class(r), path, p.id, class(r))
}

// swatch is a square of a role's colour, for legends.
func (p *picture) swatch(x, y, size float64, r learning.Role) {
	p.area(fmt.Sprintf("M%s %sh%sv%sh-%sz", px(x), px(y), px(size), px(size), px(size)), r, roleName(r))
}

// class is what a role is called in the style.
func class(r learning.Role) string {
	switch r {
	case learning.NotUnderstood:
		return "red"
	case learning.Partial:
		return "purple"
	case learning.Mastered:
		return "green"
	case learning.Explanation:
		return "blue"
	case learning.OwnWords:
		return "yellow"
	}
	return "none"
}

// roleName is a role for people.
func roleName(r learning.Role) string {
	switch r {
	case learning.NotUnderstood:
		return "not understood"
	case learning.Partial:
		return "half understood"
	case learning.Mastered:
		return "mastered"
	case learning.Explanation:
		return "explanations"
	case learning.OwnWords:
		return "own words"
	}
	return "other"
}

// cardsOf writes how many cards there are of a role.
func cardsOf(n int, r learning.Role) string {
	name := roleName(r)
	if n == 1 && r == learning.Explanation {
		name = "explanation"
	}
	return number(n) + " " + name
}

// roles are all roles as they are stacked, from the bottom; no role comes last.
func roles() []learning.Role {
	return []learning.Role{
		learning.Mastered, learning.Partial, learning.NotUnderstood, learning.OwnWords, learning.Explanation, "",
	}
}

// style is the same for all pictures: light, or dark where the reader's system is. The background is part of it, so that a
// picture can be read wherever it is shown.
const style = `.bg{fill:#fff;stroke:#d8dee4}.ink{fill:#1f2328}.soft{fill:#59636e}.head{font-weight:600}
text{font:12px -apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif}text.big{font-size:14px}
.grid{stroke:#d8dee4}.axis{stroke:#8c959f}.curve{fill:none;stroke:#1a7f4e;stroke-width:2.5;stroke-linejoin:round}
.dot{fill:#1a7f4e}.ghost{fill:#c9d1d9}.bar{fill:#3c7dc4}
.f-red{fill:#d64545}.f-purple{fill:#9a6fe0}.f-green{fill:#2e9461}.f-blue{fill:#5b9be6}.f-yellow{fill:#e3b52c}.f-none{fill:#c4ccd4}
.mark{stroke:#fff;stroke-opacity:.55;stroke-width:1.6;fill:none}.spot{fill:#fff;fill-opacity:.6}
.h0{fill:#eceff2}.h1{fill:#bcd9f2}.h2{fill:#7fb5e4}.h3{fill:#3c85c9}.h4{fill:#174f8a}.today{fill:none;stroke:#1f2328;stroke-width:1.5}
@media (prefers-color-scheme:dark){.bg{fill:#161b22;stroke:#30363d}.ink{fill:#e6edf3}.soft{fill:#9da7b1}.grid{stroke:#2d343c}
.axis{stroke:#6e7681}.curve{stroke:#4cc38a}.dot{fill:#4cc38a}.ghost{fill:#3d444d}.bar{fill:#5b9be6}
.f-red{fill:#e5625e}.f-purple{fill:#a884f0}.f-green{fill:#3fae78}.f-blue{fill:#4f8fdc}.f-yellow{fill:#dcb040}.f-none{fill:#545d68}
.mark{stroke:#0d1117;stroke-opacity:.5}.spot{fill:#0d1117;fill-opacity:.55}
.h0{fill:#22282f}.h1{fill:#1b3a58}.h2{fill:#23629c}.h3{fill:#3f93dc}.h4{fill:#a5d4ff}.today{stroke:#e6edf3}}`

// patterns are what tells roles apart without their colours: stripes that rise for not understood, dots for half
// understood, nothing for mastered, lines that lie for explanations, lines that stand for own words.
func (p *picture) patterns() string {
	one := func(r learning.Role, size int, inside string) string {
		return fmt.Sprintf(`<pattern id="%s-%s" width="%d" height="%d" patternUnits="userSpaceOnUse">%s</pattern>`,
			p.id, class(r), size, size, inside)
	}
	return "<defs>" +
		one(learning.NotUnderstood, 7, `<path class="mark" d="M-1 8L8 -1M-1 1L1 -1M6 8L8 6"/>`) +
		one(learning.Partial, 7, `<circle class="spot" cx="2" cy="2" r="1.2"/><circle class="spot" cx="5.5" cy="5.5" r="1.2"/>`) +
		one(learning.Mastered, 7, "") +
		one(learning.Explanation, 6, `<path class="mark" d="M0 3H6"/>`) +
		one(learning.OwnWords, 6, `<path class="mark" d="M3 0V6"/>`) +
		one("", 7, "") + "</defs>"
}

// svg returns the picture: as a file of its own, or as a part of a page that has the style already.
func (p *picture) svg(alone bool) string {
	css := ""
	if alone {
		css = "<style>" + style + "</style>\n"
	}
	return printable.Text(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" role="img">
<title>%s</title>
%s%s
<rect x="0.5" y="0.5" width="%s" height="%s" rx="8" class="bg"/>
%s</svg>
`, px(p.width), px(p.height), escapeXML(p.title), css, p.patterns(), px(p.width-1), px(p.height-1), p.body.String()))
}

// px writes a measure.
func px(f float64) string {
	text := fmt.Sprintf("%.1f", f)
	if text = strings.TrimSuffix(text, ".0"); text == "-0" {
		return "0"
	}
	return text
}

// escapeXML is text between tags or in an attribute.
func escapeXML(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
