package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

var at = time.Date(2025, 11, 8, 23, 32, 15, 123456789, time.FixedZone("", 3600))

func columns() []Column {
	return []Column{{"z", Text}, {"n", Int}, {"at", Time}, {"day", Date}, {"a", Text}}
}

func rows() [][]any {
	return [][]any{
		{"one", int64(1), at, at, `a "quoted", 词` + "\nline"},
		{nil, nil, nil, nil, ""},
		{"", int64(-1 << 63), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), nil},
	}
}

func write(t testing.TB, w Writer, columns []Column, rows ...[]any) {
	t.Helper()
	err := w.Columns(columns)
	for _, row := range rows {
		err = errors.Join(err, w.Row(row))
	}
	if err := errors.Join(err, w.End()); err != nil {
		t.Fatal(err)
	}
}

func TestText(t *testing.T) {
	for name, test := range map[string]struct {
		writer func(io.Writer) Writer
		want   string
	}{
		"CSV": {NewCSV, "z,n,at,day,a\n" +
			"one,1,2025-11-08T22:32:15.123456Z,2025-11-08,\"a \"\"quoted\"\", 词\nline\"\n" +
			",,,,\n" +
			",-9223372036854775808,1969-12-31T23:59:59.999999Z,1969-12-31,\n"},
		"JSON": {NewJSON, `{"z":"one","n":1,"at":"2025-11-08T22:32:15.123456Z","day":"2025-11-08","a":"a \"quoted\", 词\nline"}` + "\n" +
			`{"z":null,"n":null,"at":null,"day":null,"a":""}` + "\n" +
			`{"z":"","n":-9223372036854775808,"at":"1969-12-31T23:59:59.999999Z","day":"1969-12-31","a":null}` + "\n"},
		"a table": {NewText, "z                       n  at                           day         a\n" +
			"---  --------------------  ---------------------------  ----------  -------------------\n" +
			"one                     1  2025-11-08T22:32:15.123456Z  2025-11-08  a \"quoted\", 词 line\n" +
			"\n" +
			"     -9223372036854775808  1969-12-31T23:59:59.999999Z  1969-12-31\n"},
	} {
		var out bytes.Buffer
		write(t, test.writer(&out), columns(), rows()...)
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A Parquet file read back: the columns in their order, of their types, each value and none where there is none; in several
// groups of rows.
func TestParquet(t *testing.T) {
	var out bytes.Buffer
	w := &parquetFile{out: struct{ io.Writer }{&out}, group: 1 << 20} // no more than a pipe is
	big := strings.Repeat("x", w.group/3)
	all := rows()
	for range 7 {
		all = append(all, []any{"big", int64(7), at, at, big})
	}
	write(t, w, columns(), all...)
	f, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	want := `message struct {
	optional binary z (STRING);
	optional int64 n (INT(64,true));
	optional int64 at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	optional int32 day (DATE);
	optional binary a (STRING);
}`
	got := f.Schema().String()
	if _, fields, ok := strings.Cut(got, "{"); !ok || !strings.HasSuffix(want, "{"+fields) {
		t.Errorf("schema: got %s, want %s", got, want)
	}
	if n := len(f.RowGroups()); n != 3 {
		t.Errorf("%d groups of rows, want 3", n)
	}
	if f.NumRows() != int64(len(all)) {
		t.Errorf("%d rows, want %d", f.NumRows(), len(all))
	}
	type row struct {
		Z   *string `parquet:"z"`
		N   *int64  `parquet:"n"`
		At  *int64  `parquet:"at"`
		Day *int32  `parquet:"day"`
		A   *string `parquet:"a"`
	}
	list, err := parquet.Read[row](bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	text := func(r row) string {
		s := ""
		if r.Z != nil {
			s += *r.Z
		}
		s += "|"
		if r.N != nil {
			s += fmt.Sprintf("%d %s %s", *r.N, time.UnixMicro(*r.At).UTC().Format("2006-01-02T15:04:05.000000Z"),
				time.Unix(int64(*r.Day)*86400, 0).UTC().Format(time.DateOnly))
		}
		if s += "|"; r.A != nil {
			s += fmt.Sprintf("%.30q", *r.A)
		}
		return s
	}
	var told []string
	for _, r := range list[:3] {
		told = append(told, text(r))
	}
	if diff := cmp.Diff([]string{
		`one|1 2025-11-08T22:32:15.123456Z 2025-11-08|"a \"quoted\", 词\nline"`,
		`||""`,
		`|-9223372036854775808 1969-12-31T23:59:59.999999Z 1969-12-31|`,
	}, told); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if last := list[len(list)-1]; last.A == nil || *last.A != big {
		t.Error("the last row is another one")
	}
}

// What does not fit a column, or has no kind, is no Parquet file.
func TestParquetRefuses(t *testing.T) {
	if err := NewParquet(io.Discard).Columns([]Column{{Name: "x"}}); err == nil {
		t.Error("a column of anything is taken")
	}
	if err := NewParquet(io.Discard).End(); err == nil {
		t.Error("a file without columns is taken")
	}
	for i, v := range []any{int64(1), "1", "2025", int64(1), 1.5} {
		w := NewParquet(io.Discard)
		if err := w.Columns(columns()); err != nil {
			t.Fatal(err)
		}
		row := make([]any, len(columns()))
		if row[i] = v; w.Row(row) == nil {
			t.Errorf("%v is taken for a %s", v, columns()[i].Name)
		}
	}
}

// A file is replaced as a whole, or stays as it is, whichever call fails.
func TestWriteFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.csv")
	fill := func(w io.Writer) error {
		_, err := io.WriteString(w, "new\n")
		return err
	}
	read := func() string {
		data, _ := os.ReadFile(name)
		return string(data)
	}
	if err := WriteFile(durable.OS(), name, false, fill); err != nil || read() != "new\n" {
		t.Fatalf("error %v, the file has %q", err, read())
	}
	if err := os.WriteFile(name, []byte("old, and longer\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(durable.OS(), name, false, fill); !errors.Is(err, fs.ErrExist) || read() != "old, and longer\n" {
		t.Errorf("without over: error %v, the file has %q", err, read())
	}
	wrong := errors.New("the book cannot be read")
	half := func(w io.Writer) error { return errors.Join(fill(w), wrong) }
	if err := WriteFile(durable.OS(), name, true, half); !errors.Is(err, wrong) || read() != "old, and longer\n" {
		t.Errorf("what fails half-way: error %v, the file has %q", err, read())
	}
	if err := WriteFile(durable.OS(), filepath.Join(name, "x", "y"), true, fill); err == nil {
		t.Error("a folder that is none is taken")
	}
	for n, failed := 1, true; failed; n++ {
		failed = false
		fsys := &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
			if c.N != n || c.Op == "readdir" { // what is left over may stay
				return faultfs.Fault{}
			}
			failed = true
			return faultfs.Fault{Err: errors.New("fault")}
		}}
		err := WriteFile(fsys, name, true, fill)
		if got := read(); got != "old, and longer\n" && got != "new\n" || err == nil && got != "new\n" {
			t.Errorf("call %d fails: error %v, the file has %q", n, err, got)
		}
		if err := os.WriteFile(name, []byte("old, and longer\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteFile(durable.OS(), name, true, half); !errors.Is(err, wrong) { // and sweeps
		t.Error(err)
	}
	left, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(left) != 1 {
		t.Errorf("%d files are left, error %v", len(left), err)
	}
	if err := WriteFile(durable.OS(), name, true, fill); err != nil || read() != "new\n" {
		t.Errorf("with over: error %v, the file has %q", err, read())
	}
}

// No text is a formula in a spreadsheet, and none ends its cell.
func TestSpreadsheet(t *testing.T) {
	var out bytes.Buffer
	in := []any{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\u200b=1", "＝1", "a;=1", "\"=1", "a=1", "'=1", "", "é\x1b\xff", int64(-1), -0.5, nil}
	columns := make([]Column, len(in))
	for i := range columns {
		columns[i].Name = "=n"
	}
	write(t, NewSpreadsheet(&out), columns, in)
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"'=1+1", "'+1", "'-1", "'@x", "'\t=1", `'\x0d=1`, "'\n=1", "' =1", "'\u200b=1", "'＝1", "a;=1", "\"=1", "a=1", "'=1", "",
		`é\x1b` + "\ufffd", "-1", "-0.5", "",
	}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	if rows[0][0] != "'=n" {
		t.Errorf("a column is called %q", rows[0][0])
	}
}
