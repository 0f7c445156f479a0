package daybook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
)

// Extent is how much of what a day holds is durable.
type Extent struct {
	File durable.FileID // what it stands in, as DayFile has it; another one is another file
	Size int64          // bytes that are durable, the end of a line; a lower bound
	Sum  uint32         // CRC32C of these bytes, as the mark has it
}

// Durable returns how much of a day is durable, as its commit mark says (promise 4): what a view posts that must
// survive a power cut. A Size of 0 also means that nothing is known: the mark is missing, or for another file. Then,
// and for bytes that stand beyond it, there is Settle. A day without a file has the zero Extent. What is packed is
// durable. It takes no lock.
func (b *Book) Durable(day Day) (Extent, error) {
	x, _, err := b.durable(day)
	return x, err
}

// durable is Durable; all says that there is no more in the file.
func (b *Book) durable(day Day) (x Extent, all bool, err error) {
	if p, ok, err := b.packs.find(b, day); err != nil || ok {
		return Extent{p.info.ID, p.size, p.sum}, true, err
	}
	m, info, err := dayfile.Durable(b.fsys, b.dayDir(day))
	missing := errors.Is(err, fs.ErrNotExist)
	if missing {
		if link := b.strayLink(day); link != "" {
			return Extent{}, false, errStray(link)
		}
	}
	if err != nil && !missing {
		return Extent{}, false, fmt.Errorf("see how much of %s is durable: %w", b.dayPath(day), err)
	}
	if more, err := b.isPacked(day); err != nil || !more {
		return Extent{info.ID, m.Size, m.Sum}, missing || m.Size == info.Size, err
	}
	c, err := b.openDay(day)
	if err != nil || c == nil {
		return Extent{}, err == nil, err
	}
	defer c.Close() // nothing was written
	end := c.packedSize()
	if c.info.ID == info.ID {
		end = max(end, c.base+m.Size)
	}
	x = Extent{File: c.id(), Size: end}
	x.Sum, err = c.sum(0, 0, end)
	return x, end == c.size, err
}

// isPacked reports whether the day has a packed file.
func (b *Book) isPacked(day Day) (bool, error) {
	_, err := b.statPacked(day)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// packs remembers what is said of packed days by their files, which takes longer to read than to see that they are the
// same.
type packs struct {
	mu   sync.Mutex
	days map[Day]pack
}

// pack is a day of which there is a packed file and nothing else.
type pack struct {
	info durable.Info
	size int64
	sum  uint32
}

// find returns what is known of a day; not ok if it is not such a day.
func (p *packs) find(b *Book, day Day) (k pack, ok bool, err error) {
	if _, err := b.fsys.Stat(b.dayPath(day)); !errors.Is(err, fs.ErrNotExist) {
		return k, false, nil // who looks closer sees what the matter is
	}
	info, err := b.fsys.Stat(b.packedPath(day))
	if err != nil {
		return k, false, nil
	}
	p.mu.Lock()
	k, ok = p.days[day]
	p.mu.Unlock()
	if ok && k.info == info {
		return k, true, nil
	}
	c, err := b.openDay(day)
	if err != nil || c == nil {
		return k, false, err
	}
	defer c.Close() // nothing was written
	if c.plain != nil || c.packed == nil {
		return k, false, nil
	}
	k = pack{info: c.packedInfo, size: c.size}
	if k.sum, err = c.sum(0, 0, c.size); err != nil {
		return k, false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.days == nil {
		p.days = make(map[Day]pack)
	}
	p.days[day] = k
	return k, true, nil
}

// Settle makes all whole lines of a day durable that stand in its file now, and returns what Durable does then. Where
// the mark says so already, it reads no more than that. Else it does what an append does before it acknowledges a
// duplicate: it takes the book's lock, mends an unfinished last line, syncs, and writes the mark.
func (b *Book) Settle(ctx context.Context, day Day) (Extent, error) {
	x, all, err := b.durable(day)
	if err != nil || all {
		return x, err
	}
	c, err := b.openDay(day)
	if err != nil || c == nil || c.plain == nil {
		if c != nil {
			c.Close() // nothing was written
		}
		return x, err
	}
	size, err := lastNewline(c.plain, c.info.Size)
	base := c.base
	c.Close() // nothing was written
	if err != nil || x.Size >= base+size {
		return x, err
	}
	release, err := b.writer.exclude(ctx)
	if err != nil {
		return Extent{}, err
	}
	err = dayfile.Settle(b.fsys, b.dayDir(day), b.dir, size)
	release()
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // it has just been retired
	}
	if err != nil {
		return Extent{}, fmt.Errorf("make %s durable: %w", b.dayPath(day), err)
	}
	return b.Durable(day)
}

// Sum goes on with the CRC32C of what a day holds: sum is that of the bytes before from, the result that of those
// before to. If it ends earlier, the error is io.ErrUnexpectedEOF.
func (b *Book) Sum(day Day, sum uint32, from, to int64) (uint32, error) {
	c, err := b.openDay(day)
	if err != nil {
		return 0, err
	}
	if c == nil {
		return 0, fmt.Errorf("read %s: %w", b.dayPath(day), io.ErrUnexpectedEOF)
	}
	defer c.Close() // nothing was written
	return c.sum(sum, from, to)
}
