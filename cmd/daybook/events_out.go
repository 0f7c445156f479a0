package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"daybook"
	"daybook/view/ledger"
	"daybook/view/table"
	"github.com/spf13/cobra"
)

// eventWriter writes events in one form: each of them, then end.
type eventWriter interface {
	event(e daybook.Entry) error
	end() error
}

// rawLines is JSON Lines: events as they are stored.
type rawLines struct{ out *bufio.Writer }

func newRawLines(w io.Writer) eventWriter { return &rawLines{bufio.NewWriterSize(w, 64<<10)} }

func (r *rawLines) event(e daybook.Entry) error {
	r.out.Write(e.Raw) // a bufio.Writer keeps its error for the newline
	return r.out.WriteByte('\n')
}

func (r *rawLines) end() error { return r.out.Flush() }

// eventTable is a table with a row for each event: the columns of the ledger's events.
type eventTable struct {
	table.Writer
	day  daybook.Day
	date time.Time // the day
}

func eventColumns() []table.Column {
	return []table.Column{
		{Name: "event_id", Kind: table.Text},
		{Name: "timestamp", Kind: table.Time},
		{Name: "utc_offset", Kind: table.Int},
		{Name: "day", Kind: table.Date},
		{Name: "event_type", Kind: table.Text},
		{Name: "canvas_id", Kind: table.Text},
		{Name: "camera_id", Kind: table.Text},
		{Name: "node_id", Kind: table.Text},
		{Name: "line", Kind: table.Text},
	}
}

func newEventTable(w table.Writer) (eventWriter, error) {
	return &eventTable{Writer: w}, w.Columns(eventColumns())
}

func (t *eventTable) event(e daybook.Entry) error {
	if t.day != e.Position.Day {
		t.day = e.Position.Day
		t.date = t.day.Start(time.UTC)
	}
	at := e.Event.Time()
	_, offset := at.Zone()
	f := ledger.FieldsOf(e.Event)
	return t.Row([]any{
		e.Event.ID(), at, int64(offset / 60), t.date, f.Type, f.Canvas, f.Camera, f.Node, string(e.Raw),
	})
}

func (t *eventTable) end() error { return t.End() }

// document is one JSON document of a range of events.
type document struct {
	out   *bufio.Writer
	begun bool
	head  documentHead
}

// documentHead is what stands before the events. From and To are a day, or a time in RFC 3339; nil is an open end.
type documentHead struct {
	Book, Zone string
	From, To   *string
}

func newDocument(w io.Writer, head documentHead) eventWriter {
	return &document{out: bufio.NewWriterSize(w, 64<<10), head: head}
}

func (d *document) begin() error {
	d.begun = true
	var head []byte
	for i, m := range []struct {
		name string
		v    any
	}{{"book", d.head.Book}, {"zone", d.head.Zone}, {"from", d.head.From}, {"to", d.head.To}} {
		var text strings.Builder
		if err := newEncoder(&text).Encode(m.v); err != nil {
			return err
		}
		head = fmt.Appendf(head, "%c\n  %q: %s", "{,,,"[i], m.name, strings.TrimSpace(text.String()))
	}
	_, err := d.out.Write(append(head, ",\n  \"events\": ["...))
	return err
}

func (d *document) event(e daybook.Entry) error {
	divider := ",\n    "
	if !d.begun {
		if err := d.begin(); err != nil {
			return err
		}
		divider = "\n    "
	}
	d.out.WriteString(divider) // as in rawLines
	_, err := d.out.Write(e.Event.Line())
	return err
}

func (d *document) end() error {
	ending := "\n  ]\n}\n"
	if !d.begun {
		if err := d.begin(); err != nil {
			return err
		}
		ending = "]\n}\n"
	}
	d.out.WriteString(ending) // as in rawLines
	return d.out.Flush()
}

// addSpreadsheet adds the flag --spreadsheet, and checkSpreadsheet refuses it without CSV.
func addSpreadsheet(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "spreadsheet", false, "make CSV in which no spreadsheet finds a formula")
}

func checkSpreadsheet(given, csv bool) error {
	if given && !csv {
		return usage("make it CSV, or leave --spreadsheet out", "--spreadsheet is for CSV")
	}
	return nil
}

func newCSV(w io.Writer, spreadsheet bool) table.Writer {
	if spreadsheet {
		return table.NewSpreadsheet(w)
	}
	return table.NewCSV(w)
}
