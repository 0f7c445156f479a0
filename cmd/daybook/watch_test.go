package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"daybook/internal/faultfs"
	"daybook/internal/killtest"
)

// cards is a board of cards that differ in colour only: what the checks of these tests understand of it.
type cards []string

func (c cards) board() []byte {
	var b strings.Builder
	b.WriteString("{\n\t\"nodes\":[\n")
	for i, color := range c {
		end := ",\n"
		if i == len(c)-1 {
			end = "\n"
		}
		member := ""
		if color != "" {
			member = fmt.Sprintf(",\"color\":%q", color)
		}
		fmt.Fprintf(&b, "\t\t{\"id\":\"card%d\",\"type\":\"text\",\"text\":\"卡片 %d\",\"x\":%d,\"y\":0,\"width\":100,\"height\":50%s}%s",
			i, i, 120*i, member, end)
	}
	b.WriteString("\t],\n\t\"edges\":[]\n}")
	return []byte(b.String())
}

// save writes a board as editors and sync programs do: in place, or through a temporary file with a backup beside it.
func save(t *testing.T, name string, board []byte, n int) {
	t.Helper()
	var err error
	if n%2 == 0 {
		err = os.WriteFile(name, board, 0o644)
	} else {
		temp := name + ".tmp"
		if err = os.WriteFile(temp, board, 0o644); err == nil {
			backup := fmt.Sprintf("%s.backup.%d.canvas", strings.TrimSuffix(name, ".canvas"), n)
			if err = os.WriteFile(backup, board, 0o644); err == nil {
				err = (&faultfs.FS{}).Rename(temp, name) // on Windows tried again while somebody reads it, as editors do
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// bookedBoards is what the checker, which shares no code with the writer, finds in a book: each board's cards as its events
// leave them.
func bookedBoards(t *testing.T, book string) (boards map[string]map[string]string, events int) {
	t.Helper()
	boards = map[string]map[string]string{}
	seen := map[string]bool{}
	days, err := filepath.Glob(filepath.Join(book, "????-??-??", "events.json"))
	if err != nil || len(days) == 0 {
		t.Fatalf("no day files: %v", err)
	}
	for _, day := range days {
		data, err := os.ReadFile(day)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			var e struct {
				ID      string `json:"event_id"`
				Canvas  string `json:"canvas_id"`
				Type    string `json:"event_type"`
				Details struct {
					Snapshot string `json:"snapshot"`
					NodeID   string `json:"node_id"`
					Old      string `json:"old_color"`
					New      string `json:"new_color"`
				} `json:"details"`
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%v: %q", err, line)
			}
			if seen[e.ID] {
				t.Errorf("event %s stands twice", e.ID)
			}
			seen[e.ID] = true
			switch e.Type {
			case "canvas_created":
				if boards[e.Canvas] != nil {
					t.Errorf("%s is created twice", e.Canvas)
				}
				boards[e.Canvas] = colorsOf(t, filepath.Join(filepath.Dir(day), e.Details.Snapshot))
			case "node_color_change":
				if got := boards[e.Canvas][e.Details.NodeID]; got != e.Details.Old {
					t.Errorf("%s %s changes from %q to %q, but was %q: its chain is broken",
						e.Canvas, e.Details.NodeID, e.Details.Old, e.Details.New, got)
				}
				boards[e.Canvas][e.Details.NodeID] = e.Details.New
			case "note": // another program's
			default:
				t.Errorf("unexpected event: %s", line)
			}
		}
	}
	return boards, len(seen)
}

func colorsOf(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		Nodes []struct{ ID, Color string }
	}
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	colors := map[string]string{}
	for _, n := range b.Nodes {
		colors[n.ID] = n.Color
	}
	return colors
}

// TestKilledWatcher kills the watcher at random moments, also at its start, while boards change, and changes them
// while it is dead: no change is missing, none stands twice, and each card's colours form one unbroken chain that ends
// where the board is.
func TestKilledWatcher(t *testing.T) {
	rng := killtest.Rand(t)
	vault := t.TempDir()
	names := []string{"a.canvas", "ordner/b.canvas", "复习.canvas"}
	state := map[string]cards{}
	saves := 0
	edit := func() {
		name := names[rng.IntN(len(names))]
		state[name][rng.IntN(len(state[name]))] = []string{"", "1", "2", "3", "#aa00ff"}[rng.IntN(5)]
		save(t, filepath.Join(vault, name), state[name].board(), saves)
		saves++
	}
	if err := os.Mkdir(filepath.Join(vault, "ordner"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		state[name] = make(cards, 8)
		save(t, filepath.Join(vault, name), state[name].board(), 0)
	}
	kills := killtest.Kills(20)
	for range kills {
		cmd := exec.Command("daybook", "watch", vault, "--debounce", "20ms", "--json")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		atWork := make(chan struct{})
		go func() {
			defer close(atWork)
			bufio.NewReader(out).ReadByte() // without one it has failed, which is seen below
		}()
		for early := rng.IntN(4) == 0; !early; {
			select {
			case <-atWork:
				early = true
			case <-time.After(10 * time.Millisecond):
				edit()
			}
		}
		for end := time.Now().Add(time.Duration(rng.IntN(100)) * time.Millisecond); time.Now().Before(end); {
			edit()
			time.Sleep(time.Duration(rng.IntN(15)) * time.Millisecond) // another process is being waited for
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-atWork
		cmd.Wait() // it was killed
		if code := cmd.ProcessState.ExitCode(); code >= 0 && runtime.GOOS != "windows" {
			t.Errorf("the watcher has ended by itself with %d", code)
		}
		for range rng.IntN(3) {
			edit()
		}
	}
	once := exec.Command("daybook", "watch", vault, "--once")
	if out, err := once.CombinedOutput(); err != nil {
		t.Fatalf("watch --once: %v\n%s", err, out)
	}
	book := filepath.Join(vault, ".learning_sessions")
	boards, events := bookedBoards(t, book)
	t.Logf("%d kills, %d saves, %d events", kills, saves, events)
	for _, name := range names {
		want := fmt.Sprint(colorsOf(t, filepath.Join(vault, name)))
		if got := fmt.Sprint(boards[name]); got != want {
			t.Errorf("%s according to the book\n got %s\nwant %s", name, got, want)
		}
	}
	if err := filepath.WalkDir(book, func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, "tmp") {
			t.Errorf("a temporary file is left: %s", name)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	checkDocuments(t, book)
}
