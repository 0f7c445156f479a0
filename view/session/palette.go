package session

import (
	"encoding/json"
	"hash/crc32"

	"daybook"
	"daybook/learning"
)

// SetPalette has the documents get the figures of another palette: each when its day is next posted. Until then Changed
// returns their days.
func (v *View) SetPalette(p learning.Palette) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p = orStory(p)
	sum := paletteSum(p)
	if sum == v.sum {
		return
	}
	v.palette, v.sum = p, sum
	for day, d := range v.docs {
		v.stale[day] = true
		if err := d.forget(); err != nil && v.book != nil {
			v.book.Logger().Warn("close a session document", "error", err)
		}
	}
	for day := range v.left {
		v.stale[day] = true
	}
}

// atEnd reports whether the day's document, by whatever palette it was made, says that it reaches to the book's end.
func (v *View) atEnd(day daybook.Day) bool {
	h, err := readHistory(v.book)
	if err != nil {
		return false
	}
	p, ok := trailerOf(v.fsys, documentPath(v.book, day))
	return ok && p.book == h.size(day) && p.before == h.before(day)
}

// paletteSum tells palettes apart. The upper half is about where the codes of boards stand, on which the colours at the
// beginning of a day depend, and 0 where they are cards' colours; the lower half is about the whole palette.
func paletteSum(p learning.Palette) uint64 {
	type source struct {
		Paths  []string
		Member string
	}
	sources := []source{{nil, p.Member}}
	elsewhere := p.Member != ""
	for _, b := range p.Boards {
		sources = append(sources, source{b.Paths, b.Member})
		elsewhere = elsewhere || b.Member != ""
	}
	sum := func(v any) uint64 {
		text, _ := json.Marshal(v) // strings, maps of strings and numbers: it cannot fail
		return uint64(crc32.Checksum(text, castagnoli()))
	}
	whole := sum(p)
	if !elsewhere {
		return whole
	}
	return max(sum(sources), 1)<<32 | whole
}

// sameSources reports whether two palettes look for the codes in the same places.
func sameSources(a, b uint64) bool { return a>>32 == b>>32 }
