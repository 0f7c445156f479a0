package ledger

import (
	"context"
	"path/filepath"

	"daybook"
)

// Behind reports how much of a book its ledger lacks, by a glance at its cursors: how many days, and bytes of their files. It
// changes nothing. The error is an *Error (one that is Missing where there is no ledger) or the book's.
func Behind(ctx context.Context, b *daybook.Book) (days int, bytes int64, err error) {
	c, err := openToRead(ctx, b.FS(), filepath.Join(b.Dir(), Name))
	if err != nil {
		if d, ok := asDifference(err); ok && d.Behind {
			return 0, 0, nil // a posting was cut short: what it had posted before says nothing now
		}
		return 0, 0, err
	}
	defer c.close() // nothing was written
	cursors, err := readCursors(c)
	if err != nil {
		return 0, 0, err
	}
	list, err := b.Days()
	if err != nil {
		return 0, 0, err
	}
	for _, day := range list {
		size, err := b.DaySize(day)
		if err != nil {
			return 0, 0, err
		}
		if lacks := size - cursors[day].posted; lacks > 0 {
			days, bytes = days+1, bytes+lacks
		}
	}
	return days, bytes, nil
}
