package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/crashtest"
)

// past begins a history: moments are an hour apart.
var past = time.Date(2026, 2, 27, 20, 0, 0, 0, time.UTC)

// moments reads a history in which each line is a moment: versions divided by ";". A version is PATH and the cards of
// boardOf, or "-" for a board that has gone, "!" for an empty file.
func moments(text string) []Moment {
	var out []Moment
	for line := range strings.Lines(strings.TrimSpace(text)) {
		m := Moment{Place: strconv.Itoa(len(out)), Time: past.Add(time.Duration(len(out)) * time.Hour)}
		for v := range strings.SplitSeq(line, ";") {
			f := strings.Fields(v)
			path := f[0] + ".canvas"
			switch f[1] {
			case "-":
				m.Versions = append(m.Versions, Version{Path: path, Gone: true})
			case "!":
				m.Versions = append(m.Versions, Version{Path: path})
			default:
				m.Versions = append(m.Versions, Version{Path: path, Data: []byte(boardOf(f[1:]))})
			}
		}
		out = append(out, m)
	}
	return out
}

const longHistory = `
	a n1:1 n2 n3; b m1 m2
	a n1:2 n2 n3:4 n1>n2
	b !; c k1 k2 k3
	a -; d n1:2 n2:1 n3:4
	b m1:3 m2; c n9 n8; a x1
	d m1:3 m2; b n1:2 n2:1
	d -
	b n1:2 n2:1 n3; a -
	a x1
	a x1:2
	c -; e n9:1 n8; a x1
	e p1 p2; f n9:1 n8; g q1
	g q1:5; f n9:1
	e p1:2 p2; g -
`

// replay records the moments that are not recorded yet, up to the given one, as one process does.
func replay(book Book, history []Moment, end int, o ReplayOptions) (events []Recorded, err error) {
	ctx := context.Background()
	o.Observed, o.Checkpoint = "git", "import-git.jsonl"
	if s, ok := book.(Searcher); ok && o.First == nil {
		if o.First, err = FirstRecords(ctx, s, "git", nil); err != nil {
			return nil, err
		}
	}
	p, err := OpenReplay(ctx, "/vault", book, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	next := 0
	if place, _ := p.Place(); place != "" {
		if next, err = strconv.Atoi(place); err != nil {
			return nil, err
		}
		next++
	}
	for ; next < end; next++ {
		res, err := p.Record(ctx, history[next])
		if err != nil {
			return nil, err
		}
		events = append(events, res.Events...)
		if next%4 == 3 {
			if err := p.Save(false); err != nil {
				return nil, err
			}
		}
	}
	return events, p.Save(true)
}

// diskReplay is a history that is replayed on a disk, at first a part of it.
type diskReplay struct {
	history []Moment
	want    []string
}

func (l *diskReplay) live(w *crashtest.World) (err error) {
	book, err := daybook.OpenOn(w.FS(), diskRoot, &daybook.Options{
		Now:      func() time.Time { return past.Add(1000 * time.Hour) },
		Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault, Views: []string{"none"}},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	for _, end := range []int{len(l.history) * 2 / 3, len(l.history)} {
		if _, err := replay(ledgerBook{book, w, nil}, l.history, end, ReplayOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// check compares lines and states, byte for byte, with what a life without a crash has left.
func (l *diskReplay) check(w *crashtest.World) error {
	var got []string
	for name, f := range w.Disk.Files() {
		switch {
		case strings.HasSuffix(name, "/events.json"):
			for line := range strings.Lines(string(f.Data)) {
				if json.Valid([]byte(line)) { // what a power cut has left of a line that nobody has acknowledged stays
					got = append(got, strings.TrimSuffix(line, "\n"))
				}
			}
		case strings.Contains(name, "/baseline/"), strings.HasSuffix(name, "/import-git.jsonl"):
			got = append(got, name+": "+string(f.Data))
		}
	}
	slices.Sort(got)
	if l.want == nil {
		l.want = got
	}
	if diff := cmp.Diff(l.want, got); diff != "" {
		return fmt.Errorf("what was recorded (-want +got):\n%s", diff)
	}
	return nil
}

// TestReplaySurvivesCuts holds promises 1, 2 and 9 for a replay: killed, or with the power cut, at any call and begun
// again it leaves what one leaves that nobody interrupts, byte for byte, baselines included.
func TestReplaySurvivesCuts(t *testing.T) {
	l := &diskReplay{history: moments(longHistory)}
	crashtest.Run(t, crashtest.Scenario{
		Name: "replay a history", Root: diskRoot, Cuts: 2, Some: 12, Faults: true,
		Prepare: func(w *crashtest.World) {
			if l.want == nil {
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
	}, crashtest.States(400))
}

// vaultBook is a book on the system's file system.
func vaultBook(t *testing.T, dir string, now func() time.Time) *daybook.Book {
	t.Helper()
	b, err := daybook.Open(dir, &daybook.Options{
		Now: now, Settings: &daybook.Settings{Zone: "UTC", Rules: daybook.RulesVault, Views: []string{"none"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// inBook is the events of a book in the short notation, each with its hour since past.
func inBook(t *testing.T, b *daybook.Book) []string {
	t.Helper()
	var out []string
	for e, err := range b.Events(context.Background(), daybook.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		hour := "now"
		if h := e.Time().Sub(past).Hours(); h < 500 {
			hour = fmt.Sprint(h)
		}
		out = append(out, hour+" "+notation(t, string(e.Line())))
	}
	return out
}

// catchUp has a watcher look at a vault whose boards are as the versions say since half an hour.
func catchUp(t *testing.T, b *daybook.Book, root string, versions ...Version) {
	t.Helper()
	for _, v := range versions {
		name := filepath.Join(root, v.Path)
		if v.Gone {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(name, v.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		at := b.Now().Add(-30 * time.Minute)
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	v, err := Open(root, b, &Options{Debounce: time.Millisecond, Absence: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

// Each case is what happens, an hour each: something is committed, or changes and is looked at by a watcher, or the
// commits are imported. The events begin with their hours.
func TestReplayBesideWatch(t *testing.T) {
	for _, test := range []struct{ name, acts, want string }{
		{
			"imported, then watched: it goes on", `
				commit a n1 n2; b m1
				commit a n1:1 n2; b -
				commit a n1:2 n2
				import
				watch a n1:2 n2
				watch a n1:3 n2
				import`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				0 b.canvas canvas_created nodes=1 edges=0 git
				1 a.canvas node_color_change n1 >1 git
				1 b.canvas canvas_deleted nodes=1 edges=0 git
				2 a.canvas node_color_change n1 1>2 git
				4.5 a.canvas node_color_change n1 2>3 late`,
		},
		{
			"imported again after new commits", `
				commit a n1 n2
				import
				commit a n1:1 n2
				commit a n1:2 n2
				import
				import
				commit a n1:1 n2
				import`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				2 a.canvas node_color_change n1 >1 git
				3 a.canvas node_color_change n1 1>2 git
				6 a.canvas node_color_change n1 2>1 git reverted`,
		},
		{
			"watched, then imported: what was before, and nothing since", `
				commit a n1 n2; b m1 m2
				commit a n1:1 n2; c m1 m2; b -
				commit a n1:2 n2
				watch a n1:2 n2; c m1 m2
				watch a n1:3 n2
				commit a n1:3 n2; c m1:1 m2
				import
				import
				watch c m1:1 m2`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				0 b.canvas canvas_created nodes=2 edges=0 git
				1 a.canvas node_color_change n1 >1 git
				1 c.canvas canvas_renamed id=b.canvas git
				2 a.canvas node_color_change n1 1>2 git
				3 a.canvas canvas_created nodes=2 edges=0
				3 c.canvas canvas_created nodes=2 edges=0
				3.5 a.canvas node_color_change n1 2>3 late
				7.5 c.canvas node_color_change m1 >1 late`,
		},
		{
			"imported, changed and committed, watched, imported: the watcher has it", `
				commit a n1 n2; b m1
				import
				commit a n1:1 n2
				commit a n1:2 n2; b m1:1
				watch a n1:2 n2; b m1
				import`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				0 b.canvas canvas_created nodes=1 edges=0 git
				3 b.canvas node_color_change m1 >1 git
				3.5 a.canvas node_color_change n1 >2 late`,
		},
		{
			"a board of later, seen by the watcher only", `
				commit a n1
				import
				commit b m1
				commit b m1:1
				watch a n1; b m1:2
				commit b m1:2
				import`, `
				0 a.canvas canvas_created nodes=1 edges=0 git
				2 b.canvas canvas_created nodes=1 edges=0 git
				3 b.canvas node_color_change m1 >1 git
				4 b.canvas canvas_created nodes=1 edges=0 late`,
		},
		{
			"renamed while watched, committed after that", `
				commit a n1 n2
				import
				watch a n1 n2
				watch a -; z n1 n2
				commit a -; z n1 n2
				import`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				3 z.canvas canvas_renamed id=a.canvas late`,
		},
		{
			"imported, renamed and committed, watched", `
				commit a n1 n2
				import
				watch a n1 n2
				commit a -; z n1 n2 n3
				commit z -; y n1 n2 n3
				watch a -; y n1 n2 n3
				import
				commit y n1:1 n2 n3
				import`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				4.5 y.canvas canvas_renamed id=a.canvas late
				4.5 y.canvas node_added n3 late`,
		},
		{
			"watched, renamed and committed, watched", `
				watch a n1 n2
				commit a n1 n2
				commit a -; z n1 n2
				watch a -; z n1 n2
				import`, `
				0 a.canvas canvas_created nodes=2 edges=0
				3 z.canvas canvas_renamed id=a.canvas late`,
		},
		{
			"deleted while watched, committed after that, and made anew", `
				commit a n1 n2
				import
				watch a n1 n2
				watch a -
				commit a -
				commit a n1 n2
				import`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				3 a.canvas canvas_deleted nodes=2 edges=0 late`,
		},
		{
			"made, deleted, made anew, the same each time", `
				commit a n1 n2
				commit a -
				import
				commit a n1 n2
				commit a -; b n1 n2
				commit a n1 n2; b n1 n2:1
				import`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				1 a.canvas canvas_deleted nodes=2 edges=0 git
				3 a.canvas canvas_created nodes=2 edges=0 git
				4 b.canvas canvas_renamed id=a.canvas git
				5 a.canvas canvas_created nodes=2 edges=0 git
				5 b.canvas node_color_change n2 >1 git`,
		},
		{
			"two change places, three change places", `
				commit a n1 n2; b m1 m2; c k1 k2
				commit a m1 m2; b n1 n2
				import
				commit a n1 n2; b k1 k2; c m1 m2
				import
				watch a n1 n2; b k1 k2; c m1 m2`, `
				0 a.canvas canvas_created nodes=2 edges=0 git
				0 b.canvas canvas_created nodes=2 edges=0 git
				0 c.canvas canvas_created nodes=2 edges=0 git
				1 a.canvas canvas_renamed id=b.canvas git
				1 b.canvas canvas_renamed id=a.canvas git
				3 a.canvas canvas_renamed id=b.canvas git
				3 b.canvas canvas_renamed id=c.canvas git
				3 c.canvas canvas_renamed id=a.canvas git`,
		},
		{
			"damaged, and whole again", `
				commit a n1
				commit a !
				commit a n1:1; b !
				commit b m1
				commit a !
				commit a -; b -
				import`, `
				0 a.canvas canvas_created nodes=1 edges=0 git
				2 a.canvas node_color_change n1 >1 git
				3 b.canvas canvas_created nodes=1 edges=0 git
				5 a.canvas canvas_deleted nodes=1 edges=0 git
				5 b.canvas canvas_deleted nodes=1 edges=0 git`,
		},
		{
			"one é as two files", `
				commit é n1 n2; e` + "\u0301" + ` m1 m2
				commit e` + "\u0301" + ` m1:1 m2
				import`, `
				0 ./e%CC%81.canvas canvas_created nodes=2 edges=0 git
				0 é.canvas canvas_created nodes=2 edges=0 git
				1 ./e%CC%81.canvas node_color_change m1 >1 git`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := past
			root := t.TempDir()
			b := vaultBook(t, filepath.Join(root, daybook.VaultDir), func() time.Time { return now })
			var history []Moment
			for line := range strings.Lines(strings.TrimSpace(test.acts)) {
				switch what, boards, _ := strings.Cut(strings.TrimSpace(line), " "); what {
				case "commit":
					m := moments(boards)[0]
					m.Place, m.Time = strconv.Itoa(len(history)), now
					history = append(history, m)
				case "watch":
					catchUp(t, b, root, moments(boards)[0].Versions...)
				case "import":
					if _, err := replay(b, history, len(history), ReplayOptions{}); err != nil {
						t.Fatal(err)
					}
				default:
					t.Fatal(line)
				}
				now = now.Add(time.Hour)
			}
			var want []string
			for line := range strings.Lines(strings.TrimSpace(test.want)) {
				want = append(want, strings.TrimSpace(line))
			}
			got := inBook(t, b)
			slices.Sort(got) // the watcher looks at several boards at once
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSameMoment: a board that is made, deleted, and made again the same within a second is three events, also if the replay
// is interrupted in between.
func TestSameMoment(t *testing.T) {
	history := moments("a n1\na -\na n1\na -\na n1")
	for i := range history {
		history[i].Time = past
	}
	for stop := range history {
		root := t.TempDir()
		b := vaultBook(t, filepath.Join(root, daybook.VaultDir), func() time.Time { return past.Add(time.Hour) })
		for _, end := range []int{stop, len(history)} {
			if _, err := replay(b, history, end, ReplayOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		created, deleted := "0 a.canvas canvas_created nodes=1 edges=0 git", "0 a.canvas canvas_deleted nodes=1 edges=0 git"
		if diff := cmp.Diff([]string{created, deleted, created, deleted, created}, inBook(t, b)); diff != "" {
			t.Errorf("interrupted after %d (-want +got):\n%s", stop, diff)
		}
	}
}

// TestReplayKilledThenWatched: wherever a replay is killed, who watches next, and then replays the rest, has each change
// once: the colours that the events say one after the other fit together, and end with what the board has.
func TestReplayKilledThenWatched(t *testing.T) {
	history := moments(`
		a n1:1
		a n1:2
		a n1:3
		a n1:4
		a n1:5`)
	calls := 1
	for dead := 0; dead <= calls; dead += everyCall() {
		now := past.Add(100 * time.Hour)
		root := t.TempDir()
		b := vaultBook(t, filepath.Join(root, daybook.VaultDir), func() time.Time { return now })
		fs := &faultFS{FS: osFS(), fast: true, dieAt: dead, applied: true}
		for _, end := range []int{3, 5} {
			if _, err := replay(b, history, end, ReplayOptions{Options: Options{fsys: fs}}); err != nil && !fs.dead {
				t.Fatal(err)
			}
		}
		if dead == 0 {
			calls = fs.calls
		}
		catchUp(t, b, root, Version{Path: "a.canvas", Data: []byte(boardOf([]string{"n1:6"}))})
		if _, err := replay(b, history, 5, ReplayOptions{}); err != nil {
			t.Fatal(err)
		}
		color, all := "", inBook(t, b)
		for _, e := range all {
			f := strings.Fields(e)
			if f[2] != "node_color_change" {
				color = "" // as the snapshot says
				continue
			}
			from, to, _ := strings.Cut(f[4], ">")
			if color != "" && from != color {
				t.Errorf("killed after call %d:\n%s", dead, strings.Join(all, "\n"))
				break
			}
			color = to
		}
		if last := all[len(all)-1]; color != "6" && !strings.HasPrefix(last, "100 a.canvas canvas_created") {
			t.Errorf("killed after call %d: it ends with %s", dead, last)
		}
	}
	if calls < 10 {
		t.Errorf("only %d calls: the test tests nothing", calls)
	}
}

// TestReplayRefuses tells what keeps a replay from beginning.
func TestReplayRefuses(t *testing.T) {
	now := past.Add(1000 * time.Hour)
	root := t.TempDir()
	b := vaultBook(t, filepath.Join(root, daybook.VaultDir), func() time.Time { return now })
	history := moments("a n1\na n1:1")
	v, err := Open(root, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replay(b, history, 1, ReplayOptions{}); !errors.Is(err, ErrWatched) {
		t.Errorf("while somebody watches: %v", err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := replay(b, history, 1, ReplayOptions{Begin: "2026-02-01"}); err != nil {
		t.Fatal(err)
	}
	if _, err := replay(b, history, 2, ReplayOptions{Begin: "2026-03-01"}); !errors.Is(err, ErrOtherBegin) {
		t.Errorf("with another beginning: %v", err)
	}
	if _, err := replay(b, history, 2, ReplayOptions{}); err != nil {
		t.Errorf("without a beginning, after it was done: %v", err)
	}
	name := filepath.Join(b.Dir(), "import-git.jsonl")
	rewrite(t, name, func(data []byte) []byte { return data[:len(data)-30] })
	if _, err := replay(b, history, 2, ReplayOptions{}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("with a damaged checkpoint: %v", err)
	}
	rewrite(t, name, func([]byte) []byte { return []byte(`{"format":2}`) })
	if _, err := replay(b, history, 2, ReplayOptions{}); !errors.Is(err, errNewer) {
		t.Errorf("with one of a newer Daybook: %v", err)
	}
}

// TestTrial counts and writes nothing.
func TestTrial(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	book := &Trial{Zone: time.UTC, Clock: time.Now, Path: dir}
	events, err := replay(book, moments(longHistory), 14, ReplayOptions{Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(events) < 20 {
		t.Errorf("%d events", len(events))
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("it has made the book")
	}
}

// FuzzCheckpoint: whatever stands in the file, reading it does not panic, and what is taken is written the same.
func FuzzCheckpoint(f *testing.F) {
	s := &state{Format: stateFormat, Lineage: "l", Path: "a.canvas", Generation: 1, Hash: "h", Board: []byte(`{"nodes":[],"edges":[]}`)}
	f.Add([]byte("{\"format\":1,\"place\":\"x\",\"time\":\"\",\"begin\":\"\",\"done\":true,\"states\":1}\n" + string(s.encode())))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		head, states, err := decodeCheckpoint(data)
		if err != nil {
			return
		}
		again, same, err := decodeCheckpoint(encodeCheckpoint(head, states))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(head, again); diff != "" || len(same) != len(states) {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}
