package report

import (
	"fmt"
	"strings"
	"time"

	"daybook/learning"
)

// section is a part of a report as Markdown and a page show it. Of its parts any may be missing; they stand in this order.
type section struct {
	title   string
	text    line
	table   table
	picture *picture
	list    []line
	after   line
}

// line is a text of pieces.
type line []span

// span is a piece of text, plain as it came: who writes it escapes it.
type span struct {
	text string
	link string // where it leads; "" for no link
	bold bool
	user bool // a text of the user's, whose direction is its own
}

// table has a name and values in each row. Without a head it has none.
type table struct {
	head []string
	rows [][]line
}

func plain(format string, args ...any) line { return line{{text: fmt.Sprintf(format, args...)}} }

func user(text string) span { return span{text: clean(text), user: true} }

// heading is what the report is called.
func (r *Report) heading() line {
	switch r.Kind {
	case KindDaily:
		return plain("%s", longDay(r.From))
	case KindWeekly:
		year, week, _ := strings.Cut(strings.TrimPrefix(r.Name, "weekly-"), "-W")
		return plain("Week %s, %s", strings.TrimPrefix(week, "0"), year)
	}
	return line{user(title(r.Board))}
}

// subheading says what days it is about.
func (r *Report) subheading() string {
	switch {
	case r.Kind == KindDaily && r.From == r.Today:
		return "Learning on this day, so far"
	case r.Kind == KindDaily:
		return "Learning on this day"
	case r.Kind == KindWeekly && r.To >= r.Today && r.From <= r.Today:
		return period(r.From, r.To) + ", so far"
	}
	return period(r.From, r.To)
}

func longDay(day string) string { return formatDay(day, "Monday, 2 January 2006") }

func formatDay(day, layout string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format(layout)
}

// period writes two days without saying a month or a year twice.
func period(from, to string) string {
	switch {
	case from == to:
		return formatDay(from, "2 January 2006")
	case from[:7] == to[:7]:
		return formatDay(from, "2") + "–" + formatDay(to, "2 January 2006")
	case from[:4] == to[:4]:
		return formatDay(from, "2 January") + " – " + formatDay(to, "2 January 2006")
	}
	return formatDay(from, "2 January 2006") + " – " + formatDay(to, "2 January 2006")
}

// sections are the parts of the report.
func (r *Report) sections() []section {
	var all []section
	add := func(s section) {
		if s.text != nil || s.table.rows != nil || s.picture != nil || s.list != nil || s.after != nil {
			all = append(all, s)
		}
	}
	if r.Empty() {
		add(section{text: r.nothing()})
		if len(r.Course) == 0 {
			return all
		}
	} else {
		add(r.overview())
		add(section{title: "When", picture: r.timePicture()})
		add(r.progress())
	}
	add(section{title: "Cards", text: r.cardsText(), picture: r.cardsPicture()})
	if !r.Empty() {
		add(section{title: "Changes of colour", picture: r.flowPicture(), text: r.noChanges()})
		if r.Kind != KindDaily {
			add(section{title: "Hours", picture: r.hoursPicture()})
		}
	}
	add(section{title: "The year", picture: r.yearPicture()})
	add(r.weakPoints())
	if !r.Empty() {
		add(r.explanations())
	}
	if r.Kind == KindBoard {
		add(r.timeline())
	}
	add(r.advice())
	if r.Damaged > 0 {
		add(section{title: "Left out", text: plain("%s of the book could not be read and did not count: "+
			"`daybook verify` names what is damaged.", count(r.Damaged, "piece"))})
	}
	return all
}

// nothing is what there is to say of a period without events.
func (r *Report) nothing() line {
	when := "on this day"
	if r.Kind != KindDaily {
		when = "in these days"
	}
	text := "Nothing was recorded " + when + "."
	if len(r.Year) == 0 && r.Kind != KindBoard {
		return plain("%s There is nothing before either: `daybook watch` records what you do on your boards.", text)
	}
	if n := len(r.Year); n > 0 {
		text += " The last day with events was " + longDay(r.Year[n-1].Day) + "."
	}
	return plain("%s", text)
}

// overview is the figures of the period.
func (r *Report) overview() section {
	s := section{title: "Overview"}
	row := func(name, value, before string) {
		cells := []line{plain("%s", name), plain("%s", value)}
		if r.Before != nil {
			cells = append(cells, plain("%s", before))
		}
		s.table.rows = append(s.table.rows, cells)
	}
	b := r.Before
	if b == nil {
		b = newFigures()
	} else {
		s.table.head = []string{"", "this week", "the week before"}
	}
	if r.Kind != KindDaily {
		row("Days with learning", number(r.Days), number(b.Days))
	}
	row("Active time", howLong(r.Active), howLong(b.Active))
	row("Sittings", r.sittingsText(), number(b.SittingsCount))
	row("Events", number(r.Events), number(b.Events))
	if r.Kind != KindBoard {
		boards := number(len(r.Boards))
		row("Boards", boards, "")
		if r.Before != nil { // the week before is known by its sums only
			s.table.rows[len(s.table.rows)-1][2] = plain("–")
		}
	}
	for _, board := range r.Boards[:min(8, len(r.Boards))] {
		text := line{
			{text: title(board.Board), link: openLink(r.Vault, board.Board), user: true},
			{text: ": " + count(board.Events, "event")},
		}
		if board.Active > 0 {
			text[1].text += ", " + howLong(board.Active)
		}
		if rate, ok := rate(board.Steps, board.Rate); ok {
			text[1].text += ", " + rate + " of the steps forwards"
		}
		s.list = append(s.list, text)
	}
	if n := len(r.Boards) - 8; n > 0 {
		s.list = append(s.list, plain("and %s", count(n, "more board")))
	}
	return s
}

func (r *Report) sittingsText() string {
	if r.Kind != KindDaily || len(r.Sittings) == 0 || len(r.Sittings) > 6 {
		return number(r.SittingsCount)
	}
	var parts []string
	for _, s := range r.Sittings {
		text := s.Start.Format("15:04")
		if end := s.End.Format("15:04"); end != text {
			text += "–" + end
		}
		parts = append(parts, text)
	}
	return number(r.SittingsCount) + " (" + strings.Join(parts, ", ") + ")"
}

// rate writes an understanding rate; not ok if there were no steps forwards or backwards.
func rate(steps map[learning.StepKind]int, rate float64) (string, bool) {
	if steps[learning.Improving]+steps[learning.MasteredNow]+steps[learning.Breakthrough]+steps[learning.Regressed] == 0 {
		return "", false
	}
	return percentage(rate), true
}

// progress is the steps of the period.
func (r *Report) progress() section {
	s := section{title: "Progress"}
	if r.Kind != KindDaily {
		s.picture = r.progressPicture()
	}
	b := r.Before
	if b != nil {
		s.table.head = []string{"", "this week", "the week before"}
	}
	row := func(name, value, before string) {
		cells := []line{plain("%s", name), plain("%s", value)}
		if b != nil {
			cells = append(cells, plain("%s", before))
		}
		s.table.rows = append(s.table.rows, cells)
	}
	for _, k := range stepKinds() {
		before := 0
		if b != nil {
			before = b.Steps[k.kind]
		}
		if r.Steps[k.kind] > 0 || before > 0 {
			row(k.name, number(r.Steps[k.kind]), number(before))
		}
	}
	now, ok := rate(r.Steps, r.Rate)
	before, okBefore := "", false
	if b != nil {
		before, okBefore = rate(b.Steps, b.Rate)
	}
	if ok || okBefore {
		dash := func(s string, ok bool) string {
			if !ok {
				return "–"
			}
			return s
		}
		row("Understanding rate", dash(now, ok), dash(before, okBefore))
	}
	if r.OwnWords != 0 || b != nil && b.OwnWords != 0 {
		value := func(n int) string { return signed(n) + " characters" }
		old := ""
		if b != nil {
			old = value(b.OwnWords)
		}
		row("Own words", value(r.OwnWords), old)
	}
	if len(s.table.rows) == 0 {
		s.text = plain("No card changed in how well it is understood.")
	}
	if r.Misclicks > 0 {
		s.after = plain("%s", misclicks(r.Misclicks))
	}
	return s
}

func misclicks(n int) string {
	if n == 1 {
		return "One change of colour was taken back within a minute and does not count."
	}
	return number(n) + " changes of colour were taken back within a minute and do not count."
}

// stepName is a kind of step for people: as a row of a table, and behind a number, one or several.
type stepName struct {
	kind      learning.StepKind
	name      string
	one, many string
}

// stepsText lists steps: "1 new question, 2 breakthroughs"; "" if there are none.
func stepsText(steps map[learning.StepKind]int) string {
	var parts []string
	for _, k := range stepKinds() {
		switch n := steps[k.kind]; {
		case n == 1:
			parts = append(parts, "1 "+k.one)
		case n > 1:
			parts = append(parts, number(n)+" "+k.many)
		}
	}
	return strings.Join(parts, ", ")
}

func stepKinds() []stepName {
	return []stepName{
		{learning.KnowledgeAdded, "New questions", "new question", "new questions"},
		{learning.Improving, "Half understood now", "half understood now", "half understood now"},
		{learning.MasteredNow, "Mastered now", "mastered now", "mastered now"},
		{learning.Breakthrough, "Breakthroughs", "breakthrough", "breakthroughs"},
		{learning.Regressed, "Steps back", "step back", "steps back"},
		{learning.OwnWordsUpdated, "Own words rewritten", "text in own words rewritten", "texts in own words rewritten"},
	}
}

// cardsText says how many cards there are.
func (r *Report) cardsText() line {
	total := 0
	var parts []string
	for _, role := range roles() {
		if n := r.Cards[role]; n > 0 {
			total += n
			parts = append(parts, cardsOf(n, role))
		}
	}
	if total == 0 {
		return plain("There are no cards.")
	}
	return plain("%s: %s.", count(total, "card"), strings.Join(parts, ", "))
}

func (r *Report) noChanges() line {
	if len(r.Transitions) > 0 {
		return nil
	}
	return plain("No card changed its colour.")
}

func (r *Report) explanations() section {
	s := section{title: "Explanations used"}
	for _, e := range r.Explanations[:min(3, len(r.Explanations))] {
		s.list = append(s.list, line{user(strings.ReplaceAll(e.Name, "-", " ")), {text: ": " + number(e.Count)}})
	}
	if n := len(r.Explanations) - 3; n > 0 {
		s.after = plain("and %s", count(n, "other kind"))
	}
	if s.list == nil {
		s.text = plain("No explanation of a known kind came.")
	}
	return s
}

// timeline is the days of a board on which most happened last.
func (r *Report) timeline() section {
	s := section{title: "Last days", table: table{head: []string{"day", "active", "events", "steps"}}}
	if len(r.Names) > 0 {
		s.text = line{{text: "It was called "}}
		for i, n := range r.Names {
			if i > 0 {
				s.text = append(s.text, span{text: ", before that "})
			}
			s.text = append(s.text, user(title(n)))
		}
		s.text = append(s.text, span{text: "."})
	}
	for i := len(r.Course) - 1; i >= 0 && len(s.table.rows) < 10; i-- {
		d := r.Course[i]
		if d.Events == 0 {
			continue
		}
		s.table.rows = append(s.table.rows, []line{
			plain("%s", formatDay(d.Day, "Mon 2 Jan 2006")), plain("%s", howLong(d.Active)), plain("%s", number(d.Events)),
			plain("%s", stepsText(d.Steps)),
		})
	}
	return s
}
