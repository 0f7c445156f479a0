package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/durable"
)

// script is a program that changes the document as story 11.2's scripts do: it loads the JSON, edits it, and dumps it. The
// numbers have passed through a float64.
func script(t testing.TB, text []byte, edit func(doc map[string]any)) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("the document does not parse: %v\n%s", err, text)
	}
	edit(doc)
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// adding returns a script's edit that adds events.
func adding(t testing.TB, events ...string) func(doc map[string]any) {
	return func(doc map[string]any) {
		list, _ := doc["events"].([]any)
		for _, text := range events {
			var e any
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				t.Fatal(err)
			}
			list = append(list, e)
		}
		doc["events"] = list
	}
}

// vaultEvent is an event of a vault; head are its members before canvas_id.
func vaultEvent(head string) string {
	return `{` + head + `"canvas_id":"a.canvas","event_type":"note","details":{"n":0.10}}`
}

func utf16Text(text []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(text))) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

type adoption struct {
	name string
	edit func(t *testing.T, doc []byte) []byte
	// want is what the days hold afterwards: "08: e1 e2" for the ids of 2025-11-08; evt is a derived one.
	want string
	lost string // the reason for keeping the document aside; "" if it is not
}

func adoptions() []adoption {
	add := func(events ...string) func(*testing.T, []byte) []byte {
		return func(t *testing.T, doc []byte) []byte { return script(t, doc, adding(t, events...)) }
	}
	own := vaultEvent(`"event_id":"f1","timestamp":"2025-11-08T10:00:00",`)
	edit := func(change func(doc map[string]any, events []any)) func(*testing.T, []byte) []byte {
		return func(t *testing.T, doc []byte) []byte {
			return script(t, doc, func(doc map[string]any) { change(doc, doc["events"].([]any)) })
		}
	}
	return []adoption{
		{"one more event", add(own), "08: e1 e2 f1", ""},
		{"with a byte order mark", func(t *testing.T, doc []byte) []byte {
			return append([]byte("\xef\xbb\xbf"), add(own)(t, doc)...)
		}, "08: e1 e2 f1", ""},
		{"in UTF-16", func(t *testing.T, doc []byte) []byte { return utf16Text(add(own)(t, doc)) }, "08: e1 e2 f1", ""},
		{"of other days", add(
			vaultEvent(`"event_id":"f1","timestamp":"2025-11-07T10:00:00",`),
			vaultEvent(`"event_id":"f2","timestamp":"2025-11-08T23:30:00Z",`),
		), "07: f1|08: e1 e2|09: f2", ""},
		{"without event_id, two of them equal", add(
			vaultEvent(`"timestamp":"2025-11-08T10:00:00",`), vaultEvent(`"timestamp":"2025-11-08T10:00:00",`),
			vaultEvent(`"timestamp":"2025-11-08T10:00:01",`),
		), "08: e1 e2 evt evt evt", ""},
		{"without timestamp", add(vaultEvent(`"event_id":"f1",`), vaultEvent("")), "08: e1 e2 f1 evt", ""},
		{"an empty object", add(`{}`), "08: e1 e2", "canvas_id"},
		{"an event that breaks the rules, and a good one", add(`{"event_id":"f0","timestamp":"2025-11-08T10:00:00"}`, own), "08: e1 e2 f1", "canvas_id"},
		{"an event far ahead of the clock", add(vaultEvent(`"event_id":"f1","timestamp":"2035-11-08T10:00:00",`)), "08: e1 e2", "ahead of the clock"},
		{"no event at all", add(`"text"`), "08: e1 e2", "no JSON object"},
		{"one twice", add(own, own), "08: e1 e2 f1", ""},
		{"two of one event_id", add(own, strings.Replace(own, "0.10", "2", 1)), "08: e1 e2 f1", "two events"},
		{"a known event changed", edit(func(_ map[string]any, events []any) {
			events[0].(map[string]any)["details"].(map[string]any)["old_color"] = "6"
		}), "08: e1 e2", "otherwise than the book"},
		{"a known event removed", edit(func(doc map[string]any, events []any) { doc["events"] = events[1:] }), "08: e1 e2", ""},
		{"all events removed, one added", func(t *testing.T, doc []byte) []byte {
			return script(t, doc, func(doc map[string]any) { doc["events"] = nil; adding(t, own)(doc) })
		}, "08: e1 e2 f1", ""},
		{"no events member", edit(func(doc map[string]any, _ []any) { delete(doc, "events") }), "08: e1 e2", ""},
		{"events that are no list", edit(func(doc map[string]any, _ []any) { doc["events"] = 5 }), "08: e1 e2", "no list"},
		{"a member of its own", edit(func(doc map[string]any, _ []any) { doc["mood"] = "good" }), "08: e1 e2", `\"mood\"`},
		{"a statistic of its own", edit(func(doc map[string]any, _ []any) {
			doc["stats"].(map[string]any)["streak"] = 5
		}), "08: e1 e2", `\"streak\"`},
		{"stats that are no object", edit(func(doc map[string]any, _ []any) { doc["stats"] = "none" }), "08: e1 e2", "stats are no object"},
		{"in another order", edit(func(_ map[string]any, events []any) { slices.Reverse(events) }), "08: e1 e2", ""},
		{"cut off behind a new event", func(t *testing.T, doc []byte) []byte {
			doc = add(own)(t, doc)
			return doc[:bytes.Index(doc, []byte(`"session_id"`))] // MarshalIndent sorts: events come before
		}, "08: e1 e2 f1", "does not parse"},
		{"cut off in a new event", func(t *testing.T, doc []byte) []byte {
			doc = add(own, strings.Replace(own, "f1", "f2", 1))(t, doc)
			return doc[:bytes.Index(doc, []byte(`"f2"`))]
		}, "08: e1 e2 f1", "does not parse"},
		{"damaged in the middle", func(t *testing.T, doc []byte) []byte {
			doc = add(own)(t, doc)
			i := bytes.Index(doc, []byte(`"e2"`))
			return slices.Concat(doc[:i], []byte{0, 0, 0, '{', '{'}, doc[i+3:])
		}, "08: e1 e2 f1", "does not parse"},
		{"followed by the rest of an older, longer one", func(t *testing.T, doc []byte) []byte {
			return append(add(own)(t, doc), doc[len(doc)-300:]...)
		}, "08: e1 e2 f1", "something follows"},
		{"with NaN, as Python writes it", func(t *testing.T, doc []byte) []byte {
			doc = add(own, strings.Replace(own, "f1", "f2", 1))(t, doc)
			return bytes.Replace(doc, []byte(`"n": 0.1`), []byte(`"n": NaN`), 1)
		}, "08: e1 e2 f2", "does not parse"},
	}
}

// idsOf tells which events the days of a book hold, as in adoption.want.
func idsOf(t testing.TB, b *daybook.Book) string {
	t.Helper()
	days, err := b.Days()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range days {
		text := strings.TrimPrefix(d.String(), "2025-11-") + ":"
		for entry, err := range b.DayEvents(t.Context(), d, 0) {
			if err != nil {
				t.Fatal(err)
			}
			id := entry.Event.ID()
			if strings.HasPrefix(id, "evt_") {
				id = "evt"
			}
			text += " " + id
		}
		all = append(all, text)
	}
	return strings.Join(all, "|")
}

// TestAdoption: what another program has put into the document comes into the book, once, and nothing is lost.
func TestAdoption(t *testing.T) {
	for i, test := range adoptions() {
		manners := []string{"running, in place", "running, replaced", "next start"}
		if testing.Short() {
			manners = manners[i%3:][:1]
		}
		for _, how := range manners {
			t.Run(test.name+"/"+how, func(t *testing.T) {
				dir := t.TempDir()
				var log bytes.Buffer
				b := openBook(t, dir, &log, New(Options{}))
				appendLines(
					t, b,
					recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
					recolor("e2", "2025-11-08T09:30:00", "a.canvas", "3", "2"),
				)
				path := sessionFile(dir, "2025-11-08")
				changed := test.edit(t, []byte(file(t, path)))
				write := os.WriteFile
				if how == "running, replaced" {
					write = func(name string, data []byte, _ os.FileMode) error {
						return durable.Replace(durable.OS(), name, data)
					}
				}
				// Twice: a script that still has its events in memory brings the same ones again.
				for range 2 {
					if err := write(path, changed, 0o644); err != nil {
						t.Fatal(err)
					}
					if err := os.Chtimes(path, time.Time{}, clock()); err != nil {
						t.Fatal(err)
					}
					if how == "next start" {
						b = openBook(t, dir, &log, New(Options{}))
					} else if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(test.want, idsOf(t, b)); diff != "" {
						t.Fatalf("the book (-want +got):\n%s", diff)
					}
					days, err := b.Days()
					if err != nil {
						t.Fatal(err)
					}
					for _, d := range days {
						wantDocument(t, b, d.String())
					}
				}
				names := kept(t, dir)
				if test.lost == "" {
					if len(names) > 0 {
						t.Errorf("kept aside: got %q, want none; log:\n%s", names, log.String())
					}
					return
				}
				if len(names) != 1 || file(t, names[0]) != string(changed) {
					t.Errorf("kept aside: got %q, want the script's document", names)
				}
				if !strings.Contains(log.String(), test.lost) {
					t.Errorf("log: got %s\nwant %q in it", log.String(), test.lost)
				}
			})
		}
	}
}

// TestForeignTells: what would be adopted is told without doing it.
func TestForeignTells(t *testing.T) {
	for _, test := range adoptions() {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			b := openBook(t, dir, nil, New(Options{}))
			appendLines(
				t, b,
				recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
				recolor("e2", "2025-11-08T09:30:00", "a.canvas", "3", "2"),
			)
			path := sessionFile(dir, "2025-11-08")
			if err := os.WriteFile(path, test.edit(t, []byte(file(t, path))), 0o644); err != nil {
				t.Fatal(err)
			}
			before := files(t, dir)
			_, losses, err := Foreign(t.Context(), b, day(t, "2025-11-08"))
			// What only Append finds out does not stand in the document.
			atAppend := strings.Contains(test.lost, "canvas_id") || strings.Contains(test.lost, "ahead")
			if err != nil || (len(losses) > 0) != (test.lost != "" && !atAppend) {
				t.Errorf("got losses %q, %v, want %q", losses, err, test.lost)
			}
			if diff := cmp.Diff(before, files(t, dir)); diff != "" {
				t.Errorf("Foreign has changed the book's directory:\n%s", diff)
			}
		})
	}
	b := openBook(t, t.TempDir(), nil)
	if n, losses, err := Foreign(t.Context(), b, day(t, "2025-11-08")); n != 0 || losses != nil || err != nil {
		t.Errorf("without a document: got %d, %q, %v", n, losses, err)
	}
}

// files returns the contents of all files below a directory, but for locks.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all[path] = file(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSpelling: a program that reads the whole document and writes it again, each value in its own way, changes nothing.
func TestSpelling(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	line := `{"event_id":"e\u0031","timestamp":"2025-11-08T09:00:00+01:00","canvas_id":"Größe/线.canvas","event_type":"x",` +
		`"details":{"a":0.10,"b":1e3,"c":"\u00e9\/\ud83d\ude00","d":[1.0,-0,{"z":null,"y":true}],"e":12345678901234567890,"f":1E-7}}`
	appendLines(t, b, line)
	stored := file(t, filepath.Join(dir, "2025-11-08", "events.json"))
	path := sessionFile(dir, "2025-11-08")
	if err := os.WriteFile(path, script(t, []byte(file(t, path)), func(map[string]any) {}), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stored, file(t, filepath.Join(dir, "2025-11-08", "events.json"))); diff != "" {
		t.Errorf("the day (-before +after):\n%s", diff)
	}
	if names := kept(t, dir); len(names) > 0 {
		t.Errorf("kept aside: got %q, want none", names)
	}
	wantDocument(t, b, "2025-11-08")
}

func TestSameValue(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[2]}`, `{"b":[2.0],"a":1e0}`, true},
		{`0.1`, `0.10`, true},
		{`0.1`, `0.11`, false},
		{`1e400`, `1e400`, true},
		{`1e400`, `2e400`, false},
		{`"é"`, `"\u00e9"`, true},
		{`"1"`, `1`, false},
		{`{"a":1}`, `{"a":1,"b":1}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[]`, `{}`, false},
		{`{}`, `[]`, false},
		{`null`, `false`, false},
		{`true`, ` true `, true},
		{`1`, `"1`, false},
	} {
		if got := sameValue([]byte(test.a), []byte(test.b)); got != test.want {
			t.Errorf("%s and %s: got %v, want %v", test.a, test.b, got, test.want)
		}
	}
}

// TestDocumentBeingWritten: a program that takes no lock is not disturbed while it writes.
func TestDocumentBeingWritten(t *testing.T) {
	dir := t.TempDir()
	v := New(Options{})
	b := openBook(t, dir, nil, v)
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	path := sessionFile(dir, "2025-11-08")
	text := script(t, []byte(file(t, path)), adding(t, vaultEvent(`"event_id":"f1","timestamp":"2025-11-08T10:00:00",`)))
	f := rewriting(t, path)
	half := len(text) / 2
	v.now = func() time.Time { // shortly after the last change, always
		info, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			return time.Time{}
		}
		return info.ModTime().Add(settleTime - time.Millisecond)
	}
	for i, part := range [][]byte{nil, text[:half], text[half:]} {
		if f.add(part); i == 2 {
			f.Close() // it is done
		}
		appendLines(t, b, recolor(fmt.Sprint("g", i), "2025-11-08T09:00:00", "a.canvas", "1", "3"))
		if err := b.Post(t.Context(), day(t, "2025-11-08")); i < 2 && !errors.Is(err, errWriting) {
			t.Fatalf("part %d: got %v, want %v", i, err, errWriting)
		}
		if i < 2 {
			want := string(text[:half*i])
			if got := file(t, path); got != want {
				t.Fatalf("part %d: the document was touched: got %q, want %q", i, got, want)
			}
		}
	}
	if got, want := idsOf(t, b), "08: e1 g0 g1 g2 f1"; got != want {
		t.Errorf("the book: got %s, want %s", got, want)
	}
	wantDocument(t, b, "2025-11-08")
	if names := kept(t, dir); len(names) > 0 {
		t.Errorf("kept aside: got %q, want none", names)
	}
}

// TestWrittenLate: a program that takes no lock and writes slowly is taken for one that has broken off. What it writes in
// the end, into the file that has been kept aside, is adopted all the same, also by a process that comes later.
func TestWrittenLate(t *testing.T) {
	for _, how := range []string{"running", "next start"} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			v := New(Options{})
			v.now = func() time.Time { return time.Now().Add(settleTime) }
			b := openBook(t, dir, nil, v)
			appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
			path := sessionFile(dir, "2025-11-08")
			text := script(t, []byte(file(t, path)), adding(t, vaultEvent(`"event_id":"f1","timestamp":"2025-11-08T10:00:00",`)))
			f := rewriting(t, path)
			third := len(text) / 3
			for i, part := range [][]byte{nil, text[:third], text[third : 2*third], text[2*third:]} {
				f.add(part)
				if how == "next start" {
					if err := b.Close(); err != nil {
						t.Fatal(err)
					}
					v = New(Options{})
					v.now = func() time.Time { return time.Now().Add(settleTime) }
					b = openBook(t, dir, nil, v)
				} else if days := v.Changed(); len(days) != 1 {
					t.Errorf("part %d: changed documents: got %v, want one", i, days)
				}
				if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
					t.Fatalf("part %d: %v", i, err)
				}
				wantDocument(t, b, "2025-11-08")
			}
			if got, want := idsOf(t, b), "08: e1 f1"; got != want {
				t.Errorf("the book: got %s, want %s", got, want)
			}
			if names := kept(t, dir); len(names) != 1 || file(t, names[0]) != string(text) {
				t.Errorf("kept aside: got %q, want the script's whole document", names)
			}
			if days := v.Changed(); days != nil {
				t.Errorf("changed documents at the end: got %v, want none", days)
			}
		})
	}
}

// TestKeptIsLeftAlone: what stands under the name that a document is to be kept under is somebody's.
func TestKeptIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	path := sessionFile(dir, "2025-11-08")
	name := path + keptMark([]byte("garbage"))
	if err := os.WriteFile(name, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	mine := func() error { return os.WriteFile(name+"-2", []byte("nowhere"), 0o644) }
	if hasLinks(t) {
		mine = func() error { return os.Symlink("nowhere", name+"-2") }
	}
	if err := mine(); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the same bytes again are kept already
		if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, clock()); err != nil {
			t.Fatal(err)
		}
		if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
			t.Fatal(err)
		}
		wantDocument(t, b, "2025-11-08")
	}
	if got := file(t, name); got != "mine" {
		t.Errorf("the user's file: got %q", got)
	}
	if to, err := os.Readlink(name + "-2"); hasLinks(t) && (err != nil || to != "nowhere") {
		t.Errorf("the user's link: got %q, %v", to, err)
	}
	if got := file(t, name+"-3"); got != "garbage" {
		t.Errorf("the kept document: got %q", got)
	}
	if names := kept(t, dir); len(names) != 3 {
		t.Errorf("kept aside: got %q, want one beside the user's two", names)
	}
}

// TestScriptWithItsOwnList: a script that writes the events that it has in its memory, without ids and times, again and
// again, has each stored once; one that loads the document and adds another of the same content has that one stored too.
func TestScriptWithItsOwnList(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	path := sessionFile(dir, "2025-11-08")
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	own := []string{vaultEvent(""), vaultEvent(`"event_id":"f1",`), vaultEvent("")}
	save := func(minute int, text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, clock().Add(time.Duration(minute)*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
			t.Fatal(err)
		}
		wantDocument(t, b, "2025-11-08")
	}
	for i := range 3 {
		save(i, []byte(`{"events":[`+strings.Join(own, ",")+`]}`))
		if got, want := idsOf(t, b), "08: e1 evt f1 evt"; got != want {
			t.Fatalf("save %d: got %s, want %s", i, got, want)
		}
	}
	for i := range 2 {
		save(10+i, script(t, []byte(file(t, path)), adding(t, vaultEvent(""))))
	}
	if got, want := idsOf(t, b), "08: e1 evt f1 evt evt evt"; got != want {
		t.Errorf("two more of the same content: got %s, want %s", got, want)
	}
	if names := kept(t, dir); len(names) > 0 {
		t.Errorf("kept aside: got %q, want none", names)
	}
}

// slowDisk lets a test do something before a document is replaced, and fail it.
type slowDisk struct {
	durable.FS
	rename func(to string) error
}

func (d *slowDisk) Rename(from, to string) error {
	if d.rename != nil {
		if err := d.rename(to); err != nil {
			return err
		}
	}
	return d.FS.Rename(from, to)
}

// TestAdoptionCutOff: the events are in the book, the document could not be made anew: nothing is adopted twice.
func TestAdoptionCutOff(t *testing.T) {
	dir := t.TempDir()
	v := New(Options{})
	disk := &slowDisk{FS: durable.OS()}
	v.fsys = disk
	b := openBook(t, dir, nil, v)
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	path := sessionFile(dir, "2025-11-08")
	text := script(t, []byte(file(t, path)), adding(t, vaultEvent(`"event_id":"f1",`), vaultEvent(""), vaultEvent("")))
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, clock()); err != nil {
		t.Fatal(err)
	}
	cut := errors.New("cut off")
	disk.rename = func(string) error { return cut }
	for range 2 {
		if err := b.Post(t.Context(), day(t, "2025-11-08")); !errors.Is(err, cut) {
			t.Fatalf("got %v, want %v", err, cut)
		}
	}
	disk.rename = nil
	if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	if got, want := idsOf(t, b), "08: e1 f1 evt evt"; got != want {
		t.Errorf("the book: got %s, want %s", got, want)
	}
	wantDocument(t, b, "2025-11-08")
	if names := kept(t, dir); len(names) > 0 {
		t.Errorf("kept aside: got %q, want none", names)
	}
}

// TestWrittenMeanwhile: a program that takes no lock writes while the document is made anew. Its work is not replaced.
func TestWrittenMeanwhile(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	b := openBook(t, dir, &log, New(Options{}))
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	path := sessionFile(dir, "2025-11-08")
	original := []byte(file(t, path))
	if err := os.WriteFile(path, indented(t, original), 0o644); err != nil {
		t.Fatal(err)
	}
	v := New(Options{})
	statted := 0
	v.fsys = &meddler{FS: durable.OS(), name: path, stat: func() {
		if statted++; statted == 1 { // before it is replaced
			text := script(t, original, adding(t, vaultEvent(`"event_id":"f1","timestamp":"2025-11-08T10:00:00",`)))
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Error(err)
			}
		}
	}}
	b = openBook(t, dir, &log, v) // its view says that it is behind
	if !strings.Contains(log.String(), errWriting.Error()) {
		t.Errorf("log: got %s, want %q in it", log.String(), errWriting)
	}
	if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	if got, want := idsOf(t, b), "08: e1 f1"; got != want {
		t.Errorf("the book: got %s, want %s", got, want)
	}
	wantDocument(t, b, "2025-11-08")
}

// meddler does something before a file is looked at.
type meddler struct {
	durable.FS
	name string
	stat func()
}

func (m *meddler) Stat(name string) (durable.Info, error) {
	if name == m.name {
		m.stat()
	}
	return m.FS.Stat(name)
}

// hasty is a file system where somebody else writes a document just before Daybook looks at it the second time, or just
// before Daybook writes it.
type hasty struct {
	durable.FS
	name  string
	stats int
	stat  func()
	write func()
}

type hastyFile struct {
	durable.File
	h *hasty
}

func (h *hasty) Stat(name string) (durable.Info, error) {
	if name == h.name && h.stat != nil {
		if h.stats++; h.stats == 2 {
			h.stat()
		}
	}
	return h.FS.Stat(name)
}

func (h *hasty) Open(name string, write bool) (durable.File, error) {
	f, err := h.FS.Open(name, write)
	if err != nil || name != h.name {
		return f, err
	}
	return &hastyFile{f, h}, nil
}

func (f *hastyFile) WriteAt(p []byte, off int64) (int, error) {
	if write := f.h.write; write != nil {
		f.h.write = nil
		write()
	}
	return f.File.WriteAt(p, off)
}

// TestWrittenBetween: a program that takes no lock writes the document between Daybook's look and Daybook's write. That is
// found out, and its event is adopted.
func TestWrittenBetween(t *testing.T) {
	for _, how := range []string{"before the second look", "before the write"} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			path := sessionFile(dir, "2025-11-08")
			h := &hasty{FS: durable.OS(), name: path}
			v := New(Options{})
			v.fsys = h
			v.now = func() time.Time { return time.Now().Add(settleTime) }
			b := openBook(t, dir, nil, v)
			appendLines(
				t, b,
				recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
				recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
			)
			meddle := func() {
				own := vaultEvent(`"event_id":"f1","timestamp":"2025-11-08T10:00:00",`)
				// Shorter than the document, so that its end will be just where Daybook's is.
				text := `{"events":[` + own + `]}`
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Error(err)
				}
			}
			if how == "before the write" {
				h.write = meddle
			} else {
				h.stat = meddle
			}
			appendLines(t, b, recolor("e3", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
			if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
				t.Fatal(err)
			}
			if got, want := idsOf(t, b), "08: e1 e2 e3 f1"; got != want {
				t.Errorf("the book: got %s, want %s", got, want)
			}
			wantDocument(t, b, "2025-11-08")
		})
	}
}

// TestAdoptionWaits: while the book takes nothing, the document stays as the other program has left it.
func TestAdoptionWaits(t *testing.T) {
	dir := t.TempDir()
	b, err := daybook.Open(dir, &daybook.Options{
		Views: []daybook.View{New(Options{})}, Now: clock, LockTimeout: 10 * time.Millisecond,
		Settings: &daybook.Settings{Zone: "Europe/Berlin", Rules: daybook.RulesVault},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	path := sessionFile(dir, "2025-11-08")
	text := script(t, []byte(file(t, path)), adding(t, vaultEvent(`"event_id":"f1","timestamp":"2025-11-08T10:00:00",`)))
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	lock := durable.NewLock(durable.OS(), filepath.Join(dir, "book.lock"), "")
	if err := lock.Acquire(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if err := b.Post(t.Context(), day(t, "2025-11-08")); !errors.Is(err, daybook.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	if got := file(t, path); got != string(text) {
		t.Errorf("the document was touched: %s", got)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Error(err)
	}
	if got, want := idsOf(t, b), "08: e1 f1"; got != want {
		t.Errorf("the book: got %s, want %s", got, want)
	}
}

// TestLockedItself: a program that locks the document and not the lock file, as story 11.2's listing does, is left alone.
func TestLockedItself(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a lock on a document keeps its readers out on Windows: nobody is asked to take it there")
	}
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	path := sessionFile(dir, "2025-11-08")
	f, err := durable.OS().Open(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if ok, err := f.TryLock(); !ok {
		t.Fatalf("lock: %v %v", ok, err)
	}
	before := file(t, path)
	appendLines(t, b, recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	openBook(t, dir, nil, New(Options{}))
	if got := file(t, path); got != before {
		t.Errorf("the document was written under somebody's lock: %s", got)
	}
	if err := f.Unlock(); err != nil {
		t.Fatal(err)
	}
	appendLines(t, b, recolor("e3", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	wantDocument(t, b, "2025-11-08")
}

// TestChanged: the days are found whose documents somebody else has written.
func TestChanged(t *testing.T) {
	dir := t.TempDir()
	v := New(Options{})
	if days := v.Changed(); days != nil {
		t.Errorf("before Open: got %v", days)
	}
	b := openBook(t, dir, nil, v)
	appendLines(
		t, b,
		recolor("e1", "2025-11-07T09:00:00", "a.canvas", "1", "3"),
		recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
	)
	if days := v.Changed(); days != nil {
		t.Errorf("after Append: got %v, want none", days)
	}
	path := sessionFile(dir, "2025-11-07")
	text := script(t, []byte(file(t, path)), adding(t, vaultEvent(`"event_id":"f1","timestamp":"2025-11-07T10:00:00",`)))
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(sessionFile(dir, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	// One that was not there before.
	event := vaultEvent(`"event_id":"f2","timestamp":"2025-11-05T10:00:00",`)
	if err := os.WriteFile(sessionFile(dir, "2025-11-05"), []byte(`{"events":[`+event+`]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	days := v.Changed()
	if fmt.Sprint(days) != "[2025-11-05 2025-11-07]" {
		t.Fatalf("got %v, want [2025-11-05 2025-11-07]", days)
	}
	for _, d := range days {
		if err := b.Post(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if days := v.Changed(); days != nil {
		t.Errorf("after Post: got %v, want none", days)
	}
	if got, want := idsOf(t, b), "05: f2|07: e1 f1|08: e2"; got != want {
		t.Errorf("the book: got %s, want %s", got, want)
	}
	wantDocument(t, b, "2025-11-07")
}

// TestScriptsAndBooks: many scripts that take the document's lock, and several Books, at once.
func TestScriptsAndBooks(t *testing.T) {
	dir := t.TempDir()
	const books, scripts, each = 3, 3, 15
	var all []*daybook.Book
	for range books {
		b := openBook(t, dir, nil, New(Options{LockTimeout: time.Minute}))
		appendLines(t, b, recolor("e0", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
		all = append(all, b)
	}
	path := sessionFile(dir, "2025-11-08")
	var wg sync.WaitGroup
	for i, b := range all {
		wg.Go(func() {
			for n := range each {
				e, err := daybook.ParseEvent([]byte(recolor(fmt.Sprintf("b%d-%d", i, n), "2025-11-08T09:00:00", "a.canvas", "1", "2")))
				if err == nil {
					_, err = b.Append(context.Background(), e)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range scripts {
		lock := durable.NewLock(durable.OS(), path+".lock", "")
		wg.Go(func() {
			defer lock.Close()
			for n := range each {
				if err := lock.Acquire(context.Background(), time.Minute); err != nil {
					t.Error(err)
					return
				}
				event := vaultEvent(fmt.Sprintf(`"event_id":"s%d-%d","timestamp":"2025-11-08T10:00:00",`, i, n))
				text, err := os.ReadFile(path)
				if err == nil {
					err = os.WriteFile(path, script(t, text, adding(t, event)), 0o644)
				}
				if err := errors.Join(err, lock.Release()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := all[0].Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Error(err)
	}
	_, ids, _ := strings.Cut(idsOf(t, all[0]), ": ")
	got := strings.Fields(ids)
	slices.Sort(got)
	if n := len(slices.Compact(slices.Clone(got))); n != len(got) || n != 1+(books+scripts)*each {
		t.Errorf("got %d events, %d different, want %d", len(got), n, 1+(books+scripts)*each)
	}
	wantDocument(t, all[0], "2025-11-08")
	if names := kept(t, dir); len(names) > 0 {
		t.Errorf("kept aside: got %q, want none", names)
	}
}

// FuzzForeign: no text of a document does harm: the events of the book stay, and the document is made anew or left alone.
func FuzzForeign(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", `{"events":[{"event_id":"f","timestamp":"2025-11-08T10:00:00Z","canvas_id":"a","event_type":"x","details":{}}]}`,
		`{"events":[{}],"events":{}}`, "\xff\xfe{\x00}", "{\"events\":[{\"event_id\":{{{{{{{{{\"", `{"stats":null,"session_id":[]}`,
	} {
		f.Add([]byte(seed))
	}
	addVectors(f, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, text []byte) {
		got := parseForeign(text, day(t, "2025-11-08"))
		if got.broken && len(got.losses) == 0 {
			t.Errorf("broken without a reason: %+v", got)
		}
		if valid := json.Valid(decodeText(text)); !valid && !got.broken {
			t.Errorf("%q is no JSON and not broken", text)
		}
		for _, e := range got.events {
			if !json.Valid(e) {
				t.Errorf("%q is no JSON", e)
			}
		}
	})
}
