package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// long has all day files look as if they had been left alone for long, each for another time.
func long(t testing.TB, dir string, since time.Duration) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "????-??-??", "events.json*"))
	try(t, err)
	for i, f := range files {
		at := time.Now().Add(-since - time.Duration(i)*time.Second)
		try(t, os.Chtimes(f, at, at))
	}
}

// Days of which all is known to be posted are not opened again; what comes to them in whatever way is posted.
func TestGlances(t *testing.T) {
	b := newBook(t, nil)
	for day := range 20 {
		put(t, b, camera(fmt.Sprint(day), fmt.Sprintf("2025-10-%02dT10:00:00Z", 1+day), "parcel"))
	}
	day := func(n int) string { return filepath.Join(b.Dir(), fmt.Sprintf("2025-10-%02d", n), "events.json") }
	catchUp(t, newView(t, b, Options{}))
	if got := ask(t, b, "SELECT count(*) FROM glances"); got != "0\n" {
		t.Errorf("%s glances at files that have just been written", got)
	}
	long(t, b.Dir(), time.Hour)
	catchUp(t, newView(t, b, Options{}))
	if got := ask(t, b, "SELECT count(*) FROM glances"); got != "20\n" {
		t.Errorf("%s glances, want 20", got)
	}
	// Without marks all days would have to be settled: they are not looked at.
	for n := range 20 {
		try(t, os.Remove(strings.Replace(day(1+n), "events.json", "events.mark", 1)))
	}
	v := newView(t, b, Options{})
	if done := catchUp(t, v); !done.Nothing() {
		t.Errorf("posted %+v, want nothing", done)
	}
	if _, err := os.Stat(strings.Replace(day(3), "events.json", "events.mark", 1)); err == nil {
		t.Error("a day was settled that nothing has come to")
	}
	put(t, b, camera("more", "2025-10-03T11:00:00Z", "late"))
	if done := catchUp(t, v); done.Events != 1 {
		t.Errorf("an append: posted %+v", done)
	}
	data, err := os.ReadFile(day(4))
	try(t, err)
	other := []byte(strings.Replace(string(data), "parcel", "barrel", 1))
	try(t, os.WriteFile(day(4)+".new", other, 0o644))
	try(t, os.Rename(day(4)+".new", day(4)))
	at := time.Now().Add(-time.Hour)
	try(t, os.Chtimes(day(4), at, at))
	if done := catchUp(t, v); done.Events != 1 || done.Removed != 1 {
		t.Errorf("another file of the same size: posted %+v", done)
	}
	try(t, os.WriteFile(day(5), nil, 0o644))
	if done := catchUp(t, v); done.Removed != 1 {
		t.Errorf("an emptied file: posted %+v", done)
	}
	compare(t, b.Dir())
}

// A ledger of version 2 is asked as it is, and made again when something is posted.
func TestVersionTwo(t *testing.T) {
	b := newBook(t, nil)
	put(t, b, camera("a", "2025-11-08T10:00:00Z", "parcel"))
	catchUp(t, newView(t, b, Options{}))
	older(t, b, 2)
	if list, _ := found(t, b, Question{Camera: "gate", Limit: 1}); len(list) != 1 {
		t.Errorf("found %q", list)
	}
	if _, err := newView(t, b, Options{}).CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, b, "SELECT max(version) FROM schema_version"); got != "4\n" {
		t.Errorf("version %s", got)
	}
}
