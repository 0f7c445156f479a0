//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"daybook"
)

// worker is a running program and the ids that it has printed.
type worker struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ids   []string
	first chan struct{} // closed when it has printed something, or has ended
	done  chan struct{}
	err   bytes.Buffer
}

func startWorker(t *testing.T, id func(line string) string, name string, args ...string) *worker {
	t.Helper()
	w := &worker{cmd: exec.Command(name, args...), first: make(chan struct{}), done: make(chan struct{})}
	w.cmd.Stderr = &w.err
	out, err := w.cmd.StdoutPipe()
	if err == nil {
		w.stdin, err = w.cmd.StdinPipe()
	}
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.done)
		began := sync.OnceFunc(func() { close(w.first) })
		defer began()
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			w.ids = append(w.ids, id(lines.Text()))
			began()
		}
	}()
	return w
}

// end lets the program come to its end and returns what it has printed.
func (w *worker) end(t *testing.T) []string {
	t.Helper()
	if err := w.stdin.Close(); err != nil {
		t.Error(err)
	}
	<-w.done
	if err := w.cmd.Wait(); err != nil {
		t.Errorf("%s: %v\n%s", w.cmd, err, w.err.String())
	}
	return w.ids
}

// TestForeignWriters: scripts in another language write the session document while four programs of Daybook's are at work
// in the book: nothing is lost, nothing is stored twice. DAYBOOK_TEST_FOR is how long; 3s.
func TestForeignWriters(t *testing.T) {
	for _, lock := range []string{"lockfile", "itself"} {
		t.Run(lock, func(t *testing.T) { foreignWriters(t, lock) })
	}
}

func foreignWriters(t *testing.T, lock string) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is missing: the script that writes the document cannot run")
	}
	long := testFor(t, 3*time.Second)
	vault := t.TempDir()
	dir := filepath.Join(vault, daybook.VaultDir)
	t.Setenv("TZ", "UTC")
	t.Setenv("DAYBOOK_DIR", dir)
	board := filepath.Join(vault, "a.canvas")
	writeBoard(t, board, 0)
	today := time.Now().UTC().Format(time.DateOnly)
	document := filepath.Join(dir, "session_"+today+".json")

	watch := startWorker(t, func(line string) string {
		var e struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("watch printed %q: %v", line, err)
		}
		return e.ID
	}, "daybook", "watch", vault, "--json", "--debounce", "20ms")
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(document); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatalf("no session document after 20 s: %v\n%s", err, watch.err.String())
		}
	}
	plain := func(line string) string { return line }
	status := func(line string) string {
		var v struct {
			ID     string `json:"event_id"`
			Status string `json:"status"`
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Status != "stored" {
			t.Errorf("append printed %q: %v", line, err)
		}
		return v.ID
	}
	writers := []*worker{
		startWorker(t, status, "daybook", "append", "--json"),
		startWorker(t, status, "daybook", "append", "--json"),
		startWorker(t, plain, "daybook-session", dir),
	}
	scripts := []*worker{
		startWorker(t, plain, python, "testdata/foreign/writer.py", document, "script", lock),
		startWorker(t, plain, python, "testdata/foreign/writer.py", document, "other", lock),
	}
	began := time.Now()
	var wg sync.WaitGroup
	for i, w := range writers {
		wg.Go(func() {
			for n := 0; time.Since(began) < long; n++ {
				_, err := fmt.Fprintf(w.stdin, `{"event_id":"w%d-%d","canvas_id":"b.canvas","event_type":"note","details":{"x":0.10}}`+"\n", i, n)
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(5 * time.Millisecond) // a writer's own pace, so that the others get their turns
			}
		})
	}
	for n := 1; time.Since(began) < long; n++ {
		writeBoard(t, board, n)
		time.Sleep(50 * time.Millisecond)
	}
	wg.Wait()
	want := make(map[string]bool)
	counts := ""
	for _, w := range slices.Concat(scripts, writers) {
		ids := w.end(t)
		counts += fmt.Sprintf(" %d", len(ids))
		for _, id := range ids {
			want[id] = true
		}
	}
	// The last ones are adopted by the watcher that still runs.
	missing := func() (left int, twice []string) {
		seen := make(map[string]int)
		for _, id := range bookIDs(t, dir) {
			if seen[id]++; seen[id] == 2 {
				twice = append(twice, id)
			}
		}
		for id := range want {
			if seen[id] == 0 {
				left++
			}
		}
		return left, twice
	}
	ended := time.Now()
	for end := ended.Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left, twice := missing()
		if len(twice) > 0 {
			t.Fatalf("stored twice: %q", twice)
		}
		if left == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d events are missing", left, len(want))
		}
	}
	t.Logf("%v: events of the scripts and the programs:%s; all there %v after the end", long, counts, time.Since(ended).Round(time.Millisecond))
	if err := watch.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for _, id := range watch.end(t) {
		want[id] = true
	}
	if left, twice := missing(); left > 0 || len(twice) > 0 {
		t.Errorf("of the watcher's events: %d missing, twice %q", left, twice)
	}
	if len(watch.ids) == 0 || len(scripts[0].ids) < 2 || len(scripts[1].ids) < 2 {
		t.Errorf("nothing happened: %d events of the watcher, %d and %d of the scripts", len(watch.ids), len(scripts[0].ids), len(scripts[1].ids))
	}
	if out, err := exec.Command("daybook", "verify").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("verify: %v\n%s", err, out)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*.kept-*")); err != nil || len(names) > 0 {
		t.Errorf("kept aside: %q, %v", names, err)
	}
	out, err := exec.Command("daybook", "cat", "--session", today).Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(document)
	if err != nil || !bytes.Equal(data, out) {
		t.Errorf("the document on disk is not the computed one: %v", err)
	}
}

// writeBoard saves a board with one card, whose colour changes each time.
func writeBoard(t *testing.T, name string, n int) {
	t.Helper()
	text := fmt.Sprintf(`{"nodes":[{"id":"n","type":"text","text":"card","color":"%d","x":0,"y":0,"width":1,"height":1}],"edges":[]}`, 1+n%6)
	if err := os.WriteFile(name+".tmp", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		t.Fatal(err)
	}
}

// bookIDs reads the ids of all day files, as a stranger would.
func bookIDs(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*", "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			var e struct {
				ID string `json:"event_id"`
			}
			if !strings.HasSuffix(line, "\n") {
				continue // it is being written
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Errorf("%s: %q: %v", name, line, err)
			}
			ids = append(ids, e.ID)
		}
	}
	return ids
}
