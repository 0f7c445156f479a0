package report

import (
	"fmt"
	"strings"

	"daybook/internal/printable"
)

// Markdown returns the report as Markdown, with its pictures as links to files beside it (Pictures).
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", markdown(r.heading()), r.subheading())
	for _, s := range r.sections() {
		if s.title != "" {
			fmt.Fprintf(&b, "\n## %s\n", s.title)
		}
		if s.text != nil {
			fmt.Fprintf(&b, "\n%s\n", markdown(s.text))
		}
		s.table.markdown(&b)
		if s.picture != nil {
			fmt.Fprintf(&b, "\n![%s](%s)\n", escapeMarkdown(s.picture.title), percent(r.pictureFile(s.picture)))
		}
		for i, l := range s.list {
			if i == 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "- %s\n", markdown(l))
		}
		if s.after != nil {
			fmt.Fprintf(&b, "\n%s\n", markdown(s.after))
		}
	}
	return printable.Text(b.String())
}

func (t table) markdown(b *strings.Builder) {
	if len(t.rows) == 0 {
		return
	}
	head := t.head
	if head == nil {
		head = make([]string, len(t.rows[0]))
	}
	fmt.Fprintf(b, "\n| %s |\n|%s\n", strings.Join(head, " | "), "---|"+strings.Repeat("--:|", len(head)-1))
	for _, row := range t.rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, markdown(c))
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

func markdown(l line) string {
	var b strings.Builder
	for _, s := range l {
		text := s.text
		if s.user || s.link != "" {
			text = escapeMarkdown(text)
		}
		if s.bold {
			text = "**" + text + "**"
		}
		if s.link != "" {
			text = "[" + text + "](" + s.link + ")"
		}
		b.WriteString(text)
	}
	return b.String()
}

// escapeMarkdown is a text of which nothing means anything in Markdown, nor in Obsidian's.
func escapeMarkdown(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 && strings.ContainsRune("\\`*_[]<>#|~=^$%&!{}@", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	out := b.String()
	// An address would be made a link: http\://.
	return strings.ReplaceAll(out, "://", `\://`)
}
