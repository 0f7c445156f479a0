package table

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// TestValidText: whatever bytes come, in names and in cells, all forms of tables write valid UTF-8.
func TestValidText(t *testing.T) {
	for in, want := range map[string]string{
		"é😀\ufffd": "é😀\ufffd", "cut \xed\xa0\xbd": "cut \ufffd", "\xed\xb8\x80\xed\xa0\xbdx": "\ufffd\ufffdx", "\xed\xa0": "\ufffd\ufffd",
		"\xff\xfea": "\ufffd\ufffda", "\xc3": "\ufffd", "\xed\x9f\xbf": "\ud7ff",
	} {
		if got := validText(in); got != want {
			t.Errorf("%q is written as %q, want %q", in, got, want)
		}
		var csv, lines, text, file bytes.Buffer
		for _, w := range []Writer{NewCSV(&csv), NewJSON(&lines), NewText(&text)} {
			write(t, w, []Column{{Name: in}, {Name: in}}, []any{in, nil})
		}
		for name, out := range map[string]string{"CSV": csv.String(), "JSON": lines.String(), "a table": text.String()} {
			if !utf8.ValidString(out) || strings.Count(out, want) < 2 {
				t.Errorf("%q in %s: %q", in, name, out)
			}
		}
		write(t, NewParquet(&file), []Column{{Name: "a", Kind: Text}}, []any{in})
		rows, err := parquet.Read[struct {
			A *string `parquet:"a,optional"`
		}](bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil || len(rows) != 1 || *rows[0].A != want {
			t.Errorf("%q in Parquet: %v, %v", in, rows, err)
		}
	}
}
