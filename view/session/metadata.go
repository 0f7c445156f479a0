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
	// As of the last refresh: the file as it was left, and whether and which sessions it says are to be synced.
	left   durable.Info
	sync   *syncing // to be written down; nil is none
	synced bool
	listed map[string]bool
}

func newMetadata(fsys durable.FS, b *daybook.Book) metadata {
	path := filepath.Join(b.Dir(), "metadata.json")
	return metadata{
		fsys: fsys, book: b, path: path, lock: durable.NewLock(fsys, path+".lock", ""),
		known: make(map[daybook.Day]struct{}), begun: make(map[daybook.Day]struct{}),
	}
}

// begins takes note of an event of the day and reports whether the file may lack the session, name yesterday's as the
// current one, or say that an earlier session is synced, which it is no longer.
func (m *metadata) begins(day daybook.Day) bool {
	if _, ok := m.known[day]; ok && (day.Compare(m.today) >= 0 || m.lists(day)) {
		return m.stale || m.today != m.book.DayOf(m.book.Now())
	}
	m.known[day], m.begun[day] = struct{}{}, struct{}{}
	return true
}

// lists reports whether the file is known to say that the session of a day is to be synced, or that nothing was ever synced.
func (m *metadata) lists(day daybook.Day) bool {
	info, err := m.fsys.Stat(m.path)
	return err == nil && info == m.left && (!m.synced || m.listed[sessionID(day)])
}

// syncing is a posting of the book to its cold store that is complete.
type syncing struct {
	at     time.Time
	posted func(daybook.Day) bool // reports whether all of a day is in it
}

// Synced writes down in metadata.json that the book was posted to its cold store at a time. Of the earlier sessions those are
// to be synced that posted does not report to be there as a whole. A book without sessions has no such file.
func Synced(ctx context.Context, b *daybook.Book, at time.Time, posted func(daybook.Day) bool) error {
	m := newMetadata(b.FS(), b)
	m.sync = &syncing{at.In(b.Zone()), posted}
	err := m.refresh(ctx, 250*time.Millisecond)
	return errors.Join(err, m.lock.Close())
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
	text := nextMetadata(members, current, h.days, m.begun, m.sync)
	if !bytes.Equal(text, old) {
		if err := durable.Replace(m.fsys, m.path, text); err != nil {
			return err
		}
	}
	clear(m.begun)
	m.remember(text)
	return nil
}

// remember takes note of what the file says now.
func (m *metadata) remember(text []byte) {
	var says struct {
		List   []string `json:"sessions_to_sync"`
		Synced *string  `json:"last_sync_time"`
	}
	_ = json.Unmarshal(text, &says) // what another program has put there counts as nothing
	m.listed, m.synced = make(map[string]bool, len(says.List)), says.Synced != nil
	for _, id := range says.List {
		m.listed[id] = true
	}
	m.left, _ = m.fsys.Stat(m.path) // what is not known makes the next event look again
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
// list is one that was, unless it has got an event since. A syncing, if it is not nil, knows better.
func nextMetadata(
	old []member, current daybook.Day, days []daybook.Day, begun map[daybook.Day]struct{}, sync *syncing,
) []byte {
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
	if sync != nil {
		synced = appendString(nil, sync.at.Format(daybook.TimeLayout))
	}
	waiting := []string{}
	for _, day := range days {
		id := sessionID(day)
		_, new := begun[day]
		done := !new && string(synced) != "null" && id < oldCurrent && !slices.Contains(oldList, id)
		if sync != nil {
			done = sync.posted(day)
		}
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

// ToSync returns the earlier sessions that metadata.json says are to be synced; none if there is no such file.
func ToSync(b *daybook.Book) ([]daybook.Day, error) {
	text, err := durable.ReadFile(b.FS(), filepath.Join(b.Dir(), "metadata.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var says struct {
		List []string `json:"sessions_to_sync"`
	}
	if err == nil {
		_ = json.Unmarshal(text, &says) // what another program has put there counts as nothing
	}
	var days []daybook.Day
	for _, id := range says.List {
		if day, err := daybook.ParseDay(strings.TrimPrefix(id, "session_")); err == nil {
			days = append(days, day)
		}
	}
	return days, err
}
