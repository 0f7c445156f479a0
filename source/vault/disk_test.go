package vault

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/crashtest"
	"daybook/internal/durable"
)

// The tests of this file record the history of some boards on a simulated disk, on a real book, and crash that after
// every call: kills and power cuts, also while the next process goes on.

const diskRoot = "/vault/.learning_sessions"

// ledgerBook is a book that takes note of what it is given and of what it acknowledges.
type ledgerBook struct {
	*daybook.Book
	w *crashtest.World
	// before, if not nil, is called before events are appended: a planted fault.
	before func(durable.FS)
}

func (b ledgerBook) AppendAll(ctx context.Context, events []daybook.Event) []daybook.Verdict {
	if b.before != nil {
		b.before(b.FS())
	}
	for _, e := range events {
		b.w.Give(b.DayOf(e.Time()).String(), string(e.Line()))
	}
	verdicts := b.Book.AppendAll(ctx, events)
	for i, v := range verdicts {
		if v.Err == nil {
			b.w.Ack(v.Position.Day.String(), string(events[i].Line()), true)
		}
	}
	return verdicts
}

// diskLife is the history of boards on a disk.
type diskLife struct {
	t      *testing.T
	saves  []Save
	clock  time.Time
	drawn  int
	want   []string // what is recorded, in the short notation; nil: not known yet
	before func(durable.FS)
}

// live is one process. It goes on where the one before it has got to.
func (l *diskLife) live(w *crashtest.World) (err error) {
	tick := func() time.Time {
		l.clock = l.clock.Add(time.Millisecond)
		return l.clock
	}
	book, err := daybook.OpenOn(w.FS(), diskRoot, &daybook.Options{
		Now: tick, Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault, Views: []string{"none"}},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	r, err := NewRecorder(ledgerBook{book, w, l.before}, &Options{
		now: func(Book) time.Time { return tick() },
		random: func() (string, error) {
			l.drawn++
			return hex.EncodeToString(fmt.Appendf(nil, "%016d", l.drawn)), nil
		},
	})
	if err != nil {
		return err
	}
	if err := r.Finish(context.Background()); err != nil {
		return err
	}
	for w.Done < len(l.saves) {
		for try := 0; ; try++ {
			err := r.Record(context.Background(), l.saves[w.Done])
			if err == nil {
				break
			}
			if try == 3 || w.Disk.Fault == nil {
				return fmt.Errorf("save %d: %w", w.Done, err)
			}
		}
		w.Done++
	}
	return nil
}

// check compares what is in the book with what a life without a crash has left there.
func (l *diskLife) check(w *crashtest.World) error {
	var got []string
	files := w.Disk.Files()
	for line := range strings.Lines(string(files[diskRoot+"/2026-03-01/events.json"].Data)) {
		if json.Valid([]byte(line)) { // what a power cut has left of a line that nobody has acknowledged stays where it is
			got = append(got, notation(l.t, strings.TrimSuffix(line, "\n")))
		}
	}
	slices.Sort(got) // the events of one save need not come in one piece
	if l.want == nil {
		l.want = got
	}
	if diff := cmp.Diff(l.want, got); diff != "" {
		return fmt.Errorf("events (-want +got):\n%s", diff)
	}
	for name := range files {
		if strings.Contains(name, damagedSuffix) {
			return fmt.Errorf("a state was taken for damaged: %s", name)
		}
	}
	return nil
}

// recordings is the scenario. Its history is that of TestCrashAtEveryCall.
func recordings(t *testing.T) (crashtest.Scenario, *diskLife) {
	l := &diskLife{t: t, saves: history(t), clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return crashtest.Scenario{
		Name: "record saves", Root: diskRoot, Cuts: 2, Some: 6, Faults: true,
		Prepare: func(w *crashtest.World) {
			if l.want == nil { // the first run, on a disk of its own, is the one without a crash
				alone := crashtest.NewWorld(1)
				if err := errors.Join(l.live(alone), l.check(alone)); err != nil {
					t.Fatal(err)
				}
			}
		},
		Run: func(w *crashtest.World) {
			_ = l.live(w) // the next process goes on
		},
		Recover: l.live,
		Check:   l.check,
	}, l
}

// TestRecordingSurvivesCuts holds promises 1, 2 and 9 for each step of recording a save: a crash at any call, killed or
// with the power cut, loses no event and stores none twice.
func TestRecordingSurvivesCuts(t *testing.T) {
	s, _ := recordings(t)
	crashtest.Run(t, s, crashtest.States(1000))
}

// TestCutsFindPlantedFaults: the same crashes find a baseline that goes ahead of its events.
func TestCutsFindPlantedFaults(t *testing.T) {
	// The intent becomes the baseline before the events are appended, and not again afterwards.
	advance := func(fsys durable.FS) {
		entries, err := fsys.ReadDir(diskRoot + "/baseline")
		if err != nil {
			return
		}
		for _, e := range entries {
			if lineage, ok := strings.CutSuffix(e.Name(), intentSuffix); ok {
				dir := filepath.Join(diskRoot, "baseline")
				_ = durable.Rename(fsys, filepath.Join(dir, e.Name()), filepath.Join(dir, lineage+baseSuffix)) // or the next one finds it
			}
		}
	}
	s, l := recordings(t)
	s.Faults = false
	s.Plant = func(_ *crashtest.World, fsys durable.FS) durable.FS {
		return &crashtest.Faulty{FS: fsys, Moved: func(from, to string) error {
			if err := fsys.Rename(from, to); !strings.HasSuffix(from, intentSuffix) || !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}}
	}
	prepare := s.Prepare
	s.Prepare = func(w *crashtest.World) {
		prepare(w)
		l.before = advance
	}
	seen, seed, err := crashtest.Find(t, s, 3000)
	if err == nil {
		t.Fatalf("%d crash states have not shown it", seen)
	}
	t.Logf("found after %d crash states, with seed %d: %.500v", seen, seed, err)
}
