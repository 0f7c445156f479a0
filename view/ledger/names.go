package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"daybook"
)

// lastDays are how many days are looked through for names that the ledger does not know yet.
const lastDays = 3

// Names returns the names of a kind, event_type, canvas, camera or label, that a book's ledger has counted, and those that stand in
// the last days: what a person may ask for. A ledger that cannot be read has none.
func Names(ctx context.Context, b *daybook.Book, kind string) ([]string, error) {
	names := map[string]bool{}
	c, err := openToRead(ctx, b.FS(), filepath.Join(b.Dir(), Name))
	if err == nil {
		err = c.each("SELECT DISTINCT name FROM counts WHERE kind = ?", []any{kind}, func(v []driver.Value) error {
			names[asText(v[0])] = true
			return nil
		})
		err = errors.Join(err, c.close())
	}
	var wrong *Error
	if err != nil && !errors.As(err, &wrong) {
		return nil, err
	}
	days, err := b.Days()
	if err != nil || len(days) == 0 {
		return slices.Sorted(maps.Keys(names)), err
	}
	from := days[max(0, len(days)-lastDays)]
	for list, err := range daybook.Extract(ctx, b, daybook.Query{From: from}, func(e daybook.Entry) []string { return namesIn(e.Event, kind) }) {
		if err != nil && !isDamage(err) {
			return nil, err
		}
		for _, name := range list {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

func namesIn(e daybook.Event, kind string) (names []string) {
	f := FieldsOf(e)
	one := map[string]any{"event_type": f.Type, "canvas": f.Canvas, "camera": f.Camera}[kind]
	if s, ok := one.(string); ok {
		return []string{s}
	}
	if objects, _ := e.Member("detected_objects"); kind == "label" && len(objects) > 1 && objects[0] == '[' {
		for _, o := range elements(objects) {
			if s, ok := text(members(nil, o).find("label")).(string); ok {
				names = append(names, s)
			}
		}
	}
	return names
}
