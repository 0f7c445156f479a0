package daybook

import (
	"fmt"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
)

// missing returns what is wrong with a day that has neither a day file nor a packed file, but had one: its commit mark or
// its SHA256SUMS says so. It returns nil if there was none, or if it was deleted when the day was retired.
func (b *Book) missing(day Day) *DamageError {
	sums, _ := dayfile.ReadSums(b.fsys, b.dayDir(day)) // what cannot be read says nothing
	file, size := b.dayPath(day), dayfile.Marked(b.fsys, b.dayDir(day))
	reason := fmt.Sprintf("the file is missing; %d bytes of it were durable", size)
	for _, f := range sums.Files {
		switch f.Name {
		case dayfile.DataName:
			size = max(size, sums.Size, 1)
		case dayfile.PackedName:
			file, size = b.packedPath(day), max(size, 1)
		default:
			continue
		}
		reason = "the file is missing; it was there when the day was sealed"
	}
	if n := len(sums.Deleted); size <= 0 || n > 0 && sums.Deleted[n-1].Size >= size {
		return nil
	}
	return b.wrong(day, file, 0, size, reason)
}

// changed compares the day file of c with its commit mark: durable bytes that are missing or others.
func (b *Book) changed(day Day, c *content) (*DamageError, error) {
	f, ok := c.plain.(durable.File)
	if !ok {
		return nil, nil
	}
	d, lost, err := dayfile.Lost(b.fsys, b.dayDir(day), f)
	if err != nil || !lost {
		return nil, err
	}
	harm := b.wrong(day, c.path, d.Offset, d.Length, d.Reason)
	harm.Position.Offset = c.size
	return harm, nil
}

// wrong is a *DamageError about a file as a whole.
func (b *Book) wrong(day Day, file string, off, n int64, reason string) *DamageError {
	return &DamageError{
		File: file, Offset: off, Length: n, Reason: reason + "; `daybook verify` says more",
		Position: Position{Day: day},
	}
}
