package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/internal/durable"
)

// metadata keeps story 11.2's metadata.json: which session is the current one and which have not been synced to a
// cold store yet. It is written when a session begins, not with each event.
type metadata struct {
	fsys  durable.FS
	book  *daybook.Book
	path  string
	lock  *durable.Lock
	known map[daybook.Day]struct{} // the days that had events when it was written
	begun map[daybook.Day]struct{} // those that got their first event since
	today daybook.Day              // the clock's day when it was written
	stale bool                     // the last refresh failed
}

func newMetadata(fsys durable.FS, b *daybook.Book) metadata {
	path := filepath.Join(b.Dir(), "metadata.json")
	return metadata{
		fsys: fsys, book: b, path: path, lock: durable.NewLock(fsys, path+".lock", ""),
		known: make(map[daybook.Day]struct{}), begun: make(map[daybook.Day]struct{}),
	}
}

// begins takes note of an event of the day and reports whether the file may lack the session, or name yesterday's as
// the current one.
func (m *metadata) begins(day daybook.Day) bool {
	if _, ok := m.known[day]; ok {
		return m.stale || m.today != m.book.DayOf(m.book.Now())
	}
	m.known[day], m.begun[day] = struct{}{}, struct{}{}
	return true
}

// refresh brings the file up to date with the book. A book without any session has none.
func (m *metadata) refresh(ctx context.Context, limit time.Duration) (err error) {
	defer func() {
		if m.stale = err != nil; m.stale {
			err = fmt.Errorf("metadata.json: %w", err)
		}
	}()
	if err := m.lock.Acquire(ctx, limit); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.lock.Release()) }()
	h, err := readHistory(m.book)
	if err != nil {
		return err
	}
	for _, day := range h.days {
		m.known[day] = struct{}{}
	}
	m.today = m.book.DayOf(m.book.Now())
	current := m.today
	if _, err := m.fsys.Stat(documentPath(m.book, current)); errors.Is(err, fs.ErrNotExist) {
		if len(h.days) == 0 {
			return nil
		}
		if i, today := h.find(current); !today {
			current = h.days[max(i-1, 0)] // the latest, but not one that the clock has not reached
		}
	} else if err != nil {
		return err
	}
	old, err := durable.ReadFile(m.fsys, m.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	members, perr := parseMembers(old)
	if perr != nil && len(old) > 0 {
		if err := keepCopy(m.fsys, m.book.Logger(), m.path, aside{old, perr.Error()}); err != nil {
			return err
		}
	}
	text := nextMetadata(members, current, h.days, m.begun)
	if !bytes.Equal(text, old) {
		if err := durable.Replace(m.fsys, m.path, text); err != nil {
			return err
		}
	}
	clear(m.begun)
	return nil
}

// member is one member of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// parseMembers returns the members of a JSON object in their order.
func parseMembers(text []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.Join(errors.New("it is no JSON object"), err)
	}
	var members []member
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string) // in an object, what comes before a value is a string
		m := member{name: name}
		if err := dec.Decode(&m.value); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return members, nil
}

// nextMetadata returns metadata.json for a book with sessions on the given days. Of the old one stay last_sync_time and
// all members that are not known here. Where something has been synced, an earlier session that the old file does not
// list is one that was, unless it has begun only since.
func nextMetadata(old []member, current daybook.Day, days []daybook.Day, begun map[daybook.Day]struct{}) []byte {
	var (
		oldCurrent string
		oldList    []string
		synced     = json.RawMessage("null")
		others     []member
	)
	for _, m := range old {
		switch m.name {
		case "current_session":
			_ = json.Unmarshal(m.value, &oldCurrent) // what is no string is no session
		case "sessions_to_sync":
			_ = json.Unmarshal(m.value, &oldList) // what is no list lists nothing
		case "last_sync_time":
			synced = m.value
		default:
			others = append(others, m)
		}
	}
	waiting := []string{}
	for _, day := range days {
		id := sessionID(day)
		_, new := begun[day]
		done := !new && string(synced) != "null" && id < oldCurrent && !slices.Contains(oldList, id)
		if day.Compare(current) < 0 && !done {
			waiting = append(waiting, id)
		}
	}
	var out bytes.Buffer
	out.WriteString("{\n  \"current_session\": \"" + sessionID(current) + "\",\n  \"sessions_to_sync\": [")
	if len(waiting) > 0 {
		out.WriteString("\n    \"" + strings.Join(waiting, "\",\n    \"") + "\"\n  ")
	}
	out.WriteString("],\n  \"last_sync_time\": ")
	out.Write(synced)
	for _, m := range others {
		out.WriteString(",\n  ")
		out.Write(appendString(nil, m.name))
		out.WriteString(": ")
		out.Write(m.value)
	}
	out.WriteString("\n}\n")
	return out.Bytes()
}
