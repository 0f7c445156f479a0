package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// debounce is short, so that a measurement is; how long it is makes no difference to what is measured.
const debounce = 100 * time.Millisecond

// BenchmarkWatch saves a board in a watched vault, by renaming as editors do, and waits until `daybook watch` prints the event,
// which is on disk then. p50 and p99 are of this time less the debounce. Afterwards it reports the watcher's memory, and the
// processor time it takes while nothing happens.
func BenchmarkWatch(b *testing.B) {
	for _, v := range []struct {
		others, cards, text int
		idle                time.Duration
	}{{1000, 200, 100, 10 * time.Second}, {1, 5000, 1000, 0}} {
		if testing.Short() {
			v.others, v.cards, v.idle = 10, 200, 0
		}
		b.Run(fmt.Sprintf("boards=%d/cards=%d", v.others, v.cards), func(b *testing.B) {
			vault := b.TempDir()
			for i := range v.others {
				save(b, vault, fmt.Sprintf("other %d.canvas", i), board(i+1, 40, 20, 0))
			}
			save(b, vault, "saved.canvas", board(0, v.cards, v.text, 0))
			cmd := exec.Command(program(b), "watch", vault, "--json", "--debounce", debounce.String())
			cmd.Env = append(os.Environ(), "DAYBOOK_DIR=")
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				b.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			lines.Buffer(nil, 64<<20)
			wait := func(events int) {
				for range events {
					if !lines.Scan() {
						b.Fatal("daybook watch has ended: ", cmd.Wait())
					}
				}
			}
			wait(v.others + 1)
			var took []time.Duration
			n := 0
			for b.Loop() {
				n++
				data := board(0, v.cards, v.text, n)
				began := time.Now()
				save(b, vault, "saved.canvas", data)
				wait(1)
				took = append(took, time.Since(began)-debounce)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
			b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
			if v.idle > 0 {
				time.Sleep(2 * time.Second) // what the last save has left to do
				before := ticks(cmd.Process.Pid)
				time.Sleep(v.idle)
				const perSecond = 100 // on every Linux
				b.ReportMetric(100*float64(ticks(cmd.Process.Pid)-before)/perSecond/v.idle.Seconds(), "idle-%")
			}
			b.ReportMetric(float64(memory(cmd.Process.Pid, "VmRSS:")), "RSS-bytes")
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				b.Fatal(err)
			}
			for lines.Scan() { // a full pipe would stop it from ending
			}
			if err := cmd.Wait(); err != nil {
				b.Fatal(err)
			}
		})
		if testing.Short() {
			return
		}
	}
}

// board returns a board of that many cards, whose ids no board of another number has: it would be held as a copy. Save n
// recolours the first card.
func board(number, cards, text, n int) []byte {
	words := strings.Repeat("a word or two ", text/14+1)[:text]
	b := []byte("{\n\t\"nodes\":[\n")
	for i := range cards {
		color := i % 6
		if i == 0 {
			color = n % 6
		}
		b = fmt.Appendf(b, "\t\t{\"id\":\"%08x%08x\",\"type\":\"text\",\"text\":%q,\"x\":%d,\"y\":%d,\"width\":250,\"height\":60,\"color\":\"%d\"},\n",
			number, i, words, 300*(i%20), 100*(i/20), color+1)
	}
	return append(b[:len(b)-2], "\n\t],\n\t\"edges\":[]\n}"...)
}

func save(b *testing.B, vault, name string, data []byte) {
	temp := filepath.Join(vault, name+".tmp")
	if err := os.WriteFile(temp, data, 0o644); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(vault, name)); err != nil {
		b.Fatal(err)
	}
}

// ticks returns the processor time of a process, in hundredths of a second; 0 if the system does not say.
func ticks(pid int) (sum int64) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The second field is the program's name, which may have spaces: the others follow its bracket.
	_, rest, _ := strings.Cut(string(data), ") ")
	if fields := strings.Fields(rest); len(fields) > 12 {
		for _, field := range fields[11:13] { // in user mode, in the kernel
			n, _ := strconv.ParseInt(field, 10, 64) // the kernel's own number
			sum += n
		}
	}
	return sum
}
