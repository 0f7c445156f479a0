package ledger

import (
	"fmt"
	"strings"
)

// row compares the rows of one line.
func (c *comparison) row(got, texts *readRows, want *row) error {
	from := c.from
	at := want.id - from
	if got.id() == want.id {
		c.columns("events", at, want.eventID, got, []any{
			want.id, c.name, want.eventID, want.timestamp, want.offset, want.Type, want.Canvas, want.Camera, want.Node, want.line,
		})
		if err := got.next(); err != nil {
			return err
		}
	} else {
		c.differs(at, want.eventID, "events: the row is missing")
	}
	if texts.id() == want.id && want.words != "" {
		return texts.next()
	}
	if want.words != "" {
		c.differs(at, want.eventID, "texts: the words are missing")
	}
	return nil
}

// columns compares the values of a row, of which it tells the first that differs.
func (c *comparison) columns(table string, at int64, id string, got *readRows, want []any) {
	names := got.rows.Columns()
	for i, v := range want {
		if same(got.values[i], v) {
			continue
		}
		g, w := show(got.values[i], v)
		c.differs(at, id, "%s: the row has the %s %s and not %s", table, names[i], g, w)
		return
	}
}

func same(got, want any) bool {
	if _, blob := got.([]byte); blob {
		return false
	}
	return got == want
}

// show returns two values that differ, for people: of texts that are long, what is around their first difference.
func show(got, want any) (g, w string) {
	a, ok := got.(string)
	b, both := want.(string)
	if !ok || !both {
		return showOne(got), showOne(want)
	}
	from := 0
	for from < min(len(a), len(b)) && a[from] == b[from] {
		from++
	}
	if from -= 20; from < 20 {
		return showOne(a), showOne(b)
	}
	return "…" + showOne(a[from:]), "…" + showOne(b[from:])
}

func showOne(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		if len(v) > 80 {
			return fmt.Sprintf("%q…", strings.ToValidUTF8(v[:80], ""))
		}
		return fmt.Sprintf("%q", strings.ToValidUTF8(v, ""))
	}
	return fmt.Sprint(v)
}
