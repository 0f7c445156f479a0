package session

import (
	"bytes"
	"encoding/json"
	"strings"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

// Glance returns the statistics of a day as its document has them, without reading any event. It is not ok unless all
// documents of the book say of themselves that they are at the book's end, so that there is nothing to bring up to date and
// nothing of another program's to adopt: then a View is to be opened, and Stats asked. What a program has changed in a
// document without changing its length is not seen. Glance takes no lock and changes nothing. The zero Palette means the
// profile "story".
func Glance(b *daybook.Book, day daybook.Day, palette learning.Palette) (s Statistics, ok bool) {
	sum := paletteSum(orStory(palette))
	h, err := readHistory(b)
	if err != nil {
		return s, false
	}
	entries, err := b.FS().ReadDir(b.Dir())
	if err != nil {
		return s, false
	}
	missing := make(map[daybook.Day]bool)
	for _, day := range h.days {
		missing[day] = true
	}
	for _, e := range entries {
		document, mark, isDocument := strings.Cut(e.Name(), ".json")
		of, session := strings.CutPrefix(document, "session_")
		d, err := daybook.ParseDay(of)
		switch {
		case !isDocument || !session || err != nil:
		case strings.HasPrefix(mark, ".kept-"):
			if info, err := e.Info(); err != nil || b.Now().Sub(info.ModTime()) < keptTime {
				return s, false // somebody may still be writing it
			}
		case mark == "":
			if p, ok := trailerOf(b.FS(), documentPath(b, d)); !ok || p.book != h.size(d) || p.before != h.before(d) || p.palette != sum {
				return s, false
			}
			delete(missing, d)
		}
	}
	for d := range missing {
		if d == day || d == h.days[len(h.days)-1] || !restsWithout(b, b.FS(), d) {
			return s, false
		}
	}
	return h.glance(b, day, sum)
}

// trailerOf returns what the end of a document says of it.
func trailerOf(fsys durable.FS, path string) (p place, ok bool) {
	f, size, ok := openDocument(fsys, path)
	if !ok {
		return p, false
	}
	defer f.Close() // nothing was written
	raw, err := readTrailer(f, size, nil)
	p, _, ok = parseTrailer(raw, size)
	return p, err == nil && ok
}

func openDocument(fsys durable.FS, path string) (durable.File, int64, bool) {
	f, err := fsys.Open(path, false)
	if err != nil {
		return nil, 0, false
	}
	info, err := f.Stat()
	if err != nil {
		f.Close() // nothing was written
		return nil, 0, false
	}
	return f, info.Size, true
}

// glance returns the statistics in the document of a day, if it was made from what the book has now, and if that is events
// and nothing else.
func (h history) glance(b *daybook.Book, day daybook.Day, sum uint64) (s Statistics, ok bool) {
	f, size, ok := openDocument(b.FS(), documentPath(b, day))
	if !ok {
		return s, false
	}
	defer f.Close() // nothing was written
	frame, reason, err := readFrame(f, size, day)
	if err != nil || reason != "" || frame.book != h.size(day) || frame.before != h.before(day) || frame.palette != sum {
		return s, false
	}
	// The tail is an object without its beginning: the brackets that close the events stand first.
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(frame.tail, "\n "), []byte("],"))
	if !ok {
		return s, false
	}
	var tail struct {
		Start *string    `json:"start_time"`
		Last  *string    `json:"last_update"`
		Stats Statistics `json:"stats"`
	}
	if err := json.Unmarshal(append([]byte("{"), rest...), &tail); err != nil {
		return s, false
	}
	// Each line of the day's file loses its newline in the document, and gets a separator and all but the first a comma. If
	// that is not the length of the events, the file has damage, or lines in another spelling.
	n := int64(tail.Stats.TotalEvents)
	length := frame.book + n*int64(len(separator)-1) + max(n-1, 0)
	_, now, err := b.DayFile(day)
	if frame.place.tail-frame.place.head != length || n > 0 && (err != nil || now != frame.book) {
		return s, false
	}
	s = tail.Stats
	s.SessionID, s.Date = sessionID(day), day.String()
	if n > 0 {
		s.StartTime, s.LastUpdate = tail.Start, tail.Last
	}
	return s, true
}
