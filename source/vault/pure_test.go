package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"daybook"
	"daybook/canvas"
)

func TestMatchRenames(t *testing.T) {
	inv := func(board, ids string) inventory { return inventory{board, distinct(strings.Fields(ids))} }
	for _, test := range []struct {
		name           string
		missing, fresh []inventory
		want           map[string]string
	}{
		{"the same", []inventory{inv("a", "1 2")}, []inventory{inv("b", "1 2")}, map[string]string{"b": "a"}},
		{"with additions", []inventory{inv("a", "1 2")}, []inventory{inv("b", "1 2 3 4 5 6 7")}, map[string]string{"b": "a"}},
		{"over half", []inventory{inv("a", "1 2 3")}, []inventory{inv("b", "1 2 9")}, map[string]string{"b": "a"}},
		{"exactly half", []inventory{inv("a", "1 2")}, []inventory{inv("b", "1 9")}, map[string]string{}},
		{"nothing to go by", []inventory{inv("a", "")}, []inventory{inv("b", "")}, map[string]string{}},
		{
			"the better match wins, whatever the order",
			[]inventory{inv("a", "1 2 3 4")},
			[]inventory{inv("b", "1 2 3"), inv("c", "1 2 3 4")},
			map[string]string{"c": "a"},
		},
		{
			"each its own",
			[]inventory{inv("a", "1 2 3 4"), inv("b", "1 2 3 5")},
			[]inventory{inv("c", "1 2 3 5"), inv("d", "1 2 3 4")},
			map[string]string{"c": "b", "d": "a"},
		},
		{
			"a board once",
			[]inventory{inv("a", "1 2")},
			[]inventory{inv("b", "1 2"), inv("c", "1 2")},
			map[string]string{"b": "a"},
		},
		{
			"two into one",
			[]inventory{inv("a", "1 2"), inv("b", "3 4 5")},
			[]inventory{inv("c", "1 2 3 4 5")},
			map[string]string{"c": "b"},
		},
	} {
		if diff := cmp.Diff(test.want, matchRenames(test.missing, test.fresh)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestLeftAlone(t *testing.T) {
	s, err := newSkipper(osFS(), t.TempDir(), "", []string{"drafts/*", "*.wip.canvas", "caf\u00e9", "the\u0301"})
	if err != nil {
		t.Fatal(err)
	}
	s.own = "log/book"
	for name, want := range map[string]bool{
		"a.canvas":                 true,
		"deep/白板.canvas":           true,
		"a.CANVAS":                 true,
		"backup.canvas":            true,
		"my.backup.canvas":         true,
		"a (copy).canvas":          true,
		"conflicted copy.canvas":   true,
		"a.md":                     false,
		"a.canvas.tmp":             false,
		".a.canvas":                false,
		"a.backup.20251018.canvas": false,
		"a.sync-conflict-20250101-010203-AAAAAAA.canvas":  true,
		"a (conflicted copy 2025-01-01 010203).canvas":    true,
		"a (1) (Ann's conflicted copy 2025-01-01).canvas": true,
		"a (Conflicted copy phone 202501010203).canvas":   true,
		"drafts/a.canvas":      false,
		"b/c.wip.canvas":       false,
		"drafts/deep/a.canvas": true,
	} {
		if got := s.board(name); got != want {
			t.Errorf("board(%q) = %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]bool{
		".": false, "a": false, "a.b": false, ".obsidian": true, "a/.trash": true, "log": false, "log/book": true, "drafts/x": true,
		"cafe\u0301": true, "cafe": false, "th\u00e9": true,
		"System Volume Information": true, "a/Network Trash Folder": true, "Temporary Items": true, "@EADIR": true,
		"recycle": false, "snapshot": false, "found.1": false, "@me": false, "trash": false,
	} {
		if got := s.dir(name); got != want {
			t.Errorf("dir(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestFirstWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"  # A\n\ttitle ":         "# A title",
		strings.Repeat("äö ", 30): strings.Repeat("äö ", 13) + "ä…",
		strings.Repeat("x", 9999): strings.Repeat("x", 40) + "…",
	} {
		if got := firstWords(text); got != want {
			t.Errorf("firstWords(%.20q) = %q, want %q", text, got, want)
		}
	}
}

// TestUnreadableKinds looks at files that hold no board.
func TestUnreadableKinds(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct{ content, want string }{
		"zero bytes":       {"", "empty"},
		"white space":      {" \n\t", "empty"},
		"a mark alone":     {"\ufeff", "empty"},
		"truncated":        {`{"nodes":[{"id":"1","text":"ab`, "truncated"},
		"truncated early":  {`{`, "truncated"},
		"conflict":         {"{\n<<<<<<< HEAD\n\"nodes\":[]\n=======\n>>>>>>> x\n}", "conflict markers"},
		"conflict outside": {"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", "conflict markers"},
		"NULs":             {"\x00\x00\x00", "not a board"},
		"no object":        {`[1]`, "not a board"},
		"null":             {`null`, "not a board"},
		"nodes no array":   {`{"nodes":{}}`, "not a board"},
		"two boards":       {`{}{}`, "not a board"},
		"an empty board":   {`{}`, ""},
		"duplicate ids":    {`{"nodes":[{"id":"1"},{"id":"1"}]}`, ""},
		"mark and CRLF":    {"\ufeff{\r\n\"nodes\":[]\r\n}", ""},
		"unknown members":  {`{"nodes":[{"id":"1","shape":{"a":1}}],"metadata":1}`, ""},
	} {
		file := filepath.Join(dir, "a.canvas")
		if err := os.WriteFile(file, []byte(test.content), 0o644); err != nil {
			t.Fatal(err)
		}
		s := look(osFS(), dir, "a.canvas")
		if got, _, _ := strings.Cut(s.reason, ":"); got != test.want || (s.board != nil) != (test.want == "") {
			t.Errorf("%s: reason %q, want %q", name, got, test.want)
		}
	}
	if s := look(osFS(), dir, "b.canvas"); !s.absent {
		t.Errorf("a file that is not there: %+v", s)
	}
	if s := look(osFS(), dir, "a.canvas/b.canvas"); !s.absent {
		t.Errorf("a file below a file: %+v", s)
	}
}

// TestStateRoundTrip reads back what was written, and nothing else.
func TestStateRoundTrip(t *testing.T) {
	s := &state{
		Format: 1, Lineage: "00ff", Generation: 7, Time: "2026-01-02T03:04:05.000006+01:00", Hash: "aa", History: []string{"bb", "aa"},
		Save: save{Kind: saveChanged, OldPath: "<old>.canvas", Short: map[int]int{3: 1}}, Board: []byte(`{"nodes":[],"edges":[]}`),
	}
	s.setPath("a/b\xff.canvas", "./a/b%FF.canvas")
	data := s.encode()
	got, err := decodeState(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.path() != "a/b\xff.canvas" || got.Path != "./a/b%FF.canvas" {
		t.Errorf("paths %q and %q", got.path(), got.Path)
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 4
		if s, err := decodeState(bad); err == nil && !bytes.Equal(s.encode(), data) {
			t.Errorf("a flipped bit at byte %d is not noticed", i)
		}
	}
}

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte(`{"sum":"","format":1}`))
	full := &state{
		Format: 1, Lineage: "a", Path: "./b%FF", PathBytes: []byte("b\xff"), Displaced: true, Generation: 3, Time: "2026-01-02T03:04:05.000006+01:00",
		Hash: "h", History: []string{"h"}, Unreadable: "empty", Board: []byte(`{"nodes":[{"id":"\u2028<é"}],"edges":[]}`),
		Save: save{Kind: saveCreated, OldPath: "p", Colors: map[string]int{"": 1}, Short: map[int]int{0: 1}},
	}
	f.Add(full.encode())
	f.Add([]byte(`{"sum":"","format":1,"lineage":"a","path":"p","board":null,"save":{"kind":""}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(data []byte) {
			s, err := decodeState(data)
			if err != nil {
				return
			}
			again, err := decodeState(s.encode())
			if err != nil || !bytes.Equal(again.encode(), s.encode()) || again.path() != s.path() {
				t.Errorf("%q is accepted, written as %q, and cannot be read again: %v", data, s.encode(), err)
			}
			_, _ = canvas.Parse(s.Board) // as the recorder does
		}
		check(data)
		// The same under a check sum that fits, which no chance finds.
		if _, rest, ok := bytes.Cut(data, []byte(`",`)); ok {
			check(fmt.Appendf(nil, `%s%x",%s`, sumPrefix, sha256.Sum256(rest), rest))
		}
	})
}

// FuzzCanvasID: a board has one name in NFC however its path is spelled; from the other name that it may have, its path can
// be had back. Both are valid UTF-8.
func FuzzCanvasID(f *testing.F) {
	for _, s := range []string{
		"a.canvas", "b/é.canvas", "b\xff%.canvas", "100%.canvas", "\xed\xa0\x80", "%FF\xff", "e\u0301/\u1112\u1161\u11ab",
		"\xfa\u0301", "q\u0303", "\u212b", strings.Repeat("\u0301", 40), "\u0344",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rel string) {
		if strings.Contains(rel, "\x00") || !fs.ValidPath(strings.ToValidUTF8(rel, "x")) {
			return // no path in a vault
		}
		apart := apartID(rel)
		back, err := url.PathUnescape(strings.TrimPrefix(apart, "./"))
		if err != nil || back != rel || !strings.HasPrefix(apart, "./") || !utf8.ValidString(apart) || !norm.NFC.IsNormalString(apart) {
			t.Fatalf("%q is %q, which is %q: %v", rel, apart, back, err)
		}
		want := apart
		if utf8.ValidString(rel) {
			want = norm.NFC.String(rel)
		}
		for _, spelled := range []string{rel, norm.NFC.String(rel), norm.NFD.String(rel)} {
			if id := canvasID(spelled); id != want && utf8.ValidString(rel) || id != canvasID(id) && id[0] != '.' {
				t.Fatalf("%q is %q, want %q", spelled, id, want)
			}
		}
	})
}

// TestEventTime gives the modification time, with the exceptions of Save.Time.
func TestEventTime(t *testing.T) {
	zone := time.FixedZone("", 3600)
	now := time.Date(2026, 3, 1, 12, 0, 0, 123456789, zone)
	book := newFakeBook(t.TempDir())
	r, err := NewRecorder(book, &Options{now: func(Book) time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	board := parse(t, "{}")
	before := now.Add(-time.Hour)
	for _, test := range []struct {
		name string
		save Save
		base state
		want time.Time
	}{
		{"first sight", Save{Board: board, Time: before}, state{}, now},
		{"unreadable at first sight", Save{Unreadable: "empty", Time: before}, state{}, now},
		{"unreadable, of 1970", Save{Unreadable: "empty", Time: time.Unix(0, 0)}, state{}, now},
		{"unreadable later", Save{Unreadable: "empty", Time: before}, state{Hash: "x"}, before},
		{"an edit", Save{Board: board, Time: before}, state{Hash: "x", Time: now.Add(-2 * time.Hour).Format(daybook.TimeLayout)}, before},
		{"ahead of the clock", Save{Board: board, Time: now.Add(1)}, state{Hash: "x"}, now},
		{"older than the last save", Save{Board: board, Time: before}, state{Hash: "x", Time: now.Add(-time.Minute).Format(daybook.TimeLayout)}, now},
		{"unknown", Save{Board: board}, state{Hash: "x"}, now},
		{"only renamed", Save{Board: board, Time: before, hash: "x"}, state{Hash: "x"}, now},
		{"from a history", Save{Board: board, Time: before, Historic: true}, state{}, before},
		{"deleted", Save{Time: before}, state{Hash: "x"}, before},
	} {
		got, want := r.eventTime(test.save, &test.base).Format(daybook.TimeLayout), test.want.Format(daybook.TimeLayout)
		if got != want {
			t.Errorf("%s: %s, want %s", test.name, got, want)
		}
	}
	if got := now.In(time.UTC).Format(daybook.TimeLayout); got != "2026-03-01T11:00:00.123456+00:00" {
		t.Errorf("the offset of UTC is not numeric: %s", got)
	}
}

// TestTooLong records what does not fit into a line, shortened; and a second attempt with another limit makes the same.
func TestTooLong(t *testing.T) {
	book := newFakeBook(t.TempDir())
	book.maxLine = 4096
	r, err := NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 5000)
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	ctx := context.Background()
	for _, board := range []string{
		`{}`,
		`{"nodes":[{"id":"1","type":"text","text":"short"},{"id":"2","type":"text","text":"` + long + `","deep":` + deep + `,"odd":"` + long + `"}]}`,
		`{"nodes":[{"id":"1","type":"text","text":"` + long + `"},{"id":"2","type":"text","text":""}]}`,
		`{"nodes":[{"id":"` + long + `","type":"text","text":""}]}`,
	} {
		if err := r.Record(ctx, Save{Path: "a.canvas", Board: parse(t, board)}); err != nil {
			t.Fatal(err)
		}
	}
	got := told(t, book)[1:]
	want := []string{
		"a.canvas node_added 1",
		"a.canvas node_added 2 shortened",
		"a.canvas node_text_change 1 5>5000 shortened",
	}
	if diff := cmp.Diff(want, got[:3]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	node := details(t, book.lines()[2])["node"]
	if diff := cmp.Diff(map[string]any{"id": "2", "type": "text", "text_length": 5000., "deep_length": 241., "odd_length": 5000.}, node); diff != "" {
		t.Errorf("the shortened node (-want +got):\n%s", diff)
	}
	if last := details(t, book.lines()[len(book.lines())-1]); last["shortened"] != nil && last["save"] == nil {
		t.Errorf("an event without its save: %v", last)
	}
	if s := r.Summary(); s.Lost != 0 || s.Events != len(book.lines()) {
		t.Errorf("summary %+v with %d events stored", s, len(book.lines()))
	}
}

// TestConflict goes on when the book refuses an event for good.
func TestConflict(t *testing.T) {
	book := newFakeBook(t.TempDir())
	r, err := NewRecorder(book, &Options{random: func() (string, error) { return "aa", nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	first, second := parse(t, boardOf([]string{"1"})), parse(t, boardOf([]string{"1:2", "2"}))
	if err := r.Record(ctx, Save{Path: "a.canvas", Board: first}); err != nil {
		t.Fatal(err)
	}
	s := &state{Lineage: "aa", Generation: 2, Hash: hashOf(second), Save: save{OldHash: hashOf(first)}}
	book.byID[s.eventID("node_color_change\n1\n0")] = "something else"
	if err := r.Record(ctx, Save{Path: "a.canvas", Board: second}); err != nil {
		t.Fatal(err)
	}
	want := []string{"a.canvas canvas_created nodes=1 edges=0", "a.canvas node_added 2"}
	if diff := cmp.Diff(want, told(t, book)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got := r.Summary().Lost; got != 1 {
		t.Errorf("%d events lost, want 1", got)
	}
}

// TestEventShape shows whole lines, so that a change of format is seen.
func TestEventShape(t *testing.T) {
	book := newFakeBook(t.TempDir())
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, book.zone)
	r, err := NewRecorder(book, &Options{
		now:    func(Book) time.Time { return now },
		random: func() (string, error) { return "0123456789abcdef0123456789abcdef", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []Save{
		{Path: "a.canvas", Board: parse(t, boardOf([]string{"1:5"})), Time: now.Add(-time.Hour)},
		{Path: "a.canvas", Board: parse(t, boardOf([]string{"1", "2@0.50,1e3:3:<b&"})), Time: now.Add(-time.Second), Late: true},
	} {
		if err := r.Record(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
	got := strings.Join(book.lines(), "\n") + "\n"
	const golden = "testdata/lines.jsonl"
	want, err := os.ReadFile(golden)
	if os.IsNotExist(err) {
		t.Fatalf("%s is missing; it should hold\n%s", golden, got)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
	for _, line := range book.lines() {
		if _, err := daybook.ParseEvent([]byte(line)); err != nil {
			t.Error(err)
		}
	}
}

// TestBigBoard records a board of 5,000 cards and 5 MB.
func TestBigBoard(t *testing.T) {
	items := make([]string, 5000)
	for i := range items {
		items[i] = fmt.Sprintf("n%d:%d:%s", i, i%6, strings.Repeat("word_", 180))
	}
	book := newFakeBook(t.TempDir())
	r, err := NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := r.Record(ctx, Save{Path: "a.canvas", Board: parse(t, boardOf(items))}); err != nil {
		t.Fatal(err)
	}
	for i := range items {
		items[i] = strings.Replace(items[i], ":", "@7,7:", 1)
	}
	if err := r.Record(ctx, Save{Path: "a.canvas", Board: parse(t, boardOf(items))}); err != nil {
		t.Fatal(err)
	}
	if got := len(book.lines()); got != 5001 || book.calls != 2 {
		t.Errorf("%d events in %d appends, want 5001 in 2", got, book.calls)
	}
}

// TestTooLongCrash dies behind the append of a shortened event; the next process has room for the whole one, and makes
// the shortened one again all the same.
func TestTooLongCrash(t *testing.T) {
	book := newFakeBook(t.TempDir())
	fs := &faultFS{FS: osFS(), fast: true}
	r, err := NewRecorder(book, &Options{fsys: fs})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := r.Record(ctx, Save{Path: "a.canvas", Board: parse(t, `{}`)}); err != nil {
		t.Fatal(err)
	}
	book.maxLine = 4096
	book.dieAtCall, book.dieAfter, book.dies = 3, -1, fs.die
	long := parse(t, `{"nodes":[{"id":"1","type":"text","text":"`+strings.Repeat("x", 5000)+`"}]}`)
	if err := r.Record(ctx, Save{Path: "a.canvas", Board: long}); err == nil {
		t.Fatal("it survived")
	}
	book.revive()
	book.maxLine = 1 << 20
	if r, err = NewRecorder(book, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.Finish(ctx); err != nil {
		t.Fatal(err)
	}
	want := []string{"a.canvas canvas_created nodes=0 edges=0", "a.canvas node_added 1 shortened"}
	if diff := cmp.Diff(want, told(t, book)); diff != "" || book.conflicts != 0 || book.again != 1 {
		t.Errorf("%d conflicts, %d duplicates, want 0 and 1; events (-want +got):\n%s", book.conflicts, book.again, diff)
	}
}
