package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daybook"
	"daybook/learning"
)

// damagedBook is a book whose ledger has all kinds of pages, and days that only it has. healthy is what the ledger's file is.
func damagedBook(t testing.TB) (b *daybook.Book, file string, healthy []byte) {
	t.Helper()
	b = newBook(t, nil)
	put(t, b, someDays()...)
	for i := range 120 {
		put(t, b, camera(fmt.Sprint("c", i), fmt.Sprintf("2025-11-%02dT11:00:00Z", 9+i%4), fmt.Sprintf("courier %d leaves a parcel, number %d", i, i*i)))
		put(t, b, fmt.Sprintf(`{"event_id":"n%d","timestamp":"2025-11-%02dT12:00:00Z","canvas_id":"board %d.canvas","event_type":"node_added","details":{"node_id":"n%d","node":{"text":"%s"}}}`,
			i, 9+i%4, i%7, i, strings.Repeat(fmt.Sprint("word", i, " "), 1+i%9*i%9*40)))
	}
	v := newView(t, b, Options{})
	catchUp(t, v)
	retire(t, v, b, "2025-11-06", daybook.KeepNothing)
	retire(t, v, b, "2025-11-09", daybook.KeepNothing)
	put(t, b, camera("late", "2025-11-09T13:00:00Z", "late"))
	catchUp(t, v)
	file = filepath.Join(b.Dir(), Name)
	healthy, err := os.ReadFile(file)
	try(t, err)
	return b, file, healthy
}

// asked are questions to a ledger: each returns what it says, and whether it says that something is wrong.
func asked() map[string]func(b *daybook.Book) (string, error) {
	list := map[string]func(b *daybook.Book) (string, error){
		"verify": func(b *daybook.Book) (string, error) {
			for d, err := range Compare(context.Background(), b, daybook.Query{}, learning.Palette{}) {
				if err != nil {
					return "", err
				}
				if !d.Behind {
					return "", d
				}
			}
			return "", nil
		},
		"sync": func(b *daybook.Book) (string, error) {
			v := New(Options{})
			_, err := v.CatchUp(context.Background())
			if err == nil {
				return "", errors.New("a View that is not open has posted")
			}
			if err := v.Open(context.Background(), b); err != nil {
				return "", err
			}
			_, err = v.CatchUp(context.Background())
			return "", errors.Join(err, v.Close())
		},
		"behind": func(b *daybook.Book) (string, error) {
			days, bytes, err := Behind(context.Background(), b)
			return fmt.Sprint(days, bytes), err
		},
	}
	words, _ := ParseWords("word7 parc*")
	node, _ := ParseWords("courier")
	for name, q := range map[string]Question{
		"all": {}, "newest": {Newest: true, Limit: 7}, "canvas": {Canvases: []string{"board 3.canvas"}}, "camera": {Camera: "gate", Newest: true, Limit: 60},
		"node": {Node: "n17"}, "words": {Words: words}, "more words": {Words: node, Newest: true},
	} {
		list["query "+name] = func(b *daybook.Book) (string, error) {
			var out strings.Builder
			var told error
			for e, err := range Find(context.Background(), b, q, func(err error) { told = errors.Join(told, err) }) {
				if err != nil {
					return "", err
				}
				fmt.Fprintf(&out, "%s %d %s\n", e.Position.Day, e.Position.Offset, e.Raw)
			}
			return out.String(), told
		}
	}
	for _, query := range []string{
		"SELECT * FROM daily_stats", "SELECT * FROM events", "SELECT * FROM counts ORDER BY 1, 2, 3", "SELECT * FROM learned", "SELECT * FROM objects",
		"SELECT line FROM events WHERE canvas_id = 'board 3.canvas'", "SELECT event_id FROM events WHERE node_id = 'n17'",
		"SELECT rowid FROM texts WHERE texts MATCH 'courier'", "SELECT count(*) FROM events WHERE day = '2025-11-10'", "SELECT * FROM days", "SELECT * FROM cursors",
	} {
		list["sql "+query] = func(b *daybook.Book) (string, error) {
			var out strings.Builder
			err := Ask(context.Background(), b, query, func([]string) error { return nil }, func(values []any) error {
				fmt.Fprintln(&out, values...)
				return nil
			})
			return out.String(), err
		}
	}
	return list
}

// TestDamagedLedger: whatever becomes of the bytes of a ledger, each question to it has the right answer, or an error that names
// the file.
func TestDamagedLedger(t *testing.T) {
	b, file, healthy := damagedBook(t)
	pages := len(healthy) / pageSize
	t.Logf("%d pages", pages)
	want := map[string]string{}
	for name, ask := range asked() {
		text, err := ask(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want[name] = text
	}
	now, err := os.ReadFile(file)
	try(t, err)
	if !bytes.Equal(now, healthy) {
		t.Fatal("the questions have changed the ledger")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	each := 12
	if testing.Short() {
		each = 1
	}
	noticed := 0
	check := func(what string, data []byte) {
		t.Helper()
		told := false
		for name, ask := range asked() {
			try(t, os.WriteFile(file, data, 0o644))
			text, err := ask(b)
			var wrong *Error
			switch {
			case err != nil:
				told = true
				var d Difference
				if !errors.As(err, &d) && (!errors.As(err, &wrong) || wrong.File != file || wrong.Problem != Damaged && wrong.Problem != Foreign && wrong.Problem != Lacking) {
					t.Errorf("%s: %s: got the error %v, want one that names the file", what, name, err)
				}
			case text != want[name]:
				t.Errorf("%s: %s: got\n%.300s\nwant\n%.300s", what, name, text, want[name])
			}
		}
		if told {
			noticed++
		}
	}
	altered := func(f func(data []byte) []byte) []byte { return f(bytes.Clone(healthy)) }
	for page := range pages {
		if testing.Short() && page > 2 && rng.IntN(4) > 0 {
			continue
		}
		for range each {
			at, bit := page*pageSize+rng.IntN(pageSize), byte(1)<<rng.IntN(8)
			check(fmt.Sprintf("bit %#x flipped at %d of page %d", bit, at%pageSize, page+1), altered(func(d []byte) []byte { d[at] ^= bit; return d }))
		}
		check(fmt.Sprint("no page ", page+1), altered(func(d []byte) []byte { clear(d[page*pageSize:][:pageSize]); return d }))
		other := (page + 1 + rng.IntN(pages-1)) % pages
		check(fmt.Sprintf("page %d is page %d", page+1, other+1), altered(func(d []byte) []byte {
			copy(d[page*pageSize:][:pageSize], healthy[other*pageSize:])
			return d
		}))
		cut := page*pageSize + rng.IntN(pageSize)
		if cut > 0 {
			check(fmt.Sprint("cut at ", cut), healthy[:cut])
		}
	}
	for at := range headSize { // the header, each byte
		if testing.Short() && at%7 > 0 {
			continue
		}
		check(fmt.Sprintf("byte %d of the header", at), altered(func(d []byte) []byte { d[at] ^= 0xff; return d }))
	}
	check("cut between pages", healthy[:pages/2*pageSize])
	t.Logf("%d kinds of damage were noticed", noticed)
}

// TestCheckedPages: the pages of a ledger have their checksums, another program reads them, and what it writes is damage.
func TestCheckedPages(t *testing.T) {
	b, file, data := damagedBook(t)
	for at := 0; at < len(data); at += pageSize {
		if !hasSum(data[at:][:pageSize], int64(at)) {
			t.Errorf("page %d has no checksum", at/pageSize+1)
		}
	}
	if got := binary.BigEndian.Uint16(data[16:]); got != pageSize || data[20] != sumSize {
		t.Errorf("pages of %d bytes, of which %d are reserved", got, data[20])
	}
	if n := len(rows(t, b.Dir())); n == 0 { // by plain SQLite, with its own check
		t.Error("another program reads no rows")
	}
	db, err := sql.Open("sqlite", "file:"+file)
	try(t, err)
	_, err = db.Exec("UPDATE events SET line = '{}'")
	try(t, err)
	try(t, db.Close())
	var wrong *Error
	if _, err := asked()["sql SELECT * FROM events"](b); !errors.As(err, &wrong) || wrong.Problem != Damaged {
		t.Errorf("after another program has written: got %v, want that it is damaged", err)
	}
}

// TestRebuildDamaged: of a damaged ledger each day that can be read is taken over, the others are kept aside with it.
func TestRebuildDamaged(t *testing.T) {
	b, file, healthy := damagedBook(t)
	want := ask(t, b, "SELECT line FROM events ORDER BY id")
	carried := 0
	for page := range len(healthy) / pageSize {
		data := bytes.Clone(healthy)
		data[page*pageSize+pageSize/2] ^= 1
		try(t, os.WriteFile(file, data, 0o644))
		v := New(Options{})
		try(t, v.Open(context.Background(), b))
		r, err := v.Rebuild(context.Background())
		try(t, errors.Join(err, v.Close()))
		got := ask(t, b, "SELECT line FROM events ORDER BY id")
		switch {
		case r.Kept == "" && (got != want || r.Lost > 0):
			t.Errorf("page %d: %+v, and lines are missing", page+1, r)
		case r.Kept != "":
			if kept, err := os.ReadFile(r.Kept); err != nil || !bytes.Equal(kept, data) {
				t.Errorf("page %d: what is kept aside is not what was there: %v", page+1, err)
			}
			try(t, os.Remove(r.Kept))
		}
		if r.Lost == 1 {
			carried++
		}
		for _, d := range differences(t, b, daybook.Query{}, learning.Palette{}) {
			t.Errorf("page %d: %s", page+1, d)
		}
	}
	if carried == 0 {
		t.Error("there was no page by which only one of the days was lost")
	}
}

// TestLacking: without its ledger, a book whose days were retired by deletion says that answers lack them.
func TestLacking(t *testing.T) {
	b, file, _ := damagedBook(t)
	ask := func(q Question) (lacks string, n int) {
		for _, err := range Find(context.Background(), b, q, func(err error) {
			var wrong *Error
			if errors.As(err, &wrong) && wrong.Problem == Lacking {
				lacks = err.Error()
			}
		}) {
			try(t, err)
			n++
		}
		return lacks, n
	}
	if lacks, n := ask(Question{}); lacks != "" || n == 0 {
		t.Errorf("with the ledger: %d found, %q", n, lacks)
	}
	try(t, os.Remove(file))
	if lacks, _ := ask(Question{}); !strings.Contains(lacks, "2025-11-06 and 1 more, whose files were deleted") {
		t.Errorf("without it: %q", lacks)
	}
	if lacks, n := ask(Question{From: day(t, "2025-11-10")}); lacks != "" || n == 0 {
		t.Errorf("of days that are there: %d found, %q", n, lacks)
	}
	if lacks, _ := ask(Question{From: day(t, "2025-11-09"), Limit: 1}); !strings.Contains(lacks, "2025-11-09, whose file was deleted") {
		t.Errorf("of one that has got a late event: %q", lacks)
	}
	try(t, os.WriteFile(file, nil, 0o644))
	v := newView(t, b, Options{})
	if r, err := v.Rebuild(context.Background()); err != nil || r.Lost != 1 {
		t.Errorf("rebuilt without the old one: %+v, %v, want one day lost that has no file", r, err)
	}
}
