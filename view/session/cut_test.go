package session

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"daybook/internal/durable"
)

// TestDocumentTornByPowerCut: what a power cut has torn is found by the next Open, in a document that nobody writes again,
// too, whatever its end says and however long the cut is past. One that had long been written out is not read.
func TestDocumentTornByPowerCut(t *testing.T) {
	for _, c := range []struct {
		name   string
		before time.Duration // the newest document was written
		read   bool
	}{{"just before", 20 * time.Second, true}, {"long before", time.Hour, false}} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			view := New(Options{})
			b := openBook(t, dir, nil, view)
			appendLines(t, b, created("e1", "2025-11-07T10:00:00", "a.canvas", `{"1":1}`),
				recolor("e2", "2025-11-07T11:00:00", "a.canvas", "1", "2"),
				recolor("e3", "2025-11-08T10:00:00", "a.canvas", "2", "3"))
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			cut := time.Now().Add(-9 * time.Hour)
			yesterday := sessionFile(dir, "2025-11-07")
			doc := file(t, yesterday)
			at := strings.Index(doc, `"event_id":"e2"`)
			torn := doc[:at] + strings.Repeat("\x00", 15) + doc[at+15:]
			if err := os.WriteFile(yesterday, []byte(torn), 0o644); err != nil {
				t.Fatal(err)
			}
			for name, when := range map[string]time.Time{yesterday: cut.Add(-c.before), sessionFile(dir, "2025-11-08"): cut} {
				if err := os.Chtimes(name, when, when); err != nil {
					t.Fatal(err)
				}
			}
			var log bytes.Buffer
			b = openBook(t, dir, &log, New(Options{}))
			if !c.read {
				if got := file(t, yesterday); got != torn {
					t.Error("a document that had long been written out was read and made again")
				}
				return
			}
			wantDocument(t, b, "2025-11-07", "2025-11-08")
			if len(kept(t, dir)) != 1 {
				t.Errorf("kept aside: %v, want the torn document", kept(t, dir))
			}
		})
	}
}

// TestComparedOnce: documents that were all written at about the same time are compared by the next Open, but not by each
// until an event comes.
func TestComparedOnce(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	days := []string{"2025-11-06", "2025-11-07", "2025-11-08"}
	for _, day := range days {
		appendLines(t, b, created("e"+day, day+"T10:00:00", "a.canvas", `{"1":1}`))
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	made := time.Now().Add(-writtenOut - time.Minute)
	for _, day := range days {
		if err := os.Chtimes(sessionFile(dir, day), made, made); err != nil {
			t.Fatal(err)
		}
	}
	texts := func() (texts []string) {
		for _, day := range days {
			texts = append(texts, file(t, sessionFile(dir, day)))
		}
		return texts
	}
	before := texts()
	compared := func() (days int) {
		view := New(Options{LockTimeout: time.Millisecond})
		b := openBook(t, dir, nil, view)
		for _, d := range view.docs {
			if d.tally != nil {
				days++
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		return days
	}
	lock := durable.NewLock(durable.OS(), sessionFile(dir, days[2])+".lock", "")
	if err := lock.Acquire(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if got := compared(); got != 2 {
		t.Errorf("with the latest locked the first Open compares %d documents, want 2", got)
	}
	if err := errors.Join(lock.Release(), lock.Close()); err != nil {
		t.Fatal(err)
	}
	for _, day := range days {
		if err := os.Chtimes(sessionFile(dir, day), made, made); err != nil {
			t.Fatal(err)
		}
	}
	if got := compared(); got != 3 {
		t.Errorf("the first Open compares %d documents, want 3", got)
	}
	if got := compared(); got != 1 {
		t.Errorf("the second Open compares %d documents, want 1, whose end was written again", got)
	}
	if got := texts(); !slices.Equal(got, before) {
		t.Errorf("the documents are now %q, were %q", got, before)
	}
}
