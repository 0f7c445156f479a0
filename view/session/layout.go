package session

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"daybook"
	"daybook/learning"
)

// A document is three parts. The head names the session and holds the boards' colours at the beginning of the day; it
// does not change while the file lives. The events follow, a line each, as they stand in the book. The tail begins
// behind the last event and is written anew with each update; its end, of fixed width, is the trailer.
//
//	{
//	  "session_id": "session_2025-11-08",
//	  "daybook_base": {"a.canvas":{"1":3}},
//	  "events": [
//	    {"event_id":…},
//	    {"event_id":…}
//	  ],
//	  "start_time": …, "last_update": …, "stats": {…},
//	  "daybook": {"format": 1, "head": …, "tail": …, … "palette": "0123456789abcdef", "events_crc32c": "01234567", "crc32c": "01234567"}
//	}

// place is where the parts of a document are, in bytes from its beginning, and what it was made from.
type place struct {
	head   int64 // length of the head
	tail   int64 // offset of the tail
	length int64 // of the document
	book   int64 // how far into the day's file the events reach
	before before
	// palette is the paletteSum of the palette by which its figures were made.
	palette uint64
	// events is the checksum of what stands between head and tail.
	events uint32
}

// before is what the day files before a day hold. It grows when a late event comes to one of them.
type before struct {
	days, bytes int64
}

const (
	separator    = "\n    "
	headFields   = `  "daybook": {"format": 1, "head": `
	tailField    = `, "tail": `
	lengthField  = `, "length": `
	bookField    = `, "book": `
	daysField    = `, "days_before": `
	bytesField   = `, "bytes_before": `
	paletteField = `, "palette": "`
	eventsField  = `", "events_crc32c": "`
	sumField     = `", "crc32c": "`
	trailerEnd   = "\"}\n}\n"
	numberWidth  = 15
	paletteWidth = 16
	sumWidth     = 8
	numberFields = headFields + tailField + lengthField + bookField + daysField + bytesField
	trailerSize  = len(numberFields) + 6*numberWidth + len(paletteField) + paletteWidth + len(eventsField) + sumWidth + len(sumField) + sumWidth + len(trailerEnd)
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// appendHead appends the head of the day's document. base is the boards' colours at its beginning.
func appendHead(b []byte, day daybook.Day, base learning.Colors) []byte {
	b = append(b, headStart(day)...)
	b = append(b, '{')
	for i, board := range slices.Sorted(maps.Keys(base)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, board), ":{"...)
		for j, code := range slices.Sorted(maps.Keys(base[board])) {
			if j > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, code), ':')
			b = strconv.AppendInt(b, int64(base[board][code]), 10)
		}
		b = append(b, '}')
	}
	return append(b, "}"+headEnd...)
}

const headEnd = ",\n  \"events\": ["

func headStart(day daybook.Day) string {
	return "{\n  \"session_id\": \"" + sessionID(day) + "\",\n  \"daybook_base\": "
}

// parseHead returns the base that the head of the day's document holds.
func parseHead(head []byte, day daybook.Day) (learning.Colors, bool) {
	rest, ok := bytes.CutPrefix(head, []byte(headStart(day)))
	if !ok {
		return nil, false
	}
	rest, ok = bytes.CutSuffix(rest, []byte(headEnd))
	base := learning.Colors{}
	if !ok || json.Unmarshal(rest, &base) != nil || base == nil {
		return nil, false
	}
	return base, true
}

// appendLine appends an event to the events.
func appendLine(b []byte, first bool, line []byte) []byte {
	if !first {
		b = append(b, ',')
	}
	return append(append(b, separator...), line...)
}

// appendTail appends the tail for the place p, whose length it returns set. headSum is the checksum of the head; known is what
// was written of t before.
func appendTail(b []byte, p place, headSum uint32, day daybook.Day, zone *time.Location,
	t *learning.Tally, known *boardTexts,
) ([]byte, place) {
	s := t.Statistics()
	start := len(b)
	if p.tail > p.head {
		b = append(b, "\n  "...)
	}
	first, last := bounds(s, day, zone)
	b = append(b, "],\n  \"start_time\": "...)
	b = appendTime(b, first)
	b = append(b, ",\n  \"last_update\": "...)
	b = appendTime(b, last)
	b = append(b, ",\n  \"stats\": {\n    \"total_events\": "...)
	b = strconv.AppendInt(b, int64(s.TotalEvents), 10)
	b = append(b, ",\n    \"canvases_modified\": ["...)
	for i, canvas := range s.CanvasesModified {
		b = appendString(append(b, item(i)...), canvas)
	}
	b = append(closing(b, len(s.CanvasesModified)), ']')
	b = appendCounts(append(b, ",\n    \"color_transitions\": "...), s.ColorTransitions)
	b = appendCounts(append(b, ",\n    \"event_types\": "...), s.EventTypes)
	b = appendCounts(append(b, ",\n    \"color_distribution\": "...), s.ColorDistribution)
	b = appendSteps(b, s)
	b = appendSeconds(append(b, ",\n    \"learning_duration_seconds\": "...), s.LearningSeconds)
	b = appendSeconds(append(b, ",\n    \"active_seconds\": "...), s.ActiveSeconds)
	b = appendParts(b, t, s, zone, known)
	b = append(b, "\n  },\n"...)
	p.length = p.tail + int64(len(b)-start+trailerSize)
	b = appendNumbers(b, p)
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Update(headSum, castagnoli(), b[start:]))
	b = hex.AppendEncode(b, sum[:])
	return append(b, trailerEnd...), p
}

// bounds returns the times of the earliest and the latest event in zone; of a day without events, its first instant.
func bounds(s learning.Statistics, day daybook.Day, zone *time.Location) (first, last time.Time) {
	if s.Start.IsZero() {
		start := day.Start(zone)
		return start, start
	}
	return s.Start.In(zone), s.Last.In(zone)
}

func appendTime(b []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(b, '"'), daybook.TimeLayout), '"')
}

func item(i int) string {
	if i == 0 {
		return "\n      "
	}
	return ",\n      "
}

// closing appends what stands before the bracket that closes a list of n items.
func closing(b []byte, n int) []byte {
	if n == 0 {
		return b
	}
	return append(b, "\n    "...)
}

func appendCounts[K ~string](b []byte, counts map[K]int) []byte {
	b = append(b, '{')
	var room [16]K // most lists are short
	for i, name := range sortedKeys(room[:0], counts) {
		b = append(appendString(append(b, item(i)...), string(name)), ": "...)
		b = strconv.AppendInt(b, int64(counts[name]), 10)
	}
	return append(closing(b, len(counts)), '}')
}

// sortedKeys appends the keys of a map to names, which is empty, in their order.
func sortedKeys[K ~string](names []K, counts map[K]int) []K {
	for name := range counts { // not by an iterator, which would have names made anew
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func appendSeconds(b []byte, s learning.Seconds) []byte {
	text, _ := s.MarshalJSON() // it cannot fail
	return append(b, text...)
}

// appendString appends s as a JSON string that people can read: only what must be escaped is.
func appendString(b []byte, s string) []byte {
	special := func(c rune) bool { return c < ' ' || c == '"' || c == '\\' }
	if strings.ContainsFunc(s, special) || !utf8.ValidString(s) {
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(s) // a string in memory: it cannot fail
		return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendNumbers appends the trailer up to its checksum.
func appendNumbers(b []byte, p place) []byte {
	b = appendNumber(b, headFields, p.head)
	b = appendNumber(b, tailField, p.tail)
	b = appendNumber(b, lengthField, p.length)
	b = appendNumber(b, bookField, p.book)
	b = appendNumber(b, daysField, p.before.days)
	b = appendNumber(b, bytesField, p.before.bytes)
	var sum [8]byte
	binary.BigEndian.PutUint64(sum[:], p.palette)
	b = hex.AppendEncode(append(b, paletteField...), sum[:])
	var events [4]byte
	binary.BigEndian.PutUint32(events[:], p.events)
	b = hex.AppendEncode(append(b, eventsField...), events[:])
	return append(b, sumField...)
}

// appendNumber appends a field and its number, right-aligned: JSON allows no leading zeros, but spaces.
func appendNumber(b []byte, field string, n int64) []byte {
	var room [20]byte
	digits := strconv.AppendInt(room[:0], n, 10)
	b = append(b, field...)
	for range numberWidth - len(digits) {
		b = append(b, ' ')
	}
	return append(b, digits...)
}

// parseTrailer reads the last trailerSize bytes of a document of the given size.
func parseTrailer(b []byte, size int64) (p place, sum uint32, ok bool) {
	var err error
	if len(b) != trailerSize {
		return p, 0, false
	}
	rest := b
	for _, f := range []struct {
		name string
		into *int64
	}{
		{headFields, &p.head},
		{tailField, &p.tail},
		{lengthField, &p.length},
		{bookField, &p.book},
		{daysField, &p.before.days},
		{bytesField, &p.before.bytes},
	} {
		if rest, ok = bytes.CutPrefix(rest, []byte(f.name)); !ok {
			return p, 0, false
		}
		n, err := strconv.ParseUint(string(bytes.TrimLeft(rest[:numberWidth], " ")), 10, 62)
		if err != nil {
			return p, 0, false
		}
		*f.into, rest = int64(n), rest[numberWidth:]
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(paletteField)); !ok {
		return p, 0, false
	}
	if p.palette, err = strconv.ParseUint(string(rest[:paletteWidth]), 16, 64); err != nil {
		return p, 0, false
	}
	if rest, ok = bytes.CutPrefix(rest[paletteWidth:], []byte(eventsField)); !ok {
		return p, 0, false
	}
	events, err := strconv.ParseUint(string(rest[:sumWidth]), 16, 32)
	if err != nil {
		return p, 0, false
	}
	p.events = uint32(events)
	digits, ok := bytes.CutPrefix(rest[sumWidth:], []byte(sumField))
	if !ok || string(digits[sumWidth:]) != trailerEnd {
		return p, 0, false
	}
	n, err := strconv.ParseUint(string(digits[:sumWidth]), 16, 32)
	ok = err == nil && p.head <= p.tail && p.tail+int64(trailerSize) <= p.length && p.length == size
	return p, uint32(n), ok
}

// frame is a document without its events.
type frame struct {
	place
	head, tail []byte
	headSum    uint32
}

// readTrailer reads the trailer of a document of the given size.
func readTrailer(r io.ReaderAt, size int64, buf []byte) ([]byte, error) {
	if size < int64(trailerSize) {
		return nil, nil
	}
	buf = slices.Grow(buf[:0], trailerSize)[:trailerSize]
	return readAt(r, buf, size-int64(trailerSize))
}

// readAt fills buf from offset off; what the file lacks by now is left out.
func readAt(r io.ReaderAt, buf []byte, off int64) ([]byte, error) {
	n, err := r.ReadAt(buf, off)
	if err == io.EOF {
		err = nil
	}
	return buf[:n], err
}

// readFrame reads head and tail of the day's document and checks them by themselves. reason says what is wrong.
func readFrame(r io.ReaderAt, size int64, day daybook.Day) (f frame, reason string, err error) {
	raw, err := readTrailer(r, size, nil)
	if err != nil {
		return f, "", err
	}
	p, sum, ok := parseTrailer(raw, size)
	if !ok {
		return f, "its end is not Daybook's", nil
	}
	f.place = p
	if f.head, err = readAt(r, make([]byte, p.head), 0); err != nil {
		return f, "", err
	}
	if f.tail, err = readAt(r, make([]byte, p.length-p.tail), p.tail); err != nil {
		return f, "", err
	}
	f.headSum = crc32.Checksum(f.head, castagnoli())
	if !sealed(f.tail, f.headSum, sum) {
		return f, "its beginning or its end has been changed", nil
	}
	if !bytes.HasPrefix(f.head, []byte(headStart(day))) || !bytes.HasSuffix(f.head, []byte(headEnd)) {
		return f, "its beginning is not Daybook's", nil
	}
	return f, "", nil
}

// eventsAre reports what the trailer of the day's document text says of its events: that they are as Daybook wrote them, or that
// they are not. Of a document whose beginning or end is another program's it says neither.
func eventsAre(text []byte, day daybook.Day) (intact, damaged bool) {
	if len(text) < trailerSize {
		return false, false
	}
	p, _, ok := parseTrailer(text[len(text)-trailerSize:], int64(len(text)))
	if !ok || !bytes.HasPrefix(text, []byte(headStart(day))) || !bytes.HasSuffix(text[:p.head], []byte(headEnd)) {
		return false, false
	}
	intact = crc32.Checksum(text[p.head:p.tail], castagnoli()) == p.events
	return intact, !intact
}

// sealed reports whether sum is the checksum of a head and a tail.
func sealed(tail []byte, headSum, sum uint32) bool {
	n := len(tail) - len(trailerEnd) - sumWidth
	return n >= 0 && crc32.Update(headSum, castagnoli(), tail[:n]) == sum
}
