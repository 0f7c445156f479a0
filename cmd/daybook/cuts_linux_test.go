package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/internal/powercut"
	"daybook/internal/rerun"
	"daybook/learning"
	"daybook/view/session"
)

// TestPowerCutsExt4 holds promises 2, 4, 5, 7, 9 and 10 on a real file system whose power is cut while processes write: see
// cuts. DAYBOOK_TEST_CUTS is how many; 20, or 200 with DAYBOOK_TEST_ALL. DAYBOOK_TEST_SEED repeats what is random of it.
func TestPowerCutsExt4(t *testing.T) { powerCuts(t, "ext4") }

// TestPowerCutsXFS is the same on another file system.
func TestPowerCutsXFS(t *testing.T) { powerCuts(t, "xfs") }

func powerCuts(t *testing.T, kind string) {
	t.Parallel()
	if !rerun.WithMounts(t) {
		return
	}
	c := newCuts(t, kind)
	n := 20
	if os.Getenv("DAYBOOK_TEST_ALL") != "" {
		n = 200
	}
	if text := os.Getenv("DAYBOOK_TEST_CUTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for round := range n {
		if round%cutsOfABook == 0 {
			c.newBooks(t, round)
		}
		c.cut(t, round, c.books[round%len(c.books)], "always")
		if t.Failed() {
			return
		}
	}
	t.Logf("%s: %d cuts, %d events acknowledged before them, 0 lost; %d unacknowledged ones stayed, "+
		"%d lines torn or damaged beyond the mark", kind, n, c.acked, c.stayed, c.torn)
}

// TestPowerCutsWithoutSync: the harness finds a loss where there is one, on either file system; nothing else may be wrong.
func TestPowerCutsWithoutSync(t *testing.T) {
	t.Parallel()
	if !rerun.WithMounts(t) {
		return
	}
	for _, kind := range []string{"ext4", "xfs"} {
		c := newCuts(t, kind)
		c.newBooks(t, 0)
		c.expect = "lost"
		lost := 0
		const rounds = 4
		for round := range rounds {
			b := c.books[0]
			c.cut(t, round, b, "none")
			lost += len(b.faults["lost"])
			for _, id := range b.faults["lost"] { // it was counted
				delete(b.must, id)
			}
			delete(b.faults, "lost")
		}
		if lost == 0 {
			t.Errorf("%s: %d power cuts without a sync, and nothing was lost: the harness cuts nothing", kind, rounds)
		}
		t.Logf("%s: %d cuts without the sync, %d of %d acknowledged events lost, %d lines torn or damaged",
			kind, rounds, lost, c.acked, c.torn)
	}
}

// cutsOfABook is after how many cuts new books begin: what is looked at after each cut grows with them.
const cutsOfABook = 20

// cuts is a disk with books that processes write while its power is cut: one that is appended to, one whose days are
// replaced whole, and one with the session document, which `watch` also records the boards of another disk into. After each
// cut the processes are killed, the journal is replayed, the book is opened again and written to, and checked.
type cuts struct {
	disk   *powercut.Disk
	rng    *rand.Rand
	books  []*cutBook
	vault  string // on another disk
	boards map[string]cards
	saves  int
	expect string // the kind of fault that is looked for

	acked, stayed, torn int
}

func newCuts(t *testing.T, kind string) *cuts {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("DAYBOOK_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s: DAYBOOK_TEST_SEED=%d", kind, seed)
	return &cuts{disk: powercut.New(t, kind), rng: rand.New(rand.NewPCG(seed, 1))}
}

// newBooks begins with books of their own, so that what has to be checked does not grow for ever.
func (c *cuts) newBooks(t *testing.T, round int) {
	t.Helper()
	for _, b := range c.books {
		if err := os.RemoveAll(b.dir); err != nil {
			t.Fatal(err)
		}
	}
	place := func(name string) string { return filepath.Join(c.disk.Dir, fmt.Sprintf("%s%d", name, round)) }
	plain, replaced, watched := newCutBook(place("plain")), newCutBook(place("replaced")), newCutBook(place("watched"))
	replaced.replace, watched.watched = true, true
	c.books = []*cutBook{plain, replaced, watched}
	// What init has made is durable. The first book is made by its writers.
	daybookRun(t, "", "init", "--book", replaced.dir, "--write", "replace")
	daybookRun(t, "", "init", "--book", watched.dir, "--zone", "UTC", "--views", "session")
	c.vault = t.TempDir()
	c.boards = map[string]cards{}
	for _, name := range []string{"a.canvas", "复习.canvas"} {
		c.boards[name] = make(cards, 8)
		save(t, filepath.Join(c.vault, name), c.boards[name].board(), 0)
	}
}

// program is a command with a -race build's second of sleep at its end left out.
func program(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	return cmd
}

func daybookRun(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := program("daybook", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("daybook %s: %v\n%s%s", strings.Join(args, " "), err, out, &talk)
	}
	return string(out)
}

// cut has processes write to the book, cuts the power, and checks what is left.
func (c *cuts) cut(t *testing.T, round int, b *cutBook, sync string) {
	t.Helper()
	writers := c.start(t, round, b, sync)
	ends := time.Now().Add(time.Duration(c.rng.IntN(60)) * time.Millisecond) // perhaps while the book is being opened
	if c.rng.IntN(4) > 0 {
		c.firstAck(t, writers)
		ends = time.Now().Add(time.Duration(c.rng.IntN(150)) * time.Millisecond)
	}
	for time.Now().Before(ends) {
		if b.watched {
			c.edit(t)
		} else if sync == "none" && c.rng.IntN(20) == 0 { // as the system does now and then
			if err := c.disk.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Duration(c.rng.IntN(8)) * time.Millisecond) // other processes are at work
	}
	if c.rng.IntN(3) == 0 {
		writers[0].kill() // a writer that dies a moment before
		time.Sleep(time.Duration(c.rng.IntN(3)) * time.Millisecond)
	}
	way := powercut.AtOnce
	if c.rng.IntN(4) == 0 {
		way = powercut.Flushed
	}
	for _, w := range writers {
		w.acksSoFar() // what was acknowledged until now must be there; the ioctl lets a sync succeed that it has overtaken
	}
	if err := c.disk.Cut(way); err != nil {
		t.Fatal(err)
	}
	for _, w := range writers {
		w.kill()
		w.note(b)
		c.acked += len(w.before)
	}
	if b.watched {
		for range c.rng.IntN(3) {
			c.edit(t)
		}
	}
	options := ""
	if c.disk.Kind == "ext4" {
		options = []string{"", "nodelalloc", "data=writeback", "commit=1"}[c.rng.IntN(4)]
	}
	c.disk.Remount(t, options)
	scars := len(b.scars)
	b.look()
	for _, text := range b.raw {
		if text != "" && !strings.HasSuffix(text, "\n") {
			c.torn++
		}
	}
	c.torn += len(b.scars) - scars
	c.reopen(t, round, b)
	b.check()
	c.stayed += b.unacknowledged(fmt.Sprintf("r%dw", round))
	for kind, faults := range b.faults {
		if kind != c.expect {
			t.Errorf("round %d, %s, %s: %s: %d: %.2000q",
				round, c.disk.Kind, filepath.Base(b.dir), kind, len(faults), faults[:min(len(faults), 10)])
		}
	}
}

// reopen opens the book as the next programs do, writes to each day, and compares what Daybook says of it.
func (c *cuts) reopen(t *testing.T, round int, b *cutBook) {
	t.Helper()
	if b.watched && round%2 == 0 {
		daybookRun(t, "", "watch", c.vault, "--book", b.dir, "--once")
	}
	ids := afterCut(round)
	if b.watched && round%2 == 1 { // two days are only looked at, if the cut has left whole lines
		ids = slices.DeleteFunc(ids, func(id string) bool {
			raw := b.raw[cutDay(id)]
			return (strings.HasSuffix(id, "-60") || strings.HasSuffix(id, "-120")) && strings.HasSuffix(raw, "\n")
		})
	}
	var lines strings.Builder
	for _, id := range ids {
		b.must[id] = true
		lines.WriteString(cutLine(id) + "\n")
	}
	b.begun[fmt.Sprintf("r%dw99", round)] = 121
	out := daybookRun(t, lines.String(), "append", "--book", b.dir, "--json")
	if n := strings.Count(out, `"status":"stored"`); n != len(ids) {
		t.Errorf("round %d: %d of %d events stored after the cut:\n%s", round, n, len(ids), out)
	}
	if b.watched {
		if round%2 == 1 {
			daybookRun(t, "", "watch", c.vault, "--book", b.dir, "--once")
		}
		c.checkBoards(t, b)
		compareDocuments(t, b.dir)
	}
	verify, err := program("daybook", "verify", "--book", b.dir).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3 || len(b.scars) == 0) {
		t.Errorf("round %d: verify: %v\n%s", round, err, verify)
	}
}

// checkBoards wants each card's colours to be an unbroken chain that ends where the board is.
func (c *cuts) checkBoards(t *testing.T, b *cutBook) {
	t.Helper()
	boards, _ := bookedBoards(t, b.dir)
	for name := range c.boards {
		want := fmt.Sprint(colorsOf(t, filepath.Join(c.vault, name)))
		if got := fmt.Sprint(boards[name]); got != want {
			t.Errorf("%s according to the book\n got %s\nwant %s", name, got, want)
		}
	}
}

// compareDocuments compares the session documents with those computed from the book.
func compareDocuments(t *testing.T, dir string) {
	t.Helper()
	book, err := daybook.Open(dir, &daybook.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close() // it was only read
	days, err := book.Days()
	if err != nil {
		t.Fatal(err)
	}
	for _, day := range days {
		want, err := session.Document(t.Context(), book, day, learning.Palette{})
		if err != nil {
			t.Error(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "session_"+day.String()+".json"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("the document of %s is not the one computed from the book: %v; (-computed +on disk)\n%s",
				day, err, cmp.Diff(string(want), string(got)))
		}
	}
}

// edit saves a board with another colour on one card.
func (c *cuts) edit(t *testing.T) {
	t.Helper()
	name := []string{"a.canvas", "复习.canvas"}[c.rng.IntN(2)]
	c.boards[name][c.rng.IntN(8)] = []string{"", "1", "2", "3", "#aa00ff"}[c.rng.IntN(5)]
	save(t, filepath.Join(c.vault, name), c.boards[name].board(), c.saves)
	c.saves++
}

// cutProcess is a process that writes to a book and prints what has been acknowledged.
type cutProcess struct {
	cmd    *exec.Cmd
	name   string // of its events; "" for the watcher
	done   chan struct{}
	over   sync.Once
	begun  atomic.Int64  // events that it has been given; 0 if it makes them itself
	first  chan struct{} // closed with the first acknowledgement
	before []string      // acknowledged before the cut

	mu   sync.Mutex
	acks []string // ids; of the watcher lines
}

// start starts the round's writers: the library, the command line, and the watcher, as it fits the book.
func (c *cuts) start(t *testing.T, round int, b *cutBook, sync string) []*cutProcess {
	t.Helper()
	name := func(w int) string { return fmt.Sprintf("r%dw%d", round, w) }
	if b.replace {
		sync = []string{"always", "none"}[c.rng.IntN(2)] // it makes no difference there
	}
	all := []*cutProcess{
		startCut(t, name(1), "daybook-cut", b.dir, name(1), sync),
		startCut(t, name(2), "daybook", "append", "--json", "--sync", sync, "--book", b.dir),
	}
	if b.watched {
		all = append(all, startCut(t, "", "daybook", "watch", c.vault, "--book", b.dir, "--debounce", "10ms", "--json"))
	} else {
		all = append(all, startCut(t, name(3), "daybook-cut", b.dir, name(3), sync))
	}
	return all
}

func startCut(t *testing.T, name, command string, args ...string) *cutProcess {
	t.Helper()
	p := &cutProcess{cmd: program(command, args...), name: name, done: make(chan struct{}), first: make(chan struct{})}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	if command == "daybook" && name != "" {
		go p.feed(in)
	}
	go p.read(out)
	return p
}

// feed gives the command line its lines, a few at a time, until it is killed.
func (p *cutProcess) feed(in io.Writer) {
	for n := 0; ; {
		var lines strings.Builder
		for range 1 + n%7 {
			lines.WriteString(cutLine(fmt.Sprintf("%s-%d", p.name, n)) + "\n")
			n++
		}
		p.begun.Store(int64(n))
		if _, err := io.WriteString(in, lines.String()); err != nil {
			return
		}
	}
}

func (p *cutProcess) read(out io.Reader) {
	defer close(p.done)
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return // what is unfinished is no acknowledgement
		}
		line = strings.TrimSuffix(line, "\n")
		if p.cmd.Args[0] == "daybook" && p.name != "" {
			var v verdict
			if json.Unmarshal([]byte(line), &v) != nil || v.Status != statusStored {
				continue // it fails when the power is cut
			}
			line = v.EventID
		}
		p.mu.Lock()
		if p.acks = append(p.acks, line); len(p.acks) == 1 {
			close(p.first)
		}
		p.mu.Unlock()
	}
}

func (p *cutProcess) acksSoFar() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = slices.Clone(p.acks)
}

func (p *cutProcess) kill() {
	p.over.Do(func() {
		p.cmd.Process.Kill() // it may have ended already
		<-p.done
		p.cmd.Wait() // it was killed
	})
}

// note tells the book what the process has acknowledged, and what it may have begun.
func (p *cutProcess) note(b *cutBook) {
	for i, list := range [][]string{p.before, p.acks} {
		for _, id := range list {
			if p.name == "" {
				var e struct {
					ID string `json:"event_id"`
				}
				if json.Unmarshal([]byte(id), &e) != nil || e.ID == "" {
					b.fault("unreadable", "the watcher printed %q", id)
				}
				b.lines[e.ID] = id
				id = e.ID
			}
			if i == 0 {
				b.must[id] = true
			}
			if writer, number, ok := strings.Cut(id, "-"); ok && p.name != "" && p.begun.Load() == 0 {
				n := 0
				fmt.Sscan(number, &n)                                  // it is ours
				b.begun[writer] = max(b.begun[writer], n+1+cutThreads) // those after it may be under way
			}
		}
	}
	if p.name != "" {
		b.begun[p.name] = max(b.begun[p.name], int(p.begun.Load()), cutThreads)
	}
}

// firstAck waits until a writer has acknowledged something.
func (c *cuts) firstAck(t *testing.T, writers []*cutProcess) {
	t.Helper()
	select {
	case <-writers[0].first:
	case <-writers[1].first:
	case <-writers[2].first:
	case <-time.After(30 * time.Second):
		t.Fatal("no writer has acknowledged an event for 30 s")
	}
}
