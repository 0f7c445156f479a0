// Package killtest kills writer processes, and reads by plain means what they have left.
package killtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Book is a book that processes write to, and what they were told of it.
type Book struct {
	Dir   string
	Kills int // so far

	// Faulty says that the programs have a planted fault, so that one may notice it and end with an error.
	Faulty bool

	mu    sync.Mutex
	acked map[Source]int
	tails []tail
}

// Source is a producer of events, of which there are as many as anybody wants. It outlives the processes that append
// them.
type Source struct {
	Name string
	Size int // of a line in bytes; some have a few more
}

// NewBook returns a Book of which nobody has been told anything.
func NewBook(dir string) *Book { return &Book{Dir: dir, acked: map[Source]int{}} }

// ID is the event_id of the source's nth event.
func (s Source) ID(n int) string { return fmt.Sprintf("%s.%d-%d", s.Name, s.Size, n) }

// Line is the source's nth event. Of eight in a row, one belongs to the second day. The lines differ in length, so that
// they meet the ends of pages everywhere, and everywhere within, so that a splice of two can be seen.
func (s Source) Line(n int) string {
	day := 8 + n%8/7
	head := fmt.Sprintf(`{"event_id":%q,"timestamp":"2025-11-%02dT14:32:15Z",`, s.ID(n), day) +
		fmt.Sprintf(`"canvas_id":"a.canvas","event_type":"note","details":{"n":%d,"pad":"`, n)
	pad := max(1, s.Size-len(head)-len(`"}}`)+n*37%64)
	word := s.ID(n) + " "
	return head + strings.Repeat(word, pad/len(word)+1)[:pad] + `"}}`
}

// parseID is the inverse of Source.ID.
func parseID(id string) (s Source, n int, ok bool) {
	rest, num, ok := cutLast(id, "-")
	if !ok {
		return s, 0, false
	}
	name, size, ok := cutLast(rest, ".")
	if !ok {
		return s, 0, false
	}
	n, err := strconv.Atoi(num)
	if err == nil {
		s.Name = name
		s.Size, err = strconv.Atoi(size)
	}
	return s, n, err == nil && s.ID(n) == id
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// Next is the number of the first event of a source that has not been acknowledged.
func (b *Book) Next(s Source) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.acked[s]
}

// Acked is how many events have been acknowledged.
func (b *Book) Acked() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.acked {
		n += k
	}
	return n
}

// Program is a kind of writer: a process that appends the events of one source in their order, and prints for each,
// when it has been acknowledged, its event_id or an object with event_id and status.
type Program struct {
	Source Source
	// Command is the process, which is to begin with the event number from.
	Command func(from int) *exec.Cmd
	// Fed is set if the process reads the events from its standard input; else it makes them itself.
	Fed bool
	// Count is how many events a fed process gets; 0: more and more until it is dead, or until Until.
	Count int
	Until time.Time
	// Ends is set if nobody has to kill the process.
	Ends bool
}

// Process is a Program that runs.
type Process struct {
	t     *testing.T
	b     *Book
	p     Program
	cmd   *exec.Cmd
	err   bytes.Buffer
	first chan struct{} // closed when the first event is acknowledged, or the process has ended
	done  chan struct{} // closed when all that it has printed is read
}

// Start starts the program, with the first event of its source that has not been acknowledged: so a restarted writer
// repeats what its predecessor was not told of.
func (b *Book) Start(t *testing.T, p Program) *Process {
	t.Helper()
	from := b.Next(p.Source)
	w := &Process{t: t, b: b, p: p, cmd: p.Command(from), first: make(chan struct{}), done: make(chan struct{})}
	w.cmd.Stderr = &w.err
	out, err := w.cmd.StdoutPipe()
	var in io.WriteCloser
	if err == nil && p.Fed {
		in, err = w.cmd.StdinPipe()
	}
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if p.Fed {
		go func() {
			defer in.Close() // that of a dead process
			for n := from; p.Count == 0 || n < from+p.Count; n++ {
				if !p.Until.IsZero() && time.Now().After(p.Until) {
					return
				}
				if _, err := io.WriteString(in, p.Source.Line(n)+"\n"); err != nil {
					return // it is dead
				}
			}
		}()
	}
	go w.listen(out, from)
	return w
}

// listen takes note of what is acknowledged. An unfinished line is no acknowledgement.
func (w *Process) listen(out io.Reader, next int) {
	defer close(w.done)
	began := false
	defer func() {
		if !began {
			close(w.first)
		}
	}()
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if id := acknowledged(strings.TrimSuffix(line, "\n")); id != w.p.Source.ID(next) {
			w.t.Errorf("%s: %q came instead of %s", w.p.Source.Name, line, w.p.Source.ID(next))
			io.Copy(io.Discard, r) // so that it is not held up until it is killed
			return
		}
		next++
		w.b.mu.Lock()
		w.b.acked[w.p.Source] = next
		w.b.mu.Unlock()
		if !began {
			began = true
			close(w.first)
		}
	}
}

// acknowledged returns the event_id that a line of a program's output acknowledges, or "".
func acknowledged(line string) string {
	if !strings.HasPrefix(line, "{") {
		return line
	}
	var v struct {
		ID     string `json:"event_id"`
		Status string `json:"status"`
	}
	if json.Unmarshal([]byte(line), &v) != nil || v.Status != "stored" && v.Status != "duplicate" {
		return ""
	}
	return v.ID
}

// Kill kills the process and returns when nothing of it is left.
func (w *Process) Kill() {
	w.cmd.Process.Kill() // it may have died by itself, which is seen below
	w.wait(true)
}

// Wait returns when the process has ended by itself, in order.
func (w *Process) Wait() { w.wait(false) }

// Working returns when the process has had its first acknowledgement, or has ended.
func (w *Process) Working() { <-w.first }

// Process is the system's.
func (w *Process) Process() *os.Process { return w.cmd.Process }

// Said is what the process has written to its standard error, after Kill or Wait.
func (w *Process) Said() string { return w.err.String() }

func (w *Process) wait(killed bool) {
	<-w.done
	err := w.cmd.Wait()
	failed := !killed && err != nil || killed && w.cmd.ProcessState.ExitCode() >= 0 && runtime.GOOS != "windows"
	switch {
	case failed && w.b.Faulty:
		w.t.Logf("%s: ended with %v\n%s", w.p.Source.Name, err, w.err.String())
	case failed:
		w.t.Errorf("%s: ended with %v\n%s", w.p.Source.Name, err, w.err.String())
	case killed:
		w.b.mu.Lock()
		w.b.Kills++
		w.b.mu.Unlock()
	}
}

// Round starts the programs at once and kills each at a moment of its own: one in four at any time after its start, the
// others when they are at work. Programs that end by themselves are waited for.
func (b *Book) Round(t *testing.T, rng *rand.Rand, within time.Duration, programs ...Program) {
	t.Helper()
	var wg sync.WaitGroup
	for _, p := range programs {
		early := rng.IntN(4) == 0
		after := time.Duration(rng.Int64N(int64(within)))
		w := b.Start(t, p)
		wg.Go(func() {
			switch {
			case p.Ends:
				<-w.done
				w.wait(true)
				return
			case !early:
				<-w.first
			}
			time.Sleep(after) // the moment of the kill
			w.Kill()
		})
	}
	wg.Wait()
	b.noteTails(t)
}

// Finish has programs run that are not killed: what comes after them mends what the killed ones have left.
func (b *Book) Finish(t *testing.T, programs ...Program) {
	t.Helper()
	for _, p := range programs {
		p.Count = 16 // on both days
		b.Start(t, p).Wait()
	}
}

// Kills is how many kills a test makes: n, or what DAYBOOK_TEST_KILLS says, in the same proportion to all.
func Kills(n int) int {
	if all, err := strconv.Atoi(os.Getenv("DAYBOOK_TEST_KILLS")); err == nil && all > 0 {
		return (n*all + defaultKills - 1) / defaultKills
	}
	return n
}

// defaultKills is what all tests together make without being told: the sum of their calls of Kills.
const defaultKills = 200

// Rand returns a source of random numbers whose seed is in the test's log, or is what DAYBOOK_TEST_SEED says. The
// moments of the kills are drawn from it; what they hit, the system decides.
func Rand(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("DAYBOOK_TEST_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// TempDir is t.TempDir, in memory where that is possible: a kill loses nothing that is in the kernel, and more of them
// fall into a write when no disk is waited for.
func TempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "daybook-kills-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
