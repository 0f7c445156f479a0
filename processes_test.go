package daybook

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program be a writer process: with DAYBOOK_TEST_WRITER set to "DIR PREFIX COUNT SYNC" it appends and
// prints each id when its append has returned.
func TestMain(m *testing.M) {
	if job := os.Getenv("DAYBOOK_TEST_WRITER"); job != "" {
		if err := writeAsProcess(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func writeAsProcess(job string) error {
	var dir, prefix, mode string
	var count int
	if _, err := fmt.Sscanf(job, "%q %s %d %s", &dir, &prefix, &count, &mode); err != nil {
		return err
	}
	sync, err := ParseSync(mode)
	if err != nil {
		return err
	}
	b, err := Open(dir, &Options{Sync: sync, LockTimeout: 10 * time.Second})
	if err != nil {
		return err
	}
	for i := range count {
		id := fmt.Sprintf("%s-%d", prefix, i)
		e, err := ParseEvent([]byte(processLine(id)))
		if err != nil {
			return err
		}
		if _, err := b.Append(context.Background(), e); err != nil {
			return err
		}
		if _, err := fmt.Println(id); err != nil {
			return err
		}
	}
	return b.Close()
}

// processLine is long enough that a few of them cross a page.
func processLine(id string) string {
	return fmt.Sprintf(`{"event_id":%q,"timestamp":"2025-11-08T14:32:15Z","pad":%q}`, id, strings.Repeat("x", 300))
}

// process is a writer of another process; its acknowledged ids arrive when it has ended.
type process struct {
	cmd  *exec.Cmd
	acks chan []string
}

func startWriter(t *testing.T, dir, prefix string, count int, sync Sync) process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("DAYBOOK_TEST_WRITER=%q %s %d %s", dir, prefix, count, sync))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := process{cmd, make(chan []string, 1)}
	go func() {
		var ids []string
		r := bufio.NewReader(out)
		for {
			line, err := r.ReadString('\n')
			if err != nil { // an unfinished line is no acknowledgement
				io.Copy(io.Discard, r)
				p.acks <- ids
				return
			}
			ids = append(ids, strings.TrimSpace(line))
		}
	}()
	return p
}

// checkDay reads a day file without any of Daybook's code: every line is a JSON object with an id of its own, and no
// acknowledged id is missing.
func checkDay(t *testing.T, name string, acked []string) (events int) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	lines := strings.Split(string(data), "\n")
	if last := lines[len(lines)-1]; last != "" {
		t.Errorf("unfinished last line of %d bytes", len(last))
	}
	for i, line := range lines[:len(lines)-1] {
		var e struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("line %d of %d: %v: %.100q", i+1, len(lines)-1, err, line)
			continue
		}
		if line != processLine(e.ID) {
			t.Errorf("line %d is not what was appended: %.100q", i+1, line)
		}
		seen[e.ID]++
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s stands %d times", id, n)
		}
	}
	for _, id := range acked {
		if seen[id] == 0 {
			t.Errorf("%s was acknowledged and is missing", id)
		}
	}
	return len(seen)
}

func TestProcessesAtOnce(t *testing.T) {
	dir := t.TempDir()
	const processes, each = 4, 100
	var writers []process
	for i := range processes {
		writers = append(writers, startWriter(t, dir, fmt.Sprint("p", i), each, SyncAlways))
	}
	var acked []string
	for _, w := range writers {
		acked = append(acked, <-w.acks...)
		if err := w.cmd.Wait(); err != nil {
			t.Errorf("writer: %v", err)
		}
	}
	if n := checkDay(t, filepath.Join(dir, "2025-11-08", "events.json"), acked); n != processes*each || len(acked) != n {
		t.Errorf("got %d events, %d acknowledged, want %d", n, len(acked), processes*each)
	}
}

// TestKilledWriters kills processes at random moments (promise 2): what they have acknowledged is there once, byte for
// byte, and the next writer mends what they tore.
func TestKilledWriters(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, c := range []struct {
		write string
		sync  Sync
	}{{WriteAppend, SyncNone}, {WriteAppend, SyncAlways}, {WriteReplace, SyncAlways}} {
		dir, sync, temps := t.TempDir(), c.sync, 0
		open(t, dir, &Options{Settings: &Settings{Write: c.write}})
		var acked []string
		for round := range 10 {
			var writers []process
			for w := range 3 {
				writers = append(writers, startWriter(t, dir, fmt.Sprintf("r%dw%d", round, w), 1_000_000, sync))
			}
			for _, w := range writers {
				time.Sleep(time.Duration(10_000+rng.IntN(30_000)) * time.Microsecond) // the moment of the kill
				if err := w.cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
			for _, w := range writers {
				acked = append(acked, <-w.acks...)
				w.cmd.Wait() // it was killed
			}
			left, _ := filepath.Glob(filepath.Join(dir, "*tmp"))
			temps += len(left)
		}
		w := startWriter(t, dir, "last", 1, SyncAlways)
		acked = append(acked, <-w.acks...)
		if err := w.cmd.Wait(); err != nil {
			t.Errorf("the writer after the kills: %v", err)
		}
		n := checkDay(t, filepath.Join(dir, "2025-11-08", "events.json"), acked)
		t.Logf("%s, sync %s: 30 kills, %d acknowledged, %d events, %d temporary files", c.write, sync, len(acked), n, temps)
		if left, _ := filepath.Glob(filepath.Join(dir, "*tmp")); len(left) > 0 {
			t.Errorf("temporary files are left: %v", left)
		}
	}
}
