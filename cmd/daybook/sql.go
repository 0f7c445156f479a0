package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"

	"daybook"
	"daybook/view/ledger"
)

func newSQL(e env, g *globals) *cobra.Command {
	var asCSV bool
	cmd := &cobra.Command{
		Use:   "sql QUERY",
		Short: "Ask the ledger, a SQLite database of all events",
		Long: `Put a query in SQLite's SQL to the ledger, after posting to it what the book has more. It only reads: what would write
is refused.

Tables and views: events, one row per event; days and counts, figures of each day; canvas_changes, learning_events,
color_transitions, daily_stats, objects; texts, the full-text index: texts MATCH phrase('any words'). docs/format.md
says what their columns are.

It prints a table, or one JSON object per row with --json, or CSV. Any program that reads SQLite can ask ledger.db,
too.`,
		Example: `  daybook sql 'SELECT * FROM daily_stats'
  daybook sql "SELECT day, n FROM counts WHERE kind = 'label' AND name = 'person'"
  daybook sql --csv "SELECT timestamp, camera_id, line ->> '\$.llm_description' FROM events
    JOIN texts ON texts.rowid = id WHERE texts MATCH phrase('parcel') ORDER BY id DESC LIMIT 20"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("give one query, in quotes, as in: daybook sql 'SELECT * FROM daily_stats'")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if asCSV && g.json {
				return usage("choose one of them", "--csv and --json exclude each other")
			}
			palette, err := loadPalette(e, g)
			if err != nil {
				return err
			}
			return withBook(openWithViews, e, g, daybook.Options{MustExist: true}, func(book *daybook.Book) error {
				p := newPosting(e, g)
				p.opts.Palette = palette
				if err := p.beforeAsking(cmd.Context(), book); err != nil {
					return err
				}
				if err := ask(cmd.Context(), e, g, book, args[0], asCSV); err != nil {
					return err
				}
				if p.damaged > 0 {
					return damageLeftOut(p.damaged)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print CSV with a line of names")
	return cmd
}

// beforeAsking brings the ledger up to the book's end. Where it cannot be written, or somebody else is posting, the answer is
// of what is posted.
func (p *posting) beforeAsking(ctx context.Context, book *daybook.Book) error {
	_, err := p.post(ctx, book, false)
	var wrong *ledger.Error
	if errors.As(err, &wrong) && (wrong.Problem == ledger.ReadOnly || wrong.Problem == ledger.Busy || wrong.Problem == ledger.Full) {
		p.e.say("warning", "the answer may lack what was appended last: %v", err)
		return nil
	}
	return err
}

// answer prints the rows of a query.
type answer interface {
	columns(names []string) error
	row(values []any) error
	end() error
}

func ask(ctx context.Context, e env, g *globals, book *daybook.Book, query string, asCSV bool) error {
	out := bufio.NewWriterSize(e.stdout, 64<<10)
	var a answer
	switch {
	case g.json:
		a = &jsonAnswer{out: out}
	case asCSV:
		a = &csvAnswer{out: csv.NewWriter(out)}
	default:
		a = &tableAnswer{out: out}
	}
	err := ledger.Ask(ctx, book, query, a.columns, a.row)
	var wrong *ledger.QueryError
	if errors.As(err, &wrong) {
		err = usage("write one SELECT, in the SQL of SQLite; `daybook sql --help` names the tables", "%w", err)
	}
	if eerr := a.end(); err == nil {
		err = outputError(eerr)
	}
	if ferr := out.Flush(); err == nil {
		err = outputError(ferr)
	}
	return err
}

// cell returns a value as text; NULL is "".
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []byte:
		return hex.EncodeToString(v)
	}
	return fmt.Sprint(v)
}

// jsonAnswer is one object for each row.
type jsonAnswer struct {
	out   *bufio.Writer
	names [][]byte // in JSON
}

func (a *jsonAnswer) columns(names []string) error {
	used := map[string]bool{}
	for _, name := range names {
		unique := name
		for n := 2; used[unique]; n++ { // no object has two members of one name
			unique = fmt.Sprintf("%s_%d", name, n)
		}
		used[unique] = true
		a.names = append(a.names, appendJSON(nil, unique))
	}
	return nil
}

func (a *jsonAnswer) row(values []any) error {
	line := []byte{'{'}
	for i, v := range values {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(append(line, a.names[i]...), ':')
		switch v := v.(type) {
		case float64:
			if math.IsInf(v, 0) || math.IsNaN(v) {
				line = append(line, "null"...)
				continue
			}
			line = appendJSON(line, v)
		case []byte:
			line = appendJSON(line, hex.EncodeToString(v))
		default:
			line = appendJSON(line, v)
		}
	}
	_, err := a.out.Write(append(line, '}', '\n'))
	return outputError(err)
}

func (a *jsonAnswer) end() error { return nil }

func appendJSON(b []byte, v any) []byte {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a string or a finite number
	return append(b, strings.TrimSuffix(text.String(), "\n")...)
}

type csvAnswer struct{ out *csv.Writer }

func (a *csvAnswer) columns(names []string) error { return outputError(a.out.Write(names)) }

func (a *csvAnswer) row(values []any) error {
	fields := make([]string, len(values))
	for i, v := range values {
		fields[i] = cell(v)
	}
	return outputError(a.out.Write(fields))
}

func (a *csvAnswer) end() error {
	a.out.Flush()
	return a.out.Error()
}

// widened is how many rows a table's widths are taken from. Cells of later ones may be wider.
const widened = 1000

// tableAnswer is a table for people: columns are as wide as their widest cell, as a terminal shows it; numbers stand to the right.
type tableAnswer struct {
	out   *bufio.Writer
	width []int
	right []bool
	rows  [][]string // until the widths are known
	known bool
}

func (a *tableAnswer) columns(names []string) error {
	a.width, a.right = make([]int, len(names)), make([]bool, len(names))
	for i := range names {
		a.right[i] = true
	}
	a.add(names)
	return nil
}

func (a *tableAnswer) add(cells []string) {
	for i, c := range cells {
		a.width[i] = max(a.width[i], uniseg.StringWidth(c))
	}
	a.rows = append(a.rows, cells)
}

func (a *tableAnswer) row(values []any) error {
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = printable(cell(v))
		switch v.(type) {
		case nil, int64, float64:
		default:
			if !a.known {
				a.right[i] = false
			}
		}
	}
	if a.known {
		return a.print(cells)
	}
	if a.add(cells); len(a.rows) <= widened {
		return nil
	}
	return a.flush()
}

// flush prints what has waited for the widths.
func (a *tableAnswer) flush() error {
	if a.known {
		return nil
	}
	a.known = true
	rules := make([]string, len(a.width))
	for i, w := range a.width {
		rules[i] = strings.Repeat("-", w)
	}
	for i, cells := range a.rows {
		if err := a.print(cells); err != nil {
			return err
		}
		if i == 0 {
			if err := a.print(rules); err != nil {
				return err
			}
		}
	}
	a.rows = nil
	return nil
}

func (a *tableAnswer) print(cells []string) error {
	var line strings.Builder
	for i, c := range cells {
		if i > 0 {
			line.WriteString("  ")
		}
		pad := strings.Repeat(" ", max(0, a.width[i]-uniseg.StringWidth(c)))
		if a.right[i] {
			line.WriteString(pad + c)
		} else {
			line.WriteString(c + pad)
		}
	}
	_, err := a.out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	return outputError(err)
}

func (a *tableAnswer) end() error {
	if len(a.width) == 0 {
		return nil // the query was refused
	}
	return a.flush()
}
