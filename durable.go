package daybook

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
)

// Extent is how much of a day's file is durable.
type Extent struct {
	File durable.FileID // the file's identity; another one is another file
	Size int64          // bytes that are durable, the end of a line; a lower bound
	Sum  uint32         // CRC32C of these bytes, as the mark has it
}

// Durable returns how much of a day's file is durable, as its commit mark says (promise 4): what a view posts that must
// survive a power cut. A Size of 0 also means that nothing is known: the mark is missing, or for another file. Then, and
// for bytes that stand beyond it, there is Settle. A day without a file has the zero Extent. It takes no lock.
func (b *Book) Durable(day Day) (Extent, error) {
	x, _, err := b.durable(day)
	return x, err
}

// durable is Durable; all says that there is no more in the file.
func (b *Book) durable(day Day) (x Extent, all bool, err error) {
	m, info, err := dayfile.Durable(b.fsys, b.dayDir(day))
	switch {
	case errors.Is(err, fs.ErrNotExist) && b.strayLink(day) == "":
		return Extent{}, true, nil
	case err != nil:
		return Extent{}, false, fmt.Errorf("see how much of %s is durable: %w", b.dayPath(day), err)
	}
	return Extent{info.ID, m.Size, m.Sum}, m.Size == info.Size, nil
}

// Settle makes all whole lines of a day durable that stand in its file now, and returns what Durable does then. Where the mark
// says so already, it reads no more than that. Else it does what an append does before it acknowledges a duplicate: it takes
// the book's lock, mends an unfinished last line, syncs, and writes the mark.
func (b *Book) Settle(ctx context.Context, day Day) (Extent, error) {
	x, all, err := b.durable(day)
	if err != nil || all {
		return x, err
	}
	size, err := b.DaySize(day)
	if err != nil || x.Size >= size {
		return x, err
	}
	release, err := b.writer.exclude(ctx)
	if err != nil {
		return Extent{}, err
	}
	err = dayfile.Settle(b.fsys, b.dayDir(day), b.dir, size)
	release()
	if err != nil {
		return Extent{}, fmt.Errorf("make %s durable: %w", b.dayPath(day), err)
	}
	return b.Durable(day)
}

// Sum goes on with the CRC32C of a day's file: sum is that of the bytes before from, the result that of those before to. If
// the file ends earlier, the error is io.ErrUnexpectedEOF.
func (b *Book) Sum(day Day, sum uint32, from, to int64) (uint32, error) {
	f, _, err := b.openDay(day)
	if err != nil {
		return 0, err
	}
	if f == nil {
		return 0, fmt.Errorf("read %s: %w", b.dayPath(day), io.ErrUnexpectedEOF)
	}
	defer f.Close() // nothing was written
	table := crc32.MakeTable(crc32.Castagnoli)
	buf := make([]byte, min(256<<10, max(0, to-from)))
	for from < to {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), to-from)], from)
		sum = crc32.Update(sum, table, buf[:n])
		if from += int64(n); from < to && (err != nil || n == 0) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, fmt.Errorf("read %s at offset %d: %w", b.dayPath(day), from, err)
		}
	}
	return sum, nil
}
