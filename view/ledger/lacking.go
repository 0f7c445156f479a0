package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"daybook"
	"daybook/internal/durable"
)

// lacking returns the days that were retired by deletion and are not in the ledger, whose cursors these are. within says which
// days count.
func lacking(b *daybook.Book, cursors map[daybook.Day]cursor, within func(daybook.Day) bool) (days []daybook.Day, err error) {
	listed, err := b.Days()
	if err != nil {
		return nil, err
	}
	entries, err := b.FS().ReadDir(b.Dir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the days: %w", err)
	}
	for _, e := range entries {
		day, err := daybook.ParseDay(e.Name())
		if err != nil || !within(day) {
			continue
		}
		// One that has got late events has a file again. To look at all of them costs a reading each.
		_, there := slices.BinarySearchFunc(listed, day, daybook.Day.Compare)
		if k := cursors[day]; k.posted+k.base > 0 || there && len(cursors) > 0 {
			continue
		}
		sums, err := durable.ReadFile(b.FS(), filepath.Join(b.Dir(), e.Name(), "SHA256SUMS"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if size := deletedBytes(string(sums)); size > 0 && there {
			has, err := b.DaySize(day)
			if err != nil {
				return nil, err
			}
			if has < size { // else somebody has put the file back
				days = append(days, day)
			}
		} else if size > 0 {
			days = append(days, day)
		}
	}
	return days, nil
}

// deletedBytes returns how many bytes of events were deleted last, by a day's SHA256SUMS: docs/format.md has its form. 0 is none.
func deletedBytes(sums string) (size int64) {
	for line := range strings.Lines(sums) {
		if note, ok := strings.CutPrefix(line, "# deleted "); ok {
			if fields := strings.Fields(note); len(fields) > 1 {
				size, _ = strconv.ParseInt(fields[1], 10, 64) // 0 if it is no number
			}
		}
	}
	return size
}

// lackingError is the error of days that lacking has found, nil if there are none.
func lackingError(b *daybook.Book, days []daybook.Day) error {
	if len(days) == 0 {
		return nil
	}
	text := days[0].String() + ", whose file was deleted when it was retired, cannot"
	if len(days) > 1 {
		text = fmt.Sprintf("%s and %d more, whose files were deleted when they were retired, cannot", days[0], len(days)-1)
	}
	return &Error{filepath.Join(b.Dir(), Name), Lacking, text + " be read from the ledger", nil}
}
