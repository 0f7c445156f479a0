package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"daybook"
	"daybook/internal/crashtest"
)

// The tests of this file crash what the view does on a simulated disk: after every call of an append that posts into
// documents, of their rebuilding, and of the adoption of what another program has written.

const crashRoot = "/vault/.learning_sessions"

// crashBook is a book with the view on the disk of a world.
type crashBook struct {
	*daybook.Book
	t *testing.T
	w *crashtest.World
}

func openCrash(t *testing.T, w *crashtest.World) (crashBook, error) {
	b, err := daybook.OpenOn(w.FS(), crashRoot, &daybook.Options{
		Views: []daybook.View{New(Options{})}, Now: clock,
		Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault, Views: []string{"session"}},
	})
	return crashBook{b, t, w}, err
}

func (b crashBook) add(lines ...string) error {
	var errs []error
	for _, line := range lines {
		e := event(b.t, line).In(b.Zone())
		stored, day := string(e.Line()), b.DayOf(e.Time()).String()
		b.w.Give(day, stored)
		_, err := b.Append(b.t.Context(), e)
		if errs = append(errs, err); err == nil {
			b.w.Ack(day, stored, true)
		}
	}
	return errors.Join(errs...)
}

// recoverSession is the next process: it settles what is not settled, and writes something to each day.
func recoverSession(t *testing.T) func(*crashtest.World) error {
	return func(w *crashtest.World) error {
		b, err := openCrash(t, w)
		if err != nil {
			return err
		}
		if w.Done > 0 { // what another program had written by then is adopted
			w.Ack(foreignDay, foreignLine(t), true)
		}
		days, lines := w.Unsettled()
		for i, line := range lines {
			if days[i] != foreignDay || line != foreignLine(t) {
				err = errors.Join(err, b.add(line))
			}
		}
		for i, day := range w.Days() {
			err = errors.Join(err, b.add(recolor(fmt.Sprintf("new-%d-%d", w.Generation, i), day+"T20:00:00", "b.canvas", "3", "1")))
		}
		return errors.Join(err, b.Close())
	}
}

// checkDocuments compares each day's document with the lines of the day that are events.
func checkDocuments(w *crashtest.World) error {
	files := w.Disk.Files()
	for name, f := range files {
		day, ok := strings.CutSuffix(name, "/events.json")
		if !ok {
			continue
		}
		var want, got []string
		for line := range strings.Lines(string(f.Data)) {
			if json.Valid([]byte(line)) {
				want = append(want, strings.TrimSuffix(line, "\n"))
			}
		}
		var doc struct{ Events []json.RawMessage }
		document := path.Dir(day) + "/session_" + path.Base(day) + ".json"
		if err := json.Unmarshal(files[document].Data, &doc); err != nil {
			return fmt.Errorf("%s: %w: %.200q", document, err, files[document].Data)
		}
		for _, e := range doc.Events {
			var text bytes.Buffer
			if err := json.Compact(&text, e); err != nil {
				return err
			}
			got = append(got, text.String())
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s has %d events that are not the %d of the book", document, len(got), len(want))
		}
	}
	return nil
}

const foreignDay = "2025-11-08"

// foreignLine is the event that another program puts into a document.
func foreignLine(t *testing.T) string {
	return string(event(t, recolor("foreign", foreignDay+"T10:00:00", "c.canvas", "1", "3")).Line())
}

// meddle has another program put an event into the document, or anything else in its place.
func meddle(t *testing.T, w *crashtest.World, edit func(document []byte) []byte) {
	name := crashRoot + "/session_" + foreignDay + ".json"
	fsys := w.Disk.Process()
	f, err := fsys.CreateLike("/incoming", name)
	if err != nil {
		t.Error(err)
		return
	}
	_, err = f.WriteAt(edit(w.Disk.Files()[name].Data), 0)
	if err := errors.Join(err, f.Sync(), f.Close(), fsys.Rename("/incoming", name), fsys.SyncDir(crashRoot)); err != nil {
		t.Error(err)
	}
}

func crashScenarios(t *testing.T) []crashtest.Scenario {
	prepare := func(w *crashtest.World) {
		b, err := openCrash(t, w)
		if err != nil {
			t.Fatal(err)
		}
		err = b.add(recolor("e1", "2025-11-07T09:00:00", "a.canvas", "1", "3"), recolor("e2", "2025-11-08T09:00:00", "a.canvas", "3", "6"))
		if err := errors.Join(err, b.Close()); err != nil {
			t.Fatal(err)
		}
	}
	run := func(do func(w *crashtest.World, b crashBook)) func(*crashtest.World) {
		return func(w *crashtest.World) {
			b, err := openCrash(t, w)
			if err != nil {
				return
			}
			do(w, b)
			_ = b.Close() // what fails is made good by the next process
		}
	}
	adopt := func(edit func([]byte) []byte) func(*crashtest.World) {
		return run(func(w *crashtest.World, b crashBook) {
			_ = b.add(recolor("e3", "2025-11-08T09:00:01", "a.canvas", "6", "1"))
			w.Give(foreignDay, foreignLine(t))
			meddle(t, w, edit)
			w.Done = 1
			_ = b.add(recolor("e4", "2025-11-08T09:00:02", "a.canvas", "1", "6"))
			_ = b.add(recolor("e5", "2025-11-07T09:00:02", "a.canvas", "1", "6"))
		})
	}
	insert := func(document []byte) []byte {
		at := bytes.Index(document, []byte(`{"event_id"`))
		return slices.Concat(document[:at], []byte(foreignLine(t)), []byte(",\n"), document[at:])
	}
	return []crashtest.Scenario{
		{Name: "make documents", Prepare: func(*crashtest.World) {}, Run: prepare},
		{Name: "post", Prepare: prepare, Run: run(func(_ *crashtest.World, b crashBook) {
			for i := range 4 {
				_ = b.add(recolor(fmt.Sprintf("p%d", i), fmt.Sprintf("2025-11-08T09:00:0%d", i), "a.canvas", "1", "3"))
			}
			_ = b.add(recolor("late", "2025-11-06T09:00:00", "a.canvas", "1", "3"))
		})},
		{Name: "rebuild", Prepare: prepare, Run: run(func(w *crashtest.World, b crashBook) {
			_ = w.Disk.Process().Remove(crashRoot + "/session_2025-11-08.json")
			_ = w.Disk.Process().Remove(crashRoot + "/metadata.json")
			_ = b.add(recolor("e3", "2025-11-08T09:00:01", "a.canvas", "6", "1"))
		})},
		{Name: "adopt", Prepare: prepare, Run: adopt(insert)},
		{Name: "adopt, files pinned", Prepare: prepare, Run: adopt(insert), Pinned: true},
		{Name: "adopt from a torn document", Prepare: prepare, Run: adopt(func(document []byte) []byte {
			torn := insert(document)
			return torn[:len(torn)-80]
		})},
	}
}

// TestCrash holds promises 2, 7 and 9 for documents: whatever crashes, the book has every event once, those of other
// programs too, and the next process makes the documents what they should be.
func TestCrash(t *testing.T) {
	for _, s := range crashScenarios(t) {
		s.Root, s.Recover, s.Check, s.Some = crashRoot, recoverSession(t), checkDocuments, 2
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			crashtest.Run(t, s, crashtest.States(300))
		})
	}
}
