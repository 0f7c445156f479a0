package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"daybook"
	"daybook/internal/durable"
	"daybook/learning"
)

// retiring returns a book whose settings have days stay for three days, with one event on each of the days before the 8th.
func retiring(t *testing.T, dir string) (*daybook.Book, *View) {
	t.Helper()
	b, err := daybook.Open(dir, &daybook.Options{Settings: &daybook.Settings{
		Zone: "Europe/Berlin", Rules: daybook.RulesVault, Retire: &daybook.Retention{AfterDays: 3},
	}})
	if err == nil {
		err = b.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	b = openBook(t, dir, nil) // the documents of old days are of a time when they were none
	for d := 1; d <= 7; d++ {
		appendLines(t, b, recolor(fmt.Sprint("e", d), fmt.Sprintf("2025-11-%02dT10:00:00", d), "a.canvas", "1", "3"))
	}
	v := New(Options{})
	return openBook(t, dir, nil, v), v
}

func exists(t testing.TB, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// TestRetiredDaysRest: days that the settings have retired get no document, the others do; statistics are as before,
// and one that another program writes is taken in.
func TestRetiredDaysRest(t *testing.T) {
	dir := t.TempDir()
	b, v := retiring(t, dir)
	for d := 1; d <= 7; d++ {
		of := fmt.Sprintf("2025-11-%02d", d)
		if got, want := exists(t, sessionFile(dir, of)), d > 5; got != want {
			t.Errorf("document of %s: there is %v, want %v", of, got, want)
		}
	}
	if !wantGlance(t, b, day(t, "2025-11-07")) {
		t.Error("Glance says nothing of yesterday: documents of retired days are missed")
	}
	if wantGlance(t, b, day(t, "2025-11-05")) {
		t.Error("Glance tells of a day without a document")
	}
	wantDocument(t, b, "2025-11-06", "2025-11-07") // with the colours of the days before
	appendLines(t, b, recolor("late", "2025-11-05T11:00:00", "a.canvas", "3", "2"))
	if exists(t, sessionFile(dir, "2025-11-05")) {
		t.Error("a late event makes the document of a retired day")
	}
	wantDocument(t, b, "2025-11-06", "2025-11-07")
	line := recolor("theirs", "2025-11-04T11:00:00", "a.canvas", "3", "2")
	try(t, os.WriteFile(sessionFile(dir, "2025-11-04"), []byte(`{"session_id":"session_2025-11-04","events":[`+line+`]}`), 0o644))
	try(t, b.Post(t.Context(), day(t, "2025-11-04")))
	if text := file(t, filepath.Join(dir, "2025-11-04", "events.json")); !strings.Contains(text, "theirs") {
		t.Errorf("what another program has put into a new document is not adopted: %s", text)
	}
	wantDocument(t, b, "2025-11-04")
	if gone, err := v.Remove(t.Context(), day(t, "2025-11-04")); err != nil || !gone {
		t.Errorf("Remove: got %v, %v", gone, err)
	}
	if exists(t, sessionFile(dir, "2025-11-04")) || exists(t, sessionFile(dir, "2025-11-04")+".lock") {
		t.Error("the document, or its lock, is still there")
	}
	other := openBook(t, dir, nil, New(Options{}))
	if exists(t, sessionFile(dir, "2025-11-04")) {
		t.Error("the next program makes the document again")
	}
	wantDocument(t, other, "2025-11-06", "2025-11-07")
}

// TestPackedDaysRest: so do days that are compressed, in a book whose settings say nothing.
func TestPackedDaysRest(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil)
	try(t, os.Mkdir(filepath.Join(dir, "2025-11-01"), 0o755))
	try(t, os.WriteFile(filepath.Join(dir, "2025-11-01", "events.json.zst"), nil, 0o644))
	if !restsWithout(b, b.FS(), day(t, "2025-11-01")) {
		t.Error("a compressed day needs a document")
	}
	appendLines(t, openBook(t, t.TempDir(), nil), recolor("e", "2025-11-01T10:00:00", "a.canvas", "1", "3"))
	try(t, os.WriteFile(filepath.Join(dir, "2025-11-01", "events.json"), nil, 0o644))
	if restsWithout(b, b.FS(), day(t, "2025-11-01")) {
		t.Error("a day that goes on needs no document")
	}
}

func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRemoveKeeps: a document that is in use, has changed, or that others need stays; after another Post it goes.
func TestRemoveKeeps(t *testing.T) {
	const of = "2025-11-06"
	line := recolor("theirs", of+"T11:00:00", "a.canvas", "3", "2")
	for name, c := range map[string]struct {
		do   func(t *testing.T, dir string, b *daybook.Book)
		want error
		ends bool // of itself, so that another Post and Remove succeed
	}{
		"locked": {func(t *testing.T, dir string, b *daybook.Book) {
			l := durable.NewLock(b.FS(), sessionFile(dir, of)+".lock", "")
			try(t, l.Acquire(t.Context(), 0))
			t.Cleanup(func() { l.Close() })
		}, durable.ErrLocked, false},
		"locked itself": {func(t *testing.T, dir string, b *daybook.Book) {
			if runtime.GOOS == "windows" {
				t.Skip("Windows' locks would lock readers out")
			}
			f, err := b.FS().Open(sessionFile(dir, of), true)
			try(t, err)
			t.Cleanup(func() { f.Close() })
			if ok, err := f.TryLock(); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}, durable.ErrLocked, false},
		"an event more": {func(t *testing.T, dir string, _ *daybook.Book) {
			text := strings.Replace(file(t, sessionFile(dir, of)), `"events": [`, `"events": [`+line+",", 1)
			try(t, os.WriteFile(sessionFile(dir, of), []byte(text), 0o644))
		}, ErrChanged, true},
		"an edit of the same length": {func(t *testing.T, dir string, _ *daybook.Book) {
			text := strings.Replace(file(t, sessionFile(dir, of)), `"old_color":"1"`, `"old_color":"2"`, 1)
			try(t, os.WriteFile(sessionFile(dir, of), []byte(text), 0o644))
		}, ErrChanged, true},
		"replaced": {func(t *testing.T, dir string, _ *daybook.Book) {
			try(t, os.WriteFile(sessionFile(dir, of)+".new", []byte(`{"session_id":"session_`+of+`","events":[`+line+`]}`), 0o644))
			try(t, os.Rename(sessionFile(dir, of)+".new", sessionFile(dir, of)))
		}, ErrChanged, true},
		"garbage": {func(t *testing.T, dir string, _ *daybook.Book) {
			try(t, os.WriteFile(sessionFile(dir, of), []byte("{"), 0o644))
		}, ErrChanged, true},
		"behind": {func(t *testing.T, dir string, _ *daybook.Book) {
			appendLines(t, openBook(t, dir, nil), line)
		}, ErrChanged, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b, v := retiring(t, dir)
			try(t, v.TakeIn(t.Context(), day(t, of)))
			before := func() string { return file(t, filepath.Join(dir, of, "events.json")) }
			c.do(t, dir, b)
			gone, err := v.Remove(t.Context(), day(t, of))
			if gone || !errors.Is(err, c.want) {
				t.Errorf("got %v, %v, want %v", gone, err, c.want)
			}
			if !exists(t, sessionFile(dir, of)) {
				t.Fatal("the document is gone")
			}
			if !c.ends {
				return
			}
			had := before()
			try(t, v.TakeIn(t.Context(), day(t, of)))
			wantDocument(t, b, "2025-11-07") // which goes on from it
			if gone, err = v.Remove(t.Context(), day(t, of)); err != nil || !gone {
				t.Errorf("posted again: got %v, %v", gone, err)
			}
			if strings.Contains(name, "event more") && !strings.Contains(before(), "theirs") {
				t.Errorf("what another program has put into it is lost: %s", had)
			}
			if (name == "garbage" || strings.Contains(name, "edit")) && len(kept(t, dir)) != 1 {
				t.Error("what is in nobody's events is not kept")
			}
		})
	}
}

// TestRemoveKeepsTheLatest: what the next day begins with is found in it.
func TestRemoveKeepsTheLatest(t *testing.T) {
	dir := t.TempDir()
	b, v := retiring(t, dir)
	try(t, b.Post(t.Context(), day(t, "2025-11-07")))
	if gone, err := v.Remove(t.Context(), day(t, "2025-11-07")); err != nil || gone {
		t.Errorf("got %v, %v, want it to stay", gone, err)
	}
	if gone, err := v.Remove(t.Context(), day(t, "2025-11-01")); err != nil || gone {
		t.Errorf("one that is missing: got %v, %v", gone, err)
	}
	appendLines(t, b, recolor("new", "2025-11-08T10:00:00", "a.canvas", "3", "2"))
	if gone, err := v.Remove(t.Context(), day(t, "2025-11-07")); err != nil || !gone {
		t.Errorf("with a later one: got %v, %v, want it to go", gone, err)
	}
	if _, err := Document(t.Context(), b, day(t, "2025-11-07"), learning.Palette{}); err != nil {
		t.Error(err)
	}
	if !hasLinks(t) {
		return
	}
	try(t, os.Symlink("elsewhere.json", sessionFile(dir, "2025-11-05")))
	if gone, err := v.Remove(t.Context(), day(t, "2025-11-05")); err == nil || gone || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("a symbolic link: got %v, %v", gone, err)
	}
}

// TestRemoveIsRefused: a document that could not be brought up to date, or that is behind, stays.
func TestRemoveIsRefused(t *testing.T) {
	dir := t.TempDir()
	b, v := retiring(t, dir)
	d := day(t, "2025-11-06")
	path := sessionFile(dir, d.String())
	v.pending[d] = errors.New("a fault")
	if _, err := v.Remove(t.Context(), d); err == nil || !strings.Contains(err.Error(), "a fault") || !exists(t, path) {
		t.Errorf("of a document that is pending: %v, want its fault", err)
	}
	delete(v.pending, d)
	other, err := daybook.Open(dir, nil) // a library without views
	if err == nil {
		appendLines(t, other, recolor("late", "2025-11-06T11:00:00", "a.canvas", "1", "3"))
		err = other.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Remove(t.Context(), d); !errors.Is(err, ErrChanged) || !exists(t, path) {
		t.Errorf("of a document that is behind: %v, want ErrChanged", err)
	}
	if err := v.TakeIn(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if removed, err := v.Remove(t.Context(), d); err != nil || !removed || exists(t, path) {
		t.Errorf("after TakeIn: %v, %v, want that it is gone", removed, err)
	}
	wantDocument(t, b, "2025-11-07")
}
