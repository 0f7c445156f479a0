package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"daybook"
)

// pile is what was found of days that are to be put in order, the newest first. Where that is more than maxPile it keeps the
// places only, and reads the lines again when it gives them out: a day may have millions.
type pile struct {
	f     *finder
	days  map[int64]daybook.Day       // by dayNumber
	base  func(day daybook.Day) int64 // where in the ledger the lines of the day's file begin; what lies before it is read there
	list  []piled
	bytes int         // of the lines of list
	known []pileEntry // of what is not in list any more
}

// maxPile is how many bytes of lines a pile keeps; it reads half as many again at once.
const maxPile = 8 << 20

// pileEntry is where an event is: its id in the ledger, or that it would have.
type pileEntry struct {
	id, micro int64 // of the timestamp, in microseconds
	length    int
}

// piled is an event, and where it is.
type piled struct {
	pileEntry
	entry daybook.Entry
}

func newPile(f *finder, run []source, base func(daybook.Day) int64) *pile {
	p := &pile{f: f, days: make(map[int64]daybook.Day, len(run)), base: base}
	for _, s := range run {
		p.days[dayNumber(s.day)] = s.day
	}
	return p
}

func entryOf(e daybook.Entry) pileEntry {
	return pileEntry{place(e.Position.Day, e.Position.Offset), e.Event.Time().UnixMicro(), e.Position.Length}
}

func (a pileEntry) compare(b pileEntry) int {
	return cmp.Or(cmp.Compare(b.id>>40, a.id>>40), cmp.Compare(b.micro, a.micro), cmp.Compare(b.id, a.id))
}

func (p *pile) put(e daybook.Entry) {
	p.list = append(p.list, piled{entryOf(e), e})
	p.bytes += len(e.Raw)
	left := p.f.left
	if left > 0 && len(p.known) == 0 && len(p.list) >= 2*left+64 {
		p.sort()
		p.list = slices.Delete(p.list, left, len(p.list))
		p.bytes = 0
		for _, e := range p.list {
			p.bytes += len(e.entry.Raw)
		}
	}
	if p.bytes > p.f.room {
		p.forget()
	}
	if left > 0 && len(p.known) >= 2*left+64 {
		slices.SortFunc(p.known, pileEntry.compare)
		p.known = p.known[:left]
	}
}

// forget keeps of what is in list only where it is.
func (p *pile) forget() {
	for _, e := range p.list {
		p.known = append(p.known, e.pileEntry)
	}
	p.list, p.bytes = nil, 0
}

func (p *pile) sort() {
	slices.SortFunc(p.list, func(a, b piled) int { return a.compare(b.pileEntry) })
}

// give yields what is on the pile, the newest first.
func (p *pile) give() error {
	if len(p.known) == 0 {
		p.sort()
		for _, e := range p.list {
			if !p.f.yield(e.entry, nil) {
				break
			}
		}
		p.list, p.bytes = p.list[:0], 0
		return nil
	}
	p.forget()
	slices.SortFunc(p.known, pileEntry.compare)
	known := p.known
	p.known = nil
	for len(known) > 0 && !p.f.over {
		n, bytes := 0, 0
		for n < len(known) && bytes < max(1, p.f.room/2) && known[n].id>>40 == known[0].id>>40 {
			bytes += known[n].length
			n++
		}
		found, err := p.again(known[:n])
		if err != nil {
			return err
		}
		for _, k := range known[:n] {
			e, ok := found[k.id]
			if !ok || entryOf(e) != k {
				return fmt.Errorf("%s has changed meanwhile: ask again", p.days[k.id>>40])
			}
			if !p.f.yield(e, nil) {
				return nil
			}
		}
		known = known[n:]
	}
	return nil
}

// again reads events of one day again.
func (p *pile) again(known []pileEntry) (map[int64]daybook.Entry, error) {
	day := p.days[known[0].id>>40]
	base := place(day, 0) + p.base(day)
	found := make(map[int64]daybook.Entry, len(known))
	var ids []int64
	var places []daybook.Position
	for _, k := range known {
		if k.id < base {
			ids = append(ids, k.id)
		} else {
			places = append(places, daybook.Position{Day: day, Offset: k.id - base, Length: k.length})
		}
	}
	for part := range slices.Chunk(ids, fetched) {
		err := p.f.fetch(part, p.days, func(e daybook.Entry) { found[place(day, e.Position.Offset)] = e })
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(places, func(a, b daybook.Position) int { return cmp.Compare(a.Offset, b.Offset) })
	for e, err := range p.f.book.EventsAt(p.f.ctx, day, places) {
		if isDamage(err) {
			break // it has changed: whoever looks for it does not find it
		}
		if err != nil {
			return nil, err
		}
		e.Position.Offset += p.base(day)
		found[place(day, e.Position.Offset)] = e
	}
	return found, nil
}
