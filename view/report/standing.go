package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"runtime/debug"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning/review"
)

// StandingName is the name of the file, in the book's directory, that says how far the learner had come two weeks ago: so that
// a report or a review need not read all days before. It is derived from the day files, holds for just these, and may be
// deleted at any time.
const StandingName = "standing.bin"

const (
	// standingAge is for how many days before today nothing is kept: those a report of a week looks at closely.
	standingAge = 14
	// standingStep is how many days are read again before something newer is kept.
	standingStep = 7
)

// standing is what the file says.
type standing struct {
	Key    [sha256.Size]byte // by what it was made
	Until  string            // the day with whose end it ends
	Days   []dayFiles        // of which it was made, in their order
	Course []byte
	Plan   []byte
}

// dayFiles is a day and the files that it has. One that is missing is zero.
type dayFiles struct {
	Day           string
	Plain, Packed durable.Info
}

// resume goes on from the standing, if that ends before the first day that is looked at closely, and returns the day from
// which on is to be read. It sees to it that a newer standing is kept if that is worth it.
func (r *reading) resume(first, to daybook.Day) (from daybook.Day, err error) {
	if r.schedule != review.FSRS {
		return from, nil
	}
	until := r.source.today().Add(-standingAge)
	if r.made, err = r.filesUntil(until); err != nil {
		return from, err
	}
	r.keepUntil = until
	s, end, ok := r.readStanding()
	if !ok {
		return from, nil
	}
	if until.Compare(end.Add(standingStep)) < 0 { // it will do for a while
		r.keepUntil = daybook.Day{}
	}
	if end.Compare(first) >= 0 || end.Compare(to) >= 0 {
		return from, nil
	}
	fresh := newReading(r.source, review.FSRS)
	if errors.Join(fresh.course.UnmarshalBinary(s.Course), fresh.plan.UnmarshalBinary(s.Plan)) != nil {
		return from, nil
	}
	r.course, r.plan = fresh.course, fresh.plan
	return end.Add(1), nil
}

// filesUntil returns the files of all days up to one.
func (r *reading) filesUntil(until daybook.Day) ([]dayFiles, error) {
	book := r.source.Book
	days, err := book.Days()
	if err != nil {
		return nil, err
	}
	var made []dayFiles
	for _, day := range days {
		if day.Compare(until) > 0 {
			break
		}
		f := dayFiles{Day: day.String()}
		dir := filepath.Join(book.Dir(), f.Day)
		f.Plain, _ = book.FS().Stat(filepath.Join(dir, "events.json")) // a file that is missing is none
		f.Packed, _ = book.FS().Stat(filepath.Join(dir, "events.json.zst"))
		made = append(made, f)
	}
	return made, nil
}

// readStanding returns the standing and the last day that it knows of, not ok if there is none or if the book, the palette or
// the program are others now.
func (r *reading) readStanding() (s standing, until daybook.Day, ok bool) {
	data, err := durable.ReadFile(r.source.Book.FS(), r.standingPath())
	if err != nil || len(data) < 4 || binary.LittleEndian.Uint32(data) != checksum(data[4:]) {
		return s, until, false
	}
	if gob.NewDecoder(bytes.NewReader(data[4:])).Decode(&s) != nil || s.Key != r.standingKey() {
		return s, until, false
	}
	if until, err = daybook.ParseDay(s.Until); err != nil || len(s.Days) > len(r.made) {
		return s, until, false
	}
	for i, was := range s.Days {
		if r.made[i] != was {
			return s, until, false
		}
	}
	if n := len(s.Days); n < len(r.made) && r.made[n].Day <= s.Until { // a day has come
		return s, until, false
	}
	return s, until, true
}

func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// keep writes the standing down when all days until r.keepUntil are read, and next is the first behind them. Nobody learns of it
// when that fails: then all is read again.
func (r *reading) keep(next daybook.Day) {
	if r.keepUntil.IsZero() || next.Compare(r.keepUntil) <= 0 {
		return
	}
	until := r.keepUntil
	r.keepUntil = daybook.Day{}
	if r.damage > 0 || r.lost || r.wrong { // what is wrong there is told each time
		return
	}
	r.end()
	r.pass(until)
	s := standing{Key: r.standingKey(), Until: until.String(), Days: r.made}
	var err, err2 error
	s.Course, err = r.course.MarshalBinary()
	s.Plan, err2 = r.plan.MarshalBinary()
	if errors.Join(err, err2) != nil {
		return
	}
	b := bytes.NewBuffer(make([]byte, 4))
	if gob.NewEncoder(b).Encode(s) != nil {
		return
	}
	binary.LittleEndian.PutUint32(b.Bytes(), checksum(b.Bytes()[4:]))
	_ = durable.Replace(r.source.Book.FS(), r.standingPath(), b.Bytes())
}

func (r *reading) standingPath() string { return filepath.Join(r.source.Book.Dir(), StandingName) }

// standingKey names what a standing depends on but the day files: the palette, the zone and the program, whose rules may
// be others.
func (r *reading) standingKey() [sha256.Size]byte {
	palette, _ := json.Marshal(r.source.Palette) // strings, maps of strings and numbers: it cannot fail
	program := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		program = info.String()
	}
	return sha256.Sum256(fmt.Appendf(palette, "\n%s\n%s", r.source.Book.Settings().Zone, program))
}
