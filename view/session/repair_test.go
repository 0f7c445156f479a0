package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/durable"
)

// indented is what Python's json.dump(…, ensure_ascii=False, indent=2) makes of a document after load.
func indented(t *testing.T, text []byte) []byte {
	var v any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type foreignEdit struct {
	name string
	edit func(t *testing.T, doc []byte) []byte
	lost string // what making the document anew would lose, in the log; "" if nothing
}

func foreignEdits() []foreignEdit {
	return []foreignEdit{
		{"empty", func(t *testing.T, doc []byte) []byte { return nil }, "does not parse"},
		{"truncated in the tail", func(t *testing.T, doc []byte) []byte { return doc[:len(doc)-20] }, "does not parse"},
		{"truncated in an event", func(t *testing.T, doc []byte) []byte { return doc[:200] }, "does not parse"},
		{"garbage", func(t *testing.T, doc []byte) []byte { return []byte("\x00\xffgarbage") }, "does not parse"},
		{"garbage of a document's size", func(t *testing.T, doc []byte) []byte { return make([]byte, len(doc)) }, "does not parse"},
		{"more behind its end", func(t *testing.T, doc []byte) []byte { return append(doc, '\n') }, ""},
		{"BOM", func(t *testing.T, doc []byte) []byte { return append([]byte("\xef\xbb\xbf"), doc...) }, ""},
		{"rewritten with indent=2", indented, ""},
		{"CRLF", func(t *testing.T, doc []byte) []byte { return bytes.ReplaceAll(doc, []byte("\n"), []byte("\r\n")) }, ""},
		{"an event changed, same length", func(t *testing.T, doc []byte) []byte {
			return bytes.Replace(doc, []byte(`"event_id":"e1"`), []byte(`"event_id":"x1"`), 1)
		}, "checksum"},
		{"the session's name changed, same length", func(t *testing.T, doc []byte) []byte {
			return bytes.Replace(doc, []byte("session_2025-11-08"), []byte("session_2025-11-09"), 1)
		}, "session_id"},
		{"a statistic changed, same length", func(t *testing.T, doc []byte) []byte {
			return bytes.Replace(doc, []byte(`"total_events": 2`), []byte(`"total_events": 3`), 1)
		}, ""},
		{"a base changed, same length", func(t *testing.T, doc []byte) []byte {
			return bytes.Replace(doc, []byte(`{"a.canvas":{"1":3}}`), []byte(`{"a.canvas":{"1":4}}`), 1)
		}, ""},
	}
}

// A document that is not Daybook's work is made again, and kept aside if anything of it would be lost, by the process that runs and by one that comes.
func TestForeignDocument(t *testing.T) {
	for _, test := range foreignEdits() {
		for _, how := range []string{"running, in place", "running, replaced", "at the next start"} {
			t.Run(test.name+"/"+how, func(t *testing.T) {
				dir := t.TempDir()
				var log bytes.Buffer
				b := openBook(t, dir, &log, New(Options{}))
				appendLines(
					t, b,
					created("e0", "2025-11-07T20:00:00", "a.canvas", `{"1":3}`),
					recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
					recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
				)
				path := sessionFile(dir, "2025-11-08")
				doc := []byte(file(t, path))
				foreign := test.edit(t, bytes.Clone(doc))
				if bytes.Equal(foreign, doc) {
					t.Fatal("the edit changes nothing")
				}
				if how == "running, replaced" {
					if err := durable.Replace(durable.OS(), path, foreign); err != nil {
						t.Fatal(err)
					}
				} else if err := os.WriteFile(path, foreign, 0o644); err != nil {
					t.Fatal(err)
				}
				// Clocks of file systems tick in milliseconds.
				if err := os.Chtimes(path, time.Time{}, clock()); err != nil {
					t.Fatal(err)
				}
				if how == "at the next start" {
					b = openBook(t, dir, &log, New(Options{}))
				}
				appendLines(t, b, recolor("e3", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
				wantDocument(t, b, "2025-11-08")
				names := kept(t, dir)
				if test.lost == "" {
					if len(names) > 0 {
						t.Errorf("kept aside: got %q, want none", names)
					}
					return
				}
				if len(names) != 1 || file(t, names[0]) != string(foreign) {
					t.Errorf("kept aside: got %q, want the one foreign document", names)
				}
				if !strings.Contains(log.String(), "kept aside") || !strings.Contains(log.String(), test.lost) {
					t.Errorf("log: got %q, want \"kept aside\" and %q in it", log.String(), test.lost)
				}
			})
		}
	}
}

func TestDeletedDocument(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	for i := range 3 {
		appendLines(t, b, recolor(fmt.Sprint(i), "2025-11-08T09:00:00", "a.canvas", "1", "3"))
		wantDocument(t, b, "2025-11-08")
		if err := os.Remove(sessionFile(dir, "2025-11-08")); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

func TestBookWithoutDocuments(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil)
	appendLines(
		t, b,
		created("e0", "2025-11-05T20:00:00", "a.canvas", `{"1":3}`),
		recolor("e1", "2025-11-07T09:00:00", "a.canvas", "1", "3"),
		recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
	)
	again := openBook(t, dir, nil, New(Options{}))
	wantDocument(t, again, "2025-11-05", "2025-11-07", "2025-11-08")
	// The book without views goes on: the documents are behind, today's and an earlier one, until the next Open.
	appendLines(
		t, b,
		recolor("e3", "2025-11-08T09:00:00", "a.canvas", "1", "3"),
		recolor("e4", "2025-11-05T09:00:00", "b.canvas", "", "3"),
	)
	again = openBook(t, dir, nil, New(Options{}))
	wantDocument(t, again, "2025-11-05", "2025-11-07", "2025-11-08")
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

func TestLateEvent(t *testing.T) {
	dir := t.TempDir()
	a, b := openBook(t, dir, nil, New(Options{})), openBook(t, dir, nil, New(Options{}))
	appendLines(
		t, a,
		created("e0", "2025-11-06T20:00:00", "a.canvas", `{"1":3}`),
		recolor("e1", "2025-11-07T09:00:00", "a.canvas", "1", "3"),
	)
	appendLines(t, b, recolor("e2", "2025-11-08T09:00:00", "a.canvas", "1", "3"))
	for i, late := range []string{
		recolor("e3", "2025-11-06T21:00:00", "a.canvas", "1", "2"),                                   // changes what later days begin with
		strings.Replace(recolor("e4", "2025-11-06T22:00:00", "a.canvas", "", ""), "color_", "x_", 1), // does not
		created("e5", "2025-11-05T22:00:00", "b.canvas", `{"5":1}`),                                  // a new first day
	} {
		appendLines(t, a, late)
		wantDocument(t, a, "2025-11-06", "2025-11-07", "2025-11-08")
		appendLines(t, b, recolor(fmt.Sprint("f", i), "2025-11-08T09:00:00", "a.canvas", "1", "3"))
		wantDocument(t, b, "2025-11-06", "2025-11-07", "2025-11-08")
	}
	wantDocument(t, b, "2025-11-05")
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

// A day file that was replaced by a shorter one, as by a repair, or by an equal one, as by a sync client.
func TestReplacedDayFile(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	path := filepath.Join(dir, "2025-11-08", "events.json")
	appendLines(t, b, recolor("e1", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
	for i, edit := range []func(string) string{
		func(s string) string { return s },
		func(s string) string { return "garbage\n" + s },
		func(s string) string { return strings.TrimPrefix(s, "garbage\n") },
	} {
		text := edit(file(t, path))
		if err := durable.Replace(durable.OS(), path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		appendLines(t, b, recolor(fmt.Sprint("f", i), "2025-11-08T09:00:00", "a.canvas", "1", "2"))
		wantDocument(t, b, "2025-11-08")
	}
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
	// Rewritten in place, so that the place where reading would go on is the middle of a line.
	for i, start := range []string{"garbage\n", "", "garbage\n", ""} {
		text := strings.TrimPrefix(file(t, path), "garbage\n")
		if err := os.WriteFile(path, []byte(start+text), 0o644); err != nil {
			t.Fatal(err)
		}
		events := []daybook.Event{
			event(t, recolor(fmt.Sprint("g", i), "2025-11-08T09:00:00", "a.canvas", "1", "2")),
			event(t, recolor(fmt.Sprint("G", i), "2025-11-08T09:00:00", "a.canvas", "1", "2")),
		}
		for _, verdict := range b.AppendAll(t.Context(), events[:1+i/2]) { // one, one, two, two
			if verdict.Err != nil {
				t.Fatal(verdict.Err)
			}
		}
		wantDocument(t, b, "2025-11-08")
	}
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
	// Events that are gone from the day file, as when a sync client brings back an old one, come back from the document.
	for i, edit := range []func(string) string{
		func(s string) string { return strings.Replace(s, `"event_id":"G3"`, `"event_id":"xx"`, 1) },
		func(s string) string { return "" },
	} {
		before := file(t, path)
		if err := durable.Replace(durable.OS(), path, []byte(edit(before))); err != nil {
			t.Fatal(err)
		}
		appendLines(t, b, recolor(fmt.Sprint("h", i), "2025-11-08T09:00:00", "a.canvas", "1", "2"))
		after := file(t, path)
		for line := range strings.Lines(before) {
			if strings.Count(after, line) != 1 {
				t.Errorf("day file: got %d times %s, want once", strings.Count(after, line), line)
			}
		}
		wantDocument(t, b, "2025-11-08")
	}
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

// A tail that has become shorter by more than an event leaves nothing behind it.
func TestShorterDocument(t *testing.T) {
	b := openBook(t, t.TempDir(), nil, New(Options{}))
	colors := make(map[string]int)
	for i := range 60 {
		colors[fmt.Sprintf("#%06x", i)] = 1
	}
	text, err := json.Marshal(colors)
	if err != nil {
		t.Fatal(err)
	}
	appendLines(t, b, created("e1", "2025-11-08T09:00:00", "a.canvas", string(text)))
	before := len(file(t, sessionFile(b.Dir(), "2025-11-08")))
	appendLines(t, b, `{"event_id":"e2","timestamp":"2025-11-08T09:00:00Z","canvas_id":"a.canvas","event_type":"canvas_deleted","details":{}}`)
	wantDocument(t, b, "2025-11-08")
	if after := len(file(t, sessionFile(b.Dir(), "2025-11-08"))); after >= before {
		t.Errorf("length: got %d after %d, want less", after, before)
	}
	if n := len(kept(t, b.Dir())); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

// fullDisk is a file system that, while full, puts half of the bytes there that would make a file longer, and fails.
type fullDisk struct {
	durable.FS
	full bool
}

type fullFile struct {
	durable.File
	disk *fullDisk
}

func (d *fullDisk) Open(name string, write bool) (durable.File, error) {
	f, err := d.FS.Open(name, write)
	if err != nil {
		return nil, err
	}
	return &fullFile{f, d}, nil
}

// WriteAt writes in the place of bytes that are there already also on a full disk.
func (f *fullFile) WriteAt(p []byte, off int64) (int, error) {
	info, err := f.Stat()
	if err != nil || !f.disk.full || off+int64(len(p)) <= info.Size {
		return f.File.WriteAt(p, off)
	}
	n, err := f.File.WriteAt(p[:len(p)/2], off)
	if err != nil {
		return n, err
	}
	return n, errors.New("no space left")
}

func TestFullDisk(t *testing.T) {
	v := New(Options{})
	disk := &fullDisk{FS: durable.OS()}
	v.fsys = disk
	b := openBook(t, t.TempDir(), nil, v)
	for i := range 3 {
		appendLines(t, b, recolor(fmt.Sprint("a", i), "2025-11-08T09:00:00", "a.canvas", "1", "2"))
		wantDocument(t, b, "2025-11-08")
		whole := file(t, sessionFile(b.Dir(), "2025-11-08"))
		disk.full = true
		appendLines(t, b, recolor(fmt.Sprint("b", i), "2025-11-08T09:00:00", "a.canvas", "1", "2"))
		if diff := cmp.Diff(whole, file(t, sessionFile(b.Dir(), "2025-11-08"))); diff != "" {
			t.Errorf("after a failed write (-before +after):\n%s", diff)
		}
		disk.full = false
	}
	appendLines(t, b, recolor("c", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
	wantDocument(t, b, "2025-11-08")
	if n := len(kept(t, b.Dir())); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}

// More days than stay open.
func TestManyDays(t *testing.T) {
	b := openBook(t, t.TempDir(), nil, New(Options{}))
	for n := range 2 {
		for d := range maxOpen + 3 {
			at := fmt.Sprintf("2025-10-%02dT09:00:00", d+1)
			appendLines(t, b, recolor(fmt.Sprint(n, "-", d), at, "a.canvas", "1", "2"))
		}
	}
	for d := range maxOpen + 3 {
		wantDocument(t, b, fmt.Sprintf("2025-10-%02d", d+1))
	}
}

func TestSymbolicLink(t *testing.T) {
	if !hasLinks(t) {
		t.Skip("no symbolic links here")
	}
	dir, other := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere.json")
	b := openBook(t, dir, nil, New(Options{}))
	appendLines(t, b, recolor("e", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
	if err := os.Rename(sessionFile(dir, "2025-11-08"), other); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, sessionFile(dir, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		appendLines(t, b, recolor(fmt.Sprint(i), "2025-11-08T09:00:00", "a.canvas", "1", "2"))
		wantDocument(t, b, "2025-11-08")
	}
	if err := os.WriteFile(other, nil, 0o644); err != nil { // made again where the link leads
		t.Fatal(err)
	}
	if err := os.Chtimes(other, time.Time{}, clock()); err != nil { // not at this moment
		t.Fatal(err)
	}
	appendLines(t, b, recolor("f", "2025-11-08T09:00:00", "a.canvas", "1", "2"))
	wantDocument(t, b, "2025-11-08")
	if info, err := os.Lstat(sessionFile(dir, "2025-11-08")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the symbolic link is gone: %v %v", info, err)
	}
}

func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	const books, writers, each = 2, 5, 20
	var wg sync.WaitGroup
	var last *daybook.Book
	for i := range books {
		b := openBook(t, dir, nil, New(Options{LockTimeout: time.Minute}))
		last = b
		for w := range writers {
			wg.Go(func() {
				for n := range each {
					d := 8 - (w+n)%3 // today and two days before
					line := recolor(fmt.Sprintf("%d-%d-%d", i, w, n), fmt.Sprintf("2025-11-%02dT09:00:%02d", d, n), "a.canvas", "1", "2")
					e, err := daybook.ParseEvent([]byte(line))
					if err == nil {
						_, err = b.Append(context.Background(), e)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	wantDocument(t, last, "2025-11-06", "2025-11-07", "2025-11-08")
	if n := len(kept(t, dir)); n > 0 {
		t.Errorf("%d documents kept aside, want none", n)
	}
}
