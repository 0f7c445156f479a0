// Package table writes rows as tables: text in columns, CSV, JSON Lines and Parquet.
package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"daybook/internal/printable"
)

// Kind is what a column has.
type Kind int

const (
	Any  Kind = iota // nil, int64, float64, string, []byte or, as a microsecond of UTC, time.Time
	Text             // string or nil
	Int              // int64 or nil
	Time             // time.Time or nil, to the microsecond
	Date             // time.Time or nil: the day that its clock shows
)

// Column is a column of a table. Only Parquet needs to know its Kind, and takes no Any.
type Column struct {
	Name string
	Kind Kind
}

// Writer writes one table: Columns once, then each row, then End. Rows are what Columns has promised, and valid until Row
// returns. All text is written as valid UTF-8: U+FFFD stands for half a surrogate pair, and for each byte that is part of
// no character. It does not close what it writes to. Errors are of that.
type Writer interface {
	Columns(columns []Column) error
	Row(values []any) error
	End() error
}

// validText returns a text in valid UTF-8.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if isHalf(s) {
			n = 3
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// isHalf reports whether s begins with half a surrogate pair, encoded as if it were a character.
func isHalf(s string) bool {
	return len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2] >= 0x80 && s[2] <= 0xBF
}

// cell returns a value as text; NULL is "".
func cell(v any, kind Kind) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return validText(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []byte:
		return hex.EncodeToString(v)
	case time.Time:
		if kind == Date {
			return v.Format(time.DateOnly)
		}
		return v.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	return fmt.Sprint(v)
}

type jsonLines struct {
	out   *bufio.Writer
	names [][]byte // in JSON
	kinds []Kind
}

// NewJSON returns a Writer of one JSON object for each row. A name that two columns have gets _2, a blob is hexadecimal.
func NewJSON(w io.Writer) Writer { return &jsonLines{out: bufio.NewWriterSize(w, 64<<10)} }

func (a *jsonLines) Columns(columns []Column) error {
	used := map[string]bool{}
	for _, c := range columns {
		name := validText(c.Name)
		unique := name
		for n := 2; used[unique]; n++ { // no object has two members of one name
			unique = fmt.Sprintf("%s_%d", name, n)
		}
		used[unique] = true
		a.names, a.kinds = append(a.names, appendJSON(nil, unique)), append(a.kinds, c.Kind)
	}
	return nil
}

func (a *jsonLines) Row(values []any) error {
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
		case string, []byte, time.Time:
			line = appendJSON(line, cell(v, a.kinds[i]))
		default:
			line = appendJSON(line, v)
		}
	}
	_, err := a.out.Write(append(line, '}', '\n'))
	return err
}

func (a *jsonLines) End() error { return a.out.Flush() }

func appendJSON(b []byte, v any) []byte {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a string or a finite number
	return append(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}

type csvTable struct {
	out interface {
		Write([]string) error
		Flush()
		Error() error
	}
	cell  func(v any, kind Kind) string
	kinds []Kind
}

// NewCSV returns a Writer of CSV (RFC 4180, lines ended by \n), with a line of names. NULL is empty, a blob hexadecimal.
func NewCSV(w io.Writer) Writer { return &csvTable{out: csv.NewWriter(w), cell: cell} }

// NewSpreadsheet is NewCSV for a program that takes texts for formulas: before a text that may be one stands an apostrophe,
// and all cells are quoted, so that they end where they should, whatever else the program takes for the end of a cell. What
// a terminal would obey is escaped.
func NewSpreadsheet(w io.Writer) Writer {
	return &csvTable{out: &quotedCSV{w: bufio.NewWriterSize(w, 64<<10)}, cell: func(v any, kind Kind) string {
		text := cell(v, kind)
		if _, isText := v.(string); isText {
			text = inert(printable.Text(text))
		}
		return text
	}}
}

// inert returns a text that no spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection
func inert(text string) string {
	begin := strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	if first, _ := utf8.DecodeRuneInString(begin); begin != "" && strings.ContainsRune("=+-@＝＋－＠", first) ||
		text != "" && strings.ContainsRune("\t\n", rune(text[0])) || strings.HasPrefix(text, `\x0d`) {
		return "'" + text
	}
	return text
}

// quotedCSV is a csv.Writer that quotes every field.
type quotedCSV struct {
	w *bufio.Writer
}

func (q *quotedCSV) Write(fields []string) error {
	for i, f := range fields {
		if i > 0 {
			q.w.WriteByte(',') // a bufio.Writer keeps its error for the newline
		}
		q.w.WriteByte('"')
		q.w.WriteString(strings.ReplaceAll(f, `"`, `""`))
		q.w.WriteByte('"')
	}
	return q.w.WriteByte('\n')
}

func (q *quotedCSV) Flush()       { q.w.Flush() }
func (q *quotedCSV) Error() error { return q.w.Flush() }

func (a *csvTable) Columns(columns []Column) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i], a.kinds = a.cell(c.Name, Text), append(a.kinds, c.Kind)
	}
	return a.out.Write(names)
}

func (a *csvTable) Row(values []any) error {
	fields := make([]string, len(values))
	for i, v := range values {
		fields[i] = a.cell(v, a.kinds[i])
	}
	return a.out.Write(fields)
}

func (a *csvTable) End() error {
	a.out.Flush()
	return a.out.Error()
}

// widened is how many rows a table's widths are taken from. Cells of later ones may be wider.
const widened = 1000

type textTable struct {
	out   *bufio.Writer
	kinds []Kind
	width []int
	right []bool
	rows  [][]string // until the widths are known
	known bool
}

// NewText returns a Writer of a table for people: columns are as wide as their widest cell in the first 1,000 rows, as a terminal
// shows it; numbers stand to the right. What a terminal would obey is escaped.
func NewText(w io.Writer) Writer {
	return &textTable{out: bufio.NewWriterSize(w, 64<<10)}
}

func (a *textTable) Columns(columns []Column) error {
	a.width, a.right = make([]int, len(columns)), make([]bool, len(columns))
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i], a.right[i], a.kinds = printable.Line(validText(c.Name)), true, append(a.kinds, c.Kind)
	}
	a.add(names)
	return nil
}

func (a *textTable) add(cells []string) {
	for i, c := range cells {
		a.width[i] = max(a.width[i], uniseg.StringWidth(c))
	}
	a.rows = append(a.rows, cells)
}

func (a *textTable) Row(values []any) error {
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = printable.Line(cell(v, a.kinds[i]))
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
func (a *textTable) flush() error {
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

func (a *textTable) print(cells []string) error {
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
	return err
}

func (a *textTable) End() error {
	if len(a.width) > 0 { // else it never came to a table
		if err := a.flush(); err != nil {
			return err
		}
	}
	return a.out.Flush()
}
