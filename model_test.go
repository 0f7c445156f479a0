package daybook_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"daybook"
	"daybook/internal/crashtest"
	"daybook/internal/faultfs"
)

// TestModel drives several processes that have one book open, or two: appends of all kinds, syncs that fail, processes
// killed in the midst of a call, power cuts in the midst of one. The model is a map of what was given and what was said
// of it; after each step the disk is compared with it, by the checker that knows nothing of the program.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{disk: faultfs.NewDisk(rapid.Uint64().Draw(t, "disk"))}
		for i := range m.books {
			m.books[i] = crashtest.NewLedger()
		}
		t.Repeat(map[string]func(*rapid.T){
			"append":  m.append,
			"die in":  m.dieIn,
			"cut in":  m.cutIn,
			"kill":    m.kill,
			"cut":     func(*rapid.T) { m.cut(m.disk) },
			"no sync": m.failSync,
			"":        m.check,
		})
	})
}

// modelWriter is a process that has a book open.
type modelWriter struct {
	process *faultfs.Process
	book    *daybook.Book // nil: not open
	of      int
	sync    daybook.Sync
}

type model struct {
	disk    *faultfs.Disk
	books   [2]*crashtest.Ledger
	writers [3]modelWriter
	ids     int
}

func modelRoot(book int) string { return fmt.Sprintf("/book%d", book) }

// writer returns a process with a book open; one that is not there is started.
func (m *model) writer(t *rapid.T) *modelWriter {
	w := &m.writers[rapid.IntRange(0, len(m.writers)-1).Draw(t, "writer")]
	if w.book != nil {
		return w
	}
	w.process = m.disk.Process()
	w.of = rapid.IntRange(0, 1).Draw(t, "book")
	w.sync = daybook.Sync(rapid.SampledFrom([]int{0, 0, 2}).Draw(t, "sync"))
	write := []string{daybook.WriteAppend, daybook.WriteReplace}[w.of]
	book, err := daybook.OpenOn(w.process, modelRoot(w.of), &daybook.Options{
		Sync: w.sync, LockTimeout: time.Nanosecond, Settings: &daybook.Settings{Write: write},
	})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	w.book = book
	if err := crashtest.CheckOpened(m.disk.Files(), modelRoot(w.of)); err != nil {
		t.Fatal(err)
	}
	return w
}

// append has a process append one line or some, new ones or old ones.
func (m *model) append(t *rapid.T) { m.appendTo(t, m.writer(t), false) }

// appendTo appends lines. fails says that some call may fail or be the last.
func (m *model) appendTo(t *rapid.T, w *modelWriter, fails bool) {
	ledger := m.books[w.of]
	var lines []string
	var events []daybook.Event
	for range rapid.IntRange(1, 3).Draw(t, "lines") {
		id := rapid.IntRange(max(0, m.ids-3), m.ids).Draw(t, "id")
		m.ids = max(m.ids, id+1)
		day := crashDays[id%2]
		line := crashLine(day, fmt.Sprintf("id-%d", id), 80+id*37%1500)
		e, err := daybook.ParseEvent([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		ledger.Give(day, line)
		lines, events = append(lines, line), append(events, e)
	}
	disk := m.disk
	verdicts := w.book.AppendAll(context.Background(), events)
	if w.process.Dead() || m.disk != disk {
		return // nobody learns what it said
	}
	for i, v := range verdicts {
		if v.Err != nil {
			if !fails {
				t.Fatalf("append %.60s: %v", lines[i], v.Err)
			}
			continue
		}
		durable := w.sync == daybook.SyncAlways || w.book.Settings().Write == daybook.WriteReplace
		ledger.Ack(v.Position.Day.String(), lines[i], durable)
	}
}

// dieIn kills a process in one of the calls of its next append.
func (m *model) dieIn(t *rapid.T) {
	w := m.writer(t)
	w.process.KillIn(rapid.IntRange(1, 12).Draw(t, "call"))
	m.appendTo(t, w, true)
	if w.process.KillIn(0); w.process.Dead() {
		w.close()
	}
}

// cutIn cuts the power in one of the calls of an append.
func (m *model) cutIn(t *rapid.T) {
	w := m.writer(t)
	call, calls := rapid.IntRange(1, 12).Draw(t, "call"), 0
	seed := rapid.Uint64().Draw(t, "outcome")
	var after *faultfs.Disk
	m.disk.Before = func(c faultfs.Call) {
		if c.Changes() {
			calls++
		}
		if calls == call && after == nil {
			after = m.disk.Crash(faultfs.Cut, seed)
			w.process.Kill()
		}
	}
	m.appendTo(t, w, true)
	if m.disk.Before = nil; after != nil {
		m.reboot(after)
	}
}

func (m *model) kill(t *rapid.T) {
	w := m.writer(t)
	w.process.Kill()
	w.close()
}

func (m *model) cut(disk *faultfs.Disk) { m.reboot(disk.Crash(faultfs.Cut, uint64(m.ids))) }

// reboot goes on with what a power cut has left.
func (m *model) reboot(disk *faultfs.Disk) {
	for i := range m.writers {
		if w := &m.writers[i]; w.book != nil {
			w.process.Kill()
			w.close()
		}
	}
	for _, ledger := range m.books {
		ledger.Forget()
	}
	m.disk = disk
}

// failSync has each sync of an append fail. The error is one that is not tried again.
func (m *model) failSync(t *rapid.T) {
	w := m.writer(t)
	m.books[w.of].Fail()
	m.disk.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.Op != "sync" {
			return faultfs.Fault{}
		}
		m.books[w.of].Forget() // A3: what others have not synced may go with it
		return faultfs.Fault{Err: faultfs.ENOSPC}
	}
	m.appendTo(t, w, true)
	m.disk.Fault = nil
}

// close ends the Book of a process that is dead: so no timer of it stays.
func (w *modelWriter) close() {
	if err := w.book.Close(); err != nil && !errors.Is(err, faultfs.ErrDead) {
		panic(err)
	}
	w.book = nil
}

func (m *model) check(t *rapid.T) {
	for i, ledger := range m.books {
		err := crashtest.Check(m.disk.Files(), modelRoot(i), ledger)
		if errors.Is(err, crashtest.ErrMixed) {
			t.SkipNow()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
