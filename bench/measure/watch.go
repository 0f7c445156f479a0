package measure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"daybook/bench/stat"
)

// Watched is a vault that is watched: other boards of 40 cards, and one that is saved again and again.
type Watched struct {
	Others int // boards
	Cards  int // of the board that is saved
	Text   int // bytes of the text of each of its cards
	Saves  int
	Idle   time.Duration // how long nothing happens afterwards; 0 is not at all
}

// Watching is what was measured of a Watched: the time of a save from the return of the rename by which an editor saves until
// `daybook watch` prints the event, which is on disk then, less the debounce.
type Watching struct {
	Others int     `json:"other_boards"`
	Cards  int     `json:"cards"`
	Bytes  int     `json:"bytes"` // of the board that is saved
	Saves  int     `json:"saves"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
	RSS    int64   `json:"rss_bytes"`      // resident memory at the end
	Peak   int64   `json:"peak_rss_bytes"` // the most that it was
	// IdleCPU is the processor time while nothing happened, in percent of one processor; it is counted in ticks of 10 ms.
	IdleCPU     float64 `json:"idle_cpu_percent"`
	IdleSeconds float64 `json:"idle_seconds"`
}

// debounce is short, so that a measurement is; how long it is makes no difference to what is measured.
const debounce = 100 * time.Millisecond

// Watch measures a Watched in a directory that it makes below dir and removes again.
func Watch(ctx context.Context, dir, program string, w Watched) (result Watching, err error) {
	vault, err := os.MkdirTemp(dir, "vault-")
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(vault)) }()
	for i := range w.Others {
		if err := save(vault, fmt.Sprintf("other %d.canvas", i), board(40, 20, i)); err != nil {
			return result, err
		}
	}
	first := board(w.Cards, w.Text, 0)
	if err := save(vault, watchedBoard, first); err != nil {
		return result, err
	}
	result = Watching{Others: w.Others, Cards: w.Cards, Bytes: len(first), Saves: w.Saves}
	ctx, cancel := context.WithTimeout(ctx, time.Minute+w.Idle+time.Duration(w.Saves)*time.Second)
	defer cancel()
	p, err := startWatching(ctx, program, vault)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := p.events(w.Others + 1); err != nil {
		return result, err
	}
	if err := settle(vault); err != nil {
		return result, err
	}
	var took []time.Duration
	for n := range w.Saves {
		data := board(w.Cards, w.Text, n+1)
		if err := save(vault, watchedBoard, data); err != nil {
			return result, err
		}
		began := time.Now()
		if err := p.events(1); err != nil {
			return result, err
		}
		took = append(took, time.Since(began)-debounce)
	}
	slices.Sort(took)
	result.P50, result.P99 = millis(stat.Quantile(took, 0.5)), millis(stat.Quantile(took, 0.99))
	result.Max = millis(stat.Quantile(took, 1))
	return result, p.idle(ctx, w.Idle, &result)
}

const watchedBoard = "saved.canvas"

// board is a board of so many cards, of which save n recolours the first.
func board(cards, text, n int) []byte {
	words := strings.Repeat("a word or two ", text/14+1)[:text]
	b := []byte("{\n\t\"nodes\":[\n")
	for i := range cards {
		color := i % 6
		if i == 0 {
			color = n % 6
		}
		b = fmt.Appendf(b, "\t\t{\"id\":\"%016x\",\"type\":\"text\",\"text\":%q,\"x\":%d,\"y\":%d,\"width\":250,\"height\":60,\"color\":\"%d\"},\n",
			i, words, 300*(i%20), 100*(i/20), color+1)
	}
	return append(b[:len(b)-2], "\n\t],\n\t\"edges\":[]\n}"...)
}

// save puts a board into a vault as editors do: beside the old one, and by renaming.
func save(vault, name string, data []byte) error {
	temp := filepath.Join(vault, name+".tmp")
	if err := os.WriteFile(temp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(vault, name))
}

// watcher is a `daybook watch` that runs.
type watcher struct {
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	stderr strings.Builder
}

func startWatching(ctx context.Context, program, vault string) (*watcher, error) {
	w := &watcher{cmd: exec.CommandContext(ctx, program, "watch", vault, "--json", "--debounce", debounce.String())}
	w.cmd.Env = append(os.Environ(), "DAYBOOK_DIR=")
	w.cmd.Stderr = &w.stderr
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.lines = bufio.NewScanner(io.Reader(out))
	w.lines.Buffer(nil, 64<<20)
	return w, w.cmd.Start()
}

// events waits for so many events.
func (w *watcher) events(n int) error {
	for range n {
		if !w.lines.Scan() {
			return fmt.Errorf("daybook watch has ended, and says: %s", strings.TrimSpace(w.stderr.String()))
		}
	}
	return nil
}

func (w *watcher) stop() error {
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	for w.lines.Scan() { // none is expected, and a full pipe would hold it up
	}
	return w.cmd.Wait()
}

// idle measures what the watcher takes while nothing happens, and the memory that it has.
func (w *watcher) idle(ctx context.Context, d time.Duration, into *Watching) error {
	pid := w.cmd.Process.Pid
	if d > 0 {
		const calm = 2 * time.Second // what the last save has left to do
		if err := sleep(ctx, calm); err != nil {
			return err
		}
		before := ticks(pid)
		if err := sleep(ctx, d); err != nil {
			return err
		}
		const perSecond = 100 // on every Linux that there is
		into.IdleSeconds = d.Seconds()
		into.IdleCPU = 100 * float64(ticks(pid)-before) / perSecond / d.Seconds()
	}
	into.RSS, into.Peak = memory(pid, "VmRSS:"), memory(pid, "VmHWM:")
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ticks returns the processor time of a process, in ticks; 0 if the system does not tell.
func ticks(pid int) (sum int64) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The second field is the program's name, which may have spaces: the ones that count follow its bracket.
	_, rest, _ := strings.Cut(string(data), ") ")
	if fields := strings.Fields(rest); len(fields) > 12 {
		for _, field := range fields[11:13] { // in user mode, in the kernel
			n, _ := strconv.ParseInt(field, 10, 64) // the kernel's own number
			sum += n
		}
	}
	return sum
}
