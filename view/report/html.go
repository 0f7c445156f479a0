package report

import (
	"fmt"
	"strings"

	"daybook/internal/printable"
)

// pageStyle is the style of the page around the pictures.
const pageStyle = `:root{color-scheme:light dark}body{margin:0 auto;padding:24px 16px 64px;max-width:760px;background:#f6f8fa;color:#1f2328;
font:15px/1.5 -apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif}
h1{font-size:26px;line-height:1.25;margin:8px 0 0;overflow-wrap:anywhere}h1+p{margin:2px 0 20px;color:#59636e}h2{font-size:18px;margin:30px 0 8px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:4px 22px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid #d8dee4}
td+td,th+th{text-align:right}th{font-weight:normal;color:#59636e}svg{display:block;max-width:100%;height:auto;margin:10px 0}
ul{padding-left:20px}li{margin:3px 0;overflow-wrap:anywhere}a{color:#0b5cad;text-decoration:none}a:hover{text-decoration:underline}code{font-size:13px}
.fine{color:#59636e}
@media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}h1+p,th,.fine{color:#9da7b1}td,th{border-color:#30363d}a{color:#6cb1ff}}
@media print{body{background:#fff;max-width:none}h2{break-after:avoid}svg,li{break-inside:avoid}}`

// HTML returns the report as one page that needs nothing else: no script, no picture of its own, no network. It is
// well-formed XML, too.
func (r *Report) HTML() string {
	var b strings.Builder
	plainHeading := ""
	for _, s := range r.heading() {
		plainHeading += s.text
	}
	fmt.Fprintf(&b, `<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>%s</title>
<style>%s
%s</style>
</head>
<body>
<h1>%s</h1>
<p>%s</p>
`, escapeXML(plainHeading), pageStyle, style, markup(r.heading()), escapeXML(r.subheading()))
	for _, s := range r.sections() {
		if s.title != "" {
			fmt.Fprintf(&b, "<h2>%s</h2>\n", escapeXML(s.title))
		}
		if s.text != nil {
			fmt.Fprintf(&b, "<p>%s</p>\n", markup(s.text))
		}
		s.table.markup(&b)
		if s.picture != nil {
			b.WriteString(s.picture.svg(false))
		}
		for i, l := range s.list {
			if i == 0 {
				b.WriteString("<ul>\n")
			}
			fmt.Fprintf(&b, "<li>%s</li>\n", markup(l))
			if i == len(s.list)-1 {
				b.WriteString("</ul>\n")
			}
		}
		if s.after != nil {
			fmt.Fprintf(&b, "<p class=\"fine\">%s</p>\n", markup(s.after))
		}
	}
	b.WriteString("</body>\n</html>\n")
	return printable.Text(b.String())
}

func (t table) markup(b *strings.Builder) {
	if len(t.rows) == 0 {
		return
	}
	b.WriteString("<table>\n")
	if t.head != nil {
		b.WriteString("<tr>")
		for _, h := range t.head {
			fmt.Fprintf(b, "<th>%s</th>", escapeXML(h))
		}
		b.WriteString("</tr>\n")
	}
	for _, row := range t.rows {
		b.WriteString("<tr>")
		for _, c := range row {
			fmt.Fprintf(b, "<td>%s</td>", markup(c))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
}

func markup(l line) string {
	var b strings.Builder
	for _, s := range l {
		text := escapeXML(s.text)
		if !s.user { // commands that are named
			for i := 0; strings.Count(text, "`") > 1; i++ {
				text = strings.Replace(text, "`", "<code>", 1)
				text = strings.Replace(text, "`", "</code>", 1)
			}
		}
		if s.user {
			text = "<bdi>" + text + "</bdi>"
		}
		if s.bold {
			text = "<b>" + text + "</b>"
		}
		if s.link != "" {
			text = fmt.Sprintf(`<a href="%s">%s</a>`, escapeXML(s.link), text)
		}
		b.WriteString(text)
	}
	return b.String()
}
